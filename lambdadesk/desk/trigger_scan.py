"""TriggerScan, what starts one function and where its results go, as a page shows it."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.mappings import EventSourceMapping, MappingChange
from lambdadesk.core.triggers import Answer, Destination, ScanStep, Trigger, TriggerScanState
from lambdadesk.core.types import FunctionInfo

if TYPE_CHECKING:  # not needed before somebody looks
    from lambdadesk.aws.gateway import Gateway
    from lambdadesk.aws.triggers.memory import DeepMemory


class TriggerScan:
    """Scans one function on demand; the owner's TaskScope runs and cancels it.

    Rows of the scan before stay until the new one is through; what it finds is added to them at once.
    A deep scan that was stopped keeps what it found. What only a deep scan finds stays over later scans,
    with its moment; the next deep scan looks there again.

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
        self._memory: DeepMemory | None = None
        self._changed: dict[str, EventSourceMapping] = {}  # by UUID, newer than what the last scan saw

    @property
    def unchecked(self) -> tuple[ScanStep, ...]:
        """What was not looked at for want of permission or of an answer."""
        return tuple(step for step in self.steps if step.answer not in (Answer.OK, Answer.NOT_ASKED))

    @property
    def deep_ms(self) -> int | None:
        """When the oldest deep scan was that some row still rests on (epoch ms)."""
        return min((each.seen_ms for each in self.triggers if each.seen_ms is not None), default=None)

    async def run(self, deep: bool = False) -> None:
        """Look once; see aws.triggers.scan. A failure of the whole is in `error`, not raised."""
        from lambdadesk.aws.triggers.memory import DeepMemory
        from lambdadesk.aws.triggers.scan import scan

        self._memory = self._memory or DeepMemory()
        before = (self.triggers, self.destinations)
        self.is_running, self.is_deep, self.was_stopped, self.error = True, deep, False, None
        self.done, self.total, self.doing = 0, 0, ""
        self._changed = {uuid: one for uuid, one in self._changed.items() if not one.is_settled}
        self.changed.emit()

        def show(state: TriggerScanState) -> None:
            known = {trigger.key for trigger in state.triggers}
            found = (*state.triggers, *(each for each in before[0] if each.key not in known))
            self.triggers = self._bring_up_to_date(found)
            self.destinations = tuple(dict.fromkeys((*state.destinations, *before[1])))
            self.done, self.total, self.doing = state.done, state.total, state.doing
            self.steps = state.steps
            self.changed.emit()

        try:
            found = await scan(self._gateway, self.function, show, deep=deep, memory=self._memory)
        except UserError as error:
            self.error = error
        except asyncio.CancelledError:
            self.was_stopped = True
            raise
        else:
            self.triggers = self._bring_up_to_date(found.triggers)
            self.destinations = found.destinations
            self.steps = found.steps
            self.was_scanned = True
        finally:
            self.is_running, self.doing = False, ""
            self.changed.emit()

    async def change_mapping(self, uuid: str, change: MappingChange, *, confirmed: bool = False) -> None:
        """Change an event source mapping and follow it, in `triggers`, until it settles.

        See aws.mappings.update_mapping for what is raised.
        """
        from lambdadesk.aws.mappings import follow, update_mapping

        mapping = await update_mapping(
            self._gateway,
            uuid,
            enabled=change.enabled,
            batch_size=change.batch_size,
            batching_window_s=change.batching_window_s,
            confirmed=confirmed,
        )
        self._take(mapping)
        async for mapping in follow(self._gateway, uuid):
            self._take(mapping)

    def _take(self, mapping: EventSourceMapping) -> None:
        self._changed[mapping.uuid] = mapping
        self.triggers = self._bring_up_to_date(self.triggers)
        self.changed.emit()

    def _bring_up_to_date(self, triggers: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
        return tuple(
            _with_mapping(each, self._changed[each.uuid]) if each.uuid in self._changed else each
            for each in triggers
        )


def _with_mapping(trigger: Trigger, mapping: EventSourceMapping) -> Trigger:
    if mapping.batch_size is None:  # it was deleted: all that is known is that
        return replace(trigger, state=mapping.state)
    return replace(
        trigger,
        state=mapping.state,
        last_result=mapping.last_result,
        batch_size=mapping.batch_size,
        window_s=mapping.batching_window_s,
    )
