"""Who a function's resource policies let in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ANY = "\N{HORIZONTAL ELLIPSIS}"  # in the ARN of a caller: any text; "*" there is text without a slash

_INVOKE, _INVOKE_URL = "lambda:invokefunction", "lambda:invokefunctionurl"
_SOURCE = "aws:sourcearn"
_ACCOUNT = ("aws:sourceaccount", "aws:sourceowner")
_URL = "lambda:functionurlauthtype"
_VIA_URL = "lambda:invokedviafunctionurl"


@dataclass(frozen=True, slots=True)
class Grant:
    """One principal of one statement, with one source ARN.

    qualifier:  whose policy it is: alias or version, empty for the unqualified function.
    principal:  a service without its domain ("s3", "lambda.alarms.cloudwatch"), else an account id, the ARN
                of a role or user, or "*".
    source_arn: pattern of the source, empty for any; is_literal: its "*" and "?" mean themselves.
    limits:     conditions that can't be judged here, as text.
    by_event, by_url: which calls it speaks of: those of services and callers, those through a function URL.
    """

    qualifier: str
    sid: str
    principal: str
    is_service: bool
    allows: bool = True
    source_arn: str = ""
    is_literal: bool = False
    accounts: tuple[str, ...] = ()
    url_auth: str = ""
    limits: tuple[str, ...] = ()
    by_event: bool = True
    by_url: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether it names one source, so that this one can be asked for. A log group's ARN ends in ":*"."""
        arn = self.source_arn.removesuffix(":*") if ":log-group:" in self.source_arn else self.source_arn
        return bool(arn) and not re.search(r"[*?]", arn)

    def covers(self, arn: str, account: str) -> bool:
        """Whether it speaks of calls from this source, whose ARN may have "*" and ANY in it."""
        if self.accounts and account and not any(_overlap(each, account) for each in self.accounts):
            return False
        return not self.source_arn or _overlap(self.source_arn, arn, is_literal=self.is_literal)


def parse_policy(text: str, qualifier: str) -> list[Grant]:
    """What a policy (JSON, as GetPolicy gives it) says about invoking; ValueError where it is no policy.

    Statements that MiniStack adds for another alias or version (by their Resource) are left out.
    """
    document = json.loads(text) if text.strip() else {}
    if not isinstance(document, dict):
        raise ValueError("not a policy")
    return [grant for each in _to_list(document.get("Statement")) for grant in _parse(each, qualifier)]


def get_service(principal: str) -> str:
    """A service principal without domain and region: "logs.eu-west-1.amazonaws.com" -> "logs"."""
    name = re.sub(r"\.(amazonaws\.com(\.cn)?|amazonaws\.eu|amazon\.com)$", "", principal)
    return re.sub(r"\.[a-z]{2,}(-[a-z]+)+-\d+$", "", name)


def _parse(statement: object, qualifier: str) -> Iterator[Grant]:
    if not isinstance(statement, dict):
        return
    by_event, by_url = _speaks_of(statement, _INVOKE), _speaks_of(statement, _INVOKE_URL)
    resources = [str(each) for each in _to_list(statement.get("Resource"))] or ["*"]
    if not any(each == "*" or _overlap(_get_qualifier(each), qualifier) for each in resources):
        return
    sources: list[tuple[str, bool]] = []
    accounts: list[str] = []
    limits: list[str] = []
    url_auth = ""
    for operator, keys in _to_mapping(statement.get("Condition")).items():
        for key, value in _to_mapping(keys).items():
            values = [str(each) for each in _to_list(value)]
            name = key.lower()
            is_positive = not re.search(r"Not|Null|Bool", operator)
            if name == _SOURCE and is_positive:
                is_literal = "StringEquals" in operator
                sources += [(each, is_literal) for each in values]
            elif name in _ACCOUNT and is_positive:
                accounts += values
            elif name == _URL and is_positive:
                url_auth = values[0] if values else ""
                by_event = False
            elif name == _VIA_URL:
                by_event = by_event and values != ["true"]
            else:
                limits.append(f"{operator} {key} = {', '.join(values)}")
    if not by_event and not by_url:
        return  # also the half of a URL's permission that lets it invoke; the other half tells of it
    for principal, is_service in _get_principals(statement):
        for source, is_literal in sources or [("", False)]:
            yield Grant(
                qualifier=qualifier,
                sid=str(statement.get("Sid", "")),
                principal=principal,
                is_service=is_service,
                allows=statement.get("Effect") == "Allow",
                source_arn=source,
                is_literal=is_literal,
                accounts=tuple(accounts),
                url_auth=url_auth,
                limits=tuple(limits),
                by_event=by_event,
                by_url=by_url,
            )


def _speaks_of(statement: Mapping[str, Any], action: str) -> bool:
    return any(_overlap(str(each).lower(), action) for each in _to_list(statement.get("Action")))


def _get_qualifier(resource: str) -> str:
    """Of a statement's Resource; $LATEST is governed by the function's own policy."""
    parts = resource.split(":")
    found = parts[7] if len(parts) > 7 else ""
    return "" if found == "$LATEST" else found


def _get_principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    principal = statement.get("Principal")
    if isinstance(principal, str):
        yield principal, False
    for kind, names in _to_mapping(principal).items():
        for name in _to_list(names):
            if kind == "Service":
                yield get_service(str(name)), True
            else:
                yield re.sub(r"^arn:[^:]+:iam::(\d+):root$", r"\1", str(name)), False


@lru_cache(maxsize=4096)
def _overlap(pattern: str, other: str, *, is_literal: bool = False) -> bool:
    """Whether some text fits both: the pattern of a policy, and `other`, the ARN of a caller."""
    if is_literal and ("*" in pattern or "?" in pattern):
        return False  # no ARN has these
    reached = {0}  # places in `other` that `pattern` can have come to
    for sign in pattern:
        reached = _close(reached, other)
        if sign == "*":
            reached = set(range(min(reached, default=len(other) + 1), len(other) + 1))
        else:
            step = {place + 1 for place in reached if place < len(other) and _fits(sign, other[place])}
            stay = {place for place in reached if place < len(other) and _takes(other[place], sign)}
            reached = step | stay
    return len(other) in _close(reached, other)


def _close(places: set[int], other: str) -> set[int]:
    """With the places behind the stars of `other`, since they may stand for nothing."""
    closed = set(places)
    for place in places:
        while place < len(other) and other[place] in ("*", ANY):
            place += 1
            closed.add(place)
    return closed


def _fits(sign: str, other: str) -> bool:
    return sign == other or "?" in (sign, other)


def _takes(other: str, sign: str) -> bool:
    """Whether a star of a caller can stand for one more character."""
    return other == ANY or (other == "*" and sign != "/")


def _to_list(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _to_mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
