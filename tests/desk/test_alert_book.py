"""The alerts of all connections: raised, ended, muted for a time, kept over a restart; nothing is asked."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from lambdadesk.core.alerts import AlertKind
from lambdadesk.core.types import Invocation, Outcome, Report
from lambdadesk.desk.alert_book import FOR_EVER, AlertBook, MuteFor
from lambdadesk.desk.connection import Connection
from lambdadesk.store.settings import Settings
from tests.desk.rows_desk import Desk
from tests.servers.fake_aws import FakeAws, make_function

HOUR_S = 3_600


def fail(
    connection: Connection, *numbers: int, function: str = "hello", used_mb: int = 40, later_s: int = 0
) -> None:
    """Invocations that failed just now, or later, as a log shows them."""
    now_ms = int((time.time() + later_s) * 1000)
    connection.ledger.add_seen(
        function,
        *(
            Invocation(
                function,
                f"r{number}",
                now_ms - 100,
                "s",
                now_ms - 50 + number,
                outcome=Outcome.ERROR,
                report=Report(f"r{number}", Decimal(10), 10, 128, used_mb),
            )
            for number in numbers
        ),
    )


@contextmanager
def booked(desk: Desk) -> Iterator[AlertBook]:
    desk.now_s = time.time()
    book = AlertBook(desk.rows, desk.settings, lambda: desk.now_s)
    yield book
    book.close()


def told(book: AlertBook) -> list[tuple[str, AlertKind]]:
    return [(each.row.function.name, each.alert.kind) for each in book.alerts]


async def test_invocations_raise_alerts_and_are_asked_of_nobody(aws: FakeAws, desk: Desk) -> None:
    aws.functions = [make_function("hello"), make_function("other")]
    async with desk:
        connection = desk.connect(aws)
        with booked(desk) as book:
            changes: list[None] = []
            book.changed.connect(lambda: changes.append(None))
            desk.rows.add(connection)
            book.add(connection)
            await connection.catalog.refresh()
            await desk.until_told(connection)
            before = len(aws.requests("GetMetricData"))
            fail(connection, 1, 2, 3)
            assert told(book) == []  # a burst is judged once, when the clock of the window says
            book.look_again()
            assert told(book) == [("hello", AlertKind.ERRORS)]
            assert len(changes) == 1
            book.look_again()
            assert len(changes) == 1  # nothing is told twice
            fail(connection, 4, used_mb=127)
            book.look_again()
            assert told(book) == [("hello", AlertKind.ERRORS), ("hello", AlertKind.MEMORY)]
            first = book.alerts[0].alert
            assert (first.text[:6], first.since_ms) == ("4 of 4", min(first.since_ms, time.time() * 1000))
            assert len(aws.requests("GetMetricData")) == before
            book.remove(connection.target.key)
            assert told(book) == []


async def test_figures_raise_alerts_of_functions_that_nobody_opened(aws: FakeAws, desk: Desk) -> None:
    aws.functions = [make_function("hello")]
    aws.metrics["hello", "Invocations"] = [(time.time() - 600, 10.0)]
    aws.metrics["hello", "Throttles"] = [(time.time() - 600, 7.0)]
    async with desk:
        connection = desk.connect(aws)
        with booked(desk) as book:
            desk.rows.add(connection)
            book.add(connection)
            await connection.catalog.refresh()
            await desk.until_told(connection)
            assert told(book) == [("hello", AlertKind.THROTTLES)]
            assert book.alerts[0].alert.text == "7 invocations were throttled in 24 h."
            aws.functions = []
            await connection.catalog.refresh()
            assert told(book) == []


async def test_a_mute_holds_as_long_as_it_says(aws: FakeAws, desk: Desk) -> None:
    aws.functions = [make_function("hello"), make_function("other")]
    async with desk:
        connection = desk.connect(aws)
        with booked(desk) as book:
            desk.rows.add(connection)
            book.add(connection)
            await connection.catalog.refresh()
            fail(connection, 1, 2, 3, used_mb=127)
            fail(connection, 4, 5, 6, function="other")
            book.look_again()
            hello, other = (connection.target.key, "hello"), (connection.target.key, "other")
            assert len(told(book)) == 3
            book.mute(hello, AlertKind.ERRORS, MuteFor.HOUR)
            # Of this function, and of this kind alone.
            assert told(book) == [("other", AlertKind.ERRORS), ("hello", AlertKind.MEMORY)]
            (mute,) = book.muted
            assert (mute.row_key, mute.kind) == (hello, AlertKind.ERRORS)
            assert abs(mute.until_ms - (desk.now_s + HOUR_S) * 1000) < 2
            assert mute.alert is not None
            book.mute(other, AlertKind.ERRORS, MuteFor.TODAY)
            book.mute(hello, AlertKind.MEMORY, MuteFor.EVER)
            assert told(book) == []
            until = {each.kind: each.until_ms for each in book.muted if each.row_key != hello}
            midnight = datetime.fromtimestamp(until[AlertKind.ERRORS] / 1000).astimezone()
            assert (midnight.hour, midnight.minute) == (0, 0)
            assert 0 < midnight.timestamp() - desk.now_s <= 25 * HOUR_S
            desk.now_s += 25 * HOUR_S
            fail(connection, 1, 2, 3, used_mb=127, later_s=25 * HOUR_S)
            fail(connection, 4, 5, 6, function="other", later_s=25 * HOUR_S)
            book.look_again()
            assert sorted(told(book)) == [("hello", AlertKind.ERRORS), ("other", AlertKind.ERRORS)]
            assert [(each.kind, each.until_ms) for each in book.muted] == [(AlertKind.MEMORY, FOR_EVER)]
            book.unmute(hello, AlertKind.MEMORY)
            assert book.muted == []
            assert len(told(book)) == 3


async def test_mutes_are_kept_over_a_restart(aws: FakeAws, desk: Desk, tmp_path: Path) -> None:
    key = ("123/us-east-1", "hello")
    async with desk:
        with booked(desk) as book:
            book.mute(key, AlertKind.COST, MuteFor.EVER)
            book.mute(key, AlertKind.ERRORS, MuteFor.HOUR)
            await desk.settings.save()
            again = Settings(tmp_path / "settings.json")
            assert again.load() is None
            other = AlertBook(desk.rows, again, lambda: desk.now_s)
            assert [(mute.row_key, mute.kind) for mute in other.muted] == [
                (key, AlertKind.COST),
                (key, AlertKind.ERRORS),
            ]
            desk.now_s += 2 * HOUR_S
            other.mute(key, AlertKind.MEMORY, MuteFor.EVER)  # and what is over is forgotten
            assert len(again.muted_alerts) == 2
            again.muted_alerts = {"kind-of-tomorrow hello x": 0}
            assert other.muted == []
            other.close()


async def test_an_alert_ends_with_its_evidence(aws: FakeAws, desk: Desk) -> None:
    aws.functions = [make_function("hello")]
    async with desk:
        connection = desk.connect(aws)
        with booked(desk) as book:
            desk.rows.add(connection)
            book.add(connection)
            await connection.catalog.refresh()
            fail(connection, 1, 2, 3)
            book.look_again()
            assert len(told(book)) == 1
            desk.now_s += 2 * HOUR_S
            book.look_again()
            assert told(book) == []
