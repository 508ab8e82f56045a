"""The roles of FakeAws and their policies, as IAM's query protocol gives them."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.servers.faults import Exchange, Fault, Reply

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A policy of one statement."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}],
    }


@dataclass
class FakeRole:
    arn: str
    attached: dict[str, Any] = field(default_factory=dict)  # ARN of a managed policy -> document
    inline: dict[str, Any] = field(default_factory=dict)
    trust: Any = field(default_factory=lambda: TRUST)
    boundary: str = ""  # ARN of a managed policy
    boundary_document: Any = None


class FakeIam:
    """Roles by name. `simulation` maps an action to IAM's decision; others are implicitDeny."""

    def __init__(self) -> None:
        super().__init__()
        self.roles: dict[str, FakeRole] = {}
        self.simulation: dict[str, str | dict[str, Any]] = {}

    def answer_iam(self, operation: str, params: dict[str, Any]) -> Reply | None:
        """None: not an operation of this module."""
        build = getattr(self, f"_{operation}", None)
        if build is None or operation not in _OPERATIONS:
            return None
        name = params.get("RoleName", "")
        if name and name not in self.roles:
            return iam_error(404, "NoSuchEntity", f"The role with name {name} cannot be found.")
        return _reply(operation, build(params))

    def _GetRole(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  the operation's name
        role = self.roles[params["RoleName"]]
        found: dict[str, Any] = {
            "Path": "/",
            "RoleName": params["RoleName"],
            "RoleId": "AROA1",
            "Arn": role.arn,
            "CreateDate": "2026-01-02T03:04:05Z",
            "AssumeRolePolicyDocument": _document(role.trust),
        }
        if role.boundary:
            found["PermissionsBoundary"] = {
                "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
                "PermissionsBoundaryArn": role.boundary,
            }
        return {"Role": found}

    def _ListAttachedRolePolicies(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        arns = list(self.roles[params["RoleName"]].attached)
        page, more = _page(arns, params)
        policies = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in page]
        return {"AttachedPolicies": policies, **more}

    def _ListRolePolicies(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        page, more = _page(list(self.roles[params["RoleName"]].inline), params)
        return {"PolicyNames": page, **more}

    def _GetRolePolicy(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        document = self.roles[params["RoleName"]].inline[params["PolicyName"]]
        return {
            "RoleName": params["RoleName"],
            "PolicyName": params["PolicyName"],
            "PolicyDocument": _document(document),
        }

    def _GetPolicy(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"Policy": {"Arn": params["PolicyArn"], "DefaultVersionId": "v3"}}

    def _GetPolicyVersion(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert params["VersionId"] == "v3"
        arn = params["PolicyArn"]
        documents = {arn: text for role in self.roles.values() for arn, text in role.attached.items()}
        documents |= {role.boundary: role.boundary_document for role in self.roles.values() if role.boundary}
        return {"PolicyVersion": {"Document": _document(documents[arn]), "VersionId": "v3"}}

    def _SimulatePrincipalPolicy(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        resource = params.get("ResourceArns.member.1", "*")
        actions = [value for key, value in params.items() if key.startswith("ActionNames.member.")]
        results = []
        for action in actions:
            said = self.simulation.get(action, "implicitDeny")
            more = {"EvalDecision": said} if isinstance(said, str) else said
            results.append({"EvalActionName": action, "EvalResourceName": resource, **more})
        return {"EvaluationResults": results, "IsTruncated": False}


_OPERATIONS = {
    "GetRole",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "GetRolePolicy",
    "GetPolicy",
    "GetPolicyVersion",
    "SimulatePrincipalPolicy",
}
_PAGE = 2


def iam_error(status: int, code: str, message: str) -> Reply:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return Reply(status, body.encode(), {"Content-Type": "text/xml"})


def iam_denied(action: str) -> Fault:
    who = "arn:aws:iam::123456789012:user/test"
    text = f"User: {who} is not authorized to perform: {action} on resource: *"

    def fault(exchange: Exchange) -> None:
        exchange.send(iam_error(403, "AccessDenied", text))

    return fault


def _page(entries: list[str], params: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    start = int(params.get("Marker") or 0)
    end = start + _PAGE
    more = {"IsTruncated": True, "Marker": str(end)} if end < len(entries) else {"IsTruncated": False}
    return entries[start:end], more


def _document(document: Any) -> str:
    return quote(document if isinstance(document, str) else json.dumps(document))


def _reply(operation: str, result: dict[str, Any]) -> Reply:
    body = (
        f"<{operation}Response><{operation}Result>{_to_xml(result)}</{operation}Result></{operation}Response>"
    )
    return Reply(200, body.encode(), {"Content-Type": "text/xml"})


def _to_xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_to_xml(inner)}</{name}>" for name, inner in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_to_xml(inner)}</member>" for inner in value)
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
