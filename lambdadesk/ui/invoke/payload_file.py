"""PayloadFile: a file of payloads for a series, NDJSON or CSV, and what becomes of its columns."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.event_variables import find_variables
from lambdadesk.core.series import SeriesPlan
from lambdadesk.core.series_rows import (
    ColumnType,
    ColumnUse,
    CsvTable,
    Rows,
    fill_template,
    map_columns,
    read_csv,
    read_lines,
)
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import InvocationType
from lambdadesk.desk.series_files import read_text_file
from lambdadesk.ui import theme
from lambdadesk.ui.invoke.requests import fill_in, fill_payload
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

COLUMNS, TEMPLATE = "Columns become keys", "The payload is a template"
_NAMED_BAD = 3  # rows that are named one by one


class PayloadFile(QWidget):
    """The file that is chosen by `button`, which stands elsewhere, and the settings of its columns.

    Signals:
        chosen(Path): a file to `load`.
        changed(): its payloads are others now.
    """

    chosen = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = ""  # of the file; empty: none was read
        self._text = ""
        self._table: CsvTable | None = None
        self._keys: list[tuple[str, QLineEdit, QComboBox]] = []
        self.button = named(QPushButton("Choose a file…"), "seriesFile", "File of payloads")
        set_plain_tooltip(self.button, "NDJSON: one JSON a line. CSV: a payload for each row.")
        self.button.clicked.connect(self._ask_file)
        self._build()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        self.csv_mode = named(CalmComboBox(), "seriesCsvMode", "What becomes of the columns")
        self.csv_mode.addItems((COLUMNS, TEMPLATE))
        self.csv_mode.currentIndexChanged.connect(lambda _index: self._on_mapping())
        self.columns = QWidget()
        self._form = QFormLayout(self.columns)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(theme.TIGHT)
        self.csv_hint = named(ToneLabel("dim"), "seriesTemplateHint", "How a template is written")
        self.csv_hint.say(
            'Write {{column}} into strings of the payload, as in {"id": "{{id}}"}; each row fills them.',
            "dim",
        )
        row = QHBoxLayout()
        row.addWidget(self.csv_mode)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.columns)
        column.addWidget(self.csv_hint)
        self._on_mapping()

    def _on_mapping(self) -> None:
        is_csv = self._table is not None
        is_template = self.csv_mode.currentText() == TEMPLATE
        self.csv_mode.setVisible(is_csv)
        self.columns.setVisible(is_csv and not is_template)
        self.csv_hint.setVisible(is_csv and is_template)
        self.changed.emit()

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "File of payloads")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Payloads (*.ndjson *.jsonl *.csv *.tsv)", "All files (*)"])
        dialog.fileSelected.connect(lambda path: self.chosen.emit(Path(path)))
        dialog.open()

    async def load(self, path: Path) -> None:
        """Read a file: CSV by its name, else one JSON a line. Raises UserError."""
        text = await read_text_file(path)
        is_csv = path.suffix.lower() in (".csv", ".tsv")
        self._table = await in_thread(read_csv, text) if is_csv else None
        self.name, self._text = path.name, text
        self.button.setText(path.name)
        while self._form.rowCount():
            self._form.removeRow(0)
        self._keys = []
        for name in self._table.header if self._table else ():
            self._add_column(name)
        self._on_mapping()

    def _add_column(self, name: str) -> None:
        at = len(self._keys)
        key = named(QLineEdit(name), f"seriesKey{at}", f"Key of column {name}")
        key.setPlaceholderText("left out")
        kind = named(CalmComboBox(), f"seriesType{at}", f"Type of column {name}")
        for each in ColumnType:
            kind.addItem(each.value, each)
        row = QHBoxLayout()
        row.addWidget(key, 1)
        row.addWidget(kind)
        self._form.addRow(PlainLabel(name), row)
        self._keys.append((name, key, kind))
        key.editingFinished.connect(self.changed)
        kind.currentIndexChanged.connect(lambda _index: self.changed.emit())

    @property
    def has_variables(self) -> bool:
        """Whether {{uuid}} and its like in its payloads are variables; a cell is sent as it stands."""
        return self._table is None

    def get_reader(self, kind: InvocationType, typed: str) -> Callable[[], Rows]:
        """What makes the payloads, as the page is now, and may take a moment: it is for a thread.

        typed: the payload in the editor, which may be a template. It raises UserError.
        """
        text, table = self._text, self._table
        if table is None:
            return lambda: read_lines(text, kind, fill_payload)
        if self.csv_mode.currentText() == TEMPLATE:
            return lambda: fill_template(table, partial(fill_in, typed), kind)
        uses = [
            ColumnUse(name, key.text().strip(), ColumnType(type_box.currentData()))
            for name, key, type_box in self._keys
        ]
        return lambda: map_columns(table, uses, kind)


def tell_bad(rows: Rows) -> str:
    if not rows.bad:
        return ""
    first = "; ".join(str(each) for each in rows.bad[:_NAMED_BAD])
    more = len(rows.bad) - _NAMED_BAD
    count = f"{len(rows.bad):,} row{'s are' if len(rows.bad) != 1 else ' is'} left out"
    return f"▲ {count}. {first}{f'; and {more:,} more' if more > 0 else ''}."


def tell_variables(plan: SeriesPlan) -> str:
    """What becomes of {{uuid}} and its like in a file of payloads."""
    if not plan.payloads:
        return ""
    found = next(
        (each for line in plan.payloads if b"{{" in line for each in find_variables(line.decode())), None
    )
    if found is None:
        return ""
    if plan.fill is None:
        return f"{found.text} in a cell is sent as it stands."
    return f"Variables like {found.text} are filled in as each line is sent."
