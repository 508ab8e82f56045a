import asyncio

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.functions import to_function_info
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.types import Target
from lambdadesk.desk.function_details import Details
from lambdadesk.desk.tasks import TaskScope
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function


def make_details(aws: FakeAws, limits: Limits) -> tuple[Gateway, Details]:
    aws.functions = [make_function("orders")]
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    return gateway, Details(gateway, to_function_info(aws.functions[0]))


def memory(details: Details) -> str:
    assert details.state.details is not None
    group = details.state.details.get("General")
    assert group is not None
    return next(str(row.value) for row in group.rows if row.name == "Memory")


async def test_is_loading_then_loaded(aws: FakeAws, quick: Limits) -> None:
    gateway, details = make_details(aws, quick)
    seen = []
    details.changed.connect(lambda: seen.append((details.state.loading, details.state.loaded_ms is not None)))
    await details.refresh()
    await gateway.close()
    assert seen == [(True, False), (False, True)]
    assert memory(details) == "128 MB"
    assert details.state.error is None


async def test_a_refresh_that_fails_keeps_what_is_known(aws: FakeAws, quick: Limits) -> None:
    gateway, details = make_details(aws, quick)
    await details.refresh()
    loaded_ms = details.state.loaded_ms
    aws.functions[0]["MemorySize"] = 512
    aws.always("GetFunction", faults.throttled())
    await details.refresh()
    assert details.state.error is not None
    assert details.state.error.kind is ErrorKind.THROTTLED
    assert (memory(details), details.state.loaded_ms) == ("128 MB", loaded_ms)
    aws.always("GetFunction", None)
    aws.always("ListAliases", faults.throttled())
    await details.refresh()
    await gateway.close()
    assert details.state.error is None
    assert memory(details) == "512 MB"
    assert details.state.details is not None
    assert [failure.is_former for failure in details.state.details.failures] == [True]


async def test_stopping_says_so(aws: FakeAws) -> None:
    gateway, details = make_details(aws, Limits())
    aws.always("GetFunction", faults.hang)
    scope = TaskScope(lambda _name, error: pytest.fail(str(error)))
    scope.start("refresh", details.refresh)
    await asyncio.sleep(0)
    await until(details.changed, lambda: details.state.loading, "loading")
    await scope.close()
    assert not details.state.loading
    assert str(details.state.error) == "Stopped waiting for the configuration. Refresh asks again."
    await gateway.close()
