import pytest

from lambdadesk.aws.endpoints import check_target, is_aws, is_loopback
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-central-1", "us-gov-west-1", "eusc-de-east-1", "us-isob-east-1", "cn-north-1"]
)
def test_accepts_the_regions_of_every_partition(region: str) -> None:
    check_target(Target(region))


@pytest.mark.parametrize(
    "region",
    ["", "x.example/", "us-east-1.example", "us-east-1\n", "US-EAST-1", "us east 1", "us-east-1@h", "1"],
)
def test_refuses_what_is_no_region(region: str) -> None:
    with pytest.raises(UserError) as caught:
        Gateway(Target(region))
    assert caught.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566",
        "http://localhost:4566/",
        "http://[::1]:4566",
        "http://127.8.9.10",
        "https://lambda.example.com",
        "https://10.0.0.1:8443",
    ],
)
def test_accepts_https_anywhere_and_http_on_this_machine(url: str) -> None:
    check_target(Target("us-east-1", endpoint_url=url))


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1",
        "http://lambda.us-east-1.amazonaws.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:4566",
        "http://2130706433.example",
        "http://user:secret@127.0.0.1",
        "http://127.0.0.1@example.com",
        "http://127.0.0.1\\@example.com",
        "http://127.0.0.1:4566/path",
        "http://127.0.0.1:4566?x=1",
        "http://127.0.0.1:4566/#x",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1:45 66",
        "http://[::1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1:4566",
        "https://",
        "https://exämple.com",
    ],
)
def test_refuses_every_other_endpoint_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UserError) as caught:
        Gateway(Target("us-east-1", endpoint_url=url))
    assert caught.value.kind is ErrorKind.INVALID
    assert "secret" not in f"{caught.value}{caught.value.details}"


def test_knows_loopback_by_name_only() -> None:
    assert is_loopback("http://127.0.0.1:1")
    assert not is_loopback("http://localhost.example.com")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", True),
        ("https://vpce-1.logs.eu-west-1.vpce.amazonaws.com", True),
        ("http://127.0.0.1:4566", False),
        ("https://amazonaws.com.example.com", False),
    ],
)
def test_quotas_hold_for_aws_only(url: str, expected: bool) -> None:
    assert is_aws(Target("us-east-1", endpoint_url=url)) is expected
