"""Lines gathered by invocation."""

import numpy  # noqa: F401  so that many are arranged by it
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.logfilter import FilteredLines, parse_filter
from lambdadesk.core.loggroups import GroupedLines, Splice
from lambdadesk.core.logstore import LogRow, LogStore


def line(timestamp_ms: int, run: int, text: str = "x") -> LogRow:
    return LogRow(timestamp_ms, 0, "stream", text, invocation=run, request_id=f"r{run}" if run >= 0 else "")


def make(*runs: int, are_open: bool = True) -> tuple[LogStore, GroupedLines]:
    """A line for each of these invocations, one a millisecond."""
    store = LogStore()
    store.add([line(ms, run) for ms, run in enumerate(runs)])
    lines = FilteredLines(store, parse_filter(""))
    groups = GroupedLines(lines, are_open=are_open)
    lines.scan()
    groups.extend()
    return store, groups


def shown(groups: GroupedLines) -> list[int | str]:
    """Line numbers, and "#3" for the header of invocation 3."""
    rows: list[int | str] = []
    for row in range(len(groups)):
        number, header = groups.number_at(row), groups.header_at(row)
        rows.append(number if number >= 0 else f"#{header}")
    return rows


def test_interleaved_invocations_are_told_apart() -> None:
    _, groups = make(-1, 0, 1, 0, 1, -1, -1, 2)
    assert shown(groups) == [0, "#0", 1, 3, "#1", 2, 4, 5, 6, "#2", 7]
    assert [groups.row_of(number) for number in range(8)] == [0, 2, 5, 3, 6, 7, 8, 10]
    assert list(groups.numbers_of(1)) == [2, 4]
    assert (groups.size_of(0), groups.first_number_of(1), groups.header_row(2)) == (2, 2, 9)
    assert (groups.size_of(7), groups.first_number_of(7), groups.header_row(7)) == (0, -1, -1)


def test_groups_are_closed_and_opened() -> None:
    _, groups = make(0, 1, 0, 1)
    assert groups.toggle(0) == Splice(1, 2, 0)
    assert shown(groups) == ["#0", "#1", 1, 3]
    assert groups.row_of(2) == 0
    assert groups.toggle(0) == Splice(1, 0, 2)
    assert groups.toggle(9) == Splice(0, 0, 0)
    _, closed = make(0, 1, 0, -1, are_open=False)
    assert shown(closed) == ["#0", "#1", 3]
    closed.toggle(1)
    assert shown(closed) == ["#0", "#1", 1, 3]


def test_one_of_many_groups_is_closed() -> None:
    _, groups = make(*range(100))
    assert groups.toggle(3) == Splice(7, 1, 0)
    assert len(groups) == 199
    assert shown(groups)[6:10] == ["#3", "#4", 4, "#5"]


def test_rows_go_with_the_context_of_a_match_that_was_dropped() -> None:
    store = LogStore(cap=16)
    store.add([line(ms, ms % 3, "yes" if ms in (0, 10) else "no") for ms in range(16)])
    lines = FilteredLines(store, parse_filter("yes"), 2)
    groups = GroupedLines(lines)
    lines.scan()
    groups.extend()
    assert sorted(seen_numbers(groups)) == [0, 1, 2, 8, 9, 10, 11, 12]
    store.add([line(16, 0)])  # line 0 goes, and with it what stood near it
    lines.cut(16)
    groups.cut(16)
    lines.scan()
    groups.extend()
    assert groups.is_complete
    assert sorted(seen_numbers(groups)) == [8, 9, 10, 11, 12]


rows = st.builds(line, st.integers(0, 30), st.integers(-1, 4), st.sampled_from(["no", "no", "no", "yes"]))
batches = st.lists(st.lists(rows, max_size=12), max_size=8)


@settings(deadline=None, max_examples=50)  # the two cores have other work
@given(
    batches,
    st.sampled_from([4, 16]),
    st.sampled_from([0, 30]),  # 30: no batch is later than the one after it
    st.sampled_from(["", "yes"]),
    st.integers(0, 2),
    st.integers(1, 9),
    st.booleans(),
    st.data(),
)
def test_whatever_comes_rows_are_those_of_all_lines_at_once(
    batches: list[list[LogRow]],
    cap: int,
    later_ms: int,
    text: str,
    context: int,
    step: int,
    are_open: bool,
    data: st.DataObject,
) -> None:
    store = LogStore(cap=cap)  # dropped soon
    lines = FilteredLines(store, parse_filter(text), context)
    groups = GroupedLines(lines, are_open=are_open)
    seen: list[int | str] = []  # as a view that applies the splices has them

    def apply(splices: list[Splice]) -> None:
        for row, removed, inserted in splices:
            assert removed <= len(seen) - row
            seen[row : row + removed] = [-7] * inserted
        assert len(seen) == len(groups)
        for row, what in enumerate(shown(groups)):
            if seen[row] == -7:
                seen[row] = what
        assert seen == shown(groups)

    def follow(first_changed: int) -> None:
        lines.cut(first_changed)
        apply(groups.cut(first_changed))
        while not lines.is_complete:
            lines.scan(step)
            if not lines.is_complete and step % 2:
                continue  # the rows may lag behind
            apply(groups.extend(step))
        while not groups.is_complete:
            before = len(groups.lines)
            assert len(seen_numbers(groups)) < before  # else it would never end
            apply(groups.extend(step))

    store.changed.connect(follow)
    for number, batch in enumerate(batches):
        store.add([each._replace(timestamp_ms=each.timestamp_ms + number * later_ms) for each in batch])
        if batch and data.draw(st.booleans()):
            apply([groups.toggle(data.draw(st.integers(0, 4)))])
    numbers = [lines[entry] for entry in range(len(lines))]
    assert sorted(number for number in seen_numbers(groups)) == numbers
    members: dict[int, list[int]] = {}
    for number in numbers:
        members.setdefault(store.invocation(number), []).append(number)
    for run, own in members.items():
        if run >= 0:
            assert list(groups.numbers_of(run)) == own
            row = groups.header_row(run)
            assert groups.header_at(row) == run
            expected = own if groups.is_open(run) else []
            assert shown(groups)[row : row + 1 + len(expected)] == [f"#{run}", *expected]
    for row, what in enumerate(shown(groups)):
        if isinstance(what, int):
            assert groups.row_of(what) == row
    if not store.first and are_open:  # every group stands where its first line does
        firsts = [
            what for row, what in enumerate(shown(groups)) if isinstance(what, int) and _is_first(groups, row)
        ]
        assert firsts == sorted(firsts)
    store.clear()
    assert len(groups) == 0


many = st.one_of(
    st.lists(st.sampled_from([*[-1] * spread, *range(3 * spread)]), min_size=100, max_size=200)
    for spread in (10, 50)
)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(many, st.sampled_from([0, 100, 200])), min_size=1, max_size=4),
    st.booleans(),
    st.data(),
)
def test_many_lines_at_once_are_arranged_as_few_by_few(
    pages: list[tuple[list[int], int]], are_open: bool, data: st.DataObject
) -> None:
    store = LogStore(cap=data.draw(st.sampled_from([480, 4_000])))
    lines = FilteredLines(store, parse_filter("yes"))
    at_once, by_few = GroupedLines(lines, are_open=are_open), GroupedLines(lines, are_open=are_open)
    count = 0  # of the rows, as a view that applies the splices has it

    def follow(first_changed: int) -> None:
        nonlocal count
        lines.cut(first_changed)
        splices = at_once.cut(first_changed)
        assert splices == by_few.cut(first_changed)
        lines.scan()
        splices += at_once.extend()
        while not by_few.is_complete:
            by_few.extend(60)
        count += sum(inserted - removed for _row, removed, inserted in splices)
        assert count == len(at_once)

    store.changed.connect(follow)
    for number, (runs, at_ms) in enumerate(pages):
        texts = data.draw(st.sampled_from([("yes",), ("no", "yes", "yes")]))
        at_ms *= number  # the newest, or some of them late
        rows = [line(at_ms + ms, run, texts[ms % len(texts)]) for ms, run in enumerate(runs)]
        store.add(
            [row._replace(invocation=row.invocation + number * 4) if number % 2 else row for row in rows]
        )
        assert shown(at_once) == shown(by_few)
        if not store.first:  # a group whose first line was dropped keeps its place
            afresh = GroupedLines(lines, are_open=are_open)
            afresh.extend(60)
            while not afresh.is_complete:
                afresh.extend(60)
            for run in range(154):
                if at_once.is_open(run) != are_open:
                    afresh.toggle(run)
            assert shown(afresh) == shown(at_once)
        for run in range(-1, 154, 3):
            assert at_once.header_row(run) == by_few.header_row(run)
            assert at_once.numbers_of(run) == by_few.numbers_of(run)
        if number % 2:
            splice = at_once.toggle(9)
            assert by_few.toggle(9) == splice
            count += splice.inserted - splice.removed


def seen_numbers(groups: GroupedLines) -> list[int]:
    numbers: list[int] = []
    for row in range(len(groups)):
        number, header = groups.number_at(row), groups.header_at(row)
        if number >= 0 and groups.lines.store.invocation(number) < 0:
            numbers.append(number)
        elif header >= 0:
            numbers += groups.numbers_of(header)
    return numbers


def _is_first(groups: GroupedLines, row: int) -> bool:
    number = groups.number_at(row)
    invocation = groups.lines.store.invocation(number)
    return invocation < 0 or groups.first_number_of(invocation) == number
