"""TrialView: what Test found, in place below the form."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.aws.permissions import (
    DEEP_TRIGGERS,
    TRIGGERS,
    Finding,
    Verdict,
    minimal_policy,
    trigger_actions,
)
from lambdadesk.core.errors import UserError
from lambdadesk.desk.connection_trial import Trial
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.rows import Column, RowTableModel
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.tables import make_table

_LOOKS: Final = {
    Verdict.DENIED: ("lock", "error"),
    Verdict.NOT_CHECKED: ("info", "dim"),
    Verdict.ALLOWED: ("ok", "ok"),
}
_ORDER: Final = tuple(_LOOKS)


def _pages(finding: Finding) -> str:
    return "" if finding.verdict is Verdict.ALLOWED else ", ".join(finding.pages)


_COLUMNS: Final = (
    Column[Finding]("Call", lambda row: row.action, tooltip=lambda row: row.reason),
    Column[Finding](
        "Verdict",
        lambda row: str(row.verdict),
        tooltip=lambda row: row.reason,
        status=lambda row: _LOOKS[row.verdict],
    ),
    Column[Finding]("Missing on", _pages, tooltip=lambda row: row.reason),
)
WIDTH_SAMPLES: Final = ("lambda:GetFunctionConfiguration", "not checked xxx", "Functions, Charts, Cost")


class FindingsModel(RowTableModel[Finding]):
    """One row for each call, the denied ones first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.action, parent)

    def set_findings(self, findings: Iterable[Finding]) -> None:
        self._show(sorted(findings, key=lambda finding: _ORDER.index(finding.verdict)))


class TrialView(QWidget):
    """Who the credentials belong to, and what they may not do; or in one sentence why that is not known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trial: Trial | None = None
        self._who = named(ToneLabel("ok"), "trialIdentity")
        self._may = named(ToneLabel("dim"), "trialSummary")
        self._model = FindingsModel(self)
        self.table = named(
            make_table(self._model, WIDTH_SAMPLES, stretch=0), "connectionTestResult", "What Test found"
        )
        self._copy = named(
            QPushButton(icon("copy"), "Copy minimal policy"), "copyPolicy", "Copy minimal policy"
        )
        self._copy.setAutoDefault(False)
        self._copy.clicked.connect(self._copy_policy)
        self._triggers = named(QCheckBox(TRIGGERS), "policyTriggers", f"Policy with {TRIGGERS}")
        self._triggers.setChecked(True)
        self._deep = named(QCheckBox(DEEP_TRIGGERS), "policyDeepTriggers", f"Policy with {DEEP_TRIGGERS}")
        # A deep scan makes the cheap looks, too.
        self._deep.toggled.connect(lambda on: self._triggers.setChecked(on or self._triggers.isChecked()))
        self._triggers.toggled.connect(lambda on: self._deep.setChecked(on and self._deep.isChecked()))
        for box in (self._triggers, self._deep):
            box.toggled.connect(self._on_choice)
        self._parts = (self._copy, self._triggers, self._deep)
        row = QHBoxLayout()
        for widget in self._parts:
            row.addWidget(widget)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.SPACE, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self._who)
        column.addWidget(self._may)
        column.addLayout(row)
        column.addWidget(self.table)
        self.hide()

    def show_trial(self, trial: Trial) -> None:
        """Show the outcome."""
        found = trial.check
        self._who.say(f"✔ {_describe(trial)}", "ok")
        denied, unknown = len(found.denied), 0
        unknown = sum(finding.verdict is Verdict.NOT_CHECKED for finding in found.findings)
        parts = [f"{denied} of {len(found.findings)} calls are denied" if denied else "No call is denied"]
        if unknown:
            parts.append(f"{unknown} could not be checked")
        self._may.say(", ".join(parts) + f" in {trial.region}.", "warning" if denied else "dim")
        self._model.set_findings(found.findings)
        self._trial = trial
        rows = self.table.verticalHeader().defaultSectionSize() * len(found.findings)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + rows + theme.SPACE)
        self._on_choice()
        for widget in (self._may, *self._parts, self.table):
            widget.show()
        self.show()
        announce(self, f"{self._who.text()} {self._may.text()}")

    def show_failure(self, error: UserError) -> None:
        """Say why nothing is known."""
        self._who.say(f"✖ {error.message} {error.hint}".strip(), "error")
        for widget in (self._may, *self._parts, self.table):
            widget.hide()
        self.show()
        announce(self, str(error), is_urgent=True)

    def _on_choice(self) -> None:
        self._copy.setText("Copy minimal policy")

    def _copy_policy(self) -> None:
        if self._trial is None:
            return
        found = self._trial.check
        actions = [finding.action for finding in found.findings]
        for title, group in trigger_actions().items():
            if (self._triggers if title == TRIGGERS else self._deep).isChecked():
                actions += group
        account = found.identity.account if found.identity else ""
        policy = minimal_policy(actions, account, [self._trial.region], found.partition)
        QGuiApplication.clipboard().setText(policy)
        self._copy.setText("Copied")


def _describe(trial: Trial) -> str:
    """Who it is and until when, in two sentences."""
    found = trial.check
    if found.identity is None:
        who = "It answers, but does not say whose credentials these are"
    else:
        alias = f" ({found.alias})" if found.alias else ""
        who = f"Account {found.identity.account}{alias} · {found.principal}"
    if found.expires_at is None:
        return f"{who} · does not expire"
    until = datetime.fromtimestamp(found.expires_at).astimezone()
    same_day = until.date() == datetime.now().astimezone().date()
    renews = ", renews itself" if trial.renews else ""
    return f"{who} · expires {until:{'%H:%M' if same_day else '%Y-%m-%d %H:%M'}}{renews}"
