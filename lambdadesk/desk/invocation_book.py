"""InvocationBook, the finished invocations of a connection as columns: this session's, and what is kept."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Final

from lambdadesk.core.day_sums import DaySums
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.kept_prices import Pricing
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Invocation
from lambdadesk.desk.tasks import TaskScope

if TYPE_CHECKING:  # imported in a thread when first needed, since numpy is slow to
    from lambdadesk.core.invocation_columns import InvocationColumns
    from lambdadesk.store.invocations import InvocationStore

GATHER_S: Final = 2.0  # what becomes known meanwhile is taken at once
_TASK: Final = "keep invocations"
_EVER_MS: Final = 1 << 62
_AT_ONCE: Final = 500  # records made into columns, in some milliseconds
_LOADED: Final = 3  # functions of which what was read stays at hand


class InvocationBook:
    """Takes what the ledger knows in batches, keeps it in the file, and gives it as columns.

    report: told what can't be written or read, once until it succeeds again; all else goes on without.
    open_store: called once, not at the start; without it nothing is kept. match_by_time: as for the ledger.
    get_pricings: how a function's invocations are priced, by which those that the ledger does not have are
    priced anew (see core/reprice.py); without it they keep their cost.
    A run made here is then kept only once its log is known: later nobody could tell that both are one.

    Event changed: of a function more, or other, is known; every gather_s at most. repriced: what the ledger
    does not have costs something else.
    """

    def __init__(
        self,
        ledger: InvocationLedger,
        target_key: str,
        scope: TaskScope,
        report: Callable[[str, Exception], None],
        open_store: "Callable[[], InvocationStore] | None" = None,
        *,
        match_by_time: bool = False,
        gather_s: float = GATHER_S,
        get_pricings: Callable[[str], list[tuple[Pricing, Pricing]]] | None = None,
    ) -> None:
        self.changed: Event[[str]] = Event()
        self.repriced: Event[[str]] = Event()
        self._ledger = ledger
        self._target_key = target_key
        self._scope = scope
        self._report = report
        self._open_store = open_store
        self._gather_s = gather_s
        self._get_pricings = get_pricings
        self._keeps_unlogged = not match_by_time
        self._store: InvocationStore | None = None
        self._known: dict[str, _Known] = {}  # by function
        self._loaded: dict[
            str, tuple[int, int, InvocationColumns, bool]
        ] = {}  # span, what it has, whether it could be priced
        self._waiting: dict[str, None] = {}  # functions, in their order
        self._failure_was_said = False
        self._turn = asyncio.Lock()
        self._disconnect = ledger.changed.connect(self._on_changed)

    async def columns(self, function: str, start_ms: int = 0, end_ms: int = _EVER_MS) -> "InvocationColumns":
        """What is known of a function's invocations that started in a span, its end left out.

        Each is there once; `source` says where it is known from.
        """
        async with self._turn:
            known = await self._take(function)
            unlogged = await _to_columns(list(known.unlogged.values()))
            kept = await self._load(function, start_ms, end_ms)
            session = known.session
        return await in_thread(_join, [kept, *unlogged, session], start_ms, end_ms)

    async def session(self, function: str) -> "InvocationColumns":
        """A function's finished invocations that the ledger has: none that was kept, or loaded of the past.

        The same object for as long as nothing more is known.
        """
        async with self._turn:
            known = await self._take(function)
            unlogged = await _to_columns(list(known.unlogged.values()))
            session, own = known.session, known.own
        if own is None or own[0] is not session:
            own = known.own = session, await in_thread(_of_ledger, session)
        return await in_thread(_join, [*unlogged, own[1]]) if unlogged else own[1]

    async def add_past(self, function: str, past: "InvocationColumns") -> None:
        """Add what a past range of the log showed, read or queried (Source.PAST)."""
        async with self._turn:
            known = await self._take(function)
            # What the ledger knows of the same is from both sides, and so more.
            if self._open_store:
                known.unsaved = await in_thread(_join, [past, known.unsaved])
            known.session = await in_thread(_join, [past, known.session])
        self._waiting[function] = None
        await self.flush()

    async def by_function(self, first: date, last: date) -> dict[str, DaySums]:
        """The sums of each function on these days of UTC, both included, as far as they are kept."""
        await self.flush()
        store = await self._opened()
        return {} if store is None else await in_thread(store.by_function, self._target_key, first, last)

    async def by_day(self, first: date, last: date, function: str = "") -> dict[date, DaySums]:
        """The same by day, of one function or of all; a day without any is left out."""
        await self.flush()
        store = await self._opened()
        return {} if store is None else await in_thread(store.by_day, self._target_key, first, last, function)

    async def by_function_and_day(self, first: date, last: date) -> dict[str, dict[date, DaySums]]:
        """The same by function and day."""
        await self.flush()
        store = await self._opened()
        return (
            {} if store is None else await in_thread(store.by_function_and_day, self._target_key, first, last)
        )

    async def flush(self) -> None:
        """Take and write what became known."""
        if not self._waiting and all(known.unsaved is None for known in self._known.values()):
            return
        async with self._turn:
            functions, self._waiting = self._waiting, {}
            try:
                for function in functions:
                    await self._take(function)
                await self._write()
            except BaseException:
                self._waiting = functions | self._waiting
                raise
        for function in functions:
            self.changed.emit(function)

    async def price_anew(self) -> None:
        """Price anew what the ledger does not have, since prices are others."""
        async with self._turn:
            functions = {**self._loaded, **self._known}
            self._loaded.clear()
            for function, known in self._known.items():
                if known.session is not None:
                    known.session = await self._reprice(function, known.session, is_kept=False)
        for function in functions:
            self.repriced.emit(function)

    def forget_kept(self) -> None:
        """Forget what was read from the file, since that is gone."""
        self._loaded.clear()

    def close(self) -> None:
        """Take nothing more; what became known until now is still to be written by `flush`."""
        self._disconnect()

    def _on_changed(self, function: str) -> None:
        self._waiting[function] = None
        if not self._scope.is_running(_TASK):
            self._scope.start(_TASK, self._gather)

    async def _gather(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._gather_s)
            await self.flush()

    async def _opened(self) -> "InvocationStore | None":
        if self._store is None and self._open_store is not None:
            await in_thread(import_module, "lambdadesk.store.invocations")
            self._store = self._open_store()
        return self._store

    async def _take(self, function: str) -> "_Known":
        """Take from the ledger what became known. To be cancelled loses nothing: the next one takes it."""
        await in_thread(import_module, "lambdadesk.core.invocation_columns")
        from lambdadesk.core.invocation_columns import InvocationColumns

        known = self._known.setdefault(function, _Known())
        while changes := self._ledger.take_changes(function):
            logged = []
            for run in changes:
                known.unlogged.pop(id(run), None)
                if run.stream or self._keeps_unlogged:
                    logged.append(run)
                else:
                    known.unlogged[id(run)] = run
            # At once and not in a thread, where the records would change meanwhile.
            known.taken.append(InvocationColumns.from_invocations(logged))
            await asyncio.sleep(0)
        if known.taken:
            taken = await in_thread(_join, known.taken)
            unsaved = await in_thread(_join, [known.unsaved, taken]) if self._open_store else None
            known.session = await in_thread(_join, [known.session, taken])
            known.unsaved, known.taken = unsaved, []
        return known

    async def _write(self) -> None:
        batches = [(name, known.unsaved) for name, known in self._known.items() if known.unsaved is not None]
        store = await self._opened()
        if store is None or not batches:
            return
        try:
            await in_thread(store.write, self._target_key, batches)
        except UserError as error:  # kept for the next time
            self._tell(error)
            return
        self._failure_was_said = False
        for name, _written in batches:
            self._known[name].unsaved = None

    async def _load(self, function: str, start_ms: int, end_ms: int) -> "InvocationColumns | None":
        store = await self._opened()
        if store is None:
            return None
        loaded = self._loaded.pop(function, None)
        pricings = self._get_pricings(function) if self._get_pricings is not None else []
        if loaded is None or start_ms < loaded[0] or end_ms > loaded[1] or loaded[3] != bool(pricings):
            try:
                kept = await in_thread(store.load, self._target_key, function, start_ms, end_ms)
            except UserError as error:
                self._tell(error)
                return None
            kept = await self._reprice(function, kept)
            loaded = (start_ms, end_ms, kept, bool(pricings))
        self._loaded[function] = loaded
        while len(self._loaded) > _LOADED:
            del self._loaded[next(iter(self._loaded))]
        return loaded[2]

    async def _reprice(
        self, function: str, columns: "InvocationColumns", *, is_kept: bool = True
    ) -> "InvocationColumns":
        if self._get_pricings is None:
            return columns
        await in_thread(import_module, "lambdadesk.core.reprice")
        from lambdadesk.core.reprice import reprice, reprice_past

        return await in_thread(reprice if is_kept else reprice_past, columns, self._get_pricings(function))

    def _tell(self, error: UserError) -> None:
        if not self._failure_was_said:
            self._failure_was_said = True
            self._report(_TASK, error)


@dataclass(slots=True)
class _Known:
    """Of one function. taken: what came from the ledger since. session: all that did, and past ranges.

    unsaved: the part of it that is not written yet. unlogged: records of what was made here whose log is not
    known, where these can't be told from it. own: a session, and what of it the ledger told.
    """

    taken: "list[InvocationColumns]" = field(default_factory=list)
    session: "InvocationColumns | None" = None
    unsaved: "InvocationColumns | None" = None
    unlogged: dict[int, Invocation] = field(default_factory=dict)  # by their id()
    own: "tuple[InvocationColumns | None, InvocationColumns] | None" = None


async def _to_columns(runs: Sequence[Invocation]) -> "list[InvocationColumns]":
    """Records that go on changing, as they are now; the loop turns meanwhile."""
    from lambdadesk.core.invocation_columns import InvocationColumns

    found = []
    for start in range(0, len(runs), _AT_ONCE):
        found.append(InvocationColumns.from_invocations(runs[start : start + _AT_ONCE]))
        await asyncio.sleep(0)
    return found


def _of_ledger(session: "InvocationColumns | None") -> "InvocationColumns":
    """Without what a past range told, where nobody else did."""
    from lambdadesk.core.invocation_columns import InvocationColumns, Source

    if session is None:
        return InvocationColumns.empty()
    is_past = session.source == Source.PAST
    return session.where(~is_past) if is_past.any() else session


def _join(
    parts: "Sequence[InvocationColumns | None]", start_ms: int = 0, end_ms: int = _EVER_MS
) -> "InvocationColumns":
    """All of them in a span, the later parts being the newer."""
    from lambdadesk.core.invocation_columns import InvocationColumns

    joined = InvocationColumns.empty()
    for part in parts:
        if part is not None:
            joined = joined.extended(part)
    return joined.between(start_ms, end_ms)
