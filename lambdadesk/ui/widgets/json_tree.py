"""JsonTree, where a response is read branch by branch."""

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QStackedWidget, QTreeView, QWidget

from lambdadesk.core.json_values import load_json
from lambdadesk.ui import theme
from lambdadesk.ui.models.json_tree import KEY, JsonTreeModel
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named

TREE_LIMIT = 1024 * 1024  # bytes; a tenth of a second
_OPENED = 40  # elements that are in sight at first


class JsonTree(QStackedWidget):
    """The tree of a JSON text, or one sentence why there is none. It is built when it is first looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = JsonTreeModel(self)
        self.view = named(QTreeView(), "responseTree", "Response as a tree")
        self.view.setModel(self.model)
        self.view.setUniformRowHeights(True)
        self.view.setFont(theme.fixed_font())
        self.view.header().setDefaultSectionSize(self.view.fontMetrics().averageCharWidth() * 28)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)
        self.notice = named(ToneLabel("dim"), "responseTreeNotice", "Why there is no tree")
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        copy = self.view.addAction("Copy value")
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(lambda: self._copy(self.model.text_at(self.view.currentIndex())))
        self.addWidget(self.view)
        self.addWidget(self.notice)
        self._data: bytes | None = None

    def set_data(self, data: bytes) -> None:
        """Show the tree of these bytes from the next look on."""
        self._data = data
        self.model.clear()
        if self.isVisible():
            self._build()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        self._build()

    def _build(self) -> None:
        data, self._data = self._data, None
        if data is None:
            return
        if len(data) > TREE_LIMIT:
            self._say("Over 1 MB, a response is shown as text only.")
            return
        try:
            value = load_json(data)
        except ValueError:
            self._say("The response is not JSON, or nested too deeply for a tree.")
            return
        self.model.set_value(value)
        self.setCurrentWidget(self.view)
        self._open_first()

    def _open_first(self) -> None:
        """Open branches level by level, as far as they have room."""
        level = [self.model.index(0, KEY)]
        count = 0
        while level:
            count += sum(self.model.rowCount(index) for index in level)
            if count > _OPENED and self.view.isExpanded(self.model.index(0, KEY)):
                return
            following: list[QModelIndex] = []
            for index in level:
                self.view.expand(index)
                if count <= _OPENED:
                    following += [
                        self.model.index(row, KEY, index) for row in range(self.model.rowCount(index))
                    ]
            level = [index for index in following if self.model.rowCount(index)]

    def _say(self, text: str) -> None:
        self.notice.setText(text)
        self.setCurrentWidget(self.notice)

    def _show_menu(self, place: QPoint) -> None:
        index = self.view.indexAt(place)
        if not index.isValid():
            return
        value, path = self.model.text_at(index), self.model.path_at(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy value", lambda: self._copy(value))
        menu.addAction("Copy path", lambda: self._copy(path)).setEnabled(bool(path))
        menu.popup(self.view.viewport().mapToGlobal(place))

    @staticmethod
    def _copy(text: str) -> None:
        QGuiApplication.clipboard().setText(text)
