"""FunctionRole, the execution role of one function and whether it allows what the function needs."""

import asyncio
import time
from dataclasses import dataclass, replace

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.details import FunctionDetails
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.mappings import EventSourceMapping
from lambdadesk.core.policies import RoleReport
from lambdadesk.core.role_needs import RoleFinding, needs_of
from lambdadesk.desk.function_details import Details

_DESTINATIONS = "ListFunctionEventInvokeConfigs"


@dataclass(frozen=True, slots=True)
class RoleState:
    """What is known. loaded_ms: when AWS said it (epoch milliseconds), None: never.

    unchecked: what the function may need beside the findings, and why that is not known, a sentence each.
    `error` is why the last reading failed; what was known before stays.
    """

    report: RoleReport | None = None
    findings: tuple[RoleFinding, ...] = ()
    unchecked: tuple[str, ...] = ()
    loading: bool = False
    loaded_ms: int | None = None
    error: UserError | None = None


class FunctionRole:
    """Keeps the role that the function's configuration names.

    Event changed: after `state` was replaced.
    """

    def __init__(self, gateway: Gateway, details: Details) -> None:
        self.state = RoleState()
        self.changed: Event[[]] = Event()
        self._gateway = gateway
        self._details = details

    async def refresh(self) -> None:
        """Ask AWS for the role; for the configuration as well, but for the first time if that is known."""
        is_first = self.state.loaded_ms is None
        self._set(loading=True)
        try:
            await self._read(await self._get_details(is_first))
        except UserError as error:
            self._set(loading=False, error=error)
        except asyncio.CancelledError:
            self._set(loading=False, error=UserError("Stopped waiting for the role.", "Refresh asks again."))
            raise
        except BaseException:
            self._set(loading=False)
            raise

    async def _get_details(self, may_be_known: bool) -> FunctionDetails:
        if self._details.state.loading:
            await self._wait_for_details()
        elif self._details.state.details is None or not may_be_known:
            await self._details.refresh()
        state = self._details.state
        if state.details is None:
            raise state.error or UserError("The configuration is not known.", "Refresh asks again.")
        return state.details

    async def _wait_for_details(self) -> None:
        """Another page reads them already."""
        changed = asyncio.Event()
        disconnect = self._details.changed.connect(changed.set)
        try:
            while self._details.state.loading:
                changed.clear()
                await changed.wait()
        finally:
            disconnect()

    async def _read(self, details: FunctionDetails) -> None:
        from lambdadesk.aws.roles import check_needs, fetch_role

        facts = details.facts
        if not facts.role_arn:
            raise UserError(
                "The function's configuration names no execution role.",
                "Refresh; it may be in the making.",
                kind=ErrorKind.NOT_FOUND,
            )
        unchecked = [
            f"Destinations of asynchronous invocations: {failure.error}"
            for failure in details.failures
            if failure.error.details.startswith(f"lambda:{_DESTINATIONS}")
        ]
        mappings: list[EventSourceMapping] = []
        try:
            mappings = await self._fetch_mappings(details)
        except UserError as error:
            unchecked.append(f"Event sources: {error}")
        report = await fetch_role(self._gateway, facts.role_arn)
        findings = await check_needs(self._gateway, report, needs_of(details.arn, facts, mappings))
        now_ms = time.time_ns() // 1_000_000
        self._set(
            report=report,
            findings=findings,
            unchecked=tuple(unchecked),
            loading=False,
            loaded_ms=now_ms,
            error=None,
        )

    async def _fetch_mappings(self, details: FunctionDetails) -> list[EventSourceMapping]:
        from lambdadesk.aws.mappings import fetch_mappings

        return await fetch_mappings(self._gateway, details.arn)

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # fields are named by the callers
        self.changed.emit()
