"""Which lines of a block hold a word, by numpy: in half the time that one `find` after the other takes."""

from functools import lru_cache
from typing import Any, NamedTuple

from lambdadesk.core.log_block import Block
from lambdadesk.core.many_numbers import get_numpy

_LONG = 12  # characters; `find` leaps over so much that it is quicker
_FEW = 200  # places in a block that are quicker looked at one by one
_PIECE = 128_000  # bytes; of larger ones more falls out of the processor's own memory
# The only characters beyond ASCII whose small letters have one of ASCII in them; by that letter, in UTF-8.
_BECOME_ASCII = {"k": b"\xe2\x84\xaa", "i": b"\xc4\xb0"}


class _Wanted(NamedTuple):
    """A text as the bytes of a block; fold has 0x20 for each that may be a capital as well, else 0."""

    data: bytes
    fold: bytes


@lru_cache(maxsize=64)
def _parts(np: Any, wanted: _Wanted, width: int, places: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """What stands at these places, as a number of so many bytes each, and its fold."""
    data, fold = (np.ndarray(len(each) - width + 1, f"u{width}", each, strides=(1,)) for each in wanted)
    return [(data[at], fold[at]) for at in places]


class _Room(NamedTuple):
    """Memory that is used again, for each place of a piece: fresh memory takes longer than the search."""

    marks: Any
    more_marks: Any
    folded: Any


_rooms: list[_Room] = []  # not in use at the moment; two threads can't take the same


def find_lines(block: Block, text: str, *, exact_case: bool) -> list[int] | None:
    """The lines (from 0, ascending) that hold a text without a line break; None where `find` is better.

    exact_case: False for a text in small letters that is looked for in the lines in small letters.
    """
    np = get_numpy()
    if np is None or len(text) >= _LONG or not _can_tell(block, text, exact_case):
        return None
    packed = block.packed
    is_utf8 = isinstance(packed, bytes)
    wanted = _encoded(text, exact_case, is_utf8)
    if wanted is None:
        return None
    try:
        data = packed if isinstance(packed, bytes) else packed.encode("latin-1")
    except UnicodeEncodeError:
        return None
    places = _find(np, data, wanted)
    if not len(places):
        return []
    if block.ascii_bytes is None and is_utf8:  # where each is, in characters
        places -= np.searchsorted(np.flatnonzero(np.frombuffer(data, np.int8) < -64), places)
    are_wanted = np.zeros(block.line_count, np.bool_)
    offsets = np.frombuffer(block.offsets, block.offsets.typecode)
    are_wanted[np.searchsorted(offsets, places, "right") - 1] = True
    found: list[int] = are_wanted.nonzero()[0].tolist()
    return found


def _can_tell(block: Block, text: str, exact_case: bool) -> bool:
    packed = block.packed
    if exact_case or not isinstance(packed, bytes) or block.ascii_bytes is not None:
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


def _find(np: Any, data: bytes, wanted: _Wanted) -> Any:
    """Where in the bytes of a block the text begins, ascending.

    The bytes are looked at in words of 1, 2 or 4, so large that the text has a whole one of them wherever it
    begins: that is one of `width` parts of it, whose places differ by one.
    """
    size = len(wanted.data)
    width = 4 if size >= 7 else 2 if size >= 3 else 1
    first = (size - 2 * width + 1) // 2  # in the middle: a phrase is rarer where its words meet
    shifts = tuple(range(first, first + width))
    parts = _parts(np, wanted, width, shifts)
    words = np.frombuffer(data, f"u{width}", len(data) // width)
    places = _places_of(np, words, parts)
    if not len(places):
        return places
    if len(places) <= _FEW and not any(wanted.fold):
        starts = data.startswith
        begins = (place * width - shift for place in places.tolist() for shift in reversed(shifts))
        return np.array([begin for begin in begins if begin >= 0 and starts(wanted.data, begin)], np.int64)
    those = words[places]
    places *= width
    found = []
    for shift, (part, fold) in zip(shifts, parts, strict=True):
        begins = places[(those | fold if fold else those) == part] - shift
        if len(begins):
            found.append(_verified(np, wanted, begins, data))
    return np.sort(np.concatenate(found)) if found else places[:0]


def _places_of(np: Any, words: Any, parts: list[tuple[Any, Any]]) -> Any:
    """Which of the words are one of the parts."""
    try:
        room = _rooms.pop()
    except IndexError:
        room = _Room(np.empty(_PIECE, np.bool_), np.empty(_PIECE, np.bool_), np.empty(_PIECE, np.uint8))
    step = _PIECE // words.itemsize
    found = []
    for start in range(0, len(words), step):
        piece = words[start : start + step]
        marks, more_marks = room.marks[: len(piece)], room.more_marks[: len(piece)]
        room_for_folded = room.folded.view(words.dtype)[: len(piece)]
        for number, (part, fold) in enumerate(parts):
            folded = np.bitwise_or(piece, fold, room_for_folded) if fold else piece
            np.equal(folded, part, more_marks if number else marks)
            if number:
                np.logical_or(marks, more_marks, marks)
        found.append(marks.nonzero()[0] + start)
    _rooms.append(room)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _verified(np: Any, wanted: _Wanted, begins: Any, data: bytes) -> Any:
    """Those of the (ascending) places where all of the text is."""
    last = len(data) - len(wanted.data)
    if begins[0] < 0 or begins[-1] > last:
        begins = begins[(begins >= 0) & (begins <= last)]
    width = next(width for width in (8, 4, 2, 1) if width <= len(wanted.data))
    words = np.ndarray(len(data) - width + 1, f"u{width}", data, strides=(1,))
    end = len(wanted.data) - width
    steps = (*range(0, end, width), end)
    for step, (part, fold) in zip(steps, _parts(np, wanted, width, steps), strict=True):
        there = words[begins + step]
        begins = begins[(there | fold if fold else there) == part]
    return begins
