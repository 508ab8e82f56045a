"""Filters over a LogStore: what one types into the filter field, and the line numbers it leaves."""

import re
import warnings
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.log_chunk import Chunk, find_in_chunk
from lambdadesk.core.log_terms import (
    FieldTerm,
    LevelsTerm,
    LevelTerm,
    RegexTerm,
    RequestTerm,
    SourceTerm,
    StreamTerm,
    Term,
    TextTerm,
    TimeTerm,
    to_number,
)
from lambdadesk.core.logstore import Level, LogStore

__all__ = [
    "HELP",
    "Cut",
    "FieldTerm",
    "Filter",
    "FilterProblem",
    "FilteredLines",
    "LevelTerm",
    "LevelsTerm",
    "RegexTerm",
    "RequestTerm",
    "SourceTerm",
    "StreamTerm",
    "Term",
    "TextTerm",
    "TimeTerm",
    "find_in_text",
    "lines_left",
    "parse_filter",
]

HELP = """\
order           in the text; small letters match capitals too
"out of stock"  the same, with blanks
-order          not so; this goes before any of these
/order \\d+/     a regular expression
level:warn      at least a warning, as level>=warn; level=warn is that level alone
req:0a1b2c3d    of the invocation whose request id has this in it
stream:[7]      in the log stream's name
user:ann        in a field of a line in JSON, or in the text as it stands
took>500        a number in a field of a line in JSON; also >=, <, <=, =

Every term has to fit.
"""
_NESTED_REPEAT = re.compile(r"[+*}]\)[+*{]")  # (a+)+ can take forever, and re can't be stopped
_LEVELS = {"error": Level.ERROR, "warning": Level.WARN, "info": Level.INFO, "debug": Level.DEBUG}
_TERM = re.compile(
    r"""(?P<minus>-(?=\S))?(?:
    "(?P<phrase>[^"]*)"?
    | /(?P<regex>(?:[^/\\]|\\.)+)/(?=\s|$)
    | (?P<name>[A-Za-z_@][\w.@-]*)(?P<operator>:|>=|<=|>|<|=)(?:"(?P<quoted>[^"]*)"?|(?P<value>\S*))
    | (?P<word>\S+)
    )""",
    re.VERBOSE,
)


class FilterProblem(UserError):  # noqa: N818  a typing mistake is no error of the application
    """A filter that can't be used; `column` (from 1) is where it goes wrong."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message, "The last working filter stays in use.", kind=ErrorKind.INVALID)
        self.column = column


@dataclass(frozen=True, slots=True)
class Filter:
    """What lines are wanted: those that every term agrees to."""

    source: str = ""
    terms: tuple[Term, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.terms

    @property
    def texts(self) -> tuple[TextTerm | RegexTerm, ...]:
        """What can be shown within a matching line."""
        return tuple(
            term for term in self.terms if isinstance(term, TextTerm | RegexTerm) and not term.exclude
        )

    def narrowed(self, *terms: Term) -> "Filter":
        """This filter with further terms, to which a line must agree as well."""
        return replace(self, terms=tuple(sorted((*self.terms, *terms), key=_cost)))

    def find(self, store: LogStore, start: int, stop: int) -> Sequence[int]:
        """The numbers of the wanted lines from number start to stop (exclusive), ascending."""
        terms = self.terms
        while terms and isinstance(terms[0], TimeTerm):  # lines are in order of time
            start = max(start, store.number_at(terms[0].start_ms))
            stop = min(stop, store.number_at(terms[0].end_ms))
            terms = terms[1:]
        if not terms:
            return range(start, max(start, stop))
        found: list[int] = []
        while start < stop:
            chunk = Chunk(store, start, stop)
            found.extend(at + start for at in find_in_chunk(terms, chunk))
            start = chunk.stop
        return found


def parse_filter(text: str) -> Filter:
    """The filter that a text describes (see HELP); FilterProblem where it can't be one."""
    terms = [term for match in _TERM.finditer(text) if (term := _parse_term(match)) is not None]
    return Filter(text, tuple(sorted(terms, key=_cost)))


def find_in_text(text: str) -> Filter:
    """A filter for one text with its blanks, or for one /regular expression/; FilterProblem."""
    if len(text) > 2 and text[0] == text[-1] == "/":
        pattern = text[1:-1]
        return Filter(text, (RegexTerm(_compile(pattern, 1), False, _has_capitals(pattern)),))
    return Filter(text, (TextTerm(text, False, text != text.lower()),) if text else ())


def _parse_term(match: re.Match[str]) -> Term | None:
    exclude = match["minus"] is not None
    if (pattern := match["regex"]) is not None:
        return RegexTerm(_compile(pattern, match.start("regex")), exclude, _has_capitals(pattern))
    if (name := match["name"]) is not None:
        value = match["quoted"] if match["quoted"] is not None else match["value"]
        term = _parse_field(name, match["operator"], value, exclude, match.start("value") + 1)
        if term != _JUST_TEXT:
            return term
        wanted = match[0][exclude:]
    else:
        wanted = match["phrase"] if match["phrase"] is not None else match["word"]
    return TextTerm(wanted, exclude, wanted != wanted.lower()) if wanted else None


_JUST_TEXT = TextTerm("", False, False)


def _parse_field(name: str, operator: str, value: str, exclude: bool, column: int) -> Term | None:
    """The term of a field; _JUST_TEXT where it is none."""
    match name.lower():
        case "level":
            if not value:
                return None
            for word, least in _LEVELS.items():
                if word.startswith(value.lower()):
                    return LevelTerm(least, exclude, ">=" if operator == ":" else operator)
            raise FilterProblem("A level is error, warn, info or debug.", column)
        case "req" if operator in ":=":
            return RequestTerm(value.lower(), exclude) if value else None
        case "stream" if operator in ":=":
            return StreamTerm(value.lower(), exclude) if value else None
    if not value or (operator not in ":=" and to_number(value) is None):
        return _JUST_TEXT
    return FieldTerm(name, operator, value, exclude)


def _has_capitals(pattern: str) -> bool:
    """Whether a pattern tells capitals apart; an escape that spells a character out might."""
    plain = re.sub(r"\\[^xuUN]", "", pattern)
    return "\\" in plain or plain != plain.lower()


def _compile(pattern: str, start: int) -> re.Pattern[str]:
    nested = _NESTED_REPEAT.search(pattern)
    if nested is not None:
        raise FilterProblem(
            "A repeated group can't end in a repeat: it may take forever.", start + nested.end()
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # that a set may mean another thing some day is no one's business here
            return re.compile(pattern)
    except re.error as error:
        message = f"The regular expression can't be used: {error.msg}."
        raise FilterProblem(message, start + (error.pos or 0) + 1) from error
    except (OverflowError, RecursionError) as error:
        raise FilterProblem("The regular expression is too large.", start + 1) from error


def _cost(term: Term) -> tuple[int, int]:
    """Quick terms that leave few lines come first; a range of time, which costs nothing, before all."""
    match term:
        case TimeTerm():
            return -1, 0
        case TextTerm(exclude=False):
            return 0, -len(term.text)
        case LevelTerm() | LevelsTerm() | StreamTerm() | SourceTerm():
            return 1, 0
        case RequestTerm():
            return 2, 0
        case TextTerm():
            return 3, 0
        case RegexTerm():
            return 4, 0
        case FieldTerm():
            return 5, 0


class Cut(NamedTuple):
    """What a change of the store left of the entries: first `trimmed` went at the top, then `kept` stay."""

    trimmed: int
    kept: int


class FilteredLines:
    """The numbers of a store's lines that a filter leaves, extended as the store grows.

    context: as many lines before and after each match belong to it, too. Nothing is scanned before `scan` or
    `update` is called. Entries count from 0.
    """

    def __init__(self, store: LogStore, wanted: Filter, context: int = 0) -> None:
        self.store = store
        self.filter = wanted
        self.context = 0 if wanted.is_empty else context
        self.scanned = store.first  # lines before this number have been looked at
        self._numbers = array("I")
        self._matches = bytearray()  # with context: 1 for each entry that is no context
        self._context_stop = 0  # lines before this number follow a match closely

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, entry: int) -> int:
        """The line number of an entry."""
        return self._numbers[entry]

    @property
    def is_complete(self) -> bool:
        return self.scanned >= self.store.end

    @property
    def match_count(self) -> int:
        """How many entries match, context left out."""
        return self._matches.count(1) if self.context else len(self._numbers)

    def numbers(self, start: int, stop: int) -> "array[int]":
        """The line numbers of the entries from start to stop (exclusive)."""
        return self._numbers[start:stop]

    def is_context(self, entry: int) -> bool:
        """Whether the entry only stands near a match."""
        return bool(self.context) and not self._matches[entry]

    def entry_of(self, number: int) -> int:
        """The first entry whose line number is at least this one."""
        return bisect_left(self._numbers, number)

    def cut(self, first_changed: int) -> Cut:
        """Forget the entries that a change from this line on made stale, and those of dropped lines."""
        first = self.store.first
        start, stop = self.entry_of(first), self.entry_of(first_changed)
        if self.context:
            start, stop = self._cut_context(start, max(start, stop))
        del self._numbers[stop:]
        trimmed = min(start, len(self._numbers))
        del self._numbers[:trimmed]
        if self.context:
            del self._matches[stop:], self._matches[:trimmed]
        self.scanned = max(min(self.scanned, first_changed), first)
        return Cut(trimmed, len(self._numbers))

    def _cut_context(self, start: int, stop: int) -> tuple[int, int]:
        """Leave out also the context of matches before entry start and from entry stop on."""
        first, last = self._matches.find(1, start, stop), self._matches.rfind(1, start, stop)
        if first < 0:
            self._context_stop = 0
            return stop, stop
        self._context_stop = self._numbers[last] + self.context + 1
        start = max(start, self.entry_of(max(0, self._numbers[first] - self.context)))
        return start, min(stop, self.entry_of(self._context_stop))

    def scan(self, limit: int | None = None) -> int:
        """Look at the next lines, at most `limit` of them; returns how many entries came to it."""
        stop = self.store.end if limit is None else min(self.store.end, self.scanned + limit)
        before = len(self._numbers)
        found = self.filter.find(self.store, self.scanned, stop)
        if self.context:
            self._extend_with_context(found, stop)
        else:
            self._numbers.extend(found)
        self.scanned = max(self.scanned, stop)
        return len(self._numbers) - before

    def _extend_with_context(self, found: Sequence[int], stop: int) -> None:
        following = self._numbers[-1] + 1 if self._numbers else self.store.first
        before = len(self._numbers)
        at_matches = []
        for number in found:
            self._numbers.extend(range(following, min(self._context_stop, number)))
            following = max(following, min(self._context_stop, number))
            self._numbers.extend(range(max(following, number - self.context), number))
            at_matches.append(len(self._numbers) - before)
            self._numbers.append(number)
            following = number + 1
            self._context_stop = number + self.context + 1
        self._numbers.extend(range(following, min(self._context_stop, stop)))
        flags = bytearray(len(self._numbers) - before)
        for at in at_matches:
            flags[at] = 1
        self._matches += flags

    def update(self, first_changed: int) -> Cut:
        """Follow a change of the store to its end."""
        cut = self.cut(first_changed)
        self.scan()
        return cut


def lines_left(wanted: Filter, context: int, store: LogStore) -> "array[int]":
    """The numbers of all lines of a store that a filter leaves, ascending, with so many around each."""
    lines = FilteredLines(store, wanted, context)
    lines.scan()
    return lines.numbers(0, len(lines))
