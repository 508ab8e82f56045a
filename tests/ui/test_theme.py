"""Both themes can be read by everyone, follow the mode at once, and the icons follow them."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage, QPalette, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QProxyStyle,
    QPushButton,
    QStyle,
    QTabBar,
    QTabWidget,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from lambdadesk.core import resources
from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.tables import make_table

BOTH = pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
TEXTS = ("text", "dim", "accent", "error", "warning", "ok", "key", "string", "number", "keyword")
GROUNDS = ("base", "panel", "raised", "line_highlight")
ICONS = sorted(
    path.name.removesuffix(".svg") for path in resources.files().joinpath("icons").iterdir() if path.is_file()
)


@pytest.fixture(autouse=True)
def _light_again(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, "light")


@BOTH
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_read_on_every_ground(colours: theme.Colours, text: str, ground: str) -> None:
    assert theme.contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5


@BOTH
def test_selection_button_and_marks_can_be_read(colours: theme.Colours) -> None:
    assert theme.contrast(colours.on_accent, colours.accent_fill) >= 4.5
    assert theme.contrast(colours.on_selection, colours.selection) >= 4.5
    for status in (colours.error, colours.warning, colours.ok):
        assert theme.contrast(status, colours.selection) >= 3
    for line in (*colours.series, *colours.marks, colours.handle):
        assert theme.contrast(line, colours.base) >= 3
    assert len(set(map(QColor.name, colours.marks))) == 8
    assert len(colours.series) == 3


def test_contrast_is_wcags() -> None:
    assert theme.contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21)
    assert theme.contrast(QColor("#ffffff"), QColor("#4c8dff")) == pytest.approx(3.2, abs=0.05)


def test_the_mode_is_used_at_once_and_unknown_means_light(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    assert theme.colours(qapp.palette()) is theme.DARK
    assert theme.DARK.accent_fill.name() in qapp.styleSheet()
    theme.apply(qapp, "system")  # the offscreen platform says nothing of its scheme
    assert theme.colours(qapp.palette()) is theme.LIGHT
    with pytest.raises(ValueError, match="blue"):
        theme.apply(qapp, "blue")


def test_the_palette_has_the_theme_in_every_state(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    palette = qapp.palette()
    group = QPalette.ColorGroup
    for state in (group.Active, group.Inactive, group.Disabled):
        text = palette.color(state, QPalette.ColorRole.Text)
        assert theme.contrast(text, palette.color(state, QPalette.ColorRole.Base)) >= 4.5


def test_the_fixed_font_has_columns(qapp: QApplication, qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    button.setFont(theme.fixed_font())
    metrics = button.fontMetrics()
    assert metrics.horizontalAdvance("iiii") == metrics.horizontalAdvance("WWWW")


def paint(name: str, colour: str = "text") -> QImage:
    return icons.icon(name, colour).pixmap(QSize(24, 24)).toImage()


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_paints_something(qapp: QApplication, name: str) -> None:
    image = paint(name)
    painted = sum(image.pixelColor(x, y).alpha() > 128 for x in range(24) for y in range(24))
    assert painted > 20


def test_an_icon_follows_the_theme_without_being_set_again(qapp: QApplication, qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    theme.apply(qapp, "light")
    button.setIcon(icons.icon("stop"))

    def centre() -> str:
        return button.icon().pixmap(QSize(24, 24)).toImage().pixelColor(12, 12).name()

    assert centre() == theme.LIGHT.text.name()
    theme.apply(qapp, "dark")
    gc.collect()
    assert centre() == theme.DARK.text.name()


def test_an_unknown_icon_is_refused_at_once(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        icons.icon("no-such-icon")
    assert not icons.app_icon().isNull()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_list_of_a_combo_box_shows_all_its_items(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp, "light")
    box = QComboBox()
    qtbot.addWidget(box)
    box.addItems(["Synchronous", "Asynchronous", "Dry run"])
    box.show()
    box.setFocus()
    box.showPopup()
    popup = box.view()
    qtbot.waitUntil(popup.isVisible)
    last = popup.visualRect(popup.model().index(2, 0))
    assert popup.viewport().rect().contains(last)
    assert popup.height() - popup.viewport().height() <= 2  # no scroll arrows, no ring
    around = popup.parentWidget()
    assert popup.geometry().height() == around.contentsRect().height()
    box.hidePopup()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_short_names_of_tabs_stay_whole_while_there_is_room(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp, "light")
    tabs = QTabWidget()
    tabs.setObjectName("functionTabs")
    qtbot.addWidget(tabs)
    tabs.setDocumentMode(True)
    tabs.setElideMode(Qt.TextElideMode.ElideMiddle)
    names = ("Cost", "hello", "image-thumbnailer", "clickstream-aggregator", "jsonr")
    for name in names:
        tabs.addTab(QWidget(), name)
    tabs.resize(500, 200)
    tabs.show()
    bar = tabs.tabBar()
    assert bar.tabRect(3).width() < bar.fontMetrics().horizontalAdvance(names[3]) + 28  # it is too narrow
    for index in (0, 1, 4):
        assert bar.tabRect(index).width() >= bar.fontMetrics().horizontalAdvance(names[index]) + 28


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_current_cell_has_no_frame_of_its_own(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp, "light")
    model = QStandardItemModel(3, 2)
    table = make_table(model, ("wide" * 5, "wide" * 5), stretch=0)
    qtbot.addWidget(table)
    table.resize(400, 200)
    table.show()
    table.activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    pictures = []
    for column in range(2):
        table.setCurrentIndex(model.index(1, column))
        pictures.append(table.viewport().grab().toImage())
    assert pictures[0] == pictures[1]
    ring = table.grab().toImage()
    table.clearFocus()
    assert table.grab().toImage() != ring  # what has the keyboard is seen


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_tabs_without_room_can_be_scrolled_to_by_arrows_that_are_seen(
    qapp: QApplication, qtbot: QtBot, mode: str
) -> None:
    theme.apply(qapp, mode)
    tabs = QTabBar()
    qtbot.addWidget(tabs)
    tabs.setUsesScrollButtons(True)
    for number in range(12):
        tabs.addTab(f"function-{number}")
    tabs.setFixedWidth(300)
    tabs.show()
    buttons = [each for each in tabs.findChildren(QToolButton) if each.isVisible()]
    assert len(buttons) == 2
    for button in buttons:
        image = button.grab().toImage()
        colours = {
            image.pixel(x, y) for x in range(3, image.width() - 3) for y in range(3, image.height() - 3)
        }
        assert len(colours) > 1


class _System(QProxyStyle):
    """As on a desktop whose dialogs have icons on their buttons."""

    def styleHint(self, hint: QStyle.StyleHint, *about: Any) -> int:  # noqa: N802  # Qt's name
        is_asked = hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons
        return 1 if is_asked else super().styleHint(hint, *about)


def test_the_buttons_of_dialogs_have_words_only(qapp: QApplication, qtbot: QtBot) -> None:
    """The icons of the system are black, on a blue button, too."""
    theme.apply(qapp, "dark")
    box = QDialogButtonBox()
    qtbot.addWidget(box)
    style = _System("Fusion")
    box.setStyle(style)
    box.addButton(QDialogButtonBox.StandardButton.Close)
    box.show()
    assert box.button(QDialogButtonBox.StandardButton.Close).icon().isNull()
    box.setStyle(None)
