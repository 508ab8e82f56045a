"""FilterIndex, the rows of the function table made ready to be filtered at every keystroke."""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lambdadesk.core.function_columns import get_runtime
from lambdadesk.core.function_filter import FieldTerm, FunctionFilter, Problem, RegexTerm, Term, WordTerm
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.safe_regex import REACH

_REGEX_S = 0.1  # for all names
_WORD_START = r"(?:\A|(?<=[^a-z0-9]))"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_START = re.compile(_WORD_START + ".", re.DOTALL)


class FilterIndex:
    """Rows made ready to be filtered at every keystroke.

    While the filter only gets narrower, the rows it left before are the only ones looked at.
    `too_slow` are the regular expressions that the last `find` gave up and passed over.
    """

    def __init__(self, rows: Iterable[FunctionRow], clock: Callable[[], float] = time.perf_counter) -> None:
        self.too_slow: tuple[Problem, ...] = ()
        self._clock = clock
        self._rows = tuple(rows)
        names = [_Name.of(row.function.name) for row in self._rows]
        self._names = [name.lower for name in names]
        self._humps = [name.humps for name in names]
        self._letters = [name.letters for name in names]
        self._starts = [name.starts for name in names]
        places: dict[tuple[str, ...], str] = {}
        self._places = [  # most rows have the same few
            places.get(where) or places.setdefault(where, "\n".join(where).casefold())
            for row in self._rows
            for function in (row.function,)
            for where in (
                (row.account, row.region, row.connection, get_runtime(function), function.description),
            )
        ]
        self._last: tuple[FunctionFilter, list[int]] = (FunctionFilter(), list(range(len(self._rows))))

    def find(self, wanted: FunctionFilter, *, ranked: bool = False) -> list[FunctionRow]:
        """The rows that match, as they were given; ranked: those whose names are nearest first."""
        return [self._rows[at] for at in self.find_places(wanted, ranked=ranked)]

    def find_places(self, wanted: FunctionFilter, *, ranked: bool = False) -> list[int]:
        """The same as `find`, as numbers of the rows that were given."""
        before, found = self._last
        self.too_slow = ()
        if not wanted.narrows(before):
            found = list(range(len(self._rows)))
        for term in sorted(wanted.terms, key=_cost):
            found = self._narrow(found, term)
        if not self.too_slow:
            self._last = wanted, found
        if ranked and (words := wanted.words):
            return _rank(found, self._names, words)
        return found

    def _narrow(self, found: Sequence[int], term: Term) -> list[int]:
        match term:
            case WordTerm():
                return self._narrow_by_word(found, term)
            case FieldTerm(test=test):
                rows, expected = self._rows, not term.exclude
                return [at for at in found if test(rows[at]) is expected]
            case RegexTerm():
                return self._narrow_by_regex(found, term)

    def _narrow_by_word(self, found: Sequence[int], term: WordTerm) -> list[int]:
        word, names, places = term.text, self._names, self._places
        if term.exclude:  # of what only resembles the word nothing should vanish
            return [at for at in found if word not in names[at] and word not in places[at]]
        if term.is_exact:
            return [at for at in found if word in names[at] or word in places[at]]
        humps, letters, wanted = self._humps, self._letters, _get_letters(word.replace(" ", ""))
        starts, first = self._starts, _get_letters(word[0])
        search = _compile_fuzzy(word).search
        return [
            at
            for at in found
            if word in names[at]
            or (starts[at] & first and letters[at] & wanted == wanted and search(humps[at]))
            or word in places[at]
        ]

    def _narrow_by_regex(self, found: Sequence[int], term: RegexTerm) -> list[int]:
        search, end_s = term.pattern.search, self._clock() + _REGEX_S
        left = []
        for at in found:
            if (search(self._rows[at].function.name, 0, REACH) is None) is term.exclude:
                left.append(at)
            if self._clock() > end_s:
                message = "The regular expression takes too long and is passed over."
                self.too_slow = (*self.too_slow, Problem(term.start, term.length, message))
                return list(found)
        return left


def _cost(term: Term) -> tuple[int, int]:
    """Quick terms that leave few rows come first."""
    match term:
        case WordTerm():
            return 0, -len(term.text)
        case FieldTerm():
            return 1, 0
        case RegexTerm():
            return 2, 0


@dataclass(frozen=True, slots=True)
class _Name:
    lower: str
    humps: str  # with a blank where a capital begins a word
    letters: int  # bit set
    starts: int  # of the letters that words begin with

    @staticmethod
    @lru_cache(maxsize=50_000)
    def of(name: str) -> "_Name":
        lower = name.casefold()
        humps = _HUMP.sub(" ", name).casefold()
        return _Name(lower, humps, _get_letters(set(lower)), _get_letters(set(_START.findall(humps))))


def _get_letters(characters: Iterable[str]) -> int:
    """A bit set in which each character has a bit, but some share theirs."""
    letters = 0
    for character in characters:
        letters |= 1 << (ord(character) & 63)
    return letters


@lru_cache(maxsize=64)
def _compile_fuzzy(word: str) -> re.Pattern[str]:
    """The word's letters in their order, the first one where a word of the name begins.

    Each gap ends at the next letter wanted and is never tried again, so that the time grows with the name.
    """
    gaps = "".join(f"[^{re.escape(letter)}]*+{re.escape(letter)}" for letter in word[1:])
    return re.compile(rf"{_WORD_START}{re.escape(word[0])}{gaps}")


def _rank(found: Sequence[int], names: Sequence[str], words: Sequence[str]) -> list[int]:
    """The nearest names first, equally near ones as they were; some ten thousand in 2 ms.

    The whole name (4) comes before its beginning (3), that before the beginning of a word (2), and that
    before the midst of one (1); last is what has the word elsewhere, or with letters left out (-1).
    """
    sums = [0] * len(found)
    for word in words:
        sums = [
            before + (at if at < 0 else (4 if name == word else 3) if not at else 2 - name[at - 1].isalnum())
            for before, number in zip(sums, found, strict=True)
            for name in (names[number],)
            for at in (name.find(word),)
        ]
    by_sum: defaultdict[int, list[int]] = defaultdict(list)
    for number, total in zip(found, sums, strict=True):
        by_sum[total].append(number)
    return [number for total in sorted(by_sum, reverse=True) for number in by_sum[total]]
