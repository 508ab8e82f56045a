"""Lamps, what is wrong with a function or soon will be, each with what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, StrEnum

from lambdadesk.core.figures import Figures
from lambdadesk.core.runtimes import RuntimeTable, load_runtimes
from lambdadesk.core.types import FunctionInfo

SOON = timedelta(days=180)  # AWS gives notice that long before
NEAR_TIMEOUT = 0.8
NEAR_MEMORY = 0.9


class LampKind(StrEnum):
    """What a lamp is about; the values are what the filter calls them."""

    RUNTIME = "runtime"
    STATE = "state"
    UPDATE = "update"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    THROTTLED = "throttled"
    RECURSION = "recursion"
    CONCURRENCY = "concurrency"
    TRIGGER = "trigger"
    RETENTION = "retention"


class LampLevel(IntEnum):
    NOTE = 1  # nothing is wrong yet
    WARNING = 2  # something is lost, or soon will be
    ERROR = 3  # the function does not do what it should


@dataclass(frozen=True, slots=True)
class Lamp:
    """`text` is a sentence on what is, and one on what to do; it may quote AWS and is plain text."""

    kind: LampKind
    level: LampLevel
    text: str


@dataclass(frozen=True, slots=True)
class MemoryPeak:
    used_mb: int
    size_mb: int  # what the function had then

    @property
    def share(self) -> float:
        return self.used_mb / self.size_mb


def get_lamps(
    function: FunctionInfo,
    figures: Figures | None = None,
    *,
    today: date,
    runtimes: RuntimeTable | None = None,
    memory_peak: MemoryPeak | None = None,
    log_never_expires: bool | None = None,
    reserved_concurrency: int | None = None,
    dead_triggers: Sequence[str] = (),
) -> tuple[Lamp, ...]:
    """The lamps of a function by what is known of it, the gravest first. What is None lights none.

    log_never_expires: whether its log group has no retention. reserved_concurrency: 0 is "switched off".
    dead_triggers: those that do not work, in words.
    """
    lamps = [
        *_judge_runtime(function, today, runtimes or load_runtimes()),
        *_judge_state(function),
        *(_judge_figures(function, figures) if figures is not None else ()),
    ]
    if memory_peak is not None and memory_peak.share > NEAR_MEMORY:
        lamps.append(
            Lamp(
                LampKind.MEMORY,
                LampLevel.WARNING,
                f"A run used {memory_peak.used_mb:,} of {memory_peak.size_mb:,} MB. "
                "Give the function more memory before it runs out.",
            )
        )
    if reserved_concurrency == 0:
        lamps.append(
            Lamp(
                LampKind.CONCURRENCY,
                LampLevel.ERROR,
                "Its reserved concurrency is 0, so that it can't run at all. Raise or remove it.",
            )
        )
    if dead_triggers:
        lamps.append(
            Lamp(
                LampKind.TRIGGER,
                LampLevel.WARNING,
                f"Some of what should start it does not work: {'; '.join(dead_triggers)}. "
                "Its Triggers page says why.",
            )
        )
    if log_never_expires:
        lamps.append(
            Lamp(
                LampKind.RETENTION,
                LampLevel.NOTE,
                f"The log group {function.log_group_name} never expires and costs more each month. "
                "Set a retention.",
            )
        )
    return tuple(sorted(lamps, key=lambda lamp: -lamp.level))


def _judge_runtime(function: FunctionInfo, today: date, runtimes: RuntimeTable) -> Iterable[Lamp]:
    name = function.runtime
    dates = runtimes.get(name)
    if dates is None or dates.deprecation - today > SOON:
        return
    is_forecast = runtimes.is_forecast(dates.block_update)
    blocked = f"updates are refused from {dates.block_update}{' at the earliest' if is_forecast else ''}"
    if dates.block_update <= today:
        level = LampLevel.ERROR
        refused = f"may be refused since {dates.block_update}" if is_forecast else "are refused"
        said = f"{name} is deprecated since {dates.deprecation}, and updates {refused}"
    elif dates.deprecation <= today:
        level, said = LampLevel.WARNING, f"{name} is deprecated since {dates.deprecation}; {blocked}"
    else:
        level, said = LampLevel.NOTE, f"{name} will be deprecated on {dates.deprecation}; {blocked}"
    to_do = f"Use a newer runtime (dates of AWS's page, about {runtimes.published})."
    yield Lamp(LampKind.RUNTIME, level, f"{said}. {to_do}")


_STATES = {
    "Pending": (LampLevel.NOTE, "It is being created and can't run yet. Wait, then refresh."),
    "Inactive": (
        LampLevel.NOTE,
        "It is inactive since it was idle. The next invocation wakes it, and may fail.",
    ),
    "Failed": (LampLevel.ERROR, "It could not be created. Update or delete it."),
}


def _judge_state(function: FunctionInfo) -> Iterable[Lamp]:
    if function.state not in ("", "Active"):
        level, text = _STATES.get(
            function.state,
            (
                LampLevel.WARNING,
                f"Its state is {function.state}, so that it may not run. Look in the AWS console.",
            ),
        )
        yield Lamp(LampKind.STATE, level, _add_reason(text, function.state_reason))
    if function.last_update_status == "Failed":
        text = "Its last update failed, and it runs as before. Update it again."
        yield Lamp(LampKind.UPDATE, LampLevel.ERROR, _add_reason(text, function.last_update_reason))


def _add_reason(text: str, reason: str) -> str:
    return f"{text} AWS says: {reason}" if reason else text


def _judge_figures(function: FunctionInfo, figures: Figures) -> Iterable[Lamp]:
    if figures.recursions_stopped:
        yield Lamp(
            LampKind.RECURSION,
            LampLevel.ERROR,
            f"Lambda stopped {figures.recursions_stopped:,} invocations in 24 h since they went in circles. "
            "Find what it writes to that calls it again, or allow the loop in its configuration.",
        )
    if (
        function.timeout_s
        and figures.p95_ms is not None
        and figures.p95_ms >= NEAR_TIMEOUT * function.timeout_s * 1000
    ):
        yield Lamp(
            LampKind.TIMEOUT,
            LampLevel.WARNING,
            f"5 % of its invocations take {figures.p95_ms / 1000:,.1f} s or more, of a timeout of "
            f"{function.timeout_s:,} s. Raise the timeout, or give it more memory.",
        )
    if figures.throttles:
        yield Lamp(
            LampKind.THROTTLED,
            LampLevel.WARNING,
            f"{figures.throttles:,} invocations were throttled in 24 h. "
            "Raise its reserved concurrency, or the account's.",
        )
