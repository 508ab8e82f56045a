"""What a place finds out of its functions: for all at once, for those in sight, and for all on demand."""

from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.function_filter import parse
from lambdadesk.core.function_index import FilterIndex
from lambdadesk.core.lamps import LampKind
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.function_details import Details
from lambdadesk.desk.function_facts import AT_ONCE, GIVE_UP, read_details, read_scan
from lambdadesk.desk.function_rows import FRESH_S
from lambdadesk.desk.trigger_scan import TriggerScan
from tests.desk.rows_desk import Desk
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import ACCOUNT, FakeAws, make_function
from tests.servers.fake_mappings import make_mapping

SECRET = "hunter2-in-the-environment"


def map_queue(aws: FakeAws, name: str, **more: str) -> None:
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
    aws.mappings.append(make_mapping(f"uuid-{len(aws.mappings)}", function, queue, **more))


def asked(aws: FakeAws, operation: str) -> list[str]:
    """The functions that were asked about, each time they were."""
    return [request.path.split("/")[3] for request in aws.requests(operation)]


def matching(desk: Desk, text: str) -> list[str]:
    return [row.function.name for row in FilterIndex(desk.rows.rows).find(parse(text))]


def read_all(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return b"".join(path.read_bytes() for path in files)


async def listed(desk: Desk, aws: FakeAws, *names: str) -> Connection:
    """A connection whose list, mappings and log groups have come, or failed."""
    if names:
        aws.functions = [make_function(name) for name in names]
    connection = desk.connect(aws)
    desk.rows.add(connection)
    await connection.catalog.refresh()
    await told(desk, connection)
    return connection


async def told(desk: Desk, connection: Connection) -> None:
    await desk.until_told(connection)
    for name in ("mappings", "log groups"):
        await connection.scope.wait(name)
    await looked(connection)


async def looked(connection: Connection) -> None:
    for number in range(AT_ONCE):
        await connection.scope.wait(f"look {number}")
    await connection.scope.wait("tell facts")


async def test_mappings_and_log_groups_are_told_for_all(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        map_queue(aws, "polled", LastProcessingResult="PROBLEM: Function call failed")
        aws.log_settings = {"/aws/lambda/polled": {"retentionInDays": 7}, "/aws/lambda/plain": {}}
        connection = await listed(desk, aws, "polled", "plain")
        polled, plain = desk.get(connection, "polled"), desk.get(connection, "plain")
        assert (polled.triggers, plain.triggers) == (("sqs",), ())
        assert polled.has_more_triggers  # its policy was not read
        assert [lamp.kind for lamp in polled.lamps] == [LampKind.TRIGGER]
        assert "SQS orders (PROBLEM: Function call failed)" in polled.lamps[0].text
        assert [lamp.kind for lamp in plain.lamps] == [LampKind.RETENTION]
        assert aws.requests("GetPolicy") == aws.requests("GetFunction") == []


async def test_lamps_go_dark_once_it_is_mended(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        map_queue(aws, "f", LastProcessingResult="PROBLEM: Function call failed")
        aws.log_settings["/aws/lambda/f"] = {}
        aws.details["GetFunction", "f"] = {"Concurrency": {"ReservedConcurrentExecutions": 0}}
        aws.functions = [make_function("f", State="Failed", StateReason="no subnet")]
        listing = dict(aws.functions[0])
        connection = await listed(desk, aws)
        key = (connection.target.key, "f")
        desk.rows.look_at([key])
        await looked(connection)
        kinds = {lamp.kind for lamp in desk.get(connection, "f").lamps}
        assert kinds == {LampKind.TRIGGER, LampKind.RETENTION, LampKind.CONCURRENCY, LampKind.STATE}
        assert listing == aws.functions[0]
        aws.mappings[0]["LastProcessingResult"] = "OK"
        aws.log_settings["/aws/lambda/f"] = {"retentionInDays": 1}
        aws.details["GetFunction", "f"] = {}
        aws.functions = [make_function("f", State="Active")]
        await connection.catalog.refresh()
        await told(desk, connection)
        assert desk.get(connection, "f").lamps == ()


async def test_a_state_that_the_list_does_not_tell_lights_its_lamp(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        connection = await listed(desk, aws, "f")
        aws.functions[0] |= {"State": "Inactive", "LastUpdateStatus": "Failed"}
        assert desk.get(connection, "f").lamps == ()
        desk.rows.look_at([(connection.target.key, "f")])
        await looked(connection)
        kinds = {lamp.kind for lamp in desk.get(connection, "f").lamps}
        assert kinds == {LampKind.STATE, LampKind.UPDATE}


@pytest.mark.parametrize(
    ("operation", "action", "name"),
    [
        ("ListEventSourceMappings", "lambda:ListEventSourceMappings", "mappings"),
        ("DescribeLogGroups", "logs:DescribeLogGroups", "logs"),
    ],
)
async def test_one_call_that_is_denied_leaves_the_other(
    aws: FakeAws,
    desk: Desk,
    operation: str,
    action: str,
    name: str,
) -> None:
    async with desk:
        map_queue(aws, "f")
        aws.log_settings["/aws/lambda/f"] = {}
        aws.always(operation, faults.denied(action))
        connection = await listed(desk, aws, "f")
        row, errors = desk.get(connection, "f"), desk.rows.get_state(connection.target.key).fact_errors
        assert getattr(errors, name).kind is ErrorKind.DENIED
        assert getattr(errors, name).action == action
        assert (errors.mappings is None) is (name != "mappings")
        assert row.triggers == (None if name == "mappings" else ("sqs",))
        assert [lamp.kind for lamp in row.lamps] == ([] if name == "logs" else [LampKind.RETENTION])
        assert row.figures is not None
        aws.always(operation, None)
        await connection.catalog.refresh()
        await told(desk, connection)
        row = desk.get(connection, "f")
        assert row.triggers == ("sqs",)
        assert [lamp.kind for lamp in row.lamps] == [LampKind.RETENTION]
        assert getattr(desk.rows.get_state(connection.target.key).fact_errors, name) is None


async def test_what_is_throttled_leaves_what_was_known(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        map_queue(aws, "f")
        aws.log_settings["/aws/lambda/f"] = {}
        connection = await listed(desk, aws, "f")
        aws.mappings, aws.log_settings = [], {}
        for operation in ("ListEventSourceMappings", "DescribeLogGroups"):
            aws.always(operation, faults.throttled())
        await connection.catalog.refresh()
        await told(desk, connection)
        row, errors = desk.get(connection, "f"), desk.rows.get_state(connection.target.key).fact_errors
        assert row.triggers == ("sqs",)
        assert [lamp.kind for lamp in row.lamps] == [LampKind.RETENTION]
        assert errors.mappings is not None
        assert errors.logs is not None
        assert errors.mappings.kind is errors.logs.kind is ErrorKind.THROTTLED


async def test_only_what_is_in_sight_is_looked_at_and_only_once(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        names = [f"f{number:03}" for number in range(200)]
        connection = await listed(desk, aws, *names)
        key = connection.target.key
        desk.rows.look_at([(key, name) for name in names[:20]])
        await looked(connection)
        assert sorted(asked(aws, "GetPolicy")) == sorted(asked(aws, "GetFunction")) == names[:20]
        assert desk.get(connection, "f019").knows_triggers
        assert not desk.get(connection, "f020").knows_triggers
        desk.rows.look_at([(key, name) for name in names[10:25]])
        await looked(connection)
        assert sorted(asked(aws, "GetPolicy")) == sorted(asked(aws, "GetFunction")) == names[:25]
        desk.now_s += FRESH_S
        desk.rows.refresh_old()  # those that are still in sight
        await told(desk, connection)
        assert sorted(asked(aws, "GetPolicy")[25:]) == names[10:25]


async def test_an_opened_function_is_looked_at_first(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        names = [f"f{number:03}" for number in range(100)]
        connection = await listed(desk, aws, *names)
        key = connection.target.key
        aws.always("GetFunction", faults.slow(0.05))
        desk.rows.look_at([(key, name) for name in names[:30]])
        desk.rows.look_at_opened((key, "f099"))
        await looked(connection)
        assert asked(aws, "GetFunction").index("f099") < 2 * AT_ONCE
        assert asked(aws, "GetPolicy").count("f099") == 1


async def test_what_was_scrolled_away_is_not_looked_at(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        names = [f"f{number:03}" for number in range(100)]
        connection = await listed(desk, aws, *names)
        key = connection.target.key
        for operation in ("GetPolicy", "GetFunction"):
            aws.always(operation, faults.slow(0.05))
        desk.rows.look_at([(key, name) for name in names[:50]])
        desk.rows.look_at([(key, name) for name in names[50:53]])
        await looked(connection)
        assert set(asked(aws, "GetPolicy")) == set(names[50:53])
        desk.rows.look_at([(key, name) for name in names[:50]])
        await until(desk.rows.changed, lambda: asked(aws, "GetFunction")[3:], "a look")
        desk.rows.look_at([])
        await looked(connection)
        assert len(asked(aws, "GetFunction")) < 50


async def test_nothing_is_looked_at_before_the_list_is_there(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        aws.functions = [make_function("f")]
        connection = desk.connect(aws)
        desk.rows.add(connection)
        desk.rows.look_at([(connection.target.key, "f"), (connection.target.key, "no such function")])
        desk.rows.look_at_opened((connection.target.key, "f"))
        assert not connection.scope.is_running("look 0")
        await connection.catalog.refresh()
        await told(desk, connection)
        assert asked(aws, "GetPolicy") == asked(aws, "GetFunction") == ["f"]


async def test_a_filter_by_trigger_before_and_after(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        map_queue(aws, "polled")
        aws.policies = {"polled": [], "pushed": ["s3"]}
        connection = await listed(desk, aws, "polled", "pushed", "plain")
        assert matching(desk, "trigger:sqs") == ["polled"]
        assert matching(desk, "-trigger:sqs") == []  # not known yet of the others
        assert matching(desk, "trigger:s3") == matching(desk, "-trigger:s3") == []
        desk.rows.want_triggers(True)
        await looked(connection)
        assert matching(desk, "trigger:sqs") == ["polled"]
        assert matching(desk, "-trigger:sqs") == ["pushed", "plain"]
        assert matching(desk, "trigger:s3") == ["pushed"]
        assert matching(desk, "-trigger:s3") == ["polled", "plain"]
        assert sorted(asked(aws, "GetPolicy")) == ["plain", "polled", "pushed"]
        assert aws.requests("GetFunction") == []
        desk.rows.want_triggers(False)
        desk.rows.want_triggers(True)
        await looked(connection)
        assert len(asked(aws, "GetPolicy")) == 3


async def test_the_pass_over_all_ends_with_the_wish(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        connection = await listed(desk, aws, *(f"f{number:03}" for number in range(150)))
        aws.always("GetPolicy", faults.slow(0.1))
        desk.rows.want_triggers(True)
        await until(desk.rows.changed, lambda: asked(aws, "GetPolicy")[2:], "a look")
        desk.rows.want_triggers(False)
        await looked(connection)
        known = sum(row.knows_triggers for row in desk.rows.rows)
        assert 0 < known == len(asked(aws, "GetPolicy")) < 150


async def test_a_denied_policy_gives_up_soon_and_says_so(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        connection = await listed(desk, aws, *(f"f{number:03}" for number in range(100)))
        aws.always("GetPolicy", faults.denied("lambda:GetPolicy"))
        desk.rows.want_triggers(True)
        await looked(connection)
        assert len(asked(aws, "GetPolicy")) < GIVE_UP + AT_ONCE
        errors = desk.rows.get_state(connection.target.key).fact_errors
        assert errors.policies is not None
        assert errors.policies.action == "lambda:GetPolicy"
        assert errors.states is None
        desk.rows.look_at([(connection.target.key, "f050")])  # the other call goes on
        await looked(connection)
        assert asked(aws, "GetFunction") == ["f050"]
        aws.always("GetPolicy", None)
        await connection.catalog.refresh()  # asks again
        await told(desk, connection)
        assert all(row.knows_triggers for row in desk.rows.rows)
        assert desk.rows.get_state(connection.target.key).fact_errors.policies is None


@pytest.mark.parametrize("is_closed", [False, True], ids=["hidden", "closed"])
async def test_a_place_that_goes_meanwhile(aws: FakeAws, desk: Desk, is_closed: bool) -> None:
    async with desk:
        names = [f"f{number}" for number in range(30)]
        connection = await listed(desk, aws, *names)
        for operation in ("ListEventSourceMappings", "DescribeLogGroups", "GetPolicy", "GetFunction"):
            aws.always(operation, faults.slow(0.1))
        desk.rows.want_triggers(True)
        await connection.catalog.refresh()
        await until(desk.rows.changed, lambda: asked(aws, "GetPolicy"), "a look")
        desk.changes.clear()
        desk.rows.remove(connection.target.key)
        if is_closed:
            await connection.close()
        await looked(connection)
        assert len(desk.changes) <= 1
        assert len(asked(aws, "GetPolicy")) < len(names)


async def test_an_opened_function_knows_better(aws: FakeAws, desk: Desk) -> None:
    async with desk:
        map_queue(aws, "f")
        aws.policies["f"] = ["alexa-appkit"]
        aws.log_settings["/aws/lambda/f"] = {"retentionInDays": 7}
        connection = await listed(desk, aws, "f")
        key, function = (connection.target.key, "f"), connection.catalog.state.functions[0]
        details = Details(connection.gateway, function)
        assert read_details(details) is None
        aws.details["GetFunctionConcurrency", "f"] = {"ReservedConcurrentExecutions": 0}
        aws.log_settings["/aws/lambda/f"] = {}
        await details.refresh()
        facts = read_details(details)
        assert facts is not None
        desk.rows.set_facts(key, facts)
        kinds = {lamp.kind for lamp in desk.get(connection, "f").lamps}
        assert kinds == {LampKind.CONCURRENCY, LampKind.RETENTION}
        scan = TriggerScan(connection.gateway, function)
        assert read_scan(scan) is None
        await scan.run()
        facts = read_scan(scan)
        assert facts is not None
        assert facts.found == ("alexa",)
        assert facts.polled is None  # FakeAws has no queues to ask
        desk.rows.set_facts(key, facts)
        aws.policies["f"] = ["s3"]
        desk.rows.look_at_opened(key)
        await looked(connection)
        assert desk.get(connection, "f").triggers == ("alexa", "sqs")


async def test_the_environment_is_kept_nowhere(aws: FakeAws, desk: Desk, tmp_path: Path) -> None:
    async with desk:
        aws.functions = [make_function("f", Environment={"Variables": {"PASSWORD": SECRET}})]
        aws.details["GetFunction", "f"] = {"Code": {"Location": f"https://example.invalid/?{SECRET}"}}
        connection = await listed(desk, aws)
        desk.rows.look_at([(connection.target.key, "f")])
        await looked(connection)
        assert asked(aws, "GetFunction") == ["f"]
        assert SECRET not in repr(desk.rows.rows) + repr(desk.rows.get_state(connection.target.key))
    assert SECRET.encode() not in read_all(tmp_path)
