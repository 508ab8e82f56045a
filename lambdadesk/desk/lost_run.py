"""LostRun, an invocation without an answer looked for in the function's log."""

import time
from dataclasses import dataclass
from typing import Final

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.async_fate import Step, StepState, find_attempts
from lambdadesk.core.event import Event
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import Invocation, Outcome
from lambdadesk.desk.likely_runs import find_likely_runs
from lambdadesk.desk.log_watch import pause, woken_by
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.store.history_entry import HistoryEntry

_OUTCOMES: Final = {
    Outcome.OK: ("succeeded", StepState.DONE),
    Outcome.ERROR: ("failed", StepState.FAILED),
    Outcome.TIMEOUT: ("timed out", StepState.FAILED),
    Outcome.OUT_OF_MEMORY: ("ran out of memory", StepState.FAILED),
}


@dataclass(frozen=True, slots=True)
class Patience:
    look_s: float = 1.0
    log_s: float = 300.0  # on top of the function's timeout: logs may be late


class LostRun:
    """Tells what the log shows of a run whose answer was lost; the same shape as AsyncRun.

    Its request id came with the answer, if at all. Without it only the time speaks, and what is said is
    "probably": one run that began just then, and is nobody else's.

    Event changed: `steps` or `sentence` did.
    """

    def __init__(
        self,
        gateway: Gateway,
        tail: Tailer,
        ledger: InvocationLedger,
        entry: HistoryEntry,
        patience: Patience | None = None,
    ) -> None:
        self.changed: Event[[]] = Event()
        self.steps: tuple[Step, ...] = ()
        self.sentence = ""
        self.entry = entry
        self._gateway = gateway
        self._tail = tail
        self._ledger = ledger
        self._patience = patience or Patience()

    def update(self, entry: HistoryEntry) -> None:
        """Go on with what the history knows of the run by now."""
        self.entry = entry

    async def run(self) -> None:
        """Look until the run has been found and has ended, or for as long as a log may be late."""
        until_s = time.monotonic() + self._tail.function.timeout_s + self._patience.log_s
        with woken_by(self._tail, self._ledger) as woken:
            while True:
                found = self._find()
                has_ended = len(found) == 1 and found[0].outcome in _OUTCOMES
                is_over = (
                    has_ended
                    or self.entry.outcome is not Outcome.UNKNOWN
                    or self._tail.state is TailState.DENIED
                    or time.monotonic() > until_s
                )
                self._show(found, is_over=is_over)
                if is_over:
                    return
                await pause(woken, self._patience.look_s)

    def _find(self) -> list[Invocation]:
        """The runs that it may be."""
        entry, runs = self.entry, self._tail.tracker.invocations
        request_id = entry.request_id or (entry.report.request_id if entry.report else "")
        if request_id and (same := [runs[at] for at in runs.of_request(request_id)]):
            return find_attempts(same, request_id)[:1]
        return find_likely_runs(self._gateway, self._tail, self._ledger, entry.sent_ms, request_id)

    def _show(self, found: list[Invocation], *, is_over: bool) -> None:
        steps = (Step("Sent", StepState.DONE, self.entry.sent_ms), self._tell(found, is_over=is_over))
        sentence = f"{steps[1].title}." if is_over else ""
        if (steps, sentence) != (self.steps, self.sentence):
            self.steps, self.sentence = steps, sentence
            self.changed.emit()

    def _tell(self, found: list[Invocation], *, is_over: bool) -> Step:
        if self._tail.state is TailState.DENIED:
            return Step("It can't be looked for in the log", StepState.UNKNOWN, None, _DENIED)
        if not found:
            if self.entry.outcome in _OUTCOMES:
                words, state = _OUTCOMES[self.entry.outcome]
                return Step(f"Found in the log: it {words}", state)
            if is_over:
                return Step("It was not seen in the log", StepState.UNKNOWN, None, _NOT_SEEN)
            return Step("Looking for it in the log", StepState.WAITING)
        if len(found) > 1:
            ids = ", ".join(run.request_id for run in found[:5])
            title = f"{len(found)} runs began just then, and any of them may be it"
            return Step(title, StepState.UNKNOWN if is_over else StepState.WAITING, None, ids)
        (run,) = found
        words, state = _OUTCOMES.get(run.outcome, ("is running", StepState.WAITING))
        known = (self.entry.request_id, self.entry.report.request_id if self.entry.report else "")
        is_sure = run.request_id in known
        title = f"Found in the log: it {words}" if is_sure else f"Probably found in the log: it {words}"
        why = "" if is_sure else ", the only run of no one else that began just then"
        return Step(title, state, run.started_ms, f"Request {run.request_id}{why}.")


_DENIED: Final = "logs:FilterLogEvents is denied."
_NOT_SEEN: Final = "It may not have run, or its log is late or is not kept."
