"""The timeline is hit, walked, zoomed and moved by real mouse and keys, and stays put when more comes."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QColor, QFontMetricsF, QHelpEvent, QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.timeline import Kind, Mark, Timeline
from lambdadesk.core.types import Cost, Invocation, Outcome, Report
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.timeline_axis import ticks_of
from lambdadesk.ui.widgets.timeline_bars import colour_of
from lambdadesk.ui.widgets.timeline_paint import MOST_BARS
from lambdadesk.ui.widgets.timeline_view import HELP, SHORTEST_MS, TimelineView
from lambdadesk.ui.widgets.timeline_words import format_ms

# The offscreen platform says so of every window with a minimum size.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "This plugin does not support")

START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
Make = Callable[..., TimelineView]


def run(
    number: int,
    at_ms: int,
    length_ms: int = 400,
    lane: int = 0,
    outcome: Outcome = Outcome.OK,
    init: int | None = None,
    **more: Any,
) -> Invocation:
    identifier = more.pop("request_id", f"r{number}")
    boot = None if init is None else Decimal(init)
    report = Report(identifier, Decimal(length_ms), length_ms, 512, 77, init_ms=boot)
    is_open = outcome is Outcome.RUNNING
    return Invocation(
        "f",
        identifier,
        START_MS + at_ms,
        more.pop("stream", f"2026/11/27/[7]{lane:08x}aaaa"),
        ended_ms=None if is_open else START_MS + at_ms + length_ms,
        outcome=outcome,
        report=None if is_open else report,
        **more,
    )


def some() -> list[Invocation]:
    """Two environments of three runs each, the second 300 ms later."""
    return [
        *(run(number, 2_000 * number, init=500 if not number else None) for number in range(3)),
        *(run(3 + number, 2_000 * number + 300, lane=1) for number in range(3)),
    ]


def many(count: int, lanes: int) -> list[Invocation]:
    return [
        run(
            number,
            (number // lanes) * 9_000 + 37 * (number % lanes),
            200,
            number % lanes,
            Outcome.ERROR if number % 50 == 0 else Outcome.OK,
        )
        for number in range(count)
    ]


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication) -> Make:
    theme.apply(qapp, "light")

    def make(runs: list[Invocation], marks: tuple[Mark, ...] = ()) -> TimelineView:
        view = TimelineView()
        qtbot.addWidget(view)
        view.setAccessibleName("Timeline")
        view.resize(900, 400)
        show(view, runs, marks)
        view.show()
        qtbot.waitExposed(view)
        view.activateWindow()
        view.setFocus()
        qtbot.waitUntil(view.hasFocus)
        return view

    return make


def show(view: TimelineView, runs: list[Invocation], marks: tuple[Mark, ...] = (), later_ms: int = 0) -> None:
    open_runs = [run for run in runs if run.outcome is Outcome.RUNNING]
    timeline = Timeline(InvocationColumns.from_invocations(runs), open_runs)
    view.show_timeline(timeline, marks, timeline.span[1] + later_ms)


def ids(view: TimelineView) -> list[str]:
    return [view.timeline.request_id(at) for at in range(len(view.timeline))]


def index_of(view: TimelineView, request_id: str) -> int:
    return ids(view).index(request_id)


def middle_of(view: TimelineView, request_id: str) -> QPointF:
    return view.make_frame().bar(view.timeline, index_of(view, request_id)).center()


def move_to(view: TimelineView, place: QPointF, buttons: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    viewport = view.viewport()
    where = QPointF(viewport.mapToGlobal(place.toPoint()))
    QApplication.sendEvent(
        viewport,
        QMouseEvent(QEvent.Type.MouseMove, place, where, Qt.MouseButton.NoButton, buttons, NONE),
    )


def drag(view: TimelineView, start: QPoint, by: QPoint) -> None:
    QTest.mousePress(view.viewport(), LEFT, NONE, start)
    for part in (2, 1):
        move_to(view, QPointF(start + by / part), LEFT)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, start + by)


def turn_wheel(
    view: TimelineView, place: QPointF, delta: QPoint, modifiers: Qt.KeyboardModifier = NONE
) -> None:
    viewport = view.viewport()
    where = QPointF(viewport.mapToGlobal(place.toPoint()))
    phase = Qt.ScrollPhase.NoScrollPhase
    wheel = QWheelEvent(place, where, QPoint(), delta, Qt.MouseButton.NoButton, modifiers, phase, False)
    QApplication.sendEvent(viewport, wheel)


def card(view: TimelineView) -> PlainLabel:
    found = view.findChild(PlainLabel, "timelineCard")
    assert isinstance(found, PlainLabel)
    return found


def current(view: TimelineView) -> str:
    return view.timeline.request_id(view.current) if view.current >= 0 else ""


def span(view: TimelineView) -> tuple[float, float]:
    return view.left_ms, view.right_ms


def picture(view: QWidget) -> QImage:
    return view.grab().toImage()


def has_colour(image: QImage, colour: QColor) -> bool:
    wanted = colour.rgb()
    return any(image.pixel(x, y) == wanted for y in range(0, image.height()) for x in range(0, image.width()))


def test_every_run_is_hit_where_it_is_painted(make: Make) -> None:
    view = make(some())
    assert view.point_count() == 6
    for at, name in enumerate(ids(view)):
        assert view.run_at(middle_of(view, name)) == at
    between = (middle_of(view, "r0") + middle_of(view, "r1")) / 2
    assert view.run_at(between) == -1
    assert view.run_at(QPointF(10, middle_of(view, "r0").y())) == -1  # a label
    assert view.run_at(QPointF(middle_of(view, "r0").x(), 4)) == -1  # the axis


def test_interleaved_requests_are_hit_each_in_its_own_row(make: Make) -> None:
    runs = [run(number, 100 * number, 5_000) for number in range(4)]
    view = make(runs)
    assert view.timeline.lanes[0].depth == 4
    for number in range(4):
        assert view.run_at(middle_of(view, f"r{number}")) == index_of(view, f"r{number}")
    assert len({middle_of(view, f"r{number}").y() for number in range(4)}) == 4


def test_a_click_opens_the_run_and_a_click_beside_it_does_not(make: Make, qtbot: QtBot) -> None:
    view = make(some())
    opened: list[int] = []
    view.run_activated.connect(opened.append)
    QTest.mouseClick(view.viewport(), LEFT, NONE, middle_of(view, "r4").toPoint())
    assert opened == [index_of(view, "r4")]
    QTest.mouseClick(view.viewport(), LEFT, NONE, QPoint(850, 380))
    assert opened == [index_of(view, "r4")]


def test_arrows_walk_in_a_lane_and_between_lanes(make: Make) -> None:
    view = make(some())
    opened: list[int] = []
    view.run_activated.connect(opened.append)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == []  # there is none to open yet
    seen = []
    keys = Qt.Key
    for key in (
        *(keys.Key_Left, keys.Key_Left, keys.Key_Left, keys.Key_Right, keys.Key_Down, keys.Key_Down),
        *(keys.Key_Right, keys.Key_Right, keys.Key_Up),
    ):
        QTest.keyClick(view, key)
        seen.append(current(view))
    assert seen[1:] == ["r0", "r0", "r1", "r4", "r4", "r5", "r5", "r2"]
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == [index_of(view, "r2")]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert current(view) == ""


def test_the_current_run_has_a_ring_and_a_card(make: Make) -> None:
    view = make(some())
    before = picture(view)
    QTest.keyClick(view, Qt.Key.Key_End)
    assert current(view) == "r5"
    assert card(view).isVisible()
    assert card(view).text() == view.run_text(view.current)
    ring = view.make_frame().bar(view.timeline, view.current).toRect()
    after = picture(view)
    edge = QPoint(ring.center().x(), ring.top() - 1)
    text = theme.LIGHT.text.rgb()
    assert before.pixel(edge) != text
    assert text in {after.pixel(edge + QPoint(0, off)) for off in (-2, -1, 0, 1)}


def test_walking_brings_into_view_what_is_out_of_it(make: Make) -> None:
    view = make([run(number, 60_000 * number, lane=number) for number in range(40)])
    view.show_span(START_MS - 500, START_MS + 1_500)
    assert [view.lane_rect(lane).height() > 0 for lane in (0, 1, 39)] == [True, False, False]
    QTest.keyClick(view, Qt.Key.Key_End)
    assert current(view) == "r39"
    assert view.left_ms < START_MS + 39 * 60_000 < view.right_ms
    QTest.keyClick(view, Qt.Key.Key_Home)
    for _ in range(39):
        QTest.keyClick(view, Qt.Key.Key_Up)
    assert current(view) == "r0"
    frame = view.make_frame()
    assert frame.top <= view.lane_rect(0).top() < frame.height


def test_the_card_tells_what_is_known(make: Make) -> None:
    cost = Cost(Decimal("0.0000021"), exact=False)
    view = make(
        [run(1, 0, 1_500, outcome=Outcome.TIMEOUT, init=250, error_type="Sandbox.Timedout", cost=cost)]
    )
    move_to(view, middle_of(view, "r1"))
    head, *lines = card(view).text().split("\n")
    assert head.endswith(".000, timed out")
    assert lines == [
        "1,500.00 ms, billed 1,500 ms",
        "init 250.00 ms",
        "77 of 512 MB",
        "≈ $0.00000210",
        "Sandbox.Timedout",
        "v7 · 00000000",
        "r1",
    ]
    move_to(view, QPointF(850, 390))
    assert not card(view).isVisible()


def test_hostile_names_are_plain_text(make: Make, qtbot: QtBot) -> None:
    bad = "<img src=x>\u202e<b>id</b>\x00" + "x" * 5_000
    view = make([run(1, 0, request_id=bad, error_type=bad, stream=f"2026/11/27/[7]{bad}")])
    move_to(view, view.make_frame().bar(view.timeline, 0).center())
    text = card(view).text()
    assert "<img src=x><U+202E><b>id</b><U+0000>" in text
    assert max(map(len, text.split("\n"))) < 200
    assert card(view).textFormat() == Qt.TextFormat.PlainText
    assert card(view).width() < view.width() * 3
    place = QPoint(20, round(view.lane_rect(0).center().y()))
    where = view.viewport().mapToGlobal(place)
    move_to(view, QPointF(place))
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, where))
    qtbot.waitUntil(QToolTip.isVisible)
    assert "<img" not in QToolTip.text()  # escaped, for Qt would take it for HTML
    assert "&lt;img src=x&gt;" in QToolTip.text()
    QToolTip.hideText()


def test_the_wheel_zooms_around_the_mouse_with_control(make: Make) -> None:
    view = make(some())
    place = middle_of(view, "r1")
    at_ms, width = view.make_frame().ms(place.x()), view.right_ms - view.left_ms
    turn_wheel(view, place, QPoint(0, 240), CONTROL)
    assert view.right_ms - view.left_ms < width
    assert abs(view.make_frame().x(at_ms) - place.x()) < 1
    assert not view.is_following
    for _ in range(80):
        turn_wheel(view, place, QPoint(0, 240), CONTROL)
    assert view.right_ms - view.left_ms == pytest.approx(SHORTEST_MS)
    assert abs(view.make_frame().x(at_ms) - place.x()) < 1  # and nothing slides at the limit
    for _ in range(160):
        turn_wheel(view, place, QPoint(0, -240), CONTROL)
    assert view.right_ms - view.left_ms == pytest.approx(HOUR_MS)


def test_the_lane_under_the_mouse_stays_while_the_wheel_zooms(make: Make) -> None:
    view = make([run(number, 20_000 * number, 30_000, lane=number) for number in range(60)])
    view.verticalScrollBar().setValue(700)
    frame = view.make_frame()
    bar = frame.bar(view.timeline, 33)
    assert frame.top < bar.top() < frame.height
    turn_wheel(view, bar.center(), QPoint(0, 120), CONTROL)
    assert view.lane_rect(0).height() == 0  # above it, lanes have gone
    assert abs(view.make_frame().bar(view.timeline, 33).top() - bar.top()) < 2


def test_days_are_named_where_they_begin(make: Make) -> None:
    view = make([run(number, HOUR_MS * 8 * number) for number in range(9)])
    days = [text for _, text in ticks_of(view.make_frame(), QFontMetricsF(view.font())) if "-" in text]
    assert len(days) in (2, 3)  # by the time zone
    assert all(re.fullmatch(r"2026-09-\d\d", text) for text in days)


def test_the_wheel_alone_scrolls_the_lanes_and_sideways_moves_the_time(make: Make) -> None:
    view = make([run(number, 10 * number, 60_000, lane=number) for number in range(60)])
    before = span(view)
    turn_wheel(view, QPointF(500, 200), QPoint(0, -120))
    assert view.verticalScrollBar().value() > 0
    assert span(view) == before
    turn_wheel(view, QPointF(500, 200), QPoint(0, -120), SHIFT)
    assert view.left_ms > before[0]


def test_dragging_moves_time_and_lanes_and_never_loses_all(make: Make) -> None:
    view = make([run(number, 1_000 * number, 500, lane=number) for number in range(60)])
    width, opened = view.right_ms - view.left_ms, []
    view.run_activated.connect(opened.append)
    left, scale = view.left_ms, view.make_frame().scale
    drag(view, QPoint(600, 300), QPoint(-100, -80))
    assert view.left_ms == pytest.approx(left + 100 / scale)
    assert view.right_ms - view.left_ms == pytest.approx(width)
    assert view.verticalScrollBar().value() > 0
    assert opened == []
    for _ in range(30):
        drag(view, QPoint(800, 300), QPoint(-700, 0))
    first, last = view.timeline.span
    assert view.left_ms < last < view.right_ms
    for _ in range(60):
        drag(view, QPoint(200, 300), QPoint(690, 0))
    assert view.left_ms < first < view.right_ms


def test_home_and_a_double_click_show_all_again(make: Make) -> None:
    view = make(some())
    whole = span(view)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert span(view) != whole
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert span(view) == whole
    QTest.keyClick(view, Qt.Key.Key_Minus)
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert span(view) != whole
    QTest.mouseDClick(view.viewport(), LEFT, NONE, QPoint(850, 380))
    assert span(view) == whole
    assert view.is_following


def test_what_is_in_view_stays_when_more_comes(make: Make) -> None:
    runs = [run(number, 1_000 * number, 60_000, lane=number) for number in range(60)]
    view = make(runs)
    view.show_span(START_MS + 10_000, START_MS + 80_000)
    view.verticalScrollBar().setValue(300)
    QTest.keyClick(view, Qt.Key.Key_Right)
    before, name = span(view), current(view)
    top = view.make_frame().bar(view.timeline, view.current).top()
    # One that is older moves all lanes down, were they not held.
    show(view, [*runs, run(900, -5_000, 90_000, lane=900), run(901, 500_000, lane=901)])
    assert span(view) == before
    assert current(view) == name
    assert abs(view.make_frame().bar(view.timeline, view.current).top() - top) < 2


def test_what_follows_shows_the_newest(make: Make) -> None:
    runs = some()
    view = make(runs)
    whole = span(view)
    show(view, [*runs, run(9, 50_000)])
    assert view.right_ms > START_MS + 50_000 > whole[1]
    assert view.left_ms < START_MS
    view.follow(60_000)
    show(view, [*runs, run(9, 50_000), run(10, 500_000)])
    assert view.right_ms - view.left_ms == 60_000
    assert view.right_ms > START_MS + 500_400


def test_what_runs_grows_until_now(make: Make) -> None:
    runs = [*some(), run(9, 5_000, outcome=Outcome.RUNNING)]
    view = make(runs)
    show(view, runs, later_ms=3_000)
    frame = view.make_frame()
    bar = frame.bar(view.timeline, index_of(view, "r9"))
    assert bar.width() == pytest.approx((frame.now_ms - START_MS - 5_000) * frame.scale, abs=1)
    assert has_colour(picture(view), colour_of(Kind.RUNNING, theme.LIGHT))


def test_environments_out_of_view_are_left_out_or_not(make: Make) -> None:
    view = make([run(number, 60_000 * number, lane=number) for number in range(10)])
    view.show_span(START_MS + 100_000, START_MS + 200_000)

    def shown() -> list[int]:
        return [lane for lane in range(10) if view.lane_rect(lane).height()]

    assert shown() == [2, 3]
    view.hide_idle(False)
    assert shown() == list(range(10))
    view.hide_idle(True)
    assert shown() == [2, 3]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_kinds_have_colours_of_their_own_near_and_far(make: Make, qapp: QApplication, mode: str) -> None:
    kinds = (Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY)
    runs = [run(number, 5_000 * number, 2_000, outcome=each) for number, each in enumerate(kinds)]
    view = make(runs)
    theme.apply(qapp, mode)
    colours = theme.colours(view.palette())
    assert colours.is_dark == (mode == "dark")
    near = picture(view)
    # The same far away, where they are pixels of an image.
    show(view, [*runs, *(run(10 + n, 400_000 + 5_000 * n, 100) for n in range(MOST_BARS + 1))])
    far = picture(view)
    for kind in (Kind.ERROR, Kind.TIMEOUT, Kind.OUT_OF_MEMORY):
        for image in (near, far):
            assert has_colour(image, colour_of(kind, colours)), kind


def test_marks_are_lines_over_the_lanes(make: Make) -> None:
    view = make(some(), (Mark(START_MS + 1_000.0, "changed"),))
    x = round(view.make_frame().x(START_MS + 1_000))
    column = {picture(view).pixel(at, y) for at in (x - 1, x) for y in range(250, 390)}
    assert theme.LIGHT.text.rgb() in column


def test_nothing_and_one(make: Make) -> None:
    view = make([])
    assert view.point_count() == 0
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_Plus, Qt.Key.Key_Return):
        QTest.keyClick(view, key)
    turn_wheel(view, QPointF(500, 200), QPoint(0, 120), CONTROL)
    drag(view, QPoint(600, 300), QPoint(-100, -80))
    picture(view)
    view.follow()
    show(view, [run(1, 0, 0)])
    assert view.point_count() == 1
    assert view.right_ms - view.left_ms >= 1_000
    assert view.run_at(middle_of(view, "r1")) == 0


def test_ten_thousand_are_painted_and_each_failure_is_seen(make: Make) -> None:
    view = make(many(10_000, 20))
    assert view.point_count() == 10_000
    image = picture(view)
    assert has_colour(image, theme.LIGHT.error)
    frame = view.make_frame()
    failed = [at for at in range(view.timeline.lanes[0].end) if view.timeline.kinds[at] == Kind.ERROR]
    assert failed
    for at in failed:
        bar = frame.bar(view.timeline, at)
        around = {
            image.pixel(round(bar.left()) + off, round(bar.top()) + 1)
            for off in (-1, 0, 1)
            if 0 <= round(bar.left()) + off < image.width()
        }
        assert theme.LIGHT.error.rgb() in around
    QTest.keyClick(view, Qt.Key.Key_End)
    assert card(view).isVisible()


def test_a_screen_reader_finds_the_environments(make: Make) -> None:
    view = make([*some(), run(9, 0, stream="")])
    heard = QAccessible.queryAccessibleInterface(view)
    assert heard.role() == QAccessible.Role.List
    assert heard.childCount() == 3
    names = [heard.child(at).text(QAccessible.Text.Name) for at in range(3)]
    assert names[0].startswith("Environment v7 · 00000000, 3 invocations, began ")
    assert "longest idle 1.6 s" in names[0]
    assert names[2] == "environment not known, 1 invocation, known from their answers alone"
    place = heard.child(1).rect()
    assert place.height() > 0
    assert heard.indexOfChild(heard.child(1)) == 1
    assert heard.child(3) is None
    show(view, [])
    assert heard.childCount() == 0


def test_help_is_at_hand(make: Make, qtbot: QtBot) -> None:
    view = make(some())
    place = QPoint(600, 390)
    where = view.viewport().mapToGlobal(place)
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, where))
    qtbot.waitUntil(QToolTip.isVisible)
    assert QToolTip.text() == HELP
    QToolTip.hideText()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.4, "0.4 ms"), (81.2, "81 ms"), (1_234, "1.23 s"), (90_000, "1.5 min"), (9_000_000, "2.5 h")],
)
def test_durations_are_short(value: float, text: str) -> None:
    assert format_ms(value) == text
