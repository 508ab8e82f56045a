"""FindBar: find in an editor or a view, and replace in an editor."""

import re
import time
from bisect import bisect_left

from PySide6.QtCore import QEvent, QRegularExpression, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.code_edit import CodeEdit
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import set_plain_tooltip

COUNT_LIMIT = 100_000  # matches; more are not counted
MARK_LIMIT = 500  # matches that are all marked in the text; of more, only the one in question is
SEARCH_S = 1.0
_LIMITS = "(*LIMIT_MATCH=2000000)"  # a second, where Qt's own limit may take twenty
_DELAY_MS = 150
_GROUP = re.compile(r"\$(\d)")


class FindBar(QWidget):
    """A bar for one editor: Ctrl+F opens it, Ctrl+H with Replace, F3 and Shift+F3 go on, Esc closes it.

    editor: a JsonEdit, or a read-only CodeEdit, which has nothing to replace.
    host: the widget within which the keys work; it has both the editor and this bar in it.
    Regular expressions are Qt's, which can be made to give up where they would take for ever. In what
    replaces them, $1 is what the first group found.
    """

    def __init__(self, editor: CodeEdit, host: QWidget) -> None:
        super().__init__(host)
        self._editor = editor
        self._text: str | None = None  # what `_spans` are of
        self._spans: list[tuple[int, int]] = []  # in UTF-16 units
        self._problem = ""
        self._is_cut = False
        self._build()
        self._timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._timer.timeout.connect(self._search)
        self.text.textChanged.connect(self._timer.start)
        for button in (self.case, self.regex):
            button.toggled.connect(lambda _on: self._search())
        editor.textChanged.connect(self._on_edited)
        editor.selectionChanged.connect(self._show_count)
        for keys, slot in (
            ("Ctrl+F", lambda: self.open(replace=False)),
            ("Ctrl+H", lambda: self.open(replace=True)),
            ("F3", self.find_next),
            ("Shift+F3", self.find_previous),
        ):
            shortcut = QShortcut(QKeySequence(keys), host, slot)
            # PySide6 ignores the context where it is given to the constructor together with a slot.
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.hide()

    def _build(self) -> None:
        self.text = named(QLineEdit(), "findText", "Find")
        self.text.setPlaceholderText("Find")
        self.case = _toggle("Aa", "findCase", "Tell capitals apart")
        self.regex = _toggle(".*", "findRegex", "Regular expression")
        self.count = named(ToneLabel("dim"), "findCount", "Matches")
        self.count.setWordWrap(False)
        self.count.setMinimumWidth(self.fontMetrics().horizontalAdvance("9,999 of 9,999"))
        previous = _tool("sort-up", "findPrevious", "Previous match (Shift+F3)")
        previous.clicked.connect(self.find_previous)
        following = _tool("sort-down", "findNext", "Next match (F3)")
        following.clicked.connect(self.find_next)
        close = _tool("close", "findClose", "Close the find bar (Esc)")
        close.clicked.connect(self.close_bar)
        self.replacement = named(QLineEdit(), "replaceText", "Replace with")
        self.replacement.setPlaceholderText("Replace with")
        self.replace_button = named(QPushButton("Replace"), "replaceButton", "Replace this match")
        self.replace_button.clicked.connect(self.replace)
        self.all_button = named(QPushButton("Replace all"), "replaceAllButton", "Replace all matches")
        self.all_button.clicked.connect(self.replace_all)
        finds, replaces = QHBoxLayout(), QHBoxLayout()
        for row, field in ((finds, self.text), (replaces, self.replacement)):
            row.setSpacing(theme.TIGHT)
            row.addWidget(field, 1)
        for widget in (self.case, self.regex, previous, following, self.count):
            finds.addWidget(widget)
        finds.addWidget(close)
        for button in (self.replace_button, self.all_button):
            button.setAutoDefault(False)
            replaces.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addLayout(finds)
        column.addLayout(replaces)

    def open(self, *, replace: bool = False) -> None:
        """Show the bar, with what is selected to be found; replace is for editors alone."""
        chosen = self._editor.textCursor().selectedText()
        if chosen and "\u2029" not in chosen and len(chosen) <= 200 and not self.isVisible():
            self.text.setText(chosen)
        replace = replace and not self._editor.isReadOnly()
        is_replacing = self.replacement.isVisible()
        for widget in (self.replacement, self.replace_button, self.all_button):
            widget.setVisible(replace or (is_replacing and self.isVisible()))
        self.show()
        self._search()
        field = self.replacement if replace and self.text.text() else self.text
        field.setFocus()
        field.selectAll()

    def close_bar(self) -> None:
        self._timer.stop()
        self.hide()
        self._text = None
        self._spans = []
        self._editor.mark_hits([])
        self._editor.setFocus()

    def find_next(self) -> None:
        """Select the first match after the selection, from the beginning after the last."""
        if self._is_ready():
            start = self._editor.from_document(self._editor.textCursor().selectionEnd())
            begun = bisect_left(self._spans, (start, -1))
            if self._selected() == begun:  # an empty match, or one right before the next
                begun += 1
            self._select(begun % len(self._spans))

    def find_previous(self) -> None:
        """Select the last match before the selection, from the end before the first."""
        if self._is_ready():
            start = self._editor.from_document(self._editor.textCursor().selectionStart())
            self._select((bisect_left(self._spans, (start, -1)) - 1) % len(self._spans))

    def replace(self) -> None:
        """Replace the match that is selected, and go on to the next; else only go there."""
        if not self._is_ready():
            return
        at = self._selected()
        if at >= 0 and isinstance(self._editor, JsonEdit):
            found = self._expression().match(self._text or "", self._spans[at][0])
            cursor = self._editor.textCursor()
            cursor.insertText(
                self._editor.prepared(self._replacement_of(found.capturedTexts()), is_whole=False)
            )
            self._editor.setTextCursor(cursor)
            self._search()
        if self._spans:
            self.find_next()

    def replace_all(self) -> None:
        """Replace every match, as one step to undo."""
        if not self._is_ready() or not isinstance(self._editor, JsonEdit):
            return
        text = self._text or ""
        # Qt counts in UTF-16 units.
        data = text.encode("utf-16-le", "surrogatepass")
        parts: list[bytes] = []
        end = count = 0
        found = self._expression().globalMatch(text)
        while found.hasNext():
            match = found.next()
            new = self._replacement_of(match.capturedTexts())
            parts += [data[2 * end : 2 * match.capturedStart()], new.encode("utf-16-le", "surrogatepass")]
            end = match.capturedEnd()
            count += 1
        parts.append(data[2 * end :])
        self._editor.replace_text(b"".join(parts).decode("utf-16-le", "surrogatepass"))
        self._search()
        self._say(f"✔ {count:,} replaced", "ok")

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # a shortcut of the page would have it before the bar
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.close_bar()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or event.modifiers() not in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
            Qt.KeyboardModifier.ShiftModifier,
        ):
            super().keyPressEvent(event)
        elif self.replacement.hasFocus():
            self.replace()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.find_previous()
        else:
            self.find_next()

    def _on_edited(self) -> None:
        if self.isVisible():
            self._text = None
            self._timer.start()

    def _expression(self) -> QRegularExpression:
        pattern = self.text.text()
        options = QRegularExpression.PatternOption.MultilineOption
        if not self.case.isChecked():
            options |= QRegularExpression.PatternOption.CaseInsensitiveOption
        escaped = pattern if self.regex.isChecked() else QRegularExpression.escape(pattern)
        return QRegularExpression(_LIMITS + escaped, options)

    def _search(self) -> None:
        """Find all matches anew; the selection stays."""
        self._timer.stop()
        self._text = self._editor.toPlainText()
        self._spans = []
        self._problem = ""
        self._is_cut = False
        expression = self._expression()
        if not expression.isValid():
            self._problem = f"✖ {expression.errorString()}"
        elif self.text.text():
            ends_s = time.monotonic() + SEARCH_S
            found = expression.globalMatch(self._text)
            while found.hasNext():
                match = found.next()
                self._spans.append((match.capturedStart(), match.capturedEnd()))
                if len(self._spans) >= COUNT_LIMIT or time.monotonic() > ends_s:
                    self._is_cut = found.hasNext()
                    break
            if not found.isValid():
                self._problem = "✖ This takes too long to find"
        few = self._spans if len(self._spans) <= MARK_LIMIT else []
        to_document = self._editor.to_document
        self._editor.mark_hits([(to_document(start), to_document(end)) for start, end in few])
        self._show_count()

    def _is_ready(self) -> bool:
        """Whether there are matches of the text as it is now; opens the bar where it is closed."""
        if not self.isVisible():
            self.open()
        if self._timer.isActive() or self._text is None:
            self._search()
        return bool(self._spans)

    def _selected(self) -> int:
        """Which match is selected, -1 if none is."""
        cursor = self._editor.textCursor()
        span = tuple(map(self._editor.from_document, (cursor.selectionStart(), cursor.selectionEnd())))
        at = bisect_left(self._spans, span)
        return at if at < len(self._spans) and self._spans[at] == span else -1

    def _select(self, at: int) -> None:
        start, end = map(self._editor.to_document, self._spans[at])
        cursor = self._editor.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self._editor.setTextCursor(cursor)
        self._editor.ensureCursorVisible()
        self._show_count()
        announce(self, self.count.text())

    def _replacement_of(self, groups: list[str]) -> str:
        new = self.replacement.text()
        if not self.regex.isChecked():
            return new
        return _GROUP.sub(lambda match: groups[int(match[1])] if int(match[1]) < len(groups) else "", new)

    def _show_count(self) -> None:
        if not self.isVisible() or self._text is None:
            return
        total = f"{len(self._spans):,}{'+' if self._is_cut else ''}"
        at = self._selected()
        if self._problem:
            self._say(self._problem, "error")
        elif not self.text.text():
            self._say("", "dim")
        elif not self._spans:
            self._say("No match", "warning")
        elif at >= 0:
            self._say(f"{at + 1:,} of {total}", "dim")
        else:
            self._say(f"{total} {'match' if total == '1' else 'matches'}", "dim")
        for button in (self.replace_button, self.all_button):
            button.setEnabled(bool(self._spans) and not self._problem)

    def _say(self, text: str, tone: str) -> None:
        self.count.say(text, tone)


def _toggle(text: str, object_name: str, name: str) -> QToolButton:
    button = named(QToolButton(), object_name, name)
    button.setText(text)
    button.setCheckable(True)
    button.setAutoRaise(True)
    set_plain_tooltip(button, name)
    return button


def _tool(icon_name: str, object_name: str, name: str) -> QToolButton:
    button = named(QToolButton(), object_name, name)
    button.setIcon(icon(icon_name))
    button.setAutoRaise(True)
    set_plain_tooltip(button, name)
    return button
