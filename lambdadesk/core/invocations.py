"""InvocationTracker, which finds the invocations in the log of one function."""

import math
import re
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from lambdadesk.core.invocation_list import InvocationList
from lambdadesk.core.platform import (
    PLAIN,
    AppLine,
    LineKind,
    PlatformLine,
    parse_app,
    parse_line,
    parse_platform,
)
from lambdadesk.core.types import Invocation, LogColumns, LogEvent, Outcome, Report


class FedLines(NamedTuple):
    """What many log events meant, in their order; see Fed."""

    invocations: list[int]
    levels: list[str]
    lines: dict[int, PlatformLine]  # the platform lines, by their place among the events
    changed: set[int]  # indexes of the invocations that are new or changed


class Fed(NamedTuple):
    """What one log event meant.

    invocation: the index in `tracker.invocations` of the one it belongs to, -1 for none;
    changed:    whether that invocation is new or changed by it;
    line:       the platform line that it is, None for a line of the application;
    level:      error, warn, info, debug, or empty where it does not say.
    """

    invocation: int
    changed: bool
    line: PlatformLine | None
    level: str


def outcome_of(report: Report, seen: Outcome | None = None) -> Outcome:
    """How an invocation ended, by its report and by what the lines before it showed (None: nothing).

    Reports of the older kind have no status; there the lines alone tell of a failure.
    """
    if report.status == "timeout":
        return Outcome.TIMEOUT
    if report.error_type == "Runtime.OutOfMemory":
        return Outcome.OUT_OF_MEMORY
    if report.status in ("error", "failure"):
        return seen if seen in (Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY) else Outcome.ERROR
    if report.status == "success" or seen is None:
        return Outcome.OK
    return seen


@dataclass(slots=True, eq=False)
class _Run:
    index: int
    invocation: Invocation
    start_ms: int | None = None  # of its START; None while that has not been seen
    failure: Outcome | None = None
    error_type: str = ""
    ends_in_trace: bool = False


@dataclass(slots=True, eq=False)
class _Stream:
    running: dict[str, _Run] = field(default_factory=dict)
    last: _Run | None = None  # the one that ended last
    is_serial: bool = False  # one at a time; Managed Instances run many in one stream
    # What a line without a request id belongs to from a moment on, until the next platform line.
    plain: _Run | None = None
    plain_from_ms: float = math.inf

    def note_plain(self) -> None:
        """Work out `plain`: what `_running` says of every line from `plain_from_ms` on."""
        last_ms = -math.inf if self.last is None else self.last.invocation.ended_ms
        if len(self.running) > 1 or last_ms is None:
            return
        run = next(iter(self.running.values()), None)
        begun_ms = -math.inf if run is None else run.invocation.started_ms
        self.plain, self.plain_from_ms = run, max(begun_ms, last_ms + 1)


class InvocationTracker:
    """Assigns every log event of one function to its invocation.

    A line with a request id belongs to that request, any other to the one that runs in its stream; where
    several do, to none. A request id comes again when an asynchronous event is retried: each attempt is an
    invocation. Events may come a little out of order, more than once, and from the middle of the log.
    """

    def __init__(self, function_name: str, invocations: InvocationList | None = None) -> None:
        """invocations: a list that several trackers share, so that their indexes tell them apart."""
        self.function_name = function_name
        self.invocations = InvocationList() if invocations is None else invocations
        self._streams: dict[str, _Stream] = {}
        self._attempts: dict[tuple[str, str], list[_Run]] = {}  # without those that are packed
        self._ended: list[tuple[str, _Run]] = []  # and may be packed unless they are the last of their stream

    def feed(self, event: LogEvent) -> Fed:
        """Take one log event; times of its invocation are those of the log's clock."""
        self._pack()
        line = parse_platform(event.message)
        stream = self._streams.get(event.stream)
        if stream is None:
            stream = self._streams[event.stream] = _Stream()
        if line is None:
            return self._feed_app(stream, event, parse_app(event.message))
        return self._feed_platform(stream, event, line)

    def feed_all(self, events: LogColumns) -> FedLines:
        """The same for many, one after the other, in a third of the time where most are an application's."""
        self._pack()  # what ended in the last ones: whoever fed them has looked at it by now
        count = len(events)
        fed = FedLines([-1] * count, [""] * count, {}, set())
        invocations, levels = fed.invocations, fed.levels
        messages, streams = events.messages, self._streams
        for name in set(events.streams).difference(streams):
            streams[name] = _Stream()
        # Names, and no attributes, in what every line goes through: it is most of what reading a log costs.
        lines = zip(
            events.timestamps_ms,
            map(streams.__getitem__, events.streams),
            map(parse_line, messages),
            strict=True,
        )
        for at, (timestamp_ms, stream, line) in enumerate(lines):
            if line is PLAIN and timestamp_ms >= stream.plain_from_ms:
                if (run := stream.plain) is not None:
                    run.ends_in_trace = False
                    invocations[at] = run.index
                continue
            if isinstance(line, PlatformLine):
                event = LogEvent(timestamp_ms, messages[at], events.streams[at])
                one = self._feed_platform(stream, event, line)
                fed.lines[at] = line
            else:
                level, request_id = line
                if level:
                    levels[at] = level
                if level != "error" and messages[at][:1] not in _TELLING_LETTERS:  # it changes nothing
                    if not request_id:
                        if timestamp_ms < stream.plain_from_ms:
                            stream.note_plain()
                        run, from_ms = stream.plain, stream.plain_from_ms
                    else:
                        run = stream.running.get(request_id)  # its last attempt
                        from_ms = math.inf if run is None else run.invocation.started_ms
                    if timestamp_ms >= from_ms:
                        if run is not None:
                            run.ends_in_trace = False
                            invocations[at] = run.index
                        continue
                event = LogEvent(timestamp_ms, messages[at], events.streams[at])
                one = self._feed_app(stream, event, line)
            invocations[at], changed, _line, levels[at] = one
            if changed:
                fed.changed.add(one.invocation)
        return fed

    def _feed_platform(self, stream: _Stream, event: LogEvent, line: PlatformLine) -> Fed:
        stream.plain_from_ms = math.inf
        level = "error" if line.is_failure else ""
        if line.kind is LineKind.START:
            run, changed = self._start(stream, event, line)
        elif line.report is not None:
            run, changed = self._report(stream, event, line.report)
        else:
            run, changed = self._other(stream, event, line)
        return Fed(-1 if run is None else run.index, changed, line, level)

    def _start(self, stream: _Stream, event: LogEvent, line: PlatformLine) -> tuple[_Run | None, bool]:
        if not line.request_id:
            return None, False
        if event.message[0] == "S":  # the text format; in JSON the report tells
            stream.is_serial = True
        attempts = self._attempts_at(event.stream, line.request_id)
        for run in attempts:
            if run.start_ms == event.timestamp_ms:
                return run, False
        for run in attempts:
            if run.start_ms is None and not _is_before(run, event.timestamp_ms):
                run.invocation.started_ms = min(run.invocation.started_ms, event.timestamp_ms)
                break
        else:
            if stream.is_serial:
                stream.running.clear()  # whatever ran there has ended, though its report is missing
            run = self._open(stream, event, line.request_id)
        run.start_ms = event.timestamp_ms
        run.invocation.version = line.version or run.invocation.version
        return run, True

    def _report(self, stream: _Stream, event: LogEvent, report: Report) -> tuple[_Run, bool]:
        running = stream.running.get(report.request_id)
        if running is not None and running.start_ms is not None and running.start_ms < event.timestamp_ms:
            attempts = [running]
        else:
            attempts = self._attempts_at(event.stream, report.request_id)
        for run in attempts:
            if run.invocation.report is not None and run.invocation.ended_ms == event.timestamp_ms:
                return run, False
        for run in attempts:
            if run.invocation.report is None and (run.start_ms or 0) <= event.timestamp_ms:
                break
        else:
            run = self._open(stream, event, report.request_id)
        if stream.running.get(report.request_id) is run:
            del stream.running[report.request_id]
        stream.last = run
        self._ended.append((event.stream, run))
        if report.billed_ms is not None:
            stream.is_serial = True
        invocation = run.invocation
        invocation.report = report
        invocation.ended_ms = event.timestamp_ms
        # START may be missing, or may have been written together with the report (emulators do).
        invocation.started_ms = min(invocation.started_ms, event.timestamp_ms - int(report.duration_ms))
        _settle(run)
        return run, True

    def _other(self, stream: _Stream, event: LogEvent, line: PlatformLine) -> tuple[_Run | None, bool]:
        is_new = False
        if line.request_id:
            run = self._attempt(event, line.request_id)
            if run is None:
                run = self._open(stream, event, line.request_id)
                is_new = True
        else:
            run = _running(stream, event.timestamp_ms)
            if run is None:
                return None, False
        changed = False
        if line.kind is LineKind.TIMEOUT:
            changed = _fail(run, Outcome.TIMEOUT, "")
        elif line.kind is LineKind.FAULT:
            killed = "signal: killed" in line.text or line.error_type == "Runtime.OutOfMemory"
            changed = _fail(run, Outcome.OUT_OF_MEMORY if killed else Outcome.ERROR, line.error_type)
        elif line.kind is LineKind.END and run.ends_in_trace:
            changed = _fail(run, Outcome.ERROR, "")
        return run, is_new or changed

    def _feed_app(self, stream: _Stream, event: LogEvent, app: AppLine) -> Fed:
        run = self._attempt(event, app.request_id) if app.request_id else None
        if run is None:
            run = _running(stream, event.timestamp_ms)
        if run is None:
            return Fed(-1, False, None, app.level)
        changed = False
        error_type = _unhandled_error(event.message, app.level)
        if error_type is not None:
            changed = _fail(run, Outcome.ERROR, error_type)
        run.ends_in_trace = event.message.startswith("    at ")
        return Fed(run.index, changed, None, app.level)

    def _attempt(self, event: LogEvent, request_id: str) -> _Run | None:
        """The attempt at a request that a line belongs to: the last one that had started by then."""
        running = self._streams[event.stream].running.get(request_id)
        if running is not None and running.invocation.started_ms <= event.timestamp_ms:
            return running  # the last one, and it has begun
        attempts = self._attempts_at(event.stream, request_id)
        if not attempts:
            return None
        begun = [run for run in attempts if run.invocation.started_ms <= event.timestamp_ms]
        return begun[-1] if begun else attempts[0]

    def _open(self, stream: _Stream, event: LogEvent, request_id: str) -> _Run:
        invocation = Invocation(self.function_name, request_id, event.timestamp_ms, event.stream)
        run = _Run(len(self.invocations), invocation)
        self.invocations.append(invocation)
        self._attempts.setdefault((event.stream, request_id), []).append(run)
        stream.running[request_id] = run
        return run

    def _attempts_at(self, stream: str, request_id: str) -> list[_Run]:
        """The attempts at a request, in the order in which they were first seen."""
        key = (stream, request_id)
        attempts = self._attempts.get(key, [])
        if packed := self.invocations.packed_of(request_id, stream):
            for index in packed:
                invocation, start_ms, note = self.invocations.unpack(index)
                failure, error_type, ends_in_trace = cast("tuple[Outcome | None, str, bool]", note)
                run = _Run(index, invocation, start_ms, failure, error_type, ends_in_trace)
                attempts.append(run)
                self._ended.append((stream, run))
            attempts.sort(key=lambda run: run.index)
            self._attempts[key] = attempts
        return attempts

    def _pack(self) -> None:
        """Let go of the objects of runs that have ended; the last of a stream may get further lines."""
        if not self._ended:
            return
        kept = []
        for name, run in self._ended:
            stream, key = self._streams[name], (name, run.invocation.request_id)
            attempts = self._attempts.get(key, [])
            if run not in attempts:
                continue  # it was packed already
            if stream.last is run or stream.running.get(key[1]) is run or stream.plain is run:
                kept.append((name, run))
            elif self.invocations.pack(
                run.index, run.start_ms, (run.failure, run.error_type, run.ends_in_trace)
            ):
                attempts.remove(run)
                if not attempts:
                    del self._attempts[key]
        self._ended = kept


def _is_before(run: _Run, timestamp_ms: int) -> bool:
    ended_ms = run.invocation.ended_ms
    return ended_ms is not None and ended_ms < timestamp_ms


def _running(stream: _Stream, timestamp_ms: int) -> _Run | None:
    """The run that a line without a request id belongs to by stream and time; None where two may be it."""
    if len(stream.running) > 1:
        return None
    runs = [*stream.running.values()]
    if stream.last is not None and not _is_before(stream.last, timestamp_ms):
        runs.append(stream.last)  # the line is late: the next may have started already
    runs = [run for run in runs if run.invocation.started_ms <= timestamp_ms]
    return runs[0] if len(runs) == 1 or (runs and stream.is_serial) else None


def _fail(run: _Run, failure: Outcome, error_type: str) -> bool:
    """Note that a line shows a failure; True when that changes the invocation."""
    # A timeout or a kill tells more than the error lines around it.
    if run.failure in (None, Outcome.ERROR):
        run.failure = failure
    run.error_type = run.error_type or error_type
    return _settle(run)


def _settle(run: _Run) -> bool:
    invocation = run.invocation
    if invocation.report is None:
        return False
    outcome = outcome_of(invocation.report, run.failure)
    error_type = "" if outcome is Outcome.OK else invocation.report.error_type or run.error_type
    changed = (outcome, error_type) != (invocation.outcome, invocation.error_type)
    invocation.outcome, invocation.error_type = outcome, error_type
    return changed


_TELLING_LETTERS = frozenset(" W")  # of the other lines that _unhandled_error and ends_in_trace look at
# "[ERROR] ValueError: text" is the Python runtime's own; a logger's line has a tab after the bracket.
_PYTHON_ERROR = re.compile(r"\[ERROR\] ([A-Za-z_][\w.]{0,200})(?:[:\r\n]|\Z)")
_NODE_ERROR = re.compile(r"\tERROR\t(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s")
_NODE_ERROR_TYPE = re.compile(r'"errorType":"([^"]{1,200})"')


def _unhandled_error(message: str, level: str) -> str | None:
    """The type of the unhandled error that a line tells of (may be empty); None for any other line."""
    if level == "error":
        match = _PYTHON_ERROR.match(message)
        if match is not None:
            return match[1]
        if _NODE_ERROR.search(message, 0, 200) is not None:
            match = _NODE_ERROR_TYPE.search(message, 0, 4096)
            return "" if match is None else match[1]
    # MiniStack writes a traceback line by line; only that of an unhandled error passes through its worker.
    if message.startswith('  File "') and '_worker.py", line ' in message and message.endswith(", in run"):
        return ""
    return "Runtime.ExitError" if message == "Worker process died" else None
