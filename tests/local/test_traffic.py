"""Every source of traffic makes its function run, through the real service."""

import asyncio

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import Clients
from lambdadesk.local.server import pick_free_port
from lambdadesk.local.traffic import Traffic
from tests.local.running import wait_until

SOURCES = {
    "s3": ("image-thumbnailer",),
    "sns": ("post-commit-notice",),
    "sqs": ("order-worker",),
    "kinesis": ("clickstream-aggregator",),
    "dynamodb": ("stock-auditor",),
    "events": ("heartbeat",),
    "api": ("orders-api",),
    "cognito": ("sign-up-check",),
    "cloudformation": ("stack-greeter",),
    "invoke": ("hello", "json-logger", "always-fails", "too-slow"),
}


def list_lines(clients: Clients, function: str) -> list[str]:
    logs = clients.get("logs")
    group = f"/aws/lambda/{function}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []  # it has not run yet
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


def count_reports(clients: Clients, function: str) -> int:
    return sum(line.startswith("REPORT RequestId:") for line in list_lines(clients, function))


def test_the_sources_reach_what_they_say(account: SeededAccount, url: str) -> None:
    sources = Traffic(account, url).sources
    assert {source.name for source in sources} == set(SOURCES)
    for source in sources:
        assert source.function in SOURCES[source.name]
        assert source.title
    assert {name for names in SOURCES.values() for name in names} == set(account.functions)


@pytest.mark.parametrize("source", SOURCES)
async def test_traffic_makes_the_function_run(
    account: SeededAccount, url: str, clients: Clients, source: str
) -> None:
    if source == "cloudformation":  # the stack's own creation is a run too
        waiter = clients.get("cloudformation").get_waiter("stack_create_complete")
        await in_thread(waiter.wait, StackName=account.stack, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    before = {function: count_reports(clients, function) for function in SOURCES[source]}
    traffic = Traffic(account, url)
    sentence = await traffic.send(source)
    await traffic.close()
    assert sentence.endswith(".")
    for function, count in before.items():
        await in_thread(wait_until, lambda f=function, c=count: count_reports(clients, f) > c, function)


async def test_an_upload_becomes_a_thumbnail(account: SeededAccount, url: str, clients: Clients) -> None:
    def list_keys() -> list[str]:
        found = clients.get("s3").list_objects_v2(Bucket=account.bucket, Prefix="thumb/holiday-1.png")
        return [item["Key"] for item in found.get("Contents", [])]

    traffic = Traffic(account, url)
    assert "incoming/holiday-1.png" in await traffic.send("s3")
    await traffic.close()
    await in_thread(wait_until, list_keys, "the thumbnail is there")


async def test_a_bad_order_ends_in_the_dead_letter_queue(
    account: SeededAccount, url: str, clients: Clients
) -> None:
    def count_dead_letters() -> int:
        answer = clients.get("sqs").get_queue_attributes(
            QueueUrl=account.dead_letter_queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    before = count_dead_letters()
    traffic = Traffic(account, url)
    await traffic.send("sqs")
    await traffic.close()
    await in_thread(wait_until, lambda: count_dead_letters() > before, "the bad order is given up")
    lines = list_lines(clients, "order-worker")
    assert any(line.startswith("Failed on try 2") for line in lines)
    assert any(line.startswith("Shipped order") for line in lines)


async def test_everything_at_once_and_again(account: SeededAccount, url: str) -> None:
    traffic = Traffic(account, url)
    both = await asyncio.gather(traffic.send_all(), traffic.send_all())
    await traffic.close()
    assert both == ["Sent events through all 10 sources."] * 2


async def test_a_dead_server_is_said(account: SeededAccount) -> None:
    traffic = Traffic(account, f"http://127.0.0.1:{pick_free_port()}")
    for name in ("sns", "api"):
        with pytest.raises(UserError) as caught:
            await traffic.send(name)
        assert caught.value.kind is ErrorKind.LOCAL
    await traffic.close()


async def test_an_unknown_source_is_a_mistake(account: SeededAccount, url: str) -> None:
    with pytest.raises(KeyError):
        await Traffic(account, url).send("carrier-pigeon")
