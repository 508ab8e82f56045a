"""InvocationList, the invocations that a log showed: those that go on as objects, those that ended packed."""

from array import array
from collections.abc import Hashable, Sequence
from typing import overload

from lambdadesk.core.packed_invocations import PackedInvocations
from lambdadesk.core.types import Invocation

_NONE = -1
_MOST = 1 << 31


class InvocationList(Sequence[Invocation]):
    """Only ever appended to, so that an index stays valid.

    Of a packed invocation one gets a new object each time, which tells of nothing that comes later.
    """

    def __init__(self) -> None:
        self._count = 0
        self._live: dict[int, Invocation] = {}
        self._packed = PackedInvocations()
        self._begun = array("i")  # when its START was, from started_ms on

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Invocation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Invocation]: ...
    def __getitem__(self, index: int | slice) -> Invocation | list[Invocation]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._count))]
        at = index + self._count if index < 0 else index
        live = self._live.get(at)
        if live is not None:
            return live
        if not 0 <= at < self._count:
            raise IndexError(f"there is no invocation {index}")
        return self._packed.get(at)

    def append(self, invocation: Invocation) -> None:
        self._live[self._count] = invocation
        self._count += 1

    def live(self) -> list[Invocation]:
        """Those that are not packed, oldest first: all that have not ended are among them."""
        return [self._live[at] for at in sorted(self._live)]

    def started_between(self, from_ms: int, to_ms: int) -> list[Invocation]:
        """Those that began within this time, both ends included, in their order."""
        found = self._packed.started_between(from_ms, to_ms)
        live = self._live
        found += [at for at, invocation in live.items() if from_ms <= invocation.started_ms <= to_ms]
        return [
            self[at] for at in sorted(set(found)) if at not in live or from_ms <= live[at].started_ms <= to_ms
        ]

    def of_request(self, request_id: str) -> list[int]:
        """The indexes of all attempts at a request, ascending."""
        live = [at for at, invocation in self._live.items() if invocation.request_id == request_id]
        return sorted(
            {*live, *self._packed.rows_of(request_id)} if live else self._packed.rows_of(request_id)
        )

    def request_id_of(self, index: int) -> str:
        live = self._live.get(index)
        return self._packed.request_id_of(index) if live is None else live.request_id

    def packed_of(self, request_id: str, stream: str) -> list[int]:
        """The indexes of the packed attempts at a request that were in one stream, ascending."""
        rows = self._packed.rows_of(request_id, stream)
        return [at for at in rows if at not in self._live] if rows else rows

    def pack(self, index: int, start_ms: int | None, note: Hashable) -> bool:
        """Let go of the object. start_ms, note: see `unpack`. False where it can't be packed."""
        invocation = self._live[index]
        begun = _NONE if start_ms is None else start_ms - invocation.started_ms
        if start_ms is not None and not 0 <= begun < _MOST:
            return False
        if index >= len(self._begun):
            self._begun.frombytes(bytes(self._begun.itemsize * (index + 256 - len(self._begun))))
        self._begun[index] = begun
        self._packed.put(index, invocation, note)
        del self._live[index]
        return True

    def unpack(self, index: int) -> tuple[Invocation, int | None, Hashable]:
        """Make it an object again that goes on; with the moment of its START and the note it had."""
        invocation = self._live[index] = self._packed.get(index)
        begun = self._begun[index]
        start_ms = None if begun == _NONE else invocation.started_ms + begun
        return invocation, start_ms, self._packed.note_of(index)
