"""ResultSide: what the right half of the Invoke page says, and of which run."""

from lambdadesk.core.errors import UserError
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.async_run import AsyncRun
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry, with_bodies
from lambdadesk.ui.invoke.layout import InvokeLayout
from lambdadesk.ui.invoke.live_run import LiveRun
from lambdadesk.ui.invoke.run_follower import RunFollower
from lambdadesk.ui.models.history_table import sent_at, status


class ResultSide:
    """Shows one run at a time, or why nothing was sent.

    entry: the run that is shown; is_refused: the status says why nothing was sent.
    """

    def __init__(
        self, connection: Connection, function: FunctionInfo, parts: InvokeLayout, scope: TaskScope
    ) -> None:
        self.entry: HistoryEntry | None = None
        self.is_refused = False
        self._says_why = False  # why there is no answer, better than the entry does
        self._sum = ""  # of all attempts at the run that is shown, as it is shown
        self.follower = RunFollower(connection, scope, parts.fate, self._on_more_told)
        self.live = LiveRun(connection, function, parts.result, parts.progress)
        self._connection = connection
        self._scope = scope
        self._function = function
        self._view = parts.result
        self._say_nothing_sent()

    def clear(self) -> None:
        """A run begins."""
        self.entry = None
        self.is_refused = self._says_why = False
        self._view.clear()
        self.follower.show(None)

    def show(self, entry: HistoryEntry, function: FunctionInfo) -> None:
        """Show a run that was answered, or is of the history."""
        self.entry, self._function = entry, function
        self.is_refused = self._says_why = False
        self._sum = self.follower.sum_of(entry)
        cost = self._connection.cost_of(function, entry)
        log = self.live.log_of(entry)
        self._view.show_entry(
            entry,
            log,
            cost,
            self._why_no_report(),
            self._connection.log_cost_of(log),
            self._connection.badges_of(function, entry),
            self._sum,
        )
        self.follower.show(entry)
        needs = self._connection.provisioned.needs(function.name, entry.qualifier)
        if entry.report is not None and needs and not self._scope.is_running("provisioned"):
            self._scope.start("provisioned", self._find_provisioned, function)

    async def _find_provisioned(self, function: FunctionInfo) -> None:
        """Say of the cost what only the function's configuration tells."""
        await self._connection.provisioned.find(function.name)
        if self.entry is not None and self.entry.report is not None and not self.is_refused:
            self.show(self.entry, function)

    def update(self, entry: HistoryEntry, function: FunctionInfo) -> None:
        """The history knows more of a run, which may be the one that is shown."""
        self.follower.update(entry)
        shown = self.entry
        if shown is None or (shown.id, shown.sent_ms) != (entry.id, entry.sent_ms):
            return
        entry = with_bodies(entry, shown)
        if self.is_refused or (self._says_why and entry.outcome is shown.outcome):
            self.entry = entry
        else:
            self.show(entry, function)

    def show_unanswered(self, entry: HistoryEntry) -> None:
        """Go on with a run of which the status says already why there is no answer."""
        self.entry = entry
        self.follower.follow(entry)
        self.follower.show(entry)

    def show_failure(self, error: UserError) -> None:
        self._says_why = True
        self._view.show_failure(error)

    def say_stopped(self) -> None:
        self.live.stop()
        self._says_why = True
        self._view.say(
            "warning",
            "▲ Stopped waiting. The function goes on; its log shows how it ends.",
            "Look at its log before you invoke again: it may have done its work.",
        )

    def refuse(self, sentence: str) -> None:
        """Say why nothing was sent, until the payload is changed; the last result stays to be seen."""
        self.is_refused = True
        shown = self.entry
        earlier = f"Below is an earlier run, of {sent_at(shown)}: {status(shown)[0]}." if shown else ""
        self._view.say("error", f"✖ Not sent: {sentence}", earlier)

    def take_back_refusal(self, function: FunctionInfo) -> None:
        self.is_refused = False
        if self.entry is not None:
            self.show(self.entry, function)
        else:
            self._say_nothing_sent()

    def _say_nothing_sent(self) -> None:
        self._view.say("dim", "Not invoked yet", "Ctrl+Enter sends the payload once; the answer comes here.")

    def _on_more_told(self, run: AsyncRun) -> None:
        """Say how an asynchronous run stands, and what its attempts took."""
        if self.is_refused:
            return
        if self.entry is not None and not self._says_why and run.sum != self._sum:
            self._sum = run.sum
            self.show(self.entry, self._function)
        elif run.headline:
            self._view.status.say(f"▲ {run.headline}", "warning")

    def _why_no_report(self) -> str:
        tail = self._connection.tails.get(self._function.name)
        if tail is not None and tail.state is TailState.DENIED:
            return "billed duration, memory and cost are in the log, which may not be read"
        return "billed duration, memory and cost follow with the REPORT line"
