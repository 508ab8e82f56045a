"""CloudWatch Logs Live Tail: quick, paid by the minute, and free to leave events out.

Nothing relies on it: what it shows is provisional until FilterLogEvents brings it (core.provisional).
Source: the StartLiveTail pages of the API reference and of the user guide.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.failures import get_code, get_plain_text, missing
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import LogEvent

USD_PER_MINUTE = Decimal("0.01")  # list price of us-east-1, without the free minutes
_WITHOUT = (
    "cn-",
    "us-gov-",
)  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs_LiveTail.html
# What endpoints that are not AWS say of an operation that they lack.
_LACKED = re.compile(r"HTTP (404|405|501) |UnknownOperation|NotImplemented|InvalidAction|answer has no ")
SILENT_S = 5.0  # AWS sends an update every second, empty ones included


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """What came within a second, unordered. `sampled`: more than 500 events did, and AWS left some out.

    groups: the log group of each stream that is told, by its name.
    """

    events: list[LogEvent]
    sampled: bool
    groups: dict[str, str]


def is_offered(region: str) -> bool:
    """Whether AWS has Live Tail in a region; it has none in China and in GovCloud."""
    return not region.startswith(_WITHOUT)


async def follow_live(
    gateway: Gateway, group_arns: Sequence[str], silent_s: float = SILENT_S
) -> AsyncGenerator[LiveUpdate]:
    """The updates of one session on up to ten groups, whose ARNs are without ":*" at the end.

    The first one is empty and says that the session, which costs money, has begun.

    It never ends by itself: whatever ends it is a UserError, so that nobody takes silence for an empty log.
    Leaving the generator ends the session.
    """
    session = _Session(await _start(gateway, group_arns))
    try:
        while True:
            try:
                async with asyncio.timeout(silent_s):
                    event = await in_thread(session.read)
            except TimeoutError as error:
                raise UserError(
                    "The live session has fallen silent.",
                    "Polls go on; start it again.",
                    kind=ErrorKind.TIMEOUT,
                ) from error
            except Exception as error:
                raise _to_user_error(error) from error
            if event is None:
                raise UserError(
                    "The live session broke off.", "Polls go on; start it again.", kind=ErrorKind.OFFLINE
                )
            if "sessionStart" in event:
                yield LiveUpdate([], False, {})  # from now on it costs money
            if "sessionUpdate" in event:
                yield _to_update(event["sessionUpdate"])
    finally:
        session.end()


async def _start(gateway: Gateway, group_arns: Sequence[str]) -> Any:
    if not is_offered(gateway.target.region):
        raise _not_offered("")
    try:
        reply = await gateway.call("logs", "StartLiveTail", logGroupIdentifiers=list(group_arns))
        if "responseStream" not in reply:
            raise missing("logs", "StartLiveTail", "responseStream")
    except UserError as error:
        is_there = "ResourceNotFound" in error.details
        if not is_aws(gateway.target) and not is_there and _LACKED.search(error.details):
            raise _not_offered(error.details) from error
        raise
    return reply["responseStream"]


def _not_offered(details: str) -> UserError:
    return UserError(
        "Live Tail is not offered by this endpoint.",
        "Polls go on.",
        kind=ErrorKind.NOT_FOUND,
        details=details,
    )


class _Session:
    """The stream, which only one thread may touch at a time: to close it below a reader would block."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._events: Iterator[dict[str, Any]] = iter(stream)
        self._is_reading = False
        self._is_over = False

    def read(self) -> dict[str, Any] | None:
        """Wait for the next event; None at the end of the stream, half a frame included. Blocks."""
        self._is_reading = True
        try:
            return next(self._events, None)
        finally:
            self._is_reading = False
            if self._is_over:
                self._stream.close()

    def end(self) -> None:
        """Close the stream now, or once the reader has got what it waits for."""
        self._is_over = True
        if not self._is_reading:
            self._stream.close()


def _to_update(update: Mapping[str, Any]) -> LiveUpdate:
    try:
        events = [
            LogEvent(
                int(entry.get("timestamp", 0)),
                str(entry.get("message", "")),
                str(entry.get("logStreamName", "")),
                int(entry.get("ingestionTime", 0)),
            )
            for entry in update.get("sessionResults", ())
        ]
        groups = {
            str(entry.get("logStreamName", "")): _to_name(str(entry.get("logGroupIdentifier", "")))
            for entry in update.get("sessionResults", ())
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise missing("logs", "StartLiveTail", "usable events") from error
    return LiveUpdate(events, bool(update.get("sessionMetadata", {}).get("sampled", False)), groups)


def _to_name(identifier: str) -> str:
    """The name in "account:name", or in an ARN."""
    return identifier.rpartition(":")[2]


def _to_user_error(error: Exception) -> UserError:
    """Whatever a stream can throw: urllib3's errors, a wrong checksum, AWS's own last words."""
    if isinstance(error, UserError):
        return error
    details = f"logs:StartLiveTail\n{type(error).__name__}: {get_plain_text(error)}"
    if get_code(error) == "SessionTimeoutException":
        return UserError(
            "AWS has ended the live session, as it does after three hours.",
            "Start it again.",
            kind=ErrorKind.TIMEOUT,
            details=details,
        )
    return UserError(
        "The live session broke off.",
        "Polls go on; start it again.",
        kind=ErrorKind.OFFLINE,
        details=details,
    )
