"""The Sizing window: figures of what was observed, a sweep that is asked about, and what was left behind."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QPushButton, QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.power_sweep import SweepEntry
from lambdadesk.store.sweep_journal import SweepJournal
from lambdadesk.ui.dialogs.sizing.dialog import SizingDialog
from lambdadesk.ui.dialogs.sizing.right_size_dialog import RightSizeDialog
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.faults import Exchange
from tests.ui.desk import REGION, Desk, click, press, rows, until
from tests.ui.test_accessibility import nameless

CHANGES = ("UpdateFunctionConfiguration", "PublishVersion", "DeleteFunction")


class Rig:
    """The Sizing window of hello."""

    def __init__(self, desk: Desk, dialog: SizingDialog) -> None:
        self.desk = desk
        self.dialog = dialog

    def get(self, name: str) -> Any:
        (found,) = self.dialog.findChildren(QWidget, name)
        return found

    def turn_to(self, title: str) -> None:
        bar = self.dialog.tabs.tabBar()
        (at,) = [at for at in range(bar.count()) if bar.tabText(at) == title]
        click(bar, bar.tabRect(at).center())

    async def ask(self) -> None:
        """Click on Sweep, and wait for the question."""
        await until(lambda: "Estimate" in self.get("sweepEstimate").text())
        click(self.get("sweepStart"))
        await until(lambda: self.dialog.sweep.asks.is_asking)

    async def sweep(self) -> str:
        await self.ask()
        click(self.get("sweepYes"))
        return await self.end()

    async def end(self) -> str:
        power = self.dialog.sweep.power
        await until(lambda: power.sweep is not None and power.sweep.is_over, self.get("sweepStatus").text)
        return str(self.get("sweepStatus").text())


async def opened(desk: Desk) -> Rig:
    await desk.open("hello")
    click(desk.get("sizingButton"))
    (dialog,) = desk.window.findChildren(SizingDialog)
    await until(dialog.isVisible)
    return Rig(desk, dialog)


def changes(aws: FakeAws) -> list[str]:
    return [request.operation for request in aws.requests() if request.operation in CHANGES]


def button(window: QWidget, text: str) -> QAbstractButton:
    (found,) = [each for each in window.findChildren(QPushButton) if each.text() == text]
    return found


async def test_what_was_observed_is_compared(desk: Desk, aws: FakeAws) -> None:
    rig = await opened(desk)
    await until(lambda: "No run was observed yet" in rig.dialog.what_if.state.text)
    for _ in range(2):
        await desk.invoke()
    table = rig.get("whatIfSizes")
    await until(lambda: "2 runs" in rig.get("whatIfHead").text(), rig.get("whatIfHead").text)
    found = {row[0]: row for row in rows(table)}
    # 13 ms of 128 MB each.
    assert found["128 MB"][1:5] == ["present", "$0.000000454", "±0 %", "12.34 ms"]
    assert found["128 MB"][7] == "as it was"
    assert found["256 MB"][2:5] == ["≈ $0.000000458 to $0.000000508", "+1 % to +12 %", "6.17 to 12.3 ms"]
    assert "2 requests x 0.0000002 = $0.000000400" in rig.get("whatIfDetail").toPlainText()
    table.setFocus()
    press(table, Qt.Key.Key_Down)
    text = rig.get("whatIfDetail").toPlainText()
    assert "Not bound by the CPU" in text
    assert "Bound by one CPU" in text
    assert nameless(rig.dialog) == []
    box = rig.get("whatIfChoice")
    box.setFocus()
    press(box, Qt.Key.Key_Down)
    assert [row[0] for row in rows(rig.get("whatIfArchitectures"))] == ["x86_64", "arm64"]
    assert "1.25 times as long" in rig.get("whatIfNote").text()
    press(box, Qt.Key.Key_Down)
    assert ["3 s", "present", "0", "0.00 %", "$0.000000454"] in rows(rig.get("whatIfTimeouts"))
    press(box, Qt.Key.Key_Down)
    assert rows(rig.get("whatIfUnits"))[0][:2] == ["1", "dearer"]
    assert "At most 1 run at once" in rig.get("whatIfNote").text()
    assert nameless(rig.dialog) == []


async def test_units_may_be_there_at_some_hours_only(desk: Desk, aws: FakeAws) -> None:
    rig = await opened(desk)
    await desk.invoke()
    box = rig.get("whatIfChoice")
    box.setFocus()
    press(box, Qt.Key.Key_End)
    units, note = rig.get("whatIfUnits"), rig.get("whatIfNote")
    await until(lambda: rows(units) and "for the whole period" in note.text(), note.text)
    assert rows(units)[0][4] == "100.00 %"
    assert not rig.get("hoursFirst").isVisible()
    hour = datetime.now().astimezone().hour
    # From the hour after the next one to this one: whatever the clock does meanwhile, it is not now.
    rig.get("hoursFirst").setValue((hour + 2) % 24)
    rig.get("hoursEnd").setValue((hour - 1) % 24)
    days = rig.get("hoursDays")
    days.setFocus()
    press(days, Qt.Key.Key_End)
    assert rig.get("hoursFirst").isVisible()
    await until(lambda: rows(units)[0][4] == "0.00 %", lambda: rows(units))
    assert f"billed every day from {(hour + 2) % 24}:00 to {(hour - 1) % 24}:00 by this" in note.text()
    assert rows(units)[0][1] == "the same"
    assert nameless(rig.dialog) == []
    press(box, Qt.Key.Key_Home)
    assert not days.isVisible()


async def test_another_size_is_a_row_more(desk: Desk, aws: FakeAws) -> None:
    rig = await opened(desk)
    await desk.invoke()
    await until(lambda: "1 run " in rig.get("whatIfHead").text())
    rig.get("whatIfMore").setValue(777)
    await until(lambda: "777 MB" in [row[0] for row in rows(rig.get("whatIfSizes"))])


async def test_a_sweep_is_asked_about_and_leads_to_a_choice(desk: Desk, aws: FakeAws) -> None:
    aws.took_ms = {128: 800, 512: 200, 1024: 150}
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    rig.get("sweepSizes").setText("128, 512, 1024, x")
    await until(lambda: "x is no memory size" in rig.get("sweepEstimate").text())
    assert not rig.get("sweepStart").isEnabled()
    rig.get("sweepSizes").setText("128, 512, 1024")
    rig.get("sweepRuns").setValue(3)
    rig.turn_to("What if")
    rig.turn_to("Power sweep")
    assert rig.get("sweepSizes").text() == "128, 512, 1024"
    await rig.ask()
    assert nameless(rig.dialog) == []
    question = rig.get("askQuestion").text()
    assert question.startswith("Run hello 9 times with 128, 512, 1024 MB (up to $0.000246)?")
    assert question.endswith("what invokes $LATEST gets these sizes; then it has 128 MB again.")
    press(rig.get("askRefuse"), Qt.Key.Key_Space)
    assert changes(aws) == []
    assert await rig.sweep() == "✔ 9 runs. $LATEST has its 128 MB, the versions are deleted."
    assert aws.functions[0]["MemorySize"] == 128
    assert aws.versions["hello"] == []
    found = rows(rig.get("sweepTable"))
    assert [row[0] for row in found] == ["128 MB", "512 MB", "1,024 MB"]
    assert found[1][1:5] == ["3", "★ balanced", "2", "200 ms"]
    # 800 ms of 128 MB are 0.1 GB-s, as 200 ms of 512 MB are; 150 ms of 1,024 MB are half as much again.
    assert [row[2] for row in found] == ["★ cheapest", "★ balanced", "★ fastest"]
    assert rig.get("sweepChoice").text().startswith("Cheapest: 128 MB, $1.87 a million runs, as at present")
    curve = rig.get("sweepCurve")
    assert curve.point_count() == 3
    assert "512 MB, median 200 ms" in curve.accessibleDescription()
    curve.setFocus()
    press(curve, Qt.Key.Key_Right)
    assert curve.point_text().startswith("128 MB\nmedian 800 ms")
    assert nameless(rig.dialog) == []
    # The runs are ordinary ones: the other tab knows them.
    rig.turn_to("What if")
    await until(lambda: "9 runs" in rig.get("whatIfHead").text(), rig.get("whatIfHead").text)


async def test_of_a_function_that_is_gone_nothing_is_claimed(desk: Desk, aws: FakeAws) -> None:
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    aws.functions.pop(0)
    told = await rig.sweep()
    assert told.startswith("✖ What GetFunctionConfiguration asked for does not exist.")
    assert "$LATEST" not in told


async def test_runs_that_fail_are_left_out_and_said(desk: Desk, aws: FakeAws) -> None:
    aws.function_errors["hello"] = "Unhandled"
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    rig.get("sweepSizes").setText("128, 512")
    rig.get("sweepRuns").setValue(2)
    assert (await rig.sweep()).startswith("▲ 4 runs, of which 4 failed and are left out. $LATEST has its 128")
    assert [row[1:3] for row in rows(rig.get("sweepTable"))] == [
        ["2 of 2 failed", "▲ all of its runs failed"]
    ] * 2
    assert rig.get("sweepChoice").text() == "No size can be chosen; the table says why."
    assert rig.get("sweepCurve").point_count() == 0


async def test_what_differs_already_is_run_without_any_change(desk: Desk, aws: FakeAws) -> None:
    aws.versions["hello"] = [{**aws.functions[0], "Version": "3", "MemorySize": 512}]
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    box = rig.get("sweepSource")
    box.setFocus()
    press(box, Qt.Key.Key_Down)
    await until(lambda: rig.get("sweepSizes").text() == "128 ($LATEST), 512 (3)", rig.get("sweepSizes").text)
    rig.get("sweepRuns").setValue(2)
    assert (await rig.sweep()).startswith("✔ 4 runs.")
    assert changes(aws) == []


async def test_closing_the_window_in_the_middle_puts_all_back(desk: Desk, aws: FakeAws) -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(exchange: Exchange) -> None:
        loop.call_soon_threadsafe(held.set)
        faults.slow(20)(exchange)

    aws.script("Invoke", hold)
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    rig.get("sweepSizes").setText("512")
    await rig.ask()
    click(rig.get("sweepYes"))
    await held.wait()
    assert rig.get("sweepStop").hasFocus()
    assert nameless(rig.dialog) == []
    press(rig.dialog, Qt.Key.Key_Escape)
    assert rig.dialog.isVisible()
    click(rig.get("sizingClose"))
    assert not rig.dialog.isVisible()
    await until(lambda: not desk.connection.scope.is_running("sweep hello"))
    assert aws.functions[0]["MemorySize"] == 128
    assert aws.versions["hello"] == []


async def test_what_was_not_run_is_no_part_of_the_choice(desk: Desk, aws: FakeAws) -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(exchange: Exchange) -> None:
        loop.call_soon_threadsafe(held.set)
        faults.slow(20)(exchange)

    rig = await opened(desk)
    rig.turn_to("Power sweep")
    rig.get("sweepSizes").setText("128, 512")
    rig.get("sweepRuns").setValue(1)
    aws.script("Invoke", lambda exchange: exchange.send(exchange.normal()), hold)
    await rig.ask()
    click(rig.get("sweepYes"))
    await held.wait()
    click(rig.get("sweepStop"))
    await until(lambda: rig.get("sweepStatus").text().startswith("▲ Stopped."))
    await until(lambda: "128 MB" in rig.get("sweepChoice").text())
    assert rig.get("sweepChoice").text().startswith("Not all sizes were run. Of those that were:\nCheapest")


async def test_closing_the_tab_closes_it(desk: Desk, aws: FakeAws) -> None:
    rig = await opened(desk)
    await desk.close_tab()
    await until(lambda: rig.dialog not in desk.window.findChildren(SizingDialog))


async def test_in_production_the_name_is_typed_once_for_all_of_it(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    connection = desk.connection
    connection.info = replace(connection.info, guard=Guard.PRODUCTION)
    connection.gateway.guard = Guard.PRODUCTION
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    rig.get("sweepSizes").setText("128, 512")
    rig.get("sweepRuns").setValue(1)
    await until(lambda: "Estimate" in rig.get("sweepEstimate").text())
    click(rig.get("sweepStart"))
    confirm = await until(lambda: desk.window.findChild(QWidget, "confirmInvokeDialog"))
    assert "Sweep memory sizes of hello (up to $" in confirm.windowTitle()
    assert changes(aws) == []
    confirm.findChild(QWidget, "confirmName").setText("hello")
    click(confirm.findChild(QWidget, "confirmInvoke"))
    assert (await rig.end()).startswith("✔ 2 runs.")
    assert changes(aws) != []


async def test_what_a_killed_process_left_is_offered_and_put_back(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.change(aws.functions[0], MemorySize=1024)
    journal = SweepJournal(desk.paths.sweeps_dir)
    entry = SweepEntry(
        "id",
        desk.connection.target.key,
        "hello",
        512,
        0,
        (1024,),
        aws.functions[0]["LastModified"],
    )
    aws.versions["hello"] = [{**aws.functions[0], "Version": "4", "Description": entry.description}]
    journal.write(entry)
    journal.close()
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: desk.connection.target.region == "eu-west-1")
    assert "power sweep" not in desk.notices()  # of another place
    aws.script("GetFunctionConfiguration", faults.denied("lambda:GetFunctionConfiguration"))
    desk.window.places.open_target("", REGION, aws.url)
    await until(lambda: "what it has left could not be looked up" in desk.notices(), desk.notices)
    click(button(desk.get("noticeBar"), "Retry"))
    said = "LambdaDesk was ended during a power sweep of hello; its memory was 512 MB, now 1,024 MB."
    await until(lambda: said in desk.notices(), desk.notices)
    assert changes(aws) == []
    click(button(desk.get("noticeBar"), "Set 512 MB"))
    await until(lambda: not list(desk.paths.sweeps_dir.glob("*")), desk.notices)
    assert aws.functions[0]["MemorySize"] == 512
    assert aws.versions["hello"] == []
    await until(lambda: "hello is as it was before the power sweep." in desk.text("statusMessage"))

    def listed_mb() -> int | None:
        function = desk.connection.catalog.get("hello")
        return function and function.memory_mb

    await until(lambda: listed_mb() == 512, listed_mb)
    assert json.loads(aws.requests("UpdateFunctionConfiguration")[0].body)["MemorySize"] == 512


async def test_what_can_not_be_put_back_is_told_in_the_window(desk: Desk, aws: FakeAws) -> None:
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    rig.get("sweepSizes").setText("512")
    rig.get("sweepRuns").setValue(1)
    await rig.ask()

    def deny_the_next(exchange: Exchange) -> None:
        aws.always("UpdateFunctionConfiguration", faults.denied("lambda:UpdateFunctionConfiguration"))
        exchange.send(exchange.normal())

    aws.script("UpdateFunctionConfiguration", deny_the_next)
    click(rig.get("sweepYes"))
    assert "could not be put back to 128 MB" in await rig.end()
    await until(lambda: "could not be put back to 128 MB" in desk.notices(), desk.notices)
    rig.dialog.close()
    aws.always("UpdateFunctionConfiguration", None)
    click(button(desk.get("noticeBar"), "Look again"))
    await until(lambda: "its memory was 128 MB, now 512 MB" in desk.notices(), desk.notices)
    click(button(desk.get("noticeBar"), "Set 128 MB"))
    await until(lambda: not list(desk.paths.sweeps_dir.glob("*")), desk.notices)
    assert aws.functions[0]["MemorySize"] == 128


async def test_what_ended_a_sweep_is_told_beside_what_it_left(desk: Desk, aws: FakeAws) -> None:
    rig = await opened(desk)
    rig.turn_to("Power sweep")
    rig.get("sweepSizes").setText("128")
    aws.always("Invoke", faults.denied("lambda:InvokeFunction"))
    aws.always("DeleteFunction", faults.denied("lambda:DeleteFunction"))
    said = await rig.sweep()
    await until(lambda: "could not be deleted" in desk.notices(), desk.notices)
    for text in (said, desk.notices()):
        assert "not allowed to call lambda:InvokeFunction" in text
        assert "Version 1 of hello could not be deleted." in text


async def test_all_functions_with_the_memory_they_used(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    desk.action("Right-size all functions").trigger()
    (dialog,) = desk.window.findChildren(RightSizeDialog)
    await until(lambda: "No run is known yet" in dialog.state.text)
    await desk.open("other")
    await desk.invoke()
    click(dialog.refresh_button)
    await until(lambda: dialog.model.rowCount() == 1)
    assert dialog.status.text() == "1 function; of 2 more no run is known yet"
    ((row),) = rows(dialog.table)
    assert row[:4] == ["other", "512 MB", "40 MB", "40 MB"]
    assert row[4:7] == ["not known", "—", "—"]
    assert "it takes 100 to suggest a smaller size" in dialog.notes.text()
    assert nameless(dialog) == []
    press(dialog.table, Qt.Key.Key_Return)
    await until(lambda: desk.window.findChildren(SizingDialog))
    dialog.close()
    await until(lambda: dialog not in desk.window.findChildren(RightSizeDialog))
