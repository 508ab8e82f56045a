"""Filters over a LogStore: what one types into the filter field, and the line numbers it leaves."""

import re
import warnings
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.logstore import SEPARATOR, Block, Level, LogStore

HELP = (
    'Words must all occur; -word must not. "a phrase", /regular expression/, level:warn (and worse), '
    "req:request id. Small letters match capitals too."
)
REGEX_REACH = (
    10_000  # characters of a line that a regular expression looks at: its time may grow with the square
)
_NESTED_REPEAT = re.compile(r"[+*}]\)[+*{]")  # (a+)+ can take forever, and re can't be stopped
_LEVELS = {"error": Level.ERROR, "warning": Level.WARN, "info": Level.INFO, "debug": Level.DEBUG}
_TERM = re.compile(
    r'(?P<minus>-(?=\S))?(?:"(?P<phrase>[^"]*)"?|/(?P<regex>(?:[^/\\]|\\.)+)/(?=\s|$)'
    r"|level:(?P<level>\S*)|req:(?P<request>\S*)|(?P<word>\S+))"
)


class FilterProblem(UserError):  # noqa: N818  a typing mistake is no error of the application
    """A filter that can't be used; `column` (from 1) is where it goes wrong."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message, "The last working filter stays in use.", kind=ErrorKind.INVALID)
        self.column = column


@dataclass(frozen=True, slots=True)
class TextTerm:
    """A text that must (not) occur; one without capitals is looked for in lower-case text."""

    text: str
    exclude: bool
    exact_case: bool


@dataclass(frozen=True, slots=True)
class RegexTerm:
    """A regular expression that must (not) match within the first REGEX_REACH characters of a line.

    One without capitals is matched to lower-case text.
    """

    pattern: re.Pattern[str]
    exclude: bool
    exact_case: bool


@dataclass(frozen=True, slots=True)
class LevelTerm:
    """The least level wanted. A line that names no level counts as information."""

    least: Level
    exclude: bool


@dataclass(frozen=True, slots=True)
class RequestTerm:
    """A part of a request id: of the line's invocation, or else within its text."""

    request: str
    exclude: bool


Term = TextTerm | RegexTerm | LevelTerm | RequestTerm


class _Chunk:
    """Lines start to stop (exclusive) that lie in one unit of the store, raw and in lower case."""

    def __init__(self, store: LogStore, start: int, stop: int) -> None:
        self.store = store
        self.start = start
        unit_start, self.block, unread = store.chunk(start)
        size = self.block.line_count if self.block else len(unread)
        self.stop = min(stop, unit_start + size)
        self._from, self._to = start - unit_start, self.stop - unit_start
        self._unread = unread
        self._raw: list[str] | None = None
        self._lower: list[str] | None = None

    def texts(self, exact_case: bool) -> list[str]:
        if self._raw is None:
            lines = self.block.lines() if self.block else self._unread
            self._raw = lines[self._from : self._to]
        if exact_case:
            return self._raw
        if self._lower is None:
            self._lower = [line.lower() for line in self._raw]
        return self._lower

    def find(self, term: TextTerm) -> list[int]:
        """The lines (from 0) that hold the text; over the whole block at once where that gives the same."""
        if self.block is not None and SEPARATOR not in term.text:
            text = self.block.text if term.exact_case else self.block.text.lower()
            if len(text) == len(self.block.text):  # some capitals get longer in lower case
                return self._find_in_block(text, self.block, term.text)
        return [at for at, text in enumerate(self.texts(term.exact_case)) if term.text in text]

    def _find_in_block(self, text: str, block: Block, wanted: str) -> list[int]:
        offsets = block.offsets
        stop = offsets[self._to]
        found = []
        line = self._from
        position = text.find(wanted, offsets[line], stop)
        while position >= 0:
            line = bisect_right(offsets, position, line) - 1
            found.append(line - self._from)
            position = text.find(wanted, offsets[line + 1], stop)
        return found


@dataclass(frozen=True, slots=True)
class Filter:
    """What lines are wanted: those that every term agrees to."""

    source: str = ""
    terms: tuple[Term, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.terms

    def find(self, store: LogStore, start: int, stop: int) -> Sequence[int]:
        """The numbers of the wanted lines from number start to stop (exclusive), ascending."""
        if not self.terms:
            return range(start, stop)
        found: list[int] = []
        while start < stop:
            chunk = _Chunk(store, start, stop)
            found.extend(at + start for at in self._find_in_chunk(chunk))
            start = chunk.stop
        return found

    def _find_in_chunk(self, chunk: _Chunk) -> Sequence[int]:
        terms = self.terms
        found: Sequence[int] = range(chunk.stop - chunk.start)
        if isinstance(terms[0], TextTerm) and not terms[0].exclude:
            found = chunk.find(terms[0])
            terms = terms[1:]
        for term in terms:
            if not found:
                break
            found = _narrow(found, term, chunk)
        return found


def _narrow(found: Sequence[int], term: Term, chunk: _Chunk) -> list[int]:
    exclude = term.exclude
    match term:
        case TextTerm(text=wanted):
            texts = chunk.texts(term.exact_case)
            return [at for at in found if (wanted in texts[at]) != exclude]
        case RegexTerm():
            texts = chunk.texts(term.exact_case)
            search = term.pattern.search
            return [at for at in found if (search(texts[at], 0, REGEX_REACH) is None) == exclude]
        case LevelTerm(least=least):
            levels = chunk.store.levels(chunk.start, chunk.stop)
            return [at for at in found if ((levels[at] or Level.INFO) >= least) != exclude]
        case RequestTerm(request=request):
            invocations = chunk.store.invocations(chunk.start, chunk.stop)
            texts = chunk.texts(exact_case=False)
            wanted_runs = {
                run: request in chunk.store.get_request_id(run).lower() for run in set(invocations)
            }
            return [at for at in found if (wanted_runs[invocations[at]] or request in texts[at]) != exclude]


def parse_filter(text: str) -> Filter:
    """The filter that a text describes (see HELP); FilterProblem where it can't be one."""
    terms = [term for match in _TERM.finditer(text) if (term := _parse_term(match)) is not None]
    return Filter(text, tuple(sorted(terms, key=_cost)))


def _parse_term(match: re.Match[str]) -> Term | None:
    exclude = match["minus"] is not None
    if (pattern := match["regex"]) is not None:
        return RegexTerm(_compile(pattern, match.start("regex")), exclude, _has_capitals(pattern))
    if (level := match["level"]) is not None:
        if not level:
            return None
        for name, least in _LEVELS.items():
            if name.startswith(level.lower()):
                return LevelTerm(least, exclude)
        raise FilterProblem("A level is error, warn, info or debug.", match.start("level") + 1)
    if (request := match["request"]) is not None:
        return RequestTerm(request.lower(), exclude) if request else None
    wanted = match["phrase"] if match["phrase"] is not None else match["word"]
    return TextTerm(wanted, exclude, wanted != wanted.lower()) if wanted else None


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
    """Quick terms that leave few lines come first."""
    match term:
        case TextTerm(exclude=False):
            return 0, -len(term.text)
        case LevelTerm():
            return 1, 0
        case RequestTerm():
            return 2, 0
        case TextTerm():
            return 3, 0
        case RegexTerm():
            return 4, 0


class Cut(NamedTuple):
    """What a change of the store left of the entries: first `trimmed` went at the top, then `kept` stay."""

    trimmed: int
    kept: int


class FilteredLines:
    """The numbers of a store's lines that a filter leaves, extended as the store grows.

    Nothing is scanned before `scan` or `update` is called. Entries count from 0.
    """

    def __init__(self, store: LogStore, wanted: Filter) -> None:
        self.store = store
        self.filter = wanted
        self.scanned = store.first  # lines before this number have been looked at
        self._numbers = array("I")

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, entry: int) -> int:
        """The line number of an entry."""
        return self._numbers[entry]

    @property
    def is_complete(self) -> bool:
        return self.scanned >= self.store.end

    def entry_of(self, number: int) -> int:
        """The first entry whose line number is at least this one."""
        return bisect_left(self._numbers, number)

    def cut(self, first_changed: int) -> Cut:
        """Forget the entries that a change from this line on made stale, and those of dropped lines."""
        del self._numbers[self.entry_of(first_changed) :]
        trimmed = self.entry_of(self.store.first)
        del self._numbers[:trimmed]
        self.scanned = max(min(self.scanned, first_changed), self.store.first)
        return Cut(trimmed, len(self._numbers))

    def scan(self, limit: int | None = None) -> int:
        """Look at the next lines, at most `limit` of them; returns how many entries came to it."""
        stop = self.store.end if limit is None else min(self.store.end, self.scanned + limit)
        before = len(self._numbers)
        self._numbers.extend(self.filter.find(self.store, self.scanned, stop))
        self.scanned = max(self.scanned, stop)
        return len(self._numbers) - before

    def update(self, first_changed: int) -> Cut:
        """Follow a change of the store to its end."""
        cut = self.cut(first_changed)
        self.scan()
        return cut
