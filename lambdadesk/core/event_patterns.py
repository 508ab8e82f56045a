"""EventBridge's pattern language: whether an event fits a pattern, why it does not, and an event that does.

Rules, pipes and the filters of event source mappings share it. Events and patterns are JSON with numbers as
Decimal (`load_json`), since an exact match compares how a number is written: 300 is not 300.0.
Source: EventBridge User Guide, "Comparison operators for use in event patterns".
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any

from lambdadesk.core.errors import ErrorKind, UserError

Json = Any
Pattern = Mapping[str, Json]

_ABSENT = object()
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}
_LONGEST_VALUE = 60  # characters of a value in a sentence


def load_json(text: str) -> Json:
    """JSON with its numbers as Decimal; ValueError for what is not JSON."""

    def refuse(word: str) -> Json:
        raise ValueError(f"{word} is not JSON")

    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=refuse)


def dump_json(value: Json, *, indent: int | None = None) -> str:
    """What load_json loaded, as text; compact without an indent."""

    def to_number(number: Decimal) -> int | float:
        return (
            int(number) if number == number.to_integral_value() and "." not in str(number) else float(number)
        )

    separators = None if indent else (",", ":")
    return json.dumps(value, indent=indent, ensure_ascii=False, separators=separators, default=to_number)


def parse_pattern(text: str) -> Pattern:
    """UserError that says what is wrong with a pattern."""
    try:
        found = load_json(text)
        problem = _find_problem(found, "")
    except (ValueError, RecursionError) as error:
        raise _refuse("it is not JSON", str(error)) from error
    if problem:
        raise _refuse(problem)
    pattern: Pattern = found
    return pattern


def find_mismatch(pattern: Pattern, event: Json) -> str:
    """What keeps the event from fitting, `status is "new", the pattern wants "paid"`; "" where it fits."""
    return _find_mismatch(pattern, event, "")


def build_match(pattern: Pattern, event: Json) -> tuple[Json, tuple[str, ...]]:
    """The event changed as little as it takes to fit, and a sentence for each value that had to be made up.

    Where no value is found that fits, the event comes back as far as it goes; see `find_mismatch`.
    """
    choices: list[str] = []
    return _fit(pattern, event, "", choices), tuple(choices)


def _refuse(problem: str, details: str = "") -> UserError:
    return UserError(
        f"The pattern can't be used: {problem}.",
        "Correct it where it is kept, at the rule or the event source mapping.",
        kind=ErrorKind.INVALID,
        details=details,
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_or(key: str, want: Json) -> bool:
    return (
        key == "$or"
        and isinstance(want, list)
        and bool(want)
        and all(isinstance(each, dict) for each in want)
    )


# ------------------------------------------------------------------ is it a pattern


def _find_problem(pattern: Json, path: str) -> str:
    if not isinstance(pattern, dict):
        return f"{path or 'it'} is neither an object nor an array"
    for key, want in pattern.items():
        here = _join(path, key)
        if _is_or(key, want):
            problems = (_find_problem(each, path) for each in want)
        elif isinstance(want, list):
            problems = (_find_matcher_problem(each, here) for each in want or [[]])
        else:
            problems = (_find_problem(each, here) for each in [want])
        found = next(filter(None, problems), "")
        if found:
            return found
    return ""


def _find_matcher_problem(matcher: Json, path: str) -> str:
    if isinstance(matcher, list):
        return f"the array of {path} is empty or holds another array"
    if not isinstance(matcher, dict):
        return ""
    if len(matcher) != 1:
        return f"an object in the array of {path} has not exactly one operator"
    ((operator, want),) = matcher.items()
    is_good = _CHECKS.get(operator)
    if is_good is None:
        return f"{path} uses the operator {operator}, which is not known here"
    return "" if is_good(want) else f"{path} gives {operator} something that it doesn't take"


def _is_text_or_caseless(want: Json) -> bool:
    if isinstance(want, dict) and len(want) == 1:
        want = want.get("equals-ignore-case")
    return isinstance(want, str)


def _is_scalar(want: Json) -> bool:
    return want is None or isinstance(want, str | bool | Decimal)


def _is_texts(want: Json) -> bool:
    return isinstance(want, str) or (
        isinstance(want, list) and bool(want) and all(isinstance(each, str) for each in want)
    )


def _is_range(want: Json) -> bool:
    return (
        isinstance(want, list)
        and len(want) in (2, 4)
        and all(isinstance(sign, str) and sign in _COMPARE for sign in want[::2])
        and all(isinstance(limit, Decimal) for limit in want[1::2])
    )


def _is_network(want: Json) -> bool:
    try:
        return isinstance(want, str) and bool(ip_network(want, strict=False))
    except ValueError:
        return False


def _is_excludable(want: Json) -> bool:
    if isinstance(want, dict):
        operators = ("prefix", "suffix", "equals-ignore-case", "wildcard")
        return len(want) == 1 and all(key in operators and _is_texts(texts) for key, texts in want.items())
    if isinstance(want, list):
        return bool(want) and all(map(_is_scalar, want))
    return _is_scalar(want)


_CHECKS: Mapping[str, Callable[[Json], bool]] = {
    "exists": lambda want: isinstance(want, bool),
    "prefix": _is_text_or_caseless,
    "suffix": _is_text_or_caseless,
    "equals-ignore-case": lambda want: isinstance(want, str),
    "wildcard": lambda want: isinstance(want, str),
    "anything-but": _is_excludable,
    "numeric": _is_range,
    "cidr": _is_network,
}

# ------------------------------------------------------------------ does an event fit


def _find_mismatch(pattern: Pattern, event: Json, path: str) -> str:
    if isinstance(event, list) and event:  # one of its elements has to fit as a whole
        found = [_find_mismatch(pattern, each, path) for each in event]
        return "" if "" in found else found[0]
    values = event if isinstance(event, dict) else {}
    for key, want in pattern.items():
        if _is_or(key, want):
            alternatives = [_find_mismatch(each, event, path) for each in want]
            found_here = "" if "" in alternatives else " and ".join(dict.fromkeys(alternatives))
        elif isinstance(want, dict):
            found_here = _find_mismatch(want, values.get(key, _ABSENT), _join(path, key))
        else:
            found_here = _find_leaf_mismatch(want, values.get(key, _ABSENT), _join(path, key))
        if found_here:
            return found_here
    return ""


def _find_leaf_mismatch(matchers: Sequence[Json], value: Json, path: str) -> str:
    if _fits(matchers, value):
        return ""
    if value is _ABSENT:
        state = "is absent"
    elif isinstance(value, dict):
        state = "is an object"
    else:
        state = f"is {_show(value)}"
    return f"{path} {state}, the pattern wants {_describe(matchers)}"


def _fits(matchers: Sequence[Json], value: Json) -> bool:
    """Whether a value, or one of the values of an array, fits one of the matchers."""
    values = value if isinstance(value, list) and value else [value]
    # Patterns see leaves only: an object or an empty array is as good as absent.
    leaves = [_ABSENT if isinstance(each, dict | list) else each for each in values]
    return any(_matches(matcher, leaf) for matcher in matchers for leaf in leaves)


def _matches(matcher: Json, value: Json) -> bool:
    if not isinstance(matcher, dict):
        return value is not _ABSENT and _is_same(matcher, value)
    ((operator, want),) = matcher.items()
    if operator == "exists":
        return want is (value is not _ABSENT)
    if value is _ABSENT:
        return False
    if operator == "anything-but":
        return _is_other(want, value)
    if operator == "numeric":
        pairs = zip(want[::2], want[1::2], strict=True)
        return isinstance(value, Decimal) and all(_COMPARE[sign](value, limit) for sign, limit in pairs)
    return isinstance(value, str) and _matches_text(operator, want, value)


def _is_same(one: Json, other: Json) -> bool:
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return str(one) == str(other)
    return type(one) is type(other) and bool(one == other)


def _is_other(want: Json, value: Json) -> bool:
    if isinstance(want, dict):
        ((operator, texts),) = want.items()
        words = [texts] if isinstance(texts, str) else texts
        return not (isinstance(value, str) and any(_matches_text(operator, each, value) for each in words))
    return not any(_is_same(each, value) for each in (want if isinstance(want, list) else [want]))


def _matches_text(operator: str, want: Json, value: str) -> bool:
    if isinstance(want, dict):  # {"prefix": {"equals-ignore-case": ...}}
        want, value = want["equals-ignore-case"].casefold(), value.casefold()
    if operator == "prefix":
        return value.startswith(str(want))
    if operator == "suffix":
        return value.endswith(str(want))
    if operator == "equals-ignore-case":
        return value.casefold() == str(want).casefold()
    if operator == "wildcard":
        return _fits_wildcard(want, value)
    try:
        return ip_address(value) in ip_network(want, strict=False)
    except ValueError:
        return False


def _split_wildcard(text: str) -> list[str]:
    """The parts between the stars; a backslash makes the next character an ordinary one."""
    parts = [""]
    for found in re.finditer(r"\\(.)|(\*)|(.)", text, re.DOTALL):
        if found[2]:
            parts.append("")
        else:
            parts[-1] += found[1] or found[3]
    return parts


def _fits_wildcard(want: str, value: str) -> bool:
    """Taken apart by hand: a regular expression with many stars could take for ever."""
    first, *others = _split_wildcard(want)
    if not others:
        return value == first
    last = others.pop()
    if len(value) < len(first) + len(last) or not (value.startswith(first) and value.endswith(last)):
        return False
    place, end = len(first), len(value) - len(last)
    for part in others:
        place = value.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


# ------------------------------------------------------------------ in words


def _show(value: Json) -> str:
    text = dump_json(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _describe(matchers: Sequence[Json]) -> str:
    return " or ".join(map(_describe_one, matchers))


def _describe_one(matcher: Json) -> str:
    if not isinstance(matcher, dict):
        return _show(matcher)
    ((operator, want),) = matcher.items()
    if operator == "exists":
        return "any value" if want else "it to be absent"
    if operator == "numeric":
        pairs = zip(want[::2], want[1::2], strict=True)
        return "a number " + " and ".join(f"{sign} {limit}" for sign, limit in pairs)
    if operator == "anything-but":
        if isinstance(want, dict):
            ((inner, texts),) = want.items()
            words = [texts] if isinstance(texts, str) else texts
            return "anything but " + " or ".join(_describe_one({inner: each}) for each in words)
        return "anything but " + " or ".join(map(_show, want if isinstance(want, list) else [want]))
    caseless = isinstance(want, dict)
    text = _show(want["equals-ignore-case"] if caseless else want)
    words = {
        "prefix": f"a text that begins with {text}",
        "suffix": f"a text that ends with {text}",
        "equals-ignore-case": f"{text} in any case",
        "wildcard": f"a text like {text}",
        "cidr": f"an address within {text}",
    }
    return f"{words[operator]} in any case" if caseless else words[operator]


# ------------------------------------------------------------------ an event that fits


def _fit(pattern: Pattern, event: Json, path: str, choices: list[str]) -> Json:
    if isinstance(event, dict | list) and not _find_mismatch(pattern, event, path):
        return event
    made = dict(event) if isinstance(event, dict) else {}
    alternatives: list[Json] = []
    for key, want in pattern.items():
        if _is_or(key, want):
            alternatives.append(want)
        elif isinstance(want, dict):
            inner = _fit(want, made.get(key), _join(path, key), choices)
            if inner or key in made:
                made[key] = inner
        elif not _fits(want, made.get(key, _ABSENT)):
            _choose(want, made, key, _join(path, key), choices)
    for each in alternatives:
        if all(_find_mismatch(one, made, path) for one in each):
            made = _fit(each[0], made, path, choices)
    return made


def _choose(matchers: Sequence[Json], made: dict[str, Json], key: str, path: str, choices: list[str]) -> None:
    """Put a value that fits one of the matchers where the key is."""
    before = made.get(key)
    for matcher in matchers:
        for value in _get_candidates(matcher, before):
            if not _matches(matcher, value):
                continue
            if value is _ABSENT:
                made.pop(key, None)
                return
            made[key] = value
            if len(matchers) > 1 or isinstance(matcher, dict):
                choices.append(f"{path}: {_show(value)} is chosen; the pattern wants {_describe(matchers)}.")
            return


def _get_candidates(matcher: Json, before: Json) -> Iterator[Json]:
    """Values of which one should fit; the likelier ones first. before: what was there, if it is a text."""
    if not isinstance(matcher, dict):
        yield matcher
        return
    ((operator, want),) = matcher.items()
    text = before if isinstance(before, str) else ""
    if isinstance(want, dict) and operator != "anything-but":
        want = want["equals-ignore-case"]
    if operator == "exists":
        yield "example" if want else _ABSENT
    elif operator == "prefix":
        yield want + (text.rpartition("/")[2] or "example")
    elif operator == "suffix":
        yield (text.rpartition(".")[0] or "example") + want
    elif operator == "wildcard":
        parts = _split_wildcard(want)
        yield "example".join(parts)
        yield "".join(parts)
    elif operator == "numeric":
        yield from _get_numbers(want[1::2])
    elif operator == "cidr":
        network = ip_network(want, strict=False)
        yield str(next(iter(network.hosts()), network.network_address))
    elif operator == "anything-but":
        yield from ("example", "other")
        yield from (f"other-{number}" for number in range(100))
        yield from map(Decimal, range(100))
    else:
        yield want


def _get_numbers(limits: Sequence[Decimal]) -> Iterator[Decimal]:
    for limit in limits:
        yield from (limit, limit + 1, limit - 1)
    yield sum(limits, Decimal(0)) / len(limits)
