import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.quota import AdaptiveBucket, FairBucket, RateLimits, TokenBucket, get_logs_rate_per_s
from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_tls import make_tls


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("region", "rate"),
    [("us-east-1", 17.5), ("eu-central-1", 3.5), ("il-central-1", 3.5), ("eu-west-3", 7.0)],
)
def test_takes_70_percent_of_the_quota(region: str, rate: float) -> None:
    assert get_logs_rate_per_s(region) == pytest.approx(rate)


def test_lets_a_burst_through_and_then_the_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(5.0, burst=2, clock=clock)
    assert [bucket.reserve() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.2, 0.4])


def test_never_exceeds_the_rate_over_a_long_run() -> None:
    clock = Clock()
    bucket = TokenBucket(5.0, burst=2, clock=clock)
    granted = 0
    while clock.now_s < 200.0:
        wait_s = bucket.reserve()
        clock.now_s += wait_s + 0.01
        granted += 1
    assert 490 <= granted <= 502


def test_a_pause_saves_up_no_more_than_the_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(5.0, burst=2, clock=clock)
    clock.now_s += 3600
    assert [bucket.reserve() for _ in range(3)] == pytest.approx([0.0, 0.0, 0.2])


async def test_take_waits_for_its_place() -> None:
    bucket = TokenBucket(20.0, burst=1, clock=Clock())
    began_s = time.monotonic()
    await bucket.take()
    await bucket.take()
    assert time.monotonic() - began_s >= 0.049
    assert bucket.reserve() == pytest.approx(0.1)


def test_a_throttled_bucket_halves_its_rate_and_recovers_by_quarters() -> None:
    clock = Clock()
    bucket = AdaptiveBucket(8.0, burst=4, clock=clock)
    bucket.slow_down()
    assert bucket.rate_per_s == pytest.approx(4.0)
    bucket.slow_down()  # of the same moment
    assert bucket.rate_per_s == pytest.approx(4.0)
    assert [bucket.reserve() for _ in range(3)] == pytest.approx([0.0, 0.25, 0.5])  # no burst any more
    clock.now_s += 2
    bucket.slow_down()
    assert bucket.rate_per_s == pytest.approx(2.0)
    clock.now_s += 10
    bucket.reserve()
    assert bucket.rate_per_s == pytest.approx(4.0)
    clock.now_s += 15
    bucket.reserve()
    assert bucket.rate_per_s == pytest.approx(6.0)
    clock.now_s += 5
    bucket.reserve()
    assert bucket.rate_per_s == pytest.approx(8.0)
    clock.now_s += 1000
    bucket.reserve()
    assert bucket.rate_per_s == pytest.approx(8.0)


def test_a_bucket_never_stops_altogether() -> None:
    clock = Clock()
    bucket = AdaptiveBucket(8.0, clock=clock)
    for _ in range(20):
        bucket.slow_down()
        clock.now_s += 1
    assert bucket.rate_per_s == pytest.approx(0.5)
    clock.now_s += 1000
    bucket.reserve()
    assert bucket.rate_per_s == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("service", "operation", "rate"),
    [
        ("lambda", "ListFunctions", 10.5),
        ("lambda", "GetFunction", 70.0),
        ("lambda", "GetPolicy", 10.5),
        ("cloudwatch", "GetMetricData", 350.0),
        ("resourcegroupstaggingapi", "GetResources", 10.5),
        ("events", "ListRules", 10.5),
    ],
)
def test_rates_are_70_percent_of_the_quotas(service: str, operation: str, rate: float) -> None:
    bucket = RateLimits().get("eu-west-1", service, operation)
    assert bucket is not None
    assert bucket.rate_per_s == pytest.approx(rate)


def test_buckets_are_shared_as_the_quotas_are() -> None:
    limits = RateLimits()
    control = limits.get("eu-west-1", "lambda", "ListFunctions")
    assert control is limits.get("eu-west-1", "lambda", "ListAliases")
    assert control is not limits.get("eu-west-2", "lambda", "ListFunctions")
    assert control is not limits.get("eu-west-1", "lambda", "GetPolicy")
    assert control is not limits.get("eu-west-1", "sqs", "ListQueues")
    assert limits.get("eu-west-1", "logs", "FilterLogEvents") is None  # its callers wait for it themselves


@pytest.fixture
def source() -> KeySource:
    return KeySource(AccessKey("AKIA", Secret("secret")))


async def test_calls_to_aws_wait_and_share_a_source_s_rate(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: KeySource, quick: Limits
) -> None:
    aws.tls, certificate = make_tls(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", aws.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    one, other = (Gateway(Target("us-east-1"), quick, credentials=source) for _ in range(2))
    bucket = source.rate_limits.get("us-east-1", "lambda", "ListFunctions")
    assert bucket is not None
    await one.call("lambda", "ListFunctions")
    assert bucket.rate_per_s == pytest.approx(10.5)
    aws.script("ListFunctions", faults.throttled())
    with pytest.raises(UserError) as caught:
        await other.call("lambda", "ListFunctions")
    assert caught.value.kind is ErrorKind.THROTTLED
    assert bucket.rate_per_s == pytest.approx(5.25)
    for _ in range(3):
        bucket.reserve()
    assert bucket.reserve() > 0.3
    aws.always("ListFunctions", faults.hang)
    with pytest.raises(UserError, match=r"within 0\.1 s"):
        await one.call("lambda", "ListFunctions", deadline_s=0.1)
    await in_thread(aws.wait_for_requests, "ListFunctions", 3)  # sent: the wait is not the answer's
    await one.close()
    await other.close()
    assert len(aws.requests("ListFunctions")) == 3


async def test_a_call_that_aws_throttled_on_the_way_slows_down(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: KeySource
) -> None:
    aws.tls, certificate = make_tls(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", aws.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    gateway = Gateway(Target("us-east-1"), credentials=source)
    aws.script("ListFunctions", faults.throttled())
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    bucket = source.rate_limits.get("us-east-1", "lambda", "ListFunctions")
    assert bucket is not None
    assert bucket.rate_per_s == pytest.approx(5.25)


async def test_other_endpoints_have_no_rate(aws: FakeAws, quick: Limits) -> None:
    source = KeySource(AccessKey("AKIA", Secret("secret")), aws.url)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick, credentials=source)
    bucket = source.rate_limits.get("us-east-1", "lambda", "ListFunctions")
    assert bucket is not None
    for _ in range(10_000):
        bucket.reserve()
    await gateway.call("lambda", "ListFunctions")
    aws.script("ListFunctions", faults.throttled())
    with pytest.raises(UserError):
        await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    assert bucket.rate_per_s == pytest.approx(10.5)


async def test_parties_take_turns_however_much_one_of_them_wants() -> None:
    bucket = FairBucket(500.0, burst=1)
    order: list[str] = []

    async def ask(party: str) -> None:
        await bucket.take(party)
        order.append(party)

    began_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for party, wants in {"storm": 12, "quiet": 2, "other": 3}.items():
            for _ in range(wants):
                group.create_task(ask(party))
    assert Counter(order[1:7]) == {"storm": 2, "quiet": 2, "other": 2}  # the first place was there at once
    assert order[9:] == ["storm"] * 8
    assert time.monotonic() - began_s >= 16 / 500 * 0.99  # every place but the first was waited for


async def test_a_party_that_has_gone_leaves_its_place_to_the_next() -> None:
    bucket = FairBucket(10.0, burst=1)
    await bucket.take("first")
    async with asyncio.TaskGroup() as group:
        gone = [group.create_task(bucket.take("gone")) for _ in range(1_000)]  # more than a test may take
        stays = group.create_task(bucket.take("gone"))
        await asyncio.sleep(0)
        for task in gone:
            task.cancel()
        await stays


async def test_when_all_have_gone_their_place_is_there_for_who_comes() -> None:
    clock = Clock()
    bucket = FairBucket(100.0, burst=1, clock=clock)
    await bucket.take()
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(bucket.take())
        await asyncio.sleep(0)
        gone.cancel()
    await asyncio.sleep(0.05)  # the place comes, and nobody is there
    assert bucket.reserve() == pytest.approx(0.01)


async def test_throttled_pages_slow_the_others_down() -> None:
    bucket = FairBucket(100.0)
    bucket.slow_down()
    assert bucket.rate_per_s == pytest.approx(50.0)
    await bucket.take("a")
