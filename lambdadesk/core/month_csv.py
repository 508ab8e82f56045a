"""The rows of the month as CSV."""

import csv
import io
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from lambdadesk.core.month_view import MonthRow, Period


def to_csv(rows: Iterable[MonthRow], period: Period) -> bytes:
    """The rows as CSV in UTF-8, amounts to the last digit, then the cost of each day."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    days = [period.first + timedelta(days=number) for number in range((period.last - period.first).days + 1)]
    writer.writerow([*_CSV_COLUMNS, *(day.isoformat() for day in days)])
    for row in rows:
        writer.writerow(
            [
                _guarded(row.title),
                _guarded(row.connection),
                row.region,
                row.functions,
                row.currency,
                *(_plain(each) for each in (row.cost, row.full, row.before)),
                row.requests,
                row.errors,
                *(_plain(each) for each in (row.gb_seconds, row.per_million, row.error_cost, row.cold_cost)),
                _plain(row.log_cost),
                row.used_mb or "",
                row.memory_mb or "",
                row.basis,
                "deleted" if row.is_deleted else "",
                " ".join(row.notes),
                *(_plain(each) for each in row.costs),
            ]
        )
    return text.getvalue().encode()


_CSV_COLUMNS = (
    "name",
    "connection",
    "region",
    "functions",
    "currency",
    "cost",
    "cost_of_full_days",
    "cost_of_full_days_before",
    "requests",
    "errors",
    "gb_seconds",
    "cost_per_million",
    "cost_of_errors",
    "cost_of_cold_starts",
    "cost_of_log_ingestion",
    "most_memory_used_mb",
    "memory_mb",
    "basis",
    "state",
    "notes",
)


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.normalize():f}"


def _guarded(text: str) -> str:
    """What a spreadsheet would take for a formula is marked as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
