"""The frame: connections, regions, keys, theme, what it remembers, and how it ends."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QSplitter, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.ui import theme
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import CONTROL, Desk, click, press, turns, until, visible_words

_STS_DENIED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>User is not authorized to perform: sts:GetCallerIdentity</Message></Error>
<RequestId>0a1b2c3d</RequestId></ErrorResponse>"""


def choices(box: QComboBox) -> list[str]:
    return [text for index in range(box.count()) if (text := box.itemText(index))]  # a separator has none


async def test_the_frame_says_what_is_connected(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    assert desk.window.windowTitle() == f"{aws.url} us-east-1 - LambdaDesk"
    assert desk.get("connectionBox").currentText() == aws.url
    assert desk.get("regionBox").currentText() == "us-east-1"
    await until(lambda: desk.text("identityLabel") == "000000000000 · root")
    await until(lambda: desk.text("freshness").startswith("Refreshed "))
    box = desk.get("connectionBox")
    assert choices(box) == [aws.url, "Local AWS", "Manage connections…"]


async def test_another_region_is_another_list(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.choose("regionBox", "us-east-2")
    await until(lambda: desk.console.connection and desk.connection.target.region == "us-east-2")
    await desk.listed()
    assert desk.window.windowTitle() == f"{aws.url} us-east-2 - LambdaDesk"
    assert desk.get("regionBox").currentText() == "us-east-2"
    assert desk.get_tabs().count() == 1  # the tab was of the other region
    assert "us-east-2" in aws.requests("ListFunctions")[-1].headers["authorization"]


async def test_who_one_is_may_stay_unknown(desk: Desk, aws: FakeAws) -> None:
    aws.always("GetCallerIdentity", faults.reply(403, _STS_DENIED, content_type="text/xml"))
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: desk.text("identityLabel") == "identity unknown")
    assert "sts:GetCallerIdentity" in desk.get("identityLabel").toolTip()
    await until(lambda: desk.function_names() == ["hello", "other", "third"])
    assert not desk.get("noticeBar").isVisible()


async def test_profiles_are_offered(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile one]\nregion = eu-west-1\n[profile two]\n")
    desk.window.places.open_target("", "eu-west-1", aws.url)
    box = desk.get("connectionBox")
    await until(lambda: box.findText("two") >= 0)
    assert choices(box) == [aws.url, "one", "two", "Local AWS", "Manage connections…"]


async def test_aws_files_that_cannot_be_read_leave_the_regions(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    await desk.listed()
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("no section\n")
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(desk.notices)
    assert "The AWS configuration files can't be used." in desk.notices()
    await desk.choose("regionBox", "us-east-2")
    await until(lambda: desk.console.connection and desk.connection.target.region == "us-east-2")
    await desk.listed()
    assert desk.function_names() == ["hello", "other", "third"]


@pytest.mark.parametrize(
    ("profile", "region", "endpoint", "said"),
    [
        ("", "moon/../x", "", "'moon/../x' is not an AWS region. Use a name like eu-central-1."),
        ("", "us-east-1", "http://example.com", "would be signed over unencrypted http."),
        ("absent", "us-east-1", "", "The profile absent is not in the AWS configuration."),
    ],
)
async def test_a_target_that_cannot_be_used_says_why_and_another_works(
    desk: Desk, aws: FakeAws, profile: str, region: str, endpoint: str, said: str
) -> None:
    await desk.open("hello")
    desk.window.places.open_target(profile, region, endpoint or ("" if profile else endpoint))
    await until(lambda: said in visible_words(desk.window), lambda: visible_words(desk.window.functions))
    assert desk.function_names() == []
    press(desk.window, Qt.Key.Key_F5)  # nothing to refresh, and no mistake
    await turns()
    desk.window.places.open_target("", "us-east-1", aws.url)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])
    await desk.open("hello")
    assert await desk.invoke() == "✔ 200 Succeeded"


async def test_retry_repeats_what_failed_to_open_whatever_failed_before(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    aws.script("ListFunctions", faults.denied("lambda:ListFunctions"))
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: "Access denied" in visible_words(desk.window.functions))
    desk.window.places.open_target("late", "", aws.url)
    await until(lambda: "The profile late is not in" in visible_words(desk.window.functions))
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[profile late]\nregion = eu-west-2\naws_access_key_id = late\naws_secret_access_key = late\n"
    )
    buttons = desk.window.functions.findChildren(QPushButton)
    (retry,) = [each for each in buttons if each.text() == "Retry" and each.isVisible()]
    click(retry)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])
    assert desk.connection.target.region == "eu-west-2"
    assert aws.requests("ListFunctions")[-1].access_key == "late"


async def test_keys_of_the_frame(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    field = desk.get("functionFilter")
    for key in (Qt.Key.Key_L, Qt.Key.Key_P):
        desk.get("payloadEditor").setFocus()
        press(desk.get("payloadEditor"), key, CONTROL)
        assert QApplication.focusWidget() is field
    asked = len(aws.requests("ListFunctions"))
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: len(aws.requests("ListFunctions")) == asked + 1)
    click(desk.get("refreshButton"))
    await until(lambda: len(aws.requests("ListFunctions")) == asked + 2)


async def test_a_wanted_function_that_is_not_there_is_a_notice(desk: Desk) -> None:
    desk.window.want("absent", "logs")
    await until(desk.notices)
    assert "There is no function absent in us-east-1." in desk.notices()
    assert desk.get_tabs().count() == 1


async def test_a_wanted_page_alone_opens_the_first_function(desk: Desk) -> None:
    desk.window.want("", "logs")
    await until(lambda: desk.get_tabs().count() == 2)
    pages = desk.get("pageTabs")
    assert (desk.page.function.name, pages.tabText(pages.currentIndex())) == ("hello", "Logs")


async def test_the_theme_changes_at_once_and_goes_on_working(desk: Desk) -> None:
    await desk.open("hello")
    for page in ("Logs", "Charts", "Invoke"):
        desk.turn_to(page)
    await desk.invoke()
    for mode, colours in (("Dark", theme.DARK), ("Light", theme.LIGHT), ("Dark", theme.DARK)):
        desk.action(mode).trigger()
        assert desk.action(mode).isChecked()
        status = desk.get("resultStatus")
        assert status.palette().color(status.foregroundRole()) == colours.ok
        editor = desk.get("payloadEditor")
        assert editor.palette().color(QPalette.ColorRole.Base) == colours.base
        for page in ("Logs", "Charts", "Invoke"):
            desk.turn_to(page)
            assert not desk.window.grab().isNull()
        desk.type_payload('{"a": nope}')
        await until(lambda: desk.text("payloadProblem").startswith("✖ "))
        problem = desk.get("payloadProblem")
        assert problem.palette().color(problem.foregroundRole()) == colours.error
        assert await desk.invoke('{"a": 1}') == "✔ 200 Succeeded"
    assert desk.console.settings.theme == "dark"
    desk.action("Light").trigger()


async def test_the_window_remembers_theme_places_and_sizes(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    desk.window.resize(780, 600)  # what the offscreen screen has room for
    await turns()
    (splitter,) = desk.window.findChildren(QSplitter, "mainSplitter")
    splitter.setSizes([300, splitter.width() - 300])
    sizes = splitter.sizes()
    desk.get("functionTable").horizontalHeader().resizeSection(3, 177)
    desk.action("Dark").trigger()
    await desk.close()
    desk.console.settings.save_now()
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await again.listed()
        (splitter,) = again.window.findChildren(QSplitter, "mainSplitter")
        assert splitter.sizes() == sizes
        assert again.get("functionTable").horizontalHeader().sectionSize(3) == 177
        assert theme.colours(again.app.palette()).is_dark
        assert again.action("Dark").isChecked()
        again.action("Light").trigger()
    saved = json.loads(desk.paths.settings_file.read_text())
    assert "test" not in json.dumps(saved).lower().replace("latest", "")  # no key of the endpoint


async def test_settings_that_cannot_be_saved_are_a_notice(desk: Desk) -> None:
    await desk.open("hello")
    desk.paths.home.mkdir(exist_ok=True)
    desk.paths.config_dir.write_text("a file where the folder should be")
    desk.action("Dark").trigger()
    await until(desk.notices)
    assert "The settings can't be saved." in desk.notices()
    assert "disk is not full or read-only" in desk.notices()
    assert await desk.invoke() == "✔ 200 Succeeded"
    desk.action("Light").trigger()


async def test_the_local_aws_that_dies_is_a_notice_with_a_retry(desk: Desk) -> None:
    await desk.listed()
    desk.console.local.died.emit("the last line of its log")
    assert "The Local AWS has ended unexpectedly." in desk.notices()
    assert "Start again" in visible_words(desk.window)
    assert desk.text("statusMessage") == "The Local AWS is not running."


async def test_closing_asks_first_and_the_window_stays_until_its_work_has_ended(desk: Desk) -> None:
    asked: list[bool] = []
    desk.window.close_requested.connect(lambda: asked.append(True))
    await desk.listed()
    desk.window.close()
    assert asked == [True]
    assert desk.window.isVisible()
    desk.action("Quit").trigger()
    assert asked == [True, True]


async def test_quitting_while_a_function_runs_and_logs_are_read_does_not_wait(
    desk: Desk, aws: FakeAws
) -> None:
    await desk.open("hello")
    aws.always("Invoke", faults.slow(30))
    aws.always("FilterLogEvents", faults.slow(30))
    click(desk.get("invokeButton"))
    await until(lambda: aws.requests("Invoke"))
    desk.turn_to_cost()
    await until(lambda: len(aws.requests("FilterLogEvents")) > 3)
    await desk.close(within_s=20)  # what runs takes 30 s
    await desk.history.open()
    (entry,) = await desk.history.recent(desk.target_key)
    await desk.history.close()
    assert (entry.outcome, entry.error) == ("unknown", "Stopped waiting; the function goes on.")


async def test_a_list_that_comes_while_it_closes_opens_nothing_more(desk: Desk) -> None:
    await desk.listed()
    await desk.window.close_window()
    desk.window.want("hello", "invoke")
    assert desk.window.tabs.pages() == []


async def test_long_texts_never_widen_the_window(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    width = desk.window.minimumSizeHint().width()
    desk.window.say("a long sentence " * 60)
    desk.get("identityLabel").setText("123456789012 · assumed-role/" + "x" * 400)
    await turns()
    assert desk.window.minimumSizeHint().width() <= max(width, 720)
    assert desk.window.width() == 1_280


class ShownWindows(QObject):
    """Notes every window that is shown, be it for a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's own name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.names.append(f"{type(watched).__name__} {watched.objectName()}")
        return False


async def test_no_other_window_is_ever_shown(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    shown = ShownWindows()
    desk.app.installEventFilter(shown)
    try:
        async with Desk(desk.app, aws, desk.paths.home / "second") as second:
            await second.open("hello")
            await second.invoke()
            for page in ("Logs", "Charts", "Invoke"):
                second.turn_to(page)
                await turns()
            second.turn_to_cost()
            aws.always("ListFunctions", faults.denied("lambda:ListFunctions"))
            press(second.window, Qt.Key.Key_F5)
            await turns()
            second.window.notices.show_error(UserError("A failure.", "Do.", details="x"), lambda: None)
            await turns()
            assert second.window.isActiveWindow()
    finally:
        desk.app.removeEventFilter(shown)
    assert shown.names == ["MainWindow mainWindow"]


async def test_tabs_are_walked_by_the_keyboard(desk: Desk) -> None:
    await desk.listed()
    await until(desk.get("regionBox").isEnabled)  # the regions are known
    field = desk.get("functionFilter")
    field.setFocus()
    seen = set()
    for _step in range(30):
        focused = QApplication.focusWidget()
        assert focused is not None
        seen.add(focused.objectName())
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert {"functionFilter", "functionTable", "connectionBox", "regionBox", "refreshButton"} <= seen


async def test_an_endpoint_that_goes_away_is_said_once_and_taken_back(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    tail = desk.connection.tails["hello"]
    aws.always("FilterLogEvents", faults.reset)
    tail.poll_now()
    await until(
        lambda: desk.window.notices.keys() == [f"offline {desk.connection.target.key}"],
        desk.window.notices.keys,
    )
    assert "The connection broke" in visible_words(desk.window.notices)
    tail.poll_now()
    await turns()
    assert desk.window.notices.keys() == [f"offline {desk.connection.target.key}"]
    asked = len(aws.requests("ListFunctions"))
    aws.always("FilterLogEvents", None)
    tail.poll_now()
    await until(lambda: desk.window.notices.keys() == [], desk.window.notices.keys)
    await until(lambda: len(aws.requests("ListFunctions")) > asked)  # and the list is asked for anew
