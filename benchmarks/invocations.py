"""A million finished invocations: kept, loaded, summed by function, and what they tell, beside plain SQLite.

python -m benchmarks.invocations

The peer keeps the same facts as SQL columns, with the same key, written by executemany in one transaction,
and lets SQLite add them up. Rounds are interleaved.
"""

import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Samples, show_table
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.invocation_stats import figures as figures_of
from lambdadesk.core.invocation_stats import histogram, percentile_bands, time_edges
from lambdadesk.core.types import Cost, Invocation, Outcome, Report
from lambdadesk.store.invocations import InvocationStore

COUNT = 1_000_000
FUNCTIONS = 1_000
DAYS = 30
OBJECTS = 20_000
ROUNDS = 2
FIRST_DAY = date(2026, 10, 1)
START_MS = (FIRST_DAY - date(1970, 1, 1)).days * 86_400_000
PLACE = "peer"
STREAMS = tuple(f"2026/10/01/[$LATEST]{number:032x}" for number in range(300))

OURS, SQL = "LambdaDesk", "sqlite3, a column each"
NAMES = [field.name for field in fields(InvocationColumns)]
ARRAYS = [
    name
    for name in NAMES
    if name not in ("versions", "streams", "error_types", "currencies", "request_texts")
]
INSERT = f"INSERT INTO run VALUES ({', '.join('?' * (len(ARRAYS) + 1))})"  # noqa: S608  our own names only
SUM = (
    "SELECT function, count(*), sum(outcome > 0), sum(billed_ms * memory_mb), sum(cost_nano), "
    "sum(cost_rest / 1000000000), sum(cost_rest % 1000000000), max(max_memory_mb) FROM run "
    "WHERE ended_ms BETWEEN ? AND ? GROUP BY function"
)


def make_columns(count: int, seed: int = 7) -> InvocationColumns:
    """So many invocations of a month, by start."""
    chance = np.random.default_rng(seed)
    started_ms = START_MS + np.sort(chance.integers(0, DAYS * 86_400_000, count))
    duration_ms = np.round(chance.lognormal(4, 1, count), 2)
    is_cold = chance.random(count) < 0.02
    init_ms = np.where(is_cold, np.round(chance.uniform(100, 900, count), 2), np.nan)
    billed_ms = np.ceil(duration_ms + np.nan_to_num(init_ms)).astype(np.int32)
    # The price of a GB-second by mebibyte-milliseconds: exact, as the application's are.
    units = billed_ms.astype(np.int64) * 512 * 1_627_607_421_875  # 0.0000166667 / 1,024,000 in 1e-23
    return InvocationColumns(
        started_ms=started_ms,
        ended_ms=started_ms + billed_ms,
        duration_ms=duration_ms,
        init_ms=init_ms,
        restore_ms=np.full(count, np.nan),
        billed_ms=billed_ms,
        billed_restore_ms=np.full(count, -1, np.int32),
        memory_mb=np.full(count, 512, np.int32),
        max_memory_mb=chance.integers(60, 300, count, np.int32),
        cost_nano=200 + units // 10**14,
        cost_rest=units % 10**14 * 10**4,
        request_hi=chance.integers(1, 1 << 63, count, np.uint64),
        request_lo=chance.integers(1, 1 << 63, count, np.uint64),
        version=np.zeros(count, np.int32),
        stream=chance.integers(0, len(STREAMS), count, np.int32),
        error_type=np.zeros(count, np.int32),
        currency=np.zeros(count, np.uint8),
        outcome=(chance.random(count) < 0.01).astype(np.uint8),
        source=np.zeros(count, np.uint8),
        exact=np.ones(count, np.bool_),
        here=np.zeros(count, np.bool_),
        as_ran=np.zeros(count, np.bool_),
        versions=("$LATEST",),
        streams=STREAMS,
        error_types=("",),
        currencies=("USD",),
    )


def tuples(function: int, columns: InvocationColumns, at_once: int = 10_000) -> Iterator[tuple[Any, ...]]:
    """The rows for the peer, made piece by piece, so that they are not all in memory at once."""
    for first in range(0, len(columns), at_once):
        part = columns.where(slice(first, first + at_once))
        lists = [getattr(part, name) for name in ARRAYS]
        signed = [each.view(np.int64) if each.dtype == np.uint64 else each for each in lists]
        yield from zip([function] * len(part), *(each.tolist() for each in signed), strict=True)


class Peer:
    """The same facts in a table with a column for each."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(
            f"CREATE TABLE run (function INTEGER, {', '.join(ARRAYS)}, "
            "PRIMARY KEY (function, ended_ms, stream, request_hi, request_lo)) WITHOUT ROWID"
        )

    def write(self, batches: list[tuple[int, InvocationColumns]]) -> None:
        self.connection.execute("BEGIN")
        for function, columns in batches:
            self.connection.executemany(INSERT, tuples(function, columns))
        self.connection.execute("COMMIT")

    def load(self) -> None:
        """Only fetched, and dropped again: a list of all would take a gigabyte."""
        cursor = self.connection.execute("SELECT * FROM run WHERE function = 0")
        while cursor.fetchmany(1_000):
            pass

    def sum_up(self) -> None:
        self.connection.execute(SUM, (START_MS, START_MS + DAYS * 86_400_000)).fetchall()


KEPT, LOADED, SUMMED, FIRST_SUMMED = (
    "kept, of one function",
    "loaded as columns",
    f"a month of {FUNCTIONS:,} functions summed, a day of each anew",
    "the same for the first time",
)
Taken = dict[str, dict[str, Samples]]


def measure() -> dict[str, Any]:
    """Run everything, print the tables and return the figures."""
    columns = make_columns(COUNT)
    chosen = np.random.default_rng(3).integers(0, FUNCTIONS, COUNT)
    parts = [columns.where(chosen == number) for number in range(FUNCTIONS)]
    taken: Taken = {
        name: {who: Samples(who) for who in (OURS, SQL)} for name in (KEPT, LOADED, SUMMED, FIRST_SUMMED)
    }
    for _round in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            _measure_one(taken, Path(folder), columns)
            _measure_all(taken, Path(folder), parts)
    rows, found = [], {}
    for name, samples in taken.items():
        ours, theirs = samples[OURS], samples[SQL]
        median, low, high = theirs.ratio(ours)
        rate = COUNT / ours.median
        figures = (f"{ours.median:.2f} s", f"{rate:,.0f}", f"{theirs.median:.2f} s")
        rows.append([name, *figures, f"{median:.1f} ({low:.1f}-{high:.1f})"])
        found[name] = {
            "seconds": round(ours.median, 3),
            "per_second": round(rate),
            "times_as_quick_as_sql_columns": round(median, 2),
        }
    head = ["", OURS, "invocations/s", SQL, "times as quick"]
    show_table(f"{COUNT:,} invocations in SQLite; medians of {ROUNDS} rounds", head, rows)
    return {"store": found} | _measure_memory() | _measure_stats(columns)


def _measure_one(taken: Taken, folder: Path, columns: InvocationColumns) -> None:
    """All of them of one function."""
    store, peer = InvocationStore(folder / "one"), Peer(folder / "one-peer")
    _add(taken[KEPT], lambda: store.write(PLACE, [("f", columns)]), lambda: peer.write([(0, columns)]))
    _add(taken[LOADED], lambda: store.load(PLACE, "f"), peer.load)
    peer.connection.close()


def _measure_all(taken: Taken, folder: Path, parts: list[InvocationColumns]) -> None:
    """Of many functions. What goes on meanwhile: of each, runs of the last day are written once more."""
    store, peer = InvocationStore(folder / "all"), Peer(folder / "all-peer")
    store.write(PLACE, [(f"f{number}", part) for number, part in enumerate(parts)])
    peer.write(list(enumerate(parts)))
    span = (FIRST_DAY, FIRST_DAY + timedelta(days=DAYS - 1))
    _add(taken[FIRST_SUMMED], lambda: store.by_function(PLACE, *span), peer.sum_up)
    last_day_ms = START_MS + (DAYS - 1) * 86_400_000
    store.write(PLACE, [(f"f{each}", part.between(last_day_ms, np.inf)) for each, part in enumerate(parts)])
    _add(taken[SUMMED], lambda: store.by_function(PLACE, *span), peer.sum_up)
    peer.connection.close()


def _measure_memory() -> dict[str, Any]:
    """Bytes of an invocation in columns and as objects, and how many objects become columns in a second."""
    made = make_columns(OBJECTS)
    tracemalloc.start()
    runs = [_make_object(made, row) for row in range(OBJECTS)]
    of_objects = tracemalloc.get_traced_memory()[0] / OBJECTS
    tracemalloc.stop()
    started = time.perf_counter()
    columns = InvocationColumns.from_invocations(runs)
    rate = OBJECTS / (time.perf_counter() - started)
    rows = [
        ["columns", f"{columns.bytes_per_row:.0f}", f"{of_objects / columns.bytes_per_row:.0f}"],
        ["objects", f"{of_objects:.0f}", "1"],
    ]
    show_table(
        f"Bytes of an invocation; {rate:,.0f} objects become columns in a second",
        ["", "", "times less"],
        rows,
    )
    return {
        "bytes_per_invocation": round(columns.bytes_per_row, 1),
        "bytes_as_objects": round(of_objects),
        "objects_to_columns_per_second": round(rate),
    }


def _make_object(columns: InvocationColumns, row: int) -> Invocation:
    request_id = columns.request_id(row)
    report = Report(
        request_id,
        Decimal(repr(float(columns.duration_ms[row]))),
        int(columns.billed_ms[row]),
        512,
        int(columns.max_memory_mb[row]),
    )
    cost = Cost(columns.cost_at(row) or Decimal(0))
    started_ms, ended_ms = int(columns.started_ms[row]), int(columns.ended_ms[row])
    stream = STREAMS[int(columns.stream[row])]
    return Invocation(
        *("f", request_id, started_ms, stream, ended_ms), outcome=Outcome.OK, report=report, cost=cost
    )


def _measure_stats(columns: InvocationColumns) -> dict[str, Any]:
    """What a chart of all asks for, beside sorting the durations as a list."""
    durations = columns.duration_ms.tolist()
    edges = time_edges(START_MS, START_MS + DAYS * 86_400_000, 500)
    tasks: dict[str, Callable[[], object]] = {
        "percentiles 50, 90, 99 in up to 500 bins of time": lambda: percentile_bands(
            columns, columns.duration_ms, edges
        ),
        "a histogram of the durations": lambda: histogram(columns.duration_ms),
        "totals and spreads": lambda: figures_of(columns),
        "peer: sorted(durations)": lambda: sorted(durations),
    }
    taken = {name: min(_time(task) for _round in range(ROUNDS)) * 1000 for name, task in tasks.items()}
    peer_ms = list(taken.values())[-1]
    rows = [[name, f"{ms:.0f} ms", f"{ms / peer_ms:.2f}"] for name, ms in taken.items()]
    show_table(f"What {COUNT:,} invocations tell", ["", "", "to sorted()"], rows)
    return {"stats_ms": {name: round(ms, 1) for name, ms in taken.items()}}


def _add(samples: dict[str, Samples], ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    samples[OURS].values.append(_time(ours))
    samples[SQL].values.append(_time(theirs))


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    measure()
