"""A live session tells what it has, whether it was sampled, and always how it ended."""

import struct

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.live_tail import LiveUpdate, follow_live, is_offered
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_live import End, cut, frame, hang, say, session, update

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/hello"
TIMEOUT = frame("SessionTimeoutException", {"message": "3 hours"}, "exception")
WRONG_SUM = update("x")[:-4] + struct.pack("!I", 1)


async def follow(aws: FakeAws, limits: Limits) -> tuple[list[LiveUpdate], UserError]:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    found: list[LiveUpdate] = []
    updates = follow_live(gateway, [ARN], silent_s=0.3)
    try:
        while True:
            found.append(await anext(updates))
    except UserError as error:
        return found, error
    finally:
        await gateway.close()


async def test_updates_come_with_what_they_say(aws: FakeAws, quick: Limits) -> None:
    frames = (update("one", "two", stream="a", timestamp_ms=7), update(), update("three", sampled=True))
    aws.script("StartLiveTail", session(*frames))
    found, error = await follow(aws, quick)
    assert [[event.message for event in each.events] for each in found] == [[], ["one", "two"], [], ["three"]]
    assert [each.sampled for each in found] == [False, False, False, True]
    first = found[1].events[0]
    assert found[1].groups == {"a": "/aws/lambda/hello"}
    assert (first.stream, first.timestamp_ms, first.event_id) == ("a", 7, "")
    assert error.kind is ErrorKind.OFFLINE  # an end without a word is a break, not the end of the log
    (request,) = aws.requests("StartLiveTail")
    assert request.params == {"logGroupIdentifiers": [ARN]}


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (cut, ErrorKind.OFFLINE),
        (faults.reset, ErrorKind.OFFLINE),
        (hang, ErrorKind.TIMEOUT),
        (say(update("half")[:20]), ErrorKind.OFFLINE),
        (say(WRONG_SUM), ErrorKind.OFFLINE),
        (say(TIMEOUT), ErrorKind.TIMEOUT),
    ],
    ids=["cut", "reset", "silence", "half a frame", "wrong checksum", "after three hours"],
)
async def test_every_end_is_told(aws: FakeAws, quick: Limits, end: End, kind: ErrorKind) -> None:
    aws.script("StartLiveTail", session(update("before"), end=end))
    found, error = await follow(aws, quick)
    assert [event.message for each in found for event in each.events] == ["before"]
    assert error.kind is kind
    assert error.hint


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.denied("logs:StartLiveTail"), ErrorKind.DENIED),
        (faults.html(), ErrorKind.NOT_AWS),
        (faults.error(400, "LimitExceededException", "15 sessions"), ErrorKind.OTHER),
        (faults.error(500, "InternalFailure"), ErrorKind.OTHER),
        (faults.error(501, "NotImplemented"), ErrorKind.NOT_FOUND),
    ],
)
async def test_a_session_that_does_not_begin_is_told(
    aws: FakeAws, quick: Limits, fault: faults.Fault, kind: ErrorKind
) -> None:
    aws.script("StartLiveTail", fault)
    found, error = await follow(aws, quick)
    assert (found, error.kind) == ([], kind)


async def test_leaving_ends_the_session(aws: FakeAws, quick: Limits) -> None:
    aws.script("StartLiveTail", session(update("one"), update("two"), end=hang))
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    updates = follow_live(gateway, [ARN])
    assert (await anext(updates)).events == []  # it has begun
    assert (await anext(updates)).events[0].message == "one"
    await updates.aclose()
    await gateway.close()


async def test_a_read_only_connection_may_listen(aws: FakeAws, quick: Limits) -> None:
    aws.script("StartLiveTail", session(update("one")))
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick, guard=Guard.READ_ONLY)
    updates = follow_live(gateway, [ARN])
    assert (await anext(updates)).events == []  # it has begun
    assert (await anext(updates)).events[0].message == "one"
    await updates.aclose()
    await gateway.close()


@pytest.mark.parametrize(
    ("region", "offered"), [("eu-central-1", True), ("cn-north-1", False), ("us-gov-west-1", False)]
)
async def test_regions_without_it_are_known(aws: FakeAws, quick: Limits, region: str, offered: bool) -> None:
    assert is_offered(region) is offered
    if not offered:
        updates = follow_live(Gateway(Target(region, endpoint_url=aws.url), quick), [ARN])
        with pytest.raises(UserError, match="not offered by this endpoint"):
            await anext(updates)
        assert aws.requests() == []
