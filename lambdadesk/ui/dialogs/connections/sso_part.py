"""SsoPart: IAM Identity Center, with the accounts and roles that it offers once somebody is signed in."""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QFormLayout, QPushButton

from lambdadesk.aws.sso import Sso, SsoSession
from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.connection_rules import FieldError, check_sign_in
from lambdadesk.desk.connections import Connections
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.dialogs.connections.part import Part, beside
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.filter_combo import FilterCombo
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named

if TYPE_CHECKING:  # it is not needed before somebody signs in
    from lambdadesk.ui.dialogs.sign_in_dialog import SignInDialog

_BY_URL: Final = "A start URL"


class SsoPart(Part):
    """Where to sign in, and which account and role to take."""

    kinds = (ConnectionKind.SSO,)

    def __init__(self, form: QFormLayout, connections: Connections, scope: TaskScope) -> None:
        super().__init__(form)
        self._connections = connections
        self._scope = scope
        self._info: ConnectionInfo | None = None
        self._dialog: SignInDialog | None = None
        self._asked: tuple[str, ...] = ()  # what accounts, then roles, were asked for last
        self._sessions: dict[str, SsoSession] = {}
        self.session = named(CalmComboBox(), "ssoSession", "Sign in with")
        self.session.addItem(_BY_URL, "")
        self.session.currentIndexChanged.connect(self._on_session)
        url_example = "https://my-company.awsapps.com/start"
        self.start_url = self.line("ssoStartUrl", "Start URL", "sso_start_url", url_example)
        self.region = self.line("ssoRegion", "Region of the Identity Center", "sso_region", "eu-central-1")
        self.sign_in = named(QPushButton("Sign in…"), "ssoSignIn", "Sign in")
        self.sign_in.setAutoDefault(False)
        self.sign_in.clicked.connect(self._sign_in)
        self._state = named(ToneLabel("dim"), "ssoState")
        self.account = FilterCombo("ssoAccount", "Account")
        self.account.edit.setPlaceholderText("12 digits")
        self.role = FilterCombo("ssoRole", "Role")
        for box in (self.account, self.role):
            box.currentTextChanged.connect(self.changed)
        self.add_row("Sign in &with", self.session)
        self.add_row("Start &URL", self.start_url)
        self.add_row("&Its region", self.region)
        self.add_row("", beside(self.sign_in, self._state, stretch=1))
        self.add_row("A&ccount", self.account, "sso_account_id")
        self.add_row("Rol&e", self.role, "sso_role_name")

    def offer_sessions(self, sessions: Iterable[SsoSession]) -> None:
        """Offer the sso-sessions of the shared files; what is chosen stays."""
        chosen = str(self.session.currentData() or "")
        self._sessions = {session.name: session for session in sessions}
        self.session.blockSignals(True)
        self.session.clear()
        self.session.addItem(_BY_URL, "")
        for name in self._sessions:
            self.session.addItem(f"sso-session {name}", name)
        self._choose(chosen)
        self.session.blockSignals(False)

    def show_info(self, info: ConnectionInfo) -> None:
        self._asked = ()
        for box in (self.account, self.role):
            box.set_choices(())
        self._choose(info.sso_session)
        self.start_url.setText(info.sso_start_url)
        self.region.setText(info.sso_region)
        self.account.set_value(info.sso_account_id)
        self.role.set_value(info.sso_role_name)

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        self._info = replace(
            info,
            sso_session=str(self.session.currentData() or ""),
            sso_start_url=self.start_url.text().strip(),
            sso_region=self.region.text().strip(),
            sso_account_id=self.account.get_value(),
            sso_role_name=self.role.get_value(),
        )
        return self._info

    def show_rows(self, info: ConnectionInfo) -> None:
        super().show_rows(info)
        if info.kind is ConnectionKind.SSO:
            self._ask(info)

    # -- inside

    def _choose(self, name: str) -> None:
        """Choose a session; one that the files do not have (any more) is offered as it is stored."""
        if self.session.findData(name) < 0:
            self.session.addItem(f"sso-session {name}", name)
        self.session.setCurrentIndex(self.session.findData(name))
        for edit in (self.start_url, self.region):
            edit.setReadOnly(bool(name))

    def _on_session(self) -> None:
        name = str(self.session.currentData() or "")
        for edit in (self.start_url, self.region):
            edit.setReadOnly(bool(name))
        if session := self._sessions.get(name):
            self.start_url.setText(session.start_url)
            self.region.setText(session.region)
        self.changed.emit()

    def _sign_in(self) -> None:
        if self._info is not None:
            self._scope.start("sign in", self._open_sign_in, self._info)

    async def _open_sign_in(self, info: ConnectionInfo) -> None:
        try:
            check_sign_in(info)
        except FieldError as error:
            self._state.say(str(error), "error")
            self.fields[error.field].setFocus()
            return
        from lambdadesk.ui.dialogs.sign_in_dialog import SignInDialog

        sso = await self._connections.get_sso(info)
        if sso is None or self._dialog is not None:
            return  # one is open already, or the kind was changed meanwhile
        dialog = SignInDialog(sso, info.name or "IAM Identity Center", self.sign_in.window())
        dialog.signed_in.connect(self.ask_again)
        dialog.destroyed.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None

    async def end(self) -> None:
        """Close the sign-in, if one is open, and return once nothing of it runs any more."""
        if self._dialog is not None:
            await self._dialog.end()

    def ask_again(self) -> None:
        """Ask for accounts and roles now: somebody has signed in."""
        self._asked = ()
        if self._info is not None:
            self._ask(self._info)

    def _ask(self, info: ConnectionInfo) -> None:
        """Ask for what there is to choose, where it is other than what was asked for last."""
        asked = (info.sso_session, info.sso_start_url, info.sso_region, info.sso_account_id)
        if asked == self._asked:
            return
        try:
            check_sign_in(info)
        except FieldError:
            self._scope.cancel("accounts")
            self._state.say("Enter the start URL and its region, then sign in.", "dim")
            return
        is_same_place = self._asked[:3] == asked[:3]
        self._asked = asked
        self._scope.start("accounts", self._show_choices, info, is_same_place)

    async def _show_choices(self, info: ConnectionInfo, only_roles: bool) -> None:
        try:
            sso = await self._connections.get_sso(info)
            if sso is None or not await _is_signed_in(sso):
                self._state.say("Nobody is signed in. Sign in to choose, or type account and role.", "dim")
                return
            if not only_roles:
                self._state.say("Asking for your accounts…", "dim")
                accounts = await sso.list_accounts()
                self.account.set_choices(
                    (f"{account.id} · {account.name}" if account.name else account.id, account.id)
                    for account in accounts
                )
                self._state.say(f"Signed in: {len(accounts)} accounts.", "ok")
            if info.sso_account_id.isdigit() and len(info.sso_account_id) == 12:
                roles = await sso.list_roles(info.sso_account_id)
                self.role.set_choices((role, role) for role in roles)
                if len(roles) == 1 and not self.role.get_value():
                    self.role.set_value(roles[0])
        except UserError as error:
            self._state.say(str(error), "warning")


async def _is_signed_in(sso: Sso) -> bool:
    """Whether there is a token that can be asked with; an expired one may still be refreshed."""
    token = await in_thread(sso.load_token)
    return token is not None and token.expires_at > time.time()
