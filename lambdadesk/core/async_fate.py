"""What becomes of an asynchronous invocation: steps for people, and the attempts that a log shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from lambdadesk.core.money import format_money
from lambdadesk.core.types import Cost, Invocation, Outcome

_SLACK_MS = 50  # between the clock of the log and that of the answer
FAILED = (Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY)


class StepState(StrEnum):
    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"
    UNKNOWN = "unknown"
    LOST = "lost"
    NOTE = "note"  # nothing went wrong, and nothing more follows


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or is waited for. at_ms: when it began, epoch milliseconds."""

    title: str
    state: StepState
    at_ms: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AsyncSetup:
    """How Lambda treats the asynchronous events of one function or qualifier; ARNs are empty for none.

    unknown: what could not be read, one sentence each; its fields have Lambda's defaults then.
    """

    retries: int = 2
    max_age_s: int = 21_600
    on_success: str = ""
    on_failure: str = ""
    dead_letter: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The record of which run is looked for. `payload` decides where a record has no request id."""

    function: str
    request_id: str
    payload: bytes
    since_ms: int
    succeeded: bool
    is_dead_letter: bool = False
    trusts_payload: bool = False  # an endpoint whose records have no request id (MiniStack)


def find_attempts(runs: Sequence[Invocation], request_id: str) -> list[Invocation]:
    """The attempts at one request, in their order: Lambda keeps its id."""
    found = [run for run in runs if run.request_id == request_id]
    return sorted(found, key=lambda run: run.started_ms)


def guess_attempts(
    runs: Sequence[Invocation],
    first: tuple[str, str],
    sent_ms: int,
    retries: int,
    taken: Collection[tuple[str, str]],
) -> list[Invocation]:
    """The same for an endpoint that gives every attempt another id: what started next, each time.

    first: stream and request id of the first attempt, if known. taken: those of other invocations.
    """
    ordered = sorted(runs, key=lambda run: run.started_ms)
    attempts: list[Invocation] = []
    after_ms = sent_ms - _SLACK_MS
    for run in ordered:
        key = (run.stream, run.request_id)
        is_first = not attempts
        if run.started_ms < after_ms or (key in taken and key != first):
            continue
        if is_first and first[1] and key != first:
            continue
        attempts.append(run)
        if run.outcome not in FAILED or len(attempts) > retries:
            break
        after_ms = (run.ended_ms or run.started_ms) + 1
    return attempts


def tell_sum(attempts: Sequence[Invocation], costs: Sequence[Cost | None]) -> str:
    """Duration, billed duration and cost of several attempts in all; empty for one, or without figures.

    costs: of each of them, as far as it is known; a sum of some of them only is "at least".
    """
    reports = [attempt.report for attempt in attempts if attempt.report is not None]
    if len(attempts) < 2 or not reports:
        return ""
    least = "at least " if len(reports) < len(attempts) else ""
    duration_ms = sum((report.duration_ms for report in reports), Decimal())
    parts = [f"{len(attempts)} attempts together: duration {least}{duration_ms.normalize():,f} ms"]
    billed = [report.billed_ms for report in reports if report.billed_ms is not None]
    if billed:
        parts.append(f"billed {'at least ' if len(billed) < len(attempts) else ''}{sum(billed):,} ms")
    known = [cost for cost in costs if cost is not None]
    if known and len({cost.currency for cost in known}) == 1:
        sign = "" if all(cost.exact for cost in known) else "≈ "
        least = "at least " if len(known) < len(attempts) else ""
        amount = sum((cost.amount for cost in known), Decimal())
        parts.append(f"cost {least}{sign}{format_money(amount, known[0].currency)}")
    return " · ".join(parts)
