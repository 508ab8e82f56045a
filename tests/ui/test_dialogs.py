"""Dialogs stand beside the window: everything goes on while one is open."""

from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QPlainTextEdit, QPushButton

from lambdadesk.ui.dialogs.text_dialog import TextDialog
from lambdadesk.ui.pages import PAGES
from tests.ui.desk import CONTROL, Desk, click, press, turns, until, visible_words


async def opened(desk: Desk) -> QDialog:
    dialogs = desk.window.findChildren(TextDialog)
    assert len(dialogs) == 1
    await until(dialogs[0].isVisible)
    return dialogs[0]


async def test_f1_lists_every_shortcut(desk: Desk) -> None:
    await desk.listed()
    press(desk.window, Qt.Key.Key_F1)
    dialog = await opened(desk)
    (view,) = dialog.findChildren(QPlainTextEdit)
    listed = dict(line.rsplit("  ", 1) for line in view.toPlainText().splitlines())
    listed = {title.strip(): keys.strip() for title, keys in listed.items()}
    assert listed["Invoke"] == "Ctrl+Return"
    assert listed["Stop waiting for an answer, or a scan"] == "Esc"
    assert listed["Close tab"] == "Ctrl+W"
    assert listed["Logs page"] == "Ctrl+2"
    assert listed["Keyboard shortcuts"] == "F1"
    assert view.isReadOnly()
    press(dialog, Qt.Key.Key_Escape)
    await until(lambda: not desk.window.findChildren(TextDialog))


async def test_no_key_of_a_menu_is_a_page_s_too(desk: Desk) -> None:
    await desk.open("hello")
    for page in PAGES:
        desk.turn_to(page)
    window = desk.window
    everywhere = Qt.ShortcutContext.WindowShortcut
    actions = [each for each in window.findChildren(QAction) if each.shortcutContext() is everywhere]
    menus = Counter(each.shortcut().toString() for each in actions if not each.shortcut().isEmpty())
    pages = {each.key().toString() for each in window.findChildren(QShortcut)}
    assert {"Ctrl+Return", "Ctrl+Shift+M"} <= pages
    assert menus.keys() & pages == set()  # Qt would do neither
    assert max(menus.values()) == 1


async def test_about_says_where_files_lie_and_what_leaves_the_machine(desk: Desk) -> None:
    await desk.listed()
    desk.action("About LambdaDesk").trigger()
    words = visible_words(await opened(desk))
    assert "LambdaDesk 0." in words or "LambdaDesk 1." in words
    for path in (desk.paths.settings_file, desk.paths.history_file, desk.paths.cache_dir):
        assert str(path) in words
    assert "Nothing leaves this machine but calls to AWS, or to the endpoint that was chosen" in words


async def test_the_window_goes_on_while_a_dialog_is_open(desk: Desk) -> None:
    await desk.open("hello", "Logs")
    press(desk.window, Qt.Key.Key_F1)
    dialog = await opened(desk)
    assert not dialog.isModal()
    desk.aws.add_events("/aws/lambda/hello", "line\n")
    await desk.polled()  # tasks are not held up by it
    assert desk.get("logView").line_count() == 1
    desk.window.activateWindow()
    desk.turn_to("Invoke")
    assert await desk.invoke() == "✔ 200 Succeeded"
    assert dialog.isVisible()
    dialog.close()
    await turns()


async def test_its_text_is_plain_and_can_be_copied(desk: Desk) -> None:
    hostile = "<b>bold</b> \u202eevil\n" + "x" * 100_000
    dialog = TextDialog("A <i>title</i>", "A <b>sentence</b>.", hostile, desk.window)
    dialog.open()
    await until(dialog.isVisible)
    words = visible_words(dialog)
    assert "A <b>sentence</b>." in words
    assert "<b>bold</b> <U+202E>evil" in words
    (copy,) = [each for each in dialog.findChildren(QPushButton) if "Copy" in each.text()]
    click(copy)
    assert QApplication.clipboard().text() == hostile
    (close,) = [each for each in dialog.findChildren(QPushButton) if "Close" in each.text()]
    click(close)
    await until(lambda: not desk.window.findChildren(TextDialog))


async def test_a_dialog_goes_with_its_window(desk: Desk) -> None:
    await desk.open("hello")
    press(desk.window, Qt.Key.Key_F1)
    await opened(desk)
    press(desk.get("payloadEditor"), Qt.Key.Key_W, CONTROL)  # the tab, not the dialog
    await until(lambda: desk.get_tabs().count() == 1)
    assert (await opened(desk)).isVisible()
