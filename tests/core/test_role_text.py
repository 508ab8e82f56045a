import json

from lambdadesk.core.errors import UserError
from lambdadesk.core.policies import Decision, Policy, PolicyKind, RoleReport, parse_policy
from lambdadesk.core.role_needs import RoleFinding, RoleNeed
from lambdadesk.core.role_text import build_policy, tell_allowed, tell_missing
from tests.servers.fake_iam import TRUST, allow

ARN = "arn:aws:iam::123456789012:role/worker"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
RECEIVE = RoleNeed("sqs:ReceiveMessage", QUEUE, "the event source, queue orders")
LOGS = RoleNeed(
    "logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:lambda", "its log group"
)


def find(
    need: RoleNeed, decision: Decision, reason: str = "It is so.", *, estimate: bool = False
) -> RoleFinding:
    return RoleFinding(need, decision, reason, estimate)


def test_what_a_role_allows_begins_with_what_limits_it() -> None:
    denied = UserError("Denied.", action="iam:GetPolicy")
    report = RoleReport(
        ARN,
        "worker",
        trust=parse_policy(PolicyKind.TRUST, "Trust policy", TRUST),
        policies=(
            parse_policy(PolicyKind.INLINE, "p", allow(["sqs:SendMessage"], QUEUE)),
            parse_policy(PolicyKind.INLINE, "q", allow("*")),
            Policy(PolicyKind.ATTACHED, "unseen", error=denied),
        ),
        boundary=parse_policy(PolicyKind.BOUNDARY, "limit", allow("s3:*")),
        failures=(UserError("No list."),),
    )
    assert tell_allowed(report).split("\n") == [
        ARN,
        "",
        "Lambda may use the role.",
        "▲ The permissions boundary limit limits all of this.",
        "▲ Not read: No list.",
        "▲ Not read: unseen. Denied.",
        "",
        "All services",
        "  ▲ everything on any resource",
        "    It allows every action (Action: *) on every resource.",
        "",
        "SQS",
        "  • send messages on queue orders",
    ]


def test_nothing_is_not_the_same_as_not_known() -> None:
    assert tell_allowed(RoleReport(ARN, "worker")).endswith("\nIt allows nothing.")
    unknown = tell_allowed(RoleReport(ARN, "worker", has_all_policies=False, knows_boundary=False))
    assert unknown.endswith("\nWhat it allows is not known.")
    assert "▲ Who may use the role is not known." in unknown
    assert "▲ Whether a permissions boundary limits this is not known." in unknown
    trust = parse_policy(PolicyKind.TRUST, "Trust policy", {"Statement": []})
    assert "✖ Lambda may not use the role" in tell_allowed(RoleReport(ARN, "worker", trust=trust))


def test_what_is_missing_comes_with_a_policy_that_adds_it() -> None:
    findings = [find(LOGS, Decision.MISSING), find(RECEIVE, Decision.ALLOWED, "p allows it.")]
    text = tell_missing(findings, ["Event sources: Denied."])
    assert text.startswith(
        "1 of 2 actions that the function visibly needs is not allowed.\nIAM simulated it."
    )
    assert "▲ Not checked. Event sources: Denied." in text
    assert text.index("✖ Missing") < text.index("logs:PutLogEvents") < text.index("✔ Allowed")
    policy = json.loads(text[text.index("{") :])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["logs:PutLogEvents"],
            "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:g:*",
        }
    ]


def test_an_estimate_is_said_to_be_one() -> None:
    text = tell_missing([find(LOGS, Decision.ALLOWED, estimate=True)])
    assert text.startswith("Nothing is missing: all 1 actions that the function visibly needs are allowed.\n")
    assert "This is an estimate" in text
    assert "A policy that would add" not in text
    text = tell_missing([find(LOGS, Decision.UNKNOWN, "p allows it under a condition.", estimate=True)])
    assert text.startswith("Nothing is known to be missing;")
    assert "p allows it under a condition." in text


def test_a_denial_is_not_cured_by_another_policy() -> None:
    text = tell_missing([find(LOGS, Decision.DENIED, "p denies it.")])
    assert "p denies it." in text
    assert "A policy that would add" not in text


def test_objects_and_streams_are_named_as_a_policy_would() -> None:
    need = RoleNeed("s3:PutObject", "arn:aws:s3:::failures/lambda", "x")
    (statement,) = json.loads(build_policy([find(need, Decision.MISSING)]))["Statement"]
    assert statement["Resource"] == "arn:aws:s3:::failures/*"
