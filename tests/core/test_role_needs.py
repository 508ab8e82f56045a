from dataclasses import replace

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


def test_the_key_of_the_environment_and_file_systems() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    efs = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1"
    s3_files = "arn:aws:s3files:us-east-1:123456789012:file-system/fs-1/access-point/fsap-2"
    facts = Facts(log_group="/aws/lambda/orders", key_arn=key, file_systems=(efs, s3_files, "arn:aws:x:::y"))
    assert wanted(facts) == {
        ("kms:Decrypt", key),
        ("elasticfilesystem:ClientMount", efs),
        ("elasticfilesystem:ClientWrite", efs),
        ("s3files:ClientMount", s3_files),
        ("s3files:ClientWrite", s3_files),
    }


def test_credentials_and_subnets_of_event_sources() -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:kafka-AbCdEf"
    mapping = EventSourceMapping("1", secret_arns=(secret,), is_in_vpc=True)
    found = wanted(FACTS, mapping)
    assert ("secretsmanager:GetSecretValue", secret) in found
    assert ("ec2:DescribeVpcs", "*") in found
    assert wanted(FACTS, replace(mapping, is_in_vpc=False)) == {("secretsmanager:GetSecretValue", secret)}
    broker = "arn:aws:mq:us-east-1:123456789012:broker:shop:b-1"
    found = wanted(FACTS, EventSourceMapping("1", source_arn=broker, secret_arns=(secret,)))
    assert {("mq:DescribeBroker", broker), ("secretsmanager:GetSecretValue", secret)} <= found


def test_what_something_else_may_allow_is_not_known_to_be_missing() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    facts = Facts(log_group="g", key_arn=key)
    (need,) = [each for each in needs_of(FUNCTION, facts) if each.resource == key]
    empty = RoleReport("arn:aws:iam::123456789012:role/r", "r")
    (finding,) = estimate(empty, [need])
    assert finding.decision is Decision.UNKNOWN
    assert finding.reason.startswith("The role does not allow it. The grant ")
    for effect, decision in (("Allow", Decision.ALLOWED), ("Deny", Decision.DENIED)):
        statement = {"Effect": effect, "Action": "kms:*", "Resource": key}
        policy = parse_policy(PolicyKind.INLINE, "p", {"Statement": [statement]})
        (finding,) = estimate(replace(empty, policies=(policy,)), [need])
        assert finding.decision is decision


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
