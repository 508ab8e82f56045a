"""Sample events of everything that starts a function, filled in for one account, region and moment.

A template is a JSON file in resources/events, and a row in its index.json. In its texts stand placeholders:

    ${account} ${region} ${partition} ${dns_suffix} ${function_name} ${function_arn}
    ${now_iso} and the other keys of _TIMES, also ${now_iso-60s} and ${now_ms+3600s}
    ${uuid} ${hex:32} ${digits:54} ..., new each time; ${uuid:request} is the same all over the event
    ${queue} and whatever else the row gives a value for, which may hold placeholders itself

A text that is one placeholder and nothing else becomes its value, numbers included. An object whose only key
is one of _MAKERS is made into something else: {"$base64": ...} is encoded, {"$md5": ...} is a digest.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus, urlencode

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.payload import compact_json
from lambdadesk.core.resources import read_text

_PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)((?::[a-z0-9_]+)*)(?:([+-]\d+)s)?\}")
_ALPHABETS = {
    "digits": "0123456789",
    "hex": "0123456789abcdef",
    "upper_hex": "0123456789ABCDEF",
    "lower": "abcdefghijklmnopqrstuvwxyz0123456789",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "alnum": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
}
_DNS_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
# English whatever the locale, which strftime would follow.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_ABSENT = object()  # a key that is left out
_NO_VALUES: Mapping[str, "Value"] = MappingProxyType({})

Value = str | int


@dataclass(frozen=True, slots=True)
class EventContext:
    """Where and when an event happens. now: with a time zone; new_id: a new UUID with each call."""

    account: str
    region: str
    partition: str
    function_name: str
    function_arn: str
    now: datetime
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of event.

    sources: the Trigger.source words it fits; empty for those that no trigger sends.
    values:  what can be given to `render_template`, with defaults, which may hold placeholders.
    carries: the one of the values that another event can be put into; "" where there is none.
    """

    key: str
    title: str
    group: str
    sources: tuple[str, ...]
    note: str
    values: Mapping[str, Value]
    carries: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """chain: keys of other templates, from the inside out; empty: the template has a file."""

    template: Template
    chain: tuple[str, ...] = ()
    own_values: Mapping[str, Value] = field(default_factory=dict)


def get_templates() -> tuple[Template, ...]:
    """All of them, in the order they are shown in."""
    return tuple(entry.template for entry in _load_index().values())


def get_template(key: str) -> Template:
    """KeyError where there is none."""
    return _load_index()[key].template


def render_template(key: str, context: EventContext, values: Mapping[str, Value] = _NO_VALUES) -> str:
    """The event as formatted JSON.

    values: what to put instead of the template's own. KeyError for a template, or a value, that there is not;
    UserError where a value has to be JSON and isn't.
    """
    entry = _load_index()[key]
    unknown = values.keys() - entry.template.values.keys()
    if unknown:
        raise KeyError(f"{key} has no value {', '.join(sorted(unknown))}")
    if not entry.chain:
        merged = {**entry.template.values, **values}
        return _dump(_Rendering(context, merged, values.keys()).make(json.loads(_load(key))))
    given = {**entry.own_values, **values}
    first, *others = entry.chain
    text = render_template(first, context, _pick(first, given))
    for outer in others:
        text = chain(text, outer, context, _pick(outer, given))
    return text


def chain(
    inner_text: str, outer_key: str, context: EventContext, values: Mapping[str, Value] = _NO_VALUES
) -> str:
    """An event within another, as AWS sends it: as a string in the body, message or data of the outer one.

    inner_text: any text. UserError where nothing can be put into the outer one.
    """
    carries = get_template(outer_key).carries
    if not carries:
        raise UserError(
            "This event has no place for another one.",
            "Choose SQS, SNS or another event with a body.",
            kind=ErrorKind.INVALID,
        )
    return render_template(outer_key, context, {**values, carries: _pack(inner_text)})


@cache
def get_completion_keys(key: str) -> tuple[str, ...]:
    """The keys of an event, each once, in the order they stand in it; those of JSON in strings, too."""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    context = EventContext(
        "123456789012",
        "us-east-1",
        "aws",
        "function",
        arn,
        datetime(2026, 1, 1, tzinfo=UTC),
        lambda: "00000000-0000-4000-8000-000000000000",
    )
    return tuple(dict.fromkeys(_walk_keys(json.loads(render_template(key, context)))))


def _walk_keys(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _walk_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk_keys(inner)


@cache
def _load_index() -> dict[str, _Entry]:
    index: dict[str, _Entry] = {}
    for row in json.loads(read_text("events/index.json")):
        parts = tuple(row.get("chain", ()))
        values: dict[str, Value] = {}
        for number, part in enumerate(parts):
            inner = index[part].template
            values |= inner.values
            if number:  # its place for another event is taken
                del values[inner.carries]
        template = Template(
            row["key"],
            row["title"],
            row["group"],
            tuple(row["sources"]),
            row["note"],
            MappingProxyType({**values, **row["values"]}),
            row.get("carries", ""),
        )
        index[template.key] = _Entry(template, parts, row["values"] if parts else {})
    return index


@cache
def _load(key: str) -> str:
    return read_text(f"events/{key}.json")


def _pick(key: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the values that the template knows."""
    template = get_template(key)
    return {name: value for name, value in values.items() if name in template.values}


def _pack(text: str) -> str:
    """An event as the string that it is within another: compact, or with the spaces that SNS writes."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, dict) and found.get("Type") == "Notification" and "TopicArn" in found:
        lines = [f"  {_dump_compact(name)} : {_dump_compact(value)}" for name, value in found.items()]
        return "{\n" + ",\n".join(lines) + "\n}"
    return compact_json(text)


def _dump(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _dump_compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else _dump_compact(value)


def _parse(name: str, value: Any) -> Any:
    """The JSON in a value; nothing at all is null."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except ValueError as error:
        raise UserError(
            f"The value {name} of this event is not JSON.",
            "Write it as JSON, with double quotes.",
            kind=ErrorKind.INVALID,
            details=str(error),
        ) from error


def _parse_object(value: Any) -> dict[str, Any]:
    found = _parse("with parameters", value)
    return found if isinstance(found, dict) else {}


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _to_multi(value: Any) -> dict[str, list[Any]] | None:
    found = _parse_object(value)
    return {name: each if isinstance(each, list) else [each] for name, each in found.items()} or None


# mtime: the bytes must not depend on when they were made.
_MAKERS: Mapping[str, Callable[[Any], Any]] = {
    "$text": _to_text,  # as a string: JSON that is compact, the digits of a number
    "$parse": lambda value: value,  # a value that is JSON as what it means; see _Rendering.make
    "$object": _parse_object,  # the same, {} where it is empty
    "$multi": _to_multi,  # {"a": "1"} -> {"a": ["1"]}; null where it is empty
    "$query": lambda value: urlencode(_parse_object(value), doseq=True),  # {"a": "1"} -> a=1
    "$url": lambda value: quote_plus(_to_text(value), safe="/"),  # as S3 encodes keys
    "$base64": lambda value: _encode(_to_text(value).encode()),
    "$gzip": lambda value: _encode(gzip.compress(_to_text(value).encode(), mtime=0)),  # and base64
    "$md5": lambda value: hashlib.md5(_to_text(value).encode(), usedforsecurity=False).hexdigest(),
    "$sha256": lambda value: hashlib.sha256(_to_text(value).encode()).hexdigest(),
    "$length": lambda value: len(_to_text(value).encode()),  # in bytes
    "$or_null": lambda value: None if value == "" else value,
    "$optional": lambda value: _ABSENT if value in ("", None) else value,  # the key is left out
}

_TIMES: Mapping[str, Callable[[datetime], Value | float]] = {
    "now_iso": lambda now: f"{now:%Y-%m-%dT%H:%M:%S}Z",
    "now_iso_ms": lambda now: f"{_to_label(now)}Z",
    "now_offset": lambda now: f"{_to_label(now)}+0000",
    "now_label": lambda now: _to_label(now),
    "now_day": lambda now: f"{now:%Y/%m/%d}",
    "now_clf": lambda now: f"{now:%d}/{_month(now)}/{now:%Y:%H:%M:%S} +0000",
    "now_http": lambda now: f"{_day(now)}, {now:%d} {_month(now)} {now:%Y %H:%M:%S} GMT",
    "now_mail": lambda now: f"{_day(now)}, {now.day} {_month(now)} {now:%Y %H:%M:%S} +0000",
    "now_words": lambda now: (
        f"{_month(now)} {now.day}, {now:%Y}, {now.hour % 12 or 12}:{now:%M:%S} {'AP'[now.hour // 12]}M"
    ),
    "now_long": lambda now: (
        f"{_DAYS[now.weekday()]} {now:%d} {_MONTHS[now.month - 1]}, {now:%Y %H:%M:%S} UTC"
    ),
    "now_epoch": lambda now: _to_us(now) // 1_000_000,
    "now_seconds": lambda now: _to_us(now) // 1000 / 1000,  # a float, to the millisecond
    "now_ms": lambda now: _to_us(now) // 1000,
    "now_us": lambda now: _to_us(now),
    "now_hex": lambda now: f"{_to_us(now) // 1_000_000:08x}",
}


def _to_label(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}"


def _month(now: datetime) -> str:
    return _MONTHS[now.month - 1][:3]


def _day(now: datetime) -> str:
    return _DAYS[now.weekday()][:3]


def _to_us(now: datetime) -> int:
    return (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


class _Rendering:
    """One event while it is made. literal: names of values that are taken as they are."""

    def __init__(self, context: EventContext, values: Mapping[str, Value], literal: Any) -> None:
        self._values = dict(values)
        self._known: dict[str, Any] = {name: values[name] for name in literal}
        self._new_id = context.new_id
        self._now = context.now.astimezone(UTC)
        self._facts = {
            "account": context.account,
            "region": context.region,
            "partition": context.partition,
            "dns_suffix": _DNS_SUFFIXES.get(context.partition, "amazonaws.com"),
            "function_name": context.function_name,
            "function_arn": context.function_arn,
        }
        self._ids: dict[str, str] = {}

    def make(self, value: Any) -> Any:
        """The part of an event that this part of a template stands for."""
        if isinstance(value, str):
            return self._fill(value)
        if isinstance(value, list):
            return [self.make(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, inner),) = value.items()
            if name == "$parse":
                return _parse(str(inner).strip("${}"), self.make(inner))
            if name in _MAKERS:
                return _MAKERS[name](self.make(inner))
        made = ((self._fill(name), self.make(inner)) for name, inner in value.items())
        return {str(name): inner for name, inner in made if inner is not _ABSENT}

    def _fill(self, text: str) -> Any:
        whole = _PLACEHOLDER.fullmatch(text)
        if whole is not None:
            return self._get(whole)
        return _PLACEHOLDER.sub(lambda found: str(self._get(found)), text)

    def _get(self, found: re.Match[str]) -> Any:
        name, details, shift = found[1], found[2].split(":")[1:], int(found[3] or 0)
        if name in _TIMES:
            return _TIMES[name](self._now + timedelta(seconds=shift))
        if name in self._facts:
            return self._facts[name]
        if name == "uuid":
            return self._make_id(found[0], self._new_id) if details else self._new_id()
        if name in _ALPHABETS:
            alphabet, length = _ALPHABETS[name], int(details[0])
            is_named = len(details) > 1
            return self._make_id(found[0] if is_named else "", lambda: self._spell(alphabet, length))
        if name not in self._known:
            self._known[name] = ""  # what refers to itself ends here
            default = self._values[name]
            self._known[name] = self._fill(default) if isinstance(default, str) else default
        return self._known[name]

    def _make_id(self, name: str, make: Callable[[], str]) -> str:
        if not name:
            return make()
        if name not in self._ids:
            self._ids[name] = make()
        return self._ids[name]

    def _spell(self, alphabet: str, length: int) -> str:
        """A new id of another form than a UUID."""
        seed = hashlib.shake_256(self._new_id().encode()).digest(length)
        return "".join(alphabet[byte % len(alphabet)] for byte in seed)
