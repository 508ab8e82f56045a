"""What the ledger knows is taken in batches, kept, and given back with what was kept, each once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invocation_columns import InvocationColumns, Source
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import Cost, Invocation, InvocationType, Outcome, Report
from lambdadesk.desk.invocation_book import InvocationBook
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.invocations import InvocationStore
from tests.desk.waiting import until

EVER = (date(2000, 1, 1), date(2999, 1, 1))
NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
STREAM = "2026/11/27/[$LATEST]0123456789abcdef"


def request(number: int) -> str:
    return str(UUID(int=number << 70))


def seen(number: int, at_ms: int = 0, outcome: Outcome = Outcome.OK) -> Invocation:
    report = Report(request(number), Decimal("15.74"), 16, 128, 56)
    started_ms = NOW_MS + at_ms
    return Invocation(
        *("f", request(number), started_ms, STREAM), ended_ms=started_ms + 16, outcome=outcome, report=report
    )


class Desk:
    """A ledger with its book, as a connection has them; all failures are kept."""

    def __init__(
        self, path: Path, *, match_by_time: bool = False, has_store: bool = True, gather_s: float = 0.001
    ) -> None:
        self.failures: list[Exception] = []
        self.price = Decimal("0.25")
        self.store = InvocationStore(path)
        self.scope = TaskScope(self._report)
        self.ledger = InvocationLedger(lambda *_: Cost(self.price), match_by_time=match_by_time)
        self.book = InvocationBook(
            self.ledger,
            "t",
            self.scope,
            self._report,
            (lambda: self.store) if has_store else None,
            match_by_time=match_by_time,
            gather_s=gather_s,
        )

    def invoke(self, number: int, at_ms: int = 0, outcome: Outcome = Outcome.OK) -> None:
        sent_ms = NOW_MS + at_ms
        report = seen(number).report if outcome is Outcome.OK else None
        self.ledger.add_here(
            *(
                "f",
                InvocationType.REQUEST_RESPONSE,
                "$LATEST",
                request(number),
                sent_ms,
                sent_ms + 40,
                report,
            ),
            outcome=outcome,
        )

    async def facts(self, *span: int) -> list[tuple[str, str, Source]]:
        columns = await self.book.columns("f", *span)
        runs = columns.invocations("f")
        return [
            (run.request_id, run.stream, Source(code)) for run, code in zip(runs, columns.source, strict=True)
        ]

    def _report(self, _name: str, error: Exception) -> None:
        self.failures.append(error)


@asynccontextmanager
async def at(path: Path, *, match_by_time: bool = False, has_store: bool = True) -> AsyncIterator[Desk]:
    desk = Desk(path, match_by_time=match_by_time, has_store=has_store)
    yield desk
    await desk.scope.close()
    desk.book.close()
    await desk.book.flush()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "invocations.sqlite"


async def test_what_was_seen_is_kept_by_itself(path: Path) -> None:
    async with at(path) as desk:
        told: list[str] = []
        desk.book.changed.connect(told.append)
        desk.ledger.add_seen("f", seen(1), seen(2, 100))
        await until(desk.book.changed, lambda: told == ["f"], "what was seen is told of")
        assert list(desk.store.load("t", "f").invocations("f")) == [
            replace(each, cost=Cost(Decimal("0.25"))) for each in (seen(1), seen(2, 100))
        ]
        assert desk.failures == []


@pytest.mark.parametrize("match_by_time", [False, True])
async def test_the_session_has_nothing_of_earlier_ones_or_of_the_past(
    path: Path, match_by_time: bool
) -> None:
    async with at(path) as desk:
        desk.ledger.add_seen("f", seen(1))
    async with at(path, match_by_time=match_by_time) as desk:
        desk.ledger.add_seen("f", seen(2, 100))
        desk.invoke(3, 200)
        past = InvocationColumns.from_invocations([seen(2, 100), seen(4, -5_000)], Source.PAST)
        await desk.book.add_past("f", past)
        session = await desk.book.session("f")
        told = [(session.request_id(row), Source(int(session.source[row]))) for row in range(len(session))]
        assert told == [(request(2), Source.LIVE), (request(3), Source.HERE)]
        again = await desk.book.session("f")
        assert match_by_time or again is session  # there is nothing to lay out anew
        desk.ledger.add_seen("f", seen(5, 300))
        assert len(await desk.book.session("f")) == 3
        assert await desk.book.session("g") is not None
        assert desk.failures == []


async def test_this_session_and_earlier_ones_are_joined_each_counted_once(path: Path) -> None:
    async with at(path) as desk:
        desk.ledger.add_seen("f", seen(1), seen(2, 100))
    async with at(path) as desk:
        desk.ledger.add_seen("f", seen(2, 100), seen(3, 200))  # the log is read again
        past = InvocationColumns.from_invocations([seen(3, 200), seen(4, -5_000)], Source.PAST)
        await desk.book.add_past("f", past)
        assert await desk.facts() == [
            (request(4), STREAM, Source.PAST),
            (request(1), STREAM, Source.KEPT),
            (request(2), STREAM, Source.LIVE),
            (request(3), STREAM, Source.LIVE),
        ]
        assert await desk.facts(NOW_MS + 50, NOW_MS + 150) == [(request(2), STREAM, Source.LIVE)]
        assert (await desk.book.by_function(*EVER))["f"].invocations == 4
        days = await desk.book.by_day(*EVER, "f")
        assert sum(sums.invocations for sums in days.values()) == 4
        assert desk.failures == []
    async with at(path) as desk:
        assert [source for _, _, source in await desk.facts()] == [Source.KEPT] * 4


async def test_a_run_made_here_becomes_one_with_its_log(path: Path) -> None:
    async with at(path) as desk:
        desk.invoke(1)
        desk.invoke(2, outcome=Outcome.UNKNOWN)
        assert await desk.facts() == [(request(1), "", Source.HERE)]
        await desk.book.flush()
        desk.ledger.add_seen("f", seen(1, 20), seen(2, 30))
        await desk.book.flush()
        both = [(request(1), STREAM, Source.LIVE), (request(2), STREAM, Source.LIVE)]
        assert await desk.facts() == both
        columns = await desk.book.columns("f")
        assert columns.here.tolist() == [True, True]
        assert columns.totals() == desk.ledger.totals("f")
        assert (await desk.book.by_function(*EVER))["f"].invocations == 2


async def test_where_ids_differ_a_run_is_kept_once_its_log_is_known(path: Path) -> None:
    async with at(path, match_by_time=True) as desk:
        desk.invoke(1)
        await desk.book.flush()
        assert await desk.facts() == [(request(1), "", Source.HERE)]
        assert len(desk.store.load("t", "f")) == 0
        desk.ledger.add_seen("f", seen(99, 10))  # the same under another id
        await desk.book.flush()
        assert await desk.facts() == [(request(99), STREAM, Source.LIVE)]
        assert len(desk.store.load("t", "f")) == 1
        assert (await desk.book.columns("f")).totals() == desk.ledger.totals("f")


async def test_other_prices_are_kept_too(path: Path) -> None:
    async with at(path) as desk:
        desk.ledger.add_seen("f", seen(1))
        await desk.book.flush()
        desk.price = Decimal("0.5")
        await desk.ledger.price_anew()
        await desk.book.flush()
        assert (await desk.book.by_function(*EVER))["f"].cost == Decimal("0.5")
        assert (await desk.book.columns("f")).totals().cost == Decimal("0.5")


async def test_without_a_file_this_session_is_there(path: Path) -> None:
    async with at(path, has_store=False) as desk:
        desk.ledger.add_seen("f", seen(1))
        assert await desk.facts() == [(request(1), STREAM, Source.LIVE)]
        assert await desk.book.by_function(*EVER) == await desk.book.by_day(*EVER) == {}
        assert desk.store.load("t", "f").started_ms.size == 0


async def test_a_file_that_cannot_be_written_is_told_once_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    async with at(tmp_path / "data" / "invocations.sqlite") as desk:
        for number in range(3):
            desk.ledger.add_seen("f", seen(number + 1, number))
            await desk.book.flush()
        (failure,) = desk.failures
        assert isinstance(failure, UserError)
        assert failure.kind is ErrorKind.STORAGE
        assert len(await desk.facts()) == 3
        (tmp_path / "data").unlink()
        desk.ledger.add_seen("f", seen(4, 4))
        await desk.book.flush()
        assert len(desk.store.load("t", "f")) == 4
        assert len(desk.failures) == 1


async def test_being_cancelled_loses_nothing(path: Path) -> None:
    desk = Desk(path, gather_s=0)
    for number in range(15):
        desk.ledger.add_seen("f", *(seen(each, each) for each in range(number * 100 + 1, number * 100 + 101)))
        for _turn in range(number):  # somewhere in the middle of what goes on
            await asyncio.sleep(0)
        await asyncio.wait([*desk.scope.cancel("keep invocations")])
    await desk.scope.close()
    desk.book.close()
    await desk.book.flush()
    assert len(InvocationStore(path).load("t", "f")) == 1_500
    assert desk.failures == []


async def test_what_was_read_is_forgotten_with_the_file(path: Path) -> None:
    async with at(path) as desk:
        desk.ledger.add_seen("f", seen(1))
    async with at(path) as desk:
        assert len(await desk.facts()) == 1
        desk.store.delete_all()
        assert len(await desk.facts()) == 1  # still at hand
        desk.book.forget_kept()
        assert await desk.facts() == []
