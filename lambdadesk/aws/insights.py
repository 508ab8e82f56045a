"""Queries of CloudWatch Logs Insights: start, follow, stop, and the log groups that they read."""

import asyncio
import fnmatch
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lambdadesk.aws.failures import get_code, get_plain_text, get_status, missing, retell
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.insights import (
    DEFAULT_LIMIT,
    LogGroupInfo,
    QueryProblem,
    QueryRequest,
    QueryStatistics,
    QueryStatus,
)

FIRST_POLL_S, SLOWEST_POLL_S = 0.5, 2.0
_GROWTH = 1.5
_PAGE_ROWS = 10_000  # GetQueryResults gives no more at once
_PATIENCE = 5  # polls in a row that fail, or don't know, before the query is given up
_STOP_S = 5.0
_PASSING = (ErrorKind.OFFLINE, ErrorKind.TIMEOUT, ErrorKind.THROTTLED, ErrorKind.OTHER)
_NOT_OFFERED = {
    "InvalidAction",
    "NotImplemented",
    "NotImplementedException",
    "UnknownOperation",
    "UnknownOperationException",
    "UnsupportedOperation",
    "UnsupportedOperationException",
}
Rows = list[list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class QueryReply:
    """How far a query is, and the rows so far: of a status that is not final, a part of them."""

    status: QueryStatus
    statistics: QueryStatistics
    rows: Rows
    is_whole: bool = False  # every row there is, up to the limit


async def start_query(gateway: Gateway, request: QueryRequest) -> str:
    """Begin a query and return its id. Raises QueryProblem where the text is wrong, with the place of it."""
    request.check()
    groups: dict[str, Any] = {} if request.names_its_source else {"logGroupNames": list(request.groups)}
    try:
        reply = await gateway.call(
            "logs",
            "StartQuery",
            **groups,
            startTime=request.start_s,
            endTime=request.end_s,
            queryString=request.text,
            limit=request.limit,
        )
    except UserError as error:
        raise _tell(error, request) from error
    query_id = str(reply.get("queryId") or "")
    if not query_id:
        raise missing("logs", "StartQuery", "queryId")
    return query_id


async def follow_query(
    gateway: Gateway,
    query_id: str,
    *,
    limit: int = DEFAULT_LIMIT,
    stop: asyncio.Event | None = None,
    first_poll_s: float = FIRST_POLL_S,
) -> AsyncIterator[QueryReply]:
    """Ask how far the query is until it has ended: after 0.5 s at first, later every 2 s.

    A poll that fails for reasons that pass is repeated; the query goes on without us. The last reply is
    final, and whole where the query completed. Once `stop` is set the query is stopped, and followed to that
    end; see `stop_query` for what is raised.
    """
    stop = stop or asyncio.Event()
    was_stopped = False
    pause_s, failures = first_poll_s, 0
    while True:
        await _pause(pause_s, asyncio.Event() if was_stopped else stop)
        pause_s = min(pause_s * _GROWTH, SLOWEST_POLL_S)
        if stop.is_set() and not was_stopped:
            was_stopped, pause_s, failures = True, first_poll_s, 0
            await stop_query(gateway, query_id)
        try:
            reply, token = await _fetch_results(gateway, query_id)
        except UserError as error:
            failures += 1
            if error.kind not in _PASSING or failures == _PATIENCE:
                raise
            continue
        is_odd = was_stopped or reply.status is QueryStatus.UNKNOWN  # and will hardly become better
        failures = failures + 1 if is_odd else 0
        if not reply.status.is_final and failures < _PATIENCE:
            yield reply
            continue
        rows, seen = reply.rows, {token}
        while token and len(rows) < limit and not stop.is_set():
            yield QueryReply(QueryStatus.RUNNING, reply.statistics, rows)
            page, token = await _fetch_results(gateway, query_id, token)
            rows = [*rows, *page.rows]
            if token in seen:
                break  # it would go round in circles
            seen.add(token)
        is_whole = reply.status is QueryStatus.COMPLETE and (not token or len(rows) >= limit)
        yield QueryReply(reply.status, reply.statistics, rows[:limit], is_whole)
        return


async def _pause(seconds: float, wake: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


async def stop_query(gateway: Gateway, query_id: str) -> None:
    """End a query that may still run; one that has ended is no error."""
    try:
        await gateway.call("logs", "StopQuery", queryId=query_id, deadline_s=_STOP_S)
    except UserError as error:
        # AWS refuses to stop a query that has ended with InvalidParameterException.
        code = get_code(error.__cause__) if error.__cause__ else ""
        if error.kind is ErrorKind.NOT_FOUND or code == "InvalidParameterException":
            return
        raise retell(
            error,
            f"The query could not be stopped: {error.message}",
            "It may go on and scan more, for an hour at most.",
        ) from error


async def fetch_log_groups(gateway: Gateway, pattern: str = "", *, most: int = 1_000) -> list[LogGroupInfo]:
    """Log groups whose name has the pattern in it, or fits it as a whole where it holds a *; by name.

    `most` bounds how many are looked at, 50 a call.
    """
    literal = max(pattern.split("*"), key=len)
    prefix = pattern.partition("*")[0] if "*" in pattern else ""
    asked: dict[str, Any] = {}
    if prefix:
        asked["logGroupNamePrefix"] = prefix
    elif literal:
        asked["logGroupNamePattern"] = literal
    found: list[LogGroupInfo] = []
    looked, seen = 0, set[str]()
    while looked < most:
        entries, token = await _describe(gateway, asked)
        looked += len(entries)
        found += [entry for entry in entries if _fits(entry.name, pattern)]
        if not token or token in seen:
            break
        seen.add(token)
        asked["nextToken"] = token
    return sorted(found, key=lambda info: info.name)


async def fetch_groups_named(gateway: Gateway, names: Iterable[str]) -> list[LogGroupInfo]:
    """What is told of log groups by name; one that does not exist is absent."""
    wanted = set(names)
    found: dict[str, LogGroupInfo] = {}
    for name in sorted(wanted):
        # Groups come in the order of their names, so that the group itself is on the first page.
        entries, _token = await _describe(gateway, {"logGroupNamePrefix": name})
        found |= {entry.name: entry for entry in entries if entry.name in wanted}
    return [found[name] for name in sorted(found)]


async def _describe(gateway: Gateway, asked: Mapping[str, Any]) -> tuple[list[LogGroupInfo], str]:
    reply = await gateway.call("logs", "DescribeLogGroups", **asked)
    entries = reply.get("logGroups")
    if not isinstance(entries, list):
        raise missing("logs", "DescribeLogGroups", "logGroups")
    infos = [
        LogGroupInfo(
            str(entry.get("logGroupName") or ""),
            int(entry.get("storedBytes") or 0),
            int(entry.get("retentionInDays") or 0),
            int(entry.get("creationTime") or 0),
            str(entry.get("logGroupClass") or "STANDARD"),
        )
        for entry in entries
    ]
    return infos, str(reply.get("nextToken") or "")


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) if "*" in pattern else pattern in name


async def _fetch_results(gateway: Gateway, query_id: str, token: str = "") -> tuple[QueryReply, str]:
    more: dict[str, Any] = {"nextToken": token, "maxItems": _PAGE_ROWS} if token else {}
    reply = await gateway.call("logs", "GetQueryResults", queryId=query_id, **more)
    results = reply.get("results")
    if not isinstance(results, list) or "status" not in reply:
        raise missing("logs", "GetQueryResults", "results and status")
    status = QueryStatus.UNKNOWN
    with suppress(ValueError):  # a status that is newer than this program
        status = QueryStatus(reply["status"])
    figures = reply.get("statistics") or {}
    statistics = QueryStatistics(
        *(int(figures.get(name) or 0) for name in ("recordsMatched", "recordsScanned", "bytesScanned"))
    )
    rows = [[(str(each.get("field", "")), str(each.get("value") or "")) for each in row] for row in results]
    return QueryReply(status, statistics, rows), str(reply.get("nextToken") or "")


def _tell(error: UserError, request: QueryRequest) -> UserError:
    """A refused StartQuery in better words."""
    cause = error.__cause__
    code, text = (get_code(cause), _get_text(cause)) if cause else ("", "")
    if code == "MalformedQueryException":
        return _get_problem(cause, text, error.details)
    if _tells_not_offered(cause):
        return retell(
            error,
            "Queries of CloudWatch Logs Insights are not offered by this endpoint.",
            "The Logs page reads the log itself.",
        )
    if code == "LimitExceededException":
        return retell(
            error,
            "Too many queries run in this account and region at the same time.",
            "Wait until one has ended, or cancel one; dashboards and scheduled queries count, too.",
            ErrorKind.THROTTLED,
        )
    if error.kind is ErrorKind.NOT_FOUND:
        which = request.groups[0] if len(request.groups) == 1 else "One of the log groups"
        verb = "The log group " if len(request.groups) == 1 else ""
        return retell(
            error,
            f"{verb}{get_plain_text(which)} does not exist.",
            "A function's first line of log makes its group; mend the names, then run it again.",
        )
    if code == "InvalidParameterException":
        return retell(
            error, "CloudWatch Logs refused the query.", f"It says: {text or code}", ErrorKind.INVALID
        )
    return error


def is_not_offered(error: UserError) -> bool:
    """Whether a query failed since the endpoint has no Logs Insights at all."""
    told = error.__cause__
    return _tells_not_offered(told.__cause__ if isinstance(told, UserError) else told)


def _tells_not_offered(cause: BaseException | None) -> bool:
    return cause is not None and (get_code(cause) in _NOT_OFFERED or get_status(cause) == 501)


def _get_problem(cause: BaseException | None, text: str, details: str) -> QueryProblem:
    response = getattr(cause, "response", None)
    found = response.get("queryCompileError") if isinstance(response, Mapping) else None
    said, start, end = text, -1, -1
    if isinstance(found, Mapping):
        said = get_plain_text(found.get("message") or "") or text
        location = found.get("location") or {}
        start = int(location.get("startCharOffset", -1))
        end = int(location.get("endCharOffset", -1))
    said = said.rstrip(".") or "it is not said what is wrong"
    return QueryProblem(
        f"The query can't be understood: {said}.",
        "Mend it, then run it again.",
        start=start,
        end=end,
        details=details,
    )


def _get_text(error: BaseException) -> str:
    response = getattr(error, "response", None)
    raw = response.get("Error", {}).get("Message") if isinstance(response, Mapping) else ""
    return get_plain_text(raw or "")
