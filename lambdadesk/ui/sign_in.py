"""SignIn: whatever keeps the credentials good while the window is open."""

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QDialog

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.desk.connections import source_key
from lambdadesk.desk.console import Console
from lambdadesk.desk.prompts import Question
from lambdadesk.ui.status_line import SOON_S, format_left

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.dialogs.sign_in_dialog import SignInDialog
    from lambdadesk.ui.main_window import MainWindow

LOCKED: Final = "locked"  # key of the notice


class SignIn:
    """Shows the questions of credentials, tells once before they expire, and locks the application.

    What waits for credentials, tails and lists, goes on by itself after a sign-in.
    """

    def __init__(self, console: Console, window: "MainWindow") -> None:
        self._console = console
        self._connections = console.connections
        self._window = window
        self._told: dict[str, str] = {}  # what was said of the credentials of each source
        self._dialogs: dict[str, SignInDialog] = {}
        self._questions: list[QDialog] = []
        self._disconnects = [
            self._connections.prompts.asked.connect(self._ask),
            self._connections.secrets.waiting.connect(self._show_waiting),
        ]

    def sign_in(self, connection: "Connection | None") -> None:
        """Sign in anew: in the browser where one does it there, else the credentials are read again."""
        if connection is not None:
            name = f"sign in {source_key(connection.info)}"
            self._window.scope.start(name, self._sign_in, connection)

    def look_at_expiry(self) -> None:
        """Tell of credentials that end soon or have ended, once each; take back what is no longer so."""
        if self._connections.is_locked:
            return
        found: dict[str, tuple[str, Connection]] = {}
        for connection in self._console.shown.values():
            stage = _get_stage(connection)
            if stage:
                found[source_key(connection.info)] = (stage, connection)
        for key in self._told.keys() - found.keys():
            del self._told[key]
            self._window.notices.dismiss(f"expiry {key}")
        for key, (stage, connection) in found.items():
            if self._told.get(key) != stage and not self._is_signing_in(key, connection):
                self._told[key] = stage
                self._tell(key, stage, connection)

    @property
    def is_locked(self) -> bool:
        return self._connections.is_locked

    def lock(self) -> None:
        """Drop all credentials until `unlock`; tails and lists wait meanwhile."""
        self._connections.lock()
        self._window.notices.show_offer(
            "LambdaDesk is locked.",
            "No call is signed. Logs go on where they stopped; keys kept for this session only are gone.",
            "Unlock",
            self.unlock,
            LOCKED,
            self._tell_locked,
        )
        self._window.menus.show_locked(True)

    def unlock(self) -> None:
        self._window.notices.dismiss(LOCKED)
        self._connections.unlock_all()
        self._window.menus.show_locked(False)

    async def close(self) -> None:
        """End the sign-ins that are under way."""
        for disconnect in self._disconnects:
            disconnect()
        for question in self._questions:
            question.close()
        for dialog in list(self._dialogs.values()):
            await dialog.end()

    def _is_signing_in(self, key: str, connection: "Connection") -> bool:
        """Whether what was told is being dealt with, so that there is nothing to tell yet."""
        if key in self._dialogs or self._questions or self._window.scope.is_running(f"sign in {key}"):
            return True
        return connection.scope.is_running("identity")

    async def _sign_in(self, connection: "Connection") -> None:
        info = connection.info
        key = source_key(info)
        if key in self._dialogs:
            self._dialogs[key].raise_()
            self._dialogs[key].activateWindow()
            return
        self._window.notices.dismiss(f"expiry {key}")
        self._told.pop(key, None)  # what comes of it is told anew
        sso = await self._connections.get_sso(info)
        if sso is None:
            self._connections.sign_in_anew(info)
            connection.scope.start("identity", connection.identify)
            return
        from lambdadesk.ui.dialogs.sign_in_dialog import SignInDialog

        dialog = SignInDialog(sso, f"Sign in: {info.name}", self._window)
        self._dialogs[key] = dialog
        dialog.signed_in.connect(partial(self._connections.sign_in_anew, info))
        dialog.finished.connect(lambda _result: self._dialogs.pop(key, None))
        dialog.open()

    def _tell(self, key: str, stage: str, connection: "Connection") -> None:
        name = connection.info.name
        refusal = _get_refusal(connection)
        if stage == "soon":
            text = f"The credentials of {name} expire in {format_left(connection.expires_in_s or 0)}."
            hint = "Sign in now, or when they have."
        else:
            # A wrong clock or a locked keyring is no expiry.
            text = f"{name}: {refusal.message}" if refusal else f"The credentials of {name} have expired."
            hint = "Sign in, and all goes on where it stopped."
        self._window.notices.show_error(
            UserError(text, hint, kind=ErrorKind.EXPIRED),
            partial(self.sign_in, connection),
            f"expiry {key}",
            retry_text="Sign in",
        )

    def _tell_locked(self) -> None:
        self._window.say("LambdaDesk is locked. Unlock it in the File menu.")

    def _ask(self, question: Question) -> None:
        from lambdadesk.ui.dialogs.question_dialogs import show_question

        dialog = show_question(question, self._window)
        self._questions.append(dialog)
        dialog.finished.connect(lambda _result: self._questions.remove(dialog))

    def _show_waiting(self, waits: bool) -> None:
        self._window.say("Waiting for your keyring…" if waits else "")


def _get_stage(connection: "Connection") -> str:
    """ "soon", "expired", or "" for credentials that hold, renew themselves, or are not there at all."""
    left_s = connection.expires_in_s
    # Where nobody has signed in yet, the list says in its own place what is missing.
    if connection.identity is not None and _get_refusal(connection) is not None:
        return "expired"
    if left_s is None or connection.gateway.renews:
        return ""
    if left_s <= 0:
        return "expired"
    return "soon" if left_s < SOON_S else ""


def _get_refusal(connection: "Connection") -> UserError | None:
    """Why the credentials at hand were not taken by what was asked last, if so."""
    errors = [connection.catalog.state.error, *(tail.error for tail in connection.all_tails)]
    return next((each for each in errors if each is not None and each.kind is ErrorKind.EXPIRED), None)
