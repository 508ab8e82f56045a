"""PackedInvocations, a great many invocations in arrays: an object for each takes ten times as much."""

from array import array
from collections.abc import Hashable
from copy import copy
from decimal import Decimal
from itertools import repeat

from lambdadesk.core.request_ids import to_halves, to_request_id
from lambdadesk.core.types import Invocation, Outcome, Report

_NONE = -1  # a figure that is not there
_MOST = 1 << 31  # figures beyond it are kept as they are
_GROWTH = 256  # rows made at a time
_new = tuple.__new__
# What few invocations differ in: function, stream, version, outcome, error type, here, memory, status and
# error type of the report, decimals of the duration (None: no report), and the owner's note.
_Kind = tuple[str, str, str, Outcome, str, bool, int | None, str, str, int | None, Hashable]


class PackedInvocations:
    """Invocations by row, as they were put there; without their costs.

    What one gets is made anew each time. A row takes some 70 bytes; one that is out of the ordinary (a cold
    start, a request id that is no UUID) some more.
    """

    def __init__(self) -> None:
        self._is_put = bytearray()  # by row
        self._high = array("Q")  # of the request id
        self._low = array("Q")
        self._started_ms = array("q")
        self._took_ms = array("i")
        self._duration = array("i")  # its digits
        self._billed_ms = array("i")
        self._max_memory_mb = array("i")
        self._kinds = array("I")
        self._columns: tuple[array[int], ...] = (
            *(self._high, self._low, self._started_ms, self._took_ms, self._duration),
            *(self._billed_ms, self._max_memory_mb, self._kinds),
        )
        self._names: list[_Kind] = []
        self._numbers: dict[_Kind, int] = {}
        self._inits: dict[int, tuple[Decimal | None, Decimal | None, int | None, str]] = {}
        self._odd: dict[int, tuple[Invocation, Hashable]] = {}
        self._index = _Index()

    @property
    def odd_count(self) -> int:
        """How many of them are kept as objects, since the columns can't hold them."""
        return len(self._odd)

    def put(self, row: int, invocation: Invocation, note: Hashable = None) -> None:
        """Keep the invocation in a row. note: what else to keep, of few different values."""
        if row >= len(self._kinds):
            more = row + _GROWTH - len(self._kinds)
            for column in self._columns:
                column.frombytes(bytes(more * column.itemsize))
            self._is_put += bytes(more)
        if not self._is_put[row]:
            self._is_put[row] = 1
            self._index.add(row, hash(invocation.request_id))
        elif row in self._inits:
            del self._inits[row]
        if self._put(row, invocation, note):
            if row in self._odd:
                del self._odd[row]
        else:
            kept = copy(invocation)
            kept.cost = None
            self._odd[row] = kept, note

    def _put(self, row: int, invocation: Invocation, note: Hashable) -> bool:
        """Whether the invocation could be put into the columns."""
        request_id, report, ended_ms = invocation.request_id, invocation.report, invocation.ended_ms
        halves = to_halves(request_id)
        if halves is None:
            return False
        took_ms = _NONE if ended_ms is None else ended_ms - invocation.started_ms
        if ended_ms is not None and not 0 <= took_ms < _MOST:
            return False
        memory_mb, status, report_error, decimals = None, "", "", None
        digits = billed_ms = max_memory_mb = _NONE
        if report is not None:
            (
                report_id,
                duration_ms,
                billed,
                memory_mb,
                most,
                init_ms,
                restore_ms,
                billed_restore_ms,
                status,
                report_error,
                trace_id,
            ) = report
            text = str(duration_ms)
            whole, _, rest = text.partition(".")
            if report_id != request_id or not (whole + rest).isdecimal():
                return False
            digits, decimals = int(whole + rest), len(rest)
            billed_ms = _NONE if billed is None else billed
            max_memory_mb = _NONE if most is None else most
            if max(digits, billed_ms, max_memory_mb) >= _MOST or min(billed or 0, most or 0) < 0:
                return False
            if trace_id or init_ms is not None or restore_ms is not None or billed_restore_ms is not None:
                self._inits[row] = init_ms, restore_ms, billed_restore_ms, trace_id
        self._high[row], self._low[row] = halves
        self._started_ms[row], self._took_ms[row] = invocation.started_ms, took_ms
        self._duration[row], self._billed_ms[row], self._max_memory_mb[row] = digits, billed_ms, max_memory_mb
        kind = (
            *(invocation.function, invocation.stream, invocation.version, invocation.outcome),
            *(invocation.error_type, invocation.here, memory_mb, status, report_error, decimals, note),
        )
        at = self._numbers.get(kind)
        if at is None:
            at = self._numbers[kind] = len(self._names)
            self._names.append(kind)
        self._kinds[row] = at
        return True

    def get(self, row: int) -> Invocation:
        """A new object for the invocation of a row."""
        if row in self._odd:
            return copy(self._odd[row][0])
        request_id = self.request_id_of(row)
        function, stream, version, outcome, error_type, here, memory_mb, status, report_error, decimals, _ = (
            self._names[self._kinds[row]]
        )
        report = None
        if decimals is not None:
            init = self._inits.get(row, _NO_INIT)
            duration_ms = Decimal(self._duration[row])
            figures = (
                request_id,
                duration_ms.scaleb(-decimals) if decimals else duration_ms,
                _figure(self._billed_ms[row]),
                memory_mb,
                _figure(self._max_memory_mb[row]),
                *init[:3],
                status,
                report_error,
                init[3],
            )
            report = _new(Report, figures)
        started_ms, took_ms = self._started_ms[row], self._took_ms[row]
        ended_ms = None if took_ms == _NONE else started_ms + took_ms
        return Invocation(
            function,
            request_id,
            started_ms,
            stream,
            ended_ms,
            version,
            outcome,
            error_type,
            report,
            None,
            here,
        )

    def ended_of(self, row: int) -> int | None:
        if row in self._odd:
            return self._odd[row][0].ended_ms
        took_ms = self._took_ms[row]
        return None if took_ms == _NONE else self._started_ms[row] + took_ms

    def note_of(self, row: int) -> Hashable:
        return self._odd[row][1] if row in self._odd else self._names[self._kinds[row]][-1]

    def request_id_of(self, row: int) -> str:
        if row in self._odd:
            return self._odd[row][0].request_id
        return to_request_id(self._high[row], self._low[row])

    def started_between(self, from_ms: int, to_ms: int) -> list[int]:
        """The rows of those that began within this time, both ends included."""
        rows = {row for row, at_ms in enumerate(self._started_ms) if from_ms <= at_ms <= to_ms}
        rows = {row for row in rows if self._is_put[row] and row not in self._odd}
        rows |= {row for row, (odd, _) in self._odd.items() if from_ms <= odd.started_ms <= to_ms}
        return sorted(rows)

    def rows_of(self, request_id: str, stream: str | None = None) -> list[int]:
        """The rows of a request, of one stream or of all, ascending."""
        found = []
        for row in self._index.find(hash(request_id)):
            odd = self._odd.get(row)
            of_row = self._names[self._kinds[row]][1] if odd is None else odd[0].stream
            if (stream is None or of_row == stream) and self.request_id_of(row) == request_id:
                found.append(row)
        return sorted(found)


_NO_INIT = (None, None, None, "")


def _figure(value: int) -> int | None:
    return None if value == _NONE else value


class _Index:
    """Rows by a hash: a table of chains that grows chain by chain, so that no row takes long."""

    def __init__(self) -> None:
        self._hashes = array("q")  # by row
        self._nexts = array("I")  # by row: the next one of its chain, plus 1
        self._heads = array("I", repeat(0, 64))
        self._size = 64  # of the table when all its chains had been split as often
        self._mask = 2 * self._size - 1
        self._count = 0

    def add(self, row: int, key: int) -> None:
        """Note the key of a row, once."""
        hashes, nexts, heads = self._hashes, self._nexts, self._heads
        if row >= len(hashes):
            more = row + _GROWTH - len(hashes)
            hashes.frombytes(bytes(hashes.itemsize * more))
            nexts.frombytes(bytes(nexts.itemsize * more))
        self._count += 1
        if self._count > len(heads):
            self._split()
        at = key & self._mask
        if at >= len(heads):
            at -= self._size
        hashes[row], nexts[row] = key, heads[at]
        heads[at] = row + 1

    def find(self, key: int) -> list[int]:
        at = key & self._mask
        if at >= len(self._heads):
            at -= self._size
        found = []
        row = self._heads[at]
        while row:
            if self._hashes[row - 1] == key:
                found.append(row - 1)
            row = self._nexts[row - 1]
        return found

    def _split(self) -> None:
        """Part the next chain in two, by one more bit of the hashes."""
        heads, hashes, nexts, size = self._heads, self._hashes, self._nexts, self._size
        at = len(heads) - size
        row, heads[at] = heads[at], 0
        heads.append(0)
        while row:
            following = nexts[row - 1]
            chain = size + at if hashes[row - 1] & size else at
            nexts[row - 1], heads[chain] = heads[chain], row
            row = following
        if len(heads) == 2 * size:
            self._size, self._mask = 2 * size, 4 * size - 1
