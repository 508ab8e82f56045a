"""Signing in to IAM Identity Center through the dialog, against a server of its protocol."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from lambdadesk.aws.sso import Sso, SsoSession
from lambdadesk.aws.sso_login import SsoLogin
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.sign_in_dialog import SignInDialog
from tests.servers import faults
from tests.servers.fake_sso import FakeSso
from tests.servers.sign_in import Browser, Pauses, assert_no_threads_stay, get_port, is_listening
from tests.ui.desk import TRACES, click, press, turns, until, visible_words
from tests.ui.test_accessibility import nameless

START = "https://example.awsapps.com/start"
DEVICE_PAGE = "https://device.sso.us-east-1.amazonaws.com/"
PENDING = faults.error(400, "AuthorizationPendingException")
TOKEN_FILE = hashlib.sha1(b"work", usedforsecurity=False).hexdigest() + ".json"


@pytest.fixture
def server() -> Iterator[FakeSso]:
    with FakeSso() as running:
        yield running


@pytest.fixture
def sso(server: FakeSso) -> Sso:
    return Sso(SsoSession(START, "us-east-1", "work"), endpoint_url=server.url)


async def pause_briefly(_seconds: float) -> None:
    await asyncio.sleep(0.01)


class SigningIn:
    """An open dialog, and the browser that belongs to it.

    has_browser: whether the system has one; visits: whether the person confirms there at once.
    """

    def __init__(self, sso: Sso, login: SsoLogin, *, has_browser: bool, visits: bool) -> None:
        self.browser = Browser()
        self.opened: list[str] = []
        self.has_browser = has_browser
        self.visits = visits
        self.signed_in: list[bool] = []  # whether the dialog was closed by then
        self.is_gone = False
        self.dialog = SignInDialog(sso, "Sign in to shop", open_browser=self._open, login=login)
        self.dialog.signed_in.connect(lambda: self.signed_in.append(not self.dialog.isVisible()))
        self.dialog.destroyed.connect(self._on_destroyed)

    def _open(self, url: str) -> bool:
        self.opened.append(url)
        if self.has_browser and self.visits:
            self.browser(url)
        return self.has_browser

    def _on_destroyed(self) -> None:
        self.is_gone = True

    def find(self, name: str) -> Any:
        (found,) = self.dialog.findChildren(QWidget, name)
        return found

    def click(self, name: str) -> None:
        button = self.find(name)
        assert button.isVisible()
        click(button)

    def text(self, name: str) -> str:
        return self.find(name).text()

    async def shows(self, name: str) -> None:
        await until(self.find(name).isVisible, lambda: visible_words(self.dialog))

    async def gone(self) -> None:
        """Wait until the dialog has closed by itself, and nothing of it runs."""
        await until(lambda: self.is_gone)


@asynccontextmanager
async def signing_in(
    qapp: QApplication,
    sso: Sso,
    login: SsoLogin | None = None,
    *,
    has_browser: bool = True,
    visits: bool = True,
) -> AsyncIterator[SigningIn]:
    theme.apply(qapp, "light")
    login = login or SsoLogin(sso, pause=pause_briefly)
    found = SigningIn(sso, login, has_browser=has_browser, visits=visits)
    found.dialog.open()
    try:
        yield found
        if not found.is_gone:
            words = visible_words(found.dialog)
            assert not any(trace in words for trace in TRACES), words
    finally:
        if not found.is_gone:
            await found.dialog.end()
        await found.gone()
        await in_thread(found.browser.close)


def get_token_file(home: Path) -> Path:
    return home / ".aws/sso/cache" / TOKEN_FILE


def end_token_in(home: Path, seconds: float) -> None:
    """Have the cached token end so many seconds from now."""
    path = get_token_file(home)
    moment = datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"expiresAt": moment}))


# --- in the browser ---


async def test_signs_in_by_the_browser(qapp: QApplication, server: FakeSso, sso: Sso) -> None:
    async with signing_in(qapp, sso) as signing:
        assert not signing.dialog.isModal()
        await signing.gone()
        assert signing.signed_in == [True]
        assert len(signing.opened) == 1
        assert not is_listening(get_port(signing.opened[0]))
    assert signing.browser.pages == [(200, "Go back to LambdaDesk. You can close this page.")]
    token = sso.load_token()
    assert token is not None
    assert token.access_token.reveal() in server.tokens
    assert [body["grantType"] for body in server.bodies("CreateToken")] == ["authorization_code"]


async def test_says_what_happens_and_opens_again(qapp: QApplication, sso: Sso) -> None:
    async with signing_in(qapp, sso, visits=False) as signing:
        await signing.shows("signInOpen")
        assert signing.dialog.windowTitle() == "Sign in to shop"
        assert signing.text("signInPlace") == f"{START} · us-east-1"
        assert signing.text("signInMessage").startswith("Your browser shows")
        assert "Confirm there." in signing.text("signInMessage")
        assert not signing.find("signInCode").isVisible()
        assert nameless(signing.dialog) == []
        signing.click("signInCopyAddress")
        assert QApplication.clipboard().text() == signing.opened[0]
        signing.visits = True
        signing.click("signInOpen")
        await signing.gone()
        assert signing.opened[1:] == signing.opened[:1]
        assert signing.signed_in == [True]


async def test_a_system_without_a_browser_is_given_the_address(qapp: QApplication, sso: Sso) -> None:
    async with signing_in(qapp, sso, has_browser=False) as signing:
        await signing.shows("signInAddress")
        assert signing.text("signInMessage") == "No browser could be opened."
        address = signing.find("signInAddress").toPlainText()
        assert address == signing.opened[0]
        signing.click("signInCopyAddress")
        assert QApplication.clipboard().text() == address
        await in_thread(signing.browser.visit, address)
        await signing.gone()
        assert signing.signed_in == [True]


async def test_the_systems_own_way_to_open_a_page_is_asked(qapp: QApplication, sso: Sso) -> None:
    """The offscreen platform opens none, and says so."""
    dialog = SignInDialog(sso, "Sign in")
    dialog.open()
    try:
        (address,) = dialog.findChildren(QWidget, "signInAddress")
        await until(address.isVisible)
    finally:
        await dialog.end()
    await turns(2)


async def test_a_refusal_in_the_browser_can_be_tried_again(
    qapp: QApplication, server: FakeSso, sso: Sso
) -> None:
    server.refuses = True
    async with signing_in(qapp, sso) as signing:
        await signing.shows("signInAgain")
        assert signing.text("signInMessage") == "The sign-in was refused in the browser."
        assert signing.text("signInOtherWay") == "Use a code instead"
        assert not signing.find("signInOpen").isVisible()
        assert nameless(signing.dialog) == []
        server.refuses = False
        press(signing.find("signInAgain"), Qt.Key.Key_Return)
        await signing.gone()
        assert signing.signed_in == [True]


async def test_a_browser_that_never_comes_back(qapp: QApplication, sso: Sso) -> None:
    async with signing_in(qapp, sso, SsoLogin(sso, patience_s=0.05), visits=False) as signing:
        await signing.shows("signInAgain")
        assert signing.text("signInMessage") == "The browser did not come back from the sign-in."
        assert not is_listening(get_port(signing.opened[0]))


# --- with a code ---


async def test_signs_in_with_a_code(qapp: QApplication, server: FakeSso, sso: Sso) -> None:
    server.always("CreateToken", PENDING)
    async with signing_in(qapp, sso, visits=False) as signing:
        await signing.shows("signInOpen")
        port = get_port(signing.opened[0])
        assert is_listening(port)
        signing.click("signInOtherWay")
        await signing.shows("signInCode")
        assert not is_listening(port)  # the browser's way had ended before
        assert signing.text("signInCode") == "ABCD-EFGH"
        assert signing.find("signInCode").font().pointSizeF() > 2 * signing.dialog.font().pointSizeF()
        assert signing.find("signInAddress").toPlainText() == DEVICE_PAGE
        assert signing.text("signInTimeLeft") in (
            "The code is good for 10:00 more.",
            "The code is good for 9:59 more.",
        )
        assert nameless(signing.dialog) == []
        signing.click("signInCopyCode")
        assert QApplication.clipboard().text() == "ABCD-EFGH"
        signing.click("signInCopyAddress")
        assert QApplication.clipboard().text() == DEVICE_PAGE
        assert len(signing.opened) == 1  # a code may be for another computer: nothing opens by itself
        signing.click("signInOpen")
        assert signing.opened[1:] == [f"{DEVICE_PAGE}?user_code=ABCD-EFGH"]
        server.always("CreateToken", None)
        await signing.gone()
        assert signing.signed_in == [True]


async def test_the_time_left_is_counted_down(qapp: QApplication, server: FakeSso, sso: Sso) -> None:
    server.always("CreateToken", PENDING)
    async with signing_in(qapp, sso, visits=False) as signing:
        signing.click("signInOtherWay")
        await signing.shows("signInCode")
        first = signing.text("signInTimeLeft")
        await until(lambda: signing.text("signInTimeLeft") != first)
        assert signing.text("signInTimeLeft").startswith("The code is good for 9:")


async def test_a_code_without_a_browser_is_still_shown(qapp: QApplication, server: FakeSso, sso: Sso) -> None:
    server.always("CreateToken", PENDING)
    async with signing_in(qapp, sso, has_browser=False) as signing:
        await signing.shows("signInAddress")
        signing.click("signInOtherWay")
        await signing.shows("signInCode")
        signing.click("signInOpen")
        assert signing.text("signInHint") == "No browser could be opened: copy the address."
        assert signing.find("signInCode").isVisible()


async def test_slows_down_when_told_to(qapp: QApplication, server: FakeSso, sso: Sso) -> None:
    pauses = Pauses()
    server.interval_s = 1
    server.script("CreateToken", PENDING, faults.error(400, "SlowDownException"), PENDING)
    async with signing_in(qapp, sso, SsoLogin(sso, pause=pauses), visits=False) as signing:
        await signing.shows("signInOpen")
        signing.click("signInOtherWay")
        await signing.gone()
        assert signing.signed_in == [True]
    assert pauses.seconds == [1, 1, 6, 6]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ExpiredTokenException", "The sign-in was not completed in time."),
        ("AccessDeniedException", "The sign-in was refused in the browser."),
        ("InvalidClientException", "IAM Identity Center no longer knows this program."),
    ],
)
async def test_every_end_is_a_sentence_and_can_be_tried_again(
    qapp: QApplication, server: FakeSso, sso: Sso, code: str, sentence: str
) -> None:
    server.always("CreateToken", faults.error(400, code))
    async with signing_in(qapp, sso, visits=False) as signing:
        signing.click("signInOtherWay")
        await signing.shows("signInAgain")
        assert signing.text("signInMessage") == sentence
        assert signing.text("signInHint")
        assert code not in visible_words(signing.dialog)
        for name in ("signInCode", "signInTimeLeft", "signInAddress"):
            assert not signing.find(name).isVisible()
        assert signing.signed_in == []
        server.always("CreateToken", None)
        signing.click("signInAgain")  # with a code again
        await signing.gone()
        assert signing.signed_in == [True]
    assert len(server.requests("StartDeviceAuthorization")) == 2


async def test_a_failure_has_its_details_one_click_away_as_text(
    qapp: QApplication, server: FakeSso, sso: Sso
) -> None:
    server.always("CreateToken", faults.error(500, "InternalServerException", "<b>broken</b>"))
    async with signing_in(qapp, sso, visits=False) as signing:
        signing.click("signInOtherWay")
        await signing.shows("signInAgain")
        details = signing.find("details")
        assert not details.isVisible()
        signing.click("detailsButton")
        assert "<b>broken</b>" in details.toPlainText()
        assert nameless(signing.dialog) == []
        server.always("CreateToken", PENDING)
        signing.click("signInAgain")
        await signing.shows("signInCode")
        assert not details.isVisible()


async def test_from_a_failed_browser_to_a_code_and_back(
    qapp: QApplication, server: FakeSso, sso: Sso
) -> None:
    server.refuses = True
    async with signing_in(qapp, sso) as signing:
        await signing.shows("signInAgain")
        server.always("CreateToken", PENDING)
        signing.click("signInOtherWay")
        await signing.shows("signInCode")
        server.refuses = False
        server.always("CreateToken", None)
        assert signing.text("signInOtherWay") == "Use the browser instead"
        signing.click("signInOtherWay")
        await signing.gone()
        assert signing.signed_in == [True]


# --- clocks and refresh ---


@pytest.mark.parametrize("ahead_s", [7200, -7200])
async def test_a_wrong_clock_at_the_service_does_no_harm(
    qapp: QApplication, server: FakeSso, sso: Sso, ahead_s: float
) -> None:
    server.clock_ahead_s = ahead_s
    async with signing_in(qapp, sso) as signing:
        await signing.gone()
        assert signing.signed_in == [True]
    token = sso.load_token()
    assert token is not None
    assert 28_700 < token.expires_at - time.time() < 28_900  # by the clock of this machine


async def test_a_sign_in_is_refreshed_and_then_asked_for_anew(
    qapp: QApplication, server: FakeSso, sso: Sso, tmp_path: Path
) -> None:
    async with signing_in(qapp, sso) as signing:
        await signing.gone()
    end_token_in(tmp_path, 60)
    assert len(await sso.list_accounts()) == 5
    grants = [body["grantType"] for body in server.bodies("CreateToken")]
    assert grants == ["authorization_code", "refresh_token"]
    server.always("CreateToken", faults.error(400, "InvalidGrantException"))
    end_token_in(tmp_path, -1)
    with pytest.raises(UserError) as caught:
        await sso.list_accounts()
    assert caught.value.kind is ErrorKind.EXPIRED
    server.always("CreateToken", None)
    async with signing_in(qapp, sso) as signing:
        await signing.gone()
        assert signing.signed_in == [True]
    assert len(await sso.list_accounts()) == 5


# --- ending it ---


async def _by_button(signing: SigningIn) -> None:
    signing.click("signInCancel")


async def _by_escape(signing: SigningIn) -> None:
    press(signing.dialog, Qt.Key.Key_Escape)


async def _by_closing(signing: SigningIn) -> None:
    signing.dialog.close()


async def _by_the_window(signing: SigningIn) -> None:
    await signing.dialog.end()


async def _by_both(signing: SigningIn) -> None:
    """The window ends it while it is ending."""
    signing.dialog.close()
    await signing.dialog.end()


ENDINGS = (_by_button, _by_escape, _by_closing, _by_the_window, _by_both)
Ending = Callable[[SigningIn], Any]


async def _assert_nothing_stays(signing: SigningIn, server: FakeSso, home: Path, ending: Ending) -> None:
    """End the dialog: no task, thread or port of it is left, nor a token."""
    ports = [get_port(url) for url in signing.opened if "redirect_uri" in url]
    await ending(signing)
    assert signing.is_gone or not signing.dialog.isVisible()
    await signing.gone()
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"sign-in", "end"}
    assert not any(is_listening(port) for port in ports)
    assert_no_threads_stay(server)
    assert signing.signed_in == []
    assert not get_token_file(home).exists()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("step", ["RegisterClient", "browser", "CreateToken", "failed"])
async def test_ending_in_the_browser_leaves_nothing(
    qapp: QApplication, server: FakeSso, sso: Sso, tmp_path: Path, step: str, ending: Ending
) -> None:
    if step in ("RegisterClient", "CreateToken"):
        server.always(step, faults.hang)
    server.refuses = step == "failed"
    async with signing_in(qapp, sso, visits=step != "browser") as signing:
        if step == "browser":
            await signing.shows("signInOpen")
            assert is_listening(get_port(signing.opened[0]))
            await turns()  # asyncio drops what it has just accepted, unclosed, where the server closes
        elif step == "failed":
            await signing.shows("signInAgain")
        else:
            await in_thread(server.wait_for_requests, step)
        await _assert_nothing_stays(signing, server, tmp_path, ending)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "step", ["RegisterClient", "StartDeviceAuthorization", "pause", "CreateToken", "failed"]
)
async def test_ending_with_a_code_leaves_nothing(
    qapp: QApplication, server: FakeSso, sso: Sso, tmp_path: Path, step: str, ending: Ending
) -> None:
    login = SsoLogin(sso) if step == "pause" else None
    async with signing_in(qapp, sso, login, visits=False) as signing:
        await signing.shows("signInOpen")
        (tmp_path / ".aws/sso/cache").rename(tmp_path / "forgotten")  # registers anew
        if step == "pause":
            server.always("CreateToken", PENDING)
        elif step == "failed":
            server.always("CreateToken", faults.error(400, "AccessDeniedException"))
        else:
            server.always(step, faults.hang)
        signing.click("signInOtherWay")
        if step == "pause":
            await signing.shows("signInCode")
        elif step == "failed":
            await signing.shows("signInAgain")
        else:
            count = 2 if step == "RegisterClient" else 1
            await in_thread(server.wait_for_requests, step, count)
        await _assert_nothing_stays(signing, server, tmp_path, ending)


async def test_a_dialog_that_was_never_opened_can_be_ended(qapp: QApplication, sso: Sso) -> None:
    dialog = SignInDialog(sso, "Sign in")
    gone: list[None] = []
    dialog.destroyed.connect(lambda: gone.append(None))
    await dialog.end()
    await until(lambda: gone)


async def test_no_button_but_try_again_is_pressed_by_enter(qapp: QApplication, sso: Sso) -> None:
    async with signing_in(qapp, sso, visits=False) as signing:
        await signing.shows("signInOpen")
        buttons = signing.dialog.findChildren(QPushButton)
        assert [each.objectName() for each in buttons if each.autoDefault()] == ["signInAgain"]
        press(signing.dialog, Qt.Key.Key_Return)
        await turns()
        assert len(signing.opened) == 1
        assert signing.find("signInOpen").isVisible()
