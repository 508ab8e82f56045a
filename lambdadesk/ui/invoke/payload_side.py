"""PayloadSide: what is typed and chosen on the Invoke page, where it is from, and its draft on the disk."""

from PySide6.QtCore import QObject, QTimer, Signal

from lambdadesk.core.event_templates import get_completion_keys
from lambdadesk.core.payload import PayloadProblem
from lambdadesk.core.types import InvocationType
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.drafts import Draft
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.invoke.layout import InvokeLayout
from lambdadesk.ui.widgets.run_bar import to_draft

SAVE_DELAY_MS = 1_000  # a kill loses no more of what is typed


class PayloadSide(QObject):
    """Owns the text of the editor.

    is_touched: the user typed something that was not sent; origin: where the text is from, in words.

    Signals:
        mended(): the payload has no error any more, or how it is sent was changed.
    """

    mended = Signal()

    def __init__(
        self, connection: Connection, function: str, parts: InvokeLayout, scope: TaskScope, sample: str
    ) -> None:
        super().__init__(parts.payload)
        self.is_touched = False
        self.origin = ""
        self._has_kept = False  # the disk has a payload, which has to go when it was sent
        self._connection = connection
        self._key = (connection.target.key, function)
        self._editor = parts.payload
        self._bar = parts.bar
        self._scope = scope
        self._timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self._timer.timeout.connect(self._save_now)
        self._editor.edit.checked.connect(self._on_checked)
        self._editor.set_text(sample)
        self._editor.edit.textChanged.connect(self._on_typed)
        self._bar.changed.connect(self._on_chosen)
        self._bar.format_requested.connect(self._editor.format)

    def text(self) -> str:
        return self._editor.text()

    def draft(self) -> str | None:
        """What the user typed and did not send, None if the payload is as it was loaded."""
        return self.text() if self.is_touched else None

    def set_draft(self, text: str) -> None:
        self._editor.set_text(text)
        self.is_touched = True

    def put_back(self, entry: HistoryEntry) -> None:
        """Show what was sent, and how; nothing where the payload was not kept, as none is ever empty.

        What was typed and not sent is one step to undo away.
        """
        if not entry.payload:
            return
        was_waiting = self._timer.isActive()
        self._bar.set_from(to_draft(entry))
        self._editor.set_kind(self._bar.kind)
        text = entry.payload.decode("utf-8", "replace")
        if self.is_touched:
            self._editor.replace(text, "Undo brings back what you had typed.")
        else:
            self._editor.set_text(text)
        if not was_waiting and not self._has_kept:
            self._timer.stop()  # the history has it
        self.is_touched = False
        self.origin = entry.origin

    def load(self, text: str, origin: str, template_key: str, kind: InvocationType | None) -> None:
        """Put a text in place of the payload, as one step to undo; see InvokePanel.load_payload."""
        self._editor.replace(text)
        self._editor.edit.set_completion_keys(get_completion_keys(template_key) if template_key else ())
        if kind is not None:
            self._bar.set_kind(kind)
        self.origin = origin

    def mark_sent(self, text: str) -> None:
        """This was sent and is in the history; what was typed meanwhile is still to be sent."""
        if self.text() == text:
            self.is_touched = False
            self._timer.start()

    async def load_draft(self) -> Draft | None:
        draft = await self._connection.drafts.load(self._key)
        if draft is not None:
            self._has_kept = draft.payload is not None
        return draft

    def use_draft(self, draft: Draft) -> None:
        """Put back what was typed, unless something has been typed already, and how it is to be sent."""
        self._bar.set_from(draft)
        self._editor.set_kind(self._bar.kind)
        if draft.payload is not None and not self.is_touched:
            self.set_draft(draft.payload)

    async def close(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self._save_now()
            await self._scope.wait("draft")
        await self._editor.close_editor()

    def _save_now(self) -> None:
        self._has_kept = self.is_touched
        draft = self._bar.to_draft(self.draft())
        self._scope.start("draft", self._connection.drafts.save, self._key, draft)

    def _keep_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _on_typed(self) -> None:
        self.is_touched = True
        self.origin = ""
        self._keep_soon()

    def _on_chosen(self) -> None:
        self._editor.set_kind(self._bar.kind)
        self.mended.emit()
        self._keep_soon()

    def _on_checked(self, problem: PayloadProblem | None) -> None:
        if problem is None or not problem.is_error:
            self.mended.emit()
