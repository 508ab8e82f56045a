"""The event source mappings of FakeAws."""

import json
from collections import deque
from typing import Any

from tests.servers.faults import Reply, error_reply, json_reply

ROUTES = (
    ("GET", r"/2015-03-31/event-source-mappings/?", "ListEventSourceMappings"),
    ("GET", r"/2015-03-31/event-source-mappings/[^/]+", "GetEventSourceMapping"),
    ("PUT", r"/2015-03-31/event-source-mappings/[^/]+", "UpdateEventSourceMapping"),
)
_PAGE = 100


def make_mapping(uuid: str, function_arn: str, source_arn: str, **more: Any) -> dict[str, Any]:
    """An EventSourceMappingConfiguration as the API has it."""
    return {
        "UUID": uuid,
        "FunctionArn": function_arn,
        "EventSourceArn": source_arn,
        "State": "Enabled",
        "StateTransitionReason": "USER_INITIATED",
        "LastProcessingResult": "OK",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        **more,
    }


class FakeMappings:
    """mappings: what there is. coming: by UUID, the states that it goes through, one for each look at it."""

    def __init__(self) -> None:
        super().__init__()
        self.mappings: list[dict[str, Any]] = []
        self.coming: dict[str, deque[str]] = {}

    def answer_mapping(self, operation: str, path: str, body: bytes, params: dict[str, Any]) -> Reply | None:
        """None: not an operation of this module."""
        if operation == "ListEventSourceMappings":
            start = int(params.get("Marker") or 0)
            page: dict[str, Any] = {"EventSourceMappings": self.mappings[start : start + _PAGE]}
            if start + _PAGE < len(self.mappings):
                page["NextMarker"] = str(start + _PAGE)
            return json_reply(page)
        if operation not in ("GetEventSourceMapping", "UpdateEventSourceMapping"):
            return None
        uuid = path.rpartition("/")[2]
        mapping = next((each for each in self.mappings if each["UUID"] == uuid), None)
        if mapping is None:
            return error_reply(404, "ResourceNotFoundException", "The resource you requested does not exist.")
        if operation == "GetEventSourceMapping":
            if self.coming.get(uuid):
                mapping["State"] = self.coming[uuid].popleft()
            return json_reply(mapping)
        wanted = json.loads(body)
        is_enabled = wanted.pop("Enabled", None)
        mapping |= wanted
        mapping["State"] = "Updating" if is_enabled is None else "Enabling" if is_enabled else "Disabling"
        return json_reply(mapping)
