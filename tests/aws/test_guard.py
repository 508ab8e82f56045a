import pytest

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.guard import is_read
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, Target
from tests.servers.fake_aws import FakeAws, make_function

REQUEST = InvokeRequest(FunctionInfo("hello"), b"{}")


READS = ("logs:FilterLogEvents", "logs:StartQuery", "dynamodb:Query", "xray:BatchGetTraces", "s3:HeadObject")
NO_READS = (
    "apigateway:TestInvokeMethod",
    "lambda:Get",
    "lambda:InvokeAsync",
    "lambda:InvokeWithResponseStream",
    "lambda:invoke",
    "logs:Getting",
    "sqs:ReceiveMessage",
    "stepfunctions:TestState",
    "sts:AssumeRole",
    "sts:GetSessionToken",
)


def make_gateway(aws: FakeAws, guard: Guard) -> Gateway:
    aws.functions = [make_function("hello")]
    return Gateway(Target("us-east-1", endpoint_url=aws.url), guard=guard)


def test_only_known_reads_are_reads() -> None:
    from botocore.session import get_session

    session = get_session()
    writes = ("Create", "Update", "Delete", "Put", "Publish", "Add", "Remove", "Send", "Invoke", "Tag", "Set")
    for service in ("lambda", "logs", "sqs", "sns", "s3", "events", "iam", "sts", "kinesis", "dynamodb"):
        for operation in session.get_service_model(service).operation_names:
            if operation.startswith(writes):
                assert not is_read(service, operation), operation
            if operation.startswith(("List", "Describe")):
                assert is_read(service, operation), operation
    for name in NO_READS:
        assert not is_read(*name.split(":")), name
    for name in READS:
        assert is_read(*name.split(":")), name


@pytest.mark.parametrize("kind", list(InvocationType))
async def test_no_invoke_leaves_a_read_only_connection(aws: FakeAws, kind: InvocationType) -> None:
    gateway = make_gateway(aws, Guard.READ_ONLY)
    with pytest.raises(UserError) as caught:
        await gateway.invoke(InvokeRequest(FunctionInfo("hello"), b"{}", kind), confirmed=True)
    await gateway.close()
    assert caught.value.message == "This connection is read-only."
    assert caught.value.kind is ErrorKind.DENIED
    assert caught.value.hint
    assert aws.requests() == []


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("lambda", "Invoke", {"FunctionName": "hello"}),
        ("lambda", "InvokeAsync", {"FunctionName": "hello", "InvokeArgs": b"{}"}),
        ("lambda", "InvokeWithResponseStream", {"FunctionName": "hello"}),
        ("lambda", "DeleteFunction", {"FunctionName": "hello"}),
        ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": []}),
        ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "s"}),
    ],
)
async def test_no_write_leaves_a_read_only_connection(
    aws: FakeAws, service: str, operation: str, params: dict[str, object]
) -> None:
    gateway = make_gateway(aws, Guard.READ_ONLY)
    with pytest.raises(UserError, match="read-only"):
        await gateway.call(service, operation, confirmed=True, **params)
    await gateway.close()
    assert aws.requests() == []


async def test_a_way_around_the_gateway_ends_at_the_client(aws: FakeAws) -> None:
    gateway = make_gateway(aws, Guard.READ_ONLY)
    for client in (gateway._clients.get("lambda"), gateway._clients.get_invoker(3)):
        with pytest.raises(UserError, match="read-only"):
            client.invoke(FunctionName="hello")
    await gateway.close()
    assert aws.requests() == []


async def test_reads_go_through_a_read_only_connection(aws: FakeAws) -> None:
    gateway = make_gateway(aws, Guard.READ_ONLY)
    assert (await gateway.call("lambda", "ListFunctions"))["Functions"]
    assert (await gateway.identity()).account
    aws.add_events("g", "line")
    assert (await gateway.call("logs", "FilterLogEvents", logGroupName="g"))["events"]
    await gateway.close()


async def test_production_wants_each_invoke_and_write_confirmed(aws: FakeAws) -> None:
    gateway = make_gateway(aws, Guard.PRODUCTION)
    await gateway.call("lambda", "ListFunctions")
    with pytest.raises(UserError, match="production"):
        await gateway.invoke(REQUEST)
    with pytest.raises(UserError, match="production"):
        await gateway.call("lambda", "DeleteFunction", FunctionName="hello")
    assert [request.operation for request in aws.requests()] == ["ListFunctions"]
    assert (await gateway.invoke(REQUEST, confirmed=True)).status_code == 200
    assert len(aws.requests("Invoke")) == 1
    await gateway.close()
