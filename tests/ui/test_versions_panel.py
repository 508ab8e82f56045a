"""Compare versions: each asked the same, side by side, and what differs is a click away."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.types import InvocationType, InvokeRequest
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.panels.versions_panel import VersionsPanel
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.faults import Exchange
from tests.ui.desk import Desk, click, click_row, press, rows, until


class Rig:
    def __init__(self, desk: Desk) -> None:
        page = desk.page
        self.kind = InvocationType.REQUEST_RESPONSE
        self.panel = VersionsPanel(
            page.connection, page.function, lambda **_how: InvokeRequest(page.function, b"{}", self.kind)
        )
        self.panel.resize(900, 300)
        self.panel.show()

    def get(self, name: str) -> QWidget:
        return self.panel.findChild(QWidget, name)

    def text(self, name: str) -> str:
        return self.get(name).text()

    async def tick(self, *names: str) -> None:
        box = self.panel.list
        assert isinstance(box, QListWidget)
        await until(lambda: box.count() > 1, lambda: self.text("versionsStatus"))
        for row in range(box.count()):
            if (box.item(row).text() in names) != (box.item(row).checkState() == Qt.CheckState.Checked):
                box.setFocus()
                box.setCurrentRow(row)
                press(box, Qt.Key.Key_Space)

    async def compare(self) -> str:
        button = self.get("versionsStart")
        await until(button.isEnabled)
        click(button)
        await until(lambda: self.panel.scope.is_running("run") or self.panel.runner.rows)
        await until(lambda: not self.panel.scope.is_running("run"))
        return self.text("versionsStatus")


@asynccontextmanager
async def opened(desk: Desk, aws: FakeAws) -> AsyncIterator[Rig]:
    aws.aliases["hello"] = ["live"]
    aws.versions["hello"] = ["1", "2"]
    await desk.open("hello")
    rig = Rig(desk)
    yield rig
    await rig.panel.close_panel()
    rig.panel.close()
    rig.panel.deleteLater()


def asked(aws: FakeAws) -> list[str]:
    return [request.params["Qualifier"] for request in aws.requests("Invoke")]


async def test_versions_are_asked_the_same_side_by_side(desk: Desk, aws: FakeAws) -> None:
    answers = {"1": b'{"b": 2,  "a": 1}', "2": b'{"a": 1, "b": 3}'}
    aws.always("Invoke", lambda exchange: _send(exchange, aws, answers))
    async with opened(desk, aws) as rig:
        diffs: list[tuple[HistoryEntry, HistoryEntry]] = []
        rig.panel.diff_requested.connect(lambda one, other: diffs.append((one, other)))
        await rig.tick("$LATEST", "1", "2")
        await until(
            lambda: "3 times" in rig.text("versionsEstimate") or "not known" in rig.text("versionsEstimate")
        )
        assert aws.requests("Invoke") == []
        assert await rig.compare() == "2 answered otherwise than $LATEST; click a row to see how."
        assert sorted(asked(aws)) == ["$LATEST", "1", "2"]
        table = rig.get("versionsTable")
        found = {row[0].split()[0]: row for row in rows(table)}
        assert found["$LATEST"][1:6] == ["Succeeded", "the first", "1", "12.34 ms", "13 ms"]
        assert found["$LATEST"][6:] == ["$0.000000227", "40 MB", "none"]
        assert (found["1"][2], found["2"][2]) == ("the same", "differs")
        click_row(table, [row[2] for row in rows(table)].index("differs"))
        ((one, other),) = diffs
        assert (one.response, other.response) == (b'{"a": 1, "b": 2}', answers["2"])


def _send(exchange: Exchange, aws: FakeAws, answers: dict[str, bytes]) -> None:
    qualifier = aws.requests("Invoke")[-1].params["Qualifier"]  # one at a time
    reply = exchange.normal()
    reply.body = answers.get(qualifier, b'{"a": 1, "b": 2}')
    exchange.send(reply)


async def test_a_warm_up_is_one_more_run_that_is_left_out(desk: Desk, aws: FakeAws) -> None:
    async with opened(desk, aws) as rig:
        await rig.tick("live")
        rig.get("versionsRuns").setFocus()
        press(rig.get("versionsRuns"), Qt.Key.Key_Up)
        click(rig.get("versionsWarmUp"))
        await rig.compare()
        assert asked(aws) == ["live"] * 3
        assert rows(rig.get("versionsTable"))[0][3] == "2"


async def test_a_version_that_fails_does_not_stop_the_others(desk: Desk, aws: FakeAws) -> None:
    aws.script("Invoke", faults.error(404, "ResourceNotFoundException"))
    async with opened(desk, aws) as rig:
        await rig.tick("1", "2")
        status = await rig.compare()
        assert status.startswith("✖ The function hello (")
        assert [row[1] for row in rows(rig.get("versionsTable"))] == ["Not run", "Succeeded"]


async def test_denied_asks_no_further(desk: Desk, aws: FakeAws) -> None:
    aws.always("Invoke", faults.denied("lambda:InvokeFunction"))
    async with opened(desk, aws) as rig:
        await rig.tick("1", "2")
        await rig.compare()
        assert len(aws.requests("Invoke")) == 1
        assert [row[1] for row in rows(rig.get("versionsTable"))] == ["Not run", "Not asked"]


async def test_stop_waiting(desk: Desk, aws: FakeAws) -> None:
    aws.always("Invoke", faults.hang)
    async with opened(desk, aws) as rig:
        await rig.tick("1", "2")
        click(rig.get("versionsStart"))
        await until(lambda: aws.requests("Invoke"))
        click(rig.get("versionsStop"))
        await until(lambda: rig.text("versionsStatus").startswith("▲ Stopped waiting."))
        assert len(aws.requests("Invoke")) == 1


async def test_production_is_asked_once(desk: Desk, aws: FakeAws) -> None:
    async with opened(desk, aws) as rig:
        connection = desk.page.connection
        connection.info = replace(connection.info, guard=Guard.PRODUCTION)
        connection.gateway.guard = Guard.PRODUCTION
        wishes: list[tuple[str, Callable[[], None]]] = []
        rig.panel.write_requested.connect(lambda verb, then: wishes.append((verb, then)))
        await rig.tick("1", "2")
        click(rig.get("versionsStart"))
        await until(lambda: wishes)
        assert wishes[0][0].startswith("Run versions of hello 2 times (estimate $0.0000")
        wishes[0][1]()
        await until(lambda: len(aws.requests("Invoke")) == 2)
        await until(lambda: rig.text("versionsStatus") == "All answered the same.")


async def test_what_has_no_answer_is_not_compared(desk: Desk, aws: FakeAws) -> None:
    async with opened(desk, aws) as rig:
        for kind, words in (
            (InvocationType.DRY_RUN, "A dry run has no answer to compare."),
            (InvocationType.EVENT, "An asynchronous event has no answer to compare."),
        ):
            rig.kind = kind
            await rig.tick("1", "2")
            rig.panel.show_estimate()
            told = f"✖ Can't be sent: {words} Choose Request / response."
            await until(lambda told=told: rig.text("versionsEstimate") == told)
            await until(lambda: not rig.get("versionsStart").isEnabled())
            rig.panel.start()
            await until(lambda words=words: words in rig.text("versionsStatus"))
        assert aws.requests("Invoke") == []


async def test_without_versions_there_is_nothing_to_compare(desk: Desk) -> None:
    await desk.open("third")
    rig = Rig(desk)
    await until(lambda: "nothing to compare" in rig.text("versionsStatus"))
    await rig.panel.close_panel()
    rig.panel.close()
