"""Event source mappings: listed, changed behind the guard, followed until they settle."""

from collections import deque

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.mappings import fetch_mappings, follow, update_mapping
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_mappings import make_mapping

ARN = "arn:aws:lambda:us-east-1:000000000000:function:orders"
UUID, OTHER = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


def make_gateway(aws: FakeAws, limits: Limits | None = None, guard: Guard = Guard.NORMAL) -> Gateway:
    aws.mappings = aws.mappings or [make_mapping(UUID, ARN, QUEUE)]
    return Gateway(Target("us-east-1", endpoint_url=aws.url), limits, guard=guard)


async def test_lists_those_of_the_function_its_versions_and_aliases_alone(aws: FakeAws) -> None:
    failures = {"OnFailure": {"Destination": QUEUE}}
    aws.mappings = [
        *[make_mapping(f"other-{number}", f"{ARN}-{number}", QUEUE) for number in range(150)],
        make_mapping(UUID, ARN, QUEUE, DestinationConfig=failures),
        make_mapping(OTHER, f"{ARN}:live", QUEUE, State="Disabled"),
    ]
    gateway = make_gateway(aws)
    found = await fetch_mappings(gateway, ARN)
    await gateway.close()
    assert [(one.uuid, one.state, one.destination_arn) for one in found] == [
        (UUID, "Enabled", QUEUE),
        (OTHER, "Disabled", ""),
    ]
    assert (found[0].batch_size, found[0].batching_window_s, found[0].source_name) == (10, 0, "queue orders")


async def test_the_secrets_and_subnets_of_a_source_are_known(aws: FakeAws) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:kafka-AbCdEf"
    accesses = [
        {"Type": "SASL_SCRAM_512_AUTH", "URI": secret},
        {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": secret},
        {"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"},
    ]
    aws.mappings = [
        make_mapping(UUID, ARN, QUEUE, SourceAccessConfigurations=accesses),
        make_mapping(OTHER, ARN, QUEUE),
    ]
    gateway = make_gateway(aws)
    found = await fetch_mappings(gateway, ARN)
    await gateway.close()
    assert [(one.secret_arns, one.is_in_vpc) for one in found] == [((secret,), True), ((), False)]


async def test_changes_only_what_is_given(aws: FakeAws) -> None:
    gateway = make_gateway(aws)
    assert (await update_mapping(gateway, UUID, enabled=False)).state == "Disabling"
    changed = await update_mapping(gateway, UUID, batch_size=100, batching_window_s=5)
    await gateway.close()
    assert (changed.state, changed.batch_size, changed.batching_window_s) == ("Updating", 100, 5)
    first, second = aws.requests("UpdateEventSourceMapping")
    assert first.body == b'{"Enabled": false}'
    assert second.body == b'{"BatchSize": 100, "MaximumBatchingWindowInSeconds": 5}'


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 0}, "The batch size must be 1 to 10,000 records."),
        ({"batch_size": 10_001}, "The batch size must be 1 to 10,000 records."),
        ({"batching_window_s": 301}, "The batching window must be 0 to 300 s."),
    ],
)
async def test_what_no_source_takes_is_not_sent(aws: FakeAws, values: dict[str, int], message: str) -> None:
    gateway = make_gateway(aws)
    with pytest.raises(UserError) as caught:
        await update_mapping(gateway, UUID, **values)  # type: ignore[arg-type]
    await gateway.close()
    assert (caught.value.message, caught.value.kind) == (message, ErrorKind.INVALID)
    assert aws.requests("UpdateEventSourceMapping") == []


async def test_the_guard_decides_before_anything_is_sent(aws: FakeAws) -> None:
    for guard, confirmed, words in (
        (Guard.READ_ONLY, True, "read-only"),
        (Guard.PRODUCTION, False, "nobody confirmed"),
    ):
        gateway = make_gateway(aws, guard=guard)
        with pytest.raises(UserError, match=words) as caught:
            await update_mapping(gateway, UUID, enabled=False, confirmed=confirmed)
        assert caught.value.kind is ErrorKind.DENIED
        assert (await fetch_mappings(gateway, ARN))[0].state == "Enabled"
        await gateway.close()
    assert aws.requests("UpdateEventSourceMapping") == []
    gateway = make_gateway(aws, guard=Guard.PRODUCTION)
    assert (await update_mapping(gateway, UUID, enabled=False, confirmed=True)).state == "Disabling"
    await gateway.close()


@pytest.mark.parametrize(
    ("fault", "message", "hint"),
    [
        (
            faults.error(400, "InvalidParameterValueException", "The batch window must be greater"),
            "Lambda refused to change the event source mapping.",
            "It says: The batch window must be greater",
        ),
        (
            faults.error(400, "ResourceInUseException", "in use"),
            "The event source mapping is just being changed.",
            "Wait until it has settled, then try again.",
        ),
        (
            faults.error(404, "ResourceNotFoundException", OTHER),
            "The event source mapping does not exist any more.",
            "Refresh the triggers.",
        ),
        (
            faults.denied("lambda:UpdateEventSourceMapping"),
            "These credentials are not allowed to call lambda:UpdateEventSourceMapping.",
            "Ask for a policy that allows lambda:UpdateEventSourceMapping, then retry.",
        ),
    ],
)
async def test_a_refusal_is_one_plain_sentence(
    aws: FakeAws, quick: Limits, fault: faults.Fault, message: str, hint: str
) -> None:
    aws.always("UpdateEventSourceMapping", fault)
    gateway = make_gateway(aws, quick)
    with pytest.raises(UserError) as caught:
        await update_mapping(gateway, UUID, batch_size=5)
    await gateway.close()
    assert (caught.value.message, caught.value.hint) == (message, hint)


async def test_is_followed_until_it_settles(aws: FakeAws) -> None:
    gateway = make_gateway(aws)
    await update_mapping(gateway, UUID, enabled=False)
    aws.coming[UUID] = deque(["Disabling", "Disabling", "Updating", "Disabled"])
    states = [mapping.state async for mapping in follow(gateway, UUID, pause_s=0.001)]
    await gateway.close()
    assert states == ["Disabling", "Updating", "Disabled"]
    assert len(aws.requests("GetEventSourceMapping")) == 4


async def test_throttling_does_not_end_it_and_other_failures_do(aws: FakeAws, quick: Limits) -> None:
    gateway = make_gateway(aws, quick)
    aws.coming[UUID] = deque(["Creating", "Enabled"])
    aws.script("GetEventSourceMapping", faults.throttled())
    states = [mapping.state async for mapping in follow(gateway, UUID, pause_s=0.001)]
    assert states == ["Creating", "Enabled"]
    aws.script("GetEventSourceMapping", faults.denied("lambda:GetEventSourceMapping"))
    with pytest.raises(UserError) as caught:
        _ = [mapping async for mapping in follow(gateway, UUID)]
    await gateway.close()
    assert caught.value.action == "lambda:GetEventSourceMapping"


async def test_a_deleted_one_ends_as_deleted(aws: FakeAws) -> None:
    gateway = make_gateway(aws)
    states = [mapping.state async for mapping in follow(gateway, OTHER)]
    await gateway.close()
    assert states == ["Deleted"]


async def test_it_is_not_followed_for_ever(aws: FakeAws) -> None:
    gateway = make_gateway(aws)
    aws.mappings[0]["State"] = "Updating"
    following = follow(gateway, UUID, pause_s=0.01, bound_s=0.05)
    assert (await anext(following)).state == "Updating"
    with pytest.raises(UserError) as caught:
        await anext(following)
    await gateway.close()
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert caught.value.message == "The event source mapping has not settled; its state is Updating."
