"""What the application does with every log line: parse, store, filter, count."""

import gc
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.measure import Samples, show_table
from lambdadesk.core.cost import invocation_cost
from lambdadesk.core.figures import Figures
from lambdadesk.core.function_filter import parse
from lambdadesk.core.function_index import FilterIndex
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logfilter import parse_filter
from lambdadesk.core.logstore import LogRow, LogStore
from lambdadesk.core.platform import parse_platform
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import Cost, FunctionInfo, Invocation, InvocationType, Outcome, Report

LINES = 1_000_000
BATCH = 1_000  # lines of one answer
REPORTS = 100_000
INVOCATIONS = 20_000
REPEATS = 5
START_MS = 1_760_000_000_000
# What is typed into the filter, and the same for the peer: a text without capitals matches capitals, too.
FILTERS = (
    ("Timeout", ["Timeout"]),
    ('"connection reset"', ["-i", "connection reset"]),
    ("/order [0-9]+7 /", ["-iE", "order [0-9]+7 "]),
)
FUNCTIONS = 10_000
# What is typed, and an expression for the peer; of letters left out and of fields grep knows nothing.
FUNCTION_FILTERS = (
    ("o", "o"),
    ("order", "order"),
    ("ordret", "o.*r.*d.*r.*e.*t"),
    ("/order.*retry/", "order.*retry"),
    ("order errors>0", "order"),
)
WORDS = (
    "order",
    "shipped",
    "basket",
    "payment",
    "refused",
    "connection",
    "reset",
    "retry",
    "cache",
)


def measure() -> dict[str, Any]:
    """Run everything, print the table and return the figures."""
    lines = _make_lines()
    rows = [*_measure_reports(), _measure_ledger()]
    store = LogStore(cap=LINES + BATCH, cap_characters=1 << 40)
    rows.append(_measure_append(store, lines))
    head = ["What a log line takes", "per second"]
    show_table("Micro", head, [[name, f"{rate:,.0f}"] for name, rate in rows])
    return {
        "per_second": {name: round(rate) for name, rate in rows},
        "filters": _measure_filters(store, lines),
        "function_filters": _measure_function_filters(),
    }


def _measure_reports() -> list[tuple[str, float]]:
    """Every usual shape of REPORT, by the time of the processor: a figure per core, whatever else runs."""
    ends = {
        "REPORT lines parsed": "",
        "REPORT lines parsed, with INIT and a trace": (
            "Init Duration: 130.49 ms\tXRAY TraceId: 1-5e34a614-10bd\tSegmentId: 07f5\tSampled: true\t"
        ),
        "REPORT lines parsed, restored snapshots": (
            "Restore Duration: 511.25 ms\tBilled Restore Duration: 303 ms\t"
        ),
        "REPORT lines parsed, with a status": "Status: error\tError Type: Runtime.ExitError",
    }
    lines = [
        f"REPORT RequestId: {number:08x}-1111-4222-8333-444455556666\tDuration: {number % 9000 / 7:.2f} ms\t"
        f"Billed Duration: {number % 1300 + 1} ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"
        for number in range(REPORTS)
    ]
    shapes = {name: [f"{line}{end}\n" for line in lines] for name, end in ends.items()}
    shapes["platform.report records parsed (JSON)"] = [
        f'{{"time":"2026-01-02T03:04:05.000Z","type":"platform.report","record":{{"requestId":"{number:08x}",'
        f'"metrics":{{"durationMs":{number % 9000 / 7:.2f},"billedDurationMs":{number % 1300 + 1},'
        '"memorySizeMB":128,"maxMemoryUsedMB":40},"status":"success"}}'
        for number in range(REPORTS)
    ]
    return [(name, REPORTS / _time_parsing(lines)) for name, lines in shapes.items()]


def _time_parsing(lines: list[str]) -> float:
    """Seconds of the processor, the best of a few rounds."""
    taken = []
    gc.disable()  # as in the application, which collects on a timer (app/collector.py)
    for _round in range(REPEATS):
        started = time.process_time()
        found = [parse_platform(line) for line in lines]
        taken.append(time.process_time() - started)
        assert all(line is not None and line.report is not None for line in found)
    gc.enable()
    return min(taken)


def _measure_append(store: LogStore, lines: list[str]) -> tuple[str, float]:
    seconds = 0.0
    for start in range(0, LINES, BATCH):
        batch = [
            LogRow(START_MS + number, START_MS + number, f"stream-{number % 8}", lines[number])
            for number in range(start, start + BATCH)
        ]
        started = time.perf_counter()
        store.add(batch)
        seconds += time.perf_counter() - started
    assert len(store) == LINES
    return f"lines stored, {BATCH:,} at a time, {LINES:,} in all", LINES / seconds


def _measure_ledger() -> tuple[str, float]:
    function = FunctionInfo("orders", memory_mb=128)
    prices = load_prices()

    def price(_name: str, report: Report, kind: InvocationType | None, payload_bytes: int) -> Cost:
        return invocation_cost(report, function, "us-east-1", prices, kind=kind, payload_bytes=payload_bytes)

    ledger = InvocationLedger(price)
    invocations = [_make_invocation(number) for number in range(INVOCATIONS)]

    def add_all() -> None:
        for invocation in invocations:
            ledger.add_seen("orders", invocation)

    seconds = _time(add_all)
    assert ledger.totals("orders").invocations == INVOCATIONS
    return "invocations added to the ledger and priced", INVOCATIONS / seconds


def _measure_filters(store: LogStore, lines: list[str]) -> dict[str, Any]:
    """The filter over the store, beside rg or grep over a file of the same text."""
    peer = shutil.which("rg") or shutil.which("grep")
    if peer is None:
        return {}
    table, figures = [], {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for wanted, options in FILTERS:
            if Path(peer).name == "rg":
                options = [option.replace("-iE", "-i") for option in options]
            ours, theirs, count = _compare(store, wanted, [peer, "-c", *options, str(path)])
            median, low, high = ours.ratio(theirs)
            name = " ".join([Path(peer).name, "-c", *options])
            milliseconds = [f"{each.median * 1000:.0f} ms" for each in (ours, theirs)]
            table.append([wanted, f"{count:,}", name, *milliseconds, f"{median:.2f} ({low:.2f}-{high:.2f})"])
            figures[wanted] = {"peer": name, "ratio": [round(figure, 2) for figure in (median, low, high)]}
    show_table(
        f"Filters over {LINES:,} lines: here over the store, the peer over a file of the same text",
        ["filter", "lines found", "peer", "here", "peer", "ratio"],
        table,
    )
    return figures


def _compare(store: LogStore, wanted: str, command: list[str]) -> tuple[Samples, Samples, int]:
    ours, theirs = Samples("here"), Samples("peer")
    count = 0
    for _round in range(REPEATS):
        matcher = parse_filter(wanted)
        started = time.perf_counter()
        count = len(matcher.find(store, store.first, store.end))
        ours.values.append(time.perf_counter() - started)
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        started = time.perf_counter()
        answer = subprocess.run(command, capture_output=True, check=True, env=environment)
        theirs.values.append(time.perf_counter() - started)
        assert count == int(answer.stdout), f"{wanted}: {count} here, {answer.stdout!r} by {command[0]}"
    return ours, theirs, count


def _measure_function_filters() -> dict[str, Any]:
    """A keystroke in the function filter, beside grep over a file of the same names."""
    peer = shutil.which("grep")
    if peer is None:
        return {}
    chance = random.Random(7)
    names = [f"prod-{'-'.join(chance.choices(WORDS, k=3))}-{number}" for number in range(FUNCTIONS)]
    rows = [
        FunctionRow(
            "key",
            "shop",
            "123456789012",
            "eu-west-1",
            FunctionInfo(name, runtime="python3.13"),
            figures=Figures(1, errors=number % 3),
        )
        for number, name in enumerate(names)
    ]
    table, figures = [], {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.txt"
        path.write_text("\n".join(names) + "\n", encoding="utf-8")
        for wanted, peers in FUNCTION_FILTERS:
            ours, theirs = Samples("here"), Samples("peer")
            for _round in range(REPEATS):
                index = FilterIndex(rows)  # which knows nothing of an earlier keystroke
                started = time.perf_counter()
                found = index.find(parse(wanted), ranked=True)
                ours.values.append(time.perf_counter() - started)
                started = time.perf_counter()
                subprocess.run([peer, "-ciE", peers, str(path)], capture_output=True, check=True)
                theirs.values.append(time.perf_counter() - started)
            median, low, high = ours.ratio(theirs)
            times = [f"{each.median * 1000:.1f} ms" for each in (ours, theirs)]
            table.append([wanted, f"{len(found):,}", *times, f"{median:.2f} ({low:.2f}-{high:.2f})"])
            figures[wanted] = {"peer": "grep", "ratio": [round(figure, 2) for figure in (median, low, high)]}
    show_table(
        f"A keystroke in the filter over {FUNCTIONS:,} functions, and grep -ciE over a file of their names",
        ["filter", "functions found", "here", "grep", "ratio"],
        table,
    )
    return figures


def _make_lines() -> list[str]:
    chance = random.Random(7)
    return [
        f"2026-01-02T03:04:05.{at % 1000:03d}Z\tINFO\torder {at} {' '.join(chance.choices(WORDS, k=8))}"
        f"{' Timeout' if at % 100 == 0 else ''}"
        for at in range(LINES)
    ]


def _make_invocation(number: int) -> Invocation:
    report = Report(f"request-{number}", Decimal("12.34"), 13, 128, 40)
    at_ms = START_MS + number * 50
    return Invocation(
        "orders", report.request_id, at_ms, "stream", at_ms + 13, outcome=Outcome.OK, report=report
    )


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
