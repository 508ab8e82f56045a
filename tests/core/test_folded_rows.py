"""Rows of a log without those that folded stack traces hide, against counting them anew."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.folded_rows import FoldedRows
from lambdadesk.core.logfilter import FilteredLines, parse_filter
from lambdadesk.core.loggroups import GroupedLines, Splice
from lambdadesk.core.logstore import Level, LogRow, LogStore
from lambdadesk.core.trace_lines import TraceLines

TRACE = ["Traceback (most recent call last):", '  File "a.py", line 1, in f', "    f()", "KeyError: 1"]


class Rows:
    """A log with its folded rows, kept up as a view does it; `shown` is what the splices made of them."""

    def __init__(self, *, is_grouped: bool = False, wanted: str = "", cap: int = 64) -> None:
        self.store = LogStore(cap)
        self.lines = FilteredLines(self.store, parse_filter(wanted))
        self.groups = GroupedLines(self.lines) if is_grouped else None
        self.traces = TraceLines(self.store)
        self.folds = FoldedRows(self.lines, self.groups, self.traces)
        self.count = 0

    def add(self, rows: list[LogRow]) -> None:
        first_changed = self.store.add(rows)
        cut = self.lines.cut(first_changed)
        promoted = self.traces.cut(first_changed)
        if self.groups is not None:
            self.take(self.folds.follow(self.groups.cut(first_changed)))
        else:
            behind = self.folds.count_behind
            start = min(behind, cut.trimmed + cut.kept)
            trimmed = min(cut.trimmed, behind)
            self.take(self.folds.follow([Splice(start, behind - start, 0), Splice(0, trimmed, 0)]))
        self.take(self.folds.promote(promoted))
        self.lines.scan()
        self.traces.scan(self.lines.scanned)
        if self.groups is not None:
            self.take(self.folds.follow(self.groups.extend()))
        else:
            behind = self.folds.count_behind
            self.take(self.folds.follow([Splice(behind, 0, len(self.lines) - behind)]))

    def take(self, splices: list[Splice]) -> None:
        for row, removed, inserted in splices:
            assert 0 <= row <= row + removed <= self.count
            self.count += inserted - removed
        assert self.count == len(self.folds)

    def turn(self, invocation: int) -> None:
        if self.groups is not None and self.groups.header_row(invocation) >= 0:
            self.take(self.folds.follow([self.groups.toggle(invocation)]))

    def shown(self) -> list[int]:
        """Line numbers, -1 for a header."""
        return [self.folds.number_behind(self.folds.behind(row)) for row in range(len(self.folds))]

    def expected(self) -> list[int]:
        if self.groups is not None:
            numbers = [self.groups.number_at(row) for row in range(len(self.groups))]
        else:
            numbers = list(self.lines.numbers(0, len(self.lines)))
        return [number for number in numbers if number < 0 or self.folds.fold_of(number) < 0]


def lines(texts: list[str], run: int = 0, since_ms: int = 0, level: int = Level.NONE) -> list[LogRow]:
    return [LogRow(since_ms + at, 0, "s", text, level=level, invocation=run) for at, text in enumerate(texts)]


def test_a_trace_is_one_row_until_it_is_unfolded() -> None:
    rows = Rows()
    rows.add(lines(["a", *TRACE, "b"]))
    assert rows.shown() == [0, 1, 5]
    assert [rows.folds.row_of(number) for number in range(6)] == [0, 1, 1, 1, 1, 2]
    assert rows.folds.trace_of(1) == [1, 2, 3, 4]
    assert [rows.folds.head_at(row) for row in range(3)] == [-1, 1, -1]
    assert rows.folds.toggle(1) == [Splice(2, 0, 3)]
    assert rows.shown() == [0, 1, 2, 3, 4, 5]
    assert [rows.folds.head_at(row) for row in range(6)] == [-1, 1, 1, 1, 1, -1]
    assert rows.folds.toggle(1) == [Splice(2, 3, 0)]
    assert rows.shown() == [0, 1, 5]


def test_interleaved_traces_fold_under_their_own_first_lines() -> None:
    rows = Rows()
    pairs = zip(lines(TRACE, 0), lines(TRACE, 1), strict=True)
    rows.add([row for pair in pairs for row in pair])
    assert rows.shown() == [0, 1]
    assert rows.folds.toggle(1) == [Splice(2, 0, 3)]
    assert rows.shown() == [0, 1, 3, 5, 7]
    grouped = Rows(is_grouped=True)
    grouped.add([row for pair in zip(lines(TRACE, 0), lines(TRACE, 1), strict=True) for row in pair])
    assert grouped.shown() == [-1, 0, -1, 1]
    assert [grouped.folds.before(grouped.groups.header_row(run)) for run in (0, 1)] == [0, 2]


def test_what_a_filter_of_text_finds_is_never_folded() -> None:
    for wanted in ("f", "/f/", "-b"):
        rows = Rows(wanted=wanted)
        rows.add(lines(["a", *TRACE, "b"]))
        assert rows.shown() == rows.expected() == list(rows.lines.numbers(0, len(rows.lines)))
    rows = Rows(wanted="level:error")
    rows.add([*lines(TRACE[:1]), *lines(TRACE[1:], since_ms=1, level=Level.ERROR)])
    assert rows.shown() == [1, 2, 3]  # the first line is left out, so that they would have no place
    rows = Rows(wanted="level:error")
    rows.add(lines(TRACE, level=Level.ERROR))
    assert rows.shown() == [0]


pieces = st.sampled_from([*TRACE, "x", "\tat A.b(A.java:1)"])
batch = st.lists(st.tuples(st.integers(0, 60), st.integers(-1, 3), pieces), max_size=20)
steps = st.lists(st.one_of(batch, st.integers(0, 30)), max_size=12)


@settings(deadline=None, max_examples=50)
@given(steps, st.booleans(), st.sampled_from([16, 1_000]), st.sampled_from(["", "level:error"]))
def test_rows_follow_every_change(
    steps: list[list[tuple[int, int, str]] | int], is_grouped: bool, cap: int, wanted: str
) -> None:
    rows = Rows(is_grouped=is_grouped, wanted=wanted, cap=cap)
    since_ms = 0
    for step in steps:
        if isinstance(step, int):
            if step < 4:
                rows.turn(step)
            elif (number := rows.store.first + step) < rows.store.end and rows.traces.is_head(number):
                rows.take(rows.folds.toggle(number))
        else:
            since_ms += 20
            rows.add(
                [
                    LogRow(since_ms + ms, 0, "s", text, level=Level.ERROR * (ms % 3 > 0), invocation=run)
                    for ms, run, text in step
                ]
            )
        assert rows.shown() == rows.expected()
        for row, number in enumerate(rows.shown()):
            assert number < 0 or rows.folds.row_of(number) == row
