"""How an entry of the history reads while one invocation goes on: sent, answered, failed, logged."""

import time
from dataclasses import replace

from lambdadesk.aws.reception import Reception
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_errors import parse_function_error
from lambdadesk.core.invocations import outcome_of
from lambdadesk.core.lambda_errors import explain_lambda_error
from lambdadesk.core.platform import parse_platform
from lambdadesk.core.types import Invocation, InvocationType, InvokeRequest, InvokeResult, Outcome, Report
from lambdadesk.store.history_entry import HistoryEntry

ENDED_EARLY = "LambdaDesk ended before the answer came; the function may have run."
ENDED_AT_ITS_TURN = "LambdaDesk ended at about the time this was to be sent; the function may have run."
STOPPED = "Stopped waiting; the function goes on."


def new_entry(target_key: str, request: InvokeRequest, series: str) -> HistoryEntry:
    """The entry as it is on disk until it is answered: lost, since the process may be killed."""
    return HistoryEntry(
        target_key=target_key,
        function=request.function.name,
        sent_ms=now_ms(),
        qualifier=request.qualifier,
        kind=request.kind,
        payload=request.payload,
        client_context=request.client_context,
        tenant_id=request.tenant_id,
        durable_name=request.durable_name,
        is_streamed=request.is_streaming,
        origin=request.origin,
        series=series,
        outcome=Outcome.UNKNOWN,
        error=ENDED_EARLY,
    )


def with_answer(
    entry: HistoryEntry, entry_id: int, request: InvokeRequest, result: InvokeResult, report: Report | None
) -> HistoryEntry:
    said = result.error_details.encode() or result.payload
    failure = parse_function_error(said) if result.function_error else None
    return replace(
        entry,
        id=entry_id,
        status_code=result.status_code,
        function_error=result.function_error,
        response=result.payload or result.error_details.encode(),
        response_truncated=result.response_bytes > len(result.payload),
        response_bytes=result.response_bytes,
        content_type=result.content_type,
        durable_arn=result.durable_arn,
        is_partial=result.is_partial,
        error=result.problem or explain_lambda_error(failure.type if failure else result.function_error),
        log_tail=result.log_tail,
        executed_version=result.executed_version,
        request_id=result.request_id,
        received_ms=result.received_ms,
        outcome=_outcome(request, result, report),
    )


def with_failure(entry: HistoryEntry, entry_id: int, error: UserError) -> HistoryEntry:
    is_unknown = error.kind is ErrorKind.OUTCOME_UNKNOWN
    outcome = Outcome.UNKNOWN if is_unknown else Outcome.ERROR
    return replace(entry, id=entry_id, outcome=outcome, error=str(error), received_ms=now_ms())


def with_stop(entry: HistoryEntry, entry_id: int, error: str = STOPPED) -> HistoryEntry:
    return replace(entry, id=entry_id, outcome=Outcome.UNKNOWN, error=error, received_ms=now_ms())


def with_reception(entry: HistoryEntry, reception: Reception) -> HistoryEntry:
    """The entry of a stream that nobody waited for any more, with what had come of it."""
    kept = reception.kept
    return replace(
        entry,
        response=kept,
        response_truncated=reception.total_bytes > len(kept),
        response_bytes=reception.total_bytes,
        is_partial=bool(reception.status_code),
        content_type=reception.content_type,
        request_id=reception.request_id,
        executed_version=reception.executed_version,
    )


def with_record(entry: HistoryEntry, record: Invocation) -> HistoryEntry:
    """The entry with what the ledger knows; the same one where that is nothing new."""
    cost = record.cost
    amount = cost.amount if cost else None
    currency = cost.currency if cost else entry.currency
    is_exact = cost.exact if cost else entry.cost_exact
    known = (entry.outcome, entry.log_stream, entry.report, entry.cost, entry.currency, entry.cost_exact)
    if known == (record.outcome, record.stream, record.report, amount, currency, is_exact):
        return entry
    return replace(
        entry,
        outcome=record.outcome,
        log_stream=record.stream,
        report=record.report,
        cost=amount,
        currency=currency,
        cost_exact=is_exact,
    )


def report_in(result: InvokeResult) -> Report | None:
    """The REPORT of this very request in the 4 KB log tail."""
    for line in reversed(result.log_tail.splitlines()):
        platform = parse_platform(line)
        if platform and platform.report and platform.report.request_id == result.request_id:
            return platform.report
    return None


def _outcome(request: InvokeRequest, result: InvokeResult, report: Report | None) -> Outcome:
    if request.kind is InvocationType.EVENT:
        return Outcome.QUEUED
    if result.is_partial:
        return Outcome.UNKNOWN
    if not result.function_error:
        return Outcome.OK
    failed = outcome_of(report, Outcome.ERROR) if report else Outcome.ERROR
    said = result.payload or result.error_details.encode()
    if failed is Outcome.ERROR and (b"Task timed out after" in said or b'"Sandbox.Timedout"' in said):
        return Outcome.TIMEOUT
    return failed


def now_ms() -> int:
    return time.time_ns() // 1_000_000
