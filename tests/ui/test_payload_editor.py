import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from lambdadesk.core.payload import ASYNC_LIMIT, SYNC_LIMIT
from lambdadesk.core.types import InvocationType
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.payload_editor import PayloadEditor
from tests.ui.desk import CONTROL, click, press, turns, until
from tests.ui.test_accessibility import nameless


class Rig:
    """The widget in a window of its own."""

    def __init__(self) -> None:
        self.mistakes: list[tuple[str, Exception]] = []
        self.widget = PayloadEditor(lambda name, error: self.mistakes.append((name, error)))
        self.widget.resize(700, 400)
        self.widget.show()
        self.edit = self.widget.edit

    def label(self, name: str) -> str:
        label = self.widget.findChild(ToneLabel, name)
        return label.text() if label.isVisible() else ""

    @property
    def problem(self) -> str:
        return self.label("payloadProblem")

    @property
    def size(self) -> str:
        return self.label("payloadSize")

    @property
    def note(self) -> str:
        return self.label("payloadNote")

    def button(self, name: str) -> QPushButton:
        return self.widget.findChild(QPushButton, name)

    def type(self, text: str) -> None:
        QTest.keyClicks(self.edit, text)

    async def close(self) -> None:
        await self.widget.close_editor()
        self.widget.close()
        self.widget.deleteLater()


@pytest.fixture
def rig(request: pytest.FixtureRequest, qapp: QApplication) -> Rig:
    """Shown before the (async) test begins and closed before its event loop ends."""
    rig = Rig()
    test = request.node.obj

    async def wrapped(**arguments: object) -> None:
        try:
            await test(**arguments)
            assert rig.mistakes == []
        finally:
            await rig.close()

    wrapped.__signature__ = __import__("inspect").signature(test)  # type: ignore[attr-defined]
    request.node.obj = wrapped
    return rig


def drop(widget: QWidget, *paths: Path) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = QPointF(widget.rect().center())
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), copy, data, left, none)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(place, copy, data, left, none))
    return enter.isAccepted()


async def test_a_problem_comes_with_its_repair(rig: Rig) -> None:
    rig.widget.set_text('{"a": [1, 2,], // two\n "b": True}')
    assert rig.problem == "✖ Line 1, column 12: a comma after the last element is not allowed"
    assert rig.button("payloadRepair").isVisible()
    assert rig.button("payloadRepair").toolTip() == (
        "Remove the comma after the last element and 1 comment, write 1 word as JSON does; "
        "then it is valid JSON"
    )
    assert nameless(rig.widget) == []
    click(rig.button("payloadRepair"))
    assert rig.widget.text() == '{"a": [1, 2],\n "b": true}'
    assert rig.note == (
        "✔ Removed the comma after the last element and 1 comment, wrote 1 word as JSON does. "
        "Undo takes it back."
    )
    await until(lambda: rig.problem == "Valid JSON")
    assert not rig.button("payloadRepair").isVisible()
    rig.edit.undo()
    assert rig.widget.text() == '{"a": [1, 2,], // two\n "b": True}'
    assert rig.note == ""
    await until(rig.button("payloadRepair").isVisible)


async def test_typing_takes_the_offer_away(rig: Rig) -> None:
    rig.type("[1,]")
    await until(rig.button("payloadRepair").isVisible)
    rig.type("x")
    assert not rig.button("payloadRepair").isVisible()
    rig.widget.repair()
    assert rig.widget.text() == "[1,]x"
    await until(
        lambda: (
            "the payload ends before this" in rig.problem
            or "trailing" in rig.problem
            or "comma" in rig.problem
        )
    )
    assert not rig.button("payloadRepair").isVisible()


async def test_no_repair_is_offered_for_what_is_not_obvious(rig: Rig) -> None:
    for text in ("[NaN]", "", "[" * 10_000 + "]" * 10_000, '{"a": 1, "a": 2}'):
        rig.widget.set_text(text)
        assert rig.problem[0] in "✖▲"
        assert "\n" not in rig.problem
        assert not rig.button("payloadRepair").isVisible()
    assert rig.problem.startswith("▲ ")


async def test_a_long_text_is_checked_and_repaired_elsewhere(rig: Rig) -> None:
    rig.widget.set_text("[" + '{"id": 1, "name": "order"},\n' * 20_000 + "]")
    await until(rig.button("payloadRepair").isVisible)
    assert rig.problem.startswith("✖ Line 20000, column 27:")
    click(rig.button("payloadRepair"))
    await until(lambda: rig.problem == "Valid JSON")
    assert len(json.loads(rig.widget.text())) == 20_000


async def test_the_size_is_shown_against_the_limit(rig: Rig) -> None:
    rig.widget.set_text('"é"')
    assert rig.size == "4 bytes of 6 MB"
    rig.widget.set_kind(InvocationType.EVENT)
    assert rig.size == "4 bytes of 1 MB"
    rig.widget.set_text('"' + "x" * (ASYNC_LIMIT * 95 // 100) + '"')
    await until(lambda: rig.size == "▲ 972.8 KB of 1 MB")
    rig.widget.set_text('"' + "x" * (ASYNC_LIMIT - 1) + '"')
    await until(lambda: rig.size == "✖ 1 MB of 1 MB: 1 byte too much")
    rig.widget.set_kind(InvocationType.DRY_RUN)
    assert rig.size == "1 MB of 6 MB"


@pytest.mark.parametrize("way", [PayloadEditor.format, PayloadEditor.minify])
async def test_layout_of_a_wrong_payload_goes_to_the_error(
    rig: Rig, way: Callable[[PayloadEditor], None]
) -> None:
    for text in ('{"a": tru}', '{"a": tru,' + " " * 300_000 + "}"):
        rig.widget.set_text(text)
        way(rig.widget)
        await until(lambda: rig.edit.textCursor().position() == 6)
        assert rig.widget.text() == text
        assert rig.problem.startswith("✖ Line 1, column 7")
        press(rig.edit, Qt.Key.Key_Home)
        press(rig.edit, Qt.Key.Key_F8)
        assert rig.edit.textCursor().position() == 6


@pytest.mark.parametrize("count", [3, 30_000])
async def test_format_and_minify_are_undone(rig: Rig, count: int) -> None:
    text = json.dumps([{"id": i, "total": 1.0} for i in range(count)])
    rig.widget.set_text(text)
    rig.widget.format()
    await until(lambda: "\n" in rig.widget.text() and not rig.edit.isReadOnly())
    formatted = rig.widget.text()
    assert json.loads(formatted) == json.loads(text)
    rig.widget.minify()
    await until(lambda: "\n" not in rig.widget.text() and not rig.edit.isReadOnly())
    assert rig.widget.text() == json.dumps(json.loads(text), separators=(",", ":"))
    rig.edit.undo()
    assert rig.widget.text() == formatted
    rig.edit.undo()
    assert rig.widget.text() == text


async def test_what_was_typed_while_it_was_laid_out_stays(rig: Rig) -> None:
    text = json.dumps(["x" * 50] * 6_000)
    rig.widget.set_text(text)
    rig.widget.format()
    rig.type(" ")
    await until(lambda: not rig.widget.scope.is_running("relay"))
    assert rig.widget.text() == " " + text


async def test_a_text_of_many_lines_is_put_in_place_bit_by_bit(rig: Rig) -> None:
    """While it is, it counts as there already; what was typed before is a step to undo of its own."""
    before = json.dumps([{"id": number} for number in range(30_000)])
    rig.edit.setPlainText(before)
    rig.type(" ")
    rig.widget.format()
    await until(lambda: rig.edit.isReadOnly() or "in place" in rig.note, lambda: rig.note)
    laid_out = rig.edit.toPlainText()
    assert laid_out.count("\n") > 60_000
    await until(lambda: not rig.widget.scope.is_running("relay"))
    assert rig.edit.toPlainText() == laid_out
    assert rig.edit.blockCount() == laid_out.count("\n") + 1
    assert not rig.edit.isReadOnly()
    rig.widget.minify()
    await until(lambda: not rig.widget.scope.is_running("relay"))
    rig.edit.undo()
    assert rig.edit.toPlainText() == laid_out
    rig.edit.undo()
    assert rig.edit.toPlainText() == f" {before}"
    rig.edit.undo()
    assert rig.edit.toPlainText() == before


async def test_a_text_that_is_being_put_in_place_is_whole_when_the_editor_closes(rig: Rig) -> None:
    rig.edit.setPlainText(json.dumps([{"id": number} for number in range(30_000)]))
    rig.widget.format()
    await until(rig.edit.isReadOnly)
    laid_out = rig.edit.toPlainText()
    await rig.widget.close_editor()
    assert not rig.edit.isReadOnly()
    assert rig.edit.toPlainText() == laid_out


async def test_a_very_long_line_is_said_to_be_in_pieces(rig: Rig) -> None:
    rig.widget.set_text("[" + '"abc", ' * 3_000 + "1]")
    assert rig.note == (
        "A very long line is shown in pieces, marked · at the left. It is sent as the one line it is."
    )
    rig.widget.set_text("[1]")
    assert rig.note == ""


async def test_a_file_is_opened_and_undone(rig: Rig, tmp_path: Path) -> None:
    rig.widget.set_text('{"before": 1}')
    path = tmp_path / "event & <b>.json"
    path.write_bytes(b'{"a": 1.0,\n "b": 2}\n')
    rig.widget.open_file(str(path))
    await until(lambda: rig.note == "✔ Opened event & <b>.json. Undo brings back what was here.")
    assert rig.widget.text().encode() == path.read_bytes()
    assert rig.edit.textCursor().position() == 0
    rig.edit.undo()
    assert rig.widget.text() == '{"before": 1}'
    path.write_bytes(b'{"a":\r\n1}')
    rig.widget.open_file(path)
    await until(lambda: "CR LF" in rig.note)
    assert rig.widget.text() == '{"a":\n1}'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"x" * (SYNC_LIMIT + 1),
            "✖ event.json was not opened: it has 6,291,457 bytes, and a payload 6,291,456 at most.",
        ),
        (b'{"a": "\xff"}', "✖ event.json was not opened: its byte 8 is not UTF-8, so it is no JSON text."),
        (None, "✖ event.json was not opened: No such file or directory."),
    ],
)
async def test_a_file_that_is_no_payload_is_refused(
    rig: Rig, tmp_path: Path, data: bytes | None, said: str
) -> None:
    rig.widget.set_text("{}")
    path = tmp_path / "event.json"
    if data is not None:
        path.write_bytes(data)
    rig.widget.open_file(path)
    await until(lambda: rig.note.startswith(said))
    assert rig.widget.text() == "{}"
    rig.widget.open_file(tmp_path)
    await until(lambda: "it is not a file" in rig.note)


async def test_the_byte_order_mark_of_a_file_is_no_text(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "marked.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    rig.widget.open_file(path)
    await until(lambda: "Opened" in rig.note)  # and Qt says nothing of a cursor beyond the end
    assert rig.widget.text() == '{"a": 1}'


async def test_a_dropped_file_is_opened(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text("[1]")
    assert drop(rig.edit.viewport(), path)
    await until(lambda: rig.widget.text() == "[1]")
    assert drop(rig.edit.viewport(), path, path)
    assert rig.note == "▲ Drop one file: it becomes the payload."
    await turns()
    assert rig.widget.text() == "[1]"


async def test_a_dropped_text_is_text(rig: Rig) -> None:
    data = QMimeData()
    data.setText("[2]")
    place = QPointF(rig.edit.viewport().rect().center())
    rest = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), *rest)
    QApplication.sendEvent(rig.edit.viewport(), enter)
    assert enter.isAccepted()
    QApplication.sendEvent(rig.edit.viewport(), QDropEvent(place, *rest))
    assert rig.widget.text() == "[2]"


async def test_a_named_file_is_offered_never_opened_by_itself(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "a&b.json"
    path.write_text("[1]")
    rig.type(f"@{path}")
    button = rig.button("payloadOpenFile")
    await until(button.isVisible)
    assert button.text() == "Open a&&b.json"
    assert rig.problem.startswith("▲ This names a file")
    assert nameless(rig.widget) == []
    await turns()
    assert rig.widget.text() == f"@{path}"
    assert rig.edit.problem is not None
    click(button)
    await until(lambda: rig.widget.text() == "[1]")
    assert not button.isVisible()
    rig.edit.undo()
    assert rig.widget.text() == f"@{path}"
    rig.widget.set_text("@a&b.json")  # from the home folder on
    click(button)
    await until(lambda: rig.widget.text() == "[1]")
    rig.widget.set_text('{"a": "@b"}')
    assert not button.isVisible()


async def test_the_find_bar_is_a_key_away(rig: Rig) -> None:
    rig.widget.set_text('{"a": 1}')
    press(rig.edit, Qt.Key.Key_F, CONTROL)
    assert rig.widget.find_bar.isVisible()


async def test_closing_ends_what_is_under_way(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text("[1]")
    rig.widget.open_file(path)
    await rig.widget.close_editor()
    await turns()
    assert rig.widget.text() == ""
