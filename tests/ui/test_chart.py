"""A chart counts, draws, tells and follows its points, and costs nothing before it is shown."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QFontMetrics, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart import Chart, Kind, Unit, format_value
from lambdadesk.ui.widgets.chart_layer import MOST_MARKS
from lambdadesk.ui.widgets.chart_plot import Plot
from lambdadesk.ui.widgets.chart_span import Span

# The offscreen platform says so of every window with a minimum size.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

START_S = 1_790_000_000.0
LEFT = Qt.MouseButton.LeftButton
Make = Callable[..., Chart]


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication) -> Make:
    theme.apply(qapp, "light")

    def make(unit: Unit = Unit.MS, count: int = 5, **options: object) -> Chart:
        chart = Chart("Duration", unit, **options)  # type: ignore[arg-type]
        qtbot.addWidget(chart)
        chart.resize(600, 300)
        numbers = range(count)
        chart.set_points([START_S + 100 * each for each in numbers], [100.0 * (each + 1) for each in numbers])
        chart.show()
        qtbot.waitExposed(chart)
        return chart

    return make


def draw(chart: Chart, *args: object, **options: object) -> None:
    chart.set_points(*args, **options)  # type: ignore[arg-type]
    chart._draw()


def plot_of(chart: Chart) -> Plot:
    plot = chart.plot
    assert plot is not None
    return plot


def place_of(chart: Chart, index: int) -> QPoint:
    """Where a point is, in the plot's viewport."""
    plot = plot_of(chart)
    assert chart.points is not None
    point = QPointF(chart.points.times_s[index], plot.layer.heights[index])
    return plot.mapFromScene(plot.getPlotItem().vb.mapViewToScene(point))


def send_mouse(
    chart: Chart,
    kind: QEvent.Type,
    place: QPoint,
    button: Qt.MouseButton = Qt.MouseButton.NoButton,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    viewport = plot_of(chart).viewport()
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    where = QPointF(place)
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
    event = QMouseEvent(kind, where, QPointF(viewport.mapToGlobal(place)), button, held, modifier)
    QApplication.sendEvent(viewport, event)


def move_to(chart: Chart, place: QPoint) -> None:
    send_mouse(chart, QEvent.Type.MouseMove, place)


def drag(
    chart: Chart, begin: QPoint, end: QPoint, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    plot_of(chart).scene().minDragTime = 0  # pyqtgraph waits half a second before a short drag
    send_mouse(chart, QEvent.Type.MouseButtonPress, begin, LEFT, modifier)
    plot_of(chart).scene()._moveEventIsAllowed = lambda: True  # it takes no more than 100 moves a second
    for share in (0.3, 0.6, 1.0):
        send_mouse(chart, QEvent.Type.MouseMove, begin + (end - begin) * share, LEFT, modifier)
    send_mouse(chart, QEvent.Type.MouseButtonRelease, end, LEFT, modifier)


def turn_wheel(
    chart: Chart, place: QPointF, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    viewport = plot_of(chart).viewport()
    wheel = QWheelEvent(
        place,
        QPointF(viewport.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        modifier,
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
        "print({'numpy', 'pyqtgraph'} & set(sys.modules))\n"
        "hidden = Chart('Memory', Unit.MB)\n"
        "hidden.set_points([1.0], [2.0])\n"
        "assert hidden.point_count() == 1\n"
        "print('pyqtgraph' in sys.modules)\n"
        "hidden.show()\n"
        "print('pyqtgraph' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set()", "False", "True"]


def test_an_empty_chart_says_so(make: Make) -> None:
    chart = make(count=0)
    assert chart.point_count() == 0
    assert "No invocation" in chart.text_summary()
    assert chart.plot is None
    draw(chart, [START_S], [5.0])
    assert plot_of(chart).isVisible()
    draw(chart, [], [])
    assert not plot_of(chart).isVisible()


def test_values_start_at_zero_and_all_points_are_in_view(make: Make) -> None:
    chart = make()
    assert heights(chart)[0] <= 0
    assert heights(chart)[1] > 500
    assert span(chart)[0] < START_S
    assert span(chart)[1] > START_S + 400


def test_new_points_are_followed_until_one_zooms_and_again_after_a_double_click(
    make: Make, qtbot: QtBot
) -> None:
    chart = make()
    draw(chart, [START_S, START_S + 1000], [100, 200])
    assert span(chart)[1] > START_S + 1000
    before = span(chart)
    turn_wheel(chart, QPointF(place_of(chart, 0)))
    zoomed = span(chart)
    assert zoomed[1] - zoomed[0] < before[1] - before[0]
    assert zoomed[0] < START_S < zoomed[1]  # around the mouse
    assert heights(chart)[0] <= 0
    draw(chart, [START_S, START_S + 5000], [100, 200])
    assert span(chart) == pytest.approx(zoomed)
    viewport = plot_of(chart).viewport()
    for press in (qtbot.mouseClick, qtbot.mouseDClick, qtbot.mouseRelease):
        press(viewport, LEFT, pos=QPoint(300, 60))
    qtbot.waitUntil(lambda: span(chart)[1] > START_S + 5000)


def test_a_stretch_that_is_dragged_over_is_zoomed_into(make: Make) -> None:
    chart = make()
    begin, end = place_of(chart, 1) - QPoint(4, 0), place_of(chart, 3) + QPoint(4, 0)
    drag(chart, begin, end)
    left, right = span(chart)
    assert START_S < left < START_S + 100
    assert START_S + 300 < right < START_S + 400
    assert plot_of(chart).overlay.brush is None
    drag(chart, place_of(chart, 3), place_of(chart, 1))  # also from right to left
    assert span(chart) == pytest.approx((START_S + 100, START_S + 300), abs=3)


def test_with_shift_dragging_and_the_wheel_move_the_time(make: Make) -> None:
    chart = make()
    turn_wheel(chart, QPointF(place_of(chart, 2)))
    before = span(chart)
    drag(chart, place_of(chart, 3), place_of(chart, 2), Qt.KeyboardModifier.ShiftModifier)
    after = span(chart)
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    assert after[0] - before[0] == pytest.approx(100, abs=2)
    turn_wheel(chart, QPointF(place_of(chart, 3)), Qt.KeyboardModifier.ShiftModifier)
    assert span(chart)[0] < after[0]


def test_a_click_on_a_point_says_which_and_beside_it_nothing(make: Make, qtbot: QtBot) -> None:
    chart = make()
    viewport = plot_of(chart).viewport()
    with qtbot.waitSignal(chart.point_clicked) as clicked:
        qtbot.mouseClick(viewport, LEFT, pos=place_of(chart, 3))
    assert clicked.args == [3]
    with qtbot.assertNotEmitted(chart.point_clicked):
        qtbot.mouseClick(viewport, LEFT, pos=place_of(chart, 3) - QPoint(0, 60))


def test_the_mouse_shows_the_card_of_a_point(make: Make, qtbot: QtBot) -> None:
    chart = make(describe=lambda row: f"request <b>{row}</b>")
    plot = plot_of(chart)
    move_to(chart, place_of(chart, 2))
    assert chart.span.row == 2
    assert plot.card.isVisible()
    assert plot.card.toPlainText() == chart.point_text(2)
    assert chart.point_text(2).endswith(", succeeded\nrequest <b>2</b>")
    assert "300 ms" not in chart.point_text(2)  # `describe` says what is to be said

    def card_is_gone() -> bool:
        move_to(chart, place_of(chart, 2) - QPoint(0, 80))  # pyqtgraph takes no more than 100 moves a second
        return not plot.card.isVisible()

    qtbot.waitUntil(card_is_gone)
    assert chart.span.row == -1


def test_the_keyboard_goes_from_point_to_point_in_time(make: Make, qtbot: QtBot) -> None:
    chart = make()
    draw(chart, [START_S + 10 * n for n in range(5)], [1, 2, 3, 4, 5], [0, 1, 0, 2, 0])
    seen = []
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Left):
        qtbot.keyClick(chart, key)
        seen.append(chart.span.row)
    assert seen == [0, 1, 2, 4, 3]
    qtbot.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert chart.span.row == 1  # the failure before
    with qtbot.waitSignal(chart.point_clicked) as clicked:
        qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert clicked.args == [1]
    assert plot_of(chart).card.isVisible()
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.span.row == -1
    assert not plot_of(chart).card.isVisible()


def test_the_keyboard_zooms_moves_and_shows_all(make: Make, qtbot: QtBot) -> None:
    chart = make()
    whole = span(chart)
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    near = span(chart)
    assert near[1] - near[0] < whole[1] - whole[0]
    qtbot.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert span(chart)[0] < near[0]
    qtbot.keyClick(chart, Qt.Key.Key_Minus)
    qtbot.keyClick(chart, Qt.Key.Key_0)
    assert span(chart) == pytest.approx(whole)
    assert chart.span.is_following


def test_a_walk_brings_points_into_sight(make: Make, qtbot: QtBot) -> None:
    chart = make()
    for _press in range(9):
        qtbot.keyClick(chart, Qt.Key.Key_Plus)
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    assert span(chart)[0] <= START_S <= span(chart)[1]
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert span(chart)[0] <= START_S + 400 <= span(chart)[1]


@pytest.mark.parametrize("zoomed", range(3))
def test_charts_of_one_span_follow_a_zoom_of_any(make: Make, zoomed: int) -> None:
    shared = Span()
    charts = [make(unit, span=shared) for unit in (Unit.MS, Unit.MB, Unit.USD)]
    before = span(charts[zoomed])
    turn_wheel(charts[zoomed], QPointF(place_of(charts[zoomed], 1)))
    after = span(charts[zoomed])
    assert after[1] - after[0] < before[1] - before[0]
    assert [span(chart) for chart in charts] == [pytest.approx(after)] * 3
    for chart in charts:  # none of them runs away with its next point
        draw(chart, [START_S, START_S + 5000], [100, 200])
    assert [span(chart) for chart in charts] == [pytest.approx(after)] * 3
    charts[zoomed - 1].show_all()
    assert all(span(chart)[1] > START_S + 5000 for chart in charts)


def test_linked_charts_point_at_the_same_and_one_has_the_card(make: Make) -> None:
    shared = Span()
    first, second = make(span=shared), make(Unit.MB, span=shared)
    move_to(first, place_of(first, 2))
    assert shared.row == 2
    assert shared.moment_s == START_S + 200
    assert plot_of(first).card.isVisible()
    assert not plot_of(second).card.isVisible()


@pytest.mark.parametrize("index", [0, 2, 4])
@pytest.mark.parametrize("size", [(240, 150), (600, 300)])
def test_the_card_is_never_cut(make: Make, qtbot: QtBot, size: tuple[int, int], index: int) -> None:
    chart = make(describe=lambda row: "32 ms, billed 32 ms\n92 of 192 MB\n$0.000000280\nb1c0ffee-0001")
    plot = plot_of(chart)
    for wanted in (size, (500, 260), size):  # the card follows its point
        chart.resize(*wanted)
        QApplication.processEvents()
        chart._point_at(index)
        plot.grab()
        card = plot.card.sceneBoundingRect()
        assert plot.sceneRect().contains(card)
        assert plot.sceneRect().height() <= chart.height()


@pytest.mark.parametrize("highest", [0.00000083, 9, 299, 15_700])
@pytest.mark.parametrize("height", [150, 600])
@pytest.mark.parametrize("is_log", [False, True])
def test_labels_of_values_have_room(make: Make, highest: float, height: int, is_log: bool) -> None:
    chart = make(Unit.USD if highest < 1 else Unit.MS)
    chart.set_log(is_log)
    draw(chart, [START_S, START_S + 10], [highest / 3, highest])
    chart.resize(480, height)
    QApplication.processEvents()
    plot = plot_of(chart)
    plot.grab()
    bottom, top = heights(chart)
    room_px = plot.getPlotItem().vb.height()
    _spacing, labels = plot.axis.tickValues(bottom, top, room_px)[0]
    line_px = QFontMetrics(plot.axis.style["tickFont"]).height()
    assert len(labels) >= 2 if is_log else len([label for label in labels if label > 0]) >= 1
    gaps = np.diff(sorted(labels)) / (top - bottom) * room_px
    assert (gaps >= line_px).all()
    assert len({*plot.axis.tickStrings(labels, 1.0, labels[1] - labels[0])}) == len(labels)


def test_by_its_logarithm_a_value_is_where_its_tick_is(make: Make) -> None:
    chart = make()
    chart.set_log(True)
    draw(chart, [START_S, START_S + 10, START_S + 20], [0.5, 100.0, 60_000.0])
    bottom, top = heights(chart)
    assert bottom < np.log10(0.5) < np.log10(60_000) < top
    assert list(plot_of(chart).layer.heights) == pytest.approx([np.log10(0.5), 2, np.log10(60_000)])
    assert plot_of(chart).axis.tickStrings([2.0, 4.0, 6.0], 1.0, 1.0) == ["100 ms", "10 s", "1,000 s"]
    assert plot_of(chart).nearest(plot_of(chart).mapToScene(place_of(chart, 1))) == 1


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
        chart.set_points([START_S], [1])
        window.setCentralWidget(chart)
        window.show()
        draw(chart, [], [])
        chart.repaint()
    finally:
        qapp.removeEventFilter(watch)
    assert watch.seen == ["QMainWindow"]


def test_the_ceiling_is_in_view_and_in_the_card(make: Make) -> None:
    chart = make(Unit.MB, 0, ceiling_word="memory size")
    draw(chart, [START_S, START_S + 10], [90, 100], ceilings=[256, 512])
    assert heights(chart)[1] > 512
    assert "100 MB of 512 MB" in chart.point_text(1)
    assert plot_of(chart).overlay.ceiling_text == "memory size 512 MB"


def test_an_init_is_on_top_of_its_duration_and_in_view(make: Make) -> None:
    chart = make(count=0)
    draw(chart, [START_S, START_S + 10], [100, 90], colds=[True, False], inits=[800, 0])
    assert heights(chart)[1] > 900
    assert "succeeded, cold start" in chart.point_text(0)
    without = make(count=0)
    draw(without, [START_S, START_S + 10], [100, 90])
    assert heights(without)[1] < 200


def test_an_invocation_without_the_figure_is_no_point_and_keeps_its_row(make: Make, qtbot: QtBot) -> None:
    nan = float("nan")
    chart = make(Unit.MB, 0, ceiling_word="memory size")
    draw(chart, [START_S, START_S + 60], [nan, nan], [Kind.OK, Kind.ERROR], ceilings=[nan, 128])
    assert chart.point_count() == 0
    assert chart.plot is None
    times = [START_S + 60 * number for number in range(4)]
    draw(chart, times, [90, nan, 100, nan], [0, 1, 0, 0], ceilings=[nan, 256, 512, nan])
    assert chart.point_count() == 2
    assert chart.text_summary() == "scatter, 2 points, min 90 MB, max 100 MB, last 100 MB"
    assert heights(chart)[1] > 512
    assert chart.point_text(0).endswith(", succeeded\n90 MB")
    with qtbot.waitSignal(chart.point_clicked) as clicked:
        qtbot.mouseClick(plot_of(chart).viewport(), LEFT, pos=place_of(chart, 1))
    assert clicked.args == [2]
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert chart.span.row == 2
    draw(chart, times, [90, 95, nan, nan])
    assert not plot_of(chart).card.isVisible()  # the point that was shown is gone


def test_columns_that_do_not_fit_are_refused(make: Make) -> None:
    chart = make()
    with pytest.raises(ValueError, match="length"):
        chart.set_points([1, 2], [1])
    with pytest.raises(ValueError, match="order"):
        chart.set_points([2, 1], [1, 2])
    assert chart.point_count() == 5


def test_each_way_to_end_has_a_sign_of_its_own(make: Make) -> None:
    def picture(kind: Kind, is_cold: bool) -> QImage:
        chart = make(count=0)
        draw(chart, [START_S], [100], [kind], colds=[is_cold])
        return plot_of(chart).grab().toImage()

    pictures = [picture(kind, is_cold) for kind in Kind for is_cold in (False, True)]
    assert all(one != other for one in pictures for other in pictures if one is not other)


@pytest.mark.parametrize("count", [MOST_MARKS, MOST_MARKS + 1, 20 * MOST_MARKS])
def test_the_histogram_counts_what_is_in_sight(make: Make, count: int) -> None:
    chart = make(count=0)
    values = np.where(np.arange(count) % 10 == 0, 900.0, 100.0)
    draw(chart, START_S + np.arange(count, dtype=float), values)
    plot = plot_of(chart)
    plot.grab()
    counts = plot.histogram.counts()
    assert counts.sum() == count
    assert (counts > 0).sum() == 2
    assert counts.max() == (values == 100).sum()
    chart.span.show(START_S + count / 2, START_S + count * 3 / 4)
    plot.grab()
    assert plot.histogram.counts().sum() == pytest.approx(count / 4, rel=0.01)
    assert f" of {plot.histogram.counts().sum():,} " in plot.histogram.bar_text(int(counts.argmax()))


def test_more_points_than_can_be_told_apart_are_a_picture_in_which_failures_stay_seen(make: Make) -> None:
    chart = make(count=0)
    count = 10 * MOST_MARKS
    times = START_S + np.arange(count, dtype=float)
    kinds = np.zeros(count, np.int8)
    draw(chart, times, np.full(count, 100.0), kinds)
    before = plot_of(chart).grab().toImage()
    assert plot_of(chart).layer.is_dense(plot_of(chart).layer.frame())
    kinds[count // 2] = Kind.ERROR
    values = np.full(count, 100.0)
    values[count // 2] = 110
    draw(chart, times, values, kinds)
    after = plot_of(chart).grab().toImage()
    red = theme.LIGHT.error.rgb()
    found = [x for x in range(after.width()) for y in range(after.height()) if after.pixel(x, y) == red]
    assert not any(before.pixel(x, y) == red for x in set(found) for y in range(before.height()))
    middle = place_of(chart, count // 2).x()
    assert found
    assert all(abs(x - middle) < 12 for x in found)


def test_moving_paints_only_the_tiles_that_come_into_sight(make: Make) -> None:
    chart = make(count=0)
    count = 20 * MOST_MARKS
    draw(chart, START_S + np.arange(count, dtype=float), np.full(count, 100.0))
    chart.span.show(START_S + count / 4, START_S + count / 2)
    layer = plot_of(chart).layer
    plot_of(chart).grab()
    known = dict(layer._tiles)
    chart.span.pan(0.05)
    plot_of(chart).grab()
    assert known
    assert all(layer._tiles[number] is tile for number, tile in known.items())


def test_percentiles_are_of_each_stretch_and_can_be_hidden(make: Make) -> None:
    chart = make(count=0)
    count = 400
    draw(chart, START_S + np.arange(count, dtype=float), np.tile([10.0, 20.0, 30.0, 40.0], count // 4))
    assert chart.figures_text() == "p50 20 ms · p90 40 ms · p99 40 ms"
    shown = plot_of(chart).grab().toImage()
    chart.set_bands(False)
    chart._draw()
    assert plot_of(chart).grab().toImage() != shown


def test_groups_have_colours_and_shapes_of_their_own(make: Make) -> None:
    def picture(groups: list[int] | None) -> QImage:
        chart = make(count=0)
        draw(chart, [START_S, START_S + 10], [100, 100], groups=groups)
        return plot_of(chart).grab().toImage()

    pictures = [picture(groups) for groups in (None, [0, 0], [0, 1], [1, 2], [4, 5], [0, 4])]
    assert all(one != other for one in pictures for other in pictures if one is not other)


def test_deploys_are_drawn_as_lines_where_they_are(make: Make) -> None:
    chart = make()
    before = plot_of(chart).grab().toImage()
    chart.set_marks([(START_S + 150, "")])
    after = plot_of(chart).grab().toImage()
    changed = [x for x in range(after.width()) if after.pixel(x, 200) != before.pixel(x, 200)]
    at = plot_of(chart).mapFromScene(
        plot_of(chart).getPlotItem().vb.mapViewToScene(QPointF(START_S + 150, 100))
    )
    assert changed
    assert all(abs(x - at.x()) <= 1 for x in changed)
    room = heights(chart)[1]
    chart.set_marks([(START_S + 150, "v7 published")])
    assert heights(chart)[1] > room  # above the points


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
    times = [START_S + 100 * n for n in range(6)]
    values = [100, 200, 300, 400, 500, 12_345.0]
    draw(chart, times, values, [0, 0, 0, 0, 0, 1], colds=[True, *[False] * 5])
    interface = QAccessible.queryAccessibleInterface(chart)
    assert interface.role() == QAccessible.Role.Chart
    assert interface.text(QAccessible.Text.Name) == "Duration"
    assert interface.text(QAccessible.Text.Description) == (
        "scatter, 6 points, min 100 ms, max 12.3 s, last 12.3 s, 1 error, 1 cold start; "
        "p50 300 ms · p90 12.3 s · p99 12.3 s"
    )
    chart.span.show(START_S + 50, START_S + 250)
    heard = interface.text(QAccessible.Text.Description)
    assert heard == "scatter, 2 points in sight of 6, min 200 ms, max 300 ms, last 300 ms"


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


def test_the_sign_of_the_first_of_many_is_whole(make: Make) -> None:
    """Pictures of density begin before it."""
    chart = make(count=1)
    count = MOST_MARKS + 500
    values = np.full(count, 100.0)
    values[0] = 5_000.0
    draw(chart, START_S + np.arange(count), values, colds=np.arange(count) == 0)
    plot = plot_of(chart)
    plot.viewport().repaint()
    image, place = plot.grab().toImage(), place_of(chart, 0)

    def has_orange(across: range) -> bool:
        around = range(place.y() - 8, place.y() + 9)
        colours = [image.pixelColor(place.x() + x, y) for x in across for y in around]
        return any(colour.red() > colour.blue() + 60 for colour in colours)

    assert has_orange(range(2, 9))
    assert has_orange(range(-8, -1))
