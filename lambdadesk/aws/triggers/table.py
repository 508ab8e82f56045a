"""Every way to look for what starts a function, in one table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lambdadesk.aws.triggers import (
    apigateway,
    assistants,
    balancers,
    chains,
    cloudwatch,
    cognito,
    events,
    function,
    graphql,
    mappings,
    processors,
    rules,
    s3,
    schedules,
    sns,
    stacks,
    workflows,
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
    _named("IoT", "topic rules", rules.look_at_named_iot, "iot", "iot:GetTopicRule"),
    _named("SES", "receipt rules", rules.look_at_ses, "ses", "ses:DescribeActiveReceiptRuleSet"),
    _named("Config", "rules", rules.look_at_config, "config", "config:DescribeConfigRules"),
    _named(
        "Secrets Manager",
        "secrets",
        rules.look_at_named_secrets,
        "secretsmanager",
        "secretsmanager:DescribeSecret",
    ),
    _named(
        "CodeCommit",
        "repositories",
        workflows.look_at_named_repositories,
        "codecommit",
        "codecommit:GetRepositoryTriggers",
    ),
    _named("Lex", "bot aliases", assistants.look_at_named_bots, "lexv2", "lex:DescribeBotAlias"),
    _named(
        "Connect",
        "instances",
        assistants.look_at_named_instances,
        "connect",
        "connect:ListLambdaFunctions",
    ),
    _named(
        "Bedrock",
        "agents",
        assistants.look_at_named_agents,
        "bedrock",
        "bedrock:ListAgentActionGroups",
        "bedrock:GetAgentActionGroup",
    ),
    _named(
        "AppSync",
        "APIs",
        graphql.look_at_named,
        "appsync",
        "appsync:GetGraphqlApi",
        "appsync:ListDataSources",
        "iam:SimulatePrincipalPolicy",
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
    _deep("IoT", "all topic rules", rules.look_at_all_iot, "iot:ListTopicRules", "iot:GetTopicRule"),
    _deep("SES", "active receipt rules", rules.look_at_ses, "ses:DescribeActiveReceiptRuleSet"),
    _deep("Mail Manager", "all rule sets", rules.look_at_mail_manager, "ses:ListRuleSets", "ses:GetRuleSet"),
    _deep("Config", "all rules", rules.look_at_config, "config:DescribeConfigRules"),
    _deep("Secrets Manager", "all secrets", rules.look_at_all_secrets, "secretsmanager:ListSecrets"),
    _deep(
        "Step Functions",
        "all state machines",
        workflows.look_at_state_machines,
        "states:ListStateMachines",
        "states:DescribeStateMachine",
    ),
    _deep(
        "CodeCommit",
        "all repositories",
        workflows.look_at_all_repositories,
        "codecommit:ListRepositories",
        "codecommit:GetRepositoryTriggers",
    ),
    _deep(
        "CodePipeline",
        "all pipelines",
        workflows.look_at_pipelines,
        "codepipeline:ListPipelines",
        "codepipeline:GetPipeline",
    ),
    _deep(
        "CloudFormation",
        "all stacks",
        stacks.look_at_stacks,
        "cloudformation:ListStacks",
        "cloudformation:GetTemplate",
        "cloudformation:ListStackResources",
    ),
    _deep(
        "Lex",
        "all bot aliases",
        assistants.look_at_all_bots,
        "lex:ListBots",
        "lex:ListBotAliases",
        "lex:DescribeBotAlias",
    ),
    _deep(
        "Connect",
        "all instances",
        assistants.look_at_all_instances,
        "connect:ListInstances",
        "connect:ListLambdaFunctions",
    ),
    _deep(
        "Bedrock",
        "all agents",
        assistants.look_at_all_agents,
        "bedrock:ListAgents",
        "bedrock:ListAgentActionGroups",
        "bedrock:GetAgentActionGroup",
    ),
    _deep("Bedrock", "all flows", assistants.look_at_flows, "bedrock:ListFlows", "bedrock:GetFlow"),
    _deep(
        "AgentCore",
        "all gateways",
        assistants.look_at_gateways,
        "bedrock-agentcore:ListGateways",
        "bedrock-agentcore:GetGateway",
        "bedrock-agentcore:ListGatewayTargets",
        "bedrock-agentcore:GetGatewayTarget",
    ),
    _deep(
        "AppSync",
        "all APIs",
        graphql.look_at_all,
        "appsync:ListGraphqlApis",
        "appsync:ListDataSources",
    ),
    _deep(
        "Firehose",
        "all streams",
        processors.look_at_firehose,
        "firehose:ListDeliveryStreams",
        "firehose:DescribeDeliveryStream",
    ),
    _deep("CloudFront", "all distributions", processors.look_at_cloudfront, "cloudfront:ListDistributions"),
    _deep(
        "S3 Batch Operations",
        "all jobs",
        processors.look_at_batch_jobs,
        "s3:ListJobs",
        "s3:DescribeJob",
    ),
    _deep(
        "S3 Object Lambda",
        "all access points",
        processors.look_at_object_lambda,
        "s3:ListAccessPointsForObjectLambda",
        "s3:GetAccessPointConfigurationForObjectLambda",
    ),
    _deep(
        "SageMaker",
        "all labeling jobs",
        processors.look_at_labeling_jobs,
        "sagemaker:ListLabelingJobs",
        "sagemaker:DescribeLabelingJob",
    ),
    _deep(
        "Lambda destination",
        "all functions",
        chains.look_at_functions,
        "lambda:ListFunctions",
        "lambda:ListFunctionEventInvokeConfigs",
        "lambda:GetFunctionConfiguration",
    ),
    _deep("SNS", "all subscriptions", sns.look_at_all, "sns:ListSubscriptions"),
)

EVERY = (*FIRST, *LOOKUPS)

# What the credentials have to be allowed, by IAM's names.
ACTIONS = tuple(sorted({action for each in EVERY if not each.is_deep for action in each.actions}))
DEEP_ACTIONS = tuple(sorted({action for each in EVERY for action in each.actions} - {*ACTIONS}))
