from datetime import UTC, datetime

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.functions import (
    fetch_function,
    fetch_functions,
    fetch_provisioned,
    fetch_qualifiers,
    fetch_versions,
    to_datetime,
    to_function_info,
)
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo, Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function


def make_gateway(aws: FakeAws, limits: Limits | None = None) -> Gateway:
    return Gateway(Target("us-east-1", endpoint_url=aws.url), limits)


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (50, 1), (51, 2), (120, 3)])
async def test_fetches_every_page_once(aws: FakeAws, count: int, pages: int) -> None:
    aws.functions = [make_function(f"f{number}") for number in range(count)]
    gateway = make_gateway(aws)
    found = [page async for page in fetch_functions(gateway)]
    await gateway.close()
    assert [function.name for page in found for function in page] == [f"f{n}" for n in range(count)]
    assert len(found) == len(aws.requests("ListFunctions")) == pages


async def test_a_page_that_fails_leaves_the_earlier_ones(aws: FakeAws, quick: Limits) -> None:
    aws.functions = [make_function(f"f{number}") for number in range(120)]
    gateway = make_gateway(aws, quick)
    names: list[str] = []
    pages = fetch_functions(gateway)
    names += [function.name for function in await anext(pages)]
    aws.always("ListFunctions", faults.throttled())
    with pytest.raises(UserError) as caught:
        await anext(pages)
    await gateway.close()
    assert len(names) == 50
    assert caught.value.kind is ErrorKind.THROTTLED
    assert caught.value.message.startswith("The list is partial: page 2 failed.")


async def test_markers_that_go_in_circles_end(aws: FakeAws) -> None:
    aws.always("ListFunctions", faults.reply(200, {"Functions": [make_function("f")], "NextMarker": "again"}))
    gateway = make_gateway(aws)
    with pytest.raises(UserError, match="partial"):
        _ = [page async for page in fetch_functions(gateway)]
    await gateway.close()
    assert len(aws.requests("ListFunctions")) == 2


async def test_fetches_one_function(aws: FakeAws) -> None:
    aws.functions = [make_function("a"), make_function("b", MemorySize=512)]
    gateway = make_gateway(aws)
    assert (await fetch_function(gateway, "b")).memory_mb == 512
    with pytest.raises(UserError) as caught:
        await fetch_function(gateway, "gone")
    await gateway.close()
    assert caught.value.kind is ErrorKind.NOT_FOUND
    assert caught.value.message == "The function gone does not exist."


async def test_qualifiers_are_latest_aliases_and_versions_newest_first(aws: FakeAws) -> None:
    aws.functions = [make_function("a")]
    aws.aliases["a"] = ["prod", "beta"]
    aws.versions["a"] = [str(number) for number in range(1, 61)]
    gateway = make_gateway(aws)
    qualifiers = list(await fetch_qualifiers(gateway, "a"))
    await gateway.close()
    assert qualifiers[:4] == ["$LATEST", "beta", "prod", "60"]
    assert qualifiers[-2:] == ["2", "1"]


async def test_an_alias_says_which_versions_it_means(aws: FakeAws) -> None:
    aws.functions = [make_function("a")]
    weights = {"AdditionalVersionWeights": {"8": 0.1}}
    aws.aliases["a"] = [
        {"Name": "live", "FunctionVersion": "7", "RoutingConfig": weights},
        {"Name": "old", "FunctionVersion": "6"},
    ]
    gateway = make_gateway(aws)
    qualifiers = await fetch_qualifiers(gateway, "a")
    await gateway.close()
    assert qualifiers == {"$LATEST": "", "live": "7 90 %, 8 10 %", "old": "6"}


async def test_denied_qualifiers_are_told(aws: FakeAws, quick: Limits) -> None:
    aws.always("ListAliases", faults.denied("lambda:ListAliases"))
    gateway = make_gateway(aws, quick)
    with pytest.raises(UserError) as caught:
        await fetch_qualifiers(gateway, "a")
    await gateway.close()
    assert caught.value.action == "lambda:ListAliases"


def test_reads_a_whole_configuration_but_no_environment() -> None:
    info = to_function_info(
        make_function(
            "orders",
            Runtime="nodejs24.x",
            MemorySize=1769,
            Timeout=900,
            Architectures=["arm64"],
            EphemeralStorage={"Size": 2048},
            SnapStart={"ApplyOn": "PublishedVersions"},
            LoggingConfig={"LogFormat": "JSON", "LogGroup": "shared", "SystemLogLevel": "WARN"},
            Environment={"Variables": {"PASSWORD": "canary"}},
            State="Inactive",
            StateReason="The function is idle.",
            LastUpdateStatus="Failed",
            LastUpdateStatusReason="The role can't be assumed.",
            CapacityProviderConfig={
                "LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn:of:it"}
            },
        )
    )
    assert info == FunctionInfo(
        name="orders",
        arn="arn:aws:lambda:us-east-1:000000000000:function:orders",
        runtime="nodejs24.x",
        architecture="arm64",
        memory_mb=1769,
        timeout_s=900,
        ephemeral_mb=2048,
        code_bytes=1234,
        last_modified=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        log_group="shared",
        log_format="JSON",
        system_log_level="WARN",
        snap_start=True,
        role="arn:aws:iam::000000000000:role/orders",
        handler="app.handler",
        state="Inactive",
        state_reason="The function is idle.",
        last_update_status="Failed",
        last_update_reason="The role can't be assumed.",
        capacity_provider="arn:of:it",
    )
    assert "canary" not in repr(info)


@pytest.mark.parametrize(
    "entry",
    [
        {"FunctionName": "f"},
        {"FunctionName": "f", "Architectures": [], "EphemeralStorage": None, "LoggingConfig": None},
        {"FunctionName": "f", "MemorySize": None, "Timeout": "soon", "LastModified": "yesterday"},
        {"FunctionName": "f", "Role": None, "State": None, "CapacityProviderConfig": {}},
    ],
)
def test_absent_and_odd_fields_take_the_defaults(entry: dict[str, object]) -> None:
    assert to_function_info(entry) == FunctionInfo("f")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-02T03:04:05.678+0000", 3),
        ("2026-01-02T03:04:05.678+0200", 1),
        ("2026-01-02T03:04:05.678Z", 3),
        ("2026-01-02T03:04:05.678", None),  # of no known zone
        ("2026-01-02", None),
        ("", None),
        (None, None),
    ],
)
def test_a_moment_is_utc_or_none(text: str | None, hour: int | None) -> None:
    expected = None if hour is None else datetime(2026, 1, 2, hour, 4, 5, 678000, UTC)
    assert to_datetime(text) == expected


async def test_versions_come_with_the_time_they_were_published(aws: FakeAws) -> None:
    aws.functions = [make_function("a")]
    at = "2026-11-27T10:00:00.000+0000"
    aws.versions["a"] = [
        *({"Version": str(number), "LastModified": at, "Description": "new"} for number in range(1, 60)),
        {"Version": "60"},  # whose time is not told
    ]
    gateway = make_gateway(aws)
    found = await fetch_versions(gateway, "a")
    await gateway.close()
    assert [each.version for each in found] == [str(number) for number in range(1, 60)]
    assert (found[0].at, found[0].description) == (datetime(2026, 11, 27, 10, tzinfo=UTC), "new")


async def test_what_has_provisioned_concurrency_is_named_by_its_qualifier(aws: FakeAws) -> None:
    aws.functions = [make_function("a")]
    arn = aws.functions[0]["FunctionArn"]
    configs = [{"FunctionArn": f"{arn}:{name}"} for name in ("live", "7")]
    operation = "ListProvisionedConcurrencyConfigs"
    aws.details[operation, "a"] = {"ProvisionedConcurrencyConfigs": configs}
    gateway = make_gateway(aws)
    assert await fetch_provisioned(gateway, "a") == ["live", "7"]
    await gateway.close()
