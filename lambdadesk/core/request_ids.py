"""RequestIds, the request ids of a great many invocations: as numbers, which take a fifth of the texts."""

import re
from array import array
from collections.abc import Iterable

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_LOW = (1 << 64) - 1
_FAR = 1_000_000  # keys beyond the last one by so many are not kept in arrays


def to_halves(request_id: str) -> tuple[int, int] | None:
    """The two halves of a UUID as AWS writes it; None for any other text, and for zeros alone."""
    if len(request_id) != 36 or _UUID(request_id) is None:
        return None
    number = int(request_id.replace("-", ""), 16)
    return (number >> 64, number & _LOW) if number else None


def to_request_id(high: int, low: int) -> str:
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class RequestIds:
    """Texts by key, which counts from 0. The first one that is put for a key stays."""

    def __init__(self) -> None:
        self._base = 0  # keys before it were forgotten
        self._high = array("Q")
        self._low = array("Q")
        self._others: dict[int, str] = {}

    def __len__(self) -> int:
        """How many keys there is room for."""
        return len(self._high) + len(self._others)

    def put(self, ids: Iterable[tuple[int, str]]) -> None:
        base, highs, lows, others = self._base, self._high, self._low, self._others
        for key, request_id in ids:
            at = key - base
            if (
                (0 <= at < len(highs) and (highs[at] or lows[at]))
                or key in others
                or not request_id
                or key < 0
            ):
                continue
            halves = to_halves(request_id) if 0 <= at < len(highs) + _FAR else None
            if halves is None:
                others[key] = request_id
                continue
            if at >= len(highs):
                more = bytes((at + 1 - len(highs)) * highs.itemsize)
                highs.frombytes(more)
                lows.frombytes(more)
            highs[at], lows[at] = halves

    def get(self, key: int) -> str:
        """The text of a key, empty where there is none."""
        if key in self._others:
            return self._others[key]
        at = key - self._base
        if 0 <= at < len(self._high) and (self._high[at] or self._low[at]):
            return to_request_id(self._high[at], self._low[at])
        return ""

    def forget(self, before: int) -> None:
        """Forget the keys before this one."""
        count = min(max(0, before - self._base), len(self._high))
        del self._high[:count], self._low[:count]
        self._base += count
        self._others = {key: text for key, text in self._others.items() if key >= before}

    def copy(self) -> "RequestIds":
        other = RequestIds()
        other._base, other._others = self._base, dict(self._others)
        other._high, other._low = self._high[:], self._low[:]
        return other
