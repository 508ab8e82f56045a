"""The function URL of an alias is told from that of the function."""

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.function_urls import fetch_function_url
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target
from tests.servers.fake_services import FakeServices

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


async def test_each_alias_has_its_own(services: FakeServices, quick: Limits) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=services.url), quick)
    services.answers["ListFunctionUrlConfigs"] = {
        "FunctionUrlConfigs": [
            {"FunctionArn": f"{ARN}:live", "FunctionUrl": "https://live.example.com/", "AuthType": "AWS_IAM"},
            {"FunctionArn": ARN, "FunctionUrl": "https://plain.example.com/", "AuthType": "NONE"},
        ]
    }
    assert await fetch_function_url(gateway, "hello", "live") == ("https://live.example.com/", True)
    assert await fetch_function_url(gateway, "hello", "$LATEST") == ("https://plain.example.com/", False)
    with pytest.raises(UserError) as caught:
        await fetch_function_url(gateway, "hello", "7")
    assert caught.value.kind is ErrorKind.INVALID
