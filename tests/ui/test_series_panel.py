"""The Series tab: its price before, its progress, its stop, and its figures, driven by clicks."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import InvokeRequest
from lambdadesk.ui.invoke.payload_file import TEMPLATE
from lambdadesk.ui.panels.series_panel import FILE, SeriesPanel
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, press, rows, until


class Rig:
    def __init__(self, desk: Desk, payload: bytes = b'{"n": "{{id}}"}') -> None:
        page = desk.page
        self.panel = SeriesPanel(
            page.connection,
            page.function,
            lambda **_how: InvokeRequest(page.function, payload),
            payload.decode,
        )
        self.panel.resize(900, 640)
        self.panel.show()

    def get(self, name: str) -> QWidget:
        return self.panel.findChild(QWidget, name)

    def text(self, name: str) -> str:
        return self.get(name).text()

    def type(self, name: str, value: int) -> None:
        box = self.get(name)
        box.setFocus()
        box.selectAll()
        QTest.keyClicks(box, str(value))
        press(box, Qt.Key.Key_Return)

    def choose(self, name: str, text: str) -> None:
        box = self.get(name)
        box.setFocus()
        for _ in range(box.count()):
            if box.currentText() == text:
                return
            press(box, Qt.Key.Key_Down)
        assert box.currentText() == text

    async def start(self, label: str = "") -> None:
        button = self.get("seriesStart")
        await until(
            lambda: button.isEnabled() and label in button.text(),
            lambda: (button.text(), self.text("seriesEstimate")),
        )
        click(button)

    async def finish(self) -> str:
        await until(
            lambda: self.panel.runner.series is not None and not self.panel.scope.is_running("series"),
            lambda: self.text("seriesStatus"),
        )
        return self.text("seriesStatus")


@asynccontextmanager
async def opened(desk: Desk, make: Callable[[Desk], Rig] = Rig) -> AsyncIterator[Rig]:
    await desk.open("hello")
    rig = make(desk)
    yield rig
    await rig.panel.close_panel()
    rig.panel.close()
    rig.panel.deleteLater()


async def test_a_series_says_its_price_and_then_its_figures(desk: Desk, aws: FakeAws) -> None:
    async with opened(desk) as rig:
        rig.type("seriesRuns", 30)
        rig.type("seriesConcurrency", 5)
        await until(lambda: "the duration is not known" in rig.text("seriesEstimate"))
        assert rig.text("seriesEstimate").startswith("Estimate: $0.000006")
        assert aws.requests("Invoke") == []
        await rig.start("Start 30 runs")
        status = await rig.finish()
        assert len(aws.requests("Invoke")) == 30
        assert status.startswith("30 runs · 30 ok")
        assert "$0.0000" in status
        figures = rows(rig.get("seriesFigures"))
        assert figures[0][:4] == ["Billed", "30", "13 ms", "13 ms"]
        assert [row[0].strip() for row in figures] == ["Billed", "Duration", "Round trip", "warm starts"]
        assert not rig.get("seriesErrorTable").isVisible()
        assert "Billed duration of 30: median 13 ms" in rig.get("seriesStatus").accessibleDescription()
        assert "Round trips" in rig.get("seriesHistogram").accessibleDescription()
        await until(lambda: "13 ms, the median billed of the last 30 runs" in rig.text("seriesEstimate"))


async def test_errors_are_shown_in_groups(desk: Desk, aws: FakeAws) -> None:
    aws.function_errors["hello"] = "Unhandled"
    aws.handlers["hello"] = lambda _payload: b'{"errorType": "KeyError", "errorMessage": "order <b>7</b>"}'
    aws.script("Invoke", faults.throttled())
    async with opened(desk) as rig:
        rig.type("seriesErrors", 3)
        await rig.start("Start 10 runs")
        status = await rig.finish()
        assert "Stopped after 3 errors." in status
        assert "6 were not sent." in status
        table = rig.get("seriesErrorTable")
        assert table.isVisible()
        assert rows(table)[0] == ["3", "KeyError", "order <b><n></b>"]
        assert rows(table)[1][:2] == ["1", "Throttled"]


async def test_stop_and_then_stop_waiting(desk: Desk, aws: FakeAws) -> None:
    aws.always("Invoke", faults.hang)
    async with opened(desk) as rig:
        rig.type("seriesConcurrency", 3)
        await rig.start("Start 10 runs")
        await until(lambda: len(aws.requests("Invoke")) == 3)
        stop = rig.get("seriesStop")
        await until(stop.isVisible)
        click(stop)
        await until(lambda: "3 under way are waited for" in rig.text("seriesStatus"))
        assert stop.text() == "Stop waiting"
        click(stop)
        status = await rig.finish()
        assert "▲ 3 may still run: nobody waited for their answers." in status
        assert "7 were not sent." in status
        assert not stop.isVisible()


async def test_a_file_of_payloads(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    path = tmp_path / "payloads.ndjson"
    path.write_text('{"n": 1}\n{"n": \n{"n": 3}\n')
    async with opened(desk) as rig:
        rig.choose("seriesSource", FILE)
        assert not rig.get("seriesRuns").isVisible()
        await until(lambda: rig.text("seriesEstimate").startswith("Choose a file"))
        rig.panel.load_file(path)
        await until(lambda: "1 row is left out. Line 2: " in rig.text("seriesEstimate"))
        await rig.start("Start 2 runs")
        await rig.finish()
        assert [request.body for request in aws.requests("Invoke")] == [b'{"n": 1}', b'{"n": 3}']


async def test_variables_of_a_file_are_filled_in_line_by_line(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    path = tmp_path / "payloads.ndjson"
    path.write_text('{"at": {{now:ms}}}\n{"id": "{{uuid}}"}\n{"stage": "{{env:LAMBDADESK_NOT_SET}}"}\n')
    async with opened(desk) as rig:
        rig.choose("seriesSource", FILE)
        rig.panel.load_file(path)
        await until(lambda: "Variables like {{now:ms}} are filled in" in rig.text("seriesEstimate"))
        assert "Line 3: there is no environment variable LAMBDADESK_NOT_SET" in rig.text("seriesEstimate")
        await rig.start("Start 2 runs")
        await rig.finish()
        first, second = (json.loads(request.body) for request in aws.requests("Invoke"))
        assert isinstance(first["at"], int)
        assert len(second["id"]) == 36


async def test_a_cell_is_sent_as_it_stands(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id\n{{uuid}}\n")
    async with opened(desk) as rig:
        rig.choose("seriesSource", FILE)
        rig.panel.load_file(path)
        await until(lambda: "{{uuid}} in a cell is sent as it stands." in rig.text("seriesEstimate"))
        await rig.start("Start 1 run")
        await rig.finish()
        assert aws.requests("Invoke")[0].body == b'{"id":"{{uuid}}"}'


async def test_columns_of_a_csv_file_become_keys_or_fill_a_template(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,amount\n7,1.50\n8,x\n")
    async with opened(desk) as rig:
        rig.choose("seriesSource", FILE)
        rig.panel.load_file(path)
        await until(lambda: rig.panel.findChild(QWidget, "seriesType1"))
        rig.choose("seriesType1", "number")
        await until(lambda: "Line 3: amount is not a number: 'x'" in rig.text("seriesEstimate"))
        await rig.start("Start 1 run")
        await rig.finish()
        rig.choose("seriesCsvMode", TEMPLATE)
        await rig.start("Start 2 runs")
        await until(lambda: len(aws.requests("Invoke")) == 3)
        await rig.finish()
        bodies = [request.body for request in aws.requests("Invoke")]
        assert bodies == [b'{"id":"7","amount":1.50}', b'{"n": "7"}', b'{"n": "8"}']


async def test_a_file_that_cannot_be_used_says_why(desk: Desk, tmp_path: Path) -> None:
    async with opened(desk) as rig:
        rig.choose("seriesSource", FILE)
        rig.panel.load_file(tmp_path / "not there.csv")
        await until(lambda: rig.text("seriesEstimate").startswith("✖ not there.csv can't be read"))
        broken = tmp_path / "broken.csv"
        broken.write_text('a\n"1')
        rig.panel.load_file(broken)
        await until(lambda: "The file is not CSV from line 2 on" in rig.text("seriesEstimate"))


async def test_what_is_denied_ends_it_at_once(desk: Desk, aws: FakeAws) -> None:
    aws.always("Invoke", faults.denied("lambda:InvokeFunction"))
    async with opened(desk) as rig:
        await rig.start("Start 10 runs")
        status = await rig.finish()
        assert len(aws.requests("Invoke")) == 1
        assert "Stopped: " in status
        assert "9 were not sent." in status


async def test_production_is_asked_once_with_number_and_price(desk: Desk, aws: FakeAws) -> None:
    async with opened(desk) as rig:
        connection = desk.page.connection
        connection.info = replace(connection.info, guard=Guard.PRODUCTION)
        connection.gateway.guard = Guard.PRODUCTION
        asked: list[tuple[str, Callable[[], None]]] = []
        rig.panel.write_requested.connect(lambda verb, then: asked.append((verb, then)))
        await rig.start("Start 10 runs")
        await until(lambda: asked)
        ((verb, then),) = asked
        assert verb.startswith("Run hello 10 times (estimate $0.00000")
        assert aws.requests("Invoke") == []
        then()
        await until(lambda: len(aws.requests("Invoke")) == 10)
        assert (await rig.finish()).startswith("10 runs · 10 ok")


async def test_an_earlier_series_is_compared_and_the_runs_are_exported(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    async with opened(desk) as rig:
        await rig.start("Start 10 runs")
        await rig.finish()
        await rig.start("Start 10 runs")
        await until(lambda: len(aws.requests("Invoke")) == 20)
        await rig.finish()
        compare = rig.get("seriesCompare")
        await until(lambda: compare.count() == 2)
        assert compare.itemText(1).endswith(", 10 runs")
        compare.setFocus()
        press(compare, Qt.Key.Key_Down)
        await until(lambda: rows(rig.get("seriesFigures"))[0][2] == "13 ms (=)")
        await rig.panel.export(tmp_path / "runs.csv")
        assert len(list(csv.DictReader(io.StringIO((tmp_path / "runs.csv").read_text())))) == 10
        assert rig.text("seriesStatus").startswith("✔ 10 runs written to ")
        await rig.panel.export(tmp_path / "runs.ndjson")
        assert len((tmp_path / "runs.ndjson").read_text().splitlines()) == 10
        await rig.panel.export(tmp_path / "runs.json")
        assert json.loads((tmp_path / "runs.json").read_text())["runs"] == 10


async def test_a_payload_that_cannot_be_sent_starts_nothing(desk: Desk, aws: FakeAws) -> None:
    def make(desk: Desk) -> Rig:
        rig = Rig(desk)

        def refuse(**_how: bool) -> InvokeRequest:
            raise UserError("the payload is not valid JSON.", kind=ErrorKind.INVALID)

        rig.panel._get_request = refuse
        return rig

    async with opened(desk, make) as rig:
        rig.panel.show_estimate()
        await until(
            lambda: rig.text("seriesEstimate") == "✖ Can't be sent: the payload is not valid JSON.",
            lambda: rig.text("seriesEstimate"),
        )
        rig.panel.start()
        await until(lambda: not rig.panel.scope.is_running("start"))
        assert rig.panel.runner.series is None
