"""Each event is new once, whether what was seen is packed or not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.types import LogColumns, LogEvent
from lambdadesk.desk.seen_events import SeenEvents

MINUTE_MS = 60_000

events = st.builds(
    lambda at, number, has_id: LogEvent(
        at * 20_000, f"line {number}", "s", at * 20_000, f"{at}-{number}" if has_id else ""
    ),
    *(st.integers(0, 12), st.integers(0, 3), st.booleans()),
)
polls = st.lists(st.tuples(st.lists(st.lists(events, max_size=8), max_size=3), st.booleans()), max_size=8)


@settings(max_examples=50, deadline=None)
@given(polls)
def test_packing_makes_no_difference(polls: list[tuple[list[list[LogEvent]], bool]]) -> None:
    plain, packed = SeenEvents(), SeenEvents()
    for pages, is_due in polls:
        if is_due:
            packed.pack()
        plain.begin_poll()
        packed.begin_poll()
        for page in pages:
            expected, twice = plain.take(LogColumns.of(page))
            got, twice_too = packed.take(LogColumns.of(page))
            assert (list(got), twice_too) == (list(expected), twice)
        assert len(packed) == len(plain)
    for seen in (plain, packed):
        seen.forget(2 * MINUTE_MS)
    assert len(packed) == len(plain)


def test_a_great_many_are_worth_packing_and_stay_known() -> None:
    seen = SeenEvents()
    page = LogColumns.of(LogEvent(at, "line", "s", at, f"id {at}") for at in range(51_000))
    seen.begin_poll()
    assert seen.take(page) == (page, 0)
    assert seen.is_large
    seen.pack()
    assert not seen.is_large
    assert len(seen) == 51_000
    seen.begin_poll()
    assert seen.take(page) == (page.between(0, 0), 0)
    seen.clear()
    assert not len(seen)
    assert seen.take(page) == (page, 0)
