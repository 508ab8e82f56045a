"""Tags of all functions, whole or not at all."""

from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.tags import fetch_tags
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import ACCOUNT, FakeAws

ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"


async def fetch(aws: FakeAws, limits: Limits | None = None) -> dict[str, dict[str, str]]:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    try:
        return await fetch_tags(gateway)
    finally:
        await gateway.close()


async def test_250_functions_take_three_pages(aws: FakeAws) -> None:
    aws.tags = {f"{ARN}f{number}": {"team": f"t{number}", "": ""} for number in range(250)}
    tags = await fetch(aws)
    assert len(tags) == 250
    assert tags["f249"] == {"team": "t249", "": ""}
    assert len(aws.requests("GetResources")) == 3


async def test_versions_and_strangers_are_passed_over(aws: FakeAws) -> None:
    aws.tags = {f"{ARN}f": {}, f"{ARN}g:3": {"a": "b"}, "arn:aws:sqs:us-east-1:1:queue": {"a": "b"}}
    assert await fetch(aws) == {"f": {}}


async def test_denied_names_the_action(aws: FakeAws, quick: Limits) -> None:
    # As AWS says it without naming an action.
    aws.always("GetResources", faults.error(400, "AccessDeniedException", "You are not allowed to do this"))
    with pytest.raises(UserError) as caught:
        await fetch(aws, quick)
    assert caught.value.kind is ErrorKind.DENIED
    assert caught.value.action == "tag:GetResources"


async def test_half_the_pages_are_none(aws: FakeAws, quick: Limits) -> None:
    aws.tags = {f"{ARN}f{number}": {} for number in range(101)}
    aws.script("GetResources", faults.slow(0), faults.throttled())
    with pytest.raises(UserError) as caught:
        await fetch(aws, quick)
    assert caught.value.kind is ErrorKind.THROTTLED


@pytest.mark.parametrize("body", [{}, {"ResourceTagMappingList": [], "PaginationToken": "again"}])
async def test_an_answer_that_is_none_is_told(aws: FakeAws, body: dict[str, Any]) -> None:
    aws.always("GetResources", faults.reply(200, body))
    with pytest.raises(UserError) as caught:
        await fetch(aws)
    assert caught.value.kind is ErrorKind.NOT_AWS
