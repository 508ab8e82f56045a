"""Variables in a payload, filled in as it is sent; NAMES has them all."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lambdadesk.core.errors import ErrorKind, UserError

NAMES = ("{{uuid}}", "{{now}}", "{{now:epoch}}", "{{now:ms}}", "{{env:NAME}}")

_VARIABLE = re.compile(r"\{\{(uuid|now|now:epoch|now:ms|env:([A-Za-z_][A-Za-z0-9_]*))\}\}")
_STRING_OR_VARIABLE = re.compile(rf'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|{_VARIABLE.pattern}', re.DOTALL)
_SECRET = re.compile(
    r"^AWS_(?!REGION$|DEFAULT_REGION$|PROFILE$)|SECRET|TOKEN|PASSW|CREDENTIAL|_KEY", re.IGNORECASE
)
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Variable:
    """One place in a text: "{{env:STAGE}}", from `position` on (in characters, from 0)."""

    text: str
    position: int
    environment_name: str = ""


def find_variables(text: str) -> tuple[Variable, ...]:
    """All variables of a text in their order; what is unknown, {{word}}, is none."""
    return tuple(Variable(found[0], found.start(), found[2] or "") for found in _VARIABLE.finditer(text))


def expand(text: str, environment: Mapping[str, str], now: datetime, new_uuid: Callable[[], str]) -> str:
    """The text with its variables filled in; each {{uuid}} is a new one, {{now}} is ISO 8601 in UTC.

    Within a JSON string the values are escaped. Outside of one they stand as they are, a number for example.
    environment: of this process. now: with a time zone. UserError for a name that is not in the environment,
    and for one that may hold a secret: an event may come from anybody.
    """

    def get(found: re.Match[str]) -> str:
        word, name = found[1], found[2]
        if name is not None:
            if name not in environment:
                raise UserError(
                    f"there is no environment variable {name} here.",
                    f"Correct {found[0]} in the payload, or start LambdaDesk with the variable set.",
                    kind=ErrorKind.INVALID,
                )
            if _SECRET.search(name):
                raise UserError(
                    f"the environment variable {name} may hold a secret, which no event may ask for.",
                    f"Use a variable of another name than {found[0]}.",
                    kind=ErrorKind.INVALID,
                )
            return environment[name]
        if word == "uuid":
            return new_uuid()
        ms = (now - _START) // timedelta(milliseconds=1)
        if word == "now":
            return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"
        return str(ms if word == "now:ms" else ms // 1000)

    def fill(found: re.Match[str]) -> str:
        if not found[0].startswith('"'):
            return get(found)
        return _VARIABLE.sub(lambda each: json.dumps(get(each), ensure_ascii=False)[1:-1], found[0])

    return _STRING_OR_VARIABLE.sub(fill, text)
