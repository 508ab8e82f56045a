import asyncio

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.functions import to_function_info
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.policies import Decision
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from lambdadesk.desk.function_details import Details
from lambdadesk.desk.function_role import FunctionRole
from lambdadesk.desk.tasks import TaskScope
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.fake_iam import FakeRole, allow


def make_role(aws: FakeAws, limits: Limits | None = None) -> tuple[Gateway, Details, FunctionRole]:
    aws.functions = [make_function("orders")]
    aws.roles["orders"] = FakeRole(
        "arn:aws:iam::000000000000:role/orders", inline={"p": allow("s3:GetObject")}
    )
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    details = Details(gateway, to_function_info(aws.functions[0]))
    return gateway, details, FunctionRole(gateway, details)


async def test_reads_the_role_that_the_configuration_names(aws: FakeAws) -> None:
    gateway, details, role = make_role(aws)
    await role.refresh()
    await gateway.close()
    assert details.state.details is not None
    assert role.state.report is not None
    assert role.state.report.name == "orders"
    assert {finding.decision for finding in role.state.findings} == {Decision.MISSING}
    assert role.state.unchecked == ()
    assert role.state.loaded_ms is not None


async def test_what_it_may_need_beside_that_is_said(aws: FakeAws, quick: Limits) -> None:
    gateway, _details, role = make_role(aws, quick)
    action = "lambda:ListFunctionEventInvokeConfigs"
    aws.always("ListFunctionEventInvokeConfigs", faults.denied(action))
    aws.always("ListEventSourceMappings", faults.throttled())
    await role.refresh()
    await gateway.close()
    destinations, sources = role.state.unchecked
    assert destinations.startswith("Destinations of asynchronous invocations: ")
    assert action in destinations
    assert sources.startswith("Event sources: AWS asks for fewer ListEventSourceMappings requests.")
    assert role.state.error is None


async def test_a_function_without_a_role_or_configuration(aws: FakeAws, quick: Limits) -> None:
    gateway, details, role = make_role(aws, quick)
    aws.always("GetFunction", faults.throttled())
    await role.refresh()
    assert role.state.error is details.state.error is not None
    aws.always("GetFunction", None)
    aws.functions[0]["Role"] = ""
    await role.refresh()
    await gateway.close()
    assert "names no execution role" in str(role.state.error)


async def test_waits_for_a_reading_that_is_under_way_and_can_be_stopped(aws: FakeAws) -> None:
    gateway, details, role = make_role(aws)
    aws.script("GetFunction", faults.hang)
    scope = TaskScope(lambda _name, error: pytest.fail(str(error)))
    scope.start("details", details.refresh)
    await until(details.changed, lambda: details.state.loading, "loading")
    scope.start("role", role.refresh)
    await until(role.changed, lambda: role.state.loading, "loading")
    await asyncio.sleep(0)
    scope.cancel("role")
    await scope.wait("role")
    assert str(role.state.error) == "Stopped waiting for the role. Refresh asks again."
    await in_thread(aws.wait_for_requests, "GetFunction")
    assert len(aws.requests("GetFunction")) == 1
    await scope.close()
    await gateway.close()
