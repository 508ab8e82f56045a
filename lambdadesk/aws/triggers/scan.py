"""scan, which finds what starts one function."""

import asyncio
from collections.abc import Callable

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.triggers.arns import FunctionArn
from lambdadesk.aws.triggers.memory import DeepMemory
from lambdadesk.aws.triggers.merge import merge
from lambdadesk.aws.triggers.search import ODD, Search, to_evidence, to_odd
from lambdadesk.aws.triggers.table import FIRST, LOOKUPS, Lookup
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.triggers import Answer, ScanStep, TriggerScanState
from lambdadesk.core.types import FunctionInfo

_AT_ONCE = 4
# After one of these nothing else would get an answer either.
_HOPELESS = (ErrorKind.EXPIRED, ErrorKind.OFFLINE, ErrorKind.NOT_AWS, ErrorKind.NOT_FOUND)


async def scan(
    gateway: Gateway,
    function: FunctionInfo,
    progress: Callable[[TriggerScanState], None],
    *,
    deep: bool = False,
    memory: DeepMemory | None = None,
) -> TriggerScanState:
    """What starts `function`, its aliases and versions, and where its results go.

    deep: also list what no policy names: schedules, state machines, all APIs, ...; it takes minutes in a
    large account, and may be cancelled at any time.
    memory: what earlier deep scans of it found, which is part of what is found; a deep scan replaces it.
    progress: called on the event loop with all that is known, after each step and while one goes on.
    A look that is denied, throttled or fails leaves the others, and is in `steps`. UserError where nothing
    can be said at all: no such function, no answer, credentials that are absent or expired.
    """
    try:
        arn = FunctionArn(function.arn)
    except ValueError as error:
        raise UserError(
            f"{function.name} has no ARN by which its triggers could be found.",
            "Refresh the list of functions.",
            kind=ErrorKind.INVALID,
        ) from error
    search = Search(gateway, arn, deep=deep)
    if memory is None:
        return await _Scan(search, progress).run()
    memory.recall(search)
    try:
        found = await _Scan(search, progress).run()
    except asyncio.CancelledError:
        if deep:
            memory.keep(search)
        raise
    if deep:
        memory.keep(search)
    return found


class _Scan:
    def __init__(self, search: Search, progress: Callable[[TriggerScanState], None]) -> None:
        self._search = search
        self._progress = progress
        self._steps: dict[Lookup, ScanStep] = {}
        self._running: list[str] = []
        self._total = len(FIRST)
        self._state = TriggerScanState(total=self._total)
        self._chosen = list(LOOKUPS)
        search.tell = self._tell

    async def run(self) -> TriggerScanState:
        for lookup in FIRST:
            await self._look(lookup, is_first=True)
        chosen = [each for each in LOOKUPS if self._is_wanted(each)]
        self._total += len(chosen)
        self._chosen = chosen
        left = [each for each in LOOKUPS if each.is_deep and not self._search.deep]
        waiting = chosen[::-1]

        async def work() -> None:
            while waiting:
                await self._look(waiting.pop())

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work(), name="look for triggers")
        if self._search.deep:  # what it has not seen again is gone
            self._search.forget_former()
        text = "A deep scan looks here."
        later = [ScanStep(each.source, each.what, Answer.NOT_ASKED, text, is_deep=True) for each in left]
        return self._publish("", tuple(later))

    def _is_wanted(self, lookup: Lookup) -> bool:
        if lookup.is_deep:
            return self._search.deep
        granted = {grant.principal for grant in self._search.grants if grant.is_service}
        return not lookup.principals or not granted.isdisjoint(lookup.principals)

    async def _look(self, lookup: Lookup, *, is_first: bool = False) -> None:
        search = self._search
        self._running.append(f"{lookup.source}: {lookup.what}")
        self._tell("")
        failures: list[UserError] = []
        search.step_troubles.set(failures)
        search.step_is_deep.set(lookup.is_deep)
        text = ""
        try:
            text = await lookup.look(search)
        except UserError as error:
            if is_first and error.kind in _HOPELESS:
                raise
            if error not in failures:
                failures.append(error)
            search.list_failed(lookup.source, error)
        except ODD as odd:
            failures.append(to_odd(odd))
            search.list_failed(lookup.source, failures[-1])
        self._steps[lookup] = _to_step(lookup, failures, text)
        self._running.remove(f"{lookup.source}: {lookup.what}")
        self._publish(self._running[-1] if self._running else "")

    def _tell(self, doing: str) -> None:
        self._state = TriggerScanState(
            self._state.triggers,
            self._state.destinations,
            self._state.steps,
            self._state.done,
            self._total,
            doing or self._running[-1],
        )
        self._progress(self._state)

    def _publish(self, doing: str, later: tuple[ScanStep, ...] = ()) -> TriggerScanState:
        self._search.pending = {each.source for each in self._chosen if each not in self._steps}
        self._state = TriggerScanState(
            merge(self._search),
            self._search.get_destinations(),
            (*(self._steps[each] for each in (*FIRST, *self._chosen) if each in self._steps), *later),
            len(self._steps),
            self._total,
            doing,
        )
        self._progress(self._state)
        return self._state


def _to_step(lookup: Lookup, failures: list[UserError], text: str) -> ScanStep:
    if not failures:
        return ScanStep(lookup.source, lookup.what, Answer.OK, text, is_deep=lookup.is_deep)
    evidence = to_evidence(failures[0])
    # What does not exist is an answer about a source, but no reason for a whole step to fail.
    answer = Answer.FAILED if evidence.answer is Answer.GONE else evidence.answer
    more = f" So did {len(failures) - 1} more." if len(failures) > 1 else ""
    return ScanStep(
        lookup.source, lookup.what, answer, f"{failures[0].message}{more}", evidence.action, lookup.is_deep
    )
