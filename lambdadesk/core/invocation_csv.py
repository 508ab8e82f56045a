"""Invocations as a CSV file: a row each, of what is known of it. Imported late, since numpy is slow to."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from lambdadesk.core.invocation_columns import OUTCOMES, UNKNOWN, InvocationColumns, Source
from lambdadesk.core.types import Invocation

COLUMNS: Final = (
    *("start", "version", "outcome", "error_type", "duration_ms", "init_ms", "restore_ms", "billed_ms"),
    *("memory_mb", "max_memory_mb", "cost", "currency", "cost_is_exact", "log_stream", "source"),
    "request_id",
)
SOURCE_WORDS: Final = {
    Source.LIVE: "log",
    Source.HERE: "answer",
    Source.PAST: "past range",
    Source.KEPT: "kept",
}
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE: Final = 20_000


class Stopped(Exception):  # noqa: N818  what was asked for
    """The export was cancelled."""


def to_csv(
    columns: InvocationColumns,
    tell: Callable[[float], bool],
    open_runs: Sequence[Invocation] = (),
    rows_at_once: int = _ROWS_AT_ONCE,
) -> bytes:
    """A row for each invocation, those that have not ended last. May be called in a thread.

    tell: is given the share that is done, and says whether to go on. Text that a spreadsheet would run as a
    formula gets an apostrophe. Raises Stopped.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for first in range(0, len(columns), rows_at_once):
        if not tell(first / len(columns)):
            raise Stopped
        part = columns.where(slice(first, first + rows_at_once))
        writer.writerows(map(_to_row, [part] * len(part), range(len(part))))
    writer.writerows(map(_to_open_row, open_runs))
    return out.getvalue().encode()


def _to_row(columns: InvocationColumns, row: int) -> list[object]:
    amount = columns.cost_at(row)
    currency = columns.currencies[int(columns.currency[row])] if amount is not None else ""
    return [
        _moment(int(columns.started_ms[row])),
        _harmless(columns.versions[int(columns.version[row])]),
        str(OUTCOMES[int(columns.outcome[row])]),
        _harmless(columns.error_types[int(columns.error_type[row])]),
        *(
            "" if np.isnan(array[row]) else repr(float(array[row]))
            for array in (columns.duration_ms, columns.init_ms, columns.restore_ms)
        ),
        *(
            "" if array[row] == UNKNOWN else int(array[row])
            for array in (columns.billed_ms, columns.memory_mb, columns.max_memory_mb)
        ),
        "" if amount is None else f"{amount:f}",
        currency,
        "" if amount is None else bool(columns.exact[row]),
        _harmless(columns.streams[int(columns.stream[row])]),
        SOURCE_WORDS[Source(int(columns.source[row]))],
        _harmless(columns.request_id(row)),
    ]


def _to_open_row(run: Invocation) -> list[object]:
    source = SOURCE_WORDS[Source.LIVE if run.stream or not run.here else Source.HERE]
    known = [_moment(run.started_ms), _harmless(run.version), str(run.outcome), _harmless(run.error_type)]
    return [*known, *("",) * 9, _harmless(run.stream), source, _harmless(run.request_id)]


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
