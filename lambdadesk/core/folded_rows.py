"""FoldedRows, the rows of a log without those that its folded stack traces hide."""

from array import array
from bisect import bisect_left

from lambdadesk.core.log_terms import (
    LevelsTerm,
    LevelTerm,
    RequestTerm,
    SourceTerm,
    StreamTerm,
    TimeTerm,
)
from lambdadesk.core.logfilter import FilteredLines
from lambdadesk.core.loggroups import GroupedLines, Splice
from lambdadesk.core.many_numbers import add_to_all
from lambdadesk.core.trace_lines import TraceLines

_FEW = 4_096  # rows that are looked at one by one
# A filter of these leaves lines by where they are from; what a filter of text finds is never folded away.
_BY_PLACE = (LevelTerm, LevelsTerm, RequestTerm, SourceTerm, StreamTerm, TimeTerm)


class FoldedRows:
    """Counts rows as they are shown; the lines, or the groups where there are any, count those behind them.

    A line is hidden while its trace is folded and the first line of the trace is left by the filter, too.
    traces: None where every line has its own row.
    """

    def __init__(self, lines: FilteredLines, groups: GroupedLines | None, traces: TraceLines | None) -> None:
        self.lines = lines
        self.groups = groups
        is_found = not all(isinstance(term, _BY_PLACE) for term in lines.filter.terms)
        self.traces = None if is_found or lines.context else traces
        self._count = 0  # rows behind these
        self._hidden = array("q")  # those of them that are hidden, ascending

    def __len__(self) -> int:
        return self._count - len(self._hidden)

    @property
    def count_behind(self) -> int:
        """How many rows of the lines or groups these know of."""
        return self._count

    def behind(self, row: int) -> int:
        """The row of the lines or groups that a row shows."""
        hidden = self._hidden
        if not hidden or row < hidden[0]:
            return row
        return row + bisect_left(range(len(hidden)), row + 1, key=lambda at: hidden[at] - at)

    def before(self, row_behind: int) -> int:
        """The row that shows a row of the lines or groups; the next one where it is hidden."""
        return row_behind - bisect_left(self._hidden, row_behind)

    def row_behind(self, number: int) -> int:
        """The row of the lines or groups that shows a line, -1 where the filter leaves it out."""
        if self.groups is not None:
            return self.groups.row_of(number)
        entry = self.lines.entry_of(number)
        return entry if entry < len(self.lines) and self.lines[entry] == number else -1

    def row_of(self, number: int) -> int:
        """The row that shows a line, its folded trace or its closed invocation; -1 where none does."""
        row = self.row_behind(number)
        if row >= 0 and (head := self.fold_of(number)) >= 0:
            row = self.row_behind(head)
        return self.before(row) if row >= 0 else -1

    def number_behind(self, row_behind: int) -> int:
        """The line number, -1 for the header of an invocation."""
        return self.lines[row_behind] if self.groups is None else self.groups.number_at(row_behind)

    def fold_of(self, number: int) -> int:
        """The first line of the folded trace that hides a line; -1 where it is not hidden."""
        head = self.traces.head_of(number) if self.traces is not None else -1
        return head if head >= 0 and self._is_folded(head) else -1

    def _is_folded(self, head: int) -> bool:
        return not self.is_open(head) and self.row_behind(head) >= 0

    def trace_of(self, number: int) -> list[int]:
        """All lines of the trace that begins with a line, as far as the filter leaves them; or none."""
        if self.traces is None or number < 0 or not self.traces.is_head(number):
            return []
        trace = [number, *self.traces.followers_of(number)]
        left = [each for each in trace if self.row_behind(each) >= 0]
        return left if len(left) > 1 and left[0] == number else []

    def head_at(self, row: int) -> int:
        """The first line of the trace that a row is of, open or folded; -1 if it is of none."""
        number = self.number_behind(self.behind(row))
        if self.traces is None or number < 0:
            return -1
        head = self.traces.head_of(number)
        if head >= 0 and self.row_behind(head) >= 0:
            return head
        return number if self.trace_of(number) else -1

    def is_open(self, head: int) -> bool:
        """Whether the lines of a trace are shown one by one."""
        return self.traces is not None and self.traces.is_open(head)

    def toggle(self, head: int) -> list[Splice]:
        """Fold a trace, or show its lines one by one."""
        if self.traces is None or not (trace := self.trace_of(head)):
            return []
        self.traces.toggle(head)
        if self.groups is not None:
            invocation = self.lines.store.invocation(head)
            if invocation >= 0 and not self.groups.is_open(invocation):
                return []
        rows = [self.row_behind(number) for number in trace[1:]]
        return self._show(rows) if self.traces.is_open(head) else self._hide(rows)

    def promote(self, heads: list[int]) -> list[Splice]:
        """Show the lines that have become the first of their traces, and let them hide the others."""
        show: list[int] = []
        hide: list[int] = []
        for head in heads:
            for number in (head, *(self.traces.followers_of(head) if self.traces is not None else ())):
                if (row := self.row_behind(number)) >= 0 and not self._is_header(row):
                    (hide if self.fold_of(number) >= 0 else show).append(row)
        return [*self._show(show), *self._hide(hide)]

    def follow(self, splices: list[Splice]) -> list[Splice]:
        """What a change of the rows behind these means for them; to be called when it has been made."""
        if len(splices) > 1 and splices[0].row == 0 and splices[0].inserted:
            # Rows put in at the front may be meant to go again by the next one: only the end is known.
            removed, inserted = self._count, self._count
            inserted += sum(splice.inserted - splice.removed for splice in splices)
            splices = [Splice(0, removed, inserted)]
        return [self._take(splice) for splice in splices]

    def _take(self, splice: Splice) -> Splice:
        row, removed, inserted = splice
        self._count += inserted - removed
        first, stop = bisect_left(self._hidden, row), bisect_left(self._hidden, row + removed)
        hide = self._rows_to_hide(row, inserted)
        if stop < len(self._hidden) or first < stop or hide:
            after = add_to_all(self._hidden[stop:], inserted - removed)
            self._hidden[first:] = array("q", hide) + after
        return Splice(row - first, removed - (stop - first), inserted - len(hide))

    def _rows_to_hide(self, row: int, count: int) -> list[int]:
        """Those of the rows behind that were put in which are hidden."""
        traces = self.traces
        if traces is None or not count:
            return []
        stop = row + count
        if self.groups is None:
            followers = traces.followers(self.lines[row], self.lines[stop - 1] + 1)
        else:
            followers = traces.followers(self.groups.least_from(row), self.groups.stop)
        if not followers:
            return []
        if count < min(_FEW, len(followers)):
            numbers = [(each, self.number_behind(each)) for each in range(row, stop)]
            return [each for each, number in numbers if number >= 0 and self.fold_of(number) >= 0]
        folds = {head: self._is_folded(head) for head in {head for _number, head in followers}}
        rows = sorted(self.row_behind(number) for number, head in followers if folds[head])
        return [each for each in rows if row <= each < stop and not self._is_header(each)]

    def _is_header(self, row_behind: int) -> bool:
        return self.groups is not None and self.groups.header_at(row_behind) >= 0

    def _hidden_at(self, row_behind: int) -> int:
        at = bisect_left(self._hidden, row_behind)
        return at if at < len(self._hidden) and self._hidden[at] == row_behind else -1

    def _show(self, rows: list[int]) -> list[Splice]:
        splices = []
        for row in sorted(rows):
            at = self._hidden_at(row)
            if at >= 0:
                del self._hidden[at]
                splices.append(Splice(row - at, 0, 1))
        return _joined(splices)

    def _hide(self, rows: list[int]) -> list[Splice]:
        splices = []
        for row in sorted(rows):
            at = bisect_left(self._hidden, row)
            if at == len(self._hidden) or self._hidden[at] != row:
                self._hidden.insert(at, row)
                splices.append(Splice(row - at, 1, 0))
        return _joined(splices)


def _joined(splices: list[Splice]) -> list[Splice]:
    """Splices of one row each, those that stand together as one."""
    joined: list[Splice] = []
    for splice in splices:
        last = joined[-1] if joined else Splice(-1, 0, 0)
        if splice.removed and splice.row == last.row:
            joined[-1] = Splice(last.row, last.removed + 1, 0)
        elif splice.inserted and splice.row == last.row + last.inserted:
            joined[-1] = Splice(last.row, 0, last.inserted + 1)
        else:
            joined.append(splice)
    return joined
