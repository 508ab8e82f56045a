"""RightSizes, the headroom of all functions of the open connections, by what is known of their runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.connection import Connection

if TYPE_CHECKING:  # imported in a thread, since numpy is slow to
    from lambdadesk.core.right_size import RightSize
    from lambdadesk.core.types import FunctionInfo

DAYS = 400  # further back than anything is kept
_TOLD_AT_ONCE = 25  # functions


@dataclass(frozen=True, slots=True)
class RightSizeRow:
    """A function of a connection, and what its runs say of its size."""

    connection: Connection
    found: "RightSize"

    @property
    def key(self) -> tuple[str, str]:
        return self.connection.target.key, self.found.function.name


class RightSizes:
    """Works through the functions of which any run is known, one after the other.

    unseen: functions of which none is known. done, wanted: how far it is.

    Event changed: more rows are there, or all.
    """

    def __init__(self) -> None:
        self.changed: Event[[]] = Event()
        self.rows: list[RightSizeRow] = []
        self.unseen = 0
        self.done = 0
        self.wanted = 0

    async def run(self, connections: Iterable[Connection]) -> None:
        """Look at all anew. What can't be read of the file is told by the connection's own book."""
        rows: list[RightSizeRow] = []
        self.done, self.unseen = 0, 0
        todo = []
        for connection in connections:
            known = await _known(connection)
            for function in connection.catalog.state.functions:
                if function.name in known:
                    todo.append((connection, function))
                else:
                    self.unseen += 1
        self.wanted = len(todo)
        for connection, function in todo:
            rows.append(RightSizeRow(connection, await size_function(connection, function)))
            self.done += 1
            if self.done % _TOLD_AT_ONCE == 0:
                self.rows = list(rows)
                self.changed.emit()
        self.rows = rows
        self.changed.emit()


async def size_function(connection: Connection, function: "FunctionInfo") -> "RightSize":
    """What the known runs of one function say of its size."""
    await in_thread(import_module, "lambdadesk.core.right_size")
    from lambdadesk.core.right_size import right_size

    columns = await connection.invocations.columns(function.name)
    return await in_thread(right_size, function, columns, connection.target.region, connection.prices)


async def _known(connection: Connection) -> set[str]:
    """The functions of which any run is known, now or from before."""
    today: date = datetime.now(UTC).date()
    kept = await connection.invocations.by_function(today - timedelta(days=DAYS), today)
    return {*kept, *connection.ledger.functions()}
