"""IdentityLine: who one is in the connection in front, and for how long."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QHBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection

SOON_S: Final = 10 * 60.0  # from then on the time left is a warning


class IdentityLine(QWidget):
    """The right end of the status bar: endpoint, account and principal, time left of the credentials."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.endpoint = named(ElidedLabel(), "endpointOrigin", "Endpoint of the profile")
        self.endpoint.setMaximumWidth(360)
        self.identity = named(PlainLabel(), "identityLabel", "Signed in as")
        self.expiry = named(ToneLabel("dim"), "expiryLabel", "Time left of the credentials")
        self.expiry.setWordWrap(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        for label in (self.endpoint, self.identity, self.expiry):
            row.addWidget(label)
        self.show_connection(None)

    def show_connection(self, connection: "Connection | None", *, with_name: bool = False) -> None:
        """with_name: several connections are shown, so that this one is named."""
        self._show_identity(connection, with_name=with_name)
        self._show_expiry(connection)
        endpoint = connection.unused_endpoint if connection else ""
        self.endpoint.setText(f"not used: endpoint_url {endpoint}" if endpoint else "")
        if endpoint:
            set_plain_tooltip(
                self.endpoint,
                f"The profile or the environment names the endpoint {endpoint}. "
                "Calls go to AWS all the same: to use it, tick it in the connection.",
            )
        self.endpoint.setVisible(bool(endpoint))

    def _show_identity(self, connection: "Connection | None", *, with_name: bool) -> None:
        if connection is None or (connection.identity is None and connection.identity_error is None):
            self.identity.setText("")
            set_plain_tooltip(self.identity, "")
            return
        name = f"{connection.target.title} {connection.target.region}" if with_name else ""
        who = connection.identity
        if who is None:
            # Not to know who one is hinders nothing; what else is wrong, the list says.
            self.identity.setText(" · ".join(part for part in (name, "identity unknown") if part))
            set_plain_tooltip(self.identity, str(connection.identity_error))
            return
        principal = who.arn.rsplit(":", 1)[-1]
        account = f"{who.account} ({connection.alias})" if connection.alias else who.account
        place = "runs on this machine" if connection.target.is_local else ""
        self.identity.setText(" · ".join(part for part in (name, account, principal, place) if part))
        set_plain_tooltip(self.identity, who.arn)

    def _show_expiry(self, connection: "Connection | None") -> None:
        left_s = connection.expires_in_s if connection else None
        if connection is None or left_s is None:
            self.expiry.setText("")
            self.expiry.hide()
            return
        at = datetime.fromtimestamp(time.time() + left_s).astimezone().strftime("%H:%M")
        if connection.gateway.renews:
            self.expiry.say("renews itself", "dim")
            set_plain_tooltip(self.expiry, f"The credentials are renewed before they expire at {at}.")
        elif left_s <= 0:
            self.expiry.say("expired", "error")
            set_plain_tooltip(self.expiry, f"The credentials expired at {at}.")
        else:
            self.expiry.say(f"{format_left(left_s)} left", "warning" if left_s < SOON_S else "dim")
            set_plain_tooltip(self.expiry, f"The credentials expire at {at}.")
        self.expiry.show()


def format_left(seconds: float) -> str:
    """Time left in words, never more than there is: "1 h 5 min", "9 min"."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "under a minute"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
