"""AsyncRun, an asynchronous invocation followed from its queue to where its record went."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lambdadesk.aws.async_records import find_record
from lambdadesk.aws.async_setup import fetch_async_setup
from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.async_fate import (
    FAILED,
    AsyncSetup,
    Step,
    StepState,
    Wanted,
    find_attempts,
    guess_attempts,
    tell_sum,
)
from lambdadesk.core.details import format_seconds
from lambdadesk.core.event import Event
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.money import format_money
from lambdadesk.core.types import Cost, Invocation, Outcome
from lambdadesk.desk.log_watch import pause, woken_by
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.store.history_entry import HistoryEntry

_OUTCOMES: Final = {
    Outcome.OK: "succeeded",
    Outcome.ERROR: "failed",
    Outcome.TIMEOUT: "timed out",
    Outcome.OUT_OF_MEMORY: "ran out of memory",
}
# Lambda waits about one minute before the first retry, and about two before the second.
_WAITS: Final = {1: "about a minute", 2: "about two minutes"}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited for what; the retries' own waits come on top of nothing."""

    look_s: float = 1.0  # between two looks, where the log tells nothing
    start_s: float = 300.0  # for the first attempt
    retry_s: float = 600.0  # for the next one
    record_s: float = 60.0  # for the record, once the run is over
    record_every_s: float = 5.0


class AsyncRun:
    """Follows one accepted event: attempts by the function's tail, its record by asking the destination.

    `steps` tell what happened so far, `sentence` what became of it; it is empty until that is known, and
    `run` ends with it. Nothing is retried or taken out of a queue.

    Event changed: either of them did.
    """

    def __init__(
        self,
        gateway: Gateway,
        tail: Tailer,
        ledger: InvocationLedger,
        entry: HistoryEntry,
        pace: Pace | None = None,
    ) -> None:
        self.changed: Event[[]] = Event()
        self.steps: tuple[Step, ...] = ()
        self.sentence = ""
        self.entry = entry
        self._gateway = gateway
        self._tail = tail
        self._ledger = ledger
        self._pace = pace or Pace()
        self._is_guessing = not is_aws(gateway.target)
        self._setup = AsyncSetup()
        self._is_known = False  # the setup
        self._attempts: list[Invocation] = []
        self._records: list[Step] = []

    @property
    def headline(self) -> str:
        """What stands between an attempt that failed and the next one, in a sentence; else empty."""
        last = self._attempts[-1] if self._attempts else None
        if last is None or self.sentence or self._is_settled:
            return ""
        number = len(self._attempts)
        if last.outcome not in FAILED:
            return f"Attempt {number} is running." if number > 1 else ""
        failed = f"Attempt {number} {_OUTCOMES[last.outcome]}"
        if not self._is_known or self._records:
            return f"{failed}; Lambda may try again."
        return f"{failed}; the next try follows in {self._get_wait(number)}."

    @property
    def sum(self) -> str:
        """Duration and cost of all attempts together; empty where there was no second one."""
        return tell_sum(self._attempts, [self._get_cost(attempt) for attempt in self._attempts])

    def update(self, entry: HistoryEntry) -> None:
        """Go on with what the history knows of the run by now, which may be without its payload."""
        self.entry = replace(entry, payload=entry.payload or self.entry.payload)

    async def run(self) -> None:
        """Follow until it is known what became of the event, or nothing more can be; then say so."""
        with woken_by(self._tail, self._ledger) as woken:
            self._show()
            self._setup = await fetch_async_setup(
                self._gateway, self.entry.function, self.entry.qualifier or "$LATEST"
            )
            self._is_known = True
            while not self._is_over():
                self._show()
                await pause(woken, self._pace.look_s)
            self._show()
            await self._follow_record(woken)
        self.sentence = self._tell()
        self._show()

    # -- the attempts

    def _is_over(self) -> bool:
        self._attempts = self._find_attempts()
        if self._attempts:
            last = self._attempts[-1]
            if last.outcome is Outcome.OK:
                return True
            if last.outcome in FAILED:
                if len(self._attempts) > self._setup.retries:
                    return True
                return self._now_ms() - (last.ended_ms or last.started_ms) > self._pace.retry_s * 1000
            return False  # it runs
        if self._tail.state is TailState.DENIED:
            return True
        return self._now_ms() - self.entry.sent_ms > self._pace.start_s * 1000

    def _find_attempts(self) -> list[Invocation]:
        entry, runs = self.entry, self._tail.tracker.invocations
        found = find_attempts([runs[at] for at in runs.of_request(entry.request_id)], entry.request_id)
        if found or not self._is_guessing:
            return found
        first = (entry.log_stream, entry.report.request_id if entry.report else "")
        taken = {(run.stream, run.request_id) for run in self._ledger.made_here(entry.function)}
        return guess_attempts(runs, first, entry.sent_ms, self._setup.retries, taken - {first})

    def _now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    # -- the record

    @property
    def _succeeded(self) -> bool:
        return bool(self._attempts) and self._attempts[-1].outcome is Outcome.OK

    @property
    def _destinations(self) -> list[tuple[str, bool, bool]]:
        """Where the record may go: ARN, whether that is the dead-letter queue, whether the run succeeded."""
        setup = self._setup
        success, failure = (setup.on_success, False, True), (setup.on_failure, False, False)
        if self._succeeded:
            found = [success]
        elif self._is_settled:
            found = [failure, (setup.dead_letter, True, False)]
        else:
            found = [failure, (setup.dead_letter, True, False), success]
        return [each for each in found if each[0]]

    async def _follow_record(self, woken: asyncio.Event) -> None:
        if not self._destinations:
            return
        last = self._attempts[-1] if self._attempts else None
        since_ms = (last.ended_ms or last.started_ms) if last else self.entry.sent_ms
        patience_s = self._pace.start_s if self._tail.state is TailState.DENIED else self._pace.record_s
        until_s = time.monotonic() + patience_s
        self._records = [Step("Looking for its record", StepState.WAITING)]
        self._show()
        while True:
            records, is_final = [], True
            for arn, is_dead_letter, succeeded in self._destinations:
                wanted = Wanted(
                    self.entry.function,
                    self.entry.request_id,
                    self.entry.payload,
                    since_ms,
                    succeeded,
                    is_dead_letter,
                    self._is_guessing,
                )
                record, is_told = await find_record(self._gateway, arn, wanted)
                records.append(record)
                is_final = is_final and is_told
            self._records = records
            self._show()
            if is_final or time.monotonic() > until_s:
                return
            woken.clear()
            await pause(woken, self._pace.record_every_s)

    # -- in words

    def _show(self) -> None:
        steps = tuple(self._to_steps())
        if steps != self.steps or self.sentence:
            self.steps = steps
            self.changed.emit()

    def _to_steps(self) -> list[Step]:
        steps = [Step("Queued", StepState.DONE, self.entry.sent_ms, self._about_setup())]
        for number, attempt in enumerate(self._attempts, 1):
            steps.append(self._to_step(number, attempt))
        steps += self._waiting()
        steps += self._records
        if self._is_settled and not self._destinations and self._is_known and not self._setup.unknown:
            state = StepState.NOTE if self._succeeded else StepState.LOST
            steps.append(Step("No record of it is kept", state, None, self._about_no_record()))
        return steps

    @property
    def _is_settled(self) -> bool:
        last = self._attempts[-1].outcome if self._attempts else None
        return last is Outcome.OK or (last in FAILED and len(self._attempts) > self._setup.retries)

    def _about_setup(self) -> str:
        if not self._is_known:
            return "Reading how often Lambda tries again…"
        setup = self._setup
        tries = f"Up to {setup.retries + 1} attempts within {format_seconds(setup.max_age_s)}."
        return " ".join([tries, *setup.unknown])

    def _about_no_record(self) -> str:
        if self._succeeded:
            return "The function has no destination for success."
        return "The function has no destination for failure, and no dead-letter queue: the event is gone."

    def _to_step(self, number: int, attempt: Invocation) -> Step:
        details = []
        if number > 1:
            before = self._attempts[number - 2]
            waited_ms = attempt.started_ms - (before.ended_ms or before.started_ms)
            details.append(f"after a wait of {_in_seconds(waited_ms)}")
        elif (queued_ms := attempt.started_ms - self.entry.sent_ms) > 1000:
            details.append(f"{_in_seconds(queued_ms)} in the queue")
        if attempt.report is not None:
            details.append(f"duration {_in_seconds(attempt.report.duration_ms)}")
        if (cost := self._get_cost(attempt)) is not None:
            details.append(f"{'' if cost.exact else '≈ '}{format_money(cost.amount, cost.currency)}")
        if attempt.error_type:
            details.append(attempt.error_type)
        if attempt.request_id != self.entry.request_id:
            details.append(f"≈ by its time, request {attempt.request_id}")
        words = _OUTCOMES.get(attempt.outcome, "is running")
        state = StepState.DONE if attempt.outcome is Outcome.OK else StepState.WAITING
        if attempt.outcome in FAILED:
            state = StepState.FAILED
        return Step(f"Attempt {number} {words}", state, attempt.started_ms, " · ".join(details))

    def _get_cost(self, attempt: Invocation) -> Cost | None:
        for run in self._ledger.of_request(self.entry.function, attempt.request_id):
            is_it = (run.stream, run.request_id) == (attempt.stream, attempt.request_id)
            if is_it and run.ended_ms == attempt.ended_ms and run.cost is not None:
                return run.cost
        return None

    def _waiting(self) -> Sequence[Step]:
        if self._attempts:
            last = self._attempts[-1]
            number = len(self._attempts)
            if last.outcome not in FAILED or number > self._setup.retries or not self._is_known:
                return ()
            if self._records or self.sentence:
                return (Step(f"Attempt {number + 1} was not seen", StepState.UNKNOWN),)
            wait = f"Waits {self._get_wait(number)} before attempt {number + 1}"
            return (Step(wait, StepState.WAITING, last.ended_ms),)
        if self._tail.state is TailState.DENIED:
            detail = "logs:FilterLogEvents is denied, so its attempts can't be seen."
            return (Step("Its log may not be read", StepState.UNKNOWN, None, detail),)
        if self._records or self.sentence:
            return (Step("It was not seen in the log", StepState.UNKNOWN, None, _NOT_SEEN),)
        return (Step("Waits for its first attempt", StepState.WAITING),)

    def _get_wait(self, number: int) -> str:
        return "a moment" if self._is_guessing else _WAITS.get(number, "some minutes")

    def _tell(self) -> str:
        """What became of it, in a sentence; where its record went belongs to it."""
        found = [record for record in self._records if record.state is StepState.DONE]
        rest = "".join(f" {record.title}." for record in (found or self._records))
        if self._succeeded:
            count = len(self._attempts)
            return f"Succeeded at attempt {count}.{rest}" if count > 1 else f"Succeeded.{rest}"
        if self._is_settled:
            count = len(self._attempts)
            return f"Failed after {count} attempt{'' if count == 1 else 's'}.{rest}"
        if any("EventAgeExceeded" in record.detail for record in found):
            return f"Dropped, since it had waited too long.{rest}"
        if self._attempts:
            times = "once" if len(self._attempts) == 1 else f"{len(self._attempts)} times"
            return f"Failed {times}; a further attempt was not seen.{rest}"
        if self._tail.state is TailState.DENIED:
            return f"Not known: its log may not be read.{rest}"
        return f"Not seen within {format_seconds(round(self._pace.start_s))}.{rest}"


_NOT_SEEN: Final = "It may still wait in the queue (throttled, say), its log may be late, or it was dropped."


def _in_seconds(duration_ms: object) -> str:
    milliseconds = float(str(duration_ms))
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"
