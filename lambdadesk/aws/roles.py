"""Execution roles: their policies, each readable or not by itself, and whether they allow what is needed."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from lambdadesk.aws.failures import get_plain_text, missing, retell
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.policies import NOTHING_ALLOWS, Decision, Policy, PolicyKind, RoleReport, parse_policy
from lambdadesk.core.role_needs import RoleFinding, RoleNeed, estimate, find

_DECISIONS = {
    "allowed": Decision.ALLOWED,
    "explicitDeny": Decision.DENIED,
    "implicitDeny": Decision.MISSING,
}


async def fetch_role(gateway: Gateway, role_arn: str) -> RoleReport:
    """A role with its trust policy, its attached and inline policies and its permissions boundary.

    A policy that can't be read is there with its error; a list that can't be is among the failures.
    UserError: NOT_FOUND where there is no such role in the account that is asked.
    """
    reading = _Reading(gateway, role_arn)
    async with asyncio.TaskGroup() as group:
        for part in (reading.read_role, reading.read_attached, reading.read_inline):
            group.create_task(part(), name=f"{part.__name__} {reading.name}")
    return reading.to_report()


async def check_needs(
    gateway: Gateway, report: RoleReport, needs: Iterable[RoleNeed]
) -> tuple[RoleFinding, ...]:
    """Whether the role meets the needs: as IAM simulates it, else (where that is denied, say) an estimate."""
    needs = tuple(needs)
    by_resource: dict[str, list[RoleNeed]] = {}
    for need in needs:
        by_resource.setdefault(need.resource, []).append(need)
    found: dict[RoleNeed, RoleFinding] = {}
    for resource, wanted in by_resource.items():
        try:
            answers = await _simulate(gateway, report.arn, resource, [need.action for need in wanted])
        except UserError:
            return estimate(report, needs)
        for need in wanted:
            if need.action in answers:
                found[need] = find(need, *answers[need.action], is_estimate=False)
    unanswered = [need for need in needs if need not in found]
    found |= {finding.need: finding for finding in estimate(report, unanswered)}
    return tuple(found[need] for need in needs)


class _Reading:
    """One role while it is read. A failure never leaves its part."""

    def __init__(self, gateway: Gateway, role_arn: str) -> None:
        self._gateway = gateway
        self._arn = role_arn
        self.name = role_arn.rpartition("/")[2]  # a role may have a path, which its name does not have
        self._error: UserError | None = None  # of the role itself
        self._role: Mapping[str, Any] = {}
        self._trust: Policy | None = None
        self._boundary: Policy | None = None
        self._attached: list[Policy] = []
        self._inline: list[Policy] = []
        self._failures: dict[str, UserError] = {}

    async def read_role(self) -> None:
        try:
            reply = await self._gateway.call("iam", "GetRole", RoleName=self.name)
        except UserError as error:
            self._failures["GetRole"] = error
            if error.kind is not ErrorKind.DENIED:
                self._error = error
            if error.kind is ErrorKind.NOT_FOUND:
                message = f"The role {get_plain_text(self.name)} does not exist."
                self._error = retell(error, message, "The function can't run without it.")
            return
        role = self._role = reply.get("Role") or {}
        found = str(role.get("Arn") or "")
        if found != self._arn:  # a role of the same name in the caller's own account
            self._error = UserError(
                f"The role {get_plain_text(self._arn)} is not in the account of these credentials.",
                "Use a connection to its account.",
                kind=ErrorKind.NOT_FOUND,
                details=f"iam:GetRole\nfound {get_plain_text(found)}",
            )
            return
        document = role.get("AssumeRolePolicyDocument")
        self._trust = parse_policy(PolicyKind.TRUST, "Trust policy", document)
        boundary = str((role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")
        if boundary:
            self._boundary = await self._read_managed(PolicyKind.BOUNDARY, boundary)

    async def read_attached(self) -> None:
        operation = "ListAttachedRolePolicies"
        try:
            entries = await self._list(operation, "AttachedPolicies")
        except UserError as error:
            self._failures[operation] = error
            return
        arns = [str(entry.get("PolicyArn") or "") for entry in entries]
        reads = (self._read_managed(PolicyKind.ATTACHED, arn) for arn in arns)
        self._attached = list(await asyncio.gather(*reads))

    async def read_inline(self) -> None:
        operation = "ListRolePolicies"
        try:
            names = await self._list(operation, "PolicyNames")
        except UserError as error:
            self._failures[operation] = error
            return
        self._inline = list(await asyncio.gather(*(self._read_inline(str(name)) for name in names)))

    async def _read_managed(self, kind: PolicyKind, arn: str) -> Policy:
        name = arn.rpartition("/")[2]
        try:
            found = await self._gateway.call("iam", "GetPolicy", PolicyArn=arn)
            version = str((found.get("Policy") or {}).get("DefaultVersionId") or "")
            reply = await self._gateway.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)
        except UserError as error:
            return Policy(kind, name, arn, error=error)
        return parse_policy(kind, name, (reply.get("PolicyVersion") or {}).get("Document"), arn)

    async def _read_inline(self, name: str) -> Policy:
        try:
            reply = await self._gateway.call("iam", "GetRolePolicy", RoleName=self.name, PolicyName=name)
        except UserError as error:
            return Policy(PolicyKind.INLINE, name, error=error)
        return parse_policy(PolicyKind.INLINE, name, reply.get("PolicyDocument"))

    async def _list(self, operation: str, key: str) -> list[Any]:
        entries: list[Any] = []
        asked: dict[str, Any] = {"RoleName": self.name}
        while True:
            reply = await self._gateway.call("iam", operation, **asked)
            if not isinstance(reply.get(key), list):
                raise missing("iam", operation, key)
            entries += reply[key]
            marker = str(reply.get("Marker") or "")
            if not reply.get("IsTruncated") or not marker or marker == asked.get("Marker"):
                return entries
            asked["Marker"] = marker

    def to_report(self) -> RoleReport:
        if self._error is not None:
            raise self._error
        order = ("GetRole", "ListAttachedRolePolicies", "ListRolePolicies")
        return RoleReport(
            arn=self._arn,
            name=self.name,
            description=str(self._role.get("Description") or ""),
            trust=self._trust,
            policies=(*self._attached, *self._inline),
            boundary=self._boundary,
            has_all_policies=not {"ListAttachedRolePolicies", "ListRolePolicies"} & self._failures.keys(),
            knows_boundary="GetRole" not in self._failures,
            failures=tuple(self._failures[operation] for operation in order if operation in self._failures),
        )


async def _simulate(
    gateway: Gateway, role_arn: str, resource: str, actions: list[str]
) -> dict[str, tuple[Decision, str]]:
    """What IAM says of actions on one resource, and why; an action that it leaves out is not there."""
    # Several resources would all be tried with all of the actions.
    reply = await gateway.call(
        "iam",
        "SimulatePrincipalPolicy",
        PolicySourceArn=role_arn,
        ActionNames=actions,
        ResourceArns=[resource],
    )
    return {str(entry.get("EvalActionName")): _judge(entry) for entry in reply.get("EvaluationResults") or ()}


def _judge(entry: Mapping[str, Any]) -> tuple[Decision, str]:
    decision = _DECISIONS.get(str(entry.get("EvalDecision")), Decision.UNKNOWN)
    missing_keys = entry.get("MissingContextValues") or ()
    if missing_keys and decision is not Decision.ALLOWED:
        return Decision.UNKNOWN, f"It depends on {', '.join(map(str, missing_keys))}."
    if (entry.get("OrganizationsDecisionDetail") or {}).get("AllowedByOrganizations") is False:
        return decision, "A policy of the organization does not allow it."
    if (entry.get("PermissionsBoundaryDecisionDetail") or {}).get("AllowedByPermissionsBoundary") is False:
        return decision, "The permissions boundary does not include it."
    sources = [str(each.get("SourcePolicyId")) for each in entry.get("MatchedStatements") or ()]
    names = ", ".join(dict.fromkeys(sources))
    if decision is Decision.ALLOWED:
        return decision, f"{names} allows it." if names else "IAM says so."
    if decision is Decision.DENIED:
        return decision, f"{names} denies it." if names else "A policy denies it."
    return decision, NOTHING_ALLOWS
