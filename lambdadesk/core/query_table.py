"""What a query of Logs Insights answers: rows and columns, each column of one kind."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from lambdadesk.core.insights import get_commands

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?")
_NEVER_NUMBERS = {"@message", "@log", "@logStream", "@requestId", "@ptr"}
_POINTER = "@ptr"


class ColumnKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"  # as Insights writes it: "2026-01-02 03:04:05.678", UTC


@dataclass(frozen=True, slots=True)
class ResultColumn:
    name: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class QueryTable:
    """Rows of a result as they were received; None where a row lacks a field.

    pointers: of each row, the id of its log event, empty where it is a figure made of several.
    """

    columns: tuple[ResultColumn, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    pointers: tuple[str, ...] = ()

    def column_of(self, name: str) -> int:
        """The number of the column with this name, -1 if there is none."""
        return next((number for number, each in enumerate(self.columns) if each.name == name), -1)

    def get(self, row: int, name: str) -> str:
        """A field of a row, empty where there is none."""
        column = self.column_of(name)
        return (self.rows[row][column] or "") if column >= 0 else ""

    @property
    def is_raw(self) -> bool:
        """Whether rows are log events, not figures made of several."""
        return any(self.pointers)


def make_table(results: Iterable[Iterable[tuple[str, str]]]) -> QueryTable:
    """A table of what GetQueryResults gives: each row as pairs of field and value, with columns as they come.

    A column is of numbers or times where all its values are.
    """
    rows = [dict(row) for row in results]
    pointers = tuple(row.pop(_POINTER, "") for row in rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = tuple(tuple(row.get(name) for name in names) for row in rows)
    columns = tuple(
        ResultColumn(name, _get_kind(name, [row[number] for row in values]))
        for number, name in enumerate(names)
    )
    return QueryTable(columns, values, pointers)


def _get_kind(name: str, values: Sequence[str | None]) -> ColumnKind:
    known = [value for value in values if value]
    if not known or name in _NEVER_NUMBERS:
        return ColumnKind.TEXT
    if all(_TIME.fullmatch(value) for value in known):
        return ColumnKind.TIME
    return ColumnKind.NUMBER if all(_NUMBER.fullmatch(value) for value in known) else ColumnKind.TEXT


def sort_values(table: QueryTable, column: int) -> list[float | str | None]:
    """What to sort the rows by in a column: numbers as such; None where a row has nothing there."""
    values = [row[column] or None for row in table.rows]
    if table.columns[column].kind is ColumnKind.NUMBER:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else value.casefold() for value in values]


def get_time_ms(text: str) -> int | None:
    """Epoch milliseconds of a time as Insights writes it; None where the text is none."""
    if not _TIME.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:  # the 30th of February
        return None
    return int(at.timestamp() * 1000 + 0.5)


def find_ignored(text: str, table: QueryTable) -> str:
    """The first command that the answer shows to have been passed over; empty where there is none.

    Log events can't come of `stats`, but endpoints that are not AWS give them.
    """
    return "stats" if table.is_raw and "stats" in get_commands(text) else ""
