"""The table of a month, or of 30 days: a row for each function, or for each group of them."""

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject, Qt

from lambdadesk.core.money import format_amount, format_cents
from lambdadesk.core.month_view import MonthRow
from lambdadesk.core.month_words import get_why, say_change
from lambdadesk.ui.models.rows import NOTHING, Column, SortedTableModel

_NO_REPORTS: Final = "Not known: too few REPORT lines were read. “Last hour and since” reads them."


_SPOKEN: Final = {"": "", "≈ ": "about ", "≥ ": "at least "}


def _money(row: MonthRow, amount: Decimal | None, *, is_spoken: bool = False) -> str:
    if amount is None:
        return NOTHING
    sign = row.sign if amount else ""
    if is_spoken:
        sign = _SPOKEN[sign]
    return f"{sign}{format_amount(amount, row.currency)}"


def _change(row: MonthRow) -> str:
    if row.change is None:
        return "new" if row.full else NOTHING
    return say_change(round(100 * row.change))


def _change_spoken(row: MonthRow) -> str:
    if row.change is None:
        return "new" if row.full else "nothing to compare with"
    percent = round(100 * row.change)
    return f"{abs(percent):,} percent {'more' if percent > 0 else 'less' if percent < 0 else 'change'}"


def _change_tooltip(row: MonthRow) -> str:
    full, before = (format_amount(each, row.currency) for each in (row.full, row.before))
    return f"{full} on the full days of this time, {before} on as many before."


def _cold(row: MonthRow, *, is_spoken: bool = False) -> str:
    return _money(row, row.cold_cost, is_spoken=is_spoken)


def _cold_tooltip(row: MonthRow) -> str:
    if row.cold_cost is None:
        return _NO_REPORTS
    of = f" Known of {row.cold_of:,} of {row.functions:,} functions." if row.cold_of < row.functions else ""
    return f"What was billed for INIT and restore, by the share that it has in the REPORT lines.{of}"


def _logs_tooltip(row: MonthRow) -> str:
    if row.log_cost is None:
        return "Not offered by this endpoint: it does not tell how much was logged."
    return "What CloudWatch Logs takes for what was written to the log group; not part of the cost."


def _memory(row: MonthRow) -> str:
    return f"{row.used_mb:,}/{row.memory_mb:,} MB" if row.memory_mb else NOTHING


def _memory_tooltip(row: MonthRow) -> str:
    if row.headroom is None:
        return _NO_REPORTS
    which = "" if row.functions == 1 else "Of the function that comes nearest to its limit: "
    return f"{which}{100 * row.headroom:.0f} % of the memory was used by no run whose REPORT line was read."


_COLUMNS: Final = (
    Column[MonthRow](
        "Function",
        lambda row: row.name,
        sort_key=lambda row: (row.title.casefold(), row.connection.casefold(), row.region),
    ),
    Column[MonthRow](
        "Functions", lambda row: f"{row.functions:,}", sort_key=lambda row: row.functions, is_number=True
    ),
    Column[MonthRow](
        "Account",
        lambda row: row.connection,
        sort_key=lambda row: row.connection.casefold(),
        dot=lambda row: row.colour,
    ),
    Column[MonthRow]("Region", lambda row: row.region),
    Column[MonthRow](
        "Cost",
        lambda row: _money(row, row.cost),
        sort_key=lambda row: row.cost,
        is_number=True,
        tooltip=get_why,
        spoken=lambda row: _money(row, row.cost, is_spoken=True),
    ),
    Column[MonthRow](
        "Change",
        _change,
        # Where nothing was before, it grew the most.
        sort_key=lambda row: (
            (Decimal("Infinity") if row.full else None) if row.change is None else row.change
        ),
        is_number=True,
        tooltip=_change_tooltip,
        spoken=_change_spoken,
    ),
    Column[MonthRow](
        "Per million",
        lambda row: _money(row, row.per_million),
        sort_key=lambda row: row.per_million,
        is_number=True,
        tooltip=lambda row: "What a million invocations like these would cost.",
        spoken=lambda row: _money(row, row.per_million, is_spoken=True),
    ),
    Column[MonthRow](
        "Requests", lambda row: f"{row.requests:,}", sort_key=lambda row: row.requests, is_number=True
    ),
    Column[MonthRow](
        "Errors", lambda row: f"{row.errors:,}", sort_key=lambda row: row.errors, is_number=True
    ),
    Column[MonthRow](
        "GB-seconds",
        lambda row: f"{row.gb_seconds:,.{0 if row.gb_seconds >= 1_000 else 3}f}",
        sort_key=lambda row: row.gb_seconds,
        is_number=True,
    ),
    Column[MonthRow](
        "Errors' cost",
        lambda row: _money(row, row.error_cost),
        sort_key=lambda row: row.error_cost,
        is_number=True,
        tooltip=lambda row: (
            "What the invocations that failed cost: by their REPORT lines where all were read, "
            "else by their number."
        ),
        spoken=lambda row: _money(row, row.error_cost, is_spoken=True),
    ),
    Column[MonthRow](
        "Cold starts",
        _cold,
        sort_key=lambda row: row.cold_cost,
        is_number=True,
        tooltip=_cold_tooltip,
        spoken=lambda row: "not known" if row.cold_cost is None else _cold(row, is_spoken=True),
    ),
    Column[MonthRow](
        "Logs",
        lambda row: NOTHING if row.log_cost is None else format_cents(row.log_cost, row.currency),
        sort_key=lambda row: row.log_cost,
        is_number=True,
        tooltip=_logs_tooltip,
        spoken=lambda row: (
            "not offered" if row.log_cost is None else format_cents(row.log_cost, row.currency)
        ),
    ),
    Column[MonthRow](
        "Memory used",
        _memory,
        sort_key=lambda row: row.headroom,
        is_number=True,
        tooltip=_memory_tooltip,
        spoken=lambda row: _memory(row) if row.memory_mb else "not known",
    ),
    Column[MonthRow]("Basis", lambda row: row.basis, tooltip=get_why),
)
MONTH_SAMPLES: Final = (
    "some-function-with-a-name",
    "1,000",
    "production-admin",
    "eu-central-1",
    "≈ $0.000000888",
    "+1,000,000 %",
    "≈ $100,000.00",
    "1,000,000,000",
    "1,000,000",
    "100,000,000",
    "≈ $0.000000888",
    "≈ $0.000000888",
    "$1,000.00",
    "1,000/1,024 MB",
    "estimate",
)
COST_COLUMN: Final = 4
COUNT_COLUMN: Final = 1  # of no use where each row is a function
PLACE_COLUMNS: Final = (2, 3)  # of no use while one place is shown, or rows are groups


class MonthTableModel(SortedTableModel[MonthRow]):
    """Rows of functions, or of groups under another title; the dearest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.key, COST_COLUMN, parent)
        self._title = "Function"

    def show_title(self, title: str) -> None:
        """Say what the rows are."""
        if title != self._title:
            self._title = title
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 0)

    def get_rows(self) -> list[MonthRow]:
        """The rows in the order that is shown."""
        return list(self._shown)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if section == 0 and orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._title
        return super().headerData(section, orientation, role)
