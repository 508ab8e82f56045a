"""JSON as values whose numbers stay as they were written."""

from typing import Any

import orjson


class Number(str):
    """A number of a JSON text, as it stands there: 1.10, 1e999, or an integer of any length."""

    __slots__ = ()


def load_json(data: bytes) -> Any:
    """Parse strictly; ValueError if it is not JSON or nested more than some hundred levels deep."""
    import json  # not orjson, whose numbers are rounded; only who looks at values needs it

    orjson.loads(data)  # strict: json takes NaN
    try:
        return json.loads(data, parse_float=Number, parse_int=Number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def dump_json(value: Any) -> str:
    """A value of `load_json` as JSON on one line. RecursionError where it is nested very deeply."""
    if isinstance(value, Number):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{dump_json(key)}: {dump_json(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump_json, value)) + "]"
    return orjson.dumps(value).decode()


def path_to(parent: str, key: str | int) -> str:
    """The path of an element: "items[2].price"; empty is the whole."""
    if isinstance(key, int):
        return f"{parent}[{key}]"
    if not key.isidentifier():
        return f"{parent}[{dump_json(key)}]"
    return f"{parent}.{key}" if parent else key
