from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import AccessKey, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.mappings import MappingChange
from lambdadesk.core.secret import Secret
from lambdadesk.core.triggers import Answer, Verdict
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.desk.trigger_scan import TriggerScan
from tests.conftest import threads_named
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import make_function
from tests.servers.fake_services import FakeServices, to_policy

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
UUID = "11111111-0000-4000-8000-000000000000"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


@pytest.fixture
def services() -> Iterator[FakeServices]:
    with FakeServices() as server:
        server.functions = [make_function("f")]
        server.answers["GetPolicy"] = to_policy()
        server.answers["ListEventSourceMappings"] = {"EventSourceMappings": [make_mapping("u1")]}
        yield server


def make_mapping(uuid: str) -> dict[str, Any]:
    return {
        "UUID": uuid,
        "EventSourceArn": QUEUE,
        "FunctionArn": ARN,
        "State": "Enabled",
        "LastProcessingResult": "OK",
        "DestinationConfig": {"OnFailure": {"Destination": f"{QUEUE}-failed"}},
    }


@asynccontextmanager
async def open_scan(services: FakeServices, guard: Guard = Guard.READ_ONLY) -> AsyncIterator[TriggerScan]:
    keys = KeySource(AccessKey("AKIA1", Secret("s")), services.url)
    target = Target("us-east-1", endpoint_url=services.url)
    limits = Limits(connect_s=1, read_s=60, deadline_s=60, attempts=1)
    gateway = Gateway(target, limits, credentials=keys, guard=guard)
    try:
        yield TriggerScan(gateway, FunctionInfo("f", ARN))
    finally:
        await gateway.close()


async def test_shows_what_starts_the_function_and_what_was_looked_at(services: FakeServices) -> None:
    async with open_scan(services) as scan:
        running: list[bool] = []
        scan.changed.connect(lambda: running.append(scan.is_running))
        await scan.run()
        assert running[0]
        assert not running[-1]
        (trigger,) = scan.triggers
        assert (trigger.uuid, trigger.verdict) == ("u1", Verdict.CONFIRMED)
        (destination,) = scan.destinations
        assert destination.source == trigger.key
        assert scan.was_scanned
        assert scan.done == scan.total > 0
        assert scan.unchecked == ()
        assert any(step.answer is Answer.NOT_ASKED for step in scan.steps)


async def test_rows_stay_until_the_new_scan_is_through(services: FakeServices) -> None:
    async with open_scan(services) as scan:
        await scan.run()
        services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [make_mapping("u2")]}
        shown: list[set[str]] = []
        scan.changed.connect(lambda: shown.append({each.uuid for each in scan.triggers}))
        await scan.run()
        assert all(shown)
        assert "u1" in shown[-2]
        assert {"u1", "u2"} in shown
        assert shown[-1] == {"u2"}
        assert len(scan.destinations) == 1


async def test_a_scan_that_fails_keeps_the_rows_and_tells_why(services: FakeServices) -> None:
    async with open_scan(services) as scan:
        await scan.run()
        services.always("*", faults.expired())
        await scan.run()
        assert scan.error is not None
        assert scan.error.kind is ErrorKind.EXPIRED
        assert [each.uuid for each in scan.triggers] == ["u1"]
        services.always("*", None)
        await scan.run()
        assert scan.error is None


async def test_what_could_not_be_looked_at_is_listed(services: FakeServices) -> None:
    services.always("ListPipes", faults.denied("pipes:ListPipes"))
    async with open_scan(services) as scan:
        await scan.run()
        (step,) = scan.unchecked
        assert (step.source, step.answer, step.action) == ("Pipes", Answer.DENIED, "pipes:ListPipes")
        assert scan.was_scanned


async def test_a_deep_scan_that_is_stopped_keeps_what_it_found(services: FakeServices) -> None:
    services.answers["ListStateMachines"] = {"stateMachines": [{"stateMachineArn": "x"}]}
    services.always("DescribeStateMachine", faults.hang)
    failures: list[Exception] = []
    scope = TaskScope(lambda _name, error: failures.append(error))
    async with open_scan(services) as scan:
        scope.start("scan", scan.run, True)
        await until(
            scan.changed, lambda: scan.triggers and services.requests("DescribeStateMachine"), "the machine"
        )
        assert scan.is_running
        assert scan.is_deep
        await scope.close()
        assert threads_named("in_thread")  # the answer has not come, and is not waited for
        assert not scan.is_running
        assert scan.was_stopped
        assert not scan.was_scanned
        assert [each.uuid for each in scan.triggers] == ["u1"]
    assert failures == []


def have_schedule(services: FakeServices, name: str = "nightly") -> None:
    """A schedule, which only a deep scan sees, with a queue for what fails."""
    target = {"Arn": ARN, "RoleArn": "arn:aws:iam::000000000000:role/r"}
    arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/{name}"
    services.answers["ListSchedules"] = {
        "Schedules": [{"Name": name, "GroupName": "default", "Arn": arn, "Target": {"Arn": ARN}}]
    }
    services.answers["GetSchedule"] = {
        "Name": name,
        "Arn": arn,
        "Target": {**target, "DeadLetterConfig": {"Arn": f"{QUEUE}-dead"}},
    }


async def test_what_only_a_deep_scan_finds_stays_over_others_with_its_moment(services: FakeServices) -> None:
    have_schedule(services)
    async with open_scan(services) as scan:
        await scan.run(deep=True)
        assert {each.source: each.seen_ms for each in scan.triggers} == {"SQS": None, "Scheduler": None}
        assert scan.deep_ms is None
        for _time in range(2):
            await scan.run()
            (queue, schedule) = sorted(scan.triggers, key=lambda each: each.seen_ms or 0)
            assert (queue.source, queue.seen_ms) == ("SQS", None)
            assert schedule.source == "Scheduler"
            assert schedule.seen_ms == scan.deep_ms
            assert schedule.key in [each.source for each in scan.destinations]
        assert len(services.requests("GetSchedule")) == 1
        services.answers["ListSchedules"] = {"Schedules": []}
        await scan.run(deep=True)
        await scan.run()
        assert [each.source for each in scan.triggers] == ["SQS"]
        assert len(scan.destinations) == 1


async def test_a_permission_that_a_deep_scan_found_unused_stays_so(services: FakeServices) -> None:
    """A policy that was changed since is read anew all the same."""
    grant = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "iot.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
    }
    services.answers["GetPolicy"] = to_policy(grant)
    async with open_scan(services) as scan:
        await scan.run()
        assert [each.verdict for each in scan.triggers if each.source == "IoT"] == [Verdict.NOT_CHECKED]
        await scan.run(deep=True)
        await scan.run()
        (unused,) = [each for each in scan.triggers if each.source == "IoT"]
        assert unused.verdict is Verdict.PERMITTED_ONLY
        assert unused.seen_ms is not None
        services.answers["GetPolicy"] = to_policy()
        await scan.run()
        assert "IoT" not in [each.source for each in scan.triggers]


async def test_a_deep_scan_that_is_stopped_forgets_nothing_of_the_one_before(services: FakeServices) -> None:
    have_schedule(services)
    failures: list[Exception] = []
    scope = TaskScope(lambda _name, error: failures.append(error))
    async with open_scan(services) as scan:
        await scan.run(deep=True)
        services.answers["ListStateMachines"] = {"stateMachines": [{"stateMachineArn": "x"}]}
        services.always("DescribeStateMachine", faults.hang)
        services.always("ListSchedules", faults.hang)
        scope.start("scan", scan.run, True)
        await until(scan.changed, lambda: services.requests("DescribeStateMachine"), "the machine")
        await scope.close()
        assert threads_named("in_thread")  # the answer has not come, and is not waited for
        await scan.run()
        assert sorted(each.source for each in scan.triggers) == ["SQS", "Scheduler"]
        assert scan.deep_ms is not None
    assert failures == []


async def test_a_changed_mapping_is_followed_and_not_undone_by_an_older_look(services: FakeServices) -> None:
    """A scan that has read the list already does not bring the earlier state back; the next one may."""
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [make_mapping(UUID)]}
    services.mappings = [make_mapping(UUID) | {"BatchSize": 10}]
    services.coming[UUID] = deque(["Disabling", "Disabled"])
    failures: list[Exception] = []
    scope = TaskScope(lambda _name, error: failures.append(error))
    async with open_scan(services, Guard.NORMAL) as scan:
        services.script("ListPipes", faults.slow(1))
        scope.start("scan", scan.run)
        await until(scan.changed, lambda: scan.triggers and services.requests("ListPipes"), "the mapping")
        states: list[str] = []
        scan.changed.connect(lambda: states.append(scan.triggers[0].state))
        await scan.change_mapping(UUID, MappingChange(enabled=False))
        await scope.wait("scan")
        since = states[states.index("Disabling") :]
        assert list(dict.fromkeys(since)) == ["Disabling", "Disabled"]
        assert states[-1] == "Disabled"
        assert scan.triggers[0].batch_size == 10
        await scan.run()
        assert scan.triggers[0].state == "Enabled"
        await scope.close()
    assert failures == []


async def test_a_read_only_connection_refuses_a_change(services: FakeServices) -> None:
    async with open_scan(services) as scan:
        await scan.run()
        with pytest.raises(UserError, match="read-only"):
            await scan.change_mapping(UUID, MappingChange(batch_size=5))
        assert services.requests("UpdateEventSourceMapping") == []
