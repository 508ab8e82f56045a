"""The Cases tab: a run becomes a case, cases are run together, and each says whether it held."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.expectations import Case, Expectations, parse_rules
from lambdadesk.core.types import InvokeRequest
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.store.saved_cases import SavedCases
from lambdadesk.ui.panels.cases_panel import CasesPanel
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, click_row, press, rows, until

GOOD = Case("good", '{"a": 1}', expectations=Expectations("ok", response=parse_rules("a == 1")))
BAD = Case("bad", '{"a": "<b>2</b>"}', expectations=Expectations("ok", response=parse_rules("a == 1")))
EVENT = Case("event", "", "order")


async def read_event(name: str) -> bytes:
    raise UserError(f"There is no event {name}.", kind=ErrorKind.NOT_FOUND)


async def list_events() -> list[str]:
    return ["order", "refund"]


class Rig:
    def __init__(self, desk: Desk, folder: Path) -> None:
        page = desk.page
        self.entry: HistoryEntry | None = None
        self.cases = SavedCases(folder)
        self.panel = CasesPanel(
            page.connection,
            page.function,
            self.cases,
            lambda: InvokeRequest(page.function, b'{"n": 1.10}'),
            lambda: self.entry,
            read_event,
            list_events,
        )
        self.panel.resize(900, 320)
        self.panel.show()

    def get(self, name: str) -> QWidget:
        return self.panel.findChild(QWidget, name)

    def text(self, name: str) -> str:
        return self.get(name).text()

    def table(self) -> list[list[str]]:
        return rows(self.get("casesTable"))

    async def run(self, button: str = "casesRunAll") -> str:
        await until(self.get(button).isEnabled)
        click(self.get(button))
        await until(lambda: self.text("casesStatus") not in ("",) and not self.panel.scope.is_running("run"))
        return self.text("casesStatus")


@asynccontextmanager
async def opened(desk: Desk, folder: Path, *cases: Case) -> AsyncIterator[Rig]:
    await desk.open("hello")
    for case in cases:
        await SavedCases(folder).save("hello", case)
    rig = Rig(desk, folder)
    await until(lambda: len(rig.table()) == len(cases))
    yield rig
    await rig.panel.close_panel()
    rig.panel.close()
    rig.panel.deleteLater()


async def test_all_cases_are_run_once_and_say_what_did_not_hold(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    async with opened(desk, tmp_path, GOOD, BAD, EVENT) as rig:
        await until(lambda: rig.text("casesEstimate").startswith("All 3. Estimate: $0.0000"))
        assert [row[1] for row in rig.table()] == ["Not run"] * 3
        assert {row[0]: row[5] for row in rig.table()}["bad"] == "ok; a == 1"
        assert await rig.run() == "1 passed · 2 failed"
        assert len(aws.requests("Invoke")) == 2
        found = {row[0]: row for row in rig.table()}
        assert found["good"][1:] == ["Passed", "$LATEST", "12.34 ms", "$0.000000227", "2 expectations held"]
        assert found["bad"][1] == "Failed"
        assert found["bad"][5] == 'a == 1: failed ("<b>2</b>")'
        assert found["event"][1] == "Not run"
        assert found["event"][5] == "There is no event order."
        shown: list[HistoryEntry] = []
        rig.panel.run_shown.connect(shown.append)
        click_row(rig.get("casesTable"), [row[0] for row in rig.table()].index("bad"))
        assert [entry.response for entry in shown] == [b'{"a": "<b>2</b>"}']
        await rig.panel.export(tmp_path / "cases.xml")
        suite = ElementTree.fromstring((tmp_path / "cases.xml").read_text()).find("testsuite")  # noqa: S314
        assert suite is not None
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")


async def test_selected_cases_alone(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    async with opened(desk, tmp_path, GOOD, BAD) as rig:
        assert not rig.get("casesRun").isEnabled()
        click_row(rig.get("casesTable"), 1)
        assert await rig.run("casesRun") == "1 passed"
        assert [request.body for request in aws.requests("Invoke")] == [b'{"a": 1}']


async def test_the_last_run_becomes_a_case(desk: Desk, tmp_path: Path) -> None:
    async with opened(desk, tmp_path) as rig:
        await until(rig.panel.state.isVisible)
        click(rig.get("casesSaveRun"))
        assert rig.text("casesStatus") == "Invoke first: there is no answer to make a case of."
        connection = desk.page.connection
        rig.entry = await connection.invoker.invoke(InvokeRequest(desk.page.function, b'{"a": 1}'))
        click(rig.get("casesSaveRun"))
        dialog = await until(lambda: rig.panel.findChild(QWidget, "caseDialog"))
        assert dialog.findChild(QWidget, "casePayload").toPlainText() == '{"a": 1}'
        save, problem = (dialog.findChild(QWidget, name) for name in ("caseSave", "caseProblem"))
        click(save)
        await until(lambda: "can't be the name of a case" in problem.text())
        QTest.keyClicks(dialog.findChild(QWidget, "caseName"), "first")
        QTest.keyClicks(dialog.findChild(QWidget, "caseRules"), "a = 1")
        click(save)
        assert problem.text().startswith("✖ Line 1 of the response's expectations")
        dialog.findChild(QWidget, "caseRules").setPlainText("a == 1")
        QTest.keyClicks(dialog.findChild(QWidget, "caseCost"), "0.001")
        click(save)
        await until(lambda: [row[0] for row in rig.table()] == ["first"])
        (saved,) = await rig.cases.list("hello")
        assert saved.case is not None
        assert saved.case.expectations.response == parse_rules("a == 1")
        assert await rig.run() == "1 passed"


async def test_a_case_is_changed_and_deleted(desk: Desk, tmp_path: Path) -> None:
    async with opened(desk, tmp_path, GOOD) as rig:
        click_row(rig.get("casesTable"), 0)
        click(rig.get("casesEdit"))
        dialog = await until(lambda: rig.panel.findChild(QWidget, "caseDialog"))
        QTest.keyClicks(dialog.findChild(QWidget, "caseName"), " one")
        click(dialog.findChild(QWidget, "caseSave"))
        await until(lambda: [row[0] for row in rig.table()] == ["good one"])
        click_row(rig.get("casesTable"), 0)
        click(rig.get("casesDelete"))
        click(await until(lambda: rig.get("casesReallyDelete")))
        await until(lambda: not rig.table())
        assert await rig.cases.list("hello") == ()


async def test_what_is_typed_for_a_case_is_not_lost_by_a_key(desk: Desk, tmp_path: Path) -> None:
    async with opened(desk, tmp_path, GOOD) as rig:
        click_row(rig.get("casesTable"), 0)
        click(rig.get("casesEdit"))
        dialog = await until(lambda: rig.panel.findChild(QWidget, "caseDialog"))
        rules = dialog.findChild(QWidget, "caseRules")
        QTest.keyClicks(rules, "b exists")
        press(rules, Qt.Key.Key_Escape)
        assert dialog.findChild(QWidget, "askQuestion").text() == "What you typed is not saved."
        press(dialog.focusWidget(), Qt.Key.Key_Escape)  # keeps it
        assert "b exists" in rules.toPlainText()
        dialog.close()
        assert dialog.isVisible()
        click(dialog.findChild(QWidget, "caseDiscard"))
        await until(lambda: not rig.panel.findChildren(QWidget, "caseDialog"))
        click(rig.get("casesEdit"))
        dialog = await until(lambda: rig.panel.findChild(QWidget, "caseDialog"))
        press(dialog, Qt.Key.Key_Escape)  # nothing was typed
        await until(lambda: not rig.panel.findChildren(QWidget, "caseDialog"))


async def test_a_saved_event_is_chosen_for_a_case(desk: Desk, tmp_path: Path) -> None:
    async with opened(desk, tmp_path, GOOD) as rig:
        click_row(rig.get("casesTable"), 0)
        click(rig.get("casesEdit"))
        dialog = await until(lambda: rig.panel.findChild(QWidget, "caseDialog"))
        events, payload = (dialog.findChild(QWidget, name) for name in ("caseEvent", "casePayload"))
        await until(lambda: events.count() == 3)
        assert payload.isEnabled()
        events.setFocus()
        press(events, Qt.Key.Key_Down)
        press(events, Qt.Key.Key_Down)
        assert events.currentText() == "refund"
        assert not payload.isEnabled()
        click(dialog.findChild(QWidget, "caseSave"))
        await until(lambda: rig.panel.findChild(QWidget, "caseDialog") is None)
        (saved,) = await rig.cases.list("hello")
        assert saved.case is not None
        assert (saved.case.event, saved.case.payload) == ("refund", "")


async def test_a_file_that_cannot_be_used_has_its_sentence(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    (tmp_path / "hello" / "cases").mkdir(parents=True)
    (tmp_path / "hello" / "cases" / "broken.case.json").write_text("{")
    await desk.open("hello")
    rig = Rig(desk, tmp_path)
    await until(rig.table)
    assert rig.table()[0][1] == "Unusable"
    assert rig.table()[0][5] == "The file is not JSON (line 1)."
    assert not rig.get("casesRunAll").isEnabled()
    await rig.panel.close_panel()
    rig.panel.close()


async def test_stop_runs_no_further_case(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    aws.always("Invoke", faults.slow(0.3))
    async with opened(desk, tmp_path, GOOD, BAD) as rig:
        click(rig.get("casesRunAll"))
        await until(lambda: aws.requests("Invoke"))
        click(rig.get("casesStop"))
        await until(lambda: "1 not run" in rig.text("casesStatus"))
        assert len(aws.requests("Invoke")) == 1


async def test_production_is_asked_once(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    async with opened(desk, tmp_path, GOOD, BAD) as rig:
        connection = desk.page.connection
        connection.info = replace(connection.info, guard=Guard.PRODUCTION)
        connection.gateway.guard = Guard.PRODUCTION
        wishes: list[tuple[str, Callable[[], None]]] = []
        rig.panel.write_requested.connect(lambda verb, then: wishes.append((verb, then)))
        click(rig.get("casesRunAll"))
        await until(lambda: wishes)
        assert wishes[0][0].startswith("Run 2 cases of hello (estimate $0.0000")
        assert aws.requests("Invoke") == []
        wishes[0][1]()
        await until(lambda: rig.text("casesStatus") == "1 passed · 1 failed")
        assert len(aws.requests("Invoke")) == 2


async def test_denied_is_said_and_ends_all(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    aws.always("Invoke", faults.denied("lambda:InvokeFunction"))
    async with opened(desk, tmp_path, GOOD, BAD) as rig:
        status = await rig.run()
        assert status.startswith("✖ ")
        assert status.endswith("1 failed · 1 not run")
        assert len(aws.requests("Invoke")) == 1
