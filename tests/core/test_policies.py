"""Policies in plain words, and what they allow by their text alone."""

from typing import Any

import pytest

from lambdadesk.core.errors import UserError
from lambdadesk.core.policies import (
    Decision,
    Policy,
    PolicyKind,
    RoleReport,
    decide,
    describe_condition,
    explain,
    parse_policy,
    trusts_lambda,
)

ROLE = "arn:aws:iam::123456789012:role/service-role/worker"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sqs:SendMessage", "Resource": QUEUE, **more}


def without_action(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Resource": "*", **more}


def make_policy(*statements: dict[str, Any], name: str = "p", kind: PolicyKind = PolicyKind.INLINE) -> Policy:
    return parse_policy(kind, name, {"Version": "2012-10-17", "Statement": list(statements)})


def make_report(*statements: dict[str, Any], **more: Any) -> RoleReport:
    return RoleReport(ROLE, "worker", policies=(make_policy(*statements),), **more)


def tell(*statements: dict[str, Any]) -> list[str]:
    return [f"{each.service}: {each.text}" for each in explain(make_report(*statements))]


@pytest.mark.parametrize(
    ("action", "resource", "sentence"),
    [
        (["s3:GetObject"], "arn:aws:s3:::pictures/*", "S3: read objects in bucket pictures"),
        (
            ["s3:GetObject", "s3:PutObject"],
            ["arn:aws:s3:::a/in/*"],
            "S3: read objects and write objects in bucket a under in/",
        ),
        ("s3:*", "arn:aws:s3:::pictures", "S3: everything in bucket pictures"),
        ("s3:GetObject", "arn:aws:s3:::a/report.csv", "S3: read objects in bucket a at report.csv"),
        ("s3:ListAllMyBuckets", "*", "S3: list all my buckets on any resource"),
        ("sqs:SendMessage", QUEUE, "SQS: send messages on queue orders"),
        (
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-1:000000000000:theirs",
            "SQS: send messages on queue theirs of account 000000000000",
        ),
        (
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "Lambda: invoke function f",
        ),
        ("lambda:InvokeFunction", "*", "Lambda: invoke on any resource"),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*",
            "CloudWatch Logs: write logs in log group /aws/lambda/f",
        ),
        (
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"],
            "arn:aws:dynamodb:us-east-1:123456789012:table/stock",
            "DynamoDB: read items and write items in table stock",
        ),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/k-1", "KMS: decrypt with key k-1"),
        ("iam:Get*", "*", "IAM: all Get… actions on any resource"),
        ("ec2:DescribeVPCs", "*", "EC2: describe VPCs on any resource"),
        ("newservice:DoThing", "*", "newservice: do thing on any resource"),
        ("*", "*", "All services: everything on any resource"),
        ("sns:Publish", "arn:aws:sns:*:*:alarm-*", "SNS: publish messages on topics named alarm-*"),
    ],
)
def test_an_allowance_is_one_sentence(action: Any, resource: Any, sentence: str) -> None:
    (told,) = tell(statement(Action=action, Resource=resource))
    assert told == sentence


def test_a_statement_over_services_is_told_by_service() -> None:
    assert tell(statement(Action=["sqs:SendMessage", "s3:GetObject"], Resource="*")) == [
        "S3: read objects on any resource",
        "SQS: send messages on any resource",
    ]


def test_the_same_thing_is_told_once_and_many_actions_are_counted() -> None:
    assert len(tell(statement(), statement())) == 1
    many = [f"ec2:Do{chr(65 + number) * 2}x" for number in range(9)]
    (told,) = tell(statement(Action=many, Resource="*"))
    assert "and 4 more actions" in told


def test_conditions_and_denies_are_said() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "123456789012"}, "Bool": {"aws:SecureTransport": True}}
    assert tell(statement(Condition=condition), statement("Deny", Action="sqs:*")) == [
        "SQS: send messages on queue orders, "
        "if aws:SourceAccount is 123456789012 and aws:SecureTransport is true",
        "SQS: never everything on queue orders",
    ]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (None, ""),
        ({"StringLike": {"s3:prefix": ["a/*", "b/*"]}}, "s3:prefix is like a/* or b/*"),
        ({"Null": {"aws:TokenIssueTime": "true"}}, "aws:TokenIssueTime is absent"),
        ({"StringEqualsIfExists": {"k": "v"}}, "k is v or it is absent"),
        ({"ForAnyValue:StringEquals": {"k": "v"}}, "some value of k is v"),
        ({"Strange": {"k": "v"}}, "k matches Strange v"),
    ],
)
def test_conditions_in_words(condition: Any, words: str) -> None:
    assert describe_condition(condition) == words


@pytest.mark.parametrize(
    ("entry", "warning"),
    [
        (statement(Action="*", Resource="*"), "It allows every action (Action: *) on every resource."),
        (statement(Action="*"), "It allows every action (Action: *)."),
        (statement(Action="s3:*", Resource="*"), "It allows every action of the service on every resource."),
        (without_action(NotAction=["iam:*"]), "It allows whatever is not named (NotAction)."),
        (statement(), ""),
        (statement("Deny", Action="*", Resource="*"), ""),
    ],
)
def test_what_is_a_lot_is_flagged(entry: dict[str, Any], warning: str) -> None:
    (allowance,) = explain(make_report(entry))
    assert allowance.warning == warning


def test_what_is_left_out_is_said() -> None:
    assert tell(without_action(NotAction=["iam:*", "sts:*"])) == [
        "All services: everything but iam:*, sts:* on any resource"
    ]
    entry = {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::secret/*"}
    assert tell(entry) == ["S3: read objects anywhere but bucket secret"]


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([statement()], Decision.ALLOWED),
        ([statement(Action="SQS:sendmessage")], Decision.ALLOWED),
        ([statement(Action="sqs:Send*", Resource="arn:aws:sqs:*:123456789012:ord?rs")], Decision.ALLOWED),
        ([statement(Action="sqs:Send")], Decision.MISSING),
        ([statement(Resource="arn:aws:sqs:us-east-1:123456789012:ORDERS")], Decision.MISSING),
        ([], Decision.MISSING),
        ([statement(), statement("Deny")], Decision.DENIED),
        ([statement("Deny"), statement()], Decision.DENIED),
        ([statement(), statement("Deny", Condition={"Bool": {"k": "true"}})], Decision.UNKNOWN),
        ([statement("Deny", Condition={"Bool": {"k": "true"}})], Decision.MISSING),
        ([statement(Condition={"Bool": {"k": "true"}})], Decision.UNKNOWN),
        ([statement(Condition={"Bool": {"k": "true"}}), statement()], Decision.ALLOWED),
        ([without_action(NotAction="iam:*")], Decision.ALLOWED),
        ([without_action(NotAction=["sqs:*"])], Decision.MISSING),
        ([statement(), without_action("Deny", NotAction=["s3:*"])], Decision.DENIED),
        ([{"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:secret"}], Decision.ALLOWED),
        ([{"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:ord*"}], Decision.MISSING),
        ([statement(Resource="arn:aws:sqs:us-east-1:123456789012:${aws:username}")], Decision.UNKNOWN),
        (
            [{"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:${aws:username}"}],
            Decision.UNKNOWN,
        ),
        ([{"Effect": "Allow"}], Decision.MISSING),
    ],
)
def test_decides_as_iam_does(statements: list[dict[str, Any]], decision: Decision) -> None:
    found, why = decide(make_report(*statements), "sqs:SendMessage", QUEUE)
    assert found is decision
    assert why.endswith(".")


def test_a_boundary_limits_but_never_grants() -> None:
    wide = make_policy(statement(Action="sqs:*", Resource="*"), name="limit", kind=PolicyKind.BOUNDARY)
    narrow = make_policy(statement(Action="s3:*", Resource="*"), name="limit", kind=PolicyKind.BOUNDARY)
    assert decide(make_report(statement(), boundary=wide), "sqs:SendMessage", QUEUE)[0] is Decision.ALLOWED
    assert decide(make_report(boundary=wide), "sqs:SendMessage", QUEUE)[0] is Decision.MISSING
    found, why = decide(make_report(statement(), boundary=narrow), "sqs:SendMessage", QUEUE)
    assert (found, why) == (Decision.MISSING, "The permissions boundary limit does not include it.")
    unread = Policy(PolicyKind.BOUNDARY, "limit", error=UserError("Denied."))
    found, why = decide(make_report(statement(), boundary=unread), "sqs:SendMessage", QUEUE)
    assert (found, why) == (Decision.UNKNOWN, "limit could not be read.")


def test_what_could_not_be_read_makes_it_unknown() -> None:
    unread = Policy(PolicyKind.ATTACHED, "other", error=UserError("Denied."))
    alone = RoleReport(ROLE, "worker", policies=(unread,))
    assert decide(alone, "sqs:SendMessage", QUEUE) == (Decision.UNKNOWN, "other could not be read.")
    beside = RoleReport(ROLE, "worker", policies=(make_policy(statement()), unread))
    found, why = decide(beside, "sqs:SendMessage", QUEUE)
    assert found is Decision.ALLOWED
    assert why == "p allows it unless other, which could not be read, denies it."
    assert decide(make_report(has_all_policies=False), "sqs:SendMessage", QUEUE)[0] is Decision.UNKNOWN
    found, why = decide(make_report(statement(), knows_boundary=False), "sqs:SendMessage", QUEUE)
    assert why == "p allows it. Whether a permissions boundary forbids it is not known."


def make_trust(effect: str = "Allow", **principal: Any) -> Policy:
    entry = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}
    return parse_policy(PolicyKind.TRUST, "Trust policy", {"Statement": entry})


def test_who_trusts_lambda() -> None:
    assert trusts_lambda(make_trust(Service="lambda.amazonaws.com"))
    assert trusts_lambda(make_trust(Service=["ec2.amazonaws.com", "lambda.amazonaws.com"]))
    assert not trusts_lambda(make_trust(Service="ec2.amazonaws.com"))
    assert not trusts_lambda(make_trust(AWS="arn:aws:iam::123456789012:root"))
    assert not trusts_lambda(make_trust("Deny", Service="lambda.amazonaws.com"))


def test_text_that_is_no_policy_says_so() -> None:
    policy = parse_policy(PolicyKind.INLINE, "broken", "{not json")
    assert policy.statements == ()
    assert str(policy.error).startswith("The policy broken is not valid JSON.")
    for odd in ({}, {"Statement": "x"}, {"Statement": [1]}, [], None):
        assert parse_policy(PolicyKind.INLINE, "odd", odd).statements == ()
    assert parse_policy(PolicyKind.INLINE, "text", '{"Statement": []}').text == '{\n  "Statement": []\n}'
