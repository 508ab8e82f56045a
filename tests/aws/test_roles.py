"""Execution roles: every policy by itself, and what is missing by simulation or by estimate."""

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.roles import check_needs, fetch_role
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.policies import Decision, PolicyKind, RoleReport, explain, trusts_lambda
from lambdadesk.core.role_needs import RoleNeed
from lambdadesk.core.types import Target
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_iam import FakeRole, allow, iam_denied

ARN = "arn:aws:iam::000000000000:role/service-role/worker"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
NEEDS = (
    RoleNeed("sqs:ReceiveMessage", QUEUE, "the event source"),
    RoleNeed("sqs:DeleteMessage", QUEUE, "the event source"),
    RoleNeed("xray:PutTraceSegments", "*", "X-Ray tracing"),
)


def make_role(aws: FakeAws) -> FakeRole:
    role = aws.roles["worker"] = FakeRole(
        ARN,
        attached={
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": allow(["logs:PutLogEvents"]),
            "arn:aws:iam::000000000000:policy/own": allow("sqs:ReceiveMessage", QUEUE),
            "arn:aws:iam::000000000000:policy/third": allow("s3:GetObject", "arn:aws:s3:::a/*"),
        },
        inline={"inline <b>": allow("sns:Publish")},
        boundary="arn:aws:iam::000000000000:policy/limit",
        boundary_document=allow("*"),
    )
    return role


async def read(aws: FakeAws, limits: Limits | None = None, arn: str = ARN) -> RoleReport:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    try:
        return await fetch_role(gateway, arn)
    finally:
        await gateway.close()


async def test_reads_every_policy_over_pages(aws: FakeAws) -> None:
    make_role(aws)
    report = await read(aws)
    assert (report.name, report.account) == ("worker", "000000000000")
    assert [(policy.kind, policy.name) for policy in report.policies] == [
        (PolicyKind.ATTACHED, "AWSLambdaBasicExecutionRole"),
        (PolicyKind.ATTACHED, "own"),
        (PolicyKind.ATTACHED, "third"),
        (PolicyKind.INLINE, "inline <b>"),
    ]
    assert report.boundary is not None
    assert report.boundary.name == "limit"
    assert report.trust is not None
    assert trusts_lambda(report.trust)
    assert report.policies[1].text.startswith('{\n  "Version": "2012-10-17"')
    assert (report.failures, report.unread) == ((), ())
    assert [each.text for each in explain(report)][-1] == "receive messages on queue orders"


@pytest.mark.parametrize(
    "operation",
    [
        "GetRole",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRolePolicy",
    ],
)
async def test_a_denied_part_leaves_the_rest(aws: FakeAws, quick: Limits, operation: str) -> None:
    make_role(aws)
    aws.always(operation, iam_denied(f"iam:{operation}"))
    report = await read(aws, quick)
    errors = [*report.failures, *(policy.error for policy in report.unread if policy.error)]
    assert {error.action for error in errors} == {f"iam:{operation}"}
    expected = {
        "GetRole": (0, 4, False),
        "ListAttachedRolePolicies": (0, 1, True),
        "ListRolePolicies": (0, 3, True),
        "GetPolicy": (4, 4, True),
        "GetPolicyVersion": (4, 4, True),
        "GetRolePolicy": (1, 4, True),
    }[operation]
    assert (len(report.unread), len(report.policies), report.trust is not None) == expected
    assert report.has_all_policies == (not operation.startswith("List"))
    assert report.knows_boundary == (operation != "GetRole")


async def test_a_role_that_is_gone_or_elsewhere(aws: FakeAws, quick: Limits) -> None:
    with pytest.raises(UserError) as caught:
        await read(aws, quick)
    assert caught.value.message == "The role worker does not exist."
    make_role(aws)
    foreign = "arn:aws:iam::123456789012:role/worker"  # another one of that name is in this account
    with pytest.raises(UserError) as caught:
        await read(aws, quick, foreign)
    assert caught.value.message == f"The role {foreign} is not in the account of these credentials."
    assert caught.value.kind is ErrorKind.NOT_FOUND


async def test_a_policy_that_is_no_json_is_told_as_such(aws: FakeAws, quick: Limits) -> None:
    role = make_role(aws)
    role.inline = {}
    role.trust = {"Statement": []}
    report = await read(aws, quick)
    assert report.trust is not None
    assert not trusts_lambda(report.trust)


async def test_iam_simulates_once_per_resource(aws: FakeAws) -> None:
    make_role(aws)
    statements = [{"SourcePolicyId": "own"}]
    aws.simulation = {
        "sqs:ReceiveMessage": {"EvalDecision": "allowed", "MatchedStatements": statements},
        "sqs:DeleteMessage": {"EvalDecision": "explicitDeny", "MatchedStatements": statements},
        "xray:PutTraceSegments": {
            "EvalDecision": "implicitDeny",
            "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
        },
    }
    report = await read(aws)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url))
    findings = await check_needs(gateway, report, NEEDS)
    await gateway.close()
    assert [(one.need, one.decision, one.reason, one.is_estimate) for one in findings] == [
        (NEEDS[0], Decision.ALLOWED, "own allows it.", False),
        (NEEDS[1], Decision.DENIED, "own denies it.", False),
        (NEEDS[2], Decision.MISSING, "The permissions boundary does not include it.", False),
    ]
    assert [
        request.params["ResourceArns.member.1"] for request in aws.requests("SimulatePrincipalPolicy")
    ] == [
        QUEUE,
        "*",
    ]
    assert aws.requests("SimulatePrincipalPolicy")[0].params["PolicySourceArn"] == ARN


async def test_conditions_and_the_organization_are_told(aws: FakeAws) -> None:
    make_role(aws)
    aws.simulation = {
        "sqs:ReceiveMessage": {"EvalDecision": "implicitDeny", "MissingContextValues": ["aws:SourceVpc"]},
        "sqs:DeleteMessage": {
            "EvalDecision": "implicitDeny",
            "OrganizationsDecisionDetail": {"AllowedByOrganizations": False},
        },
    }
    report = await read(aws)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url))
    findings = await check_needs(gateway, report, NEEDS[:2])
    await gateway.close()
    assert [(one.decision, one.reason) for one in findings] == [
        (Decision.UNKNOWN, "It depends on aws:SourceVpc."),
        (Decision.MISSING, "A policy of the organization does not allow it."),
    ]


async def test_what_something_else_may_allow_is_not_known_by_either_way(aws: FakeAws, quick: Limits) -> None:
    make_role(aws)
    key = "arn:aws:kms:us-east-1:000000000000:key/k"
    secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf"
    needs = (
        RoleNeed("kms:Decrypt", key, "the key of its environment", "A grant may."),
        RoleNeed("secretsmanager:GetSecretValue", secret, "the credentials of broker shop"),
    )
    aws.simulation = {
        "kms:Decrypt": {"EvalDecision": "implicitDeny"},
        "secretsmanager:GetSecretValue": {"EvalDecision": "implicitDeny"},
    }
    report = await read(aws)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    for is_estimate in (False, True):
        findings = await check_needs(gateway, report, needs)
        assert [(one.decision, one.is_estimate) for one in findings] == [
            (Decision.UNKNOWN, is_estimate),
            (Decision.MISSING, is_estimate),
        ]
        assert findings[0].reason == "The role does not allow it. A grant may."
        aws.always("SimulatePrincipalPolicy", iam_denied("iam:SimulatePrincipalPolicy"))
    await gateway.close()


async def test_where_simulation_is_denied_it_is_an_estimate(aws: FakeAws, quick: Limits) -> None:
    make_role(aws)
    aws.always("SimulatePrincipalPolicy", iam_denied("iam:SimulatePrincipalPolicy"))
    report = await read(aws, quick)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    findings = await check_needs(gateway, report, NEEDS)
    await gateway.close()
    assert [(one.decision, one.is_estimate) for one in findings] == [
        (Decision.ALLOWED, True),
        (Decision.MISSING, True),
        (Decision.MISSING, True),
    ]
    assert len(aws.requests("SimulatePrincipalPolicy")) == 1
