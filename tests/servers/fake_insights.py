"""The Logs Insights half of FakeAws: queries that go through states, without a language behind them."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.servers.faults import Reply, error_reply, json_reply

_PAGE = 10_000  # rows, as AWS's own


@dataclass
class FakeQuery:
    """One query as it was started. states: what the next polls say; the last one stays."""

    query_id: str
    params: dict[str, Any]
    states: list[str]
    rows: list[dict[str, str]]
    bytes_scanned: float
    polls: int = 0
    was_stopped: bool = False


@dataclass
class QueryScript:
    """What the next query answers. Its progress is spread evenly over the states."""

    rows: list[dict[str, str]] = field(default_factory=list)
    states: list[str] = field(default_factory=lambda: ["Scheduled", "Running", "Complete"])
    bytes_scanned: float = 0.0


class FakeInsights:
    """Queries in the order of their start; `query_scripts` are used up by them, the last one stays."""

    def __init__(self) -> None:
        super().__init__()
        self.query_scripts: list[QueryScript] = [QueryScript()]
        self.queries: list[FakeQuery] = []
        self.query_page_rows = _PAGE
        self._numbers = itertools.count(1)

    def answer_insights(self, operation: str, params: dict[str, Any]) -> Reply | None:
        """None: not an operation of this module."""
        if operation == "StartQuery":
            return self._start(params)
        if operation not in ("GetQueryResults", "StopQuery"):
            return None
        query = next((each for each in self.queries if each.query_id == params["queryId"]), None)
        if query is None:
            return error_reply(400, "ResourceNotFoundException", "The query does not exist.")
        return self._stop(query) if operation == "StopQuery" else self._results(query, params)

    def _start(self, params: dict[str, Any]) -> Reply:
        groups = params.get("logGroupNames", [])
        missing = [name for name in groups if name not in self.log_groups]  # type: ignore[attr-defined]
        if missing:
            return error_reply(400, "ResourceNotFoundException", f"Log group '{missing[0]}' does not exist")
        if len(groups) > 50 or params["endTime"] < params["startTime"]:
            return error_reply(400, "InvalidParameterException", "Invalid groups or time range.")
        script = self.query_scripts.pop(0) if len(self.query_scripts) > 1 else self.query_scripts[0]
        query = FakeQuery(
            f"query-{next(self._numbers)}", params, list(script.states), script.rows, script.bytes_scanned
        )
        self.queries.append(query)
        return json_reply({"queryId": query.query_id})

    def _results(self, query: FakeQuery, params: dict[str, Any]) -> Reply:
        status = query.states[min(query.polls, len(query.states) - 1)]
        if "nextToken" not in params:
            query.polls += 1
        if query.was_stopped:
            status = "Cancelled"
        share = 1.0 if status == "Complete" else min(1.0, query.polls / len(query.states))
        start = int(params.get("nextToken") or 0)
        count = min(len(query.rows), query.params.get("limit", _PAGE))
        end = min(start + min(self.query_page_rows, params.get("maxItems", _PAGE)), count)
        shown = range(start, end if status == "Complete" else min(end, int(count * share)))
        page: dict[str, Any] = {
            "status": status,
            "results": [
                [{"field": name, "value": value} for name, value in query.rows[number].items()]
                for number in (shown if status != "Scheduled" else ())
            ],
            "statistics": {
                "recordsMatched": float(int(len(query.rows) * share)),
                "recordsScanned": float(int(len(query.rows) * share) * 10),
                "bytesScanned": float(int(query.bytes_scanned * share)),
            },
        }
        if status == "Complete" and end < count:
            page["nextToken"] = str(end)
        return json_reply(page)

    def _stop(self, query: FakeQuery) -> Reply:
        if query.polls >= len(query.states) and query.states[-1] == "Complete":
            return error_reply(400, "InvalidParameterException", "The query is not running.")
        query.was_stopped = True
        return json_reply({"success": True})
