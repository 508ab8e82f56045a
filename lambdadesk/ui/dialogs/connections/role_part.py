"""RolePart: a role that another connection's credentials assume."""

import re
from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtWidgets import QFormLayout

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.ui.dialogs.connections.part import Part
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.named import named

DURATIONS_S = (900, 1800, 3600, 7200, 14_400, 28_800, 43_200)


class RolePart(Part):
    """The role, whose credentials assume it, and what is said to STS then."""

    kinds = (ConnectionKind.ASSUME_ROLE,)

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self.source = named(CalmComboBox(), "sourceConnection", "Assumed with")
        self.source.currentIndexChanged.connect(self.changed)
        self.role = self.line("roleArn", "Role ARN", "role_arn", "arn:aws:iam::123456789012:role/name")
        self.external_id = self.line("externalId", "External id", "external_id", "if the role wants one")
        self.mfa = self.line("mfaSerial", "MFA device", "mfa_serial", "serial or ARN, if the role wants it")
        self.session_name = self.line("sessionName", "Session name", "session_name", "lambdadesk")
        self.duration = named(CalmComboBox(), "sessionDuration", "Duration of a session")
        for duration_s in DURATIONS_S:
            self.duration.addItem(_in_words(duration_s), duration_s)
        self.duration.currentIndexChanged.connect(self.changed)
        self.tags = self.line("sessionTags", "Session tags", "session_tags", "team=core, stage=test")
        self.add_row("Assumed &with", self.source, "source_id")
        self.add_row("Rol&e ARN", self.role)
        self.add_row("E&xternal id", self.external_id)
        self.add_row("MFA de&vice", self.mfa)
        self.add_row("Sess&ion name", self.session_name)
        self.add_row("D&uration", self.duration, "duration_s")
        self.add_row("Session tags", self.tags)

    def offer_sources(self, connections: Iterable[ConnectionInfo]) -> None:
        """Offer these to assume the role with; what is chosen stays."""
        chosen = self.source.currentData() or ""
        self.source.blockSignals(True)
        self.source.clear()
        self.source.addItem("Choose a connection", "")
        for info in connections:
            self.source.addItem(info.name, info.id)
        self.source.setCurrentIndex(max(0, self.source.findData(chosen)))
        self.source.blockSignals(False)

    def show_info(self, info: ConnectionInfo) -> None:
        self.source.setCurrentIndex(max(0, self.source.findData(info.source_id)))
        self.role.setText(info.role_arn)
        self.external_id.setText(info.external_id)
        self.mfa.setText(info.mfa_serial)
        self.session_name.setText(info.session_name)
        if self.duration.findData(info.duration_s) < 0:
            self.duration.addItem(_in_words(info.duration_s), info.duration_s)
        self.duration.setCurrentIndex(self.duration.findData(info.duration_s))
        self.tags.setText(", ".join(f"{key}={value}" for key, value in info.session_tags))

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        return replace(
            info,
            source_id=str(self.source.currentData() or ""),
            role_arn=self.role.text().strip(),
            external_id=self.external_id.text().strip(),
            mfa_serial=self.mfa.text().strip(),
            session_name=self.session_name.text().strip(),
            duration_s=int(self.duration.currentData()),
            session_tags=_read_tags(self.tags.text()),
        )


def _in_words(duration_s: int) -> str:
    minutes = duration_s // 60
    return f"{minutes // 60} h" if minutes and minutes % 60 == 0 else f"{minutes} min"


def _read_tags(text: str) -> tuple[tuple[str, str], ...]:
    """Tags as key=value with commas between them; of a key given twice the last one counts."""
    pairs = [pair.partition("=") for pair in re.split(r"[,\n]", text) if pair.strip()]
    return tuple({key.strip(): value.strip() for key, _equals, value in pairs}.items())
