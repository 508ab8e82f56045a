import shlex

import pytest

from lambdadesk.core.console_links import cli_command, console_url, qualified_arn
from lambdadesk.core.types import InvocationType, Target

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders"


@pytest.mark.parametrize(
    ("arn", "qualifier", "url"),
    [
        (
            ARN,
            "",
            "https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/orders",
        ),
        (
            ARN,
            "$LATEST",
            "https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/orders",
        ),
        (
            ARN,
            "3",
            "https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/orders/versions/3",
        ),
        (
            ARN,
            "live",
            "https://eu-central-1.console.aws.amazon.com/lambda/home?region=eu-central-1"
            "#/functions/orders/aliases/live",
        ),
        (
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:f",
            "",
            "https://cn-north-1.console.amazonaws.cn/lambda/home?region=cn-north-1#/functions/f",
        ),
        (
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f",
            "",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/lambda/home?region=us-gov-west-1#/functions/f",
        ),
        ("arn:aws-iso:lambda:us-iso-east-1:123456789012:function:f", "", ""),
        ("orders", "", ""),
        ("", "", ""),
    ],
)
def test_the_console_of_each_partition(arn: str, qualifier: str, url: str) -> None:
    assert console_url(arn, qualifier) == url


def test_nothing_in_a_name_leads_to_another_host() -> None:
    url = console_url("arn:aws:lambda:x.example/@:123456789012:function:a/b?c#d")
    assert url.startswith("https://x.example%2F%40.console.aws.amazon.com/")
    assert url.endswith("#/functions/a%2Fb%3Fc%23d")


def test_an_arn_may_name_a_version() -> None:
    assert qualified_arn(ARN, "live") == f"{ARN}:live"
    assert qualified_arn(ARN, "$LATEST") == qualified_arn(ARN) == ARN


def test_the_command_says_where_and_what() -> None:
    command = cli_command(Target("us-east-1", profile="the team"), "orders", qualifier="live")
    assert command == (
        "aws lambda invoke --function-name orders --qualifier live --region us-east-1 "
        "--profile 'the team' --cli-read-timeout 930 response.json"
    )


def test_the_payload_is_read_from_a_file() -> None:
    command = cli_command(
        Target("us-east-1"), "f", kind=InvocationType.EVENT, payload_file="it's.json", qualifier="$LATEST"
    )
    words = shlex.split(command)
    assert words[5:7] == ["--invocation-type", "Event"]
    assert words[words.index("--payload") + 1] == "file://it's.json"
    assert "--qualifier" not in words


def test_an_endpoint_never_gets_the_keys_of_the_shell() -> None:
    target = Target("us-east-1", endpoint_url="http://127.0.0.1:4566")
    command = cli_command(target, "f", is_aws=False)
    assert command.startswith("AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws lambda invoke ")
    assert "--endpoint-url http://127.0.0.1:4566" in command
    assert cli_command(target, "f").startswith("aws ")
    with_profile = Target("us-east-1", profile="p", endpoint_url="http://127.0.0.1:4566")
    assert cli_command(with_profile, "f", is_aws=False).startswith("aws ")


def test_words_of_any_kind_stay_one_word() -> None:
    name = "a b;$(touch x)'\"`"
    assert name in shlex.split(cli_command(Target("us-east-1"), name))
