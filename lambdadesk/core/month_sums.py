"""What CloudWatch counted of a place by day, as it is asked for and kept."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from lambdadesk.core.month_cost import DAYS, CountedDays, Provisioned, day_of
from lambdadesk.core.types import FunctionInfo

HOUR_MS = 3_600_000
LATE_MS = 3 * HOUR_MS  # after which a day is told no more: a run counts where it began, once it has ended
LISTED_MS = 14 * 24 * HOUR_MS  # how long CloudWatch lists a metric that gets no data any more

# What is counted of a function, of a log group, and of a version or alias with provisioned concurrency.
INVOCATIONS, ERRORS, DURATION_MS, BYTES, HOURS = "invocations", "errors", "duration_ms", "bytes", "hours"


@dataclass(frozen=True, slots=True)
class Counted:
    """Sums by day (ordinals), by what is counted; a day without any is absent.

    read_ms: when CloudWatch was asked, by its own clock. since: the first day that is known.
    is_complete: False where an answer was only a part.
    """

    read_ms: int
    since: int
    sums: dict[str, dict[int, float]] = field(default_factory=dict)
    is_complete: bool = True

    def get(self, what: str) -> dict[int, int]:
        return {day: round(value) for day, value in self.sums.get(what, {}).items()}

    def is_fresh(self, now_ms: int) -> bool:
        """Whether it is not worth money to ask again: for an hour."""
        return now_ms - self.read_ms < HOUR_MS

    def next_day(self, first: int) -> int:
        """The first day to ask for next time; first: the first that is wanted."""
        if self.since > first or not self.is_complete:
            return first
        return max(first, day_of(self.read_ms - LATE_MS))

    def updated(self, newer: "Counted", first: int) -> "Counted":
        """With a newer answer, which replaces the days that it is about; days before `first` go."""
        if newer.since > self.since:
            sums = {
                what: {day: value for day, value in days.items() if first <= day < newer.since}
                for what, days in self.sums.items()
            }
            for what, days in newer.sums.items():
                sums.setdefault(what, {}).update(days)
            return Counted(newer.read_ms, max(self.since, first), sums, newer.is_complete)
        return newer


@dataclass(slots=True)
class PlaceMonth:
    """Everything that is known of one place (a connection in a region).

    functions: by name. logs: by log group. provisioned: by (function, qualifier). concurrency: what is
    configured, by the same; None: it could not be read. details: of functions as they were when they were
    last counted. is_listed: whether CloudWatch listed all that ran, deleted or not; None: it was not asked.
    """

    functions: dict[str, Counted] = field(default_factory=dict)
    logs: dict[str, Counted] = field(default_factory=dict)
    provisioned: dict[tuple[str, str], Counted] = field(default_factory=dict)
    concurrency: dict[tuple[str, str], int] | None = field(default_factory=dict)
    details: dict[str, FunctionInfo] = field(default_factory=dict)
    is_listed: bool | None = None

    def update(self, newer: "PlaceMonth", first: int) -> None:
        """Take what an answer tells; all else stays as it was."""
        for mine, theirs in ((self.functions, newer.functions), (self.logs, newer.logs)):
            for name, counted in theirs.items():
                mine[name] = mine[name].updated(counted, first) if name in mine else counted
        for key, counted in newer.provisioned.items():
            before = self.provisioned.get(key)
            self.provisioned[key] = before.updated(counted, first) if before else counted
        self.concurrency = newer.concurrency

    def get_due(self, functions: Iterable[FunctionInfo], now_ms: int) -> list[FunctionInfo]:
        """The functions of which nothing is known, or only what was asked an hour ago or more."""
        return [
            each
            for each in functions
            if (counted := self.functions.get(each.name)) is None or not counted.is_fresh(now_ms)
        ]

    def get_gone(
        self, present: Container[str], first: int, reported: Container[str] = ()
    ) -> list[FunctionInfo]:
        """The functions that are no more, but ran since the day `first`, by CloudWatch or by REPORT lines."""
        return [
            self.describe(name)
            for name, counted in self.functions.items()
            if name not in present
            and (name in reported or any(day >= first for day in counted.sums.get(INVOCATIONS, ())))
        ]

    def describe(self, name: str) -> FunctionInfo:
        """A function as it was last seen; one that never was has no memory and no package type."""
        return self.details.get(name) or FunctionInfo(name, memory_mb=0, package_type="")

    def get_gone_due(self, names: Iterable[str], listed: Container[str], now_ms: int) -> list[str]:
        """Of functions that are no more those to ask for, never counted ones first.

        listed: what CloudWatch lists, so that there may be more of it than is known.
        """
        unknown, old = [], []
        for name in sorted(names):
            counted = self.functions.get(name)
            if counted is None:
                unknown.append(name)
            elif now_ms - counted.read_ms > (HOUR_MS if name in listed else LISTED_MS):
                old.append(name)
        return unknown + old

    def get_writers(self, functions: Iterable[FunctionInfo]) -> dict[str, list[str]]:
        """Which of these functions, as far as they were counted, write to each log group."""
        writers: dict[str, list[str]] = {}
        for each in functions:
            if each.name in self.functions:
                writers.setdefault(each.log_group_name, []).append(each.name)
        return writers

    def get_parts(self, function: FunctionInfo, writers: dict[str, list[str]]) -> tuple[object, ...]:
        """All that `to_sums` makes its sums of, to be compared with an earlier time."""
        group = function.log_group_name
        named = [(key, each) for key, each in self.provisioned.items() if key[0] == function.name]
        return (
            *(self.functions[name] for name in {function.name, *writers.get(group, ())}),
            self.logs.get(group),
            *(None if self.concurrency is None else (self.concurrency.get(key), each) for key, each in named),
        )

    def to_sums(
        self, function: FunctionInfo, writers: dict[str, list[str]], *, has_logs: bool = True
    ) -> CountedDays:
        """The sums of a function that was counted; writers: see `get_writers`.

        Bytes of a log group that several functions write to are shared out by their invocations of the day.
        has_logs: False where the endpoint tells no bytes at all.
        """
        counted = self.functions[function.name]
        invocations = counted.get(INVOCATIONS)
        log_bytes: dict[int, int] | None = {}
        logs = self.logs.get(function.log_group_name)
        if logs is not None:
            log_bytes = logs.get(BYTES)
            others = writers.get(function.log_group_name, ())
            if len(others) > 1:
                log_bytes = {
                    day: round(size * invocations.get(day, 0) / total)
                    for day, size in log_bytes.items()
                    if (total := sum(self.functions[name].get(INVOCATIONS).get(day, 0) for name in others))
                }
        provisioned = None
        if self.concurrency is not None:
            provisioned = tuple(
                Provisioned(qualifier, self.concurrency.get((name, qualifier), 0), *_hours_and_runs(each))
                for (name, qualifier), each in self.provisioned.items()
                if name == function.name
            )
        return CountedDays(
            invocations,
            counted.get(ERRORS),
            counted.sums.get(DURATION_MS, {}),
            log_bytes if has_logs else None,
            provisioned,
            counted.is_complete,
        )


def _hours_and_runs(counted: Counted) -> tuple[dict[int, int], dict[int, int]]:
    return counted.get(HOURS), counted.get(INVOCATIONS)


def most_gone(functions: int) -> int:
    """Of how many functions that were deleted one reading asks at most, so that its price can be told."""
    return max(20, functions // 5)


def first_day(now_ms: int) -> int:
    """The first of the days that are asked for and kept."""
    return day_of(now_ms) - DAYS + 1
