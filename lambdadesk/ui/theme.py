"""Colours, fonts and spacing: Fusion with a palette of our own, light and dark.

Widgets that paint ask `colours(self.palette())` each time, so that a change of theme needs no bookkeeping.
"""

from dataclasses import dataclass
from importlib.resources import as_file
from typing import Final

from PySide6.QtCore import QDir, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from lambdadesk.core import resources

# One grid of 8 px: SPACE between neighbours, TIGHT inside a control, WIDE between groups.
TIGHT: Final = 4
SPACE: Final = 8
WIDE: Final = 16
ROW_PADDING: Final = 8  # added to the font's height for one table row

MODES: Final = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Colours:
    """One colour set. Text colours hold 4.5:1 on base, panel and line_highlight, lines 3:1 on base."""

    is_dark: bool
    text: QColor
    dim: QColor  # secondary text
    accent: QColor  # as text, line or focus ring
    accent_fill: QColor  # behind on_accent: the main button
    on_accent: QColor
    error: QColor
    warning: QColor
    ok: QColor
    key: QColor  # the four of JSON
    string: QColor
    number: QColor
    keyword: QColor
    base: QColor  # behind lists and editors
    panel: QColor  # behind everything else
    raised: QColor  # buttons and inputs on the panel
    line_highlight: QColor
    selection: QColor  # behind on_selection
    on_selection: QColor
    border: QColor
    grid: QColor
    handle: QColor  # of scroll bars
    series: tuple[QColor, ...]  # 3 for charts, told apart also with colour-blind eyes
    marks: tuple[QColor, ...]  # 8, one per invocation in turn


def _set(is_dark: bool, series: str, marks: str, **names: str) -> Colours:
    return Colours(
        is_dark=is_dark,
        series=tuple(QColor(name) for name in series.split()),
        marks=tuple(QColor(name) for name in marks.split()),
        **{role: QColor(name) for role, name in names.items()},
    )


LIGHT: Final = _set(
    False,
    series="#1f62d0 #b4540a #0b7a75",
    marks="#1f62d0 #b4540a #0b7a75 #8e3fb0 #67741a #c02f6b #4b5f7a #8a6100",
    text="#1b1f24",
    dim="#59616c",
    accent="#1c5cc7",
    accent_fill="#1f62d0",
    on_accent="#ffffff",
    error="#bd2626",
    warning="#8a5300",
    ok="#17702f",
    key="#1a56b8",
    string="#17702f",
    number="#97480a",
    keyword="#7a2da8",
    base="#ffffff",
    panel="#f4f5f7",
    raised="#ffffff",
    line_highlight="#eaf1fd",
    selection="#d3e3fd",
    on_selection="#10233f",
    border="#d3d7de",
    grid="#e4e7ec",
    handle="#8b929d",
)
DARK: Final = _set(
    True,
    series="#6ea8ff #f0a35e #4cc9b0",
    marks="#6ea8ff #f0a35e #4cc9b0 #d19bf0 #c3cf62 #f58ab4 #a3b5d1 #e3c16b",
    text="#e4e6ea",
    dim="#a2a8b2",
    accent="#78adff",
    accent_fill="#2f65ca",
    on_accent="#ffffff",
    error="#ff8a80",
    warning="#e8b54d",
    ok="#63d07a",
    key="#8ab8ff",
    string="#8fd694",
    number="#f0b072",
    keyword="#d5a6f7",
    base="#1b1d21",
    panel="#232529",
    raised="#2d3036",
    line_highlight="#273147",
    selection="#2b4a7d",
    on_selection="#f2f6ff",
    border="#3b3f47",
    grid="#30333a",
    handle="#6b717b",
)


def colours(palette: QPalette) -> Colours:
    """The colour set that belongs to a palette: dark where its base is."""
    return DARK if palette.color(QPalette.ColorRole.Base).lightness() < 128 else LIGHT


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2 contrast ratio of two opaque colours, 1 to 21."""

    def luminance(colour: QColor) -> float:
        parts = [
            value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
            for value in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def fixed_font() -> QFont:
    """The platform's fixed-width font at the application's size."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(QApplication.font().pointSizeF())
    return font


def apply(app: QApplication, mode: str) -> None:
    """Use a mode ("system", "light" or "dark") from now on; "system" follows the desktop as it changes."""
    if mode not in MODES:
        raise ValueError(f"unknown theme {mode!r}")
    hints = app.styleHints()
    app.setProperty(_MODE, mode)
    if not app.property(_FOLLOWING):
        app.setProperty(_FOLLOWING, True)
        hints.colorSchemeChanged.connect(lambda: _restyle(app))
    # Native parts (title bar, file dialogs) follow where the platform can do it; elsewhere this does nothing.
    hints.setColorScheme(_SCHEMES[mode])
    _restyle(app)


_MODE = "lambdadesk_theme"
_FOLLOWING = "lambdadesk_theme_following"
_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


def _restyle(app: QApplication) -> None:
    mode = app.property(_MODE)
    # A desktop that doesn't say (Unknown) gets light.
    system_is_dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    chosen = DARK if mode == "dark" or (mode == "system" and system_is_dark) else LIGHT
    if app.palette().color(QPalette.ColorRole.Base) == chosen.base and app.styleSheet():
        return
    app.setPalette(_palette(chosen))
    app.setStyleSheet(_style_sheet(chosen))


def _palette(c: Colours) -> QPalette:
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    palette = QPalette()
    for name, colour in {
        role.Window: c.panel,
        role.WindowText: c.text,
        role.Base: c.base,
        role.AlternateBase: c.panel,
        role.Text: c.text,
        role.Button: c.raised,
        role.ButtonText: c.text,
        role.BrightText: c.error,
        role.ToolTipBase: c.raised,
        role.ToolTipText: c.text,
        role.PlaceholderText: c.dim,
        role.Highlight: c.selection,
        role.HighlightedText: c.on_selection,
        role.Accent: c.accent,
        role.Link: c.accent,
        role.LinkVisited: c.accent,
        role.Light: c.raised,
        role.Midlight: c.panel,
        role.Mid: c.border,
        role.Dark: c.border,
        role.Shadow: c.border,
    }.items():
        palette.setColor(name, colour)
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(group.Disabled, name, c.dim)
    palette.setColor(group.Disabled, role.Highlight, c.border)
    return palette


def _style_sheet(c: Colours) -> str:
    with as_file(resources.files() / "icons") as folder:
        QDir.setSearchPaths("icons", [str(folder)])
    values = {name: getattr(c, name).name() for name in c.__slots__ if isinstance(getattr(c, name), QColor)}
    return _STYLE % values


# Only what the palette can't say. A bordered combo box loses its arrow unless the arrow is given too, and a
# header's own arrow covers right-aligned text. What is said of views and buttons also holds for the list of a
# combo box and the clear button of a line edit, which have no room for it. In a table the row selection says
# which row is the current one. Tabs give up the same share each when they get narrow: a short name has none.
_STYLE = """
QPushButton, QToolButton, QComboBox, QLineEdit, QAbstractSpinBox {
  background: %(raised)s; border: 1px solid %(border)s; border-radius: 4px;
  padding: 4px 10px; min-height: 18px }
QLineEdit, QComboBox { padding: 4px 8px; combobox-popup: 0 }
QPushButton:hover, QToolButton:hover, QComboBox:hover { border-color: %(dim)s }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: %(line_highlight)s }
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled, QLineEdit:disabled {
  background: %(panel)s; color: %(dim)s; border-color: %(border)s }
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus {
  border: 2px solid %(accent)s; padding: 3px 9px }
QLineEdit:focus, QComboBox:focus { padding: 3px 7px }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0 }
QPushButton:default:enabled {
  background: %(accent_fill)s; color: %(on_accent)s; border-color: %(accent_fill)s }
QPushButton:default:enabled:hover, QPushButton:default:enabled:focus { border-color: %(text)s }
QToolButton[autoRaise="true"] { background: transparent; border-color: transparent; padding: 3px }
QToolButton[autoRaise="true"]:hover { border-color: %(border)s }
QToolButton[autoRaise="true"]:focus { border: 2px solid %(accent)s; padding: 2px }
QLineEdit > QToolButton { border: 0; padding: 0; min-height: 0; background: transparent }
QAbstractSpinBox { padding: 4px 2px } QAbstractSpinBox:focus { padding: 3px 1px }
QAbstractSpinBox > QLineEdit, QAbstractSpinBox > QLineEdit:focus {
  border: 0; padding: 0 6px; min-height: 0; background: transparent }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: 0; width: 18px }
QAbstractSpinBox::up-button { subcontrol-position: top right }
QAbstractSpinBox::down-button { subcontrol-position: bottom right }
QAbstractSpinBox::up-arrow { image: url(icons:sort-up.svg); width: 9px; height: 6px }
QAbstractSpinBox::down-arrow { image: url(icons:sort-down.svg); width: 9px; height: 6px }
QDateTimeEdit::drop-down { border: 0; width: 22px }
QDateTimeEdit::down-arrow { image: url(icons:chevron-down.svg); width: 14px; height: 14px }
QComboBox::drop-down { border: 0; width: 22px }
QComboBox::down-arrow { image: url(icons:chevron-down.svg); width: 14px; height: 14px }
QCheckBox::indicator, QListView::indicator {
  width: 14px; height: 14px; border: 1px solid %(dim)s; border-radius: 3px }
QCheckBox::indicator:checked, QListView::indicator:checked {
  background: %(accent_fill)s; image: url(icons:check.svg) }
QCheckBox::indicator:focus { border: 2px solid %(accent)s; width: 12px; height: 12px }
QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid %(dim)s; border-radius: 8px }
QRadioButton::indicator:checked { background: %(on_accent)s; border: 5px solid %(accent_fill)s;
  width: 6px; height: 6px }
QRadioButton:focus { color: %(accent)s }
QAbstractItemView, QPlainTextEdit { border: 1px solid %(border)s; margin: 1px }
QAbstractItemView:focus, QPlainTextEdit:focus { border: 2px solid %(accent)s; margin: 0 }
QComboBox QAbstractItemView, QComboBox QAbstractItemView:focus {
  border: 1px solid %(border)s; margin: 0; outline: 0 }
QComboBox QAbstractItemView::item { min-height: 22px; padding: 0 4px }
QTableView, QTreeView { outline: 0 }
QTableView::item { padding: 0 5px }
QTreeView { show-decoration-selected: 1 }
QTreeView::item { padding: 3px 5px }
QHeaderView { border: 0; margin: 0; background: %(panel)s }
QHeaderView::section { background: %(panel)s; color: %(dim)s; border: 0; border-bottom: 1px solid %(border)s;
  padding: 5px 8px; font-weight: 600 }
QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-position: top center; width: 9px; height: 6px }
QHeaderView::up-arrow { image: url(icons:sort-up.svg) }
QHeaderView::down-arrow { image: url(icons:sort-down.svg) }
QTabBar { qproperty-drawBase: 0 }
QTabWidget::pane { border: 0; border-top: 1px solid %(border)s }
QTabBar::tab { color: %(dim)s; padding: 7px 14px; border: 0; border-bottom: 2px solid transparent }
QTabWidget#functionTabs > QTabBar::tab { min-width: 84px }
QTabBar::scroller { width: 40px }
QTabBar QToolButton { border-color: transparent; border-radius: 0; padding: 0; min-height: 0 }
QTabBar QToolButton:disabled { border-color: transparent }
QTabBar QToolButton::left-arrow { image: url(icons:scroll-left.svg); width: 14px; height: 14px }
QTabBar QToolButton::right-arrow { image: url(icons:scroll-right.svg); width: 14px; height: 14px }
QTabBar::tab:selected { color: %(text)s; border-bottom-color: %(accent)s }
QTabBar::tab:hover:!selected { color: %(text)s; background: %(line_highlight)s }
QTabBar:focus { border: 2px solid %(accent)s }
QTabWidget#resultTabs > QTabBar::tab { padding: 7px 9px }
QTabBar::scroller { width: 40px }
QTabBar > QToolButton { border: 0; padding: 0; min-height: 0; background: palette(window) }
QTabBar > QToolButton::left-arrow { image: url(icons:tabs-left.svg) }
QTabBar > QToolButton::right-arrow { image: url(icons:tabs-right.svg) }
QTabBar::close-button { image: url(icons:tab-close.svg) }
QStatusBar::item { border: 0 }
QProgressBar { background: %(base)s; border: 1px solid %(border)s; border-radius: 4px }
QProgressBar::chunk { background: %(accent_fill)s; border-radius: 3px }
QScrollBar { background: transparent; border: 0 }
QScrollBar:vertical { width: 11px } QScrollBar:horizontal { height: 11px }
QScrollBar::handle { background: %(handle)s; border-radius: 3px; margin: 2px; min-width: 24px;
  min-height: 24px }
QScrollBar::handle:hover { background: %(dim)s }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0 }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent }
QToolTip { background: %(raised)s; color: %(text)s; border: 1px solid %(border)s; padding: 4px }
"""
