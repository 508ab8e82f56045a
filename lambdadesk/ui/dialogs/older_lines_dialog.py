"""OlderLinesDialog: the lines of a tail that are on disk, page by page, behind a filter of their own."""

from array import array
from bisect import bisect_left

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import UserError
from lambdadesk.core.logfilter import HELP, FilterProblem, parse_filter
from lambdadesk.core.logstore import LogStore
from lambdadesk.desk.log_archive import LogArchive
from lambdadesk.desk.tailer import Tailer
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_table import Facts
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.log_view import LogView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.older_lines import OlderFilter, gone_words
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.screen_room import resize_within

PAGE = 50_000  # lines shown at a time, at first
_NAME = "older lines"  # in the scope


class OlderLinesDialog(QDialog):
    """Shown beside the window with `open()`. Deletes itself when closed, which ends what is looked for."""

    def __init__(
        self, tail: Tailer, scope: TaskScope, facts: Facts, wanted: OlderFilter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        assert tail.archive is not None  # noqa: S101  the button that opens it is hidden without one
        self._archive: LogArchive = tail.archive
        self._tail = tail
        self._scope = scope
        self._facts = facts
        self.page_lines = PAGE
        self._numbers: array[int] | None = None  # of the lines found; None: all lines
        self._page: array[int] = array("q")  # the numbers of the lines shown
        self.setObjectName("olderLinesDialog")
        self.setWindowTitle("Older lines")
        self.setAccessibleName("Older lines")
        self.filter = named(FilterEdit("Filter; Enter looks through all of them"), "olderFilter", "Filter")
        set_plain_tooltip(self.filter, HELP)
        self.filter.returnPressed.connect(self._look)
        self.narrow = named(QCheckBox(), "olderNarrow", "Narrow the lines as on the page, too")
        self.narrow.toggled.connect(self._look)
        self.cancel = named(QPushButton("Cancel"), "olderCancel", "Stop looking")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(lambda: self._scope.cancel(_NAME))
        self.status = named(ToneLabel("dim"), "olderStatus", "What is shown")
        self.status.setWordWrap(True)
        self.view = named(LogView(), "olderLines", "Older lines")
        self.older = self._make_step("Older", "olderBack", -1)
        self.newer = self._make_step("Newer", "olderNext", 1)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.filter, 1)
        row.addWidget(self.cancel)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)  # Enter looks
        for button in (self.older, self.newer):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(row)
        layout.addWidget(self.narrow)
        layout.addWidget(self.status)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        resize_within(self, 1_000, 640)
        self.finished.connect(lambda: self._scope.cancel(_NAME))
        self.use_filter(wanted)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()

    def use_filter(self, wanted: OlderFilter) -> None:
        """Begin anew with the filter of the page."""
        self._page_filter = wanted
        self.filter.setText(wanted.text)
        self.narrow.setText(f"As on the page: {wanted.words}".replace("&", "&&"))
        self.narrow.setVisible(bool(wanted.terms))
        self.narrow.blockSignals(True)
        self.narrow.setChecked(True)
        self.narrow.blockSignals(False)
        self._look()

    def _make_step(self, words: str, name: str, direction: int) -> QPushButton:
        button = named(QPushButton(words), name, f"{words} lines")
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self._scope.start(_NAME, self._step, direction))
        return button

    def _look(self) -> None:
        """Look for what the filter leaves, and show the newest of that."""
        self._scope.start(_NAME, self._find)

    async def _find(self) -> None:
        try:
            wanted = parse_filter(self.filter.text())
        except FilterProblem as problem:
            self.status.say(f"✖ Column {problem.column}: {problem}", "error")
            self.cancel.hide()
            return
        if self.narrow.isChecked():
            wanted = wanted.narrowed(*self._page_filter.terms)
        self._numbers = None
        if not wanted.is_empty:
            self.cancel.show()
            self._say_progress(0, 0)
            is_done = False
            try:
                self._numbers = await self._archive.find(wanted, self._say_progress, self._page_filter.tally)
                is_done = True
            except UserError as error:
                self.status.say(f"✖ {error}", "error")
                return
            finally:
                self.cancel.hide()
                if not is_done and self.status.text().startswith("Looking"):
                    self.status.say("▲ Stopped: not all lines were looked at.", "warning")
        self.cancel.hide()
        self._page = array("q")
        await self._step(-1)

    def _say_progress(self, looked_at: int, found: int) -> None:
        self.status.say(f"Looking: {found:,} found in {looked_at:,} of {len(self._archive):,} lines…", "dim")

    async def _step(self, direction: int) -> None:
        """Show the page before or after this one, the newest where there is none yet."""
        numbers, page, archive = self._numbers, self._page, self._archive
        if numbers is None:
            if direction < 0:
                chosen = archive.numbers_before(page[0] if page else 1 << 62, self.page_lines)
            else:
                chosen = archive.numbers_from(page[-1] + 1 if page else 0, self.page_lines)
        elif direction < 0:
            stop = bisect_left(numbers, page[0]) if page else len(numbers)
            chosen = numbers[max(0, stop - self.page_lines) : stop]
        else:
            start = bisect_left(numbers, page[-1]) + 1 if page else 0
            chosen = numbers[start : start + self.page_lines]
        try:
            store = await archive.load(chosen)
        except UserError as error:
            self.status.say(f"✖ {error}", "error")
            return
        self._page = chosen
        self._show(store)

    def _show(self, store: LogStore) -> None:
        numbers, page, archive = self._numbers, self._page, self._archive
        self.view.set_placeholder("No older line matches the filter." if numbers is not None else "")
        self.view.set_store(store, facts=self._facts)
        if numbers is None:
            first = page[0] if page else 0
            self.older.setEnabled(bool(page) and bool(archive.numbers_before(first, 1)))
            self.newer.setEnabled(bool(page) and bool(archive.numbers_from(page[-1] + 1, 1)))
            text = f"{len(page):,} of {len(archive):,} older lines"
        else:
            self.older.setEnabled(bool(page) and page[0] > numbers[0])
            self.newer.setEnabled(bool(page) and page[-1] < numbers[-1])
            part = f"{len(page):,} of " if len(page) < len(numbers) else ""
            text = f"{part}{len(numbers):,} found in {len(archive):,} older lines"
        gone = gone_words(self._tail)
        self.status.say(f"{text}. {gone}".strip(), "dim")
        announce(self.status, self.status.text())
