"""Profiles and IAM Identity Center in the Connections dialog: read live, chosen from lists."""

import asyncio
import urllib.request
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from lambdadesk.aws.sso import Sso, SsoSession
from lambdadesk.aws.sso_login import SsoLogin
from lambdadesk.core.threads import in_thread
from lambdadesk.ui.dialogs.sign_in_dialog import SignInDialog
from tests.servers.fake_sso import FakeSso
from tests.ui.connections_rig import Rig, profile_info
from tests.ui.desk import press, until, visible_words

URL = "https://example.awsapps.com/start"


def write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    return tmp_path / ".aws" / "config"


async def test_the_profiles_of_the_files_are_offered_and_described(
    qapp: QApplication, home: Path, config: Path
) -> None:
    write(config, "[profile work]\nregion = eu-west-1\n[profile größe]\n")
    async with Rig(qapp, home) as rig:
        rig.type("connectionName", "mine")
        await rig.choose("connectionKind", "AWS profile")
        await rig.choose("connectionProfile", "work")
        await until(lambda: rig.text("profileState") == "Region eu-west-1.")
        assert not rig.get("useProfileEndpoint").isVisible()
        await rig.choose("connectionProfile", "größe")
        await until(lambda: rig.text("profileState") == "It names no region.")
        assert await rig.save() == "Saved."
        assert rig.info("mine").profile == "größe"


async def test_five_hundred_profiles_are_filtered_by_typing(
    qapp: QApplication, home: Path, config: Path
) -> None:
    write(config, "".join(f"[profile team-{number:03}]\nregion = eu-west-1\n" for number in range(500)))
    async with Rig(qapp, home) as rig:
        await rig.choose("connectionKind", "AWS profile")
        box = rig.get("connectionProfile")
        await until(lambda: box.count() == 500)
        rig.type("connectionProfile", "-42")
        popup = box.completer().popup()
        await until(popup.isVisible)
        assert popup.model().rowCount() == 10
        press(popup, Qt.Key.Key_Down)
        press(popup, Qt.Key.Key_Return)
        assert box.currentText() == "team-420"


async def test_a_malformed_file_is_one_sentence(qapp: QApplication, home: Path, config: Path) -> None:
    write(config, "[profile work\nnonsense\n")
    async with Rig(qapp, home) as rig:
        await rig.choose("connectionKind", "AWS profile")
        await until(lambda: str(config) in rig.text("profileState"), lambda: rig.text("profileState"))
        assert "\n" not in rig.text("profileState")


async def test_a_profiles_endpoint_is_shown_and_used_only_when_ticked(
    qapp: QApplication, home: Path, config: Path
) -> None:
    write(config, "[profile work]\nendpoint_url = http://127.0.0.1:4566\n[profile plain]\n")
    async with Rig(qapp, home, profile_info("work")) as rig:
        rig.pick("work")
        await until(lambda: rig.get("useProfileEndpoint").isVisible())
        assert rig.get("useProfileEndpoint").text() == "Use its endpoint http://127.0.0.1:4566"
        rig.type("connectionRegions", "eu-west-1")
        assert await rig.save() == "Saved."
        assert rig.info("work").endpoint_url == ""
        rig.get("useProfileEndpoint").setFocus()
        press(rig.get("useProfileEndpoint"), Qt.Key.Key_Space)
        assert await rig.save() == "Saved."
        assert rig.info("work").endpoint_url == "http://127.0.0.1:4566"
        # An edit of the file does not redirect what was accepted.
        write(
            config,
            "[profile work]\nendpoint_url = http://127.0.0.1:9999\n"
            "[profile other]\nendpoint_url = http://127.0.0.1:7777\n[profile plain]\n",
        )
        rig.pick("New connection")
        rig.pick("work")
        await until(
            lambda: "It names another endpoint now: http://127.0.0.1:9999" in rig.text("profileState")
        )
        assert rig.get("useProfileEndpoint").text() == "Use its endpoint http://127.0.0.1:4566"
        assert rig.names()[0] == "work"  # nothing was changed by looking
        await rig.choose("connectionProfile", "other")  # nor does another profile take it over
        other = "Use its endpoint http://127.0.0.1:7777"
        await until(lambda: rig.get("useProfileEndpoint").text() == other)
        assert not rig.get("useProfileEndpoint").isChecked()
        await rig.choose("connectionProfile", "plain")
        await until(lambda: not rig.get("useProfileEndpoint").isVisible())
        assert await rig.save() == "Saved."
        assert rig.info("work").endpoint_url == ""


async def test_a_profiles_endpoint_over_plain_http_needs_acceptance(
    qapp: QApplication, home: Path, config: Path
) -> None:
    write(config, "[profile work]\nendpoint_url = http://10.0.0.1:4566\n")
    async with Rig(qapp, home, profile_info("work")) as rig:
        rig.pick("work")
        await until(lambda: rig.get("useProfileEndpoint").isVisible())
        rig.get("useProfileEndpoint").setFocus()
        press(rig.get("useProfileEndpoint"), Qt.Key.Key_Space)
        assert "unencrypted http" in await rig.save()
        assert rig.dialog.focusWidget() is rig.get("useProfileEndpoint")
        assert rig.get("acceptPlainHttp").isVisible()


class Browser(QObject):
    """In place of the system's: takes the addresses that are to be opened."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.urls.append(bytes(url.toEncoded().data()).decode())


def visit(url: str) -> None:
    """Go to the sign-in page and agree, as a person does."""
    with urllib.request.urlopen(url, timeout=30) as reply:
        assert reply.status == 200


class SignedIn:
    """A FakeSso that somebody is signed in to, by the session's name."""

    def __init__(self, server: FakeSso) -> None:
        self.server = server

    async def sign_in(self, name: str = "") -> None:
        sso = Sso(SsoSession(URL, "us-east-1", name), endpoint_url=self.server.url)

        async def pause(_seconds: float) -> None:
            await asyncio.sleep(0)

        await SsoLogin(sso, pause=pause).with_code(lambda _code: None)


async def test_accounts_and_roles_are_chosen_from_what_the_sign_in_gives(
    qapp: QApplication, home: Path, config: Path
) -> None:
    write(config, f"[sso-session work]\nsso_start_url = {URL}\nsso_region = us-east-1\n")
    with FakeSso() as server:
        await SignedIn(server).sign_in("work")
        async with Rig(qapp, home, sso_endpoint=server.url) as rig:
            rig.type("connectionName", "reader")
            await rig.choose("connectionKind", "IAM Identity Center")
            await rig.choose("ssoSession", "sso-session work")
            assert rig.get("ssoStartUrl").text() == URL
            assert rig.get("ssoStartUrl").isReadOnly()
            await until(lambda: rig.text("ssoState") == "Signed in: 5 accounts.")
            await rig.choose("ssoAccount", "000000000003 · account 3")
            await rig.choose("ssoRole", "reader")
            assert await rig.save() == "Saved."
            info = rig.info("reader")
            assert (info.sso_account_id, info.sso_role_name) == ("000000000003", "reader")
            assert (info.sso_session, info.sso_start_url, info.sso_region) == ("work", URL, "us-east-1")
            rig.pick("Local AWS")
            rig.pick("reader")
            await until(lambda: rig.get("ssoAccount").currentText() == "000000000003 · account 3")
            assert rig.names() == ["reader", "Local AWS"]


async def test_without_a_sign_in_account_and_role_are_typed(
    qapp: QApplication, home: Path, config: Path
) -> None:
    with FakeSso() as server:
        async with Rig(qapp, home, sso_endpoint=server.url) as rig:
            rig.type("connectionName", "reader")
            await rig.choose("connectionKind", "IAM Identity Center")
            rig.type("ssoStartUrl", URL)
            rig.type("ssoRegion", "us-east-1")
            await until(lambda: rig.text("ssoState").startswith("Nobody is signed in."))
            assert server.requests() == []
            assert "No account is chosen." in await rig.save()
            assert rig.dialog.focusWidget() is rig.get("ssoAccount")
            rig.type("ssoAccount", "000000000001")
            assert "No role is chosen." in await rig.save()
            rig.type("ssoRole", "reader")
            assert await rig.save() == "Saved."
            # Somebody signs in with the AWS CLI, say.
            await SignedIn(server).sign_in()
            rig.pick("Local AWS")
            rig.pick("reader")
            await until(lambda: rig.text("ssoState") == "Signed in: 5 accounts.")
            assert rig.info("reader").sso_account_id == "000000000001"


async def test_sign_in_opens_beside_the_dialog_and_brings_the_accounts(
    qapp: QApplication, home: Path, config: Path
) -> None:
    with FakeSso() as server:
        async with Rig(qapp, home, sso_endpoint=server.url) as rig:
            await rig.choose("connectionKind", "IAM Identity Center")
            rig.click("ssoSignIn")
            await until(lambda: "not a valid https address" in rig.text("ssoState"))
            assert rig.dialog.focusWidget() is rig.get("ssoStartUrl")
            rig.type("ssoStartUrl", URL)
            rig.type("ssoRegion", "us-east-1")
            browser = Browser()
            QDesktopServices.setUrlHandler("http", browser, "open")
            try:
                rig.click("ssoSignIn")
                await until(lambda: rig.dialog.findChildren(SignInDialog))
                (dialog,) = rig.dialog.findChildren(SignInDialog)
                assert not dialog.isModal()
                await until(lambda: browser.urls, lambda: visible_words(dialog))
                await in_thread(visit, browser.urls[0])
                await until(lambda: rig.text("ssoState") == "Signed in: 5 accounts.")
            finally:
                QDesktopServices.unsetUrlHandler("http")


async def test_closing_the_dialog_ends_the_sign_in(qapp: QApplication, home: Path) -> None:
    with FakeSso() as server:
        browser = Browser()
        QDesktopServices.setUrlHandler("http", browser, "open")
        try:
            async with Rig(qapp, home, sso_endpoint=server.url) as rig:
                await rig.choose("connectionKind", "IAM Identity Center")
                rig.type("ssoStartUrl", URL)
                rig.type("ssoRegion", "us-east-1")
                rig.click("ssoSignIn")
                await until(lambda: browser.urls)
                (dialog,) = rig.dialog.findChildren(SignInDialog)
                await rig.dialog.close_dialog()
                assert not isValid(dialog) or not dialog.isVisible()
        finally:
            QDesktopServices.unsetUrlHandler("http")
