"""The filter over the function table: what one types, and what of it is wrong."""

import re
from dataclasses import dataclass, field

from lambdadesk.core.function_fields import Test, make_test
from lambdadesk.core.safe_regex import compile_regex

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
    name: str
    operator: str
    value: str
    exclude: bool
    test: Test = field(compare=False)


Term = WordTerm | RegexTerm | FieldTerm


@dataclass(frozen=True, slots=True)
class FunctionFilter:
    """What rows are wanted: those that every term agrees to. Problems hide no row."""

    text: str = ""
    terms: tuple[Term, ...] = ()
    problems: tuple[Problem, ...] = ()

    def narrows(self, other: "FunctionFilter") -> bool:
        """Whether each row that this lets through passes `other`, too, by what can be told quickly."""
        return all(any(_implies(mine, term) for mine in self.terms) for term in other.terms)

    @property
    def words(self) -> list[str]:
        """The words that some names are nearer to than others."""
        return [term.text for term in self.terms if isinstance(term, WordTerm) and not term.exclude]


def _implies(mine: Term, other: Term) -> bool:
    """Whether what passes `mine` passes `other`."""
    if mine == other:
        return True
    match mine, other:
        case WordTerm(exclude=False), WordTerm(exclude=False):
            return mine.text.startswith(other.text) and (mine.is_exact or not other.is_exact)
    return False


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
        return RegexTerm(compile_regex(pattern), match.start(), match.end() - match.start(), exclude)
    if (name := match["field"]) is not None:
        operator, value = match["operator"], match["value"].replace('"', "").casefold()
        return FieldTerm(name.casefold(), operator, value, exclude, make_test(name, operator, value))
    is_phrase = match["phrase"] is not None
    wanted = match["phrase"] if is_phrase else match["word"]
    return WordTerm(wanted.casefold(), exclude, is_phrase) if wanted else None
