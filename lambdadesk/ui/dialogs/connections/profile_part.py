"""ProfilePart: a profile of the shared AWS files, read live."""

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QFormLayout

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import UserError
from lambdadesk.core.text import one_line
from lambdadesk.desk.connection_trial import fetch_profile_facts
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.dialogs.connections.part import Part
from lambdadesk.ui.widgets.filter_combo import FilterCombo
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named


class ProfilePart(Part):
    """The profile, what the files say of it, and whether an endpoint that it names is to be used."""

    kinds = (ConnectionKind.PROFILE,)

    def __init__(self, form: QFormLayout, scope: TaskScope) -> None:
        super().__init__(form)
        self._scope = scope
        self._info: ConnectionInfo | None = None
        self._read_for: str | None = None
        self._found: dict[str, str] = {}  # endpoints, by the profile that names them
        self._accepted = ("", "")  # profile and its endpoint, as they are stored
        self._endpoint = ""  # that the profile names, or the one in use
        self.profile = FilterCombo("connectionProfile", "Profile")
        self.profile.edit.setPlaceholderText("the default: environment, then profile default")
        self.profile.currentTextChanged.connect(self.changed)
        self._facts = named(ToneLabel("dim"), "profileState")
        self.use_endpoint = named(QCheckBox(), "useProfileEndpoint", "Use the profile's endpoint")
        self.use_endpoint.toggled.connect(self.changed)
        self.add_row("Pro&file", self.profile, "profile")
        self.add_row("", self._facts)
        self.add_row("", self.use_endpoint, "endpoint_url", is_wanted=lambda: bool(self._endpoint))

    def offer(self, profiles: Iterable[str]) -> None:
        self.profile.set_choices((name, name) for name in profiles)

    def show_failure(self, error: UserError) -> None:
        """Say why the profiles can't be offered."""
        self._facts.say(f"{error.message} {one_line(error.details, 300) or error.hint}", "error")

    def show_info(self, info: ConnectionInfo) -> None:
        self._read_for = None
        url = info.endpoint_url if info.kind is ConnectionKind.PROFILE else ""
        self._accepted = (info.profile, url)
        self._show_endpoint(url or self._found.get(info.profile, ""))
        self.use_endpoint.setChecked(bool(url))
        self.profile.set_value(info.profile)

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        url = self._endpoint if self.use_endpoint.isChecked() else ""
        return replace(info, profile=self.profile.get_value(), endpoint_url=url)

    def show_rows(self, info: ConnectionInfo) -> None:
        if info.kind is ConnectionKind.PROFILE and info.profile != self._read_for:
            self._read_for = info.profile
            self._scope.start("profile facts", self._show_facts, info.profile)
        self._info = info
        super().show_rows(info)

    async def _show_facts(self, profile: str) -> None:
        try:
            facts = await fetch_profile_facts(profile)
        except UserError as error:
            self.show_failure(error)
            return
        self._found[profile] = facts.endpoint_url
        region = f"Region {facts.region}." if facts.region else "It names no region."
        sign_in = f" Signs in at {facts.sso.start_url}." if facts.sso else ""
        accepted_for, accepted = self._accepted
        if accepted and accepted_for == profile and facts.endpoint_url != accepted:
            # What was accepted once does not become another address by an edit of the file.
            named_now = facts.endpoint_url or "none"
            self._facts.say(f"{region}{sign_in} It names another endpoint now: {named_now}", "warning")
            return
        self._facts.say(f"{region}{sign_in}", "dim")
        if facts.endpoint_url != self._endpoint:
            self.use_endpoint.setChecked(False)
            self._show_endpoint(facts.endpoint_url)
        if self._info is not None:
            super().show_rows(self._info)

    def _show_endpoint(self, url: str) -> None:
        self._endpoint = url
        self.use_endpoint.setText(f"Use its endpoint {url}".replace("&", "&&"))
        self.use_endpoint.setAccessibleName(f"Use its endpoint {url}")
