"""Months, what CloudWatch counted by day in all open places: asked for on a word, kept, and priced."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.kept_prices import reprice_days
from lambdadesk.core.month_cost import (
    DAYS,
    PRESENT,
    CountedDays,
    FunctionDays,
    cost_days,
    join_reports,
    sum_reports,
)
from lambdadesk.core.month_sums import BYTES, PlaceMonth, first_day, most_gone
from lambdadesk.core.month_view import AccountMonth, MonthFunction, make_bills
from lambdadesk.core.month_words import Gone
from lambdadesk.core.prices import PriceItem
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambdadesk.core.day_sums import DaySums
    from lambdadesk.core.types import FunctionInfo
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.price_book import PriceBook
    from lambdadesk.store.month_cache import MonthCache

SLICE_S = 0.01  # of pricing, between which the window answers
WORK = "read month"  # in the scope of each connection


@dataclass(frozen=True, slots=True)
class PlaceState:
    """How far a place is.

    done, total: calls, while it is being read. error: why the last reading ended early; what came before it
    is there. twin: the title of the place that shows the same account and region already: it is left out.
    """

    is_loading: bool = False
    done: int = 0
    total: int = 0
    error: UserError | None = None
    twin: str = ""


@dataclass(slots=True, eq=False)
class _Place:
    connection: "Connection"
    month: PlaceMonth = field(default_factory=PlaceMonth)
    is_loaded: bool = False  # from the cache
    kept: "dict[str, dict[int, DaySums]]" = field(default_factory=dict)  # REPORTs, by function and day
    is_kept_old: bool = True  # more of them is known by now
    state: PlaceState = PlaceState()
    present: frozenset[str] | None = None  # names, by the last list that was whole
    gone: frozenset[str] = frozenset()  # deleted ones, of which nothing was known when all was last read
    disconnects: list[Callable[[], None]] = field(default_factory=list)


class Months:
    """One for the window. Nothing is asked of AWS before `read`, since it costs money; what is kept is shown.

    Two places of one account and region are one for the sums: the first of them counts.

    Event changed: the figures or the state of a place are others.
    """

    def __init__(
        self,
        cache: "MonthCache",
        prices: "PriceBook",
        get_tags: "Callable[[tuple[str, str]], Mapping[str, str] | None]",
    ) -> None:
        self.changed: Event[[]] = Event()
        self._cache = cache
        self._prices = prices
        self._get_tags = get_tags
        self._places: dict[str, _Place] = {}
        self._priced: dict[tuple[str, str], tuple[tuple[object, ...], FunctionDays]] = {}
        self._disconnect = prices.changed.connect(self.changed.emit)

    def show(self, connections: "Iterable[Connection]") -> None:
        """The places whose months these are, in this order; a place that stays keeps what it knows."""
        wanted = {each.target.key: each for each in connections}
        before, self._places = self._places, {}
        for key, connection in wanted.items():
            place = before.pop(key, None)
            if place is None or place.connection is not connection:
                if place is not None:
                    self._leave(place)
                place = _Place(connection)
                place.disconnects = [
                    connection.catalog.changed.connect(partial(self._on_catalog, place)),
                    connection.identified.connect(self.changed.emit),
                    connection.ledger.changed.connect(lambda _function: self.changed.emit()),
                    connection.invocations.changed.connect(partial(self._on_kept, place)),
                ]
                self._look(place)
                connection.scope.start("load month", self._load, place)
            self._places[key] = place
        for place in before.values():
            self._leave(place)
        self.changed.emit()

    def close(self) -> None:
        self._disconnect()
        self.show([])

    def _leave(self, place: _Place) -> None:
        for disconnect in place.disconnects:
            disconnect()
        place.connection.scope.cancel(WORK)

    async def _load(self, place: _Place) -> None:
        if not place.connection.target.is_local:  # which begins afresh each time
            place.month = await in_thread(self._cache.load, place.connection.target.key)
            self._look(place)
        place.is_loaded = True
        self.changed.emit()

    def _on_catalog(self, place: _Place) -> None:
        self._look(place)
        self.changed.emit()

    @staticmethod
    def _look(place: _Place) -> None:
        catalog = place.connection.catalog
        if catalog.is_settled:
            place.present = frozenset(each.name for each in catalog.state.functions)
        for each in catalog.state.gone:  # within this session
            place.month.details.setdefault(each.name, each)

    def _on_kept(self, place: _Place, _function: str) -> None:
        place.is_kept_old = True
        self.changed.emit()

    # -- what there is

    @property
    def is_loaded(self) -> bool:
        """Whether all that was kept is there."""
        return all(place.is_loaded for place in self._places.values())

    @property
    def is_reading(self) -> bool:
        return any(place.state.is_loading for place in self._places.values())

    @property
    def states(self) -> "list[tuple[Connection, PlaceState]]":
        twins = self._find_twins()
        return [
            (place.connection, replace(place.state, twin=twins.get(key, "")))
            for key, place in self._places.items()
        ]

    @property
    def today(self) -> date:
        """The UTC day by AWS's clock."""
        return datetime.fromtimestamp(self._now_ms / 1000, UTC).date()

    @property
    def _now_ms(self) -> int:
        clocks = [place.connection.gateway.server_now_ms for place in self._places.values()]
        return max(clocks, default=int(datetime.now(UTC).timestamp() * 1000))

    @property
    def read_ms(self) -> tuple[int, int] | None:
        """When the oldest and the newest of the figures at hand were asked for; None: there are none."""
        times = [
            counted.read_ms
            for place in self._counted_places()
            for function in place.connection.catalog.state.functions
            if (counted := place.month.functions.get(function.name)) is not None
        ]
        return (min(times), max(times)) if times else None

    @property
    def known(self) -> tuple[int, int]:
        """How many functions have figures, and how many there are."""
        lists = [(place, place.connection.catalog.state.functions) for place in self._counted_places()]
        known = sum(each.name in place.month.functions for place, functions in lists for each in functions)
        return known, sum(len(functions) for _, functions in lists)

    def estimate(self) -> tuple[int, Cost]:
        """How many functions the next `read` asks for, and what AWS takes for it at most.

        Functions that were deleted are in it, as many as are asked for at most. Versions with provisioned
        concurrency, of which nothing is known yet, take two metrics more each.
        """
        from lambdadesk.aws.month_metrics import METRICS_AT_MOST, most_pages

        table = self._prices.table
        functions, amount = 0, Decimal(0)
        notes: dict[str, None] = {}
        for place in self._counted_places():
            due = self._get_due(place)
            functions += len(due)
            if place.connection.gateway.meter is None:
                continue  # it is not AWS, and nobody sends a bill
            if not due:
                continue
            count = len(place.connection.catalog.state.functions)
            names = {each.name for each in due}
            metrics = METRICS_AT_MOST * (len(due) + most_gone(count)) + 2 * sum(
                name in names for name, _ in place.month.provisioned
            )
            for item, quantity in (
                (PriceItem.METRICS_REQUESTED, metrics),
                (PriceItem.CLOUDWATCH_REQUEST, most_pages(count)),
            ):
                rate = table.rate(item, place.connection.target.region, "x86_64")
                amount += rate.price * quantity
                if rate.note:
                    notes[rate.note] = None
        return functions, Cost(amount, "USD", exact=False, notes=tuple(notes))

    async def price(self) -> list[MonthFunction]:
        """All functions that have figures, priced; DAYS days each, the last of which is today.

        Done in slices; a function of which nothing has changed since the last time is not priced again.
        """
        days = range(self.today.toordinal() - DAYS + 1, self.today.toordinal() + 1)
        before, self._priced = self._priced, {}
        found: list[MonthFunction] = []
        worked_s = time.monotonic()
        for place in self._counted_places():
            await self._read_kept(place, days)
            connection, month = place.connection, place.month
            gone = self._get_gone(place, days.start)
            functions = [*connection.catalog.state.functions, *gone]
            gone_names = {each.name for each in gone}
            has_logs = self._tells_logs(place)
            writers = month.get_writers(functions)
            for function in functions:
                if function.name not in month.functions:
                    continue
                if time.monotonic() - worked_s > SLICE_S:
                    await asyncio.sleep(0)
                    worked_s = time.monotonic()
                key = (connection.target.key, function.name)
                kept = place.kept.get(function.name)
                is_deleted = function.name in gone_names
                assumed = PRESENT
                if is_deleted:
                    function, assumed = _assume(function, kept or {})
                parts = (
                    function,
                    assumed,
                    days.start,
                    has_logs,
                    connection.prices,
                    connection.ledger.totals(function.name),
                    kept,
                    *month.get_parts(function, writers),
                )
                was = before.get(key)
                costs = (
                    was[1]
                    if was is not None and was[0] == parts
                    else _cost(
                        connection,
                        function,
                        month.to_sums(function, writers, has_logs=has_logs),
                        days,
                        kept or {},
                        assumed,
                    )
                )
                self._priced[key] = (parts, costs)
                found.append(
                    MonthFunction(
                        key[0],
                        connection.target.title,
                        connection.info.colour,
                        connection.account,
                        connection.target.region,
                        function,
                        self._get_tags(key),
                        costs,
                        is_deleted,
                    )
                )
        return found

    async def _read_kept(self, place: _Place, days: range) -> None:
        """Read what is kept of invocations whose REPORT was read, in this session or an earlier one."""
        if not place.is_kept_old:
            return
        place.is_kept_old = False
        first, last = date.fromordinal(days.start), date.fromordinal(days.stop - 1)
        try:
            kept = await place.connection.invocations.by_function_and_day(first, last)
        except UserError as error:
            place.connection.scope.report("month", error)  # this session's are there all the same
            return
        place.kept = {
            name: {day.toordinal(): sums for day, sums in by_day.items()} for name, by_day in kept.items()
        }

    def make_bills(self, functions: Iterable[MonthFunction]) -> list[AccountMonth]:
        """The month so far by account, with tiers and free tier."""
        return make_bills(functions, self.today, self._prices.table, self._prices.has_free_tier)

    @staticmethod
    def _get_gone(place: _Place, first: int) -> "list[FunctionInfo]":
        """Functions that were deleted; none while it is not known which are there."""
        if place.present is None:
            return []
        there = place.present.union(each.name for each in place.connection.catalog.state.functions)
        return place.month.get_gone(there, first, {*place.kept, *place.connection.ledger.functions()})

    def get_gone(self, functions: Iterable[MonthFunction]) -> Gone:
        """How many of these, and of all that there were, were deleted."""
        deleted = [each for each in functions if each.is_deleted]
        places = self._counted_places()
        listed = {place.month.is_listed for place in places}
        return Gone(
            len(deleted),
            sum(each.days.is_least for each in deleted),
            sum(name not in place.month.functions for place in places for name in place.gone),
            None if listed == {None} else listed == {True},
        )

    @property
    def is_free(self) -> bool:
        """Whether nothing that `read` asks for costs anything."""
        return all(place.connection.gateway.meter is None for place in self._places.values())

    @property
    def lacks_logs(self) -> "list[Connection]":
        """Places whose endpoint does not tell how much was logged."""
        return [
            place.connection
            for place in self._counted_places()
            if place.month.functions and not self._tells_logs(place)
        ]

    @staticmethod
    def _tells_logs(place: _Place) -> bool:
        """AWS always does; other endpoints where they ever did."""
        return is_aws(place.connection.target) or any(
            counted.sums.get(BYTES) for counted in place.month.logs.values()
        )

    def _find_twins(self) -> dict[str, str]:
        """Places that show what an earlier one does, by key, with that one's title."""
        seen: dict[tuple[str, str, str], str] = {}
        twins: dict[str, str] = {}
        for key, place in self._places.items():
            target, account = place.connection.target, place.connection.account
            if not account:
                continue  # not known yet
            where = (account, target.region, target.endpoint_url)
            if where in seen:
                twins[key] = seen[where]
            else:
                seen[where] = target.title
        return twins

    def _counted_places(self) -> list[_Place]:
        twins = self._find_twins()
        return [place for key, place in self._places.items() if key not in twins]

    # -- reading

    def _get_due(self, place: _Place) -> "list[FunctionInfo]":
        connection = place.connection
        functions = connection.catalog.state.functions
        if connection.gateway.meter is None:
            return list(functions)  # it costs nothing
        return place.month.get_due(functions, connection.gateway.server_now_ms)

    def read(self) -> None:
        """Ask each place for what is not known, or an hour old. Nothing that is fresh is asked for again."""
        for place in self._counted_places():
            if place.is_loaded and not place.state.is_loading and self._get_due(place):
                place.connection.scope.start(WORK, self._read, place)

    def cancel(self) -> None:
        """Ask no more; what has come stays."""
        for place in self._places.values():
            place.connection.scope.cancel(WORK)

    async def _read(self, place: _Place) -> None:
        from lambdadesk.aws.month_metrics import Asked, fetch_month

        connection, month = place.connection, place.month
        first = first_day(connection.gateway.server_now_ms)
        due = self._get_due(place)
        self._set_state(place, PlaceState(is_loading=True))
        error: UserError | None = None
        try:
            due += await self._find_gone(place)
            asked = [
                Asked(each, counted.next_day(first) if (counted := month.functions.get(each.name)) else first)
                for each in due
            ]
            month.details |= {each.name: each for each in due if each.memory_mb}
            async for step in fetch_month(connection.gateway, asked):
                place.month.update(step.found, first)
                self._set_state(place, PlaceState(is_loading=True, done=step.done, total=step.total))
        except UserError as failure:
            error = failure
        finally:
            self._set_state(place, PlaceState(error=error))
            await self._save(place)

    async def _find_gone(self, place: _Place) -> "list[FunctionInfo]":
        """The functions to ask for that were deleted: by CloudWatch's own list, or known from before."""
        from lambdadesk.aws.month_metrics import fetch_names, most_pages

        connection, month, present = place.connection, place.month, place.present
        if present is None:
            return []
        listed, month.is_listed = await fetch_names(connection.gateway, most_pages(len(present)))
        reported = (*place.kept, *connection.ledger.functions())
        names = frozenset({*listed, *reported, *month.functions} - present)
        due = month.get_gone_due(names, listed, connection.gateway.server_now_ms)
        place.gone = names.difference(month.functions)
        return [month.describe(name) for name in due[: most_gone(len(present))]]

    async def _save(self, place: _Place) -> None:
        key = place.connection.target.key
        if place.connection.target.is_local:
            return
        try:
            await in_thread(self._cache.save, key, place.month)
        except UserError as error:
            if error.kind is not ErrorKind.STORAGE:
                raise
            place.connection.scope.report("month", error)

    def _set_state(self, place: _Place, state: PlaceState) -> None:
        place.state = state
        self.changed.emit()


def _cost(
    connection: "Connection",
    function: "FunctionInfo",
    sums: CountedDays,
    days: range,
    kept: "Mapping[int, DaySums]",
    assumed: str,
) -> FunctionDays:
    region, prices = connection.target.region, connection.prices
    session = sum_reports(connection.ledger.each(function.name))
    reports = join_reports(session, kept)
    # The ledger prices what it has itself, and knows more of it.
    before = {day: sums for day, sums in reports.items() if sums is not session.get(day)}
    reports |= reprice_days(before, function, region, prices)
    return cost_days(function, sums, region, prices, days, reports, assumed)


def _assume(function: "FunctionInfo", reports: "Mapping[int, DaySums]") -> "tuple[FunctionInfo, str]":
    """A function that was deleted, with the memory that it is taken to have had, and what is said of that."""
    if function.memory_mb:
        return function, "it was deleted: the memory and architecture that it had last are used for all days"
    memory_mb = max((each.memory_mb for each in reports.values()), default=0)
    if memory_mb:
        said = f"the {memory_mb:,} MB of its REPORT lines are used, and x86_64 is assumed"
        return replace(function, memory_mb=memory_mb), f"it was deleted: {said}"
    return function, "It was deleted, and how much memory it had is not known"
