"""Credentials that end: seen before it bites, told once, and after a sign-in all goes on where it stopped."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.ui.dialogs.question_dialogs import MfaDialog
from lambdadesk.ui.widgets.plain import PlainLabel
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.fake_tls import make_tls
from tests.ui.desk import CONTROL, Desk, click, press, turns, until, visible_words

pytestmark = pytest.mark.logs_warnings  # botocore logs a refresh that fails, with its traceback

CODE = "123456"
MFA = "arn:aws:iam::123456789012:mfa/phone"
ROLE = "arn:aws:iam::123456789012:role/reader"
GROUP = "/aws/lambda/hello"


def look_often(desk: Desk) -> None:
    """Have the window look at the time left all the time, in place of every five seconds."""
    desk.window._clock.setInterval(20)


async def store_role(desk: Desk, aws: FakeAws, **more: str) -> ConnectionInfo:
    """A role on top of the endpoint."""
    base = ConnectionInfo("base", "base", ConnectionKind.ENDPOINT, endpoint_url=aws.url)
    role = ConnectionInfo(
        "shop",
        "shop",
        ConnectionKind.ASSUME_ROLE,
        source_id="base",
        role_arn=ROLE,
        regions=("us-east-1",),
        **more,
    )  # type: ignore[arg-type]
    for info in (base, role):
        await desk.console.connections.save(info)
    return role


async def find_mfa(desk: Desk) -> MfaDialog:
    found = await until(lambda: [one for one in desk.window.findChildren(MfaDialog) if one.isVisible()])
    assert len(found) == 1
    return found[0]


def part(dialog: MfaDialog, name: str) -> QWidget:
    (found,) = dialog.findChildren(QWidget, name)
    return found


async def give_code(desk: Desk, code: str = CODE) -> None:
    dialog = await find_mfa(desk)
    QTest.keyClicks(part(dialog, "mfaCode"), code)
    press(part(dialog, "mfaCode"), Qt.Key.Key_Return)
    await until(lambda: not desk.window.findChildren(MfaDialog))


async def open_role(desk: Desk, aws: FakeAws) -> None:
    """Open a role that wants an MFA code, with the window driven as ever, and give the code."""
    aws.mfa_code = CODE
    desk.window.places.open_connection(await store_role(desk, aws, mfa_serial=MFA))
    await give_code(desk)
    await until(lambda: desk.connection.catalog.is_settled and desk.connection.identity is not None)


def notice_buttons(desk: Desk) -> list[QPushButton]:
    found = desk.get("noticeBar").findChildren(QPushButton, "noticeRetry")
    return [button for button in found if button.isVisible()]  # others are about to be deleted


def told(desk: Desk) -> list[str]:
    """What each notice says, its hint and its buttons left out."""
    labels = desk.get("noticeBar").findChildren(PlainLabel, "noticeMessage")
    return [label.text() for label in labels if label.isVisible()]


def log_lines(desk: Desk) -> list[str]:
    store = desk.tail.store
    return [store.text(number).strip() for number in range(store.first, store.end)]


async def test_time_left_is_seen_and_told_once(desk: Desk, aws: FakeAws) -> None:
    aws.session_s = 5 * 60
    look_often(desk)
    await open_role(desk, aws)
    await until(lambda: desk.text("expiryLabel") == "4 min left")
    await until(lambda: "The credentials of shop expire in 4 min." in desk.notices())
    (sign_in,) = notice_buttons(desk)
    assert sign_in.text() == "Sign in"
    await turns()
    assert told(desk) == ["The credentials of shop expire in 4 min."]
    aws.session_s = 3600
    click(sign_in)
    await give_code(desk)
    await until(lambda: desk.text("expiryLabel") == "59 min left")
    await turns()
    assert not desk.get("noticeBar").isVisible()
    assert len(aws.requests("AssumeRole")) == 2


async def test_a_notice_that_was_closed_does_not_come_again(desk: Desk, aws: FakeAws) -> None:
    aws.session_s = 5 * 60
    look_often(desk)
    await open_role(desk, aws)
    await until(lambda: notice_buttons(desk))
    click(desk.get("noticeBar").findChild(QWidget, "noticeClose"))
    await turns()
    assert not desk.get("noticeBar").isVisible()


async def test_credentials_that_renew_themselves_are_no_news(desk: Desk, aws: FakeAws) -> None:
    aws.session_s = 12 * 60
    look_often(desk)
    desk.window.places.open_connection(await store_role(desk, aws))
    await until(lambda: desk.text("expiryLabel") == "renews itself")
    await turns()
    assert not desk.get("noticeBar").isVisible()


async def test_after_signing_in_list_and_tail_go_on_where_they_stopped(desk: Desk, aws: FakeAws) -> None:
    await open_role(desk, aws)
    await desk.open("hello", "Logs")
    aws.add_events(GROUP, "one\n", "two\n")
    await desk.polled()
    assert log_lines(desk) == ["one", "two"]
    look_often(desk)
    aws.always("*", faults.expired())
    desk.tail.poll_now()
    desk.action("Refresh the functions").trigger()
    await until(lambda: "shop: The credentials have expired." in desk.notices())
    aws.add_events(GROUP, "three\n")  # while nobody may look
    aws.functions.append(make_function("fourth"))
    await until(lambda: desk.connection.catalog.state.error is not None)
    await turns()
    assert told(desk) == ["shop: The credentials have expired."]
    assert not desk.window.findChildren(MfaDialog)  # nobody is asked unasked
    assert desk.function_names() == ["hello", "other", "third"]  # rows stay
    aws.always("*", None)
    click(notice_buttons(desk)[0])
    dialog = await find_mfa(desk)
    aws.add_events(GROUP, "four\n")
    await turns()
    assert told(desk) == []  # it is being dealt with
    assert not dialog.isModal()
    await give_code(desk)
    await until(lambda: "fourth" in desk.function_names())
    await until(lambda: len(log_lines(desk)) >= 4)
    aws.add_events(GROUP, "five\n")
    await desk.polled()
    assert log_lines(desk) == ["one", "two", "three", "four", "five"]
    assert desk.tail.counts.gaps == 0
    await turns()
    assert not desk.get("noticeBar").isVisible()


async def test_while_a_code_is_asked_for_the_window_is_usable(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.mfa_code = CODE
    role = await store_role(desk, aws, mfa_serial=MFA)
    desk.window.places.open_places([desk.connection.target, role.target("us-east-1")])
    dialog = await find_mfa(desk)
    assert "The connection shop asks" in visible_words(dialog)
    assert not dialog.isModal()
    await desk.open("hello")  # of the other place
    assert await desk.invoke('{"a": 1}') == "✔ 200 Succeeded"
    assert aws.requests("AssumeRole") == []
    await give_code(desk)
    await until(lambda: len(desk.function_names()) == 6)
    assert len(aws.requests("AssumeRole")) == 1


async def test_a_cancelled_code_is_one_sentence(desk: Desk, aws: FakeAws) -> None:
    aws.mfa_code = CODE
    look_often(desk)
    desk.window.places.open_connection(await store_role(desk, aws, mfa_serial=MFA))
    press(part(await find_mfa(desk), "mfaCode"), Qt.Key.Key_Escape)
    await until(lambda: "No MFA code was given." in visible_words(desk.window))
    await turns()
    assert not desk.window.findChildren(MfaDialog)
    assert not desk.get("noticeBar").isVisible()  # the list says it in its place
    (sign_in,) = [
        button
        for button in desk.window.functions.findChildren(QPushButton)
        if button.isVisible() and button.text() == "Sign in"
    ]
    click(sign_in)
    await give_code(desk)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])


async def test_to_cancel_after_an_expiry_leaves_a_way_to_sign_in(desk: Desk, aws: FakeAws) -> None:
    await open_role(desk, aws)
    await desk.open("hello", "Logs")
    look_often(desk)
    aws.script("FilterLogEvents", faults.expired())
    desk.tail.poll_now()
    await until(lambda: notice_buttons(desk))
    click(notice_buttons(desk)[0])
    press(part(await find_mfa(desk), "mfaCode"), Qt.Key.Key_Escape)
    await until(lambda: notice_buttons(desk))
    await turns()
    assert len(told(desk)) == 1
    click(notice_buttons(desk)[0])
    await give_code(desk)
    await until(lambda: desk.tail.error is None)
    await until(lambda: not desk.get("noticeBar").isVisible())


async def test_a_wrong_code_is_said_and_asked_for_again(desk: Desk, aws: FakeAws) -> None:
    aws.mfa_code = CODE
    desk.window.places.open_connection(await store_role(desk, aws, mfa_serial=MFA))
    await give_code(desk, "000000")
    await until(lambda: "The MFA code was not accepted." in visible_words(desk.window))
    desk.action("Sign in again").trigger()
    await give_code(desk)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])


async def test_a_wrong_clock_is_not_called_an_expiry(desk: Desk, aws: FakeAws) -> None:
    await open_role(desk, aws)
    await desk.open("hello", "Logs")
    look_often(desk)
    aws.clock_ahead_s = -3600
    aws.always("FilterLogEvents", faults.error(403, "InvalidSignatureException", "Signature expired"))
    desk.tail.poll_now()
    await until(lambda: "shop: The clock of this computer is 60 min ahead of AWS." in desk.notices())
    aws.always("FilterLogEvents", None)
    aws.clock_ahead_s = 0
    desk.tail.poll_now()
    await until(lambda: desk.tail.error is None)  # nobody signed in: the credentials are as good as before
    await until(lambda: told(desk) == [])
    assert len(aws.requests("AssumeRole")) == 1


@pytest.fixture
def real_aws(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAws:
    """Answers in place of AWS's own hosts, too."""
    aws.tls, certificate = make_tls(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", aws.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    return aws


async def test_a_profile_of_the_shared_files_asks_for_its_code(
    desk: Desk, real_aws: FakeAws, tmp_path: Path
) -> None:
    real_aws.mfa_code = CODE
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(
        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n"
        f"[profile lager-büro]\nrole_arn = {ROLE}\nsource_profile = base\nmfa_serial = {MFA}\n"
        "region = us-east-1\n"
    )
    await desk.listed()
    desk.window.places.open_target("lager-büro", "", "")
    dialog = await find_mfa(desk)
    assert "lager-büro" in visible_words(dialog)
    assert MFA in visible_words(dialog)
    press(desk.window, Qt.Key.Key_L, CONTROL)  # the window is as usable as ever
    await give_code(desk)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])
    assert {request.access_key for request in real_aws.requests("AssumeRole")} == {"BASE"}
    await until(lambda: desk.text("expiryLabel") == "59 min left")
