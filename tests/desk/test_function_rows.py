"""The functions of several connections in one list, each row with what is known of it."""

import asyncio
import time
from pathlib import Path

from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.function_facts import Facts
from lambdadesk.core.lamps import LampKind
from lambdadesk.core.types import InvokeRequest
from lambdadesk.desk.function_rows import FRESH_S, RECENT
from lambdadesk.store.settings import Settings
from tests.desk.rows_desk import Desk
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import ACCOUNT, FakeAws, make_function


async def test_rows_come_with_the_list_and_figures_and_tags_after_it(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function(f"f{number:02}") for number in range(60)]
        aws.functions[7]["Runtime"] = "nodejs20.x"
        now_s = time.time() - 60
        aws.metrics["f03", "Invocations"] = [(now_s, 1)] * 4
        aws.metrics["f03", "Throttles"] = [(now_s, 1)]
        aws.tags[f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f05"] = {"team": "core"}
        connection = desk.connect(aws)
        desk.rows.add(connection)
        assert desk.rows.rows == ()
        await connection.catalog.refresh()
        assert [row.function.name for row in desk.rows.rows] == [f"f{number:02}" for number in range(60)]
        assert [len(keys) for keys in desk.changes] == [50, 10]
        before = desk.rows.rows
        assert before[3].figures is None
        assert before[3].tags is None
        await desk.until_told(connection)
        row = desk.get(connection, "f03")
        assert row.figures is not None
        assert row.figures.invocations == 4
        assert [lamp.kind for lamp in row.lamps] == [LampKind.THROTTLED]
        assert row.tags == {}
        assert desk.get(connection, "f05").tags == {"team": "core"}
        assert [lamp.kind for lamp in desk.get(connection, "f07").lamps] == [LampKind.RUNTIME]
        assert (row.connection, row.region, row.account) == (connection.target.title, "us-east-1", "")
        state = desk.rows.get_state(connection.target.key)
        assert state.figures_ms is not None
        assert (state.figures_error, state.tags_error) == (None, None)


async def test_a_row_that_did_not_change_is_the_same_object(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("stays"), make_function("grows"), make_function("goes")]
        connection = desk.connect(aws)
        desk.rows.add(connection)
        await connection.catalog.refresh()
        await desk.until_told(connection)
        before = {row.function.name: row for row in desk.rows.rows}
        desk.changes.clear()
        aws.functions = [
            make_function("stays"),
            make_function("grows", MemorySize=512),
            make_function("comes"),
        ]
        await connection.catalog.refresh()
        after = {row.function.name: row for row in desk.rows.rows}
        assert list(after) == ["stays", "grows", "comes", "goes"]
        assert after["stays"] is before["stays"]
        assert after["grows"].function.memory_mb == 512
        assert after["goes"].is_gone
        changed = {name for keys in desk.changes for _, name in keys}
        assert changed == {"grows", "comes", "goes"}
        await desk.until_told(connection)


async def test_several_connections_stand_side_by_side(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("same")]
        east, west = desk.connect(aws, "us-east-1"), desk.connect(aws, "us-west-2")
        for connection in (east, west):
            desk.rows.add(connection)
            await connection.catalog.refresh()
            await desk.until_told(connection)
        assert [(row.region, row.function.name) for row in desk.rows.rows] == [
            ("us-east-1", "same"),
            ("us-west-2", "same"),
        ]
        await west.identify()
        assert (desk.get(east, "same").account, desk.get(west, "same").account) == ("", ACCOUNT)
        desk.changes.clear()
        desk.rows.remove(east.target.key)
        desk.rows.remove(east.target.key)  # harmless
        assert desk.changes == [frozenset({(east.target.key, "same")})]
        assert [row.region for row in desk.rows.rows] == ["us-west-2"]
        await east.catalog.refresh()  # nobody listens any more
        assert [row.region for row in desk.rows.rows] == ["us-west-2"]


async def test_denied_figures_and_tags_leave_rows_without_them(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        aws.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
        aws.always("GetResources", faults.denied("tag:GetResources"))
        connection = desk.connect(aws)
        desk.rows.add(connection)
        await connection.catalog.refresh()
        await desk.until_told(connection)
        row = desk.get(connection, "f")
        assert (row.figures, row.tags) == (None, None)
        state = desk.rows.get_state(connection.target.key)
        assert state.figures_error is not None
        assert state.figures_error.kind is ErrorKind.DENIED
        assert state.tags_error is not None
        assert state.tags_error.action == "tag:GetResources"
        assert state.figures_ms is None
        aws.always("GetMetricData", None)
        aws.always("GetResources", None)
        await connection.catalog.refresh()
        await desk.until_told(connection)
        assert desk.rows.get_state(connection.target.key).figures_error is None
        assert desk.rows.get_state(connection.target.key).tags_error is None
        assert desk.get(connection, "f").figures is not None


async def test_a_failure_keeps_earlier_figures(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        aws.metrics["f", "Invocations"] = [(time.time() - 60, 3)]
        connection = desk.connect(aws)
        desk.rows.add(connection)
        await connection.catalog.refresh()
        await desk.until_told(connection)
        figures_ms = desk.rows.get_state(connection.target.key).figures_ms
        aws.script("GetMetricData", faults.throttled())
        await connection.catalog.refresh()
        await desk.until_told(connection)
        state = desk.rows.get_state(connection.target.key)
        assert state.figures_error is not None
        assert state.figures_ms == figures_ms
        figures = desk.get(connection, "f").figures
        assert figures is not None
        assert figures.invocations == 3


async def test_figures_are_asked_for_again_only_when_they_are_old(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        connection = desk.connect(aws)
        desk.rows.add(connection)
        desk.rows.refresh_old()  # before there is a list: nothing to ask for
        await connection.catalog.refresh()
        await desk.until_told(connection)
        desk.now_s += FRESH_S - 1
        desk.rows.refresh_old()
        await desk.until_told(connection)
        assert len(aws.requests("GetMetricData")) == 1
        desk.now_s += 1
        desk.rows.refresh_old()
        await desk.until_told(connection)
        assert len(aws.requests("GetMetricData")) == 2


async def test_a_cached_list_asks_for_nothing_until_aws_answers(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        first = desk.connect(aws)
        await first.catalog.refresh()
        second = desk.connect(aws)
        second.catalog.load_cached()
        desk.rows.add(second)
        assert [row.function.name for row in desk.rows.rows] == ["f"]
        aws.always("ListFunctions", faults.expired())
        await second.catalog.refresh()
        await asyncio.sleep(0)
        assert not second.scope.is_running("figures")
        assert aws.requests("GetMetricData") == []


async def test_a_list_that_is_there_already_is_told_of_at_once(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        connection = desk.connect(aws)
        await connection.catalog.refresh()
        desk.rows.add(connection)
        await desk.until_told(connection)
        assert desk.get(connection, "f").figures is not None
        desk.rows.add(connection)  # again
        await desk.until_told(connection)
        assert len(desk.rows.rows) == 1


async def test_the_memory_of_reports_lights_a_lamp(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f", MemorySize=42)]  # of which FakeAws reports 40 as used
        aws.log_settings["/aws/lambda/f"] = {"retentionInDays": 7}
        connection = desk.connect(aws)
        await connection.catalog.refresh()
        function = connection.catalog.state.functions[0]
        await connection.invoker.invoke(InvokeRequest(function, b"{}"))
        desk.rows.add(connection)
        await until(desk.rows.changed, lambda: desk.get(connection, "f").lamps, "a lamp")
        assert [lamp.kind for lamp in desk.get(connection, "f").lamps] == [LampKind.MEMORY]
        await desk.until_told(connection)
        await connection.scope.wait("save history")


async def test_facts_light_lamps_and_fill_triggers(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        connection = desk.connect(aws)
        desk.rows.add(connection)
        await connection.catalog.refresh()
        await desk.until_told(connection)
        key = (connection.target.key, "f")
        assert desk.get(connection, "f").triggers is None
        desk.changes.clear()
        facts = Facts(("sqs",), dead=("S3 pictures",), log_never_expires=True, reserved_concurrency=0)
        desk.rows.set_facts(key, facts)
        desk.rows.set_facts(key, facts)
        desk.rows.set_facts(("elsewhere", "f"), facts)
        row = desk.get(connection, "f")
        assert row.triggers == ("sqs",)
        kinds = {lamp.kind for lamp in row.lamps}
        assert kinds == {LampKind.TRIGGER, LampKind.RETENTION, LampKind.CONCURRENCY}
        assert desk.changes == [frozenset({key})]


async def test_pins_and_recents_survive(aws: FakeAws, desk: Desk, tmp_path: Path) -> None:
    async with desk:
        aws.functions = [make_function("a"), make_function("b")]
        connection = desk.connect(aws)
        key = connection.target.key
        desk.rows.set_pinned((key, "b"), True)
        desk.rows.add(connection)
        await connection.catalog.refresh()
        await desk.until_told(connection)
        assert [row.is_pinned for row in desk.rows.rows] == [False, True]
        desk.changes.clear()
        desk.rows.set_pinned((key, "a"), True)
        desk.rows.set_pinned((key, "a"), True)
        desk.rows.set_pinned((key, "b"), False)
        assert [row.is_pinned for row in desk.rows.rows] == [True, False]
        assert desk.changes == [frozenset({(key, "a")}), frozenset({(key, "b")})]
        for number in range(30):
            desk.rows.note_opened(("gone", str(number)))
        for name in ("a", "b", "a"):
            desk.rows.note_opened((key, name))
        assert [row.function.name for row in desk.rows.get_recent()] == ["a", "b"]
        assert len(desk.settings.recent_functions) == RECENT
        await desk.settings.save()
        again = Settings(tmp_path / "settings.json")
        assert again.load() is None
        assert again.pinned_functions == ((key, "a"),)
        assert again.recent_functions[:2] == ((key, "a"), (key, "b"))


async def test_a_second_refresh_replaces_the_first(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        aws.script("GetMetricData", faults.slow(0.3))
        connection = desk.connect(aws)
        desk.rows.add(connection)
        await connection.catalog.refresh()
        await connection.catalog.refresh()
        await desk.until_told(connection)
        assert desk.get(connection, "f").figures is not None
        assert desk.rows.get_state(connection.target.key).figures_ms is not None
