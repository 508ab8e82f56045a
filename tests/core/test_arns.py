import json

import pytest

from lambdadesk.core.arns import foreign_accounts

HOME = "000000000000"
OTHER = "123456789012"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        (f"arn:aws:sqs:us-east-1:{HOME}:queue", ()),
        (f"arn:aws:sqs:us-east-1:{OTHER}:queue", (OTHER,)),
        (f"arn:aws:iam::{OTHER}:role/a", (OTHER,)),  # without a region
        (f"arn:aws-us-gov:sns:us-gov-west-1:{OTHER}:topic", (OTHER,)),
        (f"arn:aws-cn:lambda:cn-north-1:{OTHER}:function:f", (OTHER,)),
        ("arn:aws:s3:::bucket/key", ()),  # a bucket's ARN names no account
        (f"{OTHER}", ()),  # twelve digits may be anything
        (f"arn:aws:sqs:us-east-1:{OTHER}0:queue", ()),
        (f"arn:aws:iam::{OTHER}:a arn:aws:iam::{HOME}:b arn:aws:iam::{OTHER}:c", (OTHER,)),
    ],
)
def test_finds_the_accounts_of_others(text: str, found: tuple[str, ...]) -> None:
    assert foreign_accounts(text, HOME) == found


def test_finds_them_in_an_event() -> None:
    event = {"Records": [{"eventSourceARN": f"arn:aws:sqs:us-east-1:{OTHER}:q"}] * 3}
    assert foreign_accounts(json.dumps(event, indent=2), HOME) == (OTHER,)


def test_says_nothing_where_the_own_account_is_unknown() -> None:
    assert foreign_accounts(f"arn:aws:iam::{OTHER}:role/a", "") == ()
