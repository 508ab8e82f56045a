"""What the function table is told beyond the list: mappings, log groups, states and policies."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.details import fetch_details
from lambdadesk.aws.facts import (
    fetch_log_facts,
    fetch_mapping_facts,
    fetch_policy_facts,
    fetch_state_facts,
    get_details_facts,
)
from lambdadesk.aws.functions import to_function_info
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_facts import UNRESERVED, Facts, FunctionState
from lambdadesk.core.types import FunctionInfo, Target
from tests.servers import faults
from tests.servers.fake_aws import ACCOUNT, FakeAws, make_function
from tests.servers.fake_mappings import make_mapping

SECRET = "hunter2-in-the-environment"


@pytest.fixture
def gateway(aws: FakeAws, quick: Limits) -> Iterator[Gateway]:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    yield gateway
    asyncio.run(gateway.close())


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


def function_arn(name: str) -> str:
    return arn("lambda", f"function:{name}")


async def test_mappings_of_all_pages_are_told_by_function(aws: FakeAws, gateway: Gateway) -> None:
    aws.mappings = [
        make_mapping(f"m{number}", function_arn(f"f{number}"), arn("sqs", f"q{number}"))
        for number in range(205)
    ]
    aws.mappings += [
        make_mapping("a", function_arn("f0:live"), arn("kinesis", "stream/clicks")),
        make_mapping("b", function_arn("f0"), arn("dynamodb", "table/orders/stream/2026-01-01")),
        make_mapping("c", function_arn("f0"), arn("rds", "cluster:books")),
        make_mapping("d", function_arn("brokers"), ""),
        make_mapping("e", function_arn("brokers"), arn("kafka", "cluster/main/uuid")),
        make_mapping("f", function_arn("brokers"), arn("mq", "broker:bunny:b-1")),
    ]
    found = await fetch_mapping_facts(gateway)
    assert len(aws.requests("ListEventSourceMappings")) == 3
    assert all("FunctionName" not in each.params for each in aws.requests("ListEventSourceMappings"))
    assert len(found) == 206
    assert found["f204"] == Facts(polled=("sqs",), failing=())
    assert found["f0"].polled == ("documentdb", "dynamodb", "kinesis", "sqs")
    assert found["brokers"].polled == ("kafka", "mq", "msk")


async def test_a_mapping_that_is_on_and_has_a_problem_is_failing(aws: FakeAws, gateway: Gateway) -> None:
    problem = "PROBLEM: Function call failed"
    aws.mappings = [
        make_mapping("a", function_arn("f"), arn("sqs", "orders"), LastProcessingResult=problem),
        make_mapping(
            "b", function_arn("f"), arn("sqs", "off"), State="Disabled", LastProcessingResult=problem
        ),
        make_mapping("c", function_arn("f"), arn("sqs", "idle"), LastProcessingResult="No records processed"),
    ]
    assert (await fetch_mapping_facts(gateway))["f"].failing == (
        "SQS orders (PROBLEM: Function call failed)",
    )


async def test_mappings_are_all_or_nothing(aws: FakeAws, gateway: Gateway) -> None:
    aws.mappings = [make_mapping(f"m{n}", function_arn("f"), arn("sqs", "q")) for n in range(150)]
    aws.script(
        "ListEventSourceMappings",
        lambda exchange: exchange.send(exchange.normal()),
        faults.denied("lambda:ListEventSourceMappings"),
    )
    with pytest.raises(UserError) as raised:
        await fetch_mapping_facts(gateway)
    assert raised.value.kind is ErrorKind.DENIED


async def test_log_groups_of_all_pages_and_those_elsewhere(aws: FakeAws, gateway: Gateway) -> None:
    names = [f"f{number:03}" for number in range(120)]
    aws.log_settings = {f"/aws/lambda/{name}": {"retentionInDays": 7} for name in names[:119]}
    aws.log_settings["/aws/lambda/f007"] = {}
    aws.log_settings["/aws/lambda/f118"] = {"logGroupClass": "DELIVERY"}
    aws.log_settings["/shared"] = {}
    aws.log_settings["/shared/other"] = {"retentionInDays": 1}
    functions = [FunctionInfo(name) for name in names]
    functions += [
        FunctionInfo("one", log_group="/shared"),
        FunctionInfo("two", log_group="/shared"),
        FunctionInfo("expires", log_group="/shared/other"),
        FunctionInfo("absent", log_group="/nowhere"),
    ]
    found = await fetch_log_facts(gateway, functions)
    asked = [each.params["logGroupNamePrefix"] for each in aws.requests("DescribeLogGroups")]
    assert asked == ["/aws/lambda/"] * 3 + ["/nowhere", "/shared", "/shared/other"]
    assert {name for name, facts in found.items() if facts.log_never_expires} == {"f007", "one", "two"}
    assert found["f119"].log_never_expires is False  # there is no such group: it keeps nothing
    assert len(found) == 124


async def test_pages_without_an_end_are_an_error(aws: FakeAws, gateway: Gateway) -> None:
    aws.always("DescribeLogGroups", faults.reply(200, {"logGroups": [], "nextToken": "again"}))
    with pytest.raises(UserError):
        await fetch_log_facts(gateway, [FunctionInfo("f")])
    aws.always("DescribeLogGroups", faults.reply(200, {}))
    with pytest.raises(UserError):
        await fetch_log_facts(gateway, [FunctionInfo("f")])


async def test_a_state_without_the_environment(aws: FakeAws, gateway: Gateway) -> None:
    aws.functions = [
        make_function(
            "f",
            State="Failed",
            StateReason="no subnet",
            LastUpdateStatus="Failed",
            LastUpdateStatusReason="no image",
            Environment={"Variables": {"PASSWORD": SECRET}},
        ),
        make_function("plain"),
    ]
    aws.details["GetFunction", "f"] = {
        "Concurrency": {"ReservedConcurrentExecutions": 0},
        "Code": {"Location": f"https://example.invalid/{SECRET}"},
    }
    facts = await fetch_state_facts(gateway, "f")
    assert facts == Facts(
        state=FunctionState("Failed", "no subnet", "Failed", "no image"), reserved_concurrency=0
    )
    assert SECRET not in repr(facts)
    assert (await fetch_state_facts(gateway, "plain")).reserved_concurrency == UNRESERVED


async def test_a_policy_tells_whom_it_lets_in(aws: FakeAws, gateway: Gateway) -> None:
    aws.policies["f"] = ["s3", "events", "apigateway"]
    assert (await fetch_policy_facts(gateway, "f")).permitted == ("api gateway", "eventbridge", "s3")
    assert (await fetch_policy_facts(gateway, "none")).permitted == ()
    denies = {"Effect": "Deny", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}
    aws.script("GetPolicy", faults.reply(200, {"Policy": json.dumps({"Statement": [denies]})}))
    assert (await fetch_policy_facts(gateway, "f")).permitted == ()
    for text in ("[]", "{"):
        aws.script("GetPolicy", faults.reply(200, {"Policy": text}))
        with pytest.raises(UserError, match="can't be understood"):
            await fetch_policy_facts(gateway, "f")


async def test_the_configuration_of_an_opened_function_tells_as_much(aws: FakeAws, gateway: Gateway) -> None:
    aws.functions = [make_function("f", State="Active")]
    aws.details["GetFunctionConcurrency", "f"] = {"ReservedConcurrentExecutions": 5}
    aws.log_settings["/aws/lambda/f"] = {}
    function = to_function_info(aws.functions[0])
    details = await fetch_details(gateway, function)
    told = Facts(state=FunctionState("Active"), reserved_concurrency=5, log_never_expires=True)
    assert get_details_facts(details) == told
    aws.always("GetFunctionConcurrency", faults.denied("lambda:GetFunctionConcurrency"))
    aws.log_settings["/aws/lambda/f"] = {"retentionInDays": 1}
    again = get_details_facts(await fetch_details(gateway, function, details))
    assert again == Facts(state=FunctionState("Active"), log_never_expires=False)  # not what was known before
