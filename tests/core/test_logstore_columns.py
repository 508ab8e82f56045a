"""Lines that are added column by column stand where they would stand as rows."""

from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.logstore import LogRow, LogStore
from tests.core.test_logstore import rows_of, rows_of_any_time


def add_columns(store: LogStore, rows: list[LogRow]) -> int:
    timestamps, ingestions, streams, messages, kinds, levels, invocations, lates, _ids = zip(
        *rows, strict=True
    )
    return store.add_columns(
        timestamps,
        ingestions,
        streams,
        messages,
        bytes(kinds),
        bytes(levels),
        invocations,
        bytes(lates),
        {invocation: f"request-{invocation}" for invocation in invocations if invocation >= 0},
    )


@given(st.lists(rows_of_any_time, max_size=6), st.booleans())
def test_columns_are_rows(batches: list[list[LogRow]], in_order: bool) -> None:
    by_row, by_column = LogStore(cap=64), LogStore(cap=64)  # blocks of four lines
    changes: list[int] = []
    by_column.changed.connect(changes.append)
    later_ms = 0
    for batch in batches:
        rows = [
            row._replace(request_id=f"request-{row.invocation}" if row.invocation >= 0 else "")
            for row in batch
        ]
        if in_order and rows:
            rows = sorted(row._replace(timestamp_ms=row.timestamp_ms + later_ms) for row in rows)
            rows.sort(key=lambda row: (row.timestamp_ms, row.ingestion_ms))
            later_ms = rows[-1].timestamp_ms + 1
        if rows:
            assert add_columns(by_column, rows) == by_row.add(rows) == changes[-1]
    assert rows_of(by_column) == rows_of(by_row)
    assert by_column.character_count == by_row.character_count
    assert by_column.first == by_row.first
