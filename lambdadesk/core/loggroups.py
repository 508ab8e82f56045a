"""GroupedLines, the lines that a filter leaves, gathered by invocation under a header row each."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple

from lambdadesk.core.logfilter import FilteredLines
from lambdadesk.core.many_numbers import (
    FEW,
    add_to_all,
    get_numpy,
    places_at_least,
    put_at_all,
    running_sums,
    those_below,
)

_MORE_BORN = 1_000  # room made at a time
_MANY = 16  # splices; more than that cost a view more than one that covers them all


class Splice(NamedTuple):
    """At this row, so many rows were taken out and so many put in."""

    row: int
    removed: int
    inserted: int


class GroupedLines:
    """Rows of a table: each invocation's header and, where it is open, its lines; other lines in between.

    A group stands where its first line does, and keeps that place when this line is dropped. Everything is in
    arrays, so that a million lines cost some 20 bytes each at worst. It follows the lines: call `cut` after
    `lines.cut`, and `extend` after `lines.scan`.
    """

    def __init__(self, lines: FilteredLines, *, are_open: bool = True) -> None:
        self.lines = lines
        self.are_open = are_open  # the groups that were not toggled
        self._toggled: set[int] = set()  # invocations
        self._first = 0  # lines before this number are left out already
        self._last = -1  # no line after this number is in a group
        self._invocations = array("i")  # by group; -1 for lines that belong to none
        self._born = array("q")  # by group, ascending: the number of its first line ever
        self._sizes = array("I")
        self._members = array("I")  # line numbers, group after group
        self._line_starts = array("q", [0])  # of each group in the members, and their end
        self._row_starts = array("q", [0])
        self._line_base = self._row_base = 0  # what the starts count too many, for lines dropped at the front
        self._born_of = array("q")  # by invocation, which count from 0; -1 where it has no group

    def __len__(self) -> int:
        """How many rows there are."""
        return self._rows_before(len(self._born))

    @property
    def group_count(self) -> int:
        """How many invocations and stretches of lines without one there are."""
        return len(self._born)

    def number_at(self, row: int) -> int:
        """The line number of a row, -1 for a header."""
        group = self._group_at(row)
        start = self._lines_before(group)
        within = row - self._rows_before(group)
        if self._invocations[group] < 0:
            return self._members[start + within]
        return self._members[start + within - 1] if within else -1

    def header_at(self, row: int) -> int:
        """The invocation whose header the row is, -1 for the row of a line."""
        group = self._group_at(row)
        return self._invocations[group] if row == self._rows_before(group) else -1

    def least_from(self, row: int) -> int:
        """A line number that no line from this row on is below: groups stand in the order they began."""
        return self._born[self._group_at(row)]

    def numbers_of(self, invocation: int) -> "array[int]":
        """The line numbers of an invocation, ascending."""
        group = self._group_of(invocation)
        if group < 0:
            return array("I")
        return self._members[self._lines_before(group) : self._lines_before(group + 1)]

    def size_of(self, invocation: int) -> int:
        """How many lines of an invocation there are."""
        group = self._group_of(invocation)
        return self._sizes[group] if group >= 0 else 0

    def first_number_of(self, invocation: int) -> int:
        """The first line number of an invocation, -1 if there is none."""
        group = self._group_of(invocation)
        return self._members[self._lines_before(group)] if group >= 0 else -1

    def is_open(self, invocation: int) -> bool:
        return self.are_open != (invocation in self._toggled)

    def row_of(self, number: int) -> int:
        """The row that shows a line: its own or that of its closed group; -1 where it is not among these."""
        invocation = self.lines.store.invocation(number)
        group = self._group_of(invocation) if invocation >= 0 else bisect_right(self._born, number) - 1
        if group < 0:
            return -1
        start, stop = self._lines_before(group), self._lines_before(group + 1)
        at = bisect_left(self._members, number, start, stop)
        if at == stop or self._members[at] != number:
            return -1
        row = self._rows_before(group)
        if self._invocations[group] < 0:
            return row + at - start
        return row + 1 + at - start if self.is_open(invocation) else row

    def header_row(self, invocation: int) -> int:
        """The row of an invocation's header, -1 if it has none."""
        group = self._group_of(invocation)
        return self._rows_before(group) if group >= 0 else -1

    def toggle(self, invocation: int) -> Splice:
        """Open or close a group."""
        group = self._group_of(invocation)
        if group < 0:
            return Splice(0, 0, 0)
        was_open = self.is_open(invocation)
        self._toggled ^= {invocation}
        self._count_rows(group)
        size = self._sizes[group]
        row = self._rows_before(group) + 1
        return Splice(row, size, 0) if was_open else Splice(row, 0, size)

    def cut(self, first_changed: int) -> list[Splice]:
        """Follow `lines.cut` of the same change."""
        # Not the store's first line: the lines lose the context of a match that was dropped, too.
        splices = self._trim(self.lines[0] if len(self.lines) else self.lines.store.first)
        splices += self._cut_from(first_changed)
        return splices

    @property
    def stop(self) -> int:
        """The number after that of the last line that was taken in."""
        return self._last + 1

    @property
    def is_complete(self) -> bool:
        """Whether all entries of the lines were taken in."""
        return len(self._members) == len(self.lines)

    def extend(self, limit: int | None = None) -> list[Splice]:
        """Take in the entries that came to the lines, at most so many."""
        taken = len(self._members)
        stop = len(self.lines) if limit is None else min(len(self.lines), taken + limit)
        numbers = self.lines.numbers(taken, stop)
        if not numbers:
            return []
        self._last = numbers[-1]
        old_count, old_rows = len(self._born), len(self)
        invocations = self.lines.store.invocations_of(numbers)
        np = get_numpy() if len(numbers) > FEW else None
        if np is None:
            grown = self._sort_in(numbers, invocations)
        else:
            grown = self._sort_in_many(np, numbers, invocations)
        self._grow(grown)
        self._count_lines(min(grown, default=old_count))
        splices = []
        for group in sorted(grown):
            invocation = self._invocations[group]
            if grown[group] and (invocation < 0 or self.is_open(invocation)):
                count = len(grown[group])
                splices.append(Splice(self._rows_before(group + 1) - count, 0, count))
        rows_of_fresh = len(self) - self._rows_before(old_count)
        if rows_of_fresh:
            splices.append(Splice(self._rows_before(old_count), 0, rows_of_fresh))
        return self._gather(splices, old_rows)

    def _sort_in(self, numbers: "array[int]", invocations: Sequence[int]) -> dict[int, "array[int]"]:
        """Put lines into fresh groups at the end; returns those of groups that were there, by group."""
        grown: dict[int, array[int]] = {}
        fresh: list[array[int]] = []
        places: dict[int, array[int]] = {}  # by invocation: where its lines go
        loose: array[int] | None = None
        if self._invocations and self._invocations[-1] < 0:
            loose = grown[len(self._invocations) - 1] = array("I")
        for number, invocation in zip(numbers, invocations, strict=True):
            place = places.get(invocation) if invocation >= 0 else loose
            if place is None:
                place = array("I")
                group = self._group_of(invocation) if invocation >= 0 else -1
                if group >= 0:
                    grown[group] = place
                else:
                    fresh.append(place)
                    self._invocations.append(invocation)
                    self._born.append(number)
                    if invocation >= 0:
                        self._make_room(invocation)
                        self._born_of[invocation] = number
                        loose = None
                if invocation >= 0:
                    places[invocation] = place
                else:
                    loose = place
            place.append(number)
        for place in fresh:
            self._members.extend(place)
            self._sizes.append(len(place))
        return grown

    def _sort_in_many(
        self, np: Any, numbers: "array[int]", invocations: Sequence[int]
    ) -> dict[int, "array[int]"]:
        """The same by numpy, in a fifth of the time."""
        lines = np.frombuffer(numbers, np.uint32)
        runs = np.array(invocations, np.int32)
        of_run, of_none = np.flatnonzero(runs >= 0), np.flatnonzero(runs < 0)
        names, firsts, name_of = np.unique(runs[of_run], return_index=True, return_inverse=True)
        self._make_room(int(names[-1]) if len(names) else -1)
        firsts = of_run[firsts]
        born = np.frombuffer(self._born_of, np.int64)[names]
        births = np.sort(firsts[born < 0])
        # Lines of no invocation are together until another invocation is born.
        births_before = np.searchsorted(births, of_none)
        are_first = np.diff(births_before, prepend=-1) > 0
        loose_firsts = of_none[are_first]
        count = len(self._born)
        goes_on = bool(count and self._invocations[-1] < 0 and len(of_none) and not births_before[0])
        fresh = np.sort(np.concatenate([births, loose_firsts[goes_on:]]))

        groups = np.empty(len(lines), np.int64)
        old_groups = np.searchsorted(np.frombuffer(self._born, np.int64), born)
        fresh_groups = count + np.searchsorted(fresh, firsts)
        groups[of_run] = np.where(born < 0, fresh_groups, old_groups)[name_of]
        loose_groups = count + np.searchsorted(fresh, loose_firsts)
        if goes_on:
            loose_groups[0] = count - 1
        groups[of_none] = loose_groups[np.cumsum(are_first) - 1]
        order = np.argsort(groups, kind="stable")
        groups, members = groups[order], lines[order]
        kept = int(np.searchsorted(groups, count))
        self._invocations.frombytes(runs[fresh].tobytes())
        self._born.frombytes(lines[fresh].astype(np.int64).tobytes())
        self._members.frombytes(members[kept:].tobytes())
        self._sizes.frombytes(np.bincount(groups[kept:] - count).astype(np.uint32).tobytes())
        np.frombuffer(self._born_of, np.int64)[names[born < 0]] = lines[firsts[born < 0]]
        grown: dict[int, array[int]] = {}
        for group in dict.fromkeys(groups[:kept].tolist()):
            start, stop = np.searchsorted(groups, (group, group + 1))
            grown[group] = array("I", members[start:stop].tobytes())
        return grown

    def _grow(self, grown: dict[int, "array[int]"]) -> None:
        """Put lines to those of their groups; what is behind is moved once."""
        if not grown:
            return
        first = at = self._lines_before(min(grown) + 1)
        tail = array("I")
        for group in sorted(grown):
            end = self._lines_before(group + 1)
            tail += self._members[at:end]
            tail += grown[group]
            self._sizes[group] += len(grown[group])
            at = end
        tail += self._members[at:]
        del self._members[first:]
        self._members += tail

    def _trim(self, first: int) -> list[Splice]:
        """Leave out the lines before a number; their groups stand at the front, with younger lines maybe."""
        if first == self._first:
            return []
        self._first = first
        count = bisect_left(self._born, first)
        old_rows, old_lines = self._rows_before(count), self._lines_before(count)
        kept = array("I")
        invocations, born, sizes = array("i"), array("q"), array("I")
        line_starts, row_starts = array("q"), array("q")
        rows = 0
        for group in range(count):
            start, stop = self._lines_before(group), self._lines_before(group + 1)
            start = bisect_left(self._members, first, start, stop)
            invocation = self._invocations[group]
            if start == stop:
                self._forget(invocation)
                continue
            line_starts.append(len(kept))
            row_starts.append(rows)
            kept.extend(self._members[start:stop])
            invocations.append(invocation)
            born.append(self._born[group])
            sizes.append(stop - start)
            rows += self._row_count(invocation, stop - start)
        self._members[:old_lines] = kept
        self._invocations[:count] = invocations
        self._born[:count] = born
        self._sizes[:count] = sizes
        # The starts of all other groups stay as they are: it is the base that moves.
        self._line_base += old_lines - len(kept)
        self._row_base += old_rows - rows
        self._line_starts[:count] = array("q", (start + self._line_base for start in line_starts))
        self._row_starts[:count] = array("q", (start + self._row_base for start in row_starts))
        return [Splice(0, old_rows, rows)] if old_rows else []

    def _cut_from(self, number: int) -> list[Splice]:
        """Leave out the lines from a number on."""
        # The lines may also have lost some that stand before: the context of a match that is gone.
        taken = min(len(self._members), len(self.lines))
        if taken == len(self._members) and number > self._last:
            return []
        count = bisect_left(self._born, number)
        old_rows = len(self)
        splices = []
        if count < len(self._born):
            row = self._rows_before(count)
            splices.append(Splice(row, old_rows - row, 0))
            put_at_all(self._born_of, self._invocations[count:], -1)
            del self._members[self._lines_before(count) :]
            for column in (self._invocations, self._born, self._sizes):
                del column[count:]
            del self._line_starts[count + 1 :], self._row_starts[count + 1 :]
        last = self.lines[len(self.lines) - 1] if len(self.lines) else -1
        number = min(number, last + 1)
        self._last = number - 1
        touched = count
        ends = add_to_all(self._line_starts[1 : count + 1], -self._line_base - 1)
        going = places_at_least(self._members, ends, number)
        np = get_numpy() if len(going) > _MANY else None
        if np is not None:
            row = self._rows_before(going[0])
            is_same = not self._cut_many(np, going[0], number) and not self.are_open and not self._toggled
            self._count_lines(going[0])
            return splices if is_same else [Splice(row, old_rows - row, len(self) - row)]
        first_going = self._lines_before(going[0]) if going else len(self._members)
        for group in reversed(going):
            start, stop = self._lines_before(group), self._lines_before(group + 1)
            kept_stop = bisect_left(self._members, number, start, stop)
            removed = stop - kept_stop
            self._sizes[group] -= removed
            touched = group
            invocation = self._invocations[group]
            if kept_stop == start:
                rows = self._rows_before(group + 1) - self._rows_before(group)
                splices.append(Splice(self._rows_before(group), rows, 0))
                self._forget(invocation)
                for column in (self._invocations, self._born, self._sizes):
                    del column[group]
            elif invocation < 0 or self.is_open(invocation):
                splices.append(Splice(self._rows_before(group + 1) - removed, removed, 0))
        kept = those_below(self._members[first_going:], number)
        del self._members[first_going:]
        self._members += kept
        self._count_lines(touched)
        return self._gather(splices, old_rows)

    def _cut_many(self, np: Any, first: int, number: int) -> int:
        """Leave the lines from a number on out of the groups from the first on; how many are empty then."""
        at = self._lines_before(first)
        members = np.frombuffer(self._members, np.uint32)[at:]
        are_kept = members < number
        kept_before = np.concatenate([[0], np.cumsum(are_kept)])
        sizes = np.diff(
            kept_before[np.frombuffer(self._line_starts, np.int64)[first:] - self._line_base - at]
        )
        kept = array("I", members[are_kept].tobytes())
        del members  # and with it the buffer, which has to be free to become shorter
        del self._members[at:]
        self._members += kept
        self._sizes[first:] = array("I", sizes.astype(np.uint32).tobytes())
        empty: list[int] = (np.flatnonzero(sizes == 0) + first).tolist()
        for group in reversed(empty):
            self._forget(self._invocations[group])
            for column in (self._invocations, self._born, self._sizes):
                del column[group]
        return len(empty)

    def _gather(self, splices: list[Splice], old_rows: int) -> list[Splice]:
        """The splices as they are, or one that covers them where they are many."""
        if len(splices) <= _MANY:
            return splices
        first = min(splice.row for splice in splices)
        return [Splice(first, old_rows - first, len(self) - first)]

    def _make_room(self, invocation: int) -> None:
        if (more := invocation + 1 - len(self._born_of)) > 0:
            self._born_of.extend(repeat(-1, more + _MORE_BORN))

    def _forget(self, invocation: int) -> None:
        if invocation >= 0:
            self._born_of[invocation] = -1

    def _lines_before(self, group: int) -> int:
        return self._line_starts[group] - self._line_base

    def _rows_before(self, group: int) -> int:
        return self._row_starts[group] - self._row_base

    def _group_at(self, row: int) -> int:
        if not 0 <= row < len(self):
            raise IndexError(f"there is no row {row}")
        return bisect_right(self._row_starts, row + self._row_base) - 1

    def _group_of(self, invocation: int) -> int:
        born = self._born_of[invocation] if 0 <= invocation < len(self._born_of) else -1
        return -1 if born < 0 else bisect_left(self._born, born)

    def _count_lines(self, group: int) -> None:
        """Bring the starts in line with the sizes, from this group on."""
        del self._line_starts[group + 1 :]
        self._line_starts.extend(running_sums(self._sizes[group:], self._line_starts.pop()))
        self._count_rows(group)

    def _count_rows(self, group: int) -> None:
        del self._row_starts[group + 1 :]
        np = get_numpy() if len(self._sizes) - group > FEW and not self._toggled else None
        if np is None:
            counts = map(self._row_count, self._invocations[group:], self._sizes[group:])
            rows = array("I", counts)
        else:
            sizes = np.frombuffer(self._sizes, np.uint32)[group:]
            have_header = np.frombuffer(self._invocations, np.int32)[group:] >= 0
            counts = np.where(have_header, sizes + 1 if self.are_open else 1, sizes)
            rows = array("I", counts.astype(np.uint32).tobytes())
        self._row_starts.extend(running_sums(rows, self._row_starts.pop()))

    def _row_count(self, invocation: int, size: int) -> int:
        """How many rows a group takes."""
        if invocation < 0:
            return size
        return size + 1 if self.are_open != (invocation in self._toggled) else 1
