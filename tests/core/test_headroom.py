"""What memory was used, against what is set, and what that says; and what it does not say."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.headroom import LEAST_MB, MOST_MB, Headroom, Verdict, headroom, with_margin
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.types import Invocation, Outcome, Report

START_MS = 1_790_000_000_000
DAY_MS = 86_400_000


def run(
    number: int, used_mb: int | None, size_mb: int | None = 512, outcome: Outcome = Outcome.OK, at_ms: int = 0
) -> Invocation:
    report = Report(f"r{number}", Decimal(5), 5, size_mb, used_mb)
    started_ms = START_MS + number * 1_000 + at_ms
    return Invocation(
        *("f", f"r{number}", started_ms, f"stream {number % 7}", started_ms + 5, "7", outcome), report=report
    )


def judge(*runs: Invocation, memory_mb: int | None = None) -> Headroom:
    return headroom(InvocationColumns.from_invocations(runs), memory_mb)


def many(used_mb: int, size_mb: int = 512, count: int = 200) -> list[Invocation]:
    """So many runs over ten days, one of which used the most."""
    step_ms = 10 * DAY_MS // count
    return [run(each, used_mb - 10 * (each != 50), size_mb, at_ms=each * step_ms) for each in range(count)]


def test_too_much() -> None:
    found = judge(*many(200, 1_024))
    assert (found.verdict, found.suggested_mb) == (Verdict.TOO_MUCH, 256)  # 200 and a fifth is 240
    assert (found.used_most_mb, found.used_p99_mb, found.spare_mb) == (200, 190, 824)
    assert found.peak_share == 200 / 1_024
    assert (found.runs, found.environments, found.killed) == (200, 7, 0)
    assert found.observed_ms > 9 * DAY_MS
    assert found.notes == ("The CPU shrinks with the memory: it may run longer, and then cost no less.",)


def test_fits() -> None:
    found = judge(*many(420))
    assert (found.verdict, found.suggested_mb, found.notes) == (Verdict.FITS, 512, ())


def test_too_little() -> None:
    found = judge(*many(465))
    assert (found.verdict, found.suggested_mb, found.notes) == (Verdict.TOO_LITTLE, 576, ())
    found = judge(*many(10_240, 10_240))
    assert (found.verdict, found.suggested_mb) == (Verdict.TOO_LITTLE, MOST_MB)
    assert found.notes == ("10,240 MB is the most that Lambda gives.",)


def test_a_kill_counts_whatever_was_used() -> None:
    found = judge(run(1, 511, outcome=Outcome.OUT_OF_MEMORY), run(2, 200))
    assert (found.verdict, found.killed, found.suggested_mb) == (Verdict.TOO_LITTLE, 1, 768)
    assert "killed" in found.notes[0]


def test_few_runs_suggest_nothing_smaller_but_something_larger() -> None:
    few = judge(*many(100, count=99))
    assert (few.verdict, few.suggested_mb) == (Verdict.UNKNOWN, None)
    assert few.notes == ("Only 99 runs were seen; it takes 100 to suggest a smaller size.",)
    assert judge(run(1, 500)).verdict is Verdict.TOO_LITTLE


def test_a_short_time_and_one_environment_are_said() -> None:
    runs = [run(each * 7, 100, 1_024) for each in range(100)]
    found = judge(*runs)
    assert found.verdict is Verdict.TOO_MUCH
    assert found.environments == 1
    assert "less than 7 days" in found.notes[0]
    assert "one execution environment" in found.notes[1]


def test_another_size_is_left_out() -> None:
    runs = [run(0, 500, 1_024), run(1, None, None), *(run(each, 100) for each in range(2, 150))]
    found = judge(*runs)
    assert (found.memory_mb, found.runs, found.other_runs, found.unreported) == (512, 148, 1, 1)
    assert found.used_most_mb == 100
    assert "1 run was of another memory size: left out." in found.notes
    assert judge(*runs, memory_mb=1_024).used_most_mb == 500
    assert judge(*runs, memory_mb=2_048).verdict is Verdict.UNKNOWN


def test_nothing_is_known_of_nothing() -> None:
    found = judge()
    assert (found.verdict, found.memory_mb, found.peak_share, found.spare_mb) == (
        Verdict.UNKNOWN,
        *[None] * 3,
    )
    assert found.observed_ms == 0
    assert judge(run(1, None), memory_mb=512).notes[0] == "No report tells how much memory was used."


@given(st.integers(1, 10_240))
def test_the_margin_holds_up_to_what_lambda_gives(used_mb: int) -> None:
    size = with_margin(used_mb)
    assert LEAST_MB <= size <= MOST_MB
    assert size % 64 == 0
    if size < MOST_MB:
        assert size >= used_mb * 1.2 == pytest.approx(used_mb * 1.2)
        assert size == LEAST_MB or size - 64 < used_mb * 1.2
