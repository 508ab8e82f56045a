"""Every way to look for what starts a function, in one table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lambdadesk.aws.triggers import (
    apigateway,
    balancers,
    cloudwatch,
    cognito,
    events,
    function,
    mappings,
    s3,
    schedules,
    sns,
)
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
    Lookup(
        "Pipes",
        "pipes to it",
        schedules.look_at_pipes,
        ("pipes:ListPipes", "pipes:DescribePipe", "iam:SimulatePrincipalPolicy"),
    ),
    Lookup("CloudWatch alarm", "alarm actions", cloudwatch.look_at_alarms, ("cloudwatch:DescribeAlarms",)),
    _named("API Gateway", "APIs", apigateway.look_at_named, "apigateway", "apigateway:GET"),
    _named(
        "ALB",
        "target groups",
        balancers.look_at_named_albs,
        "elasticloadbalancing",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ),
    _named(
        "VPC Lattice",
        "target groups",
        balancers.look_at_named_lattice,
        "vpc-lattice",
        "vpc-lattice:ListTargets",
    ),
    _named("Cognito", "user pools", cognito.look_at_named, "cognito-idp", "cognito-idp:DescribeUserPool"),
    _named(
        "Cognito Sync",
        "identity pools",
        cognito.look_at_named_sync,
        "cognito-sync",
        "cognito-sync:GetCognitoEvents",
    ),
    _named(
        "CloudWatch Logs",
        "subscription filters",
        cloudwatch.look_at_named_logs,
        "logs",
        "logs:DescribeSubscriptionFilters",
    ),
    _named(
        "CloudWatch Logs",
        "filter of the account",
        cloudwatch.look_at_account_logs,
        "logs",
        "logs:DescribeAccountPolicies",
    ),
    _deep(
        "Scheduler",
        "all schedules",
        schedules.look_at_schedules,
        "scheduler:ListSchedules",
        "scheduler:GetSchedule",
    ),
    _deep("Pipes", "all pipes that enrich with it", schedules.look_at_all_pipes, "pipes:ListPipes"),
    _deep("API Gateway", "all HTTP and WebSocket APIs", apigateway.look_at_http, "apigateway:GET"),
    _deep("API Gateway", "all REST APIs", apigateway.look_at_rest, "apigateway:GET"),
    _deep(
        "ALB",
        "all target groups",
        balancers.look_at_all_albs,
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ),
    _deep(
        "VPC Lattice",
        "all target groups",
        balancers.look_at_all_lattice,
        "vpc-lattice:ListTargetGroups",
        "vpc-lattice:ListTargets",
    ),
    _deep(
        "Cognito",
        "all user pools",
        cognito.look_at_all,
        "cognito-idp:ListUserPools",
        "cognito-idp:DescribeUserPool",
    ),
    _deep(
        "Cognito Sync",
        "all identity pools",
        cognito.look_at_all_sync,
        "cognito-identity:ListIdentityPools",
        "cognito-sync:GetCognitoEvents",
    ),
    _deep(
        "CloudWatch Logs",
        "all log groups",
        cloudwatch.look_at_all_logs,
        "logs:DescribeLogGroups",
        "logs:DescribeSubscriptionFilters",
    ),
    _deep(
        "CloudWatch dashboard",
        "all dashboards",
        cloudwatch.look_at_dashboards,
        "cloudwatch:ListDashboards",
        "cloudwatch:GetDashboard",
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
