"""What the suggested size would have saved, by the model, of what the runs cost."""

from decimal import Decimal

from lambdadesk.core.headroom import Verdict
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.prices import load_prices
from lambdadesk.core.right_size import right_size
from lambdadesk.core.types import FunctionInfo, Invocation, Outcome, Report
from lambdadesk.core.what_if import Span

PRICES = load_prices()
GB_S = Decimal("0.0000166667")


def columns(count: int, billed_ms: int, memory_mb: int, used_mb: int) -> InvocationColumns:
    return InvocationColumns.from_invocations(
        Invocation(
            "hello",
            f"id-{number}",
            number * 100_000,
            "stream",
            number * 100_000 + billed_ms,
            outcome=Outcome.OK,
            report=Report(f"id-{number}", Decimal(billed_ms), billed_ms, memory_mb, used_mb),
        )
        for number in range(count)
    )


def test_half_the_memory_saves_half_or_nothing() -> None:
    function = FunctionInfo("hello", memory_mb=1024)
    found = right_size(function, columns(200, 1_000, 1024, 400), "us-east-1", PRICES)
    assert (found.headroom.verdict, found.headroom.suggested_mb) == (Verdict.TOO_MUCH, 512)
    assert found.cost == 200 * GB_S
    assert found.saving == Span(Decimal(0), 100 * GB_S)


def test_above_one_cpu_it_saves_for_sure() -> None:
    function = FunctionInfo("hello", memory_mb=4096, architecture="arm64")
    found = right_size(function, columns(200, 1_000, 4096, 2_000), "us-east-1", PRICES)
    assert found.headroom.suggested_mb == 2432
    assert found.saving is not None
    assert found.saving.is_one
    assert found.saving.low == 200 * Decimal(4096 - 2432) / 1024 * Decimal("0.0000133334")


def test_more_memory_costs_more_or_the_same() -> None:
    function = FunctionInfo("hello", memory_mb=128)
    found = right_size(function, columns(200, 1_000, 128, 127), "us-east-1", PRICES)
    assert (found.headroom.verdict, found.headroom.suggested_mb) == (Verdict.TOO_LITTLE, 192)
    assert found.saving is not None
    assert found.saving.high <= 0
    assert found.saving.low == -200 * GB_S / 16


def test_runs_of_other_sizes_are_left_out_and_few_suggest_nothing() -> None:
    function = FunctionInfo("hello", memory_mb=1024)
    mixed = columns(200, 1_000, 512, 400).extended(columns(3, 1_000, 1024, 400))
    found = right_size(function, mixed, "us-east-1", PRICES)
    assert (found.headroom.runs, found.headroom.suggested_mb, found.saving) == (3, None, None)
    assert found.cost == 3 * GB_S
    hourly = FunctionInfo("hello", memory_mb=1024, capacity_provider="arn")
    assert right_size(hourly, columns(200, 1_000, 1024, 400), "us-east-1", PRICES).cost is None
    nothing = right_size(function, InvocationColumns.empty(), "us-east-1", PRICES)
    assert (nothing.cost, nothing.saving) == (None, None)
