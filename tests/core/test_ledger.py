from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.cost import gb_seconds, invocation_cost
from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.ledger import InvocationLedger, Totals
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import (
    Cost,
    FunctionInfo,
    Invocation,
    InvocationType,
    LogEvent,
    Outcome,
    Report,
)

PRICES = load_prices()
FUNCTION = FunctionInfo("f", runtime="python3.13")
A, B = (f"0a1b2c3d-0000-4000-8000-00000000000{digit}" for digit in "12")
SYNC, EVENT = InvocationType.REQUEST_RESPONSE, InvocationType.EVENT


def price(_function: str, report: Report, kind: InvocationType | None, payload_bytes: int) -> Cost | None:
    return invocation_cost(report, FUNCTION, "us-east-1", PRICES, kind=kind, payload_bytes=payload_bytes)


def ledger(*, match_by_time: bool = False) -> InvocationLedger:
    return InvocationLedger(price, match_by_time=match_by_time)


def report(request_id: str, billed_ms: int = 100) -> Report:
    return Report(request_id, Decimal(billed_ms), billed_ms, 128, 50)


def seen(request_id: str, started_ms: int, ended_ms: int, **changes: Any) -> Invocation:
    invocation = Invocation(
        "f",
        request_id,
        started_ms,
        f"stream of {request_id}",
        ended_ms,
        outcome=Outcome.OK,
        report=report(request_id, ended_ms - started_ms),
    )
    return replace(invocation, **changes)


def add_here(
    book: InvocationLedger, request_id: str, sent_ms: int, received_ms: int, **changes: Any
) -> Invocation:
    arguments: dict[str, Any] = {"kind": SYNC, "report": None, "outcome": Outcome.OK, **changes}
    return book.add_here(
        "f",
        arguments.pop("kind"),
        "$LATEST",
        request_id,
        sent_ms,
        received_ms,
        arguments.pop("report"),
        **arguments,
    )


def test_nothing_is_known_of_a_function_at_first() -> None:
    book = ledger()
    assert book.functions() == []
    assert list(book.of("f")) == []
    assert book.totals("f") == Totals()


def test_several_readers_report_the_same_invocation() -> None:
    book = ledger()
    book.add_seen("f", seen("a", 1000, 1100))
    book.add_seen("f", seen("a", 1000, 1100))
    (invocation,) = book.of("f")
    assert invocation.cost == price("f", report("a"), None, 0)
    assert book.totals("f") == Totals(1, 0, Decimal("0.0125"), Decimal("0.00000040833375"), True, 0)
    assert book.functions() == ["f"]


def test_changed_is_emitted_once_a_batch_and_only_for_changes() -> None:
    book = ledger()
    names: list[str] = []
    book.changed.connect(names.append)
    book.add_seen("f", seen("a", 1000, 1100), seen("b", 1000, 1100))
    assert names == ["f"]
    book.add_seen("f", seen("a", 1000, 1100))
    book.add_seen("f", replace(seen("c", 1000, 1100), outcome=Outcome.RUNNING, ended_ms=None))
    assert names == ["f"]
    add_here(book, "a", 900, 1200)
    add_here(book, "a", 900, 1200)
    assert names == ["f", "f"]


def test_records_made_here_are_told_of_when_more_is_known_of_them() -> None:
    book = ledger()
    told: list[list[Invocation]] = []
    book.here_changed.connect(told.append)
    book.add_seen("f", seen("b", 1000, 1100))
    assert told == []
    one, other = add_here(book, "a", 900, 1200), add_here(book, "b", 900, 1200)
    told.clear()
    book.add_seen("f", seen("a", 1000, 1100), seen("c", 1000, 1100))
    ((changed,),) = told
    assert changed is one
    assert changed is not other


def test_what_is_to_be_matched_later_waits_for_the_log_or_for_a_word() -> None:
    book = ledger(match_by_time=True)
    book.add_seen("f", seen("x", 1000, 1100))
    record = add_here(book, "a", 990, 1110, match_later=True)
    assert len(book.of("f")) == 2
    book.match("f")
    assert len(book.of("f")) == 1
    assert book.of("f")[0] is record  # though the one that was seen came first
    assert record.report == report("x")


def test_a_running_invocation_counts_once_it_has_ended() -> None:
    book, tracker = ledger(), InvocationTracker("f")
    tracker.feed(LogEvent(1000, "START RequestId: a Version: 3", "s"))
    book.add_seen("f", tracker.invocations[0])
    assert book.totals("f").invocations == 0
    tracker.feed(
        LogEvent(
            1100,
            "REPORT RequestId: a\tDuration: 99.10 ms\tBilled Duration: 100 ms\tMemory Size: 128 MB\t"
            "Max Memory Used: 50 MB",
            "s",
        )
    )
    book.add_seen("f", tracker.invocations[0])
    assert book.totals("f") == Totals(1, 0, Decimal("0.0125"), Decimal("0.00000040833375"))
    # A failure that the tracker only finds afterwards changes the record.
    tracker.feed(LogEvent(1050, "[ERROR] KeyError: 'x'", "s"))
    book.add_seen("f", tracker.invocations[0])
    assert book.totals("f").errors == 1
    assert book.of("f")[0].error_type == "KeyError"


def test_a_reader_that_came_late_takes_nothing_away() -> None:
    whole = seen("a", 1000, 1100, outcome=Outcome.ERROR, error_type="E", version="3")
    late = seen("a", 1001, 1100)
    for order in ([whole, late], [late, whole]):
        book = ledger()
        book.add_seen("f", *order)
        (invocation,) = book.of("f")
        assert (invocation.started_ms, invocation.version) == (1000, "3")
        assert (invocation.outcome, invocation.error_type) == (Outcome.ERROR, "E")
        assert book.totals("f").errors == 1


def test_an_invocation_made_here_is_found_in_the_log_by_its_id() -> None:
    for here_first in (True, False):
        book = ledger()
        if here_first:
            add_here(book, "a", 990, 1110)
        book.add_seen("f", seen("other", 1000, 1100), seen("a", 1000, 1100))
        if not here_first:
            add_here(book, "a", 990, 1110)
        assert {each.request_id: each.here for each in book.of("f")} == {"other": False, "a": True}
        assert book.totals("f").invocations == 2


def test_the_id_of_the_report_in_the_answer_counts_too() -> None:
    book = ledger()
    add_here(book, "id of the answer", 990, 1110, report=report("a"))
    book.add_seen("f", seen("a", 1000, 1100))
    (invocation,) = book.of("f")
    assert invocation.here


def test_where_ids_agree_times_do_not_join() -> None:
    book = ledger()
    add_here(book, "a", 990, 1110)
    book.add_seen("f", seen("somebody else's", 1000, 1100))
    assert len(book.of("f")) == 2


def test_the_record_of_an_invocation_made_here_fills_in_place() -> None:
    book = ledger(match_by_time=True)
    record = add_here(book, "answer", 990, 1110)
    assert (record.here, record.outcome, record.report, record.cost) == (True, Outcome.OK, None, None)
    assert book.totals("f") == Totals(1, unknown_cost=1)
    book.add_seen("f", seen("log", 1000, 1100))
    assert list(book.of("f")) == [record]
    assert (record.request_id, record.stream, record.started_ms) == ("log", "stream of log", 1000)
    assert record.cost is not None
    assert book.totals("f") == Totals(1, 0, Decimal("0.0125"), Decimal("0.00000040833375"))


def test_the_report_of_the_answer_is_priced_before_the_log_is_read() -> None:
    book = ledger()
    record = add_here(book, "a", 990, 1110, report=report("a"))
    assert record.cost == price("f", report("a"), None, 0)
    before = book.totals("f")
    book.add_seen("f", seen("a", 1000, 1100))
    assert book.totals("f") == before


@pytest.mark.parametrize(
    ("started_ms", "ended_ms", "is_same"),
    [(950, 1150, True), (949, 1100, False), (1000, 1151, False), (1000, 1100, True), (1200, 1300, False)],
)
def test_times_of_an_answered_invocation(started_ms: int, ended_ms: int, is_same: bool) -> None:
    book = ledger(match_by_time=True)
    add_here(book, "answer", 1000, 1100)
    book.add_seen("f", seen("log", started_ms, ended_ms))
    assert len(book.of("f")) == (1 if is_same else 2)


@pytest.mark.parametrize(("late_ms", "is_same"), [(-51, False), (0, True), (60_000, True), (60_001, False)])
@pytest.mark.parametrize(("kind", "outcome"), [(EVENT, Outcome.QUEUED), (SYNC, Outcome.UNKNOWN)])
def test_times_of_an_invocation_whose_end_is_not_known(
    kind: InvocationType, outcome: Outcome, late_ms: int, is_same: bool
) -> None:
    book = ledger(match_by_time=True)
    record = add_here(book, "answer", 1000, 1005, kind=kind, outcome=outcome)
    assert book.totals("f").invocations == 0
    book.add_seen("f", seen("log", 1000 + late_ms, 91_000 + late_ms))
    assert len(book.of("f")) == (1 if is_same else 2)
    assert record.outcome is (Outcome.OK if is_same else outcome)
    assert book.totals("f").invocations == 1


def test_the_closest_in_time_are_joined_one_to_one() -> None:
    book = ledger(match_by_time=True)
    first = add_here(book, "h1", 1000, 1200)
    second = add_here(book, "h2", 1040, 1240)
    book.add_seen("f", seen("s2", 1045, 1235), seen("s1", 1005, 1195), seen("s3", 1020, 1220))
    assert (first.request_id, second.request_id) == ("s1", "s2")
    assert sorted((each.request_id, each.here) for each in book.of("f")) == [
        ("s1", True),
        ("s2", True),
        ("s3", False),
    ]


def test_an_id_that_agrees_parts_what_times_had_joined() -> None:
    book = ledger(match_by_time=True)
    record = add_here(book, "a", 1000, 1100)
    book.add_seen("f", seen("somebody else's", 1000, 1100))
    assert len(book.of("f")) == 1
    book.add_seen("f", seen("a", 1010, 1090))
    assert record.request_id == "a"
    assert sorted((each.request_id, each.here) for each in book.of("f")) == [
        ("a", True),
        ("somebody else's", False),
    ]
    assert book.totals("f").invocations == 2


def test_a_better_reading_of_its_start_parts_what_times_had_joined() -> None:
    book = ledger(match_by_time=True)
    record = add_here(book, "answer", 1000, 1100)
    book.add_seen("f", seen("log", 1010, 1090))
    assert len(book.of("f")) == 1
    book.add_seen("f", seen("log", 900, 1090))
    assert (len(book.of("f")), record.request_id) == (2, "answer")


def test_what_is_settled_is_open_again_where_its_id_turns_out_to_be_another() -> None:
    book = ledger()
    book.add_seen("f", seen("a", 1000, 1100), seen("b", 1000, 1100))
    add_here(book, "", 1000, 1100, report=report("a"))
    assert [(each.request_id, each.here) for each in book.of("f")] == [("a", True), ("b", False)]
    add_here(book, "", 1000, 1100, report=report("b"))
    assert sorted((each.request_id, each.here) for each in book.of("f")) == [("a", False), ("b", True)]


def test_who_shares_an_id_is_told_apart_though_one_was_settled() -> None:
    book = ledger()
    late = add_here(book, "a", 2000, 2100)
    book.add_seen("f", seen("a", 1000, 1100))
    assert late.stream
    early = add_here(book, "a", 1000, 1100)
    assert (early.stream, late.stream) == ("stream of a", "")
    book.add_seen("f", seen("a", 2000, 2100))
    assert (early.started_ms, late.started_ms, late.stream) == (1000, 2000, "stream of a")
    assert book.totals("f").invocations == len(book.of("f")) == 2


def test_retries_of_an_event_are_counted_and_the_first_was_made_here() -> None:
    book = ledger()
    record = add_here(book, "a", 1000, 1005, kind=EVENT, outcome=Outcome.QUEUED)
    failed = {"outcome": Outcome.ERROR, "error_type": "E"}
    book.add_seen("f", seen("a", 61_000, 61_100, **failed), seen("a", 1010, 1100, **failed))
    assert record.started_ms == 1010
    assert [each.here for each in book.of("f")].count(True) == 1
    assert book.totals("f").invocations == 2
    assert book.totals("f").errors == 2


def test_a_large_event_is_priced_by_its_size() -> None:
    book = ledger()
    book.add_seen("f", seen("a", 1010, 1110))
    book.add_seen("f", seen("b", 1010, 1110))
    add_here(book, "a", 1000, 1005, kind=EVENT, outcome=Outcome.QUEUED, payload_bytes=1024 * 1024)
    assert book.totals("f").cost == 2 * Decimal("0.00000020833375") + 14 * Decimal("0.0000002")


@pytest.mark.parametrize(
    ("here", "in_log", "merged"),
    [
        # The answer knows whether the function failed; the log may know more exactly how.
        (Outcome.OK, Outcome.ERROR, Outcome.OK),
        (Outcome.ERROR, Outcome.OK, Outcome.ERROR),
        (Outcome.ERROR, Outcome.TIMEOUT, Outcome.TIMEOUT),
        (Outcome.TIMEOUT, Outcome.ERROR, Outcome.TIMEOUT),
        (Outcome.QUEUED, Outcome.ERROR, Outcome.ERROR),
        (Outcome.UNKNOWN, Outcome.OK, Outcome.OK),
    ],
)
def test_outcomes_of_both_sides(here: Outcome, in_log: Outcome, merged: Outcome) -> None:
    book = ledger()
    record = add_here(book, "a", 1000, 1100, outcome=here)
    book.add_seen("f", seen("a", 1000, 1100, outcome=in_log))
    assert record.outcome is merged
    assert book.totals("f").errors == (merged is not Outcome.OK)


def test_a_cost_that_is_not_known_is_said_and_not_counted_as_nothing() -> None:
    book = InvocationLedger(lambda *_: None)
    book.add_seen("f", seen("a", 1000, 1100))
    assert book.totals("f") == Totals(1, 0, Decimal("0.0125"), Decimal(0), True, 1)
    managed = ledger()
    managed.add_seen("f", seen("a", 1000, 1100, report=Report("a", Decimal(100))))
    assert not managed.totals("f").exact


def test_a_dry_run_is_refused() -> None:
    with pytest.raises(ValueError, match="dry run"):
        add_here(ledger(), "a", 1, 2, kind=InvocationType.DRY_RUN)


def test_functions_are_kept_apart() -> None:
    book = ledger()
    book.add_seen("f", seen("a", 1000, 1100))
    book.add_seen("g", seen("a", 1000, 1100))
    assert book.functions() == ["f", "g"]
    assert book.totals("f").invocations == book.totals("g").invocations == 1


TIMES = st.integers(0, 300)
SEEN = st.builds(
    lambda name, start, duration, outcome: seen(
        f"s{name}", start, start + duration, stream=f"stream {name % 3}", outcome=outcome
    ),
    st.integers(0, 5),
    TIMES,
    TIMES,
    st.sampled_from([Outcome.OK, Outcome.ERROR]),
)
HERE = st.tuples(
    st.sampled_from(["s0", "s1", "h0", "h1", "h2"]),
    TIMES,
    TIMES,
    st.sampled_from([Outcome.OK, Outcome.ERROR, Outcome.QUEUED]),
)


def count(items: list[Any], match_by_time: bool, match_later: bool = False) -> tuple[int, set[Any], Totals]:
    book = ledger(match_by_time=match_by_time)
    for item in items:
        if isinstance(item, Invocation):
            book.add_seen("f", item)
        else:
            request_id, sent_ms, waited_ms, outcome = item
            kind = EVENT if outcome is Outcome.QUEUED else SYNC
            add_here(
                book,
                request_id,
                sent_ms,
                sent_ms + waited_ms,
                kind=kind,
                outcome=outcome,
                match_later=match_later,
            )
    book.match("f")  # says what is said already, where nothing was to be matched later
    records = {
        (each.request_id, each.started_ms, each.ended_ms, each.outcome, each.here) for each in book.of("f")
    }
    totals = book.totals("f")
    # The running totals are those of the records.
    final = [each for each in book.of("f") if each.outcome is not Outcome.QUEUED]
    assert totals.invocations == len(final)
    assert totals.errors == sum(each.outcome is Outcome.ERROR for each in final)
    reports = [each.report for each in final if each.report is not None]
    assert totals.gb_seconds == sum(map(gb_seconds, reports), Decimal(0))
    assert totals.unknown_cost == len(final) - len(reports)
    assert totals.cost == sum((each.cost.amount for each in final if each.cost is not None), Decimal(0))
    return len(book.of("f")), records, totals


@given(
    st.lists(SEEN, max_size=6, unique_by=lambda each: (each.stream, each.request_id, each.ended_ms)),
    st.lists(HERE, max_size=4, unique_by=lambda each: each[:2]),
    st.data(),
    st.booleans(),
)
def test_order_and_repetition_make_no_difference(
    seens: list[Invocation],
    heres: list[tuple[str, int, int, Outcome]],
    data: st.DataObject,
    match_by_time: bool,
) -> None:
    items: list[Any] = [*seens, *heres]
    shuffled = data.draw(st.permutations(items))
    again = data.draw(st.lists(st.sampled_from(items), max_size=4)) if items else []
    wanted = count(items, match_by_time)
    assert count([*shuffled, *again], match_by_time) == wanted
    assert count(shuffled, match_by_time, match_later=True) == wanted
    assert len(seens) <= wanted[0] <= len(items)


@given(st.lists(SEEN, min_size=2, max_size=6), st.data())
def test_readings_of_one_invocation_merge_in_any_order(seens: list[Invocation], data: st.DataObject) -> None:
    same = [replace(each, request_id="s0", stream="s", ended_ms=900, report=report("s0")) for each in seens]
    shuffled = data.draw(st.permutations(same))
    assert count(same, True) == count(shuffled, True)
    assert count(same, True)[0] == 1


def test_a_streamed_answer_is_priced_with_its_bytes() -> None:
    def price_stream(*facts: Any, streamed_bytes: int = 0) -> Cost | None:
        _, told, kind, payload_bytes = facts
        return invocation_cost(
            told, FUNCTION, "us-east-1", PRICES,
            kind=kind, payload_bytes=payload_bytes, streamed_bytes=streamed_bytes,
        )  # fmt: skip

    book = InvocationLedger(price_stream)
    plain = add_here(book, "a", 900, 1200, report=report("a"))
    streamed = add_here(book, "b", 2000, 2300, report=report("b"), streamed_bytes=7 * 1024**2)
    assert plain.cost is not None
    assert streamed.cost is not None
    assert streamed.cost.amount == plain.cost.amount + Decimal("0.008") / 1024
    assert book.totals("f").cost == plain.cost.amount + streamed.cost.amount


async def test_everything_is_priced_anew_where_prices_change() -> None:
    factor = Decimal(1)

    def price_by_factor(*facts: Any) -> Cost | None:
        cost = price(*facts)
        return None if cost is None else Cost(cost.amount * factor)

    book = InvocationLedger(price_by_factor)
    heard: list[str] = []
    book.changed.connect(heard.append)
    book.add_seen("f", *(seen(f"s{number}", number * 1000, number * 1000 + 100) for number in range(500)))
    add_here(book, "s3", 2990, 3110, report=report("s3"))
    before = book.totals("f")
    factor = Decimal(2)
    heard.clear()
    await book.price_anew()
    after = book.totals("f")
    assert after.cost == 2 * before.cost
    assert (after.invocations, after.gb_seconds) == (before.invocations, before.gb_seconds)
    assert heard == ["f"]


def test_the_memory_peak_is_a_share_of_what_the_run_had() -> None:
    book = ledger()
    assert book.memory_peak("f") is None
    for at, (used_mb, size_mb) in enumerate([(None, 128), (5, None), (500, 1024), (120, 128), (100, 128)]):
        told = Report(f"r{at}", Decimal(1), 1, size_mb, used_mb)
        book.add_seen("f", seen(f"r{at}", at, at + 1, report=told))
    assert book.memory_peak("f") == (120, 128)


def test_changes_are_taken_once() -> None:
    book = ledger()
    assert book.take_changes("f") == []
    book.add_seen("f", seen(A, 1000, 1100), seen(B, 1000, 1200))
    assert [each.request_id for each in book.take_changes("f")] == [A, B]
    assert book.take_changes("f") == []
    book.add_seen("f", seen(A, 1000, 1100), seen(B, 900, 1200))
    record = add_here(book, A, 990, 1110)
    changed = book.take_changes("f")
    assert [each.request_id for each in changed] == [A, B]
    assert changed[0] is record
    assert changed[1].started_ms == 900


def test_changes_within_are_told_together() -> None:
    book = ledger()
    names: list[str] = []
    book.changed.connect(names.append)
    with book.told_together():
        book.add_seen("f", seen("a", 1000, 1100))
        book.add_seen("f", seen("b", 1000, 1100))
        assert names == []
    assert names == ["f"]


def test_one_request_those_of_here_and_the_newest_are_found_without_the_others() -> None:
    book = ledger()
    book.add_seen("f", *(seen(f"r{at}", at, at + 9) for at in range(9)), seen(A, 50, 60), seen(A, 70, 90))
    record = add_here(book, A, 49, 61)
    assert book.of_request("f", A) == [book.of("f")[-2], book.of("f")[-1]]
    assert book.made_here("f") == [record]
    assert book.of_request("f", A)[0] is record
    assert [each.request_id for each in book.newest("f", 3)] == ["r8", A, A]
    assert len(book.newest("f", 99)) == 11
    assert book.of_request("f", "r3") == [book.of("f")[3]]
    everything = list(book.of("f"))
    assert list(book.each("f")) == everything
    assert book.between("f", 5, 50) == [run for run in everything if 5 <= run.started_ms <= 50]
    assert book.count_waiting("f") == 0
    add_here(book, B, 10, 20)
    assert book.count_waiting("f") == 1


def test_what_is_seen_again_is_told_as_it_is_known_now() -> None:
    book = ledger()
    book.add_seen("f", seen(A, 1000, 1100), seen(B, 1000, 1100))
    assert [each.started_ms for each in book.of("f")] == [1000, 1000]
    book.add_seen("f", seen(A, 900, 1100))
    assert [each.started_ms for each in book.of("f")] == [900, 1000]
