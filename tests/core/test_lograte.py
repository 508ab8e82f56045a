from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.logfilter import FilteredLines, parse_filter
from lambdadesk.core.lograte import count_rate
from lambdadesk.core.logstore import Level, LogRow, LogStore

rows = st.builds(
    lambda ms, text, level: LogRow(ms, 0, "s", text, 0, level),
    st.integers(0, 10_000_000),
    st.sampled_from(["yes", "no"]),
    st.sampled_from(list(Level)),
)


@given(st.lists(rows, min_size=1, max_size=40), st.integers(1, 50), st.sampled_from(["", "yes"]))
def test_every_line_is_counted_in_its_bin(batch: list[LogRow], most: int, text: str) -> None:
    store = LogStore()
    store.add(batch)
    lines = FilteredLines(store, parse_filter(text))
    lines.scan()
    rate = count_rate(store, lines, most)
    assert len(rate.totals) == len(rate.errors) <= most + 1
    assert rate.end_ms > max(row.timestamp_ms for row in batch)
    for at, total in enumerate(rate.totals):
        start_ms = rate.start_ms + at * rate.width_ms
        own = [row for row in batch if start_ms <= row.timestamp_ms < start_ms + rate.width_ms]
        assert total == len(own)
        assert rate.errors[at] == sum(row.level == Level.ERROR for row in own)
        if text:
            assert rate.matches[at] == sum(row.message == "yes" for row in own)
    assert sum(rate.totals) == len(batch)
    assert text or not rate.matches


def test_bins_are_round() -> None:
    store = LogStore()
    store.add([LogRow(ms, 0, "s", "x") for ms in range(12_345, 612_345, 1_000)])
    lines = FilteredLines(store, parse_filter(""))
    rate = count_rate(store, lines, 120)
    assert (rate.width_ms, rate.start_ms) == (10_000, 10_000)
    assert not len(count_rate(LogStore(), lines, 100).totals)
