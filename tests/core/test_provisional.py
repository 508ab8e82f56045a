"""Lines of a live session are shown until a poll brings them, each as often as it was written."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.provisional import ProvisionalLines
from lambdadesk.core.types import LogEvent

events = st.builds(
    LogEvent,
    timestamp_ms=st.integers(0, 2),
    message=st.sampled_from(["a", "b"]),
    stream=st.sampled_from(["one", "two"]),
    ingestion_ms=st.integers(0, 5),
)


def counted(each: list[LogEvent]) -> Counter[tuple[str, int, str]]:
    return Counter((event.stream, event.timestamp_ms, event.message) for event in each)


@given(st.lists(st.tuples(st.booleans(), events), max_size=30))
def test_what_is_shown_is_what_one_way_has_brought_more_often(steps: list[tuple[bool, LogEvent]]) -> None:
    provisional = ProvisionalLines()
    live: list[LogEvent] = []
    polled: list[LogEvent] = []
    for is_live, event in steps:
        (live if is_live else polled).append(event)
        (provisional.add_live if is_live else provisional.add_polled)([event])
        assert counted(provisional.lines()) == counted(live) - counted(polled)
    assert len(provisional) == len(provisional.lines())
    order = [(event.timestamp_ms, event.ingestion_ms) for event in provisional.lines()]
    assert order == sorted(order)
    provisional.add_live(polled)
    provisional.add_polled(live)
    assert len(provisional) == 0


def test_what_no_poll_brings_is_given_up_and_counted() -> None:
    provisional = ProvisionalLines()
    provisional.add_live([LogEvent(1, "a", "s"), LogEvent(1, "a", "s"), LogEvent(5, "a", "s")])
    provisional.add_polled([LogEvent(2, "b", "s")])
    assert provisional.forget(5) == 2
    assert [event.timestamp_ms for event in provisional.lines()] == [5]
    provisional.add_live([LogEvent(2, "b", "s")])  # long after: nothing is known of it any more
    assert len(provisional) == 2


def test_a_late_line_is_waited_for_since_it_came() -> None:
    """A sweep brings it, however old it is; and where the sweep was the first, the live one is known."""
    provisional = ProvisionalLines()
    late = LogEvent(1, "late", "s", ingestion_ms=100)
    provisional.add_live([late])
    assert provisional.forget(50) == 0
    assert provisional.lines() == [late]
    provisional.add_polled([late, late])
    assert provisional.forget(50) == 0
    provisional.add_live([late])
    assert len(provisional) == 0
    provisional.add_live([late])
    assert provisional.forget(101) == 1
