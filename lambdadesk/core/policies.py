"""IAM policies: what is in them, in plain words, and whether they allow one action."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson

from lambdadesk.core.errors import UserError
from lambdadesk.core.policy_words import (
    describe_actions,
    describe_place,
    describe_resources,
    get_service_title,
)

NOTHING_ALLOWS = "No policy allows it."


class PolicyKind(StrEnum):
    TRUST = "trust policy"
    ATTACHED = "attached policy"
    INLINE = "inline policy"
    BOUNDARY = "permissions boundary"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, its lists always lists. Of actions and not_actions one is empty, as of resources."""

    is_allow: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    condition: Mapping[str, Any] | None = None
    principal: Any = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of a role. text: its document, laid out; error: why there is none.

    arn: of a managed policy, else empty.
    """

    kind: PolicyKind
    name: str
    arn: str = ""
    text: str = ""
    statements: tuple[Statement, ...] = ()
    error: UserError | None = None

    @property
    def title(self) -> str:
        return "Trust policy" if self.kind is PolicyKind.TRUST else self.name


@dataclass(frozen=True, slots=True)
class RoleReport:
    """An execution role with its policies; trust is None where it is not known.

    has_all_policies: False where a list of them could not be read; knows_boundary: whether no boundary means
    that there is none. failures: why not, beside the policies that have an error of their own.
    """

    arn: str
    name: str
    description: str = ""
    trust: Policy | None = None
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    has_all_policies: bool = True
    knows_boundary: bool = True
    failures: tuple[UserError, ...] = ()

    @property
    def account(self) -> str:
        parts = self.arn.split(":")
        return parts[4] if len(parts) > 4 else ""

    @property
    def unread(self) -> tuple[Policy, ...]:
        """Policies whose text is not known."""
        known = (self.trust, *self.policies, self.boundary)
        return tuple(policy for policy in known if policy is not None and policy.error is not None)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a role may do, or may not, in one service. warning: why that is a lot; may be empty."""

    service: str
    text: str
    is_deny: bool = False
    warning: str = ""


def parse_policy(kind: PolicyKind, name: str, document: object, arn: str = "") -> Policy:
    """A policy from its document as the API gives it: an object, or JSON text."""
    if isinstance(document, str):
        try:
            document = orjson.loads(document)
        except orjson.JSONDecodeError:
            error = UserError(f"The policy {name} is not valid JSON.", "Look at it in the AWS console.")
            return Policy(kind, name, arn, str(document), error=error)
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    found = document.get("Statement") if isinstance(document, Mapping) else None
    entries = [found] if isinstance(found, Mapping) else found if isinstance(found, list) else []
    statements = tuple(_parse_statement(entry) for entry in entries if isinstance(entry, Mapping))
    return Policy(kind, name, arn, text, statements)


def explain(report: RoleReport) -> tuple[Allowance, ...]:
    """What the policies of a role say, a sentence per statement and service, by service.

    Denials come after what they take away from. The boundary and what could not be read are not part of it.
    """
    found: dict[Allowance, None] = {}
    for policy in report.policies:
        for statement in policy.statements:
            for allowance in _explain_statement(statement, report.account):
                found[allowance] = None
    return tuple(
        sorted(found, key=lambda each: (each.service != _ALL, each.service.casefold(), each.is_deny))
    )


def trusts_lambda(trust: Policy) -> bool:
    """Whether Lambda may assume the role; conditions are taken as met."""
    is_trusted = False
    for statement in trust.statements:
        principal = statement.principal
        services = _texts(principal.get("Service")) if isinstance(principal, Mapping) else _texts(principal)
        named = any(name == "*" or name.startswith("lambda.amazonaws.com") for name in services)
        if not named or not _is_in(statement.actions, "sts:AssumeRole"):
            continue
        if not statement.is_allow and not statement.condition:
            return False
        is_trusted = is_trusted or statement.is_allow
    return is_trusted


class Decision(StrEnum):
    ALLOWED = "allowed"
    DENIED = "denied"  # by a statement that says so
    MISSING = "missing"  # nothing allows it
    UNKNOWN = "unknown"


def decide(report: RoleReport, action: str, resource: str) -> tuple[Decision, str]:
    """Whether the policies allow an action on a resource, and why: an estimate from their text alone.

    Policies of the resource, of the organization and of the session may say otherwise.
    """
    identity, why = _decide(report.policies, action, resource)
    if identity is Decision.MISSING and not report.has_all_policies:
        return Decision.UNKNOWN, "Not all policies of the role could be read."
    if identity in (Decision.DENIED, Decision.MISSING) or report.boundary is None:
        unless = "" if report.knows_boundary or identity is not Decision.ALLOWED else _UNLESS_BOUNDARY
        return identity, why + unless
    boundary, limit = _decide((report.boundary,), action, resource)
    if boundary is Decision.MISSING:
        return boundary, f"The permissions boundary {report.boundary.name} does not include it."
    return (identity, why) if boundary is Decision.ALLOWED else (boundary, limit)


_UNLESS_BOUNDARY = " Whether a permissions boundary forbids it is not known."


def _decide(policies: Sequence[Policy], action: str, resource: str) -> tuple[Decision, str]:
    allowed_by = maybe = denied_maybe = ""
    for policy in policies:
        for statement in policy.statements:
            is_match, is_sure = _matches(statement, action, resource)
            if not is_match:
                continue
            if not is_sure:
                if statement.is_allow:
                    maybe = maybe or policy.name
                else:
                    denied_maybe = denied_maybe or policy.name
            elif not statement.is_allow:
                return Decision.DENIED, f"{policy.name} denies it."
            else:
                allowed_by = allowed_by or policy.name
    unread = next((policy.name for policy in policies if policy.error is not None), "")
    if denied_maybe and (allowed_by or maybe):
        return Decision.UNKNOWN, f"{denied_maybe} denies it under a condition."
    if allowed_by:
        unless = f" unless {unread}, which could not be read, denies it" if unread else ""
        return Decision.ALLOWED, f"{allowed_by} allows it{unless}."
    if maybe:
        return Decision.UNKNOWN, f"{maybe} allows it under a condition."
    if unread:
        return Decision.UNKNOWN, f"{unread} could not be read."
    return Decision.MISSING, NOTHING_ALLOWS


def _matches(statement: Statement, action: str, resource: str) -> tuple[bool, bool]:
    """Whether a statement is about it, and whether that is sure whatever the request's context is."""
    if statement.actions:
        is_match = _is_in(statement.actions, action)
    else:
        is_match = bool(statement.not_actions) and not _is_in(statement.not_actions, action)
    if not is_match:
        return False, True
    patterns = statement.resources or statement.not_resources
    has_variables = any("${" in pattern for pattern in patterns)
    is_in = any(_get_regex(pattern, False).fullmatch(resource) for pattern in patterns)
    if statement.not_resources:
        # With a variable in it, what is left out is not known.
        return (
            (True, not statement.condition and not has_variables)
            if has_variables or not is_in
            else (False, True)
        )
    is_sure = not statement.condition and any(
        "${" not in pattern and _get_regex(pattern, False).fullmatch(resource) for pattern in patterns
    )
    return is_in, is_sure


def _is_in(patterns: Iterable[str], action: str) -> bool:
    return any(_get_regex(pattern, True).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=1024)
def _get_regex(pattern: str, ignores_case: bool) -> re.Pattern[str]:
    """A pattern of IAM: * is any text, ? any character, a variable ${...} any text as well."""
    parts = re.split(r"(\*+|\?|\$\{[^}]*\})", pattern)
    words = {"?": "."}
    regex = "".join(
        words.get(part, ".*") if number % 2 else re.escape(part) for number, part in enumerate(parts)
    )
    return re.compile(regex, re.DOTALL | (re.IGNORECASE if ignores_case else 0))


_ALL = "All services"


def _explain_statement(statement: Statement, account: str) -> list[Allowance]:
    condition = describe_condition(statement.condition)
    only = f", if {condition}" if condition else ""
    is_deny = not statement.is_allow
    never = "never " if is_deny else ""
    found = []
    if not statement.actions:
        words = f"everything but {', '.join(statement.not_actions) or 'nothing'}"
        warning = "" if is_deny else "It allows whatever is not named (NotAction)."
        place = _describe_place(statement, "", words, account)
        found.append(Allowance(_ALL, f"{never}{words}{place}{only}", is_deny, warning))
    by_service: dict[str, list[str]] = {}
    for action in statement.actions:
        service, _, operation = action.partition(":")
        by_service.setdefault(service.lower() if operation else "*", []).append(operation or "*")
    for service, operations in by_service.items():
        is_all = service == "*"
        words = "everything" if is_all else describe_actions(service, operations)
        place = _describe_place(statement, "" if is_all else service, words, account)
        warning = "" if is_deny else _get_warning(is_all, operations, statement)
        title = _ALL if is_all else get_service_title(service)
        found.append(Allowance(title, f"{never}{words}{place}{only}", is_deny, warning))
    return found


def _describe_place(statement: Statement, service: str, actions: str, account: str) -> str:
    if statement.not_resources:
        return f" anywhere but {describe_resources(service, statement.not_resources, account)}"
    if "*" in statement.resources:
        return " on any resource"
    return describe_place(service, actions, statement.resources, account)


def _get_warning(is_all: bool, operations: list[str], statement: Statement) -> str:
    anywhere = "*" in statement.resources
    if is_all:
        return "It allows every action (Action: *)" + (" on every resource." if anywhere else ".")
    if "*" in operations and anywhere:
        return "It allows every action of the service on every resource."
    return "It allows whatever resource is not named (NotResource)." if statement.not_resources else ""


def describe_condition(condition: Mapping[str, Any] | None) -> str:
    """A condition in words: "aws:SourceAccount is 123456789012 and ..."; empty without one."""
    parts = []
    for operator, tests in (condition or {}).items():
        if not isinstance(tests, Mapping):
            continue
        quantifier, _, bare = operator.rpartition(":")
        name = bare.removesuffix("IfExists")
        words = _OPERATORS.get(name, f"matches {name}")
        for key, values in tests.items():
            if name == "Null":
                is_absent = str(values).lower() == "true"
                parts.append(f"{key} is {'absent' if is_absent else 'given'}")
                continue
            each = {"ForAllValues": "every value of ", "ForAnyValue": "some value of "}.get(quantifier, "")
            rest = " or it is absent" if bare.endswith("IfExists") else ""
            parts.append(f"{each}{key} {words} {' or '.join(_texts(values))}{rest}")
    return " and ".join(parts)


_OPERATORS = {
    "StringEquals": "is",
    "StringNotEquals": "is not",
    "StringEqualsIgnoreCase": "is",
    "StringNotEqualsIgnoreCase": "is not",
    "StringLike": "is like",
    "StringNotLike": "is not like",
    "ArnEquals": "is",
    "ArnLike": "is like",
    "ArnNotEquals": "is not",
    "ArnNotLike": "is not like",
    "Bool": "is",
    "IpAddress": "is within",
    "NotIpAddress": "is not within",
    "NumericEquals": "is",
    "NumericNotEquals": "is not",
    "NumericLessThan": "is below",
    "NumericLessThanEquals": "is at most",
    "NumericGreaterThan": "is above",
    "NumericGreaterThanEquals": "is at least",
    "DateLessThan": "is before",
    "DateLessThanEquals": "is at the latest",
    "DateGreaterThan": "is after",
    "DateGreaterThanEquals": "is at the earliest",
    "DateEquals": "is",
}


def _parse_statement(entry: Mapping[str, Any]) -> Statement:
    condition = entry.get("Condition")
    return Statement(
        is_allow=entry.get("Effect") == "Allow",
        actions=_texts(entry.get("Action")),
        not_actions=_texts(entry.get("NotAction")),
        resources=_texts(entry.get("Resource")),
        not_resources=_texts(entry.get("NotResource")),
        condition=condition if isinstance(condition, Mapping) and condition else None,
        principal=entry.get("Principal"),
    )


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(_text, value)) if isinstance(value, list) else (_text(value),)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
