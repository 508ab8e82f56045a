"""RunFollower: what becomes of runs that nobody answered for, in the view below the result."""

from collections import OrderedDict
from collections.abc import Callable

from lambdadesk.core.async_fate import Step, StepState
from lambdadesk.core.types import InvocationType, Outcome
from lambdadesk.desk.async_run import AsyncRun
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.lost_run import LostRun
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.widgets.fate_view import FateView

ACCEPTED = 202
_KEPT = 20  # runs whose steps can be shown again

Key = tuple[int, int]  # id and moment of an entry


class RunFollower:
    """Follows every queued or lost run of one panel in its scope; the steps of the shown one are seen.

    say: called when the shown one has told more.
    """

    def __init__(
        self, connection: Connection, scope: TaskScope, view: FateView, say: Callable[[AsyncRun], None]
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._view = view
        self._say = say
        self._runs: OrderedDict[Key, AsyncRun | LostRun] = OrderedDict()
        self._shown: Key | None = None

    def follow(self, entry: HistoryEntry) -> None:
        """Follow a run, if it is one to follow: queued, or without an answer."""
        connection = self._connection
        tail = connection.tails.get(entry.function)
        is_queued = entry.kind is InvocationType.EVENT and entry.status_code == ACCEPTED
        is_lost = entry.outcome is Outcome.UNKNOWN and entry.kind is not InvocationType.DRY_RUN
        if tail is None or not (is_queued or is_lost):
            return
        make = AsyncRun if is_queued else LostRun
        run = make(connection.gateway, tail, connection.ledger, entry)
        key = _key(entry)
        self._runs[key] = run
        while len(self._runs) > _KEPT:
            self._runs.popitem(last=False)
        run.changed.connect(self._on_changed(key, run))
        self._scope.start(f"follow {key}", self._run, run)

    def show(self, entry: HistoryEntry | None) -> None:
        """Show the steps of this run; nothing for one that is not followed."""
        self._shown = _key(entry) if entry is not None else None
        run = self._runs.get(self._shown) if self._shown else None
        if run is not None:
            self._show_run(run)
        elif entry is not None and entry.fate:  # of an earlier start
            self._view.show_steps([Step(entry.fate, StepState.DONE)])
        else:
            self._view.show_steps(())

    def sum_of(self, entry: HistoryEntry) -> str:
        """What all attempts at a run took together, where that is known; see AsyncRun.sum."""
        run = self._runs.get(_key(entry))
        return run.sum if isinstance(run, AsyncRun) else ""

    def update(self, entry: HistoryEntry) -> None:
        """The history knows more of a run."""
        run = self._runs.get(_key(entry))
        if run is not None:
            run.update(entry)

    def _on_changed(self, key: Key, run: AsyncRun | LostRun) -> Callable[[], None]:
        def show() -> None:
            if key == self._shown:
                self._show_run(run)

        return show

    def _show_run(self, run: AsyncRun | LostRun) -> None:
        self._view.show_steps(run.steps)
        if isinstance(run, AsyncRun):
            self._say(run)

    async def _run(self, run: AsyncRun | LostRun) -> None:
        await run.run()
        self._connection.invoker.tell_fate(run.entry, run.sentence)


def _key(entry: HistoryEntry) -> Key:
    return entry.id, entry.sent_ms
