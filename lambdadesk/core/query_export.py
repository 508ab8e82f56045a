"""A query's result written out, as it was received: CSV, JSON, NDJSON, and one row for a tree."""

import csv
import io
import json
from collections.abc import Sequence

from lambdadesk.core.query_table import ColumnKind, QueryTable


def to_csv(table: QueryTable) -> bytes:
    """The rows with a header, as RFC 4180 has it. A text that a spreadsheet would run has a ' before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    numbers = [column.kind is ColumnKind.NUMBER for column in table.columns]
    for row in table.rows:
        writer.writerow(
            [
                value if is_number else _defused(value or "")
                for value, is_number in zip(row, numbers, strict=True)
            ]
        )
    return out.getvalue().encode()


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def to_ndjson(table: QueryTable) -> bytes:
    """One JSON object a line; numbers as they were received, absent fields left off."""
    return "".join(f"{_row_json(table, row)}\n" for row in table.rows).encode()


def to_json(table: QueryTable) -> bytes:
    """One JSON array."""
    rows = ",\n  ".join(_row_json(table, row) for row in table.rows)
    return f"[\n  {rows}\n]\n".encode() if rows else b"[]\n"


def _row_json(table: QueryTable, row: Sequence[str | None]) -> str:
    pairs = (
        f"{json.dumps(column.name)}: {value if column.kind is ColumnKind.NUMBER else json.dumps(value)}"
        for column, value in zip(table.columns, row, strict=True)
        if value is not None and not (column.kind is ColumnKind.NUMBER and value == "")
    )
    return f"{{{', '.join(pairs)}}}"


def row_to_json(table: QueryTable, number: int) -> bytes:
    """A row for a tree: its fields, those that hold JSON themselves opened up."""
    parts = []
    for column, value in zip(table.columns, table.rows[number], strict=True):
        if value is None:
            continue
        text = json.dumps(value)
        if column.kind is ColumnKind.NUMBER and value:
            text = value
        elif value.lstrip()[:1] in ("{", "["):
            try:
                json.loads(value)
                text = value
            except (ValueError, RecursionError):
                pass
        parts.append(f"{json.dumps(column.name)}: {text}")
    return f"{{{', '.join(parts)}}}".encode()
