"""The terms of a log filter: what one line must (not) be to be wanted."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt
from typing import Any

import orjson

from lambdadesk.core.logstore import Level

REGEX_REACH = (
    10_000  # characters of a line that a regular expression looks at: its time may grow with the square
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt, "=": eq}


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
    """The levels wanted, as a comparison with one. A line that names no level counts as information."""

    least: Level
    exclude: bool
    operator: str = ">="

    def accepts(self, level: int) -> bool:
        return _OPERATORS[self.operator](level or Level.INFO, self.least) != self.exclude


@dataclass(frozen=True, slots=True)
class LevelsTerm:
    """A set of levels, as buttons switch them on and off. A line without one counts as information."""

    levels: frozenset[Level]

    def accepts(self, level: int) -> bool:
        return (level or Level.INFO) in self.levels


@dataclass(frozen=True, slots=True)
class TimeTerm:
    """From start_ms to end_ms (exclusive), by the timestamp."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class RequestTerm:
    """A part of a request id: of the line's invocation, or else within its text."""

    request: str
    exclude: bool


@dataclass(frozen=True, slots=True)
class StreamTerm:
    """A part of the log stream's name, in lower case."""

    stream: str
    exclude: bool


@dataclass(frozen=True, slots=True)
class SourceTerm:
    """One of the logs that are followed together, by its number; number_of tells a stream's."""

    source: int
    number_of: Callable[[str], int] = field(compare=False)


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """A field at the top of a line in JSON.

    `:` looks for the value within the field's, and for "name:value" in the text of any line; the others
    compare, as numbers where both are. Small letters match capitals, too.
    """

    name: str
    operator: str
    value: str
    exclude: bool

    def matches(self, text: str) -> bool:
        literal = f"{self.name}{self.operator}{self.value}"
        if literal in (text.lower() if literal == literal.lower() else text):
            return True
        if not text.startswith("{"):
            return False
        try:
            fields = orjson.loads(text)
        except orjson.JSONDecodeError:
            return False
        name = self.name
        if name in fields:
            return self._fits(fields[name])
        return name == name.lower() and any(
            self._fits(value) for key, value in fields.items() if key.lower() == name
        )

    def _fits(self, value: object) -> bool:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        if self.value == self.value.lower():
            text = text.lower()
        if self.operator == ":":
            return self.value in text
        number = to_number(self.value)
        if number is not None and isinstance(value, int | float) and not isinstance(value, bool):
            return _OPERATORS[self.operator](value, number)
        return self.operator == "=" and text == self.value


Term = (
    TextTerm
    | RegexTerm
    | LevelTerm
    | LevelsTerm
    | TimeTerm
    | RequestTerm
    | StreamTerm
    | SourceTerm
    | FieldTerm
)


def to_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
