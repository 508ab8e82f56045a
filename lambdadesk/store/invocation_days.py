"""The sums of each function's days in the file of invocations. Imported late, with numpy.

To write invocations only marks their days: they are added up when somebody asks for their sums.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lambdadesk.core.day_sums import DaySums
from lambdadesk.core.invocation_columns import UNKNOWN, limbs_of, to_amount
from lambdadesk.core.invocation_keys import logged_elsewhere
from lambdadesk.store.invocation_rows import FACTS, KEY, read_bytes

DAY_MS: Final = 24 * 3600 * 1000
_DAYS: Final = 1 << 24  # more than there are
_AT_ONCE: Final = 100_000  # rows that are added up together
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
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


def _to_sums(values: Sequence[Any]) -> DaySums:
    sums = dict(zip((*_SUMMED, "memory_mb", "max_memory_mb", "currency"), values, strict=True))
    for name, limbs in (("cost", values[6:9]), ("errors_cost", values[9:12])):
        sums[name] = to_amount(*limbs)
    return DaySums(**{name: value for name, value in sums.items() if not name[-1].isdigit()})


def sum_up(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Bring the sums of days up to date in which something was written."""
    query = "SELECT function, day FROM stale WHERE day BETWEEN ? AND ?"
    stale = connection.execute(query, (first, last)).fetchall()
    connection.executemany("DELETE FROM day WHERE function = ? AND day = ?", stale)
    keys, facts = bytearray(), bytearray()
    days: list[int] = []
    for function, first_day, end_day in _spans(stale):
        some_keys, some_facts = read_bytes(connection, function, first_day * DAY_MS, end_day * DAY_MS)
        keys += some_keys
        facts += some_facts
        days += [_number(function, day) for day in range(first_day, end_day)]
        if len(keys) > _AT_ONCE * KEY.itemsize:
            _add_sums(connection, keys, facts, days)
            keys, facts, days = bytearray(), bytearray(), []
    _add_sums(connection, keys, facts, days)
    connection.execute("DELETE FROM stale WHERE day BETWEEN ? AND ?", (first, last))


def _spans(stale: Iterable[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(function, first day, day after the last) of days that follow each other."""
    spans: list[tuple[int, int, int]] = []
    for function, day in sorted(stale):
        if spans and spans[-1][0] == function and spans[-1][2] == day:
            spans[-1] = (function, spans[-1][1], day + 1)
        else:
            spans.append((function, day, day + 1))
    return spans


def _number(function: Any, day: Any) -> Any:
    """One number for a day of a function."""
    return function * _DAYS + day


def _add_sums(connection: sqlite3.Connection, keys: bytearray, facts: bytearray, days: Sequence[int]) -> None:
    """Store the sums of these rows, as far as they started on these days."""
    unlogged = connection.execute("SELECT id FROM name WHERE text = ''").fetchone()
    rows, currencies = _sums_of(
        np.frombuffer(keys, KEY), np.frombuffer(facts, FACTS), days, unlogged[0] if unlogged else -1
    )
    query = "SELECT text FROM name WHERE id = ?"
    names = {each: connection.execute(query, (each,)).fetchone()[0] for each in set(currencies)}
    marks = ", ".join("?" * (len(_SUMMED) + 5))
    connection.executemany(
        f"INSERT INTO day VALUES ({marks})",  # noqa: S608
        [(*row, names[currency]) for row, currency in zip(rows, currencies, strict=True)],
    )


def _sums_of(
    keys: NDArray[Any], facts: NDArray[Any], days: Sequence[int], unlogged: int
) -> tuple[list[tuple[Any, ...]], list[int]]:
    """What the table has of each day, but for the currency; and the ids of these."""
    functions = keys["function"].astype(np.int64)
    # A request belongs to its function: emulators may number them.
    hi = keys["hi"].astype(np.uint64) + functions.astype(np.uint64) * _ODD
    numbers = _number(functions, facts["started_ms"] // DAY_MS)
    counted = np.isin(numbers, days)
    counted &= ~logged_elsewhere(hi, keys["lo"].astype(np.uint64), keys["stream"] == unlogged)
    order = np.flatnonzero(counted)
    order = order[np.argsort(numbers[order], kind="stable")]
    facts, numbers = facts[order], numbers[order]
    if not len(facts):
        return [], []
    firsts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
    lengths = np.diff([*firsts.tolist(), len(facts)])
    # Costs are added up in the currency of the day's last one that is known.
    known = facts["cost_nano"] != UNKNOWN
    last = np.maximum.reduceat(np.where(known, np.arange(len(facts)), firsts.repeat(lengths)), firsts)
    currency = facts["currency"][last]
    known &= facts["currency"] == currency.repeat(lengths)
    failed = facts["outcome"] > 0
    cold = ~(np.isnan(facts["init_ms"]) & np.isnan(facts["restore_ms"]))
    sized = (facts["billed_ms"] != UNKNOWN) & (facts["memory_mb"] != UNKNOWN)
    memory = np.where(sized, facts["memory_mb"], 0).astype(np.int64)
    duration_ms = np.nan_to_num(facts["duration_ms"])
    cold_ms = np.where(cold, np.maximum(0, facts["billed_ms"] - np.ceil(duration_ms)), 0).astype(np.int64)
    limbs = limbs_of(facts["cost_nano"], facts["cost_rest"], known)
    summed = [
        *(np.ones(len(facts), np.int64), failed, cold, facts["billed_ms"] * memory, cold_ms * memory),
        duration_ms,
        *limbs,
        *(np.where(failed, limb, 0) for limb in limbs),
        *(known & ~facts["exact"], ~known),
    ]
    columns = [each if each.dtype == np.float64 else each.astype(np.int64) for each in summed]
    sums = [np.add.reduceat(each, firsts) for each in columns]
    most = [
        np.maximum.reduceat(np.maximum(facts[name], 0), firsts) for name in ("memory_mb", "max_memory_mb")
    ]
    named = (numbers[firsts] // _DAYS, numbers[firsts] % _DAYS, *sums, *most)
    return list(zip(*(each.tolist() for each in named), strict=True)), currency.tolist()


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
