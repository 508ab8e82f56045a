"""The filter of the function table: its language, what is wrong with it, the filters that are kept."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPlainTextEdit

from lambdadesk.ui import theme
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import Desk, click, press, until, visible_words


def type_filter(desk: Desk, text: str) -> None:
    field = desk.get("functionFilter")
    field.clear()
    QTest.keyClicks(field, text)


def entries(desk: Desk) -> dict[str, QAction]:
    """What the menu of saved filters offers, as it is when it opens."""
    menu: QMenu = desk.get("savedFilterMenu")
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions() if not action.isSeparator()}


async def test_fields_narrow_the_list(desk: Desk) -> None:
    await desk.listed()
    header = desk.get("functionTable").horizontalHeader()
    type_filter(desk, "hello")
    assert not header.isSortIndicatorShown()  # the nearest name is first
    type_filter(desk, "memory>=512")
    assert header.isSortIndicatorShown()  # no name is nearer than another
    assert desk.function_names() == ["other"]
    type_filter(desk, "-runtime:python")
    assert desk.function_names() == ["other"]
    type_filter(desk, "/^h.*o$/")
    assert desk.function_names() == ["hello"]


async def test_the_nearest_name_is_first_until_a_column_is_clicked(desk: Desk, aws: FakeAws) -> None:
    aws.functions = [make_function(name) for name in ("a-order", "order", "order-b", "reorder")]
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: len(desk.function_names()) == 4)
    await desk.listed()
    type_filter(desk, "order")
    assert desk.function_names() == ["order", "order-b", "a-order", "reorder"]
    press(desk.get("functionFilter"), Qt.Key.Key_Return)
    assert desk.page.function.name == "order"
    header = desk.get("functionTable").horizontalHeader()
    place = header.viewport().rect().center()
    place.setX(header.sectionViewportPosition(0) + 10)
    click(header.viewport(), place)
    assert desk.function_names() == ["reorder", "order-b", "order", "a-order"]


async def test_what_is_wrong_is_underlined_and_hides_nothing(desk: Desk) -> None:
    await desk.listed()
    field = desk.get("functionFilter")
    red = theme.colours(desk.app.palette()).error

    def reds() -> int:
        image = field.grab().toImage()
        colours = (QColor(image.pixel(x, y)) for x in range(image.width()) for y in range(image.height()))
        return sum(abs(one.red() - red.red()) + abs(one.green() - red.green()) < 60 for one in colours)

    type_filter(desk, "hel errors>")
    assert desk.function_names() == ["hello"]
    assert (
        desk.text("filterProblem") == "errors is compared with a number (a count of 24 h), as in errors>10."
    )
    assert field.accessibleDescription() == desk.text("filterProblem")
    assert reds() > 10
    type_filter(desk, "hel")
    assert not desk.get("filterProblem").isVisible()
    assert reds() == 0


async def test_filters_are_saved_chosen_and_deleted(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    assert not entries(desk)["Save this filter…"].isEnabled()
    type_filter(desk, "memory>=512")
    entries(desk)["Save this filter…"].trigger()
    name = desk.get("filterName")
    assert name.hasFocus()
    name.clear()
    QTest.keyClicks(name, "R&D large")
    press(name, Qt.Key.Key_Return)
    assert desk.console.settings.saved_filters == (("R&D large", "memory>=512"),)
    await desk.close()
    desk.console.settings.save_now()
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await again.listed()
        assert len(again.function_names()) == 3
        entries(again)["R&&D large   memory>=512"].trigger()
        assert again.function_names() == ["other"]
        delete = entries(again)["Delete"].menu()
        assert isinstance(delete, QMenu)
        delete.actions()[0].trigger()
        assert again.console.settings.saved_filters == ()


async def test_the_language_is_explained(desk: Desk) -> None:
    await desk.listed()
    click(desk.get("filterHelp"))
    (dialog,) = [each for each in desk.app.topLevelWidgets() if each.objectName() == "textDialog"]
    assert "errors>0" in dialog.findChildren(QPlainTextEdit)[0].toPlainText()
    assert "How to filter functions" in visible_words(dialog)
    (view,) = dialog.findChildren(QPlainTextEdit)
    assert view.horizontalScrollBar().maximum() == 0  # nothing is cut off
    dialog.close()
