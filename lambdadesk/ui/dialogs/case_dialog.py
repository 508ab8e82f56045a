"""CaseDialog: a saved case as a form."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import UserError
from lambdadesk.core.expectations import Case, Expectations, parse_money, parse_rules
from lambdadesk.core.payload import check_payload
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.filter_combo import FilterCombo
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.screen_room import resize_within

_OUTCOMES = (("Succeeds", "ok"), ("Fails with a function error", "function error"), ("Either", ""))
_LONGEST_MS = 900_000


class CaseDialog(QDialog):
    """Asks for a case. It stays open until `leave` is called: what is wrong with it is said in it.

    Esc and Cancel ask first where something was typed.

    Signals:
        save_requested(Case): the form is whole and right as far as it can be told here.
    """

    save_requested = Signal(object)

    def __init__(self, case: Case, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("caseDialog")
        self.setWindowTitle("Case")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wanted = case.expectations
        self.name = named(QLineEdit(case.name), "caseName", "Name of the case")
        self.event_name = FilterCombo("caseEvent", "Saved event to send")
        self.event_name.edit.setPlaceholderText("none: the payload below is sent")
        self.payload = named(JsonEdit(), "casePayload", "Payload of the case")
        self.payload.setPlainText(case.payload)
        self.event_name.editTextChanged.connect(lambda text: self.payload.setDisabled(bool(text.strip())))
        self.event_name.set_value(case.event)
        self.qualifier = named(QLineEdit(case.qualifier), "caseQualifier", "Version or alias")
        self.outcome = named(QComboBox(), "caseOutcome", "Expected outcome")
        for title, value in _OUTCOMES:
            self.outcome.addItem(title, value)
        self.outcome.setCurrentIndex(self.outcome.findData(wanted.outcome))
        self.error_type = named(QLineEdit(wanted.error_type), "caseErrorType", "Expected error type")
        self.error_type.setPlaceholderText("any")
        self.rules = named(QPlainTextEdit(), "caseRules", "Expectations of the response")
        self.rules.setFont(theme.fixed_font())
        self.rules.setTabChangesFocus(True)
        self.rules.setPlaceholderText(
            'One a line, by JMESPath:\nstatus == "paid"\norder.id exists\nname =~ ^A'
        )
        self.rules.setPlainText("\n".join(str(rule) for rule in wanted.response))
        self.duration = named(QSpinBox(), "caseDuration", "Longest duration in milliseconds")
        self.duration.setRange(0, _LONGEST_MS)
        self.duration.setSpecialValueText("any")
        self.duration.setValue(wanted.max_duration_ms or 0)
        cost = "" if wanted.max_cost is None else f"{wanted.max_cost:f}"
        self.cost = named(QLineEdit(cost), "caseCost", "Highest cost")
        self.cost.setPlaceholderText("any")
        form = QFormLayout()
        form.setHorizontalSpacing(theme.WIDE)
        form.setVerticalSpacing(theme.TIGHT)
        for title, widget in (
            ("Name", self.name),
            ("Version or alias", self.qualifier),
            ("Saved event", self.event_name),
            ("Payload", self.payload),
            ("Expected outcome", self.outcome),
            ("Error type", self.error_type),
            ("Response", self.rules),
            ("Duration at most (ms)", self.duration),
            ("Cost at most", self.cost),
        ):
            label = PlainLabel(title)
            label.setBuddy(widget)
            form.addRow(label, widget)
        self.problem = named(ToneLabel("error"), "caseProblem", "What is wrong")
        self.problem.hide()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        named(buttons.button(QDialogButtonBox.StandardButton.Save), "caseSave", "Save the case")
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(form, 1)
        layout.addWidget(self.problem)
        self.ask = AskBar()
        layout.addWidget(self.ask)
        layout.addWidget(buttons)
        resize_within(self, 620, 600)
        self._at_first = self._get_typed()

    def reject(self) -> None:
        if self._get_typed() == self._at_first:
            self.leave()
        else:
            discard = ("caseDiscard", "Discard it", self.leave)
            self.ask.ask("What you typed is not saved.", [discard], "Keep it")

    def leave(self) -> None:
        """Close, whatever was typed."""
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.reject()

    def offer_events(self, names: Sequence[str]) -> None:
        """The saved events to choose from."""
        self.event_name.set_choices([("", ""), *((name, name) for name in names)])

    def say_problem(self, error: UserError) -> None:
        """Show why it could not be saved."""
        self.problem.setText(f"✖ {error}")
        self.problem.show()

    def _get_typed(self) -> tuple[str | int, ...]:
        lines = (self.name, self.event_name.edit, self.qualifier, self.error_type, self.cost)
        texts = (self.payload, self.rules)
        return (
            *(each.text() for each in lines),
            *(each.toPlainText() for each in texts),
            self.outcome.currentIndex(),
            self.duration.value(),
        )

    def _save(self) -> None:
        try:
            case = self._read()
        except UserError as error:
            self.say_problem(error)
            return
        self.problem.hide()
        self.save_requested.emit(case)

    def _read(self) -> Case:
        event, payload = self.event_name.get_value(), self.payload.toPlainText()
        if not event and (problem := check_payload(payload)) is not None and problem.is_error:
            raise UserError(f"The payload is not valid JSON. {problem}")
        return Case(
            self.name.text().strip(),
            "" if event else payload,
            event,
            self.qualifier.text().strip() or "$LATEST",
            Expectations(
                str(self.outcome.currentData()),
                self.error_type.text().strip(),
                parse_rules(self.rules.toPlainText()),
                self.duration.value() or None,
                parse_money(self.cost.text()),
            ),
        )
