"""LogChoiceDialog: which functions and log groups a log page follows together."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import UserError
from lambdadesk.core.insights import LogGroupInfo
from lambdadesk.core.log_choice import LogChoice, to_choice
from lambdadesk.core.text import one_line
from lambdadesk.core.types import FunctionInfo
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

SEARCH_DELAY_MS = 300
_KEY = Qt.ItemDataRole.UserRole
_Key = tuple[bool, str]  # whether it is a function, and the name
_MOST_ROWS = 500
_CLASSES = {
    "INFREQUENT_ACCESS": "infrequent access: can't be followed",
    "DELIVERY": "delivery: can't be followed",
}


class LogChoiceDialog(QDialog):
    """Shown beside the window with `open()`; deletes itself. What is ticked stays over other searches.

    Signals:
        search_requested(str): the owner is to look for log groups, and to `show_groups` or `show_failure`.
        chosen(LogChoice): what is to be followed.
        closed().
    """

    search_requested = Signal(str)
    chosen = Signal(object)
    closed = Signal()

    def __init__(
        self,
        choice: LogChoice,
        own: FunctionInfo,
        functions: Sequence[FunctionInfo],
        most: int,
        parent: QWidget | None = None,
    ) -> None:
        """own: the function of the page; functions: those to choose from; most: log groups at a time."""
        super().__init__(parent)
        self.setObjectName("logChoiceDialog")
        self.setWindowTitle("Logs to follow")
        self.setAccessibleName("Logs to follow")
        self._own = own
        self._most = most
        every = {function.name: function for function in (own, *functions)}
        self._functions = [own, *(each for name, each in every.items() if name != own.name)]
        self._ticked: dict[_Key, None] = {}
        for name in choice.functions:
            self._ticked[True, name] = None
        for name in choice.groups:
            self._ticked[False, name] = None
        self._groups: list[LogGroupInfo] = []
        self._more = 0  # rows that are not shown
        self._note = "Looking for log groups…"
        self.filter = named(
            FilterEdit("Part of a function's or log group's name"),
            "logChoiceFilter",
            "Find functions and log groups",
        )
        self.list = named(QListWidget(), "logChoiceList", "Functions and log groups")
        self.list.setUniformItemSizes(True)
        self.list.itemChanged.connect(self._on_item)
        self.patterns = named(QLineEdit(), "logChoicePatterns", "More log groups, by name or pattern")
        self.patterns.setPlaceholderText("/aws/lambda/api-*   /my/app")
        self.patterns.setText(" ".join(choice.patterns))
        set_plain_tooltip(
            self.patterns, "Separated by blanks; a * stands for any text. New groups that fit are taken in."
        )
        self.patterns.textChanged.connect(self._say)
        label = PlainLabel("Log groups by name, or by pattern with * for any text:")
        label.setBuddy(self.patterns)
        self.said = named(ToneLabel("dim"), "logChoiceSaid", "What was found and chosen")
        self.buttons = QDialogButtonBox()
        self.use = named(QPushButton("Follow these"), "logChoiceUse", "Follow these together")
        self.reset = named(QPushButton("Only this function"), "logChoiceReset", f"Follow only {own.name}")
        for button in (self.use, self.reset):
            button.setAutoDefault(False)  # Enter in the filter closes nothing
        self.buttons.addButton(self.use, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(self.reset, QDialogButtonBox.ButtonRole.ResetRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(lambda: self._choose(self._choice))
        self.reset.clicked.connect(lambda: self._choose(LogChoice((own.name,))))
        self.buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.filter)
        layout.addWidget(self.list, 1)
        layout.addWidget(label)
        layout.addWidget(self.patterns)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        self.resize(620, 480)
        self._typing = QTimer(self, singleShot=True, interval=SEARCH_DELAY_MS)
        self._typing.timeout.connect(self._search)
        self.filter.textChanged.connect(self._on_filter)
        self.filter.down_pressed.connect(self._enter_list)
        self.finished.connect(self._typing.stop)
        self.finished.connect(self.closed)
        self.finished.connect(self.deleteLater)

    def open(self) -> None:
        """Show it and look for groups; unlike QDialog's own, this lets the window be used."""
        self.show()
        self.filter.setFocus()
        self._show_rows()
        self._search()

    def show_groups(self, infos: Iterable[LogGroupInfo]) -> None:
        """Show what was found besides the functions' own log groups."""
        own = {function.log_group_name for function in self._functions if not function.log_group}
        own |= {f"/aws/lambda/{function.name}" for function in self._functions}
        self._groups = [info for info in infos if info.name not in own]
        self._note = ""
        self._show_rows()

    def show_failure(self, error: UserError) -> None:
        """Say why there are no log groups; functions and names can still be chosen."""
        self._groups, self._note = [], f"✖ {error}"
        self._show_rows()
        announce(self.said, str(error))

    @property
    def _choice(self) -> LogChoice:
        functions = [name for is_function, name in self._ticked if is_function]
        groups = [name for is_function, name in self._ticked if not is_function]
        return to_choice(functions, [*groups, *self.patterns.text().split()])

    def _on_filter(self) -> None:
        self._typing.start()
        self._show_rows()

    def _enter_list(self) -> None:
        """Go from the filter to the first row that is not chosen, which Space chooses."""
        rows = range(self.list.count())
        unticked = (row for row in rows if self.list.item(row).checkState() is not Qt.CheckState.Checked)
        self.list.setCurrentRow(next(unticked, 0))
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _search(self) -> None:
        self._typing.stop()
        self._note = "Looking for log groups…"
        self._say()
        self.search_requested.emit(self.filter.text().strip())

    def _show_rows(self) -> None:
        """The chosen ones first, then the functions and the groups that fit."""
        part = self.filter.text().strip().lower()
        functions = {function.name: function for function in self._functions}
        rows: dict[_Key, None] = dict.fromkeys(self._ticked)
        rows |= dict.fromkeys((True, name) for name in functions if part in name.lower())
        rows |= dict.fromkeys((False, info.name) for info in self._groups)
        infos = {info.name: info for info in self._groups}
        row_size = QSize(0, self.list.fontMetrics().height() + theme.ROW_PADDING)
        self.list.blockSignals(True)
        self.list.clear()
        for is_function, name in list(rows)[:_MOST_ROWS]:
            about = _about_function(functions.get(name)) if is_function else _about_group(infos.get(name))
            item = QListWidgetItem(f"{one_line(name)}   {about}")
            item.setData(_KEY, (is_function, name))
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
            )
            item.setSizeHint(row_size)
            is_ticked = (is_function, name) in self._ticked
            item.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
            if not is_function and (info := infos.get(name)) and info.log_class in _CLASSES and not is_ticked:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._more = max(0, len(rows) - _MOST_ROWS)
        self._say()

    def _on_item(self, item: QListWidgetItem) -> None:
        key: _Key = tuple(item.data(_KEY))
        if item.checkState() == Qt.CheckState.Checked:
            self._ticked[key] = None
        else:
            self._ticked.pop(key, None)
        self._say()

    def _say(self) -> None:
        choice = self._choice
        count = len(choice.functions) + len(choice.groups)
        problem = ""
        if choice.is_empty:
            problem = "Choose a function or a log group, or name one."
        elif wrong := next((each for each in choice.patterns if not each.strip("*")), ""):
            problem = f"{wrong} would follow every log group: name a part of theirs, too."
        elif count > self._most:
            problem = f"At most {self._most} log groups can be followed at a time; these are {count}."
        self.use.setEnabled(not problem)
        said = [f"{choice.words} chosen." if not choice.is_empty else ""]
        if choice.patterns:
            said.append("Log groups that come to fit a pattern are taken in within a minute.")
        if self._more:
            said.append(f"{self._more:,} more fit; name a part of what you look for.")
        if not self._note and self.filter.text().strip() and self.list.count() == len(self._ticked):
            said.append("Nothing else has this in its name.")
        said = [problem] if problem else said
        self.said.say(
            " ".join(part for part in (*said, self._note) if part),
            "error" if problem or self._note.startswith("✖") else "dim",
        )

    def _choose(self, choice: LogChoice) -> None:
        self.chosen.emit(choice)
        self.close()


def _about_function(function: FunctionInfo | None) -> str:
    if function is None:
        return "function, not in the list"
    return f"function, its streams of {function.log_group}" if function.shares_log_group else "function"


def _about_group(info: LogGroupInfo | None) -> str:
    about = "log group, all streams"
    return f"{about}; {_CLASSES[info.log_class]}" if info and info.log_class in _CLASSES else about
