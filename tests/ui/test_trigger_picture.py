"""The picture of what starts a function, and where its results go."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication

from lambdadesk.core.triggers import Answer, Evidence, Mode, Trigger
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.trigger_picture import TriggerPicture
from tests.servers.fake_services import FakeServices, to_policy
from tests.ui.desk import Desk, click, move, until
from tests.ui.triggers_rig import ELSEWHERE, allow, choose, open_page, serve, shown


@pytest.fixture
def aws() -> Iterator[FakeServices]:
    with serve() as server:
        yield server


async def test_the_picture_says_the_same_and_selects(desk: Desk) -> None:
    await open_page(desk)
    picture = desk.get("triggerPicture")
    assert picture.isVisible()
    assert picture.accessibleDescription() == (
        "Sources: post-commits · SNS (permitted only), pictures · S3 (not checked), "
        "orders · SQS (confirmed). Function: hello. "
        "Destinations: orders-failed · on failure of SQS orders."
    )
    choose(desk, "post-commits")
    sources = [(rect, node) for rect, node in picture._place().sources]
    rect = next(rect for rect, node in sources if node.title == "orders")
    click(picture, rect.center().toPoint())
    assert desk.get("triggerEvidence").toPlainText().startswith("SQS orders")
    move(picture, rect.center().toPoint() + QPoint(3, 1))
    assert picture.toolTip() == "orders · SQS"


def test_lines_differ_by_verdict(qapp: QApplication) -> None:
    """Told by the legend of a picture with that one verdict: solid, dashed, dotted."""
    strokes = []
    for answer in (Answer.OK, Answer.GONE, Answer.DENIED):
        picture = TriggerPicture()
        evidence = (Evidence("sqs:GetQueueUrl", answer, "So it is."),)
        picture.show_triggers("f", [Trigger("k", "SQS", "orders", Mode.POLLED, evidence)], [])
        picture.resize(360, 160)
        image = picture.grab().toImage()
        y = picture.height() - theme.SPACE - picture.fontMetrics().lineSpacing() // 2
        inked = [
            image.pixelColor(x, y) != image.pixelColor(1, y) for x in range(theme.SPACE, theme.SPACE + 28)
        ]
        strokes.append(sum(now and not before for before, now in pairwise([False, *inked])))
    solid, dashed, dotted = strokes
    assert solid == 1
    assert 1 < dashed < dotted


async def test_many_sources_are_counted(desk: Desk, aws: FakeServices) -> None:
    aws.answers["GetPolicy"] = to_policy(*(allow("sns", f"{ELSEWHERE}-{n:02}") for n in range(20)))
    desk.window.resize(1700, 1000)
    await open_page(desk)
    assert len(shown(desk)) == 21
    picture = desk.get("triggerPicture")
    sources = picture._place().sources
    assert len(sources) == 8
    assert sources[-1][1].title == "+14 more"
    assert "post-commits-19" in picture.accessibleDescription()


async def test_the_picture_gives_way_where_it_is_narrow(desk: Desk) -> None:
    await open_page(desk)
    parts = desk.get("triggersSplitter").parentWidget()
    picture = desk.get("triggerPicture")
    desk.window.resize(1700, 900)
    await until(lambda: picture.parentWidget() is parts)
    desk.window.resize(1280, 800)
    await until(lambda: picture.parentWidget() is not parts)
    assert picture.isVisible()
    desk.window.resize(800, 600)
    await until(lambda: not picture.isVisible())
    assert desk.get("triggerEvidence").isVisible()
