"""The sums of each function's days in the file of invocations. Imported late, with numpy.

To write invocations only marks their days: they are added up when somebody asks for their sums.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from lambdadesk.core.day_sums import DaySums
from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns, limbs_of, to_amount
from lambdadesk.store.invocation_rows import load_rows

DAY_MS: Final = 24 * 3600 * 1000
_SUMMED: Final = (
    *("invocations", "errors", "cold_starts", "mb_ms", "cold_mb_ms", "duration_ms"),
    *("cost_1", "cost_2", "cost_3", "errors_1", "errors_2", "errors_3", "inexact", "unknown_cost"),
)
_SUMS: Final = ", ".join((*(f"sum({name})" for name in _SUMMED), "max(memory_mb)", "max(max_memory_mb)"))
_SUMS_BY: Final = f"""
SELECT {{what}}, {_SUMS}, day.currency FROM day JOIN function ON function.id = day.function
WHERE function.target_key = ? AND day.day BETWEEN ? AND ? {{more}}
GROUP BY {{what}}, day.currency ORDER BY {{what}}, max(day.day) DESC
"""  # noqa: S608  our own names only


def read_sums(
    connection: sqlite3.Connection, target_key: str, span: tuple[int, int], what: str, function: str
) -> dict[Any, DaySums]:
    """The sums of days by `what`, a column of `day` or `function`; of one function or ("") of all."""
    more, name = ("AND function.name = ?", [function]) if function else ("", [])
    found: dict[Any, DaySums] = {}
    for key, *values in connection.execute(_SUMS_BY.format(what=what, more=more), (target_key, *span, *name)):
        sums = _to_sums(values)
        found[key] = found[key].plus(sums) if key in found else sums
    return found


def is_stale(connection: sqlite3.Connection, first: int, last: int) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM stale WHERE day BETWEEN ? AND ?)"
    return bool(connection.execute(query, (first, last)).fetchone()[0])


def sum_up(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Bring the sums of days up to date in which something was written."""
    days: dict[int, list[int]] = {}
    for function, day in connection.execute("SELECT * FROM stale WHERE day BETWEEN ? AND ?", (first, last)):
        days.setdefault(function, []).append(day)
    marks = ", ".join("?" * (len(_SUMMED) + 5))
    for function, stale in days.items():
        for span in _runs_of(sorted(stale)):
            columns = load_rows(connection, function, span[0] * DAY_MS, (span[-1] + 1) * DAY_MS)
            connection.execute(
                "DELETE FROM day WHERE function = ? AND day BETWEEN ? AND ?", (function, span[0], span[-1])
            )
            rows = [(function, *row) for row in _day_rows(columns)]
            connection.executemany(f"INSERT INTO day VALUES ({marks})", rows)  # noqa: S608
    connection.execute("DELETE FROM stale WHERE day BETWEEN ? AND ?", (first, last))


def _runs_of(days: Sequence[int]) -> list[list[int]]:
    """Days that follow each other together."""
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _day_rows(columns: InvocationColumns) -> list[tuple[Any, ...]]:
    """The day and what `day` has of it, for each day in which one of them started."""
    if not len(columns):
        return []
    days = columns.started_ms // DAY_MS
    firsts = np.flatnonzero(np.append(True, days[1:] != days[:-1]))
    known, currency = columns.priced
    failed, cold = columns.failed, columns.cold
    sized = (columns.billed_ms != UNKNOWN) & (columns.memory_mb != UNKNOWN)
    memory = np.where(sized, columns.memory_mb, 0).astype(np.int64)
    handler_ms = np.ceil(np.nan_to_num(columns.duration_ms)).astype(np.int64)
    cold_ms = np.where(cold, np.maximum(0, columns.billed_ms - handler_ms), 0)
    limbs = limbs_of(columns, known)
    summed = [
        *(np.ones(len(columns), np.int64), failed, cold, columns.billed_ms * memory, cold_ms * memory),
        np.nan_to_num(columns.duration_ms),
        *limbs,
        *(np.where(failed, limb, 0) for limb in limbs),
        *(known & ~columns.exact, ~known),
    ]
    sums = [
        np.add.reduceat(each.astype(each.dtype if each.dtype.kind == "f" else np.int64), firsts)
        for each in summed
    ]
    most = [
        np.maximum.reduceat(np.maximum(each, 0), firsts)
        for each in (columns.memory_mb, columns.max_memory_mb)
    ]
    rows = zip(days[firsts].tolist(), *(each.tolist() for each in (*sums, *most)), strict=True)
    return [(*row, currency) for row in rows]


def _to_sums(values: Sequence[Any]) -> DaySums:
    sums = dict(zip((*_SUMMED, "memory_mb", "max_memory_mb", "currency"), values, strict=True))
    for name, limbs in (("cost", values[6:9]), ("errors_cost", values[9:12])):
        sums[name] = to_amount(*limbs)
    return DaySums(**{name: value for name, value in sums.items() if not name[-1].isdigit()})


def day_to_keep(connection: sqlite3.Connection, share: float) -> int:
    """From which day on no more than this share of the invocations started; the last day stays anyway."""
    days = connection.execute("SELECT day, sum(invocations) FROM day GROUP BY day ORDER BY day").fetchall()
    total = connection.execute("SELECT count(*) FROM invocation").fetchone()[0]
    first_day = connection.execute("SELECT first_day FROM bound").fetchone()[0]
    over = total * (1 - share)
    for day, count in days[:-1]:
        if over <= 0:
            return int(day)
        over -= count if day >= first_day else 0
    return int(days[-1][0]) if days else 0
