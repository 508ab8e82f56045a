"""The table of all functions and the memory that they used."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from lambdadesk.core.money import format_money
from lambdadesk.ui.models.rows import NOTHING, Column, SortedTableModel

if TYPE_CHECKING:
    from lambdadesk.core.right_size import RightSize
    from lambdadesk.desk.right_size import RightSizeRow

SAVING_COLUMN: Final = 8
PLACE_COLUMNS: Final = (1, 2)
RIGHT_SIZE_SAMPLES: Final = (
    "some-function-with-a-name",
    "production-admin",
    "eu-central-1",
    "10,240 MB",
    "10,240 MB",
    "10,240 MB",
    "iiiiiii more than needed",
    "10,240 MB",
    "≈ $1,000.000000 to $1,000.000000",
    "1,000,000",
    "123.4 days",
)


class RightSizeModel(SortedTableModel["RightSizeRow"]):
    """One row a function, sorted by what its suggested size may save."""

    def __init__(self, parent: QObject | None = None) -> None:
        columns = (
            Column["RightSizeRow"](
                "Function",
                lambda row: row.found.function.name,
                tooltip=lambda row: "\n".join(row.found.headroom.notes),
                dot=lambda row: row.connection.info.colour,
            ),
            Column["RightSizeRow"]("Connection", lambda row: row.connection.target.title),
            Column["RightSizeRow"]("Region", lambda row: row.connection.target.region),
            _size("Set", "memory_mb"),
            _size("Used most", "used_most_mb"),
            _size("99 %", "used_p99_mb"),
            Column["RightSizeRow"](
                "Memory",
                lambda row: row.found.headroom.verdict.value,
                status=lambda row: verdict_status(row.found),
                tooltip=lambda row: "\n".join(row.found.headroom.notes),
            ),
            _size("Suggested", "suggested_mb"),
            Column["RightSizeRow"](
                "May save",
                lambda row: saving_text(row.found),
                sort_key=lambda row: None if row.found.saving is None else row.found.saving.high,
                is_number=True,
            ),
            Column["RightSizeRow"](
                "Runs",
                lambda row: f"{row.found.headroom.runs:,}",
                sort_key=lambda row: row.found.headroom.runs,
                is_number=True,
            ),
            Column["RightSizeRow"](
                "Observed",
                lambda row: span_of(row.found.headroom.observed_ms),
                sort_key=lambda row: row.found.headroom.observed_ms,
                is_number=True,
            ),
        )
        super().__init__(columns, lambda row: row.key, SAVING_COLUMN, parent)


def _size(title: str, key: str) -> "Column[RightSizeRow]":
    def value(row: "RightSizeRow") -> int | None:
        found: int | None = getattr(row.found.headroom, key)
        return found

    def text(row: "RightSizeRow") -> str:
        found = value(row)
        return f"{found:,} MB" if found else NOTHING  # emulators report 0 where they do not know

    return Column["RightSizeRow"](title, text, sort_key=value, is_number=True)


def verdict_status(found: "RightSize") -> tuple[str, str]:
    """The icon and the colour of what is said of a size."""
    return {
        "fits": ("ok", "ok"),
        "more than needed": ("info", "accent"),
        "too little": ("warning", "warning"),
    }.get(found.headroom.verdict.value, ("help", "dim"))


def saving_text(found: "RightSize") -> str:
    """Both ends of what the suggested size may save, by the model."""
    saving, currency = found.saving, found.currency
    if saving is None:
        return NOTHING
    if saving.high <= 0:
        return f"costs up to {format_money(-saving.low, currency)} more"
    low = max(Decimal(0), saving.low)
    return f"≈ {format_money(low, currency)} to {format_money(saving.high, currency)}"


def span_of(span_ms: int) -> str:
    """A length of time in its largest unit: "3.4 days", "5 h", "12 min"."""
    hours = span_ms / 3_600_000
    if hours >= 48:
        return f"{hours / 24:,.1f} days"
    return f"{hours:,.1f} h" if hours >= 1 else f"{max(0, round(hours * 60)):,} min"
