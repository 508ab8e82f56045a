import json
from typing import Any

import pytest

from lambdadesk.aws.triggers.policy import Grant, get_service, parse_policy

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def parse(qualifier: str = "", **statement: Any) -> list[Grant]:
    whole = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        **statement,
    }
    return parse_policy(json.dumps({"Version": "2012-10-17", "Statement": [whole]}), qualifier)


def test_reads_what_add_permission_writes() -> None:
    condition = {
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::pictures"},
    }
    (grant,) = parse(Condition=condition)
    assert grant == Grant("", "s", "s3", True, True, "arn:aws:s3:::pictures", accounts=("123456789012",))
    assert grant.is_exact
    assert grant.covers("arn:aws:s3:::pictures", "123456789012")
    assert not grant.covers("arn:aws:s3:::pictures", "000000000000")
    assert not grant.covers("arn:aws:s3:::others", "123456789012")


def test_every_principal_and_source_is_a_grant_of_its_own() -> None:
    principals = {
        "Service": ["sns.amazonaws.com", "events.amazonaws.com"],
        "AWS": "arn:aws:iam::000000000000:root",
    }
    sources = ["arn:aws:sns:us-east-1:123456789012:a", "arn:aws:sns:us-east-1:123456789012:b"]
    found = parse(Principal=principals, Condition={"ArnEquals": {"aws:SourceArn": sources}})
    assert [(each.principal, each.is_service) for each in found[::2]] == [
        ("sns", True),
        ("events", True),
        ("000000000000", False),
    ]
    assert {each.source_arn for each in found} == set(sources)


@pytest.mark.parametrize(
    ("principal", "name"),
    [
        ("s3.amazonaws.com", "s3"),
        ("s3.amazonaws.com.cn", "s3"),
        ("logs.eu-central-1.amazonaws.com", "logs"),
        ("lambda.alarms.cloudwatch.amazonaws.com", "lambda.alarms.cloudwatch"),
        ("alexa-appkit.amazon.com", "alexa-appkit"),
    ],
)
def test_service_principals_lose_their_domain(principal: str, name: str) -> None:
    assert get_service(principal) == name


def test_statements_about_something_else_are_left_out() -> None:
    assert parse(Action="lambda:GetFunction") == []
    assert parse(Action=["lambda:GetFunction", "lambda:Invoke*"]) != []
    assert parse(Action="*") != []
    assert parse(Resource=f"{FUNCTION}:live") == []
    assert parse("live", Resource=f"{FUNCTION}:live") != []
    assert parse(Resource=f"{FUNCTION}:$LATEST") != []
    assert parse_policy("", "") == []


@pytest.mark.parametrize(
    ("pattern", "caller", "covers"),
    [
        ("{api}/*", "{api}/*/GET/orders", True),
        ("{api}/*/*/orders", "{api}/*/GET/orders", True),
        ("{api}/prod/GET/orders", "{api}/*/GET/orders", True),
        ("{api}/*/POST/orders", "{api}/*/GET/orders", False),
        ("{api}/*/*/orders/*", "{api}/*/GET/orders", False),
        ("{api}/*/GET/orders/*", "{api}/*/GET/orders/*", True),
        ("arn:aws:execute-api:*:123456789012:*", "{api}/*/GET/orders", True),
        ("{api}/*/*/orders/*", "{api}/*/GET/\N{HORIZONTAL ELLIPSIS}", True),
        ("{api}x/*", "{api}/*/GET/orders", False),
        ("", "{api}/*/GET/orders", True),
        ("{api}/????/GET/orders", "{api}/prod/GET/orders", True),
        ("{api}/???/GET/orders", "{api}/prod/GET/orders", False),
    ],
)
def test_a_permission_covers_what_can_fit_both_patterns(pattern: str, caller: str, covers: bool) -> None:
    api = "arn:aws:execute-api:us-east-1:123456789012:abc"
    grant = Grant("", "s", "apigateway", True, True, pattern.format(api=api))
    assert grant.covers(caller.format(api=api), "123456789012") is covers


def test_a_star_in_string_equals_fits_nothing() -> None:
    (grant,) = parse(Condition={"StringEquals": {"aws:SourceArn": "arn:aws:s3:::*"}})
    assert not grant.covers("arn:aws:s3:::pictures", "")
    (grant,) = parse(Condition={"StringLike": {"aws:SourceArn": "arn:aws:s3:::*"}})
    assert grant.covers("arn:aws:s3:::pictures", "")
    assert not grant.is_exact


def test_conditions_that_cant_be_judged_are_kept_as_text() -> None:
    (grant,) = parse(
        Effect="Deny",
        Principal="*",
        Action="lambda:InvokeFunctionUrl",
        Condition={
            "StringEquals": {"aws:PrincipalOrgID": "o-1", "lambda:FunctionUrlAuthType": "NONE"},
            "ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::x"},
        },
    )
    assert (grant.allows, grant.principal, grant.is_service, grant.url_auth) == (False, "*", False, "NONE")
    assert grant.limits == (
        "StringEquals aws:PrincipalOrgID = o-1",
        "ArnNotLike aws:SourceArn = arn:aws:s3:::x",
    )
    assert grant.source_arn == ""


def test_calls_through_a_url_are_told_apart() -> None:
    (grant,) = parse(Principal="*", Action="lambda:InvokeFunctionUrl")
    assert (grant.by_event, grant.by_url) == (False, True)
    (grant,) = parse(Principal="*")
    assert (grant.by_event, grant.by_url) == (True, False)
    (grant,) = parse(Principal="*", Action="lambda:*")
    assert (grant.by_event, grant.by_url) == (True, True)
    via = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    assert parse(Principal="*", Condition=via) == []


@pytest.mark.parametrize("text", ["[", "[]", '"x"'])
def test_what_is_no_policy_is_said(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  json's own, or ours
        parse_policy(text, "")
