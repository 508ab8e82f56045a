"""Shared AWS files as they are found: hundreds of profiles, names of every script, files that are broken."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lambdadesk.ui.widgets.plain import PlainLabel
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, press, turns, until, visible_words

NAMES = ["größe", "本番", "команда", "with blank", "<b>bold</b>", "🚀"]


def write(folder: Path, data: bytes) -> None:
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws/config").write_bytes(data)


def profile(name: str, aws: FakeAws) -> str:
    return f"[profile '{name}']\nregion = eu-west-1\naws_access_key_id = A\naws_secret_access_key = s\n"


async def test_one_of_five_hundred_profiles_is_found_by_typing(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    names = [f"team-{number:03}" for number in range(500)] + NAMES
    write(tmp_path, "".join(profile(name, aws) for name in names).encode())
    await desk.listed()
    await desk.console.connections.reread_files()
    box = desk.get("connectionBox")
    await until(lambda: box.count() > 500, box.count)
    offered = {box.itemText(row) for row in range(box.count())}
    assert set(names) <= offered
    before = desk.connection
    box.showPopup()
    view = box.view()
    await until(view.isVisible)
    assert view.window().height() <= desk.window.height()
    QTest.keyClicks(view, "team-420")
    await turns()
    assert desk.connection is before  # nothing is opened while one looks for it
    chosen: list[str] = []
    desk.window.bar.connection_chosen.disconnect()
    desk.window.bar.connection_chosen.connect(lambda info: chosen.append(info.profile))
    press(view, Qt.Key.Key_Return)
    await until(
        lambda: chosen == ["team-420"],
        lambda: (chosen, view.currentIndex().data(), box.currentText(), view.isVisible(), box.count()),
    )


@pytest.mark.parametrize("name", NAMES)
async def test_a_profile_of_any_name_is_opened_and_named_as_it_is(
    desk: Desk, aws: FakeAws, tmp_path: Path, name: str
) -> None:
    write(tmp_path, profile(name, aws).encode())
    desk.window.places.open_target(name, "", aws.url)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])
    assert desk.get("connectionBox").currentText() == name
    assert name in desk.window.windowTitle()
    assert aws.requests("ListFunctions")[-1].access_key == "A"


@pytest.mark.parametrize(
    "data",
    [
        b"[profile work\nnonsense\n",
        b"no section\n",
        b"[profile a]\n[profile a]\nregion = x\n",
        b"[profile \xff\xfe]\nregion = eu-west-1\n",
        b"\x00\x01\x02",
    ],
)
async def test_a_file_that_cannot_be_parsed_is_one_sentence(
    desk: Desk, aws: FakeAws, tmp_path: Path, data: bytes
) -> None:
    await desk.listed()
    write(tmp_path, data)
    await desk.console.connections.reread_files()
    await until(desk.notices)
    await turns()
    labels = desk.get("noticeBar").findChildren(PlainLabel, "noticeMessage")
    assert [label.text() for label in labels] == ["The AWS configuration files can't be used."]
    assert "Traceback" not in visible_words(desk.window)
    assert await desk.open("hello")  # what needs no profile goes on
    assert await desk.invoke("{}") == "✔ 200 Succeeded"
    write(tmp_path, profile("mended", aws).encode())
    await desk.console.connections.reread_files()
    await until(lambda: desk.get("connectionBox").findText("mended") >= 0)
    await until(lambda: not desk.get("noticeBar").isVisible())  # it is no longer so


async def test_a_profile_of_a_broken_file_says_so_in_the_list(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    await desk.listed()
    write(tmp_path, b"[profile work\n")
    desk.window.places.open_target("work", "", "")
    await until(lambda: "The AWS configuration files can't be used." in visible_words(desk.window.functions))
