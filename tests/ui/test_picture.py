"""What the pages draw, as a file: lines and areas however much there is, small, and within its edges."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.timeline import Timeline
from lambdadesk.core.types import Cost, Invocation, Outcome, Report
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart_stack import ChartStack
from lambdadesk.ui.widgets.legend import Legend
from lambdadesk.ui.widgets.picture import Drawn, Part, draw_picture, to_png, to_svg
from lambdadesk.ui.widgets.timeline_legend import timeline_entries
from lambdadesk.ui.widgets.timeline_view import TimelineView

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "This plugin does not support")

START_MS, SPAN_MS = 1_790_000_000_000, 3_600_000
MOST_BYTES = 5_000_000
LANES = 40


def runs_of(count: int) -> list[Invocation]:
    """Durations over three powers of ten, some failures and cold starts."""
    chance = np.random.default_rng(7)
    took = np.round(chance.lognormal(4.5, 0.7, count), 2).tolist()
    found = []
    for number, each in enumerate(took):
        at_ms = START_MS + SPAN_MS * number // count
        init = Decimal("250.5") if number < LANES else None
        request_id = f"0a1b2c3d-0000-4000-8000-{number:012}"
        report = Report(request_id, Decimal(str(each)), int(each) + 1, 128, 60 + number % 50, init_ms=init)
        outcome = Outcome.ERROR if number % 60 == 1 else Outcome.TIMEOUT if number % 170 == 2 else Outcome.OK
        stream = f"2026/11/27/[7]{number % LANES:08x}aaaa"
        found.append(
            Invocation(
                *("f", request_id, at_ms, stream, at_ms + int(each) + 1, "7", outcome, "", report),
                Cost(Decimal("0.0000002") + number % 90 * Decimal("0.00000001")),
            )
        )
    return found


def draw_charts(qtbot: QtBot, runs: list[Invocation]) -> Drawn:
    stack = ChartStack("USD")
    qtbot.addWidget(stack)
    stack.resize(900, 700)
    stack.show_columns(InvocationColumns.from_invocations(runs), None, (START_MS + SPAN_MS) / 1000)
    stack.show_deploys([(START_MS / 1000 + 600, "function changed")])
    stack.show()
    qtbot.waitExposed(stack)
    qtbot.waitUntil(lambda: all(chart.plot is not None for chart in stack.charts))
    legend = Legend()
    qtbot.addWidget(legend)
    legend.show_entries(stack.legend_entries(None, has_bands=True))
    return draw_picture("Charts of hello", "10,000 invocations", stack.parts(), legend)


def draw_timeline(qtbot: QtBot, runs: list[Invocation]) -> Drawn:
    view = TimelineView()
    qtbot.addWidget(view)
    view.resize(900, 400)
    timeline = Timeline(InvocationColumns.from_invocations(runs))
    view.show_timeline(timeline, timeline.marks(), timeline.span[1])
    view.show()
    qtbot.waitExposed(view)
    view.verticalScrollBar().setValue(13)  # lanes are cut at both ends
    view.show_span(view.left_ms + SPAN_MS / 9, view.right_ms - SPAN_MS / 9)
    legend = Legend()
    qtbot.addWidget(legend)
    legend.show_entries(timeline_entries())
    part = Part("", view.viewport().size(), view.paint_into)
    return draw_picture("Timeline of hello", "10,000 invocations", [part], legend)


def render(data: bytes, drawn: Drawn) -> QImage:
    renderer = QSvgRenderer(QByteArray(data))
    assert renderer.isValid()
    image = QImage(drawn.size * 2, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def array_of(image: QImage) -> np.ndarray:  # type: ignore[type-arg]
    image = image.convertToFormat(QImage.Format.Format_ARGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8)
    return pixels.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width(), :3].astype(int)


def from_afar(image: QImage) -> QImage:
    return image.scaled(image.size() / 8, mode=Qt.TransformationMode.SmoothTransformation)


@pytest.mark.parametrize("draw", [draw_charts, draw_timeline])
@pytest.mark.parametrize("count", [1, 400, 2_900, 20_000])
def test_a_drawing_is_of_lines_and_areas_and_small(
    qtbot: QtBot, qapp: QApplication, draw: Callable[[QtBot, list[Invocation]], Drawn], count: int
) -> None:
    theme.apply(qapp, "light")
    drawn = draw(qtbot, runs_of(count))
    data = to_svg(drawn)
    root = ET.fromstring(data)  # noqa: S314
    assert root.tag.endswith("svg")
    assert not [each for each in root.iter() if each.tag.endswith("image")]
    assert len(data) < MOST_BYTES
    words = "".join(root.itertext())
    assert " of hello" in words
    assert "succeeded" in words


@pytest.mark.parametrize("draw", [draw_charts, draw_timeline])
def test_picture_and_drawing_show_the_same_within_their_edges(
    qtbot: QtBot, qapp: QApplication, draw: Callable[[QtBot, list[Invocation]], Drawn]
) -> None:
    theme.apply(qapp, "dark")
    drawn = draw(qtbot, runs_of(20_000))
    picture = QImage.fromData(to_png(drawn))
    assert picture.size() == drawn.size * 2
    rendered = render(to_svg(drawn), drawn)
    # Edges of letters and lines differ by a pixel.
    is_other = np.abs(array_of(from_afar(picture)) - array_of(from_afar(rendered))).max(axis=2) > 25
    assert is_other.mean() < 0.01
    one, other = array_of(picture), array_of(rendered)
    ground = QColor(drawn.ground)
    edge = np.array([ground.blue(), ground.green(), ground.red()])
    for pixels in (one, other):
        assert (pixels[:, -2:] == edge).all()  # nothing goes over the right edge
        assert (pixels[:, :2] == edge).all()
        assert (pixels == edge).all(axis=2).mean() < 0.95  # and there is something to see
