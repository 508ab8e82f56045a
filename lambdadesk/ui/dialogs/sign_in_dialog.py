"""SignInDialog: sign in to IAM Identity Center, in the browser or with a code."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QPalette
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from lambdadesk.aws.sso import Sso
from lambdadesk.aws.sso_login import DeviceCode, SsoLogin
from lambdadesk.core.errors import UserError
from lambdadesk.core.text import one_line
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce, details_button, details_view
from lambdadesk.ui.widgets.plain import PlainLabel, show_plain_text

_WIDTH_PX: Final = 520
_ADDRESS_LINES: Final = 5  # of the browser's, with all that is asked for in it
_SIGN_IN: Final = "sign-in"


def open_in_browser(url: str) -> bool:
    """Open a page in the system's browser; False where there is none."""
    return QDesktopServices.openUrl(QUrl.fromEncoded(url.encode()))


class SignInDialog(QDialog):
    """Signs in beside the window; closing it cancels. It deletes itself once nothing of it runs any more.

    title: what is signed in to, for the title bar.
    open_browser: given an address that was checked; False where no browser opened.
    login: signs in to `sso`, where its waits are to be others.

    Signals:
        signed_in(): the token is in the cache; the dialog has closed.
    """

    signed_in = Signal()

    def __init__(
        self,
        sso: Sso,
        title: str,
        parent: QWidget | None = None,
        *,
        open_browser: Callable[[str], bool] = open_in_browser,
        login: SsoLogin | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._ending = TaskScope(self._on_failure)
        self._login = login or SsoLogin(sso)
        self._open_browser = open_browser
        self._by_code = False
        self._address = ""  # what "Open" opens
        self._plain_address = ""  # what "Copy" copies: without the code, where there is one
        self._good_until_s = 0.0
        self._ticker = QTimer(self, interval=1000)
        self._ticker.timeout.connect(self._show_time_left)
        self.setObjectName("signInDialog")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._build(f"{sso.session.start_url} · {sso.session.region}")
        self.finished.connect(self._on_finished)

    def _build(self, place: str) -> None:
        where = named(ElidedLabel(one_line(place)), "signInPlace")
        where.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.message = named(ToneLabel(), "signInMessage")
        self.hint = named(ToneLabel("dim"), "signInHint")
        self.details = details_view("")
        self.details_button = details_button(self.details, "the sign-in")
        self.details_button.setAutoDefault(False)
        self.details_button.toggled.connect(self._grow)

        self.code = named(PlainLabel(), "signInCode", "Code")
        font = theme.fixed_font()
        font.setPointSizeF(font.pointSizeF() * 2.4)
        font.setBold(True)
        self.code.setFont(font)
        self.code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_code = _button("signInCopyCode", "Copy code", self._copy_code)
        self.time_left = named(ToneLabel("dim"), "signInTimeLeft")

        self.address = named(QPlainTextEdit(readOnly=True), "signInAddress", "Address of the sign-in page")
        self.address.setFont(theme.fixed_font())
        self.address.setTabChangesFocus(True)
        self.open_page = _button("signInOpen", "", self._open_page)
        self.copy_address = _button("signInCopyAddress", "Copy the address", self._copy_address)
        self.again = _button("signInAgain", "Try again", lambda: self._start(by_code=self._by_code))
        self.other_way = _button("signInOtherWay", "", lambda: self._start(by_code=not self._by_code))
        self.again.setAutoDefault(True)  # the one that Enter may press
        cancel = _button("signInCancel", "Cancel", self.reject)

        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        column.setSpacing(theme.SPACE)
        column.addWidget(where)
        column.addWidget(self.message)
        column.addWidget(self.hint)
        column.addWidget(self.details)
        column.addLayout(_row(self.code, self.copy_code))
        column.addWidget(self.time_left)
        column.addWidget(self.address)
        column.addLayout(_row(self.open_page, self.copy_address, self.again, self.details_button))
        column.addStretch(1)
        column.addSpacing(theme.SPACE)
        column.addLayout(_row(self.other_way, None, cancel))
        self._show("")
        self.resize(_WIDTH_PX, 300)

    def open(self) -> None:
        """Show it and begin; unlike QDialog's own, this does not keep the window from being used."""
        self.show()
        self._start(by_code=False)

    async def end(self) -> None:
        """Close it, and return once nothing of it runs any more; harmless where it is closed already."""
        self.close()
        self._on_finished()
        await self._ending.wait("end")

    def _on_finished(self) -> None:
        self._ticker.stop()
        self._ending.start("end", self._end)

    async def _end(self) -> None:
        await self.scope.close()
        self.deleteLater()

    # -- signing in

    def _start(self, *, by_code: bool) -> None:
        """Begin anew; what runs is cancelled, and has ended before the next begins."""
        self._by_code = by_code
        self._show("Asking IAM Identity Center…")
        self.scope.start(_SIGN_IN, self._sign_in)

    async def _sign_in(self) -> None:
        if self._by_code:
            await self._login.with_code(self._on_code)
        else:
            await self._login.with_browser(self._on_page)
        self.accept()
        self.signed_in.emit()

    def _on_page(self, url: str) -> None:
        self._address = self._plain_address = url
        self._open_page()

    def _open_page(self) -> None:
        is_open = self._open_browser(self._address)
        if self._by_code:
            if not is_open:
                self.hint.say("No browser could be opened: copy the address.", "warning")
            return
        if is_open:
            self._show(
                "Your browser shows the sign-in page of IAM Identity Center. Confirm there.",
                "This window closes by itself when you have.",
                self.open_page,
                self.copy_address,
            )
            self.open_page.setFocus()
        else:
            self._show(
                "No browser could be opened.",
                "Open this address in a browser of this computer, and confirm there; or use a code.",
                self.address,
                self.open_page,
                self.copy_address,
            )
            self._show_address()
            self.copy_address.setFocus()

    def _on_code(self, code: DeviceCode) -> None:
        self._address, self._plain_address = code.complete_url, code.url
        self._good_until_s = time.monotonic() + code.expires_in_s
        self.code.setText(code.code)
        self._show(
            "Open this address in any browser, type the code there, and confirm.",
            "This window closes by itself when you have.",
            self.code,
            self.copy_code,
            self.time_left,
            self.address,
            self.open_page,
            self.copy_address,
        )
        self._show_address()
        self._show_time_left()
        self._ticker.start()
        self.copy_code.setFocus()
        announce(self, f"The code is {' '.join(self.code.text())}")

    def _on_failure(self, _name: str, error: Exception) -> None:
        if not isinstance(error, UserError):  # a mistake of LambdaDesk's own: for the crash window
            asyncio.get_running_loop().call_exception_handler(
                {"message": "The sign-in failed.", "exception": error}
            )
            error = UserError(
                "LambdaDesk made a mistake of its own here.", "The crash window has the report."
            )
        shown = [self.again]
        if error.details:
            show_plain_text(self.details, error.details)
            shown.append(self.details_button)
        self._show(error.message, error.hint, *shown, tone="error")
        self.again.setFocus()

    # -- what is in sight

    def _show(self, message: str, hint: str = "", *shown: QWidget, tone: str = "text") -> None:
        """Say something, and show these of the widgets that come and go, and no others."""
        self._ticker.stop()
        self.message.say(one_line(message), tone)
        self.hint.say(one_line(hint), "dim")
        self.hint.setVisible(bool(hint))
        self.details_button.setChecked(False)
        for widget in (
            self.code,
            self.copy_code,
            self.time_left,
            self.address,
            self.open_page,
            self.copy_address,
            self.again,
            self.details_button,
        ):
            widget.setVisible(widget in shown)
        self.open_page.setText("Open the address" if self.address in shown else "Open the browser again")
        self.other_way.setText("Use the browser instead" if self._by_code else "Use a code instead")
        for button in (self.open_page, self.other_way):
            button.setAccessibleName(button.text())
        if message:
            announce(self, f"{message} {hint}", is_urgent=tone == "error")

    def _grow(self) -> None:
        """Take the height that the details need: lines that wrap have no minimum of their own."""
        self._column.activate()
        self.resize(self.width(), max(self.height(), self.heightForWidth(self.width())))

    def _show_address(self) -> None:
        show_plain_text(self.address, self._plain_address)
        lines = 2 if self._by_code else _ADDRESS_LINES
        self.address.setFixedHeight(self.address.fontMetrics().lineSpacing() * lines + 2 * theme.SPACE)

    def _show_time_left(self) -> None:
        left_s = max(0, round(self._good_until_s - time.monotonic()))
        self.time_left.setText(f"The code is good for {left_s // 60}:{left_s % 60:02} more.")

    def _copy_code(self) -> None:
        QGuiApplication.clipboard().setText(self.code.text())

    def _copy_address(self) -> None:
        QGuiApplication.clipboard().setText(self._plain_address)


def _button(object_name: str, text: str, slot: Callable[[], object]) -> QPushButton:
    button = named(QPushButton(text), object_name, text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: slot())
    return button


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Widgets side by side from the left; None: the rest stands at the right."""
    row = QHBoxLayout()
    row.setSpacing(theme.SPACE)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    if None not in widgets:
        row.addStretch(1)
    return row
