import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.logstore import Level, LineKind, LogRow, LogStore
from tests.work import count_calls

rows_of_any_time = st.lists(
    st.builds(
        LogRow,
        timestamp_ms=st.integers(0, 8),
        ingestion_ms=st.integers(0, 3),
        stream=st.sampled_from(["one", "two"]),
        message=st.text(alphabet="ab\n😀\x00", max_size=4),
        kind=st.sampled_from(list(LineKind)),
        level=st.sampled_from(list(Level)),
        invocation=st.integers(-1, 3),
        late=st.booleans(),
        request_id=st.just(""),
    ),
    max_size=12,
)


def line(timestamp_ms: int, message: str = "x", **more: object) -> LogRow:
    return LogRow(timestamp_ms, 0, "stream", message, **more)  # type: ignore[arg-type]  # keywords of the row


def rows_of(store: LogStore) -> list[LogRow]:
    return [store.row(number) for number in range(store.first, store.end)]


@given(st.lists(rows_of_any_time, max_size=6))
def test_lines_stand_in_order_however_they_come(batches: list[list[LogRow]]) -> None:
    store = LogStore(cap=64)  # blocks of four lines
    changes: list[int] = []
    store.changed.connect(changes.append)
    arrived: list[LogRow] = []
    for batch in batches:
        before = rows_of(store)
        changed = store.add(batch)
        arrived += batch
        assert rows_of(store)[: changed - store.first] == before[: changed - store.first]
        assert not batch or changes[-1] == changed
    if len(arrived) <= 64:
        assert rows_of(store) == sorted(arrived, key=lambda row: row[:2])
    assert store.character_count == sum(len(row.message) for row in rows_of(store))


def test_each_column_is_read_by_line_number() -> None:
    store = LogStore()
    row = LogRow(5, 6, "2026/01/01/[1]ab", "START\r\n", LineKind.START, Level.INFO, 3, True, "id-3")
    store.add([row, row._replace(timestamp_ms=7, invocation=-1, request_id="")])
    assert store.row(0) == row
    assert (store.timestamp(0), store.text(0), store.stream(0)) == (5, "START\r\n", "2026/01/01/[1]ab")
    assert (store.kind(0), store.level(0), store.invocation(0)) == (LineKind.START, Level.INFO, 3)
    assert store.is_late(0)
    assert (store.request_id(0), store.request_id(1)) == ("id-3", "")
    for number in (-1, 2):
        with pytest.raises(IndexError):
            store.text(number)


def test_a_late_line_takes_its_place() -> None:
    store = LogStore()
    store.add([line(ms) for ms in range(10_000)])
    assert store.add([line(10_000)]) == 10_000
    assert store.add([line(5_000, "late", late=True)]) == 5_001
    assert [store.text(number) for number in (5_000, 5_001, 5_002)] == ["x", "late", "x"]
    assert store.timestamp(10_001) == 10_000
    assert len(store) == 10_002


def test_the_oldest_lines_are_dropped_and_numbers_stay() -> None:
    store = LogStore(cap=160)
    for start in range(0, 1_000, 7):
        store.add([line(ms, str(ms)) for ms in range(start, start + 7)])
        assert len(store) <= 160
    assert len(store) >= 150
    assert store.dropped == store.first
    assert store.text(store.first) == str(store.first)
    assert store.text(store.end - 1) == str(store.end - 1)
    with pytest.raises(IndexError):
        store.text(store.first - 1)
    assert store.add([line(0, "very late")]) == store.first
    assert store.text(store.first) == "very late"


def test_long_lines_are_dropped_by_their_length() -> None:
    store = LogStore(cap_characters=5_000_000)
    for ms in range(20):
        store.add([line(ms, "x" * 1_000_000)])
    assert len(store) == 5
    assert store.first == 15


def test_clear_starts_again_from_nothing() -> None:
    store = LogStore(cap=16)
    store.add([line(ms) for ms in range(40)])
    changes: list[int] = []
    store.changed.connect(changes.append)
    store.clear()
    assert (len(store), store.first, store.end, changes) == (0, 0, 0, [0])
    store.add([line(1)])
    assert store.text(0) == "x"


def test_many_lines_take_little_memory_and_time() -> None:
    messages = [
        f"2026-01-01 request {number} took {number % 977} ms for nothing at all" for number in range(4_096)
    ]
    tracemalloc.start()
    store = LogStore()
    for start in range(0, 100_000, 10_000):
        store.add([line(start + n, messages[n % 4_096]) for n in range(10_000)])
    used = tracemalloc.get_traced_memory()[0] - sum(map(sys.getsizeof, messages))
    tracemalloc.stop()
    assert used / 100_000 < 60 + 50 + 10  # the text, its 28 bytes of columns, and some slack
    starts = range(0, 90_000, 4_096)
    blocks = [store.chunk(start)[1] for start in starts]
    rows = [line(200_000 + n, messages[n % 4_096]) for n in range(10_000)]
    assert count_calls(lambda: store.add(rows)) < 10 * len(rows)
    assert all(store.chunk(start)[1] is block for start, block in zip(starts, blocks, strict=True))


def test_one_emoji_does_not_make_a_block_four_times_as_large() -> None:
    sizes = []
    for extra in ("!", "\U0001f600"):
        tracemalloc.start()
        store = LogStore()
        store.add(
            [line(ms, f"line {ms} " + "x" * 100 + (extra if ms % 1_000 == 0 else "")) for ms in range(20_000)]
        )
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert store.text(7_000).endswith(extra)
        assert store.text(7_001) == "line 7001 " + "x" * 100
        store.add([line(3_500, "late \ud800 \U0001f600")])
        assert store.text(3_501) == "late \ud800 \U0001f600"
        assert store.character_count == sum(len(store.text(number)) for number in range(len(store)))
    assert sizes[1] < 1.2 * sizes[0]
