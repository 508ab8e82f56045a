"""FunctionFacts, what is found out about the functions of one connection beyond their list."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.function_facts import Facts, get_scan_facts
from lambdadesk.core.triggers import Answer
from lambdadesk.core.types import FunctionInfo

if TYPE_CHECKING:  # imported when it is first needed, which is after the first frame
    from lambdadesk.aws.gateway import Gateway
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.function_details import Details
    from lambdadesk.desk.trigger_scan import TriggerScan

AFTER_LIST_S = 0.5  # clients for figures and tags are made before
AT_ONCE = 4  # functions that are looked at
GIVE_UP = 5  # looks of one kind in a row that failed
TELL_S = 0.3  # what many looks find out is told together
TELL_ALL_S = 1.0  # while all functions are looked at, which changes the table again and again


@dataclass(frozen=True, slots=True)
class FactErrors:
    """Why something is not known, or only as it was before."""

    mappings: UserError | None = None
    logs: UserError | None = None
    states: UserError | None = None
    policies: UserError | None = None


@dataclass(slots=True, eq=False)
class _Look:
    """One call for one function; `asked` since the list, or the figures, last came."""

    error_name: str
    fetch: "Callable[[Gateway, str], Awaitable[Facts]]"
    asked: set[str] = field(default_factory=set)
    errors: dict[str, UserError] = field(default_factory=dict)
    failures: int = 0  # in a row

    def forget(self) -> None:
        self.asked, self.failures = set(), 0
        self.errors = {}

    def is_due(self, name: str) -> bool:
        return name not in self.asked and self.failures < GIVE_UP


class FunctionFacts:
    """Asks for all functions what a few calls tell, and looks one by one at those that matter now.

    Looks are two calls: GetFunction and GetPolicy. They go to opened functions, then to those in sight, then,
    while `want_triggers`, to all whose policy was not read. All is work of the connection, and ends with it.

    Event changed: names of functions of which more is known.
    Event failed: after `errors` were replaced.
    """

    def __init__(self, connection: "Connection") -> None:
        self.changed: Event[[frozenset[str]]] = Event()
        self.failed: Event[[]] = Event()
        self.errors = FactErrors()
        self._connection = connection
        self._facts: dict[str, Facts] = {}
        self._exist: frozenset[str] = frozenset()
        self._opened: deque[str] = deque()
        self._in_sight: tuple[str, ...] = ()
        self._rest: deque[str] = deque()
        self._wants_triggers = False
        self._has_list = False  # and it was painted
        self._state = _Look("states", _fetch_state)
        self._policy = _Look("policies", _fetch_policy)
        self._untold: set[str] = set()

    def get(self, name: str) -> Facts:
        return self._facts.get(name) or Facts()

    def set(self, name: str, facts: Facts) -> None:
        """Add what somebody else has found out (see Facts.updated)."""
        if self._take(name, facts):
            self.changed.emit(frozenset((name,)))

    def fetch(self) -> None:
        """Ask anew, since a list has come, or what is known is old."""
        scope = self._connection.scope
        self._exist = frozenset(function.name for function in self._functions)
        for look in (self._state, self._policy):
            look.forget()
        scope.start("mappings", self._fetch_mappings)
        scope.start("log groups", self._fetch_logs)

    def look_at(self, names: Iterable[str]) -> None:
        """Look at these, which are in sight, and no more at those that were; each once until `fetch`."""
        self._in_sight = tuple(names)
        self._work()

    def note_opened(self, name: str) -> None:
        """Look at a function before all others."""
        self._opened.append(name)
        self._work()

    def want_triggers(self, is_wanted: bool) -> None:
        """Read the policies of all functions, or of no more than are in sight."""
        if is_wanted != self._wants_triggers:
            self._wants_triggers = is_wanted
            self._fill_rest()
            self._work()

    def close(self) -> None:
        for name in ("mappings", "log groups", "tell facts", *_WORKERS):
            self._connection.scope.cancel(name)

    # -- for all

    async def _fetch_mappings(self) -> None:
        await asyncio.sleep(AFTER_LIST_S)
        self._has_list = True
        self._fill_rest()
        self._work()
        from lambdadesk.aws.facts import fetch_mapping_facts

        try:
            found = await fetch_mapping_facts(self._connection.gateway)
        except UserError as error:
            self._set_error("mappings", error)
            return
        self._set_error("mappings", None)
        none = Facts(polled=(), failing=())
        self._take_all({function.name: found.get(function.name, none) for function in self._functions})

    async def _fetch_logs(self) -> None:
        await asyncio.sleep(AFTER_LIST_S)
        from lambdadesk.aws.facts import fetch_log_facts

        try:
            found = await fetch_log_facts(self._connection.gateway, self._functions)
        except UserError as error:
            self._set_error("logs", error)
            return
        self._set_error("logs", None)
        self._take_all(found)

    @property
    def _functions(self) -> tuple[FunctionInfo, ...]:
        return self._connection.catalog.state.functions

    # -- one by one

    def _fill_rest(self) -> None:
        self._rest.clear()
        if self._wants_triggers and self._has_list:
            self._rest += (function.name for function in self._functions)

    def _work(self) -> None:
        """Have as many workers as there may be; each ends where nothing is left to do."""
        if not self._has_list:
            return
        scope = self._connection.scope
        for worker in _WORKERS:
            if not scope.is_running(worker):
                scope.start(worker, self._run)

    async def _run(self) -> None:
        while (found := self._get_next()) is not None:
            look, name = found
            look.asked.add(name)
            try:
                facts = await look.fetch(self._connection.gateway, name)
            except UserError as error:
                if error.kind is not ErrorKind.NOT_FOUND:  # it was deleted meanwhile
                    look.failures += 1
                    look.errors[name] = error
            except asyncio.CancelledError:
                look.asked.discard(name)
                raise
            else:
                look.failures = 0
                look.errors.pop(name, None)
                self._tell_soon(name, facts)
            self._set_error(look.error_name, next(iter(look.errors.values()), None))

    def _get_next(self) -> tuple[_Look, str] | None:
        while self._opened:
            if (found := self._get_due(self._opened[0])) is not None:
                return found
            self._opened.popleft()
        for name in self._in_sight:
            if (found := self._get_due(name)) is not None:
                return found
        while self._rest:
            name = self._rest.popleft()
            if self._policy.is_due(name) and self.get(name).permitted is None:
                return self._policy, name
        return None

    def _get_due(self, name: str) -> tuple[_Look, str] | None:
        if name in self._exist:
            for look in (self._state, self._policy):
                if look.is_due(name):
                    return look, name
        return None

    # -- what is known

    def _take(self, name: str, facts: Facts) -> bool:
        """Whether that is news."""
        before = self.get(name)
        self._facts[name] = before.updated(facts)
        return self._facts[name] != before

    def _take_all(self, found: dict[str, Facts]) -> None:
        if changed := frozenset(name for name, facts in found.items() if self._take(name, facts)):
            self.changed.emit(changed)

    def _tell_soon(self, name: str, facts: Facts) -> None:
        scope = self._connection.scope
        if self._take(name, facts):
            self._untold.add(name)
            if not scope.is_running("tell facts"):
                scope.start("tell facts", self._tell)

    async def _tell(self) -> None:
        await asyncio.sleep(TELL_ALL_S if self._rest else TELL_S)
        names, self._untold = frozenset(self._untold), set()
        self.changed.emit(names)

    def _set_error(self, what: str, error: UserError | None) -> None:
        errors = replace(self.errors, **{what: error})
        if errors != self.errors:
            self.errors = errors
            self.failed.emit()


_WORKERS = tuple(f"look {number}" for number in range(AT_ONCE))


async def _fetch_state(gateway: "Gateway", name: str) -> Facts:
    from lambdadesk.aws.facts import fetch_state_facts

    return await fetch_state_facts(gateway, name)


async def _fetch_policy(gateway: "Gateway", name: str) -> Facts:
    from lambdadesk.aws.facts import fetch_policy_facts

    return await fetch_policy_facts(gateway, name)


def read_scan(scan: "TriggerScan") -> Facts | None:
    """What a scan has found out; None before it has come to its end."""
    if scan.is_running or scan.was_stopped or not scan.was_scanned or scan.error is not None:
        return None
    from lambdadesk.aws.triggers.mappings import look_at_mappings
    from lambdadesk.aws.triggers.table import FIRST, LOOKUPS

    answered = {(step.source, step.what) for step in scan.steps if step.answer is Answer.OK}
    mappings = [each for each in LOOKUPS if each.look is look_at_mappings]
    return get_scan_facts(
        scan.triggers,
        knows_mappings=all((each.source, each.what) in answered for each in mappings),
        knows_policies=all((each.source, each.what) in answered for each in FIRST),
    )


def read_details(details: "Details") -> Facts | None:
    """What the configuration of an opened function tells; None while it is being read."""
    state = details.state
    if state.loading or state.error is not None or state.details is None:
        return None
    from lambdadesk.aws.facts import get_details_facts

    return get_details_facts(state.details)
