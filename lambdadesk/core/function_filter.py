"""The filter over the function table: what one types, what is wrong with it, and the rows it leaves."""

import re
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import factorial
from operator import eq, ge, gt, le, lt
from typing import Any

from lambdadesk.core.function_columns import get_runtime
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.lamps import LampKind

HELP = """\
order          in name, runtime, description, account, region or connection
ordwk          in the name with letters left out, here of order-worker
"order"        in any of these, with no letter left out
/^order-\\d+$/  a regular expression, of the name
-order         not so; this goes before any of these

runtime:python  arch:arm64  region:eu-*  account:1234*  connection:prod*
trigger:sqs  tag:team  tag:team=core  lamp:runtime  is:pinned  is:gone

of 24 hours:   errors>0  invocations>=10  throttles>0  cost>1  p95>500  concurrency>9
configured:    memory>=1024  timeout<=3  storage>512

Every term has to fit. What is not known fits neither a term nor its opposite.
Triggers are told by event source mappings and by the policy of the function; what calls
it otherwise, or an alias of it, is found by its Triggers page.
"""
REGEX_REACH = 64  # characters of a name, which is as long as Lambda lets it be
REGEX_STEPS = 700_000  # of one name at worst: some milliseconds
REGEX_S = 0.1  # for all names

_TERM = re.compile(
    r"""(?P<minus>-(?=\S))?(?:
    /(?P<regex>(?:[^/\\\s]|\\\S)+)/?(?=\s|$)
    | (?P<field>[A-Za-z]\w*)(?P<operator>:|>=|<=|>|<|=)(?P<value>(?:"[^"]*"?|[^\s"])*)
    | "(?P<phrase>[^"]*)"?
    | (?P<word>\S+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of the text, from `start`, that is no filter and is passed over; `message` says why."""

    start: int
    length: int
    message: str


@dataclass(frozen=True, slots=True)
class WordTerm:
    """A text in lower case. `is_exact`: no letters may be left out."""

    text: str
    exclude: bool = False
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class RegexTerm:
    pattern: re.Pattern[str]
    start: int
    length: int
    exclude: bool = False


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """`test` says whether a row fits, None where that is not known."""

    name: str
    operator: str
    value: str
    exclude: bool
    test: Callable[[FunctionRow], bool | None] = field(compare=False)


Term = WordTerm | RegexTerm | FieldTerm


@dataclass(frozen=True, slots=True)
class FunctionFilter:
    """What rows are wanted: those that every term agrees to. Problems hide no row."""

    text: str = ""
    terms: tuple[Term, ...] = ()
    problems: tuple[Problem, ...] = ()

    def matches(self, row: FunctionRow) -> bool:
        return len(FilterIndex((row,)).find(self)) == 1

    def score(self, row: FunctionRow) -> int:
        """How near a matching row's name is to the words, the larger the nearer.

        The whole name comes before its beginning, that before the beginning of a word, and that before the
        midst of one; last is what has the word elsewhere, or with letters left out.
        """
        return _sum_scores(self._words, row.function.name.casefold())

    @property
    def ranks(self) -> bool:
        """Whether there are words that some names are nearer to than others."""
        return bool(self._words)

    def narrows(self, other: "FunctionFilter") -> bool:
        """Whether each row that this lets through passes `other`, too, by what can be told quickly."""
        return all(any(_implies(mine, term) for mine in self.terms) for term in other.terms)

    @property
    def _words(self) -> list[str]:
        return [term.text for term in self.terms if isinstance(term, WordTerm) and not term.exclude]


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


_WORD_START = r"(?:\A|(?<=[^a-z0-9]))"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_START = re.compile(_WORD_START + ".", re.DOTALL)


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


def _score(word: str, name: str) -> int:
    at = name.find(word)
    if at <= 0:
        return at if at < 0 else 4 if word == name else 3
    return 1 if name[at - 1].isalnum() else 2


def _sum_scores(words: Sequence[str], name: str) -> int:
    return sum([_score(word, name) for word in words])


def _rank(found: Sequence[int], names: Sequence[str], words: Sequence[str]) -> list[int]:
    """Those with the largest `_sum_scores` first, equal ones as they were; some ten thousand in 2 ms."""
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


class FilterIndex:
    """Rows made ready to be filtered at every keystroke.

    While the filter only gets narrower, the rows it left before are the only ones looked at.
    `too_slow` are the regular expressions that the last `find` gave up and passed over.
    """

    def __init__(
        self, rows: Iterable[FunctionRow] = (), clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.too_slow: tuple[Problem, ...] = ()
        self._clock = clock
        self.set_rows(rows)

    def set_rows(self, rows: Iterable[FunctionRow]) -> None:
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
        if ranked and (words := wanted._words):
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
        search, end_s = term.pattern.search, self._clock() + REGEX_S
        left = []
        for at in found:
            if (search(self._rows[at].function.name, 0, REGEX_REACH) is None) is term.exclude:
                left.append(at)
            if self._clock() > end_s:
                message = "The regular expression takes too long and is passed over."
                self.too_slow = (*self.too_slow, Problem(term.start, term.length, message))
                return list(found)
        return left


def parse(text: str) -> FunctionFilter:
    """The filter that a text describes (see HELP). What is wrong is a problem, and hides nothing."""
    terms: list[Term] = []
    problems: list[Problem] = []
    for match in _TERM.finditer(text):
        try:
            term = _parse_term(match)
        except ValueError as error:
            problems.append(Problem(match.start(), match.end() - match.start(), str(error)))
        else:
            terms += [term] if term is not None else []
    return FunctionFilter(text, tuple(terms), tuple(problems))


def _parse_term(match: re.Match[str]) -> Term | None:
    """Raises ValueError with a sentence for the person."""
    exclude = match["minus"] is not None
    if (pattern := match["regex"]) is not None:
        return RegexTerm(_compile(pattern), match.start(), match.end() - match.start(), exclude)
    if match["field"] is not None:
        return _parse_field(match["field"], match["operator"], match["value"].replace('"', ""), exclude)
    is_phrase = match["phrase"] is not None
    wanted = match["phrase"] if is_phrase else match["word"]
    return WordTerm(wanted.casefold(), exclude, is_phrase) if wanted else None


# --- fields


def _get_figure(name: str) -> Callable[[FunctionRow], Any]:
    def get(row: FunctionRow) -> Any:
        return None if row.figures is None else getattr(row.figures, name)

    return get


def _get_cost(row: FunctionRow) -> Decimal | None:
    cost = row.figures.cost if row.figures else None
    return cost.amount if cost else None


# What is compared with a number: how it is got (None: not known), and its unit.
_NUMBERS: dict[str, tuple[Callable[[FunctionRow], Any], str]] = {
    "invocations": (_get_figure("invocations"), "a count of 24 h"),
    "errors": (_get_figure("errors"), "a count of 24 h"),
    "throttles": (_get_figure("throttles"), "a count of 24 h"),
    "concurrency": (_get_figure("concurrency"), "the peak of 24 h"),
    "p95": (_get_figure("p95_ms"), "milliseconds"),
    "cost": (_get_cost, "an amount of money"),
    "memory": (lambda row: row.function.memory_mb, "megabytes"),
    "timeout": (lambda row: row.function.timeout_s, "seconds"),
    "storage": (lambda row: row.function.ephemeral_mb, "megabytes"),
}
_TEXTS: dict[str, Callable[[FunctionRow], str | None]] = {
    "runtime": lambda row: get_runtime(row.function),
    "arch": lambda row: row.function.architecture,
    "region": lambda row: row.region or None,
    "account": lambda row: row.account or None,
    "connection": lambda row: row.connection or None,
}
_FLAGS: dict[str, Callable[[FunctionRow], bool]] = {
    "pinned": lambda row: row.is_pinned,
    "gone": lambda row: row.is_gone,
}
_COMPARE = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq}
_FIELDS = sorted([*_TEXTS, *_NUMBERS, "tag", "trigger", "lamp", "is"])


def _parse_field(name: str, operator: str, value: str, exclude: bool) -> FieldTerm:
    key = name.casefold()
    wanted = value.casefold()
    if key not in _FIELDS:
        raise ValueError(f"There is no field {name}. Fields are {', '.join(_FIELDS)}.")
    if key in _NUMBERS:
        test = _compare(key, operator, wanted)
    elif operator != ":":
        raise ValueError(f"{key} is compared with a colon, as in {key}:…")
    elif not wanted:
        raise ValueError(f"What {key}? A value has to follow the colon.")
    else:
        test = _test_text(key, wanted)
    return FieldTerm(key, operator, wanted, exclude, test)


def _compare(key: str, operator: str, value: str) -> Callable[[FunctionRow], bool | None]:
    get, unit = _NUMBERS[key]
    try:
        wanted = Decimal(value)
    except InvalidOperation:
        wanted = Decimal("NaN")
    if operator == ":" or not wanted.is_finite():
        raise ValueError(f"{key} is compared with a number ({unit}), as in {key}>10.")
    compare = _COMPARE[operator]

    def test(row: FunctionRow) -> bool | None:
        known = get(row)
        return None if known is None else compare(known, wanted)

    return test


def _test_text(key: str, wanted: str) -> Callable[[FunctionRow], bool | None]:
    if key in _TEXTS:
        get_text = _TEXTS[key]
        is_text_wanted = lru_cache(maxsize=1024)(_match_text(wanted))  # most rows have the same few texts
        return lambda row: None if (text := get_text(row)) is None else is_text_wanted(text)
    if key == "tag":
        return _test_tag(wanted)
    if key == "trigger":
        fits = _match_text(wanted)
        return lambda row: any(map(fits, row.triggers or ())) or (False if row.knows_triggers else None)
    if key == "lamp":
        kinds = [kind for kind in LampKind if wanted == "*" or kind.startswith(wanted)]
        if not kinds:
            raise ValueError(f"There is no lamp {wanted}. Lamps are {', '.join(LampKind)}.")
        return lambda row: any(lamp.kind in kinds for lamp in row.lamps)
    flag = _FLAGS.get(wanted)
    if flag is None:
        raise ValueError(f"A function can be {' or '.join(_FLAGS)}, as in is:pinned.")
    return flag


def _test_tag(wanted: str) -> Callable[[FunctionRow], bool | None]:
    key, equals, value = wanted.partition("=")
    fits_key = _match_text(key, whole=True)
    fits_value = _match_text(value, whole=True) if equals else lambda _text: True

    def test(row: FunctionRow) -> bool | None:
        if row.tags is None:
            return None
        return any(fits_key(name) and fits_value(text) for name, text in row.tags.items())

    return test


def _match_text(wanted: str, *, whole: bool = False) -> Callable[[str], bool]:
    """Whether a text, in any case, has the wanted one in it; with an asterisk, or `whole`, is like it."""
    if "*" in wanted:
        # Each part is found at its first place after the one before, which is enough for asterisks.
        first, *middle, last = wanted.split("*")

        def is_like(text: str) -> bool:
            text = text.casefold()
            if not text.startswith(first) or not text[len(first) :].endswith(last):
                return False
            at, end = len(first), len(text) - len(last)
            for part in middle:
                at = text.find(part, at, end)
                if at < 0:
                    return False
                at += len(part)
            return True

        return is_like
    if whole:
        return lambda text: text.casefold() == wanted
    return lambda text: wanted in text.casefold()


# --- regular expressions


def _compile(pattern: str) -> re.Pattern[str]:
    """Raises ValueError for one that can't be used, or could take too long: re can't be stopped."""
    if _count_steps(pattern) > REGEX_STEPS:
        raise ValueError(
            "The regular expression has so many choices that it could take for ever. "
            "Use fewer repeats, and none of a group that repeats or chooses itself."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a set may mean another thing some day
            return re.compile(_LEADING.sub("", pattern), re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        message = error.msg if isinstance(error, re.error) else "it is too large"
        raise ValueError(f"The regular expression can't be used: {message}.") from error


_LEADING = re.compile(r"\A(?:\.\*)+(?![*+?{])")  # says nothing where a part of a name is searched, but slowly
_REGEX_PART = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|(?P<open>\((?:\?[a-zA-Z<>=!:]*)?)|(?P<close>\))|(?P<choice>\|)"
    r"|(?P<repeat>(?:[*+?]|\{\d*,?\d*\})[?+]?)|.",
    re.DOTALL,
)


def _count_steps(pattern: str) -> float:
    """An upper bound, by the pattern's form, of the ways in which re may try it on one name.

    Each repeat may end at any character, each choice doubles the ways; a group that is repeated and has
    either within itself may be tried in ways without number.
    """
    repeats, choices = 0, 0
    groups = [False]  # whether there is a repeat or a choice in it, for each group that is open
    closed: bool | None = None  # the same of the group that has just ended
    for match in _REGEX_PART.finditer(pattern):
        after_group, closed = closed, None
        if match["open"]:
            groups.append(False)
        elif match["close"] and len(groups) > 1:
            closed = groups.pop()
            groups[-1] = groups[-1] or closed
        elif match["choice"]:
            choices += 1
            groups[-1] = True
        elif repeat := match["repeat"]:
            if repeat[0] == "{" and not any(character.isdigit() for character in repeat):
                continue  # braces that mean themselves
            is_optional = repeat[0] == "?" or repeat.startswith("{0,1}")
            if after_group and not is_optional:
                return float("inf")
            choices += is_optional
            repeats += not is_optional
            groups[-1] = True
    starts = repeats + 1  # it is tried from each character
    return float(REGEX_REACH**starts / factorial(starts) * 2**choices)


# --- order


def _implies(mine: Term, other: Term) -> bool:
    """Whether what passes `mine` passes `other`."""
    if mine == other:
        return True
    match mine, other:
        case WordTerm(exclude=False), WordTerm(exclude=False):
            return mine.text.startswith(other.text) and (mine.is_exact or not other.is_exact)
    return False


def _cost(term: Term) -> tuple[int, int]:
    """Quick terms that leave few rows come first."""
    match term:
        case WordTerm():
            return 0, -len(term.text)
        case FieldTerm():
            return 1, 0
        case RegexTerm():
            return 2, 0
