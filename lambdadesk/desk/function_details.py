"""Details, how one function is configured and how fresh that is."""

import asyncio
import time
from dataclasses import dataclass, replace

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.details import FunctionDetails
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.types import FunctionInfo


@dataclass(frozen=True, slots=True)
class DetailsState:
    """What is known. loaded_ms: when AWS said it (epoch milliseconds), None: never.

    `error` is why the last reading failed as a whole; the details of the one before it stay.
    """

    details: FunctionDetails | None = None
    loading: bool = False
    loaded_ms: int | None = None
    error: UserError | None = None


class Details:
    """Keeps the configuration of one function.

    Event changed: after `state` was replaced.
    """

    def __init__(self, gateway: Gateway, function: FunctionInfo) -> None:
        self.function = function
        self.state = DetailsState()
        self.changed: Event[[]] = Event()
        self._gateway = gateway

    async def refresh(self) -> None:
        """Ask AWS for all of it. What fails keeps the value that it had."""
        from lambdadesk.aws.details import fetch_details

        self._set(loading=True)
        try:
            details = await fetch_details(self._gateway, self.function, self.state.details)
        except UserError as error:
            self._set(loading=False, error=error)
        except asyncio.CancelledError:
            stopped = UserError("Stopped waiting for the configuration.", "Refresh asks again.")
            self._set(loading=False, error=stopped)
            raise
        except BaseException:
            self._set(loading=False)
            raise
        else:
            now_ms = time.time_ns() // 1_000_000
            self._set(details=details, loading=False, loaded_ms=now_ms, error=None)

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # fields are named by the callers
        self.changed.emit()
