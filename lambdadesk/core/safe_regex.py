"""Regular expressions that a person types, refused where they could take for ever: re can't be stopped."""

import re
import warnings
from math import factorial
from typing import Final

REACH: Final = 64  # characters of a name, which is as long as Lambda lets it be
_MOST_STEPS = 700_000  # of one name at worst: some milliseconds
_LEADING = re.compile(r"\A(?:\.\*)+(?![*+?{])")  # says nothing where a part of a name is searched, but slowly
_PART = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|(?P<open>\((?:\?[a-zA-Z<>=!:]*)?)|(?P<close>\))|(?P<choice>\|)"
    r"|(?P<repeat>(?:[*+?]|\{\d*,?\d*\})[?+]?)|.",
    re.DOTALL,
)


def compile_regex(pattern: str) -> re.Pattern[str]:
    """Raises ValueError for one that can't be used, or could take too long: re can't be stopped."""
    if _count_steps(pattern) > _MOST_STEPS:
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


def _count_steps(pattern: str) -> float:
    """An upper bound, by the pattern's form, of the ways in which re may try it on one name.

    Each repeat may end at any character, each choice doubles the ways; a group that is repeated and has
    either within itself may be tried in ways without number.
    """
    repeats, choices = 0, 0
    groups = [False]  # whether there is a repeat or a choice in it, for each group that is open
    closed: bool | None = None  # the same of the group that has just ended
    for match in _PART.finditer(pattern):
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
    return float(REACH**starts / factorial(starts) * 2**choices)
