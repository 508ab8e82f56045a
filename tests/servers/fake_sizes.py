"""The memory sizes of FakeAws's functions: changed with revisions, published as versions, deleted."""

import itertools
import json
from typing import Any
from urllib.parse import unquote

from tests.servers.faults import Reply, error_reply, json_reply

ROUTES = (
    ("PUT", r"/2015-03-31/functions/[^/]+/configuration", "UpdateFunctionConfiguration"),
    ("POST", r"/2015-03-31/functions/[^/]+/versions", "PublishVersion"),
    ("DELETE", r"/2015-03-31/functions/[^/]+", "DeleteFunction"),
)
OPERATIONS = frozenset(operation for *_, operation in ROUTES)


class FakeSizes:
    """Works on `functions` and `versions`, whose entries are whole FunctionConfigurations here.

    updating: looks at $LATEST after an update that still say "InProgress"; stale: those that still show what
    was there before it. largest_mb: of the account.
    """

    functions: list[dict[str, Any]]
    versions: dict[str, list[Any]]

    def __init__(self) -> None:
        super().__init__()
        self.updating = 0
        self.stale = 0
        self.largest_mb = 10_240
        self._former: dict[str, Any] = {}
        self._stale_looks = 0
        self._in_progress = 0
        self._numbers = itertools.count(1)

    def change(self, function: dict[str, Any], **changes: Any) -> None:
        """Change a function as anybody might, which gives it another revision."""
        number = next(self._numbers)
        stamp = f"2026-02-03T04:{number // 60 % 60:02}:{number % 60:02}.000+0000"
        function |= {**changes, "RevisionId": f"revision-{number}", "LastModified": stamp}

    def look_at(self, function: dict[str, Any]) -> dict[str, Any]:
        """A function as a look at it is answered; its revision changes once more as an update settles."""
        if self._stale_looks and function["Version"] == "$LATEST":
            self._stale_looks -= 1
            return self._former
        if function.get("LastUpdateStatus") == "InProgress":
            self._in_progress -= 1
            if self._in_progress < 0:
                function["LastUpdateStatus"] = "Successful"
                function["RevisionId"] = f"revision-{next(self._numbers)}"
        return function

    def find_version(self, function: dict[str, Any], qualifier: str) -> dict[str, Any] | None:
        if qualifier in ("", "$LATEST"):
            return function
        versions = self.versions.get(function["FunctionName"], [])
        whole = [each for each in versions if isinstance(each, dict)]
        return next((each for each in whole if each["Version"] == qualifier), None)

    def answer_sizes(self, operation: str, path: str, body: bytes, params: dict[str, Any]) -> Reply | None:
        """None: not an operation of this module."""
        if operation not in OPERATIONS:
            return None
        name = unquote(path.split("/")[3])
        function = next((each for each in self.functions if each["FunctionName"] == name), None)
        if function is None:
            return error_reply(404, "ResourceNotFoundException", f"Function not found: {name}")
        if operation == "DeleteFunction":
            return self._delete(function, params.get("Qualifier", ""))
        wanted = json.loads(body or b"{}")
        if wanted.get("RevisionId", function.get("RevisionId")) != function.get("RevisionId"):
            return error_reply(412, "PreconditionFailedException", "The RevisionId provided does not match.")
        if operation == "PublishVersion":
            return self._publish(function, wanted)
        if function.get("LastUpdateStatus") == "InProgress":
            return error_reply(409, "ResourceConflictException", "An update is in progress.")
        if wanted["MemorySize"] > self.largest_mb:
            text = f"'MemorySize' value failed to satisfy constraint: at most {self.largest_mb}"
            return error_reply(400, "InvalidParameterValueException", text)
        self._former, self._stale_looks = dict(function), self.stale
        self.change(function, MemorySize=wanted["MemorySize"], LastUpdateStatus="InProgress")
        self._in_progress = self.updating
        return json_reply(function)

    def _publish(self, function: dict[str, Any], wanted: dict[str, Any]) -> Reply:
        versions = self.versions.setdefault(function["FunctionName"], [])
        last = versions[-1] if versions else None
        if last is not None and last["MemorySize"] == function["MemorySize"]:
            return json_reply(last)  # nothing has changed since
        number = max((int(each["Version"]) for each in versions), default=0) + 1
        made = {**function, "Version": str(number), "Description": wanted.get("Description", "")}
        versions.append(made)
        return json_reply(made)

    def _delete(self, function: dict[str, Any], version: str) -> Reply:
        if not version:
            self.functions.remove(function)
            return Reply(204, b"")
        found = self.find_version(function, version)
        if found is None:
            return error_reply(404, "ResourceNotFoundException", "No such version")
        self.versions[function["FunctionName"]].remove(found)
        return Reply(204, b"")
