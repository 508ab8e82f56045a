"""FunctionDetails, everything that is configured for one function, in words that people read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lambdadesk.core.errors import UserError
from lambdadesk.core.secret import Secret

NONE = "none"
_BYTES = (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024))
_SECONDS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One thing that is configured. hint: what it means, one sentence; may be empty.

    A Secret is a value of the environment: it is masked until somebody asks for it.
    """

    name: str
    value: str | Secret
    hint: str = ""

    @property
    def is_secret(self) -> bool:
        return isinstance(self.value, Secret)


@dataclass(frozen=True, slots=True)
class DetailGroup:
    """Rows that belong together. Their names are unique within the group."""

    title: str
    rows: tuple[DetailRow, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that could not be read: what it tells ("reserved concurrency"), and why it is not known.

    is_former: what is shown of it is what was known before.
    """

    part: str
    error: UserError
    is_former: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a function's configuration says that its execution role must allow.

    destinations: ARNs that asynchronous invocations report to. key_arn: the customer's KMS key of the
    environment; empty: AWS's own. file_systems: ARNs of the access points that are mounted.
    """

    role_arn: str = ""
    log_group: str = ""
    dead_letter_arn: str = ""
    destinations: tuple[str, ...] = ()
    key_arn: str = ""
    file_systems: tuple[str, ...] = ()
    is_in_vpc: bool = False
    is_traced: bool = False
    is_durable: bool = False


@dataclass(frozen=True, slots=True)
class FunctionDetails:
    """One function as it is configured: groups in reading order, and the parts that could not be read.

    answers: what AWS said, by operation, with Secrets in place of what may be one; kept so that a part that
    fails at the next reading keeps what is known of it.
    """

    name: str
    arn: str = ""
    groups: tuple[DetailGroup, ...] = ()
    failures: tuple[Failure, ...] = ()
    facts: Facts = Facts()
    answers: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def get(self, title: str) -> DetailGroup | None:
        """The group of that title."""
        return next((group for group in self.groups if group.title == title), None)


def format_bytes(count: int) -> str:
    """A size in its largest unit of 1,024s: "1.2 MB"."""
    for unit, size in _BYTES:
        if count >= size:
            return f"{count / size:,.1f}".removesuffix(".0") + f" {unit}"
    return "1 byte" if count == 1 else f"{count:,} bytes"


def format_seconds(seconds: int) -> str:
    """A time in at most two units: "1 min 30 s", "6 h", "14 d"."""
    for number, (unit, length_s) in enumerate(_SECONDS):
        count, rest = divmod(seconds, length_s)
        if count:
            lesser = _SECONDS[number + 1] if rest else None
            more = f" {rest // lesser[1]} {lesser[0]}" if lesser and rest >= lesser[1] else ""
            return f"{count:,} {unit}{more}"
    return "0 s"


def format_count(count: int, noun: str) -> str:
    """ "1 day", "2 days"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_moment(moment: datetime) -> str:
    """A moment (aware) in local time, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
