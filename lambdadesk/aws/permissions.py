"""What the credentials of a connection may do, and the smallest policy for what they should."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lambdadesk.aws.functions import to_function_info
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo, Identity, InvocationType, InvokeRequest


class Verdict(StrEnum):
    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One IAM action, the pages that miss something without it, and why the verdict is what it is."""

    action: str
    pages: tuple[str, ...]
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Who the credentials belong to, and what they may do. identity: None where the endpoint does not say.

    alias: of the account, empty where there is none or it may not be read.
    expires_at: epoch seconds; None: never, or not known.
    """

    identity: Identity | None
    alias: str
    expires_at: float | None
    findings: tuple[Finding, ...]

    @property
    def principal(self) -> str:
        """Who asks, as "user/path/name" or "assumed-role/role/session"."""
        return self.identity.arn.partition("::")[2].partition(":")[2] if self.identity else ""

    @property
    def partition(self) -> str:
        return get_partition(self.identity.arn) if self.identity else "aws"

    @property
    def denied(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.DENIED)


@dataclass(frozen=True, slots=True)
class Need:
    """A call that LambdaDesk makes. params: what to ask with, so that next to nothing comes back.

    is_write: it changes something, so that a check does not try it.
    """

    action: str
    pages: tuple[str, ...]
    resource: str  # of its policy, after "arn:PARTITION:"; "*" where IAM knows no resource for it
    params: Callable[[FunctionInfo], dict[str, Any]] | None = None  # None: has a probe of its own, or none
    is_write: bool = False

    @property
    def service(self) -> str:
        prefix = self.action.partition(":")[0]
        return _SERVICES.get(prefix, prefix)

    @property
    def operation(self) -> str:
        return self.action.partition(":")[2]


_SERVICES = {"tag": "resourcegroupstaggingapi"}  # whose actions have another prefix
_FUNCTION = "lambda:{region}:{account}:function:*"
_MAPPING = "lambda:{region}:{account}:event-source-mapping:*"
_LOG_GROUP = "logs:{region}:{account}:log-group:/aws/lambda/*"
_ROLE = "iam::{account}:role/*"
_NO_SUCH_NAME = "lambdadesk-permission-check"
_NO_SUCH_MAPPING = "00000000-0000-0000-0000-000000000000"


def _get_function(function: FunctionInfo) -> dict[str, Any]:
    return {"FunctionName": function.name}


def _get_one(function: FunctionInfo) -> dict[str, Any]:
    return {"FunctionName": function.name, "MaxItems": 1}


def _get_group(function: FunctionInfo) -> dict[str, Any]:
    return {"logGroupName": function.log_group_name, "limit": 1}


def _get_recent(function: FunctionInfo) -> dict[str, Any]:
    return {**_get_group(function), "startTime": time.time_ns() // 1_000_000}


def _get_stream(function: FunctionInfo) -> dict[str, Any]:
    return {**_get_group(function), "logStreamName": _NO_SUCH_NAME}


def _get_metric(function: FunctionInfo) -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": function.name}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    now_s = time.time() // 60 * 60
    return {"MetricDataQueries": [{"Id": "q", "MetricStat": stat}], "StartTime": now_s - 60, "EndTime": now_s}


def _get_tagged(function: FunctionInfo) -> dict[str, Any]:
    return {"ResourceTypeFilters": ["lambda:function"], "ResourcesPerPage": 1}


def _get_query(function: FunctionInfo) -> dict[str, Any]:
    now_s = int(time.time())  # over one second, since what is scanned is billed
    return {
        "logGroupName": function.log_group_name,
        "queryString": "limit 1",
        "startTime": now_s,
        "endTime": now_s,
        "limit": 1,
    }


def _get_no_query(function: FunctionInfo) -> dict[str, Any]:
    return {"queryId": _NO_SUCH_MAPPING}


def _get_named_group(function: FunctionInfo) -> dict[str, Any]:
    return {"logGroupNamePrefix": function.log_group_name, "limit": 1}


def _get_role(function: FunctionInfo) -> dict[str, Any]:
    return {"RoleName": function.role.rpartition("/")[2] or _NO_SUCH_NAME}


def _get_role_policy(function: FunctionInfo) -> dict[str, Any]:
    return {**_get_role(function), "PolicyName": _NO_SUCH_NAME}


def _get_metric_names(_function: FunctionInfo) -> dict[str, Any]:
    return {"Namespace": "AWS/Lambda", "MetricName": "ProvisionedConcurrencyUtilization"}


def _get_policy(function: FunctionInfo) -> dict[str, Any]:
    partition = get_partition(function.role or function.arn)
    return {"PolicyArn": f"arn:{partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}


def _get_policy_version(function: FunctionInfo) -> dict[str, Any]:
    return {**_get_policy(function), "VersionId": "v1"}


def _get_simulation(function: FunctionInfo) -> dict[str, Any]:
    role = function.role or f"arn:{get_partition(function.arn)}:iam::000000000000:role/{_NO_SUCH_NAME}"
    return {"PolicySourceArn": role, "ActionNames": ["logs:PutLogEvents"]}


LIST_FUNCTIONS = "lambda:ListFunctions"
INVOKE = "lambda:InvokeFunction"
ALIASES = "iam:ListAccountAliases"

TRIGGERS, DEEP_TRIGGERS = "Triggers (cheap)", "Triggers (deep scan)"
_OF_FUNCTIONS = ("lambda:GetPolicy",)  # of what trigger scans alone ask

# Every call that the pages make; a page that makes a new one adds it here. What else a trigger scan asks is
# in `trigger_actions`.
NEEDS = (
    Need(LIST_FUNCTIONS, ("Functions", "Cost"), "*"),
    Need("lambda:GetFunctionConfiguration", ("Functions", "Triggers"), _FUNCTION, _get_function),
    Need("lambda:ListVersionsByFunction", ("Invoke", "Configuration", "Triggers"), _FUNCTION, _get_one),
    Need("lambda:ListAliases", ("Invoke", "Configuration", "Triggers"), _FUNCTION, _get_one),
    Need(INVOKE, ("Invoke",), _FUNCTION),
    Need("lambda:GetFunctionEventInvokeConfig", ("Invoke",), _FUNCTION, _get_function),
    Need("logs:FilterLogEvents", ("Logs", "Charts", "Timeline", "Cost"), _LOG_GROUP, _get_recent),
    Need("logs:DescribeLogStreams", ("Logs",), _LOG_GROUP, _get_group),
    Need("logs:GetLogEvents", ("Logs",), _LOG_GROUP, _get_stream),
    Need("logs:StartQuery", ("Query",), _LOG_GROUP, _get_query),
    Need("logs:GetQueryResults", ("Query",), "*", _get_no_query),
    Need("logs:StopQuery", ("Query",), "*", _get_no_query),
    Need("cloudwatch:GetMetricData", ("Functions", "Cost"), "*", _get_metric),
    Need("cloudwatch:ListMetrics", ("Cost",), "*", _get_metric_names),
    Need("tag:GetResources", ("Functions", "Cost"), "*", _get_tagged),
    Need("lambda:GetFunction", ("Functions", "Configuration", "Role"), _FUNCTION, _get_function),
    Need("lambda:GetPolicy", ("Functions", "Triggers"), _FUNCTION, _get_function),
    Need("lambda:GetFunctionConcurrency", ("Configuration",), _FUNCTION, _get_function),
    Need("lambda:ListProvisionedConcurrencyConfigs", ("Configuration", "Cost"), _FUNCTION, _get_one),
    Need("lambda:GetFunctionRecursionConfig", ("Configuration",), _FUNCTION, _get_function),
    Need("lambda:GetRuntimeManagementConfig", ("Configuration",), _FUNCTION, _get_function),
    Need("lambda:GetFunctionCodeSigningConfig", ("Configuration",), _FUNCTION, _get_function),
    Need("lambda:ListFunctionUrlConfigs", ("Configuration", "Triggers"), _FUNCTION, _get_one),
    Need("lambda:ListFunctionEventInvokeConfigs", ("Configuration", "Role", "Triggers"), _FUNCTION, _get_one),
    Need("logs:DescribeLogGroups", ("Functions", "Configuration", "Query"), "*", _get_named_group),
    Need(
        "lambda:ListEventSourceMappings",
        ("Functions", "Role", "Triggers"),
        "*",
        lambda _function: {"MaxItems": 1},
    ),
    Need(
        "lambda:GetEventSourceMapping", ("Triggers",), _MAPPING, lambda _function: {"UUID": _NO_SUCH_MAPPING}
    ),
    Need("lambda:UpdateEventSourceMapping", ("Triggers",), _MAPPING, is_write=True),
    Need("iam:GetRole", ("Role",), _ROLE, _get_role),
    Need("iam:ListAttachedRolePolicies", ("Role",), _ROLE, _get_role),
    Need("iam:ListRolePolicies", ("Role",), _ROLE, _get_role),
    Need("iam:GetRolePolicy", ("Role",), _ROLE, _get_role_policy),
    Need("iam:GetPolicy", ("Role",), "*", _get_policy),
    Need("iam:GetPolicyVersion", ("Role",), "*", _get_policy_version),
    Need("iam:SimulatePrincipalPolicy", ("Role", "Triggers"), _ROLE, _get_simulation),
    Need(ALIASES, ("Connections",), "*"),
)


def get_event_groups() -> dict[str, tuple[str, ...]]:
    """What the picker of events and the follow-up of asynchronous runs need beyond a trigger scan, by what
    it is for; none of it is probed.
    """
    from lambdadesk.aws import async_records, live_events, shared_events

    live = sorted({action for actions in live_events.ACTIONS.values() for action in actions})
    return {
        "Read shared test events": shared_events.ACTIONS[:1],
        "Share test events": shared_events.ACTIONS,
        "Use live data": tuple(live),
        "Follow asynchronous runs": async_records.ACTIONS,
    }


def _get_event_resource(action: str) -> str:
    if action == "s3:GetObject":
        return "s3:::*/aws/lambda/async/*"  # where Lambda puts the records of failed runs
    if not action.startswith("schemas:") or action == "schemas:GetDiscoveredSchema":
        return "*"
    kind = "registry/{}" if action.endswith("Registry") else "schema/{}/*"
    return "schemas:{region}:{account}:" + kind.format("lambda-testevent-schemas")


async def check(gateway: Gateway, function: FunctionInfo | None = None) -> Check:
    """Try each call LambdaDesk makes, on `function` or the first one listed; nothing is changed or run.

    UserError where nothing can be said at all: no answer, no AWS, or credentials that are absent or expired.
    """
    identity = await _fetch_identity(gateway)
    alias, of_alias = await _fetch_alias(gateway)
    listed, of_list = await _fetch_first_function(gateway)
    function = function or listed
    probes = [
        _probe(gateway, need, function) for need in NEEDS if need.action not in (LIST_FUNCTIONS, ALIASES)
    ]
    found = {finding.action: finding for finding in (of_list, of_alias, *await asyncio.gather(*probes))}
    return Check(identity, alias, gateway.expires_at, tuple(found[need.action] for need in NEEDS))


def minimal_policy(
    actions: Iterable[str], account: str, regions: Iterable[str], partition: str = "aws"
) -> str:
    """The smallest IAM policy, as JSON, that allows these of the actions in NEEDS, of a trigger scan and of
    the picker of events.

    What those two alone ask is in statements of their own, named so. account, regions: what the functions
    and their log groups are in; none given means any. Log groups not named /aws/lambda/... have to be
    added by hand.
    """
    wanted = set(actions)
    places = [(region, account or "*") for region in sorted(set(regions))] or [("*", account or "*")]
    by_resource: dict[tuple[str, str], list[str]] = {}  # by name and resource of the statement
    for need in NEEDS:
        if need.action in wanted:
            by_resource.setdefault(("", need.resource), []).append(need.action)
            wanted.discard(need.action)
    for title, group in trigger_actions().items() if wanted else ():
        for action in wanted & {*group}:
            # What a trigger is and where can't be known before.
            resource = _FUNCTION if action in _OF_FUNCTIONS else "*"
            by_resource.setdefault((title, resource), []).append(action)
            wanted.discard(action)
    for title, group in get_event_groups().items() if wanted else ():
        for action in wanted & {*group}:
            name = f"{title}, registry" if action.endswith("Registry") else title
            by_resource.setdefault((name, _get_event_resource(action)), []).append(action)
            wanted.discard(action)
    if wanted:
        raise ValueError(f"not in NEEDS: {sorted(wanted)}")
    statements = []
    for (title, resource), allowed in sorted(by_resource.items()):
        arns = [
            f"arn:{partition}:{resource.format(region=region, account=owner)}" for region, owner in places
        ]
        found: str | list[str] = "*" if resource == "*" else list(dict.fromkeys(arns))
        # Letters and digits alone may be in a Sid, and none twice.
        sid = "".join(each for each in f"{title} {resource.partition(':')[0]}".title() if each.isalnum())
        named = {"Sid": sid} if title else {}
        statements.append({**named, "Effect": "Allow", "Action": sorted(allowed), "Resource": found})
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def trigger_actions() -> dict[str, tuple[str, ...]]:
    """What trigger scans ask, by IAM's names: TRIGGERS what each does, DEEP_TRIGGERS what a deep one adds."""
    from lambdadesk.aws.triggers.table import ACTIONS, DEEP_ACTIONS  # thirty modules that no start needs

    return {TRIGGERS: ACTIONS, DEEP_TRIGGERS: DEEP_ACTIONS}


def get_partition(arn: str) -> str:
    """The partition in an ARN: aws, aws-cn, aws-us-gov, ..."""
    return arn.split(":")[1] if arn.startswith("arn:") else "aws"


async def _fetch_identity(gateway: Gateway) -> Identity | None:
    try:
        return await gateway.identity()
    except UserError as error:
        _raise_if_hopeless(error)
        return None  # an endpoint without STS, say


async def fetch_alias(gateway: Gateway) -> str:
    """What the account is called; empty where it has no alias, or it may not be read."""
    return (await _fetch_alias(gateway))[0]


async def _fetch_alias(gateway: Gateway) -> tuple[str, Finding]:
    need = _get_need(ALIASES)
    try:
        reply = await gateway.call("iam", need.operation)
    except UserError as error:
        return "", _judge(need, error)
    aliases = reply.get("AccountAliases") or [""]
    return str(aliases[0]), Finding(need.action, need.pages, Verdict.ALLOWED)


async def _fetch_first_function(gateway: Gateway) -> tuple[FunctionInfo | None, Finding]:
    need = _get_need(LIST_FUNCTIONS)
    try:
        reply = await gateway.call("lambda", need.operation, MaxItems=1)
    except UserError as error:
        _raise_if_hopeless(error)
        return None, _judge(need, error)
    functions = reply.get("Functions") or []
    first = to_function_info(functions[0]) if functions else None
    return first, Finding(need.action, need.pages, Verdict.ALLOWED)


async def _probe(gateway: Gateway, need: Need, function: FunctionInfo | None) -> Finding:
    if function is None:
        return _not_checked(need, "There is no function to try it on.")
    if need.is_write:
        return _not_checked(need, "It changes something, so that Test does not try it.")
    try:
        if need.params is not None:
            await gateway.call(need.service, need.operation, **need.params(function))
        elif gateway.guard is Guard.READ_ONLY:
            return _not_checked(need, "This connection is read-only.")
        else:
            # A dry run runs nothing, so that production needs nobody's confirmation.
            await gateway.invoke(InvokeRequest(function, b"{}", InvocationType.DRY_RUN), confirmed=True)
    except UserError as error:
        return _judge(need, error)
    return Finding(need.action, need.pages, Verdict.ALLOWED)


def _judge(need: Need, error: UserError) -> Finding:
    if error.kind is ErrorKind.DENIED:
        return Finding(need.action, need.pages, Verdict.DENIED, error.details.rpartition("\n")[2])
    if error.kind is ErrorKind.NOT_FOUND:  # IAM is asked before it is looked for
        return Finding(need.action, need.pages, Verdict.ALLOWED)
    return _not_checked(need, error.message)


def _not_checked(need: Need, reason: str) -> Finding:
    return Finding(need.action, need.pages, Verdict.NOT_CHECKED, reason)


def _get_need(action: str) -> Need:
    return next(need for need in NEEDS if need.action == action)


def _raise_if_hopeless(error: UserError) -> None:
    if error.kind in (ErrorKind.EXPIRED, ErrorKind.OFFLINE, ErrorKind.NOT_AWS, ErrorKind.TIMEOUT):
        raise error
