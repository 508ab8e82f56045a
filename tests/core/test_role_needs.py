from lambdadesk.core.details import Facts
from lambdadesk.core.mappings import EventSourceMapping
from lambdadesk.core.policies import Decision, PolicyKind, RoleReport, parse_policy
from lambdadesk.core.role_needs import RoleNeed, estimate, needs_of

FUNCTION = "arn:aws-cn:lambda:cn-north-1:123456789012:function:orders"
LOGS = "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/orders:log-stream:lambda"
FACTS = Facts(log_group="/aws/lambda/orders")


def wanted(facts: Facts = FACTS, *mappings: EventSourceMapping) -> set[tuple[str, str]]:
    """All needs but the log group's, which are always there."""
    needs = needs_of(FUNCTION, facts, mappings)
    assert [(need.action, need.resource) for need in needs[:3]] == [
        ("logs:CreateLogGroup", LOGS),
        ("logs:CreateLogStream", LOGS),
        ("logs:PutLogEvents", LOGS),
    ]
    assert all(need.reason for need in needs)
    return {(need.action, need.resource) for need in needs[3:]}


def test_a_plain_function_needs_its_log_group() -> None:
    assert wanted() == set()


def test_event_sources_are_read() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:orders"
    assert wanted(FACTS, EventSourceMapping("1", source_arn=queue)) == {
        ("sqs:ReceiveMessage", queue),
        ("sqs:DeleteMessage", queue),
        ("sqs:GetQueueAttributes", queue),
    }
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026"
    found = wanted(FACTS, EventSourceMapping("1", source_arn=table))
    assert ("dynamodb:GetRecords", table) in found
    assert ("dynamodb:ListStreams", "*") in found
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
    consumer = f"{stream}/consumer/c:1"
    found = wanted(FACTS, EventSourceMapping("1", source_arn=consumer, destination_arn=queue))
    assert ("kinesis:SubscribeToShard", consumer) in found
    assert ("kinesis:GetRecords", stream) in found
    assert ("sqs:SendMessage", queue) in found
    cluster = "arn:aws:kafka:us-east-1:123456789012:cluster/c/1"
    found = wanted(FACTS, EventSourceMapping("1", source_arn=cluster))
    assert ("kafka:GetBootstrapBrokers", cluster) in found
    assert ("ec2:CreateNetworkInterface", "*") in found
    assert wanted(FACTS, EventSourceMapping("1")) == set()  # self-managed


def test_destinations_the_dead_letter_queue_vpc_and_tracing() -> None:
    facts = Facts(
        log_group="/aws/lambda/orders",
        dead_letter_arn="arn:aws:sqs:us-east-1:123456789012:dead",
        destinations=(
            "arn:aws:sns:us-east-1:123456789012:done",
            "arn:aws:events:us-east-1:123456789012:event-bus/default",
            "arn:aws:lambda:us-east-1:123456789012:function:next",
            "arn:aws:s3:::failures",
            "arn:aws:other:::x",
        ),
        is_in_vpc=True,
        is_traced=True,
        is_durable=True,
    )
    found = wanted(facts)
    assert {
        ("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:dead"),
        ("sns:Publish", "arn:aws:sns:us-east-1:123456789012:done"),
        ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/default"),
        ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:next"),
        ("s3:PutObject", "arn:aws:s3:::failures/lambda"),
        ("ec2:CreateNetworkInterface", "*"),
        ("xray:PutTraceSegments", "*"),
        ("lambda:CheckpointDurableExecution", f"{FUNCTION}:$LATEST"),
    } <= found
    assert not any("other" in resource for _action, resource in found)


def test_the_same_need_is_there_once() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:dead"
    facts = Facts(log_group="g", dead_letter_arn=queue, destinations=(queue,))
    assert [need.resource for need in needs_of(FUNCTION, facts)].count(queue) == 1


def test_the_usual_policies_are_enough() -> None:
    """As the console writes them."""
    statements = [
        {
            "Effect": "Allow",
            "Action": "logs:CreateLogGroup",
            "Resource": "arn:aws-cn:logs:cn-north-1:123456789012:*",
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": ["arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/orders:*"],
        },
    ]
    policy = parse_policy(PolicyKind.INLINE, "basic", {"Statement": statements})
    report = RoleReport("arn:aws-cn:iam::123456789012:role/r", "r", policies=(policy,))
    findings = estimate(report, needs_of(FUNCTION, FACTS))
    assert [finding.decision for finding in findings] == [Decision.ALLOWED] * 3
    assert all(finding.is_estimate for finding in findings)
    (missing,) = estimate(report, [RoleNeed("sqs:SendMessage", "*", "x")])
    assert missing.decision is Decision.MISSING


def test_sources_have_names() -> None:
    names = {
        "arn:aws:sqs:us-east-1:123456789012:orders": "queue orders",
        "arn:aws:kinesis:us-east-1:123456789012:stream/clicks/consumer/c:1": "stream clicks",
        "arn:aws:dynamodb:us-east-1:123456789012:table/stock/stream/2026-01-01T00:00:00.000": (
            "stream of table stock"
        ),
        "arn:aws:mq:us-east-1:123456789012:broker:shop:b-1": "broker shop",
        "arn:aws:rds:us-east-1:123456789012:cluster:docs": "cluster docs",
        "": "self-managed source",
    }
    assert {arn: EventSourceMapping("1", source_arn=arn).source_name for arn in names} == names
