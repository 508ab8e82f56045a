"""The CloudWatch Logs half of FakeAws."""

import time
from dataclasses import dataclass, field
from typing import Any

from tests.servers.faults import Reply, error_reply, json_reply


@dataclass
class StoredEvent:
    """A log event; `hidden` ones are not found until `FakeAws.show_late_events`."""

    timestamp_ms: int
    message: str
    stream: str
    ingestion_ms: int
    event_id: str
    hidden: bool = False


@dataclass
class LogGroup:
    events: list[StoredEvent] = field(default_factory=list)


class FakeLogs:
    """Log groups and their events, and the answers to the calls that read them."""

    def __init__(self) -> None:
        super().__init__()
        self.log_groups: dict[str, LogGroup] = {}
        self.log_page_events = 10_000
        self.gives_tokens = True  # False: stop at the page size without a token, as MiniStack does
        self.gives_event_ids = True

    def add_events(
        self,
        group: str,
        *messages: str,
        timestamp_ms: int | None = None,
        stream: str = "2026/01/02/[$LATEST]0123456789abcdef",
        hidden: bool = False,
    ) -> None:
        """Append log events, 1 ms apart from `timestamp_ms` (default: now). Makes the group where needed."""
        start_ms = _now_ms() if timestamp_ms is None else timestamp_ms
        events = self.log_groups.setdefault(group, LogGroup()).events
        for number, message in enumerate(messages):
            at_ms = start_ms + number
            events.append(StoredEvent(at_ms, message, stream, _now_ms(), f"{len(events):056d}", hidden))

    def show_late_events(self, group: str) -> None:
        """Let the hidden events of a group arrive: old timestamps, ingested now."""
        for event in self.log_groups[group].events:
            if event.hidden:
                event.hidden, event.ingestion_ms = False, _now_ms()

    def logs_filter(self, params: dict[str, Any]) -> Reply:
        group = self.log_groups.get(params["logGroupName"])
        if group is None:
            return error_reply(400, "ResourceNotFoundException", "The specified log group does not exist.")
        start_ms, end_ms = params.get("startTime", 0), params.get("endTime", 1 << 60)
        pattern, prefix = params.get("filterPattern", ""), params.get("logStreamNamePrefix", "")
        found = [
            event
            for event in group.events
            if start_ms <= event.timestamp_ms <= end_ms
            and not event.hidden
            and pattern.strip('"') in event.message
            and event.stream.startswith(prefix)
        ]
        found.sort(key=lambda event: (event.timestamp_ms, event.ingestion_ms))
        size = min(params.get("limit", 10_000), self.log_page_events)
        start = int(params.get("nextToken", 0))
        page: dict[str, Any] = {"events": [self._encode(e) for e in found[start : start + size]]}
        if self.gives_tokens and start + size < len(found):
            page["nextToken"] = str(start + size)
        return json_reply(page)

    def _encode(self, event: StoredEvent) -> dict[str, Any]:
        encoded = {
            "timestamp": event.timestamp_ms,
            "message": event.message,
            "logStreamName": event.stream,
            "ingestionTime": event.ingestion_ms,
        }
        return encoded | ({"eventId": event.event_id} if self.gives_event_ids else {})

    def logs_describe_streams(self, params: dict[str, Any]) -> Reply:
        prefix = params.get("logStreamNamePrefix", "")
        streams = sorted({e.stream for e in self.log_groups[params["logGroupName"]].events})
        return json_reply({"logStreams": [{"logStreamName": s} for s in streams if s.startswith(prefix)]})

    def logs_get_events(self, params: dict[str, Any]) -> Reply:
        start_ms, end_ms = params.get("startTime", 0), params.get("endTime", 1 << 60)
        found = [
            {"timestamp": e.timestamp_ms, "message": e.message, "ingestionTime": e.ingestion_ms}
            for e in self.log_groups[params["logGroupName"]].events
            if e.stream == params["logStreamName"] and start_ms <= e.timestamp_ms < end_ms and not e.hidden
        ]
        start = int(params.get("nextToken", "f/0").removeprefix("f/"))
        page = found[start : start + min(params.get("limit", 10_000), self.log_page_events)]
        return json_reply({"events": page, "nextForwardToken": f"f/{start + len(page)}"})


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
