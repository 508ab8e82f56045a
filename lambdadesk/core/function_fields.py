"""The fields that the filter over the function table knows, and what compares a row with a value."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any

from lambdadesk.core.function_columns import get_runtime
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.lamps import LampKind

# Whether a row fits; None where that is not known.
Test = Callable[[FunctionRow], bool | None]


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


def make_test(name: str, operator: str, value: str) -> Test:
    """What compares a row's field with a value in small letters.

    Raises ValueError, with a sentence for the person, for what can't be compared.
    """
    key = name.casefold()
    if key not in _FIELDS:
        raise ValueError(f"There is no field {name}. Fields are {', '.join(_FIELDS)}.")
    if key in _NUMBERS:
        return _compare(key, operator, value)
    if operator != ":":
        raise ValueError(f"{key} is compared with a colon, as in {key}:…")
    if not value:
        raise ValueError(f"What {key}? A value has to follow the colon.")
    return _test_text(key, value)


def _compare(key: str, operator: str, value: str) -> Test:
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


def _test_text(key: str, wanted: str) -> Test:
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


def _test_tag(wanted: str) -> Test:
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
