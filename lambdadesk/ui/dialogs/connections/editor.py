"""ConnectionEditor: the form of one connection, with the rows that its kind has."""

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QScrollArea, QVBoxLayout, QWidget

from lambdadesk.core.connections import ConnectionKind
from lambdadesk.core.errors import UserError
from lambdadesk.desk.connection_draft import Draft
from lambdadesk.desk.connection_trial import Trial
from lambdadesk.desk.connections import Connections
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.connections.endpoint_parts import AddressPart, CertificatesPart, PlainHttpPart
from lambdadesk.ui.dialogs.connections.general_parts import GuardPart, NamePart, PlacePart
from lambdadesk.ui.dialogs.connections.key_part import KeyPart
from lambdadesk.ui.dialogs.connections.part import Part
from lambdadesk.ui.dialogs.connections.profile_part import ProfilePart
from lambdadesk.ui.dialogs.connections.role_part import RolePart
from lambdadesk.ui.dialogs.connections.sso_part import SsoPart
from lambdadesk.ui.dialogs.connections.trial_view import TrialView


class ConnectionEditor(QScrollArea):
    """Shows a draft and gives it back as it was changed.

    Signals:
        edited(): the user has entered something.
    """

    edited = Signal()

    def __init__(self, connections: Connections, scope: TaskScope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._is_filling = False
        self._draft: Draft | None = None
        page = QWidget()
        form = QFormLayout()
        form.setHorizontalSpacing(theme.WIDE)
        form.setVerticalSpacing(theme.SPACE)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.name = NamePart(form)
        self.profile = ProfilePart(form, scope)
        self.sso = SsoPart(form, connections, scope)
        self.role = RolePart(form)
        address = AddressPart(form)
        plain_http = PlainHttpPart(form)
        self.key = KeyPart(form)
        certificates = CertificatesPart(form)
        self.place = PlacePart(form)
        self.guard = GuardPart(form)
        # Profile and address share a field: that of the kind at hand is read last.
        self._parts: list[Part] = [self.name, self.profile, self.sso, self.role, address, plain_http]
        self._parts += [self.key, certificates, self.place, self.guard]
        for part in self._parts:
            part.changed.connect(self._on_changed)
        self.trial = TrialView()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.SPACE)
        column.addLayout(form)
        column.addWidget(self.trial)
        column.addStretch(1)
        self.setWidget(page)

    def show_draft(self, draft: Draft, kept: str) -> None:
        """Show a draft. kept: where the key is that stays if no other is entered; empty: there is none."""
        self._is_filling = True
        self._draft = draft
        for part in self._parts:
            part.show_info(draft.info)
        self.key.show_draft(draft, kept)
        self.trial.hide()
        self._is_filling = False
        self._show_rows()

    def get_draft(self) -> Draft:
        """What is entered now."""
        assert self._draft is not None  # noqa: S101  nothing is edited before it is shown
        info = self.name.read(self._draft.info)
        for part in self._parts:
            if not part.kinds or info.kind in part.kinds:
                info = part.read(info)
        return replace(
            self._draft, info=info, secret=self.key.secret.get_secret(), token=self.key.token.get_secret()
        )

    def show_trial(self, trial: Trial) -> None:
        """Show what Test found, and suggest a guard where the account's alias says so."""
        self.trial.show_trial(trial)
        self.guard.alias = trial.check.alias
        self._show_rows()
        self._scroll_to_trial()

    def show_trial_failure(self, error: UserError) -> None:
        self.trial.show_failure(error)
        self._scroll_to_trial()

    def go_to(self, field: str) -> None:
        """Put the focus where a field of ConnectionInfo is entered."""
        is_profile = self.get_draft().info.kind is ConnectionKind.PROFILE
        for part in [self.profile, *self._parts] if is_profile else reversed(self._parts):
            if widget := part.fields.get(field):
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                self.ensureWidgetVisible(widget)
                return

    def _scroll_to_trial(self) -> None:
        # Once it has its place: its beginning, and as much of the rest as there is room for.
        bar = self.verticalScrollBar()
        QTimer.singleShot(0, self.trial, lambda: bar.setValue(min(self.trial.y(), bar.maximum())))

    def wipe(self) -> None:
        """Empty the secret fields; nothing is edited any more."""
        self._is_filling = True
        self._draft = None
        self.key.wipe()

    def _on_changed(self) -> None:
        if self._is_filling or self._draft is None:
            return
        self._show_rows()
        self.edited.emit()

    def _show_rows(self) -> None:
        info = self.get_draft().info
        for part in self._parts:
            part.show_rows(info)
