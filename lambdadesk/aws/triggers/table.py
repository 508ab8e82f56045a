"""Every way to look for what starts a function, in one table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lambdadesk.aws.triggers import events, function, mappings, s3, sns
from lambdadesk.aws.triggers.search import Search


@dataclass(frozen=True, slots=True)
class Lookup:
    """One step of a scan.

    look:       does it; returns what it left out, raises UserError where it found out nothing (more).
    principals: it runs only where a policy lets one of these services in; none: always.
    is_deep:    it lists what has nothing to do with the function, which takes long.
    """

    source: str
    what: str
    look: Callable[[Search], Awaitable[str]]
    actions: tuple[str, ...]
    principals: tuple[str, ...] = ()
    is_deep: bool = False


def _deep(source: str, what: str, look: Callable[[Search], Awaitable[str]], *actions: str) -> Lookup:
    return Lookup(source, what, look, actions, is_deep=True)


def _named(
    source: str, what: str, look: Callable[[Search], Awaitable[str]], principal: str, *actions: str
) -> Lookup:
    return Lookup(source, what, look, actions, (principal,))


# They come first, one after the other: the others need what these find.
FIRST = (
    Lookup(
        "Lambda",
        "aliases and versions",
        function.look_at_qualifiers,
        ("lambda:ListAliases", "lambda:ListVersionsByFunction"),
    ),
    Lookup("Lambda", "resource policies", function.look_at_policies, ("lambda:GetPolicy",)),
)

LOOKUPS = (
    Lookup(
        "Lambda",
        "event source mappings",
        mappings.look_at_mappings,
        (
            "lambda:ListEventSourceMappings",
            "sqs:GetQueueUrl",
            "sqs:GetQueueAttributes",
            "kinesis:DescribeStreamSummary",
            "kinesis:DescribeStreamConsumer",
            "dynamodb:DescribeStream",
            "kafka:DescribeClusterV2",
            "mq:DescribeBroker",
            "rds:DescribeDBClusters",
        ),
    ),
    Lookup("Function URL", "URLs", function.look_at_urls, ("lambda:ListFunctionUrlConfigs",)),
    Lookup(
        "Lambda",
        "asynchronous destinations",
        function.look_at_destinations,
        ("lambda:ListFunctionEventInvokeConfigs",),
    ),
    Lookup(
        "Lambda",
        "dead-letter queue",
        function.look_at_dead_letters,
        ("lambda:GetFunctionConfiguration",),
    ),
    _named("S3", "buckets", s3.look_at_named, "s3", "s3:GetBucketNotification"),
    _named("SNS", "topics", sns.look_at_named, "sns", "sns:ListSubscriptionsByTopic"),
    Lookup(
        "EventBridge",
        "rules of every bus",
        events.look_at_rules,
        (
            "events:ListEventBuses",
            "events:ListRuleNamesByTarget",
            "events:DescribeRule",
            "events:ListTargetsByRule",
        ),
    ),
    _deep(
        "S3",
        "all buckets",
        s3.look_at_all,
        "s3:ListAllMyBuckets",
        "s3:GetBucketNotification",
    ),
    _deep("SNS", "all subscriptions", sns.look_at_all, "sns:ListSubscriptions"),
)

EVERY = (*FIRST, *LOOKUPS)

# What the credentials have to be allowed, by IAM's names.
ACTIONS = tuple(sorted({action for each in EVERY if not each.is_deep for action in each.actions}))
DEEP_ACTIONS = tuple(sorted({action for each in EVERY for action in each.actions} - {*ACTIONS}))
