"""TriggerScan, what starts one function and where its results go, as a page shows it."""

import asyncio
from typing import TYPE_CHECKING

from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.triggers import Answer, Destination, ScanStep, Trigger, TriggerScanState
from lambdadesk.core.types import FunctionInfo

if TYPE_CHECKING:  # not needed before somebody looks
    from lambdadesk.aws.gateway import Gateway


class TriggerScan:
    """Scans one function on demand; the owner's TaskScope runs and cancels it.

    Rows of the scan before stay until the new one is through; what it finds is added to them at once.
    A deep scan that was stopped keeps what it found.

    Event changed: after any of the attributes changed.
    """

    def __init__(self, gateway: "Gateway", function: FunctionInfo) -> None:
        self.changed: Event[[]] = Event()
        self.function = function
        self.triggers: tuple[Trigger, ...] = ()
        self.destinations: tuple[Destination, ...] = ()
        self.steps: tuple[ScanStep, ...] = ()
        self.is_running = False
        self.is_deep = False  # the last or running scan
        self.was_scanned = False  # to its end, at least once
        self.was_stopped = False  # the last one, before its end
        self.done, self.total, self.doing = 0, 0, ""
        self.error: UserError | None = None  # why the last scan found out nothing
        self._gateway = gateway

    @property
    def unchecked(self) -> tuple[ScanStep, ...]:
        """What was not looked at for want of permission or of an answer."""
        return tuple(step for step in self.steps if step.answer not in (Answer.OK, Answer.NOT_ASKED))

    async def run(self, deep: bool = False) -> None:
        """Look once; see aws.triggers.scan. A failure of the whole is in `error`, not raised."""
        from lambdadesk.aws.triggers.scan import scan

        before = (self.triggers, self.destinations)
        self.is_running, self.is_deep, self.was_stopped, self.error = True, deep, False, None
        self.done, self.total, self.doing = 0, 0, ""
        self.changed.emit()

        def show(state: TriggerScanState) -> None:
            known = {trigger.key for trigger in state.triggers}
            self.triggers = (*state.triggers, *(each for each in before[0] if each.key not in known))
            self.destinations = tuple(dict.fromkeys((*state.destinations, *before[1])))
            self.done, self.total, self.doing = state.done, state.total, state.doing
            self.steps = state.steps
            self.changed.emit()

        try:
            found = await scan(self._gateway, self.function, show, deep=deep)
        except UserError as error:
            self.error = error
        except asyncio.CancelledError:
            self.was_stopped = True
            raise
        else:
            self.triggers, self.destinations = found.triggers, found.destinations
            self.steps = found.steps
            self.was_scanned = True
        finally:
            self.is_running, self.doing = False, ""
            self.changed.emit()
