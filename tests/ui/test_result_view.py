"""The result of an invocation is shown within limits and saved as it was received."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from lambdadesk.core.cost import CostBadge
from lambdadesk.core.types import Cost, Outcome
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.widgets.result_view import LOG, LOG_LIMIT, ResultView

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
RESPONSE = '{"price": 1.10, "name": "é\u00a0x"}\r\n'.encode()


def entry(response: bytes = RESPONSE, **changes: object) -> HistoryEntry:
    return HistoryEntry("local", "hello", 1_000, outcome=Outcome.OK, response=response, **changes)  # type: ignore[arg-type]  # fields of the entry


@pytest.fixture
def view(qtbot: QtBot) -> ResultView:
    view = ResultView()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    return view


def test_a_long_log_is_cut_and_says_where_the_rest_is(view: ResultView) -> None:
    log = "a line of the log\n" * 100_000
    view.show_entry(entry(), log, None, "")
    first, _, rest = view.log.toPlainText().partition("\n")
    assert first == "— The first of 1.7 MB; the rest is on the Logs page. —"
    assert rest == log[:LOG_LIMIT]
    assert view.views.tabText(LOG) == "Log (100000)"
    view.show_entry(entry(), log[:LOG_LIMIT], None, "")
    assert view.log.toPlainText() == log[:LOG_LIMIT]


def test_the_response_is_saved_byte_for_byte_without_blocking(
    view: ResultView, qtbot: QtBot, tmp_path: Path
) -> None:
    assert not view.save_button.isEnabled()
    view.show_entry(entry(), "", None, "")
    qtbot.mouseClick(view.save_button, Qt.MouseButton.LeftButton)  # returns: no event loop of its own
    dialog = view.findChild(QFileDialog)
    assert dialog.isVisible()
    view.show_entry(entry(b"another"), "", None, "")
    path = tmp_path / "answer.json"
    dialog.selectFile(str(path))
    with qtbot.waitSignal(view.save_requested) as asked:
        dialog.accept()
    asyncio.run(view.save(*asked.args))
    assert path.read_bytes() == RESPONSE
    assert view.saved.isVisible()
    assert str(path) in view.saved.text()
    view.clear()
    assert not view.saved.isVisible()
    assert not view.save_button.isEnabled()


def test_what_could_not_be_saved_is_said_in_place(view: ResultView, tmp_path: Path) -> None:
    view.show_entry(entry(response_truncated=True), "", None, "")
    asyncio.run(view.save(str(tmp_path / "none" / "answer.json"), RESPONSE))
    assert view.saved.text().endswith("answer.json: No such file or directory.")
    asyncio.run(view.save(str(tmp_path / "answer.json"), RESPONSE))
    assert "beginning only" in view.saved.text()


def test_what_a_report_cannot_tell_stands_beside_the_cost(view: ResultView) -> None:
    one, half = Decimal(1), Decimal("0.5")
    cost = Cost(one, terms=(("Requests", one, "requests", one),), sources=("here: of today",))
    log_cost = Cost(
        Decimal(2), exact=False, notes=("At least.",), terms=(("Logs ingested", Decimal(4), "GB", half),)
    )
    view.show_entry(entry(), "líne\n", cost, "", log_cost, (CostBadge.DURABLE,))
    text = view.arithmetic.toPlainText()
    assert "Prices of here: of today." in text
    assert f"Durable: {CostBadge.DURABLE.words}" in text
    assert "6 bytes x 0.5 a GB = $2.000000" in text
    assert text.index("Total") < text.index("Apart from that, its log")
