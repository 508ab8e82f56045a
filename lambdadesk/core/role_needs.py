"""What an execution role must allow, as far as a function's configuration shows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from lambdadesk.core.arns import get_part
from lambdadesk.core.details import Facts
from lambdadesk.core.mappings import EventSourceMapping
from lambdadesk.core.policies import NOTHING_ALLOWS, Decision, RoleReport, decide

_VPC_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
# Pollers of Kafka, MQ and DocumentDB live in the source's VPC.
_POLLER_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
# Service of a source's ARN -> what its poller calls, on the source and on anything (Lambda developer guide,
# the page of each source).
_SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sqs": (("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"), ()),
    "kinesis": (
        (
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
        ),
        (),
    ),
    "dynamodb": (
        ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
        ("dynamodb:ListStreams",),
    ),
    "kafka": (("kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"), _POLLER_ACTIONS),
    "mq": (("mq:DescribeBroker",), _POLLER_ACTIONS),
    "rds": (("rds:DescribeDBClusters",), _POLLER_ACTIONS),
}
# Service of a file system's ARN -> what its mount needs (both are enough for reading and writing), and what
# may allow that where the role does not (Lambda developer guide, "Configuring file system access").
_MOUNTS = {
    "elasticfilesystem": (
        ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
        "A file system without a policy of its own lets every client in; a role may also name the file "
        "system in place of its access point; and who only reads needs no ClientWrite.",
    ),
    "s3files": (("s3files:ClientMount", "s3files:ClientWrite"), ""),
}
_GRANT = "The grant that Lambda makes for itself on the key is enough while it exists."
# Service of a destination's ARN -> what sends to it.
_SENDS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "events": "events:PutEvents",
    "s3": "s3:PutObject",
}


@dataclass(frozen=True, slots=True)
class RoleNeed:
    """An action that the function's role has to allow on a resource ("*": any), and what for.

    unless: what else may allow it, in a sentence, so that a role without it need not lack it.
    """

    action: str
    resource: str
    reason: str
    unless: str = ""

    @property
    def policy_resource(self) -> str:
        """The resource as a policy would name it: not one log stream or object, but all of them."""
        if ":log-stream:" in self.resource:
            return f"{self.resource.partition(':log-stream:')[0]}:*"
        return f"{self.resource.rpartition('/')[0]}/*" if ":s3:::" in self.resource else self.resource


@dataclass(frozen=True, slots=True)
class RoleFinding:
    """Whether a need is met, and why that is said. is_estimate: worked out here, not by IAM."""

    need: RoleNeed
    decision: Decision
    reason: str
    is_estimate: bool


def find(need: RoleNeed, decision: Decision, reason: str, *, is_estimate: bool) -> RoleFinding:
    """A finding; what something else than the role may allow is not known to be missing."""
    if decision is Decision.MISSING and need.unless:
        why = "The role does not allow it." if reason == NOTHING_ALLOWS else reason
        return RoleFinding(need, Decision.UNKNOWN, f"{why} {need.unless}", is_estimate)
    return RoleFinding(need, decision, reason, is_estimate)


def needs_of(
    function_arn: str, facts: Facts, mappings: Iterable[EventSourceMapping] = ()
) -> tuple[RoleNeed, ...]:
    """What the function visibly needs, each action and resource once; what its code calls is not known."""
    parts = function_arn.split(":")
    place = ":".join([*parts[1:2], "logs", *parts[3:5]]) if len(parts) > 4 else "*:logs:*:*"
    # IAM is asked about a stream of the group, for all three.
    stream = f"arn:{place}:log-group:{facts.log_group}:log-stream:lambda"
    needs = [
        RoleNeed("logs:CreateLogGroup", stream, "its log group, where it does not exist yet"),
        RoleNeed("logs:CreateLogStream", stream, "its log group"),
        RoleNeed("logs:PutLogEvents", stream, "its log group"),
    ]
    for mapping in mappings:
        needs += _needs_of_mapping(mapping)
    for arn in facts.destinations:
        needs += _needs_to_send(arn, "a destination of asynchronous invocations")
    if facts.dead_letter_arn:
        needs += _needs_to_send(facts.dead_letter_arn, "its dead-letter queue")
    if facts.key_arn:
        needs.append(RoleNeed("kms:Decrypt", facts.key_arn, "the key of its environment", _GRANT))
    for arn in facts.file_systems:
        actions, unless = _MOUNTS.get(get_part(arn, 2), ((), ""))
        needs += [RoleNeed(action, arn, "its file system", unless) for action in actions]
    if facts.is_in_vpc:
        needs += [RoleNeed(action, "*", "its VPC") for action in _VPC_ACTIONS]
    if facts.is_traced:
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            needs.append(RoleNeed(action, "*", "X-Ray tracing"))
    if facts.is_durable:
        for action in ("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"):
            needs.append(RoleNeed(action, f"{function_arn}:$LATEST", "durable executions"))
    unique: dict[tuple[str, str], RoleNeed] = {}
    for need in needs:
        unique.setdefault((need.action, need.resource), need)
    return tuple(unique.values())


def estimate(report: RoleReport, needs: Iterable[RoleNeed]) -> tuple[RoleFinding, ...]:
    """Whether the role's policies meet the needs, by their text alone."""
    return tuple(find(need, *decide(report, need.action, need.resource), is_estimate=True) for need in needs)


def _needs_of_mapping(mapping: EventSourceMapping) -> list[RoleNeed]:
    service = get_part(mapping.source_arn, 2)
    on_source, on_any = _SOURCES.get(service, ((), _POLLER_ACTIONS if mapping.is_in_vpc else ()))
    reason = f"the event source, {mapping.source_name}"
    source = mapping.source_arn
    needs = []
    if service == "kinesis" and "/consumer/" in source:
        needs.append(RoleNeed("kinesis:SubscribeToShard", source, reason))
        source = source.partition("/consumer/")[0]
    needs += [RoleNeed(action, source, reason) for action in on_source]
    needs += [RoleNeed(action, "*", reason) for action in on_any]
    needs += [
        RoleNeed("secretsmanager:GetSecretValue", arn, f"the credentials of {mapping.source_name}")
        for arn in mapping.secret_arns
    ]
    if mapping.destination_arn:
        needs += _needs_to_send(mapping.destination_arn, f"records of {mapping.source_name} that fail")
    return needs


def _needs_to_send(arn: str, reason: str) -> list[RoleNeed]:
    service = get_part(arn, 2)
    action = _SENDS.get(service)
    if action is None:
        return []
    return [RoleNeed(action, f"{arn}/lambda" if service == "s3" else arn, reason)]
