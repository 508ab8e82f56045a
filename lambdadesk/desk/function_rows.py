"""FunctionRows, the functions of all open connections in one list, with all that is known of each."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.figures import Figures
from lambdadesk.core.function_facts import Facts
from lambdadesk.core.function_rows import FunctionRow, RowKey
from lambdadesk.core.lamps import MemoryPeak, get_lamps
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.catalog import LIST_FIRST_S
from lambdadesk.desk.function_facts import FactErrors, FunctionFacts
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:  # imported when it is first needed, which is after the first frame
    from lambdadesk.desk.connection import Connection

FRESH_S = 300.0  # asking CloudWatch costs money
SETTLE_S = 1.0  # a burst of invocations is looked at once
RECENT = 20


@dataclass(frozen=True, slots=True)
class RowsState:
    """How far the figures, tags and facts of one connection are; what failed leaves what was known before.

    figures_ms: when the last figures came, epoch milliseconds; None: never.
    """

    is_loading: bool = False
    figures_ms: int | None = None
    figures_error: UserError | None = None
    tags_error: UserError | None = None
    fact_errors: FactErrors = field(default_factory=FactErrors)


@dataclass(slots=True, eq=False)
class _Source:
    """One connection's part of the list."""

    connection: "Connection"
    facts: FunctionFacts
    rows: dict[str, FunctionRow] = field(default_factory=dict)
    figures: dict[str, Figures] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] | None = None
    peaks: dict[str, MemoryPeak] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)  # functions whose peak may be another one
    state: RowsState = RowsState()
    asked_s: float | None = None  # when figures were asked for, monotonic
    was_loading: bool = True
    disconnects: list[Callable[[], None]] = field(default_factory=list)


class FunctionRows:
    """Merges catalogs, figures, tags and what else is told; a row that did not change stays the same object.

    Figures, tags and facts (see FunctionFacts) are asked for whenever a list has come, and by `refresh_old`.
    They are work of the connection, and end with it.

    Event changed: the keys of rows that came, went or are others now; none where only their order is another.
    Event state_changed: the Target.key of a connection whose `state` is another one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changed: Event[[frozenset[RowKey]]] = Event()
        self.state_changed: Event[[str]] = Event()
        self._settings = settings
        self._today = today
        self._clock = clock
        self._sources: dict[str, _Source] = {}
        self._wants_triggers = False
        self._pinned = frozenset(settings.pinned_functions)
        self._rows: tuple[FunctionRow, ...] | None = None
        self._disconnect = settings.changed.connect(self._on_setting)

    # -- what there is

    @property
    def rows(self) -> tuple[FunctionRow, ...]:
        """All rows, connection by connection in the order they were added, each in its list's order."""
        if self._rows is None:
            self._rows = tuple(row for source in self._sources.values() for row in source.rows.values())
        return self._rows

    def get(self, key: RowKey) -> FunctionRow | None:
        source = self._sources.get(key[0])
        return source.rows.get(key[1]) if source else None

    def get_state(self, connection_key: str) -> RowsState:
        source = self._sources.get(connection_key)
        return source.state if source else RowsState()

    # -- connections

    def add(self, connection: "Connection") -> None:
        """Show a connection's functions from now on; one of the same target is replaced."""
        self.remove(connection.target.key)
        source = _Source(connection, FunctionFacts(connection))
        source.facts.want_triggers(self._wants_triggers)
        self._sources[connection.target.key] = source
        source.disconnects = [
            connection.catalog.changed.connect(lambda: self._on_catalog(source)),
            connection.identified.connect(lambda: self._rebuild(source)),
            connection.ledger.changed.connect(lambda name: self._on_invocations(source, name)),
            source.facts.changed.connect(lambda names: self._rebuild(source, names)),
            source.facts.failed.connect(
                lambda: self._set_state(source, fact_errors=source.facts.errors),
            ),
        ]
        self._on_catalog(source)
        for name in connection.ledger.functions():
            self._on_invocations(source, name)

    def remove(self, connection_key: str) -> None:
        """Show them no more; harmless where they are not shown."""
        source = self._sources.pop(connection_key, None)
        if source is None:
            return
        for disconnect in source.disconnects:
            disconnect()
        for name in ("figures", "tags", "peaks"):
            source.connection.scope.cancel(name)
        source.facts.close()
        self._emit(row.key for row in source.rows.values())

    def close(self) -> None:
        self._disconnect()
        for key in list(self._sources):
            self.remove(key)

    # -- figures and tags

    def refresh_old(self) -> None:
        """Ask again where that was FRESH_S ago or more; for a timer of the window while it is looked at."""
        for source in self._sources.values():
            if source.asked_s is not None and self._clock() - source.asked_s >= FRESH_S:
                self._fetch(source)

    def _fetch(self, source: _Source) -> None:
        source.asked_s = self._clock()
        scope = source.connection.scope
        scope.start("figures", self._fetch_figures, source)
        scope.start("tags", self._fetch_tags, source)
        source.facts.fetch()

    async def _fetch_figures(self, source: _Source) -> None:
        connection = source.connection
        self._set_state(source, is_loading=True)
        try:
            await asyncio.sleep(LIST_FIRST_S)
            from lambdadesk.aws.metrics import fetch_figures

            functions = connection.catalog.state.functions
            async for part in fetch_figures(connection.gateway, functions, connection.prices):
                source.figures |= part
                self._rebuild(source, part)
        except UserError as error:
            self._set_state(source, figures_error=error)
        else:
            self._set_state(source, figures_error=None, figures_ms=int(time.time() * 1000))
        finally:
            self._set_state(source, is_loading=False)

    async def _fetch_tags(self, source: _Source) -> None:
        await asyncio.sleep(LIST_FIRST_S)
        from lambdadesk.aws.tags import fetch_tags

        try:
            source.tags = await fetch_tags(source.connection.gateway)
        except UserError as error:
            self._set_state(source, tags_error=error)
        else:
            self._set_state(source, tags_error=None)
            self._rebuild(source)

    # -- what others find out

    def set_facts(self, key: RowKey, facts: Facts) -> None:
        """Add to what is known of a function; a field that says nothing leaves what was known of it."""
        if source := self._sources.get(key[0]):
            source.facts.set(key[1], facts)

    def look_at(self, keys: Iterable[RowKey]) -> None:
        """Look at these functions, which are in sight, and no more at those that were."""
        keys = list(keys)
        for key, source in self._sources.items():
            source.facts.look_at(name for where, name in keys if where == key)

    def look_at_opened(self, key: RowKey) -> None:
        """Look at a function before all others."""
        if source := self._sources.get(key[0]):
            source.facts.note_opened(key[1])

    def want_triggers(self, is_wanted: bool) -> None:
        """Find out the triggers of all functions, or of no more than are in sight."""
        self._wants_triggers = is_wanted
        for source in self._sources.values():
            source.facts.want_triggers(is_wanted)

    # -- pins and recent functions

    def set_pinned(self, key: RowKey, is_pinned: bool) -> None:
        others = tuple(each for each in self._settings.pinned_functions if each != key)
        self._settings.pinned_functions = (*others, key) if is_pinned else others

    def note_opened(self, key: RowKey) -> None:
        """Put a function first among the recent ones."""
        others = [each for each in self._settings.recent_functions if each != key]
        self._settings.recent_functions = (key, *others[: RECENT - 1])

    def get_recent(self) -> list[FunctionRow]:
        """The functions opened last that are in the list, the last one first."""
        rows = (self.get(key) for key in self._settings.recent_functions)
        return [row for row in rows if row is not None and not row.is_gone]

    def _on_setting(self, name: str) -> None:
        if name != "pinned_functions":
            return
        before, self._pinned = self._pinned, frozenset(self._settings.pinned_functions)
        for connection_key, function in before ^ self._pinned:
            if source := self._sources.get(connection_key):
                self._rebuild(source, [function])

    # -- rows

    def _on_catalog(self, source: _Source) -> None:
        catalog = source.connection.catalog.state
        exist = {function.name: function for function in catalog.functions}
        listed = {function.name: function for function in catalog.gone} | exist
        gone = listed.keys() - exist.keys()
        order = [*exist, *(function.name for function in catalog.gone if function.name in gone)]
        old = source.rows
        rows: dict[str, FunctionRow] = {}
        for name in order:
            row = old.get(name)
            # Most of a list is the same objects, page after page.
            if row is None or row.function is not listed[name] or row.is_gone is not (name in gone):
                built = self._build(source, listed[name], name in gone)
                if row is None or built != row:
                    row = built
            rows[name] = row
        source.rows = rows
        changed = {name for name, row in rows.items() if old.get(name) is not row} | (
            old.keys() - rows.keys()
        )
        if changed or list(old) != order:
            key = source.connection.target.key
            self._emit((key, name) for name in changed)
        was_loading, source.was_loading = source.was_loading, catalog.loading
        has_come = was_loading and not catalog.loading and not catalog.from_cache
        if has_come and catalog.functions:
            self._fetch(source)

    def _on_invocations(self, source: _Source, name: str) -> None:
        source.ran.add(name)
        scope = source.connection.scope
        if not scope.is_running("peaks"):
            scope.start("peaks", self._update_peaks, source)

    async def _update_peaks(self, source: _Source) -> None:
        while source.ran:
            await asyncio.sleep(SETTLE_S)
            names, source.ran = source.ran, set()
            for name in names:
                if peak := source.connection.ledger.memory_peak(name):
                    source.peaks[name] = MemoryPeak(*peak)
            self._rebuild(source, names)

    def _rebuild(self, source: _Source, names: Iterable[str] | None = None) -> None:
        """Make rows anew, all or these, and tell of those that are others now."""
        rows = source.rows
        changed: list[RowKey] = []
        for name in list(rows) if names is None else names:
            if old := rows.get(name):
                row = self._build(source, old.function, old.is_gone)
                if row != old:
                    rows[name] = row
                    changed.append(row.key)
        if changed:
            self._emit(changed)

    def _build(self, source: _Source, function: FunctionInfo, is_gone: bool) -> FunctionRow:
        connection, name = source.connection, function.name
        target = connection.target
        figures = source.figures.get(name)
        facts = source.facts.get(name)
        lamps = get_lamps(
            facts.apply_to(function),
            figures,
            today=self._today(),
            memory_peak=source.peaks.get(name),
            log_never_expires=facts.log_never_expires and not target.is_local,  # where it costs nothing
            reserved_concurrency=facts.reserved_concurrency,
            dead_triggers=facts.dead_triggers,
        )
        return FunctionRow(
            connection_key=target.key,
            connection=connection.info.name or target.title,
            account=" ".join(part for part in (connection.account, connection.alias) if part),
            region=target.region,
            function=function,
            tags=None if source.tags is None else source.tags.get(name, {}),
            figures=figures,
            triggers=facts.triggers,
            has_more_triggers=not facts.knows_triggers,
            lamps=() if is_gone else lamps,
            is_pinned=(target.key, name) in self._pinned,
            is_gone=is_gone,
            colour=connection.info.colour,
        )

    def _emit(self, keys: Iterable[RowKey]) -> None:
        self._rows = None
        self.changed.emit(frozenset(keys))

    def _set_state(self, source: _Source, **changes: object) -> None:
        state = replace(source.state, **changes)  # type: ignore[arg-type]  # fields are named by the callers
        if state != source.state:
            source.state = state
            self.state_changed.emit(source.connection.target.key)
