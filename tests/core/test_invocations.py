import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.invocations import Fed, InvocationTracker, outcome_of
from lambdadesk.core.platform import LineKind
from lambdadesk.core.types import LogColumns, LogEvent, Outcome, Report

A = "8f507cfc-0000-4697-b07a-ac58fc914c95"
B = "c793869b-0000-415b-a5b6-4fd21e8dedac"


def start(request_id: str = A, version: str = "$LATEST") -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end(request_id: str = A) -> str:
    return f"END RequestId: {request_id}\n"


def report(request_id: str = A, duration: str = "100.00", more: str = "") -> str:
    return (
        f"REPORT RequestId: {request_id}\tDuration: {duration} ms\tBilled Duration: 101 ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 50 MB\t{more}\n"
    )


def record(kind: str, **fields: object) -> str:
    return json.dumps({"time": "2025-01-01T00:00:00Z", "type": f"platform.{kind}", "record": fields})


def feed(tracker: InvocationTracker, *events: tuple[int, str], stream: str = "s") -> list[Fed]:
    return [tracker.feed(LogEvent(timestamp_ms, message, stream)) for timestamp_ms, message in events]


def indices(fed: Iterable[Fed]) -> list[int]:
    return [each.invocation for each in fed]


def test_one_invocation_from_start_to_report() -> None:
    tracker = InvocationTracker("hello")
    fed = feed(
        tracker,
        (900, "INIT_START Runtime Version: python:3.13.v40\tRuntime Version ARN: arn:aws:x"),
        (1000, start(version="7")),
        (1010, "[WARNING]\t2025-08-31T22:12:58.534Z\t" + A + "\tlow on paper"),
        (1020, "printed"),
        (1100, end()),
        (1101, report()),
    )
    assert indices(fed) == [-1, 0, 0, 0, 0, 0]
    assert [each.changed for each in fed] == [False, True, False, False, False, True]
    assert [each.level for each in fed] == ["", "", "warn", "", "", ""]
    assert [each.line.kind if each.line is not None else None for each in fed] == [
        LineKind.INIT_START,
        LineKind.START,
        None,
        None,
        LineKind.END,
        LineKind.REPORT,
    ]
    (invocation,) = tracker.invocations
    assert (invocation.function, invocation.request_id, invocation.stream) == ("hello", A, "s")
    assert (invocation.started_ms, invocation.ended_ms, invocation.version) == (1000, 1101, "7")
    assert invocation.outcome is Outcome.OK
    assert invocation.report is not None
    assert invocation.report.duration_ms == Decimal("100.00")


def test_runs_until_its_report() -> None:
    tracker = InvocationTracker("f")
    feed(tracker, (1000, start()), (1001, "working"))
    (invocation,) = tracker.invocations
    assert (invocation.outcome, invocation.ended_ms) == (Outcome.RUNNING, None)


def test_a_log_that_begins_in_the_middle() -> None:
    tracker = InvocationTracker("f")
    fed = feed(tracker, (1050, "half way"), (1101, report()))
    assert indices(fed) == [-1, 0]
    assert tracker.invocations[0].started_ms == 1001


def test_everything_written_at_the_end_with_one_timestamp() -> None:
    tracker = InvocationTracker("f")
    fed = feed(tracker, (1100, start()), (1100, "printed"), (1100, end()), (1100, report()))
    assert indices(fed) == [0, 0, 0, 0]
    assert (tracker.invocations[0].started_ms, tracker.invocations[0].ended_ms) == (1000, 1100)


def test_a_report_before_its_start_is_one_invocation() -> None:
    tracker = InvocationTracker("f")
    fed = feed(tracker, (1101, report()), (1000, start(version="3")), (1100, end()), (1050, "late line"))
    assert indices(fed) == [0, 0, 0, 0]
    (invocation,) = tracker.invocations
    assert (invocation.started_ms, invocation.ended_ms, invocation.version) == (1000, 1101, "3")


LIFE = [(1000, start()), (1020, "line"), (1100, end()), (1101, report())]


@given(st.permutations([0, 1, 2, 3]), st.lists(st.integers(0, 3), max_size=6))
def test_no_order_and_no_repetition_makes_a_second_invocation(order: list[int], again: list[int]) -> None:
    tracker = InvocationTracker("f")
    feed(tracker, *(LIFE[index] for index in [*order, *again]))
    (invocation,) = tracker.invocations
    assert (invocation.started_ms, invocation.ended_ms) == (1000, 1101)
    assert invocation.outcome is Outcome.OK


def test_the_same_again_changes_nothing() -> None:
    tracker = InvocationTracker("f")
    feed(tracker, *LIFE)
    before = [replace(each) for each in tracker.invocations]
    assert not any(each.changed for each in feed(tracker, *LIFE))
    assert list(tracker.invocations) == before


def test_one_after_the_other_in_a_stream() -> None:
    tracker = InvocationTracker("f")
    fed = feed(
        tracker,
        *LIFE,
        (1150, "between the two: nobody's"),
        (1200, start(B)),
        (1201, "of the second"),
        (1090, "late, of the first"),
        (1300, report(B)),
    )
    assert indices(fed) == [0, 0, 0, 0, -1, 1, 1, 0, 1]


def test_streams_do_not_mix() -> None:
    tracker = InvocationTracker("f")
    feed(tracker, (1000, start(A)), stream="one")
    feed(tracker, (1000, start(B)), stream="two")
    assert indices(feed(tracker, (1001, "line"), stream="one")) == [0]
    assert indices(feed(tracker, (1001, "line"), stream="two")) == [1]
    assert indices(feed(tracker, (1001, "line"), stream="three")) == [-1]


def test_retries_with_the_same_request_id_are_invocations_of_their_own() -> None:
    tracker = InvocationTracker("f")
    first, second = LIFE, [(time + 60_000, text) for time, text in LIFE]
    assert indices(feed(tracker, *first, *second)) == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [each.started_ms for each in tracker.invocations] == [1000, 61_000]
    # Read again from the start, every line finds its own attempt, or none if it has no request id.
    assert indices(feed(tracker, *first, *second)) == [0, -1, 0, 0, 1, 1, 1, 1]
    third = [(time + 180_000, text) for time, text in LIFE]
    assert indices(feed(tracker, *third, stream="another environment")) == [2, 2, 2, 2]


def test_a_retry_seen_by_its_report_only() -> None:
    tracker = InvocationTracker("f")
    assert indices(feed(tracker, (1101, report()), (61_101, report()))) == [0, 1]
    assert indices(feed(tracker, (61_000, start()), (1000, start()))) == [1, 0]


def test_interleaved_requests_of_managed_instances() -> None:
    tracker = InvocationTracker("f")
    done = {"status": "success", "metrics": {"durationMs": 30.5}}
    fed = feed(
        tracker,
        (1, record("initStart", initializationType="lambda-managed-instances", phase="init")),
        (1000, record("start", requestId=A, version="4")),
        (1001, record("start", requestId=B, version="4")),
        (1002, json.dumps({"level": "ERROR", "requestId": A, "message": "of A"})),
        (1003, json.dumps({"level": "INFO", "requestId": B, "message": "of B"})),
        (1004, "printed: whose?"),
        (1031, record("report", requestId=B, **done)),
        (1032, "printed: A is the only one left"),
        (1030, "printed late: whose?"),
        (1040, record("report", requestId=A, **done)),
    )
    assert indices(fed) == [-1, 0, 1, 0, 1, -1, 1, 0, -1, 0]
    assert [each.outcome for each in tracker.invocations] == [Outcome.OK, Outcome.OK]
    assert tracker.invocations[0].report == Report(A, Decimal("30.5"), status="success")


def test_a_missing_report_does_not_leave_later_lines_without_an_owner() -> None:
    tracker = InvocationTracker("f")
    fed = feed(tracker, (1000, start(A)), (2000, start(B)), (2001, "of B"))
    assert indices(fed) == [0, 1, 1]
    assert tracker.invocations[0].outcome is Outcome.RUNNING


def test_a_request_id_of_somebody_else_goes_to_the_running_invocation() -> None:
    tracker = InvocationTracker("f")
    fed = feed(tracker, (1000, start(A)), (1001, json.dumps({"requestId": "of-another-service"})))
    assert indices(fed) == [0, 0]


@pytest.mark.parametrize(
    ("lines", "more", "outcome", "error_type"),
    [
        ([], "", Outcome.OK, ""),
        (["[ERROR]\t2025-08-31T22:12:58.534Z\t" + A + "\tlogged, but handled"], "", Outcome.OK, ""),
        (
            ["[ERROR] ValueError: negative\nTraceback (most recent call last):\n"],
            "",
            Outcome.ERROR,
            "ValueError",
        ),
        (
            ["[ERROR] Runtime.ImportModuleError: Unable to import module 'app'"],
            "",
            Outcome.ERROR,
            "Runtime.ImportModuleError",
        ),
        (
            [f'2025-01-01T00:00:00.000Z\t{A}\tERROR\tInvoke Error \t{{"errorType":"RangeError","stack":[]}}'],
            "",
            Outcome.ERROR,
            "RangeError",
        ),
        ([f"2025-01-01T00:00:00.000Z\t{A}\tERROR\tlogged, but handled"], "", Outcome.OK, ""),
        ([f"2024-03-04T17:22:38.033Z {A} Task timed out after 3.00 seconds\n"], "", Outcome.TIMEOUT, ""),
        (["Task timed out after 2.00 seconds"], "", Outcome.TIMEOUT, ""),
        (
            [f"RequestId: {A} Error: Runtime exited with error: signal: killed\nRuntime.ExitError"],
            "",
            Outcome.OUT_OF_MEMORY,
            "Runtime.ExitError",
        ),
        (
            [f"RequestId: {A} Error: Runtime exited without providing a reason\nRuntime.ExitError"],
            "",
            Outcome.ERROR,
            "Runtime.ExitError",
        ),
        ([], "Status: timeout", Outcome.TIMEOUT, ""),
        ([], "Status: error\tError Type: Runtime.ExitError", Outcome.ERROR, "Runtime.ExitError"),
        (
            [],
            "Status: error\tError Type: Runtime.OutOfMemory",
            Outcome.OUT_OF_MEMORY,
            "Runtime.OutOfMemory",
        ),
        # An emulator that writes tracebacks line by line, and only for what the handler did not catch.
        (
            [
                "Traceback (most recent call last):",
                '  File "/tmp/_worker.py", line 128, in run',
                "ValueError: x",
            ],
            "",
            Outcome.ERROR,
            "",
        ),
        (
            ["Traceback (most recent call last):", '  File "/tmp/index.py", line 3, in f', "E"],
            "",
            Outcome.OK,
            "",
        ),
        (["Error: nope", "    at handler (file:///tmp/index.mjs:1:86)"], "", Outcome.ERROR, ""),
        (["Error: nope", "    at handler (file:///tmp/index.mjs:1:86)", "went on"], "", Outcome.OK, ""),
        (["Worker process died"], "", Outcome.ERROR, "Runtime.ExitError"),
    ],
)
def test_outcomes_in_the_text_format(lines: list[str], more: str, outcome: Outcome, error_type: str) -> None:
    tracker = InvocationTracker("f")
    feed(
        tracker, (1000, start()), *((1050, line) for line in lines), (1100, end()), (1101, report(more=more))
    )
    (invocation,) = tracker.invocations
    assert (invocation.outcome, invocation.error_type) == (outcome, error_type)


@pytest.mark.parametrize(
    ("status", "error_type", "outcome"),
    [
        ("success", None, Outcome.OK),
        ("error", "ValueError", Outcome.ERROR),
        ("failure", "Runtime.ExitError", Outcome.ERROR),
        ("failure", "Runtime.OutOfMemory", Outcome.OUT_OF_MEMORY),
        ("timeout", None, Outcome.TIMEOUT),
    ],
)
def test_outcomes_in_the_json_format(status: str, error_type: str | None, outcome: Outcome) -> None:
    tracker = InvocationTracker("f")
    metrics = {"durationMs": 100.5, "billedDurationMs": 101, "memorySizeMB": 128, "maxMemoryUsedMB": 50}
    more = {} if error_type is None else {"errorType": error_type}
    feed(
        tracker,
        (1000, record("start", requestId=A, version="$LATEST")),
        (1101, record("report", requestId=A, status=status, metrics=metrics, **more)),
    )
    (invocation,) = tracker.invocations
    assert (invocation.outcome, invocation.error_type) == (outcome, error_type or "")
    assert invocation.report is not None
    assert invocation.report.billed_ms == 101


def test_a_failure_that_is_read_after_the_report_still_counts() -> None:
    tracker = InvocationTracker("f")
    fed = feed(tracker, (1000, start()), (1101, report()), (1050, "[ERROR] KeyError: 'x'"))
    assert fed[-1] == Fed(0, True, None, "error")
    assert (tracker.invocations[0].outcome, tracker.invocations[0].error_type) == (Outcome.ERROR, "KeyError")


def test_a_timeout_without_its_start() -> None:
    tracker = InvocationTracker("f")
    fed = feed(
        tracker,
        (4000, f"2024-03-04T17:22:38.033Z {A} Task timed out after 3.00 seconds"),
        (4001, report(duration="3000.00")),
    )
    assert indices(fed) == [0, 0]
    assert tracker.invocations[0].outcome is Outcome.TIMEOUT
    assert tracker.invocations[0].started_ms == 1001


def test_what_the_report_says_outranks_the_lines() -> None:
    assert outcome_of(Report(A, Decimal(1), status="success"), Outcome.ERROR) is Outcome.OK
    assert outcome_of(Report(A, Decimal(1), status="error"), Outcome.OUT_OF_MEMORY) is Outcome.OUT_OF_MEMORY
    assert outcome_of(Report(A, Decimal(1), status="timeout"), Outcome.ERROR) is Outcome.TIMEOUT
    assert outcome_of(Report(A, Decimal(1))) is Outcome.OK


mixtures = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.sampled_from(
            [
                start(A),
                start(B),
                end(A),
                report(A, "5.00"),
                report(B, "5.00"),
                "text",
                "",
                "{}",
                "    at x",
                f"2026-01-02T03:04:05.678Z\t{A}\tINFO\ttext",
                "[ERROR] KeyError: 1",
            ]
        ),
        st.sampled_from(["one", "two"]),
    ),
    max_size=40,
)


@given(mixtures)
def test_any_mixture_keeps_indices_and_times_in_order(events: list[tuple[int, str, str]]) -> None:
    tracker = InvocationTracker("f")
    known = 0
    for timestamp_ms, message, stream in events:
        fed = tracker.feed(LogEvent(timestamp_ms, message, stream))
        assert -1 <= fed.invocation < len(tracker.invocations)
        assert len(tracker.invocations) - known in (0, 1)
        known = len(tracker.invocations)
    reports = {(stream, text, time) for time, text, stream in events if text.startswith("REPORT")}
    assert sum(each.report is not None for each in tracker.invocations) == len(reports)
    for each in tracker.invocations:
        assert each.ended_ms is None or each.started_ms <= each.ended_ms


@given(mixtures, st.integers(1, 40))
def test_many_at_once_are_told_as_one_by_one(mixture: list[tuple[int, str, str]], cut: int) -> None:
    events = [LogEvent(*each) for each in mixture]
    one, many = InvocationTracker("f"), InvocationTracker("f")
    single = [one.feed(event) for event in events]
    for start_at in range(0, len(events), cut):
        expected = single[start_at : start_at + cut]
        fed = many.feed_all(LogColumns.of(events[start_at : start_at + cut]))
        assert fed.invocations == [each.invocation for each in expected]
        assert fed.levels == [each.level for each in expected]
        assert fed.lines == {at: each.line for at, each in enumerate(expected) if each.line is not None}
        assert fed.changed == {each.invocation for each in expected if each.changed}
    assert list(many.invocations) == list(one.invocations)
