"""How the file of invocations writes a row: a key and what is known, as bytes. Imported late, with numpy.

A million rows of twenty SQL columns take over three seconds to load, as two blobs each a quarter of that.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lambdadesk.core.invocation_columns import InvocationColumns, Source

EVER_MS: Final = 1 << 62
_LONGEST_MS: Final = 1_000_000  # from start to end; functions run for 900 s at most
_AT_ONCE: Final = 1_000  # rows
# In the order of the bytes, so that SQLite sorts rows by function and end. hi, lo: halves of the request
# id, or 0 and the id of its name. stream: id of its name.
KEY: Final = np.dtype(
    [("function", ">u4"), ("ended_ms", ">u8"), ("stream", ">u4"), ("hi", ">u8"), ("lo", ">u8")]
)
_NAMED: Final = {
    "version": "versions",
    "stream": "streams",
    "error_type": "error_types",
    "currency": "currencies",
}
_PLAIN: Final = {
    "started_ms": "<i8",
    "duration_ms": "<f8",
    "init_ms": "<f8",
    "restore_ms": "<f8",
    "billed_ms": "<i4",
    "billed_restore_ms": "<i4",
    "memory_mb": "<i4",
    "max_memory_mb": "<i4",
    "cost_nano": "<i8",
    "cost_rest": "<i8",
    "outcome": "u1",
    "exact": "?",
    "here": "?",
}
# Files have rows of this form: a new field goes to the end, and shorter rows lack it.
FACTS: Final = np.dtype([*_PLAIN.items(), ("version", "<u4"), ("error_type", "<u4"), ("currency", "<u4")])


def names_of(columns: InvocationColumns) -> set[str]:
    """All texts that the rows need."""
    found: set[str] = set()
    for column, listed in _NAMED.items():
        names = getattr(columns, listed)
        found.update(names[place] for place in np.unique(getattr(columns, column)).tolist())
    texts = columns.request_lo[columns.request_hi == 0].tolist()
    return found | {columns.request_texts[place] for place in texts}


def pack(columns: InvocationColumns, function: int, ids: Mapping[str, int]) -> Iterable[tuple[bytes, bytes]]:
    """(key, facts) of each row; `ids` has those of `names_of`."""
    places = {
        name: _ids(getattr(columns, listed), ids)[getattr(columns, name)] for name, listed in _NAMED.items()
    }
    keys = np.zeros(len(columns), KEY)
    keys["function"], keys["ended_ms"], keys["stream"] = function, columns.ended_ms, places["stream"]
    keys["hi"], keys["lo"] = columns.request_hi, columns.request_lo
    is_text = columns.request_hi == 0
    keys["lo"][is_text] = _ids(columns.request_texts, ids)[columns.request_lo[is_text].astype(np.int64)]
    facts = np.zeros(len(columns), FACTS)
    for name in _PLAIN:
        facts[name] = getattr(columns, name)
    for name in ("version", "error_type", "currency"):
        facts[name] = places[name]
    return zip(_cut(keys), _cut(facts), strict=True)


def unpack(keys: bytes | bytearray, facts: bytes | bytearray) -> "Unpacked":
    return Unpacked(np.frombuffer(keys, KEY), np.frombuffer(facts, FACTS))


class Unpacked:
    """Rows as they were read. `name_ids` are the texts that `columns` has to be given."""

    def __init__(self, keys: NDArray[Any], facts: NDArray[Any]) -> None:
        self._keys = keys
        self._facts = facts
        self._is_text = keys["hi"] == 0
        named = {name: facts[name] for name in ("version", "error_type", "currency")}
        named["stream"] = keys["stream"]
        named["request"] = keys["lo"][self._is_text]
        self._places = {name: _different(values) for name, values in named.items()}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def name_ids(self) -> set[int]:
        return {each for ids, _ in self._places.values() for each in ids}

    @property
    def functions(self) -> set[int]:
        return set(np.unique(self._keys["function"]).tolist())

    def columns(self, names: Mapping[int, str]) -> InvocationColumns:
        """In the order of the file, that is by their ends."""
        keys, facts = self._keys, self._facts
        columns: dict[str, Any] = {name: facts[name] for name in _PLAIN}
        for column, listed in _NAMED.items():
            ids, places = self._places[column]
            columns[column] = places.astype(np.uint8 if column == "currency" else np.int32)
            columns[listed] = tuple(names[each] for each in ids)
        ids, places = self._places["request"]
        columns["request_texts"] = tuple(names[each] for each in ids)
        columns["request_hi"], columns["request_lo"] = keys["hi"].astype("u8"), keys["lo"].astype("u8")
        columns["request_lo"][self._is_text] = places
        columns["ended_ms"] = keys["ended_ms"].astype("i8")
        columns["source"] = np.full(len(keys), Source.KEPT, np.uint8)
        columns["as_ran"] = np.zeros(len(keys), np.bool_)
        return InvocationColumns(**{name: _own(value) for name, value in columns.items()})


def key_between(function: int, start_ms: int, end_ms: int) -> tuple[bytes, bytes]:
    """The keys of a function's invocations that ended in a span, its end left out, are between these."""
    edges = np.zeros(2, KEY)
    edges["function"], edges["ended_ms"] = function, [max(0, start_ms), max(0, end_ms)]
    first, end = _cut(edges)
    return first, end


def load_rows(connection: sqlite3.Connection, function: int, start_ms: int, end_ms: int) -> InvocationColumns:
    """A function's invocations that started in a span, its end left out."""
    unpacked = unpack(*read_bytes(connection, function, start_ms, end_ms))
    query = "SELECT text FROM name WHERE id = ?"
    names = {each: connection.execute(query, (each,)).fetchone()[0] for each in unpacked.name_ids}
    return InvocationColumns.merged([unpacked.columns(names)]).between(start_ms, end_ms)


def read_bytes(
    connection: sqlite3.Connection, function: int, start_ms: int, end_ms: int
) -> tuple[bytearray, bytearray]:
    """Keys and facts of what started in a span, and of a little more; in the order of their ends."""
    span = key_between(function, start_ms, min(EVER_MS, end_ms + _LONGEST_MS))
    cursor = connection.execute("SELECT key, facts FROM invocation WHERE key >= ? AND key < ?", span)
    keys, facts = bytearray(), bytearray()
    # Not all rows at once: the garbage collector would look through them again and again.
    while rows := cursor.fetchmany(_AT_ONCE):
        some_keys, some_facts = zip(*rows, strict=True)
        keys += b"".join(some_keys)
        facts += b"".join(some_facts)
    return keys, facts


def _own(value: Any) -> Any:
    """An array of its own, aligned: one out of rows keeps all of them, and is slow to compute with."""
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value


def _cut(rows: NDArray[Any]) -> list[bytes]:
    data, width = rows.tobytes(), rows.dtype.itemsize
    return [data[at : at + width] for at in range(0, len(data), width)]


def _ids(names: tuple[str, ...], ids: Mapping[str, int]) -> NDArray[np.int64]:
    """The id of each name; of one that no row has, anything."""
    return np.array([ids.get(name, 0) for name in names], np.int64)


def _different(values: NDArray[Any]) -> tuple[list[int], NDArray[np.int64]]:
    """The different ids in order, and the place of each value in them. np.unique would sort all."""
    values = values.astype(np.int64)
    is_there = np.zeros(int(values.max(initial=-1)) + 1, np.bool_)
    is_there[values] = True
    places: NDArray[np.int64] = (np.cumsum(is_there) - 1)[values]
    return np.flatnonzero(is_there).tolist(), places
