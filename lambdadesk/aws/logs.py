"""Log groups of CloudWatch Logs, and their events, complete for a stretch of time."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Any

from lambdadesk.aws.failures import get_plain_text, missing, retell
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import LogColumns, LogEvent

_EMPTY_PAGES = 100
_WILDCARDS = re.compile(r"[*?\[]")
_THROTTLED_TRIES = 6  # 31 s of pauses with the usual Limits


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group as DescribeLogGroups has it.

    log_class: STANDARD, INFREQUENT_ACCESS, DELIVERY; empty where it is not told. Of the classes but STANDARD
               no events can be read one by one, though the former can be queried.
    created_ms: epoch milliseconds, 0 where it is not told.
    arn:        without ":*" at the end; empty where it is not told.
    """

    name: str
    log_class: str = ""
    created_ms: int = 0
    arn: str = ""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some log events in the order of their timestamps; may be empty although more pages follow.

    events: iterating over them gives each as a LogEvent.
    server_now_ms: the server's clock when it answered, epoch milliseconds (whole seconds).
    complete:      False where events of the window are known to be missing, after or within this page.
    """

    events: LogColumns
    server_now_ms: int
    complete: bool = True


async def fetch_groups(gateway: Gateway, pattern: str, limit: int = 50) -> list[LogGroup]:
    """The log groups whose names match, by name: "/aws/lambda/orders", or "/aws/lambda/*" with wildcards.

    At most `limit`, so that a pattern that matches a whole account asks for no hundred pages. AWS looks for
    what is before the wildcard, or where that is nothing, for another part.
    """
    prefix = _WILDCARDS.split(pattern)[0]
    part = max(pattern.split("*"), key=len) if not prefix else ""
    asked: dict[str, Any] = {"logGroupNamePrefix": prefix} if prefix else {}
    if part and not _WILDCARDS.search(part):
        asked["logGroupNamePattern"] = part
    found: list[LogGroup] = []
    while True:
        reply = await gateway.call("logs", "DescribeLogGroups", **asked)
        if not isinstance(reply.get("logGroups"), list):
            raise missing("logs", "DescribeLogGroups", "logGroups")
        for entry in reply["logGroups"]:
            group = LogGroup(
                str(entry.get("logGroupName", "")),
                str(entry.get("logGroupClass", "")),
                int(entry.get("creationTime", 0)),
                str(entry.get("logGroupArn", "")) or str(entry.get("arn", "")).removesuffix(":*"),
            )
            if group.name == pattern or (prefix != pattern and fnmatchcase(group.name, pattern)):
                found.append(group)
        token = reply.get("nextToken")
        is_last = prefix == pattern and bool(found)  # the name itself comes before all that begin with it
        if len(found) >= limit or is_last or token in (None, "", asked.get("nextToken")):
            return found[:limit]
        asked["nextToken"] = token


async def fetch_group(gateway: Gateway, name: str) -> LogGroup | None:
    """One log group by its name, None where there is none."""
    found = await fetch_groups(gateway, name, 1)
    return found[0] if found else None


async def fetch_events(
    gateway: Gateway,
    group: str,
    start_ms: int,
    end_ms: int,
    *,
    pattern: str = "",
    stream_prefix: str = "",
    party: object = None,
) -> AsyncGenerator[LogPage]:
    """All events of a log group from `start_ms` to `end_ms` (both inclusive), page by page, each one once.

    party: whose turn in the account's quota it takes (see FairBucket).
    An empty page with a token is not the end, but 100 of them in a row are given up: the last one says that
    events are missing. Throttling pauses and goes on where it was; after six tries in
    a row it is raised. MiniStack stops at the page size without a token, hence a full page is never taken for
    the last one: reading goes on from its last millisecond, less the events of it that are known.
    """
    asked: dict[str, Any] = {
        "logGroupName": group,
        "startTime": start_ms,
        "endTime": end_ms,
        "limit": gateway.limits.page_events,
        **({"filterPattern": pattern} if pattern else {}),
        **({"logStreamNamePrefix": stream_prefix} if stream_prefix else {}),
    }
    tokens: set[str] = set()
    last: list[LogEvent] = []  # the events delivered of the newest millisecond
    known: Counter[object] = Counter()  # of those, the ones that are going to be read once more
    empty_pages = 0
    while True:
        reply = await _fetch_page(gateway, asked, party)
        now_ms = _get_server_now_ms(gateway, reply)
        found = _to_events(reply, stream_prefix)
        fresh = LogColumns.of(_drop_known(found, known)) if known else found
        last = _get_newest(last, fresh)
        token = reply.get("nextToken")
        if token:
            empty_pages = 0 if len(found) else empty_pages + 1
            ends = token in tokens or empty_pages >= _EMPTY_PAGES  # the former would go round in circles
            yield LogPage(fresh, now_ms, complete=not ends)
            if ends:
                return
            tokens.add(token)
            asked["nextToken"] = token
            continue
        if len(reply["events"]) < asked["limit"]:
            yield LogPage(fresh, now_ms)
            return
        asked.pop("nextToken", None)
        tokens.clear()  # what follows is another query; emulators count its tokens from the start again
        newest_ms = last[0].timestamp_ms if last else asked["startTime"]
        if newest_ms > asked["startTime"]:
            yield LogPage(fresh, now_ms)
            asked["startTime"] = newest_ms
            known = Counter(map(_get_key, last))
            continue
        # A whole page within one millisecond (a log storm on MiniStack): no time to go on from.
        yield LogPage(fresh, now_ms, complete=not pattern)
        if not pattern:
            known = Counter(map(_get_key, last))
            rest = await _fetch_millisecond(gateway, group, newest_ms, stream_prefix)
            yield LogPage(LogColumns.of(_drop_known(rest, known)), now_ms)
        if newest_ms >= end_ms:
            return
        asked["startTime"] = newest_ms + 1
        last, known = [], Counter()


async def _fetch_page(gateway: Gateway, asked: dict[str, Any], party: object) -> dict[str, Any]:
    pause_s = gateway.limits.backoff_s
    quota = gateway.logs_quota
    for attempt in range(1, _THROTTLED_TRIES + 1):
        if quota is not None:
            await quota.take(party)
        try:
            reply = await gateway.call("logs", "FilterLogEvents", **asked)
        except UserError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                raise retell(
                    error,
                    f"The log group {get_plain_text(asked['logGroupName'])} does not exist.",
                    "The function's first line of log makes it.",
                ) from error
            if quota is not None and error.kind is ErrorKind.THROTTLED:
                quota.slow_down()
            if error.kind is not ErrorKind.THROTTLED or attempt == _THROTTLED_TRIES:
                raise
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s *= 2
            continue
        if not isinstance(reply.get("events"), LogColumns | list):
            raise missing("logs", "FilterLogEvents", "events")
        return reply
    raise AssertionError("the last attempt returns or raises")


async def _fetch_millisecond(gateway: Gateway, group: str, at_ms: int, stream_prefix: str) -> list[LogEvent]:
    """Every event of one millisecond, stream by stream, by the one call that goes beyond a page of them."""
    streams: list[str] = []
    asked: dict[str, Any] = {"logGroupName": group}
    if stream_prefix:
        asked["logStreamNamePrefix"] = stream_prefix
    while True:
        reply = await gateway.call("logs", "DescribeLogStreams", **asked)
        for stream in reply.get("logStreams", []):
            first, last = stream.get("firstEventTimestamp", 0), stream.get("lastEventTimestamp", at_ms)
            if first <= at_ms <= last:
                streams.append(stream["logStreamName"])
        if reply.get("nextToken") in (None, "", asked.get("nextToken")):
            break
        asked["nextToken"] = reply["nextToken"]
    events: list[LogEvent] = []
    for name in streams:
        events += await _fetch_stream(gateway, group, name, at_ms, at_ms + 1)
    return events


async def _fetch_stream(
    gateway: Gateway, group: str, stream: str, start_ms: int, before_ms: int
) -> list[LogEvent]:
    asked: dict[str, Any] = {
        "logGroupName": group,
        "logStreamName": stream,
        "startTime": start_ms,
        "endTime": before_ms,
        "startFromHead": True,
    }
    events: list[LogEvent] = []
    while True:
        reply = await gateway.call("logs", "GetLogEvents", **asked)
        events += [_to_event({**entry, "logStreamName": stream}) for entry in reply.get("events", [])]
        token = reply.get("nextForwardToken")
        if token in (None, asked.get("nextToken")):  # the same token again marks the end
            return events
        asked["nextToken"] = token


def _to_events(reply: Mapping[str, Any], stream_prefix: str) -> LogColumns:
    events = reply["events"]
    if not isinstance(events, LogColumns):
        try:
            events = LogColumns.of(_to_event(entry) for entry in reply["events"])
        except (TypeError, ValueError) as error:
            raise missing("logs", "FilterLogEvents", "usable timestamps") from error
    if stream_prefix:  # MiniStack ignores the prefix
        events = events.where([stream.startswith(stream_prefix) for stream in events.streams])
    return events


def _to_event(entry: Mapping[str, Any]) -> LogEvent:
    return LogEvent(
        timestamp_ms=int(entry.get("timestamp", 0)),
        message=entry.get("message", ""),
        stream=entry.get("logStreamName", ""),
        ingestion_ms=int(entry.get("ingestionTime", 0)),
        event_id=entry.get("eventId", ""),
    )


def _get_key(event: LogEvent) -> object:
    # Without the event id, which GetLogEvents does not give. Two equal lines in one millisecond are legal,
    # so that keys are counted.
    return (event.timestamp_ms, event.stream, event.message, event.ingestion_ms)


def _drop_known(events: Iterable[LogEvent], known: Counter[object]) -> Iterable[LogEvent]:
    """The events that are not in `known`, which is used up on the way."""
    if not known:
        yield from events
        return
    for event in events:
        key = _get_key(event)
        if known[key] > 0:
            known[key] -= 1
        else:
            yield event


def _get_newest(earlier: list[LogEvent], events: LogColumns) -> list[LogEvent]:
    """The events of the newest millisecond among both; `earlier` are those of one."""
    times = events.timestamps_ms
    newest_ms = max(times, default=0)
    if earlier and earlier[0].timestamp_ms > newest_ms:
        return earlier
    count = times.count(newest_ms)
    if count == len(times) or times[-count:].count(newest_ms) == count:  # as it is where pages are in order
        newest = [*events.between(len(times) - count, len(times))]
    else:
        newest = [*events.where([at_ms == newest_ms for at_ms in times])]
    return [*earlier, *newest] if earlier and earlier[0].timestamp_ms == newest_ms else newest


def _get_server_now_ms(gateway: Gateway, reply: Mapping[str, Any]) -> int:
    date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return round(parsedate_to_datetime(date).timestamp() * 1000)
    except (TypeError, ValueError):
        return gateway.server_now_ms
