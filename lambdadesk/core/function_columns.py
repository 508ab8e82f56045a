"""The columns of the function table: what each shows, and what it is sorted by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lambdadesk.core.cost_text import explain_shortly
from lambdadesk.core.figures import Figures
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.money import format_money
from lambdadesk.core.types import FunctionInfo

UNKNOWN = "—"  # not known, or not there
_AGES = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (86_400 * 60, 86_400, "d"))
_MONTH_S = 86_400 * 30.44


@dataclass(frozen=True, slots=True)
class FunctionColumn:
    """One column. Texts are plain, and may be from outside.

    key: what settings and the header's menu call it. text: of a row at `now_s` (epoch seconds).
    sort_key: None sorts last in either direction. is_shown: before the user chose otherwise.
    explain: more on the value, for hovering; empty where there is no more to say.
    """

    key: str
    title: str
    text: Callable[[FunctionRow, float], str]
    sort_key: Callable[[FunctionRow], Any]
    is_number: bool = False
    is_shown: bool = True
    explain: Callable[[FunctionRow], str] = lambda _row: ""


def get_column(key: str) -> FunctionColumn:
    """The column of that key; KeyError where there is none."""
    return _BY_KEY[key]


def format_age(moment: datetime, now_s: float) -> str:
    """How long ago that was, in its largest unit: "5 min ago"."""
    seconds = max(0.0, now_s - moment.timestamp())
    for below, unit_s, unit in _AGES:
        if seconds < below:
            return f"{int(seconds // unit_s)} {unit} ago"
    months = int(seconds // _MONTH_S)
    return f"{months} months ago" if months < 24 else f"{months // 12} years ago"


def format_seconds(seconds: int) -> str:
    """A timeout: "3 s", "1 min 30 s"."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{seconds} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def format_duration(duration_ms: float) -> str:
    """A measured duration to three digits: "3.42 ms", "812 ms", "12.4 s"."""
    value, unit = (duration_ms, "ms") if duration_ms < 999.5 else (duration_ms / 1000, "s")
    places = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{places}f} {unit}"


def get_runtime(function: FunctionInfo) -> str:
    """The runtime's name; container images have none."""
    return function.runtime or ("container image" if function.package_type == "Image" else UNKNOWN)


def _text(
    key: str,
    title: str,
    get: Callable[[FunctionRow], str],
    *,
    is_shown: bool = True,
    explain: Callable[[FunctionRow], str] = lambda _row: "",
) -> FunctionColumn:
    return FunctionColumn(
        key,
        title,
        lambda row, _now_s: get(row) or UNKNOWN,
        lambda row: get(row).casefold() or None,
        False,
        is_shown,
        explain,
    )


def _number(
    key: str,
    title: str,
    get: Callable[[FunctionRow], int],
    text: Callable[[int], str],
    *,
    is_shown: bool = True,
) -> FunctionColumn:
    return FunctionColumn(key, title, lambda row, _now_s: text(get(row)), get, True, is_shown)


def _figure(
    key: str,
    title: str,
    get: Callable[[Figures], Any],
    text: Callable[[Any], str] = "{:,}".format,
    *,
    is_shown: bool = True,
    explain: Callable[[FunctionRow], str] | None = None,
) -> FunctionColumn:
    def get_value(row: FunctionRow) -> Any:
        return None if row.figures is None else get(row.figures)

    def get_text(row: FunctionRow, _now_s: float) -> str:
        value = get_value(row)
        if value is None or row.figures is None:
            return UNKNOWN
        return text(value) if row.figures.is_complete else f"≥ {text(value)}"

    return FunctionColumn(key, title, get_text, get_value, True, is_shown, explain or _explain_figures)


def _explain_figures(row: FunctionRow) -> str:
    if row.figures is None:
        return "Not known yet."
    if not row.figures.is_complete:
        return "CloudWatch gave only a part: it may be more."
    return "The 24 hours up to the last full 5 minutes."


def _get_cost_text(row: FunctionRow, _now_s: float) -> str:
    cost = row.figures.cost if row.figures else None
    return UNKNOWN if cost is None else f"≈ {format_money(cost.amount, cost.currency)}"


def _explain_cost(row: FunctionRow) -> str:
    cost = row.figures.cost if row.figures else None
    return _explain_figures(row) if cost is None else "\n".join((explain_shortly(cost), *_note_part(row)))


def _note_part(row: FunctionRow) -> tuple[str, ...]:
    return (_explain_figures(row),) if row.figures and not row.figures.is_complete else ()


def _get_hours_text(row: FunctionRow, _now_s: float) -> str:
    figures = row.figures
    if figures is None:
        return UNKNOWN
    if not figures.invocations:
        return "not invoked"
    peak = max(figures.invocations_per_hour)
    text = f"{figures.invocations:,} invocations, at most {peak:,} in an hour, {figures.errors:,} errors"
    return text if figures.is_complete else f"at least {text}"


def _explain_hours(row: FunctionRow) -> str:
    if row.figures is None:
        return _explain_figures(row)
    return f"{_get_hours_text(row, 0)}\n{_explain_figures(row)}"


def _get_tags(row: FunctionRow) -> str:
    return ", ".join(f"{key}={value}" if value else key for key, value in sorted((row.tags or {}).items()))


def _get_triggers_text(row: FunctionRow, _now_s: float) -> str:
    kinds = ", ".join(row.triggers or ())
    if row.knows_triggers:
        return kinds or "none"
    return f"{kinds}, …" if kinds else UNKNOWN


def _explain_triggers(row: FunctionRow) -> str:
    if not row.knows_triggers:
        return "Its policy was not read yet: there may be more." if row.triggers else "Not known yet."
    return "By its event source mappings and its policy; its Triggers page looks further."


def _get_change_s(row: FunctionRow) -> float | None:
    moment = row.function.last_modified
    return moment.timestamp() if moment else None


def _get_change_text(row: FunctionRow, now_s: float) -> str:
    moment = row.function.last_modified
    return format_age(moment, now_s) if moment else UNKNOWN


def _explain_change(row: FunctionRow) -> str:
    moment = row.function.last_modified
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") if moment else ""


COLUMNS = (
    FunctionColumn(
        "name",
        "Function",
        lambda row, _now_s: row.function.name,
        lambda row: row.function.name.casefold(),
        explain=lambda row: f"{row.function.name}\n{row.function.description}".strip(),
    ),
    FunctionColumn(
        "lamps",
        "Lamps",
        lambda row, _now_s: ", ".join(lamp.kind for lamp in row.lamps),
        # The gravest first when sorted downwards.
        lambda row: (max(lamp.level for lamp in row.lamps), len(row.lamps)) if row.lamps else None,
        explain=lambda row: "\n".join(lamp.text for lamp in row.lamps),
    ),
    _text(
        "connection",
        "Connection",
        lambda row: row.connection,
        is_shown=False,
        explain=lambda row: f"{row.connection}\n{row.account}".strip(),
    ),
    _text("region", "Region", lambda row: row.region, is_shown=False),
    _text(
        "runtime",
        "Runtime",
        lambda row: get_runtime(row.function),
        explain=lambda row: f"{get_runtime(row.function)}, {row.function.architecture}",
    ),
    _text("architecture", "Architecture", lambda row: row.function.architecture, is_shown=False),
    _number("memory", "Memory", lambda row: row.function.memory_mb, "{:,} MB".format),
    _number("timeout", "Timeout", lambda row: row.function.timeout_s, format_seconds),
    _number("storage", "Storage", lambda row: row.function.ephemeral_mb, "{:,} MB".format, is_shown=False),
    _text("package", "Package", lambda row: row.function.package_type, is_shown=False),
    FunctionColumn("change", "Last change", _get_change_text, _get_change_s, explain=_explain_change),
    _text("account", "Account", lambda row: row.account, is_shown=False),
    _text("tags", "Tags", _get_tags, is_shown=False),
    FunctionColumn(
        "triggers",
        "Triggers",
        _get_triggers_text,
        lambda row: ", ".join(row.triggers or ()) or None,
        is_shown=False,
        explain=_explain_triggers,
    ),
    _figure("invocations", "Invocations", lambda figures: figures.invocations),
    _figure("errors", "Errors", lambda figures: figures.errors),
    _figure("p95", "p95", lambda figures: figures.p95_ms, format_duration),
    _figure("throttles", "Throttles", lambda figures: figures.throttles, is_shown=False),
    _figure("concurrency", "Concurrency", lambda figures: figures.concurrency, is_shown=False),
    FunctionColumn(
        "cost",
        "Cost",
        _get_cost_text,
        lambda row: row.figures.cost.amount if row.figures and row.figures.cost else None,
        is_number=True,
        explain=_explain_cost,
    ),
    FunctionColumn(
        "hours",
        "24 h",
        _get_hours_text,
        lambda row: row.figures and max(row.figures.invocations_per_hour),
        explain=_explain_hours,
    ),
)
_BY_KEY = {column.key: column for column in COLUMNS}
