"""A chart counts, draws, tells and follows its points, and costs nothing before it is shown."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QFontMetrics, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart import Chart, Kind, Unit, format_value
from lambdadesk.ui.widgets.chart_plot import MAX_SCATTER_POINTS, Plot

# The offscreen platform says so of every window with a minimum size.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

START_S = 1_790_000_000.0
Make = Callable[..., Chart]


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication) -> Make:
    theme.apply(qapp, "light")

    def make(unit: Unit = Unit.MS, count: int = 5, **options: object) -> Chart:
        chart = Chart("Duration", unit, **options)  # type: ignore[arg-type]
        qtbot.addWidget(chart)
        chart.resize(600, 300)
        for number in range(count):
            chart.append(START_S + 100 * number, 100.0 * (number + 1))
        chart.show()
        qtbot.waitExposed(chart)
        return chart

    return make


def plot_of(chart: Chart) -> Plot:
    plot = chart.findChild(Plot)
    assert plot is not None
    return plot


def place_of(chart: Chart, index: int) -> QPoint:
    """Where a point is, in the plot's viewport."""
    plot = plot_of(chart)
    point = QPointF(chart.times_s[index], chart.values[index])
    return plot.mapFromScene(plot.getPlotItem().vb.mapViewToScene(point))


def move_to(chart: Chart, place: QPoint) -> None:
    viewport = plot_of(chart).viewport()
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(viewport.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(viewport, event)


def turn_wheel(chart: Chart, place: QPointF) -> None:
    viewport = plot_of(chart).viewport()
    wheel = QWheelEvent(
        place,
        QPointF(viewport.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, wheel)


def span(chart: Chart) -> tuple[float, float]:
    left, right = plot_of(chart).getPlotItem().vb.viewRange()[0]
    return left, right


def heights(chart: Chart) -> tuple[float, float]:
    bottom, top = plot_of(chart).getPlotItem().vb.viewRange()[1]
    return bottom, top


def test_nothing_heavy_is_imported_before_a_chart_with_points_is_shown() -> None:
    script = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from lambdadesk.ui.widgets.chart import Chart, Unit\n"
        "chart = Chart('Duration', Unit.MS)\n"
        "chart.show()\n"
        "hidden = Chart('Memory', Unit.MB)\n"
        "hidden.append(1.0, 2.0)\n"
        "assert hidden.point_count() == 1\n"
        "print({'numpy', 'pyqtgraph'} & set(sys.modules))\n"
        "hidden.show()\n"
        "print('pyqtgraph' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set()", "True"]


def test_an_empty_chart_says_what_would_fill_it(make: Make, qtbot: QtBot) -> None:
    chart = make(count=0)
    assert chart.point_count() == 0
    assert "REPORT" in chart.text_summary()
    assert chart.findChild(Plot) is None
    chart.append(START_S, 5.0)
    qtbot.waitUntil(lambda: chart.findChild(Plot) is not None and plot_of(chart).isVisible())
    chart.set_points([], [])
    qtbot.waitUntil(lambda: not plot_of(chart).isVisible())


def test_values_start_at_zero_and_all_points_are_in_view(make: Make) -> None:
    chart = make()
    assert heights(chart)[0] == 0
    assert heights(chart)[1] > 500
    assert span(chart)[0] < START_S
    assert span(chart)[1] > START_S + 400


def test_new_points_are_followed_until_one_zooms_and_again_after_a_double_click(
    make: Make, qtbot: QtBot
) -> None:
    chart = make()
    chart.append(START_S + 1000, 100)
    qtbot.waitUntil(lambda: span(chart)[1] > START_S + 1000)
    before = span(chart), heights(chart)
    place = QPointF(place_of(chart, 0))
    plot = plot_of(chart)
    turn_wheel(chart, place)
    zoomed = span(chart)
    assert zoomed[1] - zoomed[0] < before[0][1] - before[0][0]
    assert heights(chart)[0] == 0
    with qtbot.waitSignal(chart._redraw.timeout):
        chart.append(START_S + 5000, 100)
    assert span(chart) == zoomed
    for press in (qtbot.mouseClick, qtbot.mouseDClick, qtbot.mouseRelease):
        press(plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(300, 60))
    qtbot.waitUntil(lambda: span(chart)[1] > START_S + 5000)


def test_a_click_on_a_point_says_which_and_beside_it_nothing(make: Make, qtbot: QtBot) -> None:
    chart = make()
    viewport = plot_of(chart).viewport()
    with qtbot.waitSignal(chart.point_clicked) as clicked:
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place_of(chart, 3))
    assert clicked.args == [3]
    with qtbot.assertNotEmitted(chart.point_clicked):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place_of(chart, 3) - QPoint(0, 60))


def test_the_mouse_shows_the_card_of_a_point(make: Make, qtbot: QtBot) -> None:
    chart = make(describe=lambda index: f"request <b>{index}</b>")
    plot = plot_of(chart)
    move_to(chart, place_of(chart, 2))
    assert plot.pointed == 2
    assert plot._card.isVisible()
    assert plot._card.toPlainText() == chart.point_text(2)
    assert chart.point_text(2).endswith(", succeeded\nrequest <b>2</b>")
    assert "300 ms" not in chart.point_text(2)  # `describe` says what is to be said

    def card_is_gone() -> bool:
        move_to(chart, place_of(chart, 2) - QPoint(0, 80))  # pyqtgraph takes no more than 100 moves a second
        return not plot._card.isVisible()

    qtbot.waitUntil(card_is_gone)
    assert plot.pointed == -1


def test_the_keyboard_goes_from_point_to_point_in_time(make: Make, qtbot: QtBot) -> None:
    chart = make(count=0)
    chart.set_points([START_S + 20, START_S, START_S + 10], [1, 2, 3])
    qtbot.waitUntil(lambda: chart.findChild(Plot) is not None)
    seen = []
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(chart, key)
        seen.append(plot_of(chart).pointed)
    assert seen == [1, 2, 0, 0, 2]
    with qtbot.waitSignal(chart.point_clicked) as clicked:
        qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert clicked.args == [2]
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert plot_of(chart).pointed == -1


@pytest.mark.parametrize("zoomed", range(3))
def test_charts_linked_to_one_follow_a_zoom_of_any(make: Make, qtbot: QtBot, zoomed: int) -> None:
    charts = [make(), make(Unit.MB), make(Unit.USD)]
    for other in charts[1:]:
        other.link_to(charts[0])
    before = span(charts[zoomed])
    turn_wheel(charts[zoomed], QPointF(place_of(charts[zoomed], 1)))
    after = span(charts[zoomed])
    assert after[1] - after[0] < before[1] - before[0]
    assert [span(chart) for chart in charts] == [pytest.approx(after)] * 3
    for chart in charts:  # none of them runs away with its next point
        with qtbot.waitSignal(chart._redraw.timeout):
            chart.append(START_S + 5000, 100)
    assert [span(chart) for chart in charts] == [pytest.approx(after)] * 3
    charts[zoomed - 1].reset_view()
    assert all(span(chart)[1] > START_S + 5000 for chart in charts)


def test_a_chart_drawn_later_shows_what_the_others_were_zoomed_to(make: Make, qtbot: QtBot) -> None:
    first, later = make(), make(Unit.MB, 0)
    later.link_to(first)
    turn_wheel(first, QPointF(place_of(first, 1)))
    later.set_points(first.times_s, first.values)
    later._draw()
    assert span(later) == pytest.approx(span(first))


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("size", [(240, 140), (600, 300)])
def test_the_card_is_never_cut(make: Make, qtbot: QtBot, size: tuple[int, int], index: int) -> None:
    chart = make(describe=lambda index: "32 ms, billed 32 ms\n92 of 192 MB\n$0.000000280\nb1c0ffee-0001")
    plot = plot_of(chart)
    for wanted in (size, (500, 260), size):  # the card follows its point
        chart.resize(*wanted)
        QApplication.processEvents()
        plot.point_at(index)
        plot.grab()
        card = plot._card.sceneBoundingRect()
        assert plot.sceneRect().contains(card)
        assert plot.sceneRect().height() <= chart.height()
    place = plot.mapFromScene(plot.getPlotItem().vb.mapViewToScene(QPointF(chart.times_s[index], 0)))
    assert not card.left() < place.x() < card.right() or size[0] == 240


@pytest.mark.parametrize("highest", [0.00000083, 0.0034, 9, 47, 128, 299, 812, 15_700])
@pytest.mark.parametrize("height", [140, 220, 600])
def test_labels_of_values_have_room(make: Make, highest: float, height: int) -> None:
    chart = make(count=0)
    chart.set_points([START_S, START_S + 10], [highest / 3, highest])
    chart.resize(480, height)
    QApplication.processEvents()
    chart._draw()
    plot = plot_of(chart)
    plot.grab()
    bottom, top = heights(chart)
    room_px = plot.getPlotItem().vb.height()
    spacing, labels = plot._axis.tickValues(bottom, top, room_px)[0]
    line_px = QFontMetrics(plot._axis.style["tickFont"]).height()
    assert len([label for label in labels if label > 0]) >= 1
    assert spacing / (top - bottom) * room_px >= 1.5 * line_px


def test_no_other_window_ever_opens(qtbot: QtBot, qapp: QApplication) -> None:
    class Watch(QObject):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []

        def eventFilter(self, thing: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
            if event.type() == QEvent.Type.Show and isinstance(thing, QWidget) and thing.isWindow():
                self.seen.append(type(thing).__name__)
            return False

    watch = Watch()
    qapp.installEventFilter(watch)
    try:
        window = QMainWindow()
        qtbot.addWidget(window)
        chart = Chart("Duration", Unit.MS)
        chart.append(START_S, 1)
        window.setCentralWidget(chart)
        window.show()
        chart.set_points([], [])
        chart.repaint()
    finally:
        qapp.removeEventFilter(watch)
    assert watch.seen == ["QMainWindow"]


def test_the_ceiling_is_in_view_and_in_the_card(make: Make) -> None:
    chart = make(Unit.MB, 0, ceiling_word="memory size")
    chart.set_points([START_S, START_S + 10], [90, 100], [Kind.OK, Kind.OK], [256, 512])
    chart._draw()
    assert heights(chart)[1] > 512
    assert "100 MB of 512 MB" in chart.point_text(1)
    with pytest.raises(ValueError, match="ceiling"):
        chart.append(START_S + 20, 100)


def test_an_invocation_without_the_figure_is_no_point_and_keeps_its_index(make: Make, qtbot: QtBot) -> None:
    nan = float("nan")
    chart = make(Unit.MB, 0, ceiling_word="memory size")
    chart.set_points([START_S, START_S + 60], [nan, nan], [Kind.OK, Kind.ERROR], [nan, 128])
    chart._draw()
    assert chart.point_count() == 0
    assert chart.findChild(Plot) is None
    times = [START_S + 60 * number for number in range(4)]
    chart.set_points(times, [90, nan, 100, nan], [0, 1, 0, 0], [nan, 256, 512, nan])
    chart._draw()
    assert chart.point_count() == 2
    assert chart.text_summary() == "scatter, 2 points, min 90 MB, max 100 MB, last 100 MB"
    assert heights(chart)[1] > 512
    assert chart.point_text(0).endswith(", succeeded\n90 MB")
    with qtbot.waitSignal(chart.point_clicked) as clicked:
        qtbot.mouseClick(plot_of(chart).viewport(), Qt.MouseButton.LeftButton, pos=place_of(chart, 2))
    assert clicked.args == [2]
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert plot_of(chart).pointed == 2
    chart.set_points(times, [90, 95, nan, nan])
    chart._draw()
    assert plot_of(chart).pointed == -1  # the point that was shown is gone


def test_columns_of_different_length_are_refused(make: Make) -> None:
    chart = make()
    with pytest.raises(ValueError, match="length"):
        chart.set_points([1, 2], [1])
    assert chart.point_count() == 5


def test_errors_have_a_symbol_and_a_colour_of_their_own(make: Make, qapp: QApplication) -> None:
    def picture(kind: Kind) -> QImage:
        chart = make(count=0)
        chart.set_points([START_S], [100], [kind])
        chart._draw()
        return plot_of(chart).grab().toImage()

    pictures = [picture(kind) for kind in Kind]
    assert all(one != other for one in pictures for other in pictures if one is not other)
    assert {plot_of(make())._scatters[kind].opts["symbol"] for kind in Kind} == {"o", "x", "t1"}


def test_more_points_than_a_scatter_can_take_become_a_line(make: Make) -> None:
    chart = make(count=0)
    count = MAX_SCATTER_POINTS + 1
    chart.set_points((START_S + number for number in range(count)), (float(n % 97) for n in range(count)))
    chart._draw()
    plot = plot_of(chart)
    assert len(plot._scatters[Kind.OK].data) == 0
    assert plot._line.getOriginalDataset()[0].size == count
    assert chart.point_count() == count


def test_the_theme_is_followed_while_shown(make: Make, qapp: QApplication, qtbot: QtBot) -> None:
    chart = make()

    def corner() -> str:
        return plot_of(chart).grab().toImage().pixelColor(1, 1).name()

    assert corner() == theme.LIGHT.base.name()
    theme.apply(qapp, "dark")
    try:
        qtbot.waitUntil(lambda: corner() == theme.DARK.base.name())
    finally:
        theme.apply(qapp, "light")


def test_a_screen_reader_gets_the_chart_in_words(make: Make) -> None:
    chart = make()
    chart.append(START_S + 500, 12_345.0, Kind.ERROR)
    interface = QAccessible.queryAccessibleInterface(chart)
    assert interface.role() == QAccessible.Role.Chart
    assert interface.text(QAccessible.Text.Name) == "Duration"
    assert (
        interface.text(QAccessible.Text.Description)
        == "scatter, 6 points, min 100 ms, max 12.3 s, last 12.3 s, 1 errors"
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.217, Unit.MS, "3.22 ms"),
        (811.6, Unit.MS, "812 ms"),
        (12_345, Unit.MS, "12.3 s"),
        (187, Unit.MB, "187 MB"),
        (0.0000069670, Unit.USD, "$0.00000697"),
        (0, Unit.USD, "$0.00"),
        (12.5, Unit.CNY, "¥12.50"),
    ],
)
def test_values_are_said_with_their_unit(value: float, unit: Unit, text: str) -> None:
    assert format_value(value, unit) == text
