"""What became of a series: figures of its runs, their errors in groups, and the runs as files."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from lambdadesk.core.money import format_money
from lambdadesk.core.types import Outcome

_LONGEST_MESSAGE = 300
_NORMALISED = (
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b(?:0x[0-9a-fA-F]+|(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{8,})\b"), "<id>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
)


@dataclass(frozen=True, slots=True)
class SeriesRun:
    """One run of a series, without payload and response: the history has those under its id.

    number: its place in the series, from 1; entry_id: 0 where the history has none; line: of the file that
    its payload is from. Durations are None where there is no report; cost is None while it is not known.
    `was_throttled`: AWS did not run it.
    """

    number: int
    outcome: Outcome
    sent_ms: int
    entry_id: int = 0
    line: int = 0
    round_trip_ms: int | None = None
    duration_ms: Decimal | None = None
    billed_ms: int | None = None
    init_ms: Decimal | None = None
    max_memory_mb: int | None = None
    has_report: bool = False
    cost: Decimal | None = None
    currency: str = "USD"
    cost_exact: bool = True
    version: str = ""
    request_id: str = ""
    status_code: int = 0
    error_type: str = ""
    error: str = ""
    was_throttled: bool = False
    did_run: bool = True  # False: it was refused before the function was started

    @property
    def has_failed(self) -> bool:
        return self.outcome not in (Outcome.OK, Outcome.QUEUED, Outcome.RUNNING)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of so many values, each by nearest rank: a value that was measured, never one in between."""

    count: int
    p50: Decimal
    p90: Decimal
    p95: Decimal
    p99: Decimal
    max: Decimal


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Runs that failed alike: `message` has <n> for numbers; `example` is one of them as it was told."""

    error_type: str
    message: str
    count: int
    example: SeriesRun


@dataclass(frozen=True, slots=True)
class VersionResult:
    """The runs that one version answered."""

    version: str
    runs: int
    failed: int
    billed: Percentiles | None


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """Figures of a series. `cost` is the sum of what is known; `unknown_cost` runs are missing from it."""

    runs: int
    outcomes: tuple[tuple[Outcome, int], ...]
    throttled: int
    failed: int  # the throttled ones not among them
    elapsed_s: float
    billed: Percentiles | None
    duration: Percentiles | None
    round_trip: Percentiles | None
    cold: Percentiles | None  # round trips of runs with an INIT
    warm: Percentiles | None
    unreported: int  # cold or warm is not known
    errors: tuple[ErrorGroup, ...]
    versions: tuple[VersionResult, ...]
    cost: Decimal
    currency: str
    cost_exact: bool
    unknown_cost: int

    @property
    def per_s(self) -> float | None:
        """Answers a second; None where it was too short to tell."""
        return self.runs / self.elapsed_s if self.elapsed_s > 0 and self.runs else None


def percentiles(values: Iterable[Decimal | int]) -> Percentiles | None:
    """None where there are no values."""
    ordered = sorted(Decimal(value) for value in values)
    if not ordered:
        return None
    p50, p90, p95, p99 = (ordered[math.ceil(len(ordered) * share / 100) - 1] for share in (50, 90, 95, 99))
    return Percentiles(len(ordered), p50, p90, p95, p99, ordered[-1])


def summarise(runs: Sequence[SeriesRun], elapsed_s: float = 0.0) -> SeriesResult:
    """The figures of these runs; takes some 30 ms for 10,000."""
    ran = [run for run in runs if run.did_run]
    answered = [run for run in ran if run.round_trip_ms is not None and run.outcome is not Outcome.UNKNOWN]
    cold = [
        run.round_trip_ms for run in answered if run.init_ms is not None and run.round_trip_ms is not None
    ]
    warm = [
        run.round_trip_ms
        for run in answered
        if run.has_report and run.init_ms is None and run.round_trip_ms is not None
    ]
    priced = [run for run in ran if run.cost is not None]
    return SeriesResult(
        runs=len(runs),
        outcomes=tuple(Counter(run.outcome for run in runs if not run.was_throttled).most_common()),
        throttled=sum(run.was_throttled for run in runs),
        failed=sum(run.has_failed and not run.was_throttled for run in runs),
        elapsed_s=elapsed_s,
        billed=percentiles(run.billed_ms for run in ran if run.billed_ms is not None),
        duration=percentiles(run.duration_ms for run in ran if run.duration_ms is not None),
        round_trip=percentiles(run.round_trip_ms for run in answered if run.round_trip_ms is not None),
        cold=percentiles(cold),
        warm=percentiles(warm),
        unreported=sum(not run.has_report for run in ran),
        errors=group_errors(runs),
        versions=_by_version(ran),
        cost=sum((run.cost for run in priced if run.cost is not None), Decimal(0)),
        currency=priced[0].currency if priced else "USD",
        cost_exact=all(run.cost_exact for run in priced),
        unknown_cost=len(ran) - len(priced),
    )


def group_errors(runs: Iterable[SeriesRun]) -> tuple[ErrorGroup, ...]:
    """Runs that failed, put together by type and message, the most frequent first."""
    groups: dict[tuple[str, str], list[SeriesRun]] = {}
    for run in runs:
        if run.has_failed:
            key = "Throttled" if run.was_throttled else run.error_type or run.outcome.capitalize()
            groups.setdefault((key, normalise(run.error)), []).append(run)
    found = [ErrorGroup(*key, len(members), members[0]) for key, members in groups.items()]
    return tuple(sorted(found, key=lambda group: -group.count))


def normalise(message: str) -> str:
    """The message with what differs from run to run left out: ids, times and numbers."""
    for pattern, word in _NORMALISED:
        message = pattern.sub(word, message)
    return message


def read_error(response: bytes) -> tuple[str, str]:
    """errorType and errorMessage of what a failed function answered; empty where it has none."""
    try:
        answer = orjson.loads(response)
    except orjson.JSONDecodeError:
        return "", response[:_LONGEST_MESSAGE].decode(errors="replace")
    if not isinstance(answer, dict):
        return "", ""
    kind, message = (answer.get(name) for name in ("errorType", "errorMessage"))
    return (
        kind[:_LONGEST_MESSAGE] if isinstance(kind, str) else "",
        message[:_LONGEST_MESSAGE] if isinstance(message, str) else "",
    )


def histogram(values: Sequence[Decimal | int], bars: int = 24) -> tuple[tuple[float, float, int], ...]:
    """How many values lie in each of `bars` equal ranges: (from, to, count), the last one with its end."""
    if not values:
        return ()
    lowest, highest = float(min(values)), float(max(values))
    if lowest == highest:
        return ((lowest, highest, len(values)),)
    width = (highest - lowest) / bars
    counts = [0] * bars
    for value in values:
        counts[min(bars - 1, int((float(value) - lowest) / width))] += 1
    return tuple((lowest + at * width, lowest + (at + 1) * width, count) for at, count in enumerate(counts))


def tell(result: SeriesResult) -> str:
    """The figures as sentences, for a screen reader and to copy."""
    lines = [tell_shortly(result)]
    for name, figures in (
        ("Billed duration", result.billed),
        ("Duration", result.duration),
        ("Round trip", result.round_trip),
        ("Round trip of cold starts", result.cold),
        ("Round trip of warm starts", result.warm),
    ):
        if figures is not None:
            lines.append(
                f"{name} of {figures.count:,}: median {_ms(figures.p50)}, 90 % {_ms(figures.p90)}, "
                f"95 % {_ms(figures.p95)}, 99 % {_ms(figures.p99)}, longest {_ms(figures.max)}."
            )
    if result.unreported:
        lines.append(f"Cold or warm is not known of {result.unreported:,}: no REPORT line of them was seen.")
    for version in result.versions if len(result.versions) > 1 else ():
        lines.append(f"Version {version.version}: {version.runs:,} runs, {version.failed:,} failed.")
    lines += [
        f"{group.count:,} times {group.error_type}: {group.message}".rstrip(": ") for group in result.errors
    ]
    return "\n".join(lines)


def tell_shortly(result: SeriesResult) -> str:
    """The figures in one line."""
    parts = [f"{result.runs:,} run{'s' * (result.runs != 1)}"]
    parts += [f"{count:,} {outcome}" for outcome, count in result.outcomes]
    if result.throttled:
        parts.append(f"{result.throttled:,} throttled")
    if result.per_s is not None:
        parts.append(f"{result.per_s:,.1f} a second")
    return " · ".join([*parts, tell_cost(result)])


def tell_cost(result: SeriesResult) -> str:
    """The cost, and how sure it is."""
    about = "" if result.cost_exact else "≈ "
    if result.unknown_cost == 0:
        return f"{about}{format_money(result.cost, result.currency)}"
    if result.unknown_cost == result.runs - result.throttled and not result.cost:
        return "cost not known yet"
    return f"at least {about}{format_money(result.cost, result.currency)} ({result.unknown_cost:,} not known)"


_FIELDS = (
    "number",
    "line",
    "outcome",
    "error_type",
    "error",
    "was_throttled",
    "status_code",
    "sent_ms",
    "round_trip_ms",
    "duration_ms",
    "billed_ms",
    "init_ms",
    "max_memory_mb",
    "cost",
    "currency",
    "cost_exact",
    "version",
    "request_id",
)


def to_csv(runs: Iterable[SeriesRun]) -> str:
    """The runs as CSV; text that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_FIELDS)
    for run in runs:
        writer.writerow([_to_cell(getattr(run, name)) for name in _FIELDS])
    return out.getvalue()


def to_ndjson(runs: Iterable[SeriesRun]) -> str:
    """The runs, one JSON object a line; money is a string, so that nothing rounds it."""
    return "".join(f"{orjson.dumps(_to_object(run)).decode()}\n" for run in runs)


def to_json(runs: Sequence[SeriesRun], result: SeriesResult) -> str:
    """The figures and all runs as one JSON document."""
    document = {
        "runs": result.runs,
        "failed": result.failed,
        "throttled": result.throttled,
        "elapsed_s": result.elapsed_s,
        "cost": f"{result.cost:f}",
        "currency": result.currency,
        "cost_is_exact": result.cost_exact and not result.unknown_cost,
        "cost_unknown_of": result.unknown_cost,
        "billed_ms": _to_figures(result.billed),
        "round_trip_ms": _to_figures(result.round_trip),
        "round_trip_cold_ms": _to_figures(result.cold),
        "round_trip_warm_ms": _to_figures(result.warm),
        "errors": [
            {"type": group.error_type, "message": group.message, "count": group.count}
            for group in result.errors
        ],
        "all": [_to_object(run) for run in runs],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _by_version(runs: Iterable[SeriesRun]) -> tuple[VersionResult, ...]:
    groups: dict[str, list[SeriesRun]] = {}
    for run in runs:
        if run.version:
            groups.setdefault(run.version, []).append(run)
    return tuple(
        VersionResult(
            version,
            len(members),
            sum(run.has_failed for run in members),
            percentiles(run.billed_ms for run in members if run.billed_ms is not None),
        )
        for version, members in sorted(groups.items())
    )


def _ms(value: Decimal) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:,.2f}".rstrip("0").rstrip(".") + " ms"


def _to_cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return f"{value:f}" if isinstance(value, Decimal) else value


def _to_object(run: SeriesRun) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in _FIELDS}
    for name in ("duration_ms", "init_ms"):
        values[name] = None if values[name] is None else float(values[name])
    values["cost"] = None if run.cost is None else f"{run.cost:f}"
    # Halves of characters, which a function may answer, can't be written.
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in values.items()
    }


def _to_figures(figures: Percentiles | None) -> dict[str, float] | None:
    if figures is None:
        return None
    return {name: float(getattr(figures, name)) for name in ("count", "p50", "p90", "p95", "p99", "max")}
