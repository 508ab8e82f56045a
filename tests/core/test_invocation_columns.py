"""Columns hold what the ledger does: each invocation once, and sums to the last digit."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.invocation_columns import OUTCOMES, UNKNOWN, InvocationColumns, Source
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import Cost, Invocation, InvocationType, Outcome, Report

START_MS = 1_790_000_000_000
STREAM = "2026/11/27/[$LATEST]0123"
PRICE = Decimal("0.0000166667") * Decimal("0.875")  # with a discount


def request(number: int) -> str:
    return str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)))


def run(number: int, at_ms: int, took_ms: str = "15.74", stream: str = STREAM, **more: object) -> Invocation:
    facts = {
        "version": "$LATEST",
        "outcome": Outcome.OK,
        "report": Report(request(number), Decimal(took_ms), int(Decimal(took_ms)) + 1, 128, 56),
        "ended_ms": START_MS + at_ms + int(Decimal(took_ms)),
        **more,
    }
    return Invocation("f", request(number), START_MS + at_ms, stream, **facts)  # type: ignore[arg-type]


def priced(invocation: Invocation, exact: bool = True) -> Invocation:
    report = invocation.report
    assert report is not None
    assert report.billed_ms is not None
    assert report.memory_mb is not None
    amount = Decimal("0.0000002") + Decimal(report.billed_ms * report.memory_mb) / 1_024_000 * PRICE
    return replace(invocation, cost=Cost(amount, "USD", exact))


def facts(columns: InvocationColumns) -> list[Invocation]:
    return list(columns.invocations("f"))


def test_every_fact_comes_back() -> None:
    runs = [
        priced(run(1, 0)),
        run(
            *(2, 5, "3016.78", "2026/11/27/[7]9"),
            version="7",
            outcome=Outcome.TIMEOUT,
            report=Report(request(2), Decimal("3016.78"), 3101, 128, 31, Decimal("84.00")),
            here=True,
        ),
        run(
            *(3, 9),
            outcome=Outcome.ERROR,
            error_type="ValueError",
            report=Report(
                request(3), Decimal("306.34"), 610, 3009, 155, None, Decimal("511.25"), 303, "", "ValueError"
            ),
        ),
        run(4, 12, report=None, stream="", here=True),  # the answer told nothing of its time
        run(5, 13, report=Report(request(5), Decimal("1.148"))),  # Managed Instances
        replace(run(6, 14, report=None), request_id="not a UUID"),
        replace(run(7, 15, report=None), request_id="0FC78B42-F6E0-400A-BE91-71C5D1EADB9A"),
        replace(run(8, 16, report=None), request_id="00000000-0000-0000-0000-000000000007"),
    ]
    running = run(9, 20, outcome=Outcome.RUNNING, report=None)
    columns = InvocationColumns.from_invocations([running, *reversed(runs)])
    assert facts(columns) == runs
    assert columns.cold.tolist() == [False, True, True, False, False, False, False, False]
    assert columns.failed.tolist() == [False, True, True, False, False, False, False, False]
    assert columns.source.tolist() == [0, 0, 0, Source.HERE, 0, 0, 0, 0]
    assert np.isnan(columns.duration_ms[3])
    assert columns.billed_ms[4] == UNKNOWN


def test_parts_of_the_columns() -> None:
    runs = [run(number, number * 10, version="7" if number % 3 else "$LATEST") for number in range(20)]
    columns = InvocationColumns.from_invocations(runs)
    assert facts(columns.between(START_MS + 30, START_MS + 60)) == runs[3:6]
    assert facts(columns.of_version("7")) == [each for each in runs if each.version == "7"]
    assert len(columns.of_version("8")) == len(columns.between(0, 5)) == len(InvocationColumns.empty()) == 0
    assert facts(columns.where(columns.started_ms > START_MS + 170)) == runs[18:]
    assert InvocationColumns.empty().totals().invocations == 0
    assert facts(InvocationColumns.empty().extended(columns)) == runs


def test_a_run_made_here_and_then_seen_in_the_log_is_one() -> None:
    answered = run(1, 0, stream="", here=True)
    retried = [run(1, 20), run(1, 60_000)]  # two attempts at one request
    other = run(2, 5, stream="", here=True)
    nameless = [replace(run(3, at, stream="", here=True, report=None), request_id="") for at in (7, 8)]
    before = InvocationColumns.from_invocations([answered, other, *nameless])
    after = before.extended(InvocationColumns.from_invocations(retried))
    assert facts(after) == [other, *nameless, *retried]
    assert facts(InvocationColumns.from_invocations(retried).extended(before)) == [other, *nameless, *retried]


def test_the_newer_reading_wins_and_the_source_is_its() -> None:
    early = InvocationColumns.from_invocations([run(1, 5), run(2, 6)], Source.KEPT)
    late = InvocationColumns.from_invocations([run(1, 3, "17.74", outcome=Outcome.TIMEOUT)])
    both = early.extended(late)
    assert facts(both) == [run(1, 3, "17.74", outcome=Outcome.TIMEOUT), run(2, 6)]
    assert both.source.tolist() == [Source.LIVE, Source.KEPT]


def test_costs_of_another_currency_are_not_added() -> None:
    yuan = replace(run(1, 0), cost=Cost(Decimal("0.5"), "CNY"))
    dollars = replace(run(2, 10), cost=Cost(Decimal("0.25"), "USD", exact=False))
    totals = InvocationColumns.from_invocations([yuan, dollars]).totals()
    assert (totals.cost, totals.unknown_cost, totals.exact) == (Decimal("0.25"), 1, False)
    columns = InvocationColumns.from_invocations([yuan, dollars, run(3, 20)])
    assert [columns.cost_at(row) for row in range(3)] == [Decimal("0.5"), Decimal("0.25"), None]
    assert np.isnan(columns.cost[2])


def test_an_invocation_takes_less_than_150_bytes() -> None:
    runs = [priced(run(number, number, stream=f"{STREAM}{number % 40:028x}")) for number in range(4_000)]
    assert InvocationColumns.from_invocations(runs).bytes_per_row < 120


seen = st.builds(
    lambda number, at, took, stream, outcome: priced(
        run(number, at, str(took), STREAM + stream, outcome=outcome), number % 2 == 0
    ),
    st.integers(0, 6),
    st.integers(0, 3_000_000),
    st.decimals(0, 900_000, places=2),
    st.sampled_from("ab"),
    st.sampled_from(OUTCOMES),
)


@settings(max_examples=50)
@given(st.lists(st.lists(seen, max_size=6), max_size=4))
def test_sums_equal_the_ledgers_whatever_the_parts(parts: Sequence[Sequence[Invocation]]) -> None:
    costs = {each.report: each.cost for part in parts for each in part}
    ledger = InvocationLedger(lambda _function, report, _kind, _bytes: costs[report])
    columns, of_all = InvocationColumns.empty(), []
    known: dict[object, Invocation] = {}
    for part in parts:
        fresh = list({_key(each): each for each in reversed(part) if _key(each) not in known}.values())
        known |= {_key(each): each for each in fresh}
        ledger.add_seen("f", *fresh)
        of_all.append(InvocationColumns.from_invocations(part))
        columns = columns.extended(InvocationColumns.from_invocations(fresh))
    totals = columns.totals()
    assert totals == ledger.totals("f")
    assert str(totals.cost) == str(sum((each.amount for each in _costs(ledger)), Decimal(0)).normalize())
    assert {_key(each): each for each in facts(columns)} == known
    order = [(each.started_ms, each.ended_ms, each.request_id) for each in facts(columns)]
    assert order == sorted(order, key=lambda each: (each[0], min(each[1] or 0, each[0] + 2**20 - 1), each[2]))
    merged = InvocationColumns.merged(of_all)
    assert len(merged) == len(columns)


def _key(invocation: Invocation) -> tuple[str, str, int | None]:
    return invocation.stream, invocation.request_id, invocation.ended_ms


def _costs(ledger: InvocationLedger) -> list[Cost]:
    return [each.cost for each in ledger.of("f") if each.cost is not None]


def test_a_run_of_the_ledger_that_is_under_way_is_left_out() -> None:
    ledger = InvocationLedger(lambda *_: None)
    ledger.add_here("f", InvocationType.EVENT, "$LATEST", request(1), 1, 2, outcome=Outcome.QUEUED)
    assert len(InvocationColumns.from_invocations(ledger.of("f"))) == 0
