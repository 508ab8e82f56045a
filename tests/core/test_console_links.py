import pytest

from lambdadesk.core.console_links import console_url, qualified_arn

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
