"""KeyPart: an access key, of which only the id is ever seen."""

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QFormLayout

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.secret import Secret
from lambdadesk.desk.connection_draft import KINDS_WITH_KEY, Draft
from lambdadesk.store.keyrings import KeyringKind, KeyringState
from lambdadesk.ui.dialogs.connections.part import Part
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.secret_edit import SecretEdit


class KeyPart(Part):
    """Id, secret and token; optional for an endpoint."""

    kinds = KINDS_WITH_KEY

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self._keyring: KeyringState | None = None
        self._is_optional = False
        self.key_id = self.line("accessKeyId", "Access key id", "access_key_id")
        self.secret = named(SecretEdit(), "secretAccessKey", "Secret access key")
        self.token = named(SecretEdit(), "sessionToken", "Session token")
        self.token.setPlaceholderText("only with temporary credentials")
        for edit in (self.secret, self.token):
            edit.textChanged.connect(self.changed)
        self.in_memory = named(
            QCheckBox("Keep it &for this session only"), "keepInMemory", "Keep it for this session only"
        )
        self.in_memory.toggled.connect(self._show_place)
        self._place = named(ToneLabel("dim"), "keyringState")
        self.add_row("Access key &id", self.key_id, "access_key_id")
        self.add_row("Secret access ke&y", self.secret, "secret")
        self.add_row("S&ession token", self.token)
        self.add_row("", self.in_memory, is_wanted=self._is_wanted)
        self.add_row("", self._place, is_wanted=self._is_wanted)

    def show_draft(self, draft: Draft, kept: str) -> None:
        """Fill in a draft. kept: where the key is that stays if no other is entered; empty: there is none."""
        self.show_kept(kept)
        self.secret.set_secret(draft.secret)
        self.token.set_secret(draft.token)
        self.in_memory.setChecked(False)

    def show_kept(self, kept: str) -> None:
        """Say where the key is that stays if no other is entered; empty: there is none."""
        self.secret.setPlaceholderText(kept)

    def show_keyring(self, state: KeyringState | None) -> None:
        """Say where a secret will be kept; None: it is not known yet."""
        self._keyring = state
        self._show_place()

    def wipe(self) -> None:
        """Empty the secret fields."""
        for edit in (self.secret, self.token):
            edit.set_secret(Secret(""))

    def show_info(self, info: ConnectionInfo) -> None:
        self.key_id.setText(info.access_key_id)

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        return replace(info, access_key_id=self.key_id.text().strip())

    def show_rows(self, info: ConnectionInfo) -> None:
        self._is_optional = info.kind is ConnectionKind.ENDPOINT
        self.key_id.setPlaceholderText("none, or the endpoint's own" if self._is_optional else "AKIA…")
        super().show_rows(info)

    def _is_wanted(self) -> bool:
        return not self._is_optional or bool(self.key_id.text() or self.secret.text())

    def _show_place(self) -> None:
        if self.in_memory.isChecked():
            self._place.say("The secret is kept in memory only, until LambdaDesk is closed.", "warning")
        elif self._keyring is None:
            self._place.say("Looking for your keyring…", "dim")
        elif self._keyring.kind is KeyringKind.OK:
            self._place.say(f"The secret goes to {self._keyring.name}, and nowhere else.", "dim")
        else:
            sentence = "The secret is kept in memory only, until LambdaDesk is closed."
            if self._keyring.kind is KeyringKind.LOCKED:
                sentence = "If it stays so, the secret is kept in memory only, until LambdaDesk is closed."
            self._place.say(f"{self._keyring.message} {sentence} {self._keyring.hint}", "warning")
