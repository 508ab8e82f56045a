"""Which lines of a block hold a word, by numpy: in half the time that one `find` after the other takes."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from lambdadesk.core.log_block import Block
from lambdadesk.core.many_numbers import get_numpy

_LONG = 12  # characters; `find` leaps over so much that it is quicker
_FEW = 64  # places in a block that are quicker looked at one by one
_PIECE = 48_000  # bytes; larger pieces get fresh memory from the system each time, and take twice as long
_KEPT = 4_000_000  # bytes
# The only characters beyond ASCII whose small letters have one of ASCII in them; by that letter, in UTF-8.
_BECOME_ASCII = {"k": b"\xe2\x84\xaa", "i": b"\xc4\xb0"}


class _Wanted(NamedTuple):
    """A text as the bytes of a block; fold has 0x20 for each that may be a capital as well, else 0."""

    data: bytes
    fold: bytes

    def parts(self, np: Any, places: Iterable[int], width: int) -> list[tuple[Any, Any]]:
        """What stands at these places, as a number of so many bytes each, and its fold."""
        data, fold = (np.ndarray(len(each) - width + 1, f"u{width}", each, strides=(1,)) for each in self)
        return [(data[at], fold[at]) for at in places]


class _Room(NamedTuple):
    """Memory that is used again: for the bytes of a block, and for where they are what."""

    data: Any
    marks: Any


_rooms: list[_Room] = []  # not in use at the moment; two threads can't take the same


def find_lines(block: Block, text: str, *, exact_case: bool) -> list[int] | None:
    """The lines (from 0, ascending) that hold a text without a line break; None where `find` is better.

    exact_case: False for a text in small letters that is looked for in the lines in small letters.
    """
    np = get_numpy()
    if np is None or len(text) >= _LONG or not _can_tell(block, text, exact_case):
        return None
    is_utf8 = isinstance(block.packed, bytes)
    wanted = _encoded(text, exact_case, is_utf8)
    if wanted is None:
        return None
    room = _take_room(np, len(block.packed))
    try:
        places = _find(np, block.packed, wanted, room)
    except UnicodeEncodeError:
        return None
    finally:
        if len(room.data) <= _KEPT:
            _rooms.append(room)
    if not len(places):
        return []
    if is_utf8:  # where each is, in characters
        places -= np.searchsorted(np.flatnonzero(np.frombuffer(block.packed, np.int8) < -64), places)
    are_wanted = np.zeros(block.line_count, np.bool_)
    offsets = np.frombuffer(block.offsets, block.offsets.typecode)
    are_wanted[np.searchsorted(offsets, places, "right") - 1] = True
    found: list[int] = are_wanted.nonzero()[0].tolist()
    return found


def _can_tell(block: Block, text: str, exact_case: bool) -> bool:
    packed = block.packed
    if exact_case or not isinstance(packed, bytes):
        return True
    return text.isascii() and not any(each in text and mark in packed for each, mark in _BECOME_ASCII.items())


@lru_cache(maxsize=16)
def _encoded(text: str, exact_case: bool, is_utf8: bool) -> _Wanted | None:
    """The text in UTF-8 or Latin-1; None where Latin-1 hasn't it."""
    try:
        data = text.encode("utf-8", "surrogatepass") if is_utf8 else text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    if exact_case:
        return _Wanted(data, bytes(len(data)))
    return _Wanted(data, bytes(0x20 * (ord(each) - _capital_of(each) == 0x20) for each in text))


def _capital_of(letter: str) -> int:
    capital = letter.upper()
    return ord(capital) if len(capital) == 1 else -1


def _take_room(np: Any, size: int) -> _Room:
    try:
        room = _rooms.pop()
    except IndexError:
        room = None
    if room is None or len(room.data) < size:
        size = (size + 7) // 8 * 8
        room = _Room(np.empty(size, np.uint8), np.empty(size, np.bool_))
    return room


def _find(np: Any, packed: str | bytes, wanted: _Wanted, room: _Room) -> Any:
    """Where in the bytes of a block the text begins. UnicodeEncodeError where the block isn't Latin-1.

    The bytes are looked at in words of 1, 2 or 4, so large that the text has a whole one of them wherever it
    begins: that is one of `width` parts of it, whose places differ by one.
    """
    size = len(wanted.data)
    width = 4 if size >= 7 else 2 if size >= 3 else 1
    first = (size - 2 * width + 1) // 2  # in the middle: a phrase is rarer where its words meet
    shifts = range(first, first + width)
    parts = wanted.parts(np, shifts, width)
    for start in range(0, len(packed), _PIECE):
        data = _bytes(packed[start : start + _PIECE])
        words = np.frombuffer(data, f"u{width}", len(data) // width)
        marks = room.marks[start // width : start // width + len(words)]
        for number, (part, fold) in enumerate(parts):
            folded = words | fold if fold else words
            if number:
                np.logical_or(marks, folded == part, marks)
            else:
                np.equal(folded, part, marks)
    places = room.marks[: len(packed) // width].nonzero()[0]
    if len(places) <= _FEW:
        return np.array(_verified_few(packed, wanted, (places * width).tolist(), shifts), places.dtype)
    for start in range(0, len(packed), _PIECE):
        data = _bytes(packed[start : start + _PIECE])
        room.data[start : start + len(data)] = np.frombuffer(data, np.uint8)
    words = np.frombuffer(room.data, f"u{width}", len(packed) // width)[places]
    places *= width
    found = []
    for shift, (part, fold) in zip(shifts, parts, strict=True):
        begins = places[(words | fold if fold else words) == part] - shift
        if len(begins):
            found.append(_verified(np, wanted, begins, room.data[: len(packed)]))
    return np.concatenate(found)


def _bytes(packed: str | bytes) -> bytes:
    return packed.encode("latin-1") if isinstance(packed, str) else packed


def _verified_few(packed: str | bytes, wanted: _Wanted, places: list[int], shifts: range) -> list[int]:
    """Where all of the text is, around these places."""
    size, is_folded = len(wanted.data), any(wanted.fold)
    found = []
    for place in places:
        for begin in range(max(0, place - shifts[-1]), place - shifts[0] + 1):
            piece = packed[begin : begin + size]
            if _bytes(piece.lower() if is_folded else piece) == wanted.data:
                found.append(begin)
    return found


def _verified(np: Any, wanted: _Wanted, begins: Any, data: Any) -> Any:
    """Those of the (ascending) places where all of the text is."""
    last = len(data) - len(wanted.data)
    if begins[0] < 0 or begins[-1] > last:
        begins = begins[(begins >= 0) & (begins <= last)]
    width = next(width for width in (8, 4, 2, 1) if width <= len(wanted.data))
    words = np.ndarray(len(data) - width + 1, f"u{width}", data, strides=(1,))
    end = len(wanted.data) - width
    steps = (*range(0, end, width), end)
    for step, (part, fold) in zip(steps, wanted.parts(np, steps, width), strict=True):
        there = words[begins + step]
        begins = begins[(there | fold if fold else there) == part]
    return begins
