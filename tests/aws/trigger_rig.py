"""A scan of the function f by FakeServices, and what to look for in what it found."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.triggers.scan import scan
from lambdadesk.core.connections import AccessKey, Guard
from lambdadesk.core.secret import Secret
from lambdadesk.core.triggers import ScanStep, Trigger, TriggerScanState
from lambdadesk.core.types import FunctionInfo, Target
from tests.servers.fake_services import FakeServices

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
QUICK = Limits(attempts=1)


@asynccontextmanager
async def open_gateway(services: FakeServices) -> AsyncIterator[Gateway]:
    keys = KeySource(AccessKey("AKIA1", Secret("s")), services.url)
    target = Target("us-east-1", endpoint_url=services.url)
    gateway = Gateway(target, QUICK, credentials=keys, guard=Guard.READ_ONLY)
    try:
        yield gateway
    finally:
        await gateway.close()


async def look(services: FakeServices, *, deep: bool = False) -> TriggerScanState:
    async with open_gateway(services) as gateway:
        return await scan(gateway, FunctionInfo("f", ARN), lambda _: None, deep=deep)


def let(principal: str, arn: str = "", **more: Any) -> dict[str, Any]:
    condition = {"ArnLike": {"AWS:SourceArn": arn}} if arn else {}
    return {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": condition,
        **more,
    }


def get_step(found: TriggerScanState, source: str, what: str) -> ScanStep:
    (step,) = [each for each in found.steps if (each.source, each.what) == (source, what)]
    return step


def get_one(found: TriggerScanState, source: str) -> Trigger:
    (trigger,) = [each for each in found.triggers if each.source == source]
    return trigger
