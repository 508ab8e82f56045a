"""SeriesSenders, the threads of a series: each sends one run after the other, and none waits for the loop."""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from lambdadesk.aws.invoke_failures import outcome_unknown
from lambdadesk.aws.quota import TokenBucket
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.series import SeriesPlan
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import InvokeRequest, Outcome
from lambdadesk.desk.invoker import Invoker, Recorded, RunAnswer
from lambdadesk.desk.run_entry import with_failure, with_stop
from lambdadesk.store.history_entry import HistoryEntry

# Of these every further run would be one more, so that nothing more is sent.
_HOPELESS = (
    ErrorKind.DENIED,
    ErrorKind.EXPIRED,
    ErrorKind.NOT_FOUND,
    ErrorKind.OFFLINE,
    ErrorKind.NOT_AWS,
)
_AHEAD_S = 0.1
_AHEAD_BYTES = 1024 * 1024  # of payloads
_BEAT_S = 0.01
_LATE_S = 0.02  # of a beat of the loop; then runs are held back, and the loop has the interpreter to itself
_HELD_BACK_S = 0.08  # at most, since a loop may be stuck
_FAILED = (Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class SentRun:
    """A run, counted from 0, and what became of it."""

    number: int
    answer: RunAnswer


@dataclass(slots=True)
class _Job:
    """A run that is under way. entry: once it is recorded, and on its way since `sent_s`."""

    number: int
    request: InvokeRequest
    recorded: Recorded | None = None  # ahead of its sending
    task: "asyncio.Task[Any] | None" = None  # that waits for its thread
    entry: HistoryEntry | None = None
    sent_s: float = 0.0
    is_left: bool = False  # nobody waits for it any more
    is_ahead: bool = False  # on disk it is not sent yet


class SeriesSenders:
    """Sends the runs of one plan: at most `plan.concurrency` at once, at its pace, until it is told to stop.

    What the threads have done is taken by the loop from time to time, all of it together: a way through the
    loop for each run would hold up the runs, and the window. Where they keep the interpreter from the loop
    too long all the same, they let it go first. Counters are as of now; the lock holds for them.
    """

    def __init__(self, invoker: Invoker, plan: SeriesPlan, series: str, *, confirmed: bool = False) -> None:
        self.sent = 0
        self.failed = 0
        self.throttled = 0
        self.reason = ""  # why nothing more is sent
        self.error: UserError | None = None
        self._invoker = invoker
        self._plan = plan
        self._series = series
        self._confirmed = confirmed
        self._bound_s = invoker.get_bound_s(plan.request)
        self._lock = threading.Lock()
        self._recording = threading.Lock()  # held while runs are recorded ahead; comes before the other one
        self._is_over = threading.Event()
        self._numbers = iter(range(plan.count))
        self._pace = TokenBucket(plan.per_s, burst=1) if plan.per_s else None
        self._ahead: deque[_Job] = deque()  # recorded, and to be sent next
        self._unsent: list[_Job] = []
        self._under_way: dict[int, _Job] = {}
        self._answers: list[SentRun] = []
        self._answered = 0
        self._live = 0
        self._all_ended = asyncio.Event()
        self._beat_s = time.monotonic()  # of the loop, the last
        self._has_beaten = threading.Event()
        self._noted: list[InvokeRequest] = []  # sent since the last `take`

    def stop(self, reason: str) -> None:
        """Send nothing more."""
        with self._lock:
            self._stop(reason)

    def _stop(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._is_over.set()

    def take(self) -> list[SentRun]:
        """What was answered since the last time; on the loop."""
        with self._lock:
            answers, self._answers = self._answers, []
            noted, self._noted = self._noted, []
        self._invoker.note_sent(noted)
        return answers

    async def run(self, every_s: float, told: Callable[[], None]) -> None:
        """Send all, and call `told` from time to time; ends with nothing to send and no answer to wait for.

        Cancelled, it leaves alone what is under way; `take_left` has that.
        """
        self._live = min(self._plan.concurrency, self._plan.count)
        try:
            if self._pace is None:
                await in_thread(self._record, self._live)  # all of these are sent at once
            async with asyncio.TaskGroup() as group:
                beating = group.create_task(self._beat())
                group.create_task(in_thread(self._record_ahead))
                for _ in range(self._live):
                    group.create_task(self._send())
                while self._live:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(every_s):
                            await self._all_ended.wait()
                    for _ in range(self._leave_late()):  # others take the place of the stuck threads
                        self._live += 1
                        group.create_task(self._send())
                    told()
                self._is_over.set()
                beating.cancel()
        finally:
            self._is_over.set()

    async def _send(self) -> None:
        try:
            await in_thread(self._work, asyncio.current_task())
        finally:
            self._live -= 1
            if not self._live:
                self._all_ended.set()

    async def _beat(self) -> None:
        while True:
            self._beat_s = time.monotonic()
            self._has_beaten.set()
            await asyncio.sleep(_BEAT_S)

    def _leave_late(self) -> int:
        """Give up runs whose answers are overdue, and return how many."""
        latest_s = time.monotonic() - self._bound_s
        late = 0
        with self._lock:
            for job in list(self._under_way.values()):
                if job.entry is not None and job.sent_s < latest_s:
                    self._leave(job)
                    error = outcome_unknown("No complete answer came in time.", "lambda:Invoke")
                    entry = with_failure(job.entry, job.entry.id, error)
                    self._add(job, RunAnswer(job.request, entry, error=error))
                    late += 1
        return late

    def take_left(self) -> list[RunAnswer]:
        """What was under way when nobody waited any more; what was not sent yet is taken off the disk."""
        with self._lock:
            jobs = list(self._under_way.values())
            for job in jobs:
                self._leave(job)
            left = [RunAnswer(job.request, with_stop(job.entry, job.entry.id)) for job in jobs if job.entry]
            self.sent -= len(jobs) - len(left)  # whose threads send nothing any more
            unsent = [each.recorded.entry for each in (*self._ahead, *self._unsent) if each.recorded]
            self._ahead.clear()
        self._invoker.drop(unsent)
        return left

    def _leave(self, job: _Job) -> None:
        job.is_left = True
        del self._under_way[job.number]
        if job.task is not None:
            job.task.cancel()

    # -- in the threads

    def _work(self, task: "asyncio.Task[Any] | None") -> None:
        while (job := self._next(task)) is not None:
            answer = self._invoker.invoke_now(
                job.request,
                self._series,
                job.recorded,
                confirmed=self._confirmed,
                sending=partial(self._begin, job),
            )
            self._finish(job, answer)
            if job.is_left:  # another thread has taken the place of this one
                return

    def _next(self, task: "asyncio.Task[Any] | None") -> _Job | None:
        if time.monotonic() - self._beat_s > _LATE_S:
            self._has_beaten.clear()
            self._has_beaten.wait(_HELD_BACK_S)
        job = self._take_ahead() or self._take_new()
        if job is None:
            return None
        if self._pace is not None:
            with self._lock:
                wait_s = self._pace.reserve()
            self._is_over.wait(wait_s)
        with self._lock:
            if self._is_over.is_set():
                self._unsent.append(job)
                return None
            job.task = task
            self.sent += 1
            self._under_way[job.number] = job
        return job

    def _take_ahead(self) -> _Job | None:
        with self._lock:
            return self._ahead.popleft() if self._ahead else None

    def _take_new(self) -> _Job | None:
        with self._recording:  # what is just being recorded comes first: the order of the payloads is kept
            return self._take_ahead() or (None if self._is_over.is_set() else self._make_job())

    def _make_job(self) -> _Job | None:
        number = next(self._numbers, None)
        return None if number is None else _Job(number, self._plan.request_of(number))

    def _record_ahead(self) -> None:
        """Have the runs of the next moment on disk when their turn comes, many by one statement.

        A thread that writes has to wait for the interpreter's lock after that, together with all others; one
        by one, that takes a fifth of the throughput. Nothing is recorded ahead where runs are few.
        """
        answered, looked_s = 0, time.monotonic()
        while not self._is_over.wait(_AHEAD_S / 2):
            now_s = time.monotonic()
            per_s = (self._answered - answered) / (now_s - looked_s)  # each is followed by a run
            answered, looked_s = self._answered, now_s
            wanted = int(per_s * _AHEAD_S) - len(self._ahead)
            if wanted > 0:
                self._record(wanted, is_ahead=True)
            self._note_sent(now_s - _AHEAD_S / 2)
        self._note_sent()

    def _note_sent(self, before_s: float = math.inf) -> None:
        """Have on disk which of those that were recorded ahead were sent, but for those that end at once."""
        with self._lock:
            jobs = [
                job
                for job in self._under_way.values()
                if job.is_ahead and job.entry is not None and job.sent_s < before_s
            ]
            for job in jobs:
                job.is_ahead = False
        if jobs:
            self._invoker.note_sent_now([job.entry for job in jobs if job.entry is not None])

    def _record(self, wanted: int, *, is_ahead: bool = False) -> None:
        """Put runs on the disk that are sent in a moment, or at once."""
        with self._recording:
            jobs: list[_Job] = []
            size = 0
            while len(jobs) < wanted and size < _AHEAD_BYTES and (job := self._make_job()) is not None:
                jobs.append(job)
                size += len(job.request.payload)
            requests = [job.request for job in jobs]
            recorded = self._invoker.record_now(requests, self._series, is_ahead=is_ahead)
            for job, each in zip(jobs, recorded, strict=True):
                job.recorded, job.is_ahead = each, is_ahead
            with self._lock:
                is_over = self._is_over.is_set()
                self._ahead.extend(() if is_over else jobs)
        # Whoever takes off what was not sent has come already.
        if is_over:
            self._invoker.drop_now([each.entry for each in recorded])

    def _begin(self, job: _Job, entry: HistoryEntry) -> None:
        with self._lock:
            if job.is_left:
                raise UserError("It was stopped before it was sent.", kind=ErrorKind.INVALID)
            job.entry, job.sent_s = entry, time.monotonic()
            self._noted.append(job.request)

    def _finish(self, job: _Job, answer: RunAnswer) -> None:
        with self._lock:
            if not job.is_left:
                del self._under_way[job.number]
                self._add(job, answer)
                return
        if job.entry is None:
            self._invoker.drop_now([answer.entry])

    def _add(self, job: _Job, answer: RunAnswer) -> None:
        """Count an answer, and stop where more of them would do no good; under the lock."""
        self._answers.append(SentRun(job.number, answer))
        self._answered += 1
        error, most = answer.error, self._plan.stop_after_errors
        if error is not None and error.kind is ErrorKind.THROTTLED:
            self.throttled += 1
        elif answer.entry.outcome in _FAILED:
            self.failed += 1
        if error is not None and error.kind in _HOPELESS:
            self.error = self.error or error
            self._stop(f"Stopped: {error.message}")
        elif most and self.failed >= most:
            self._stop(f"Stopped after {most:,} error{'s' * (most != 1)}.")
