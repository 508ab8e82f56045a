"""The scan against answers that the Local AWS can't give: denied, throttled, in pages, odd, cut short."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.guard import is_read
from lambdadesk.aws.permissions import minimal_policy
from lambdadesk.aws.triggers.scan import scan
from lambdadesk.aws.triggers.table import ACTIONS, DEEP_ACTIONS, EVERY
from lambdadesk.core.connections import AccessKey, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.triggers import Answer, Mode, ScanStep, Trigger, TriggerScanState, Verdict
from lambdadesk.core.types import FunctionInfo, Target
from tests.servers import faults
from tests.servers.fake_aws import make_function
from tests.servers.fake_services import FakeServices, get_xml, to_policy, xml_error

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
QUICK = Limits(connect_s=1, read_s=2, deadline_s=5, attempts=1)


@pytest.fixture
def services() -> Iterator[FakeServices]:
    with FakeServices() as server:
        server.functions = [make_function("f")]
        yield server


@asynccontextmanager
async def open_gateway(services: FakeServices) -> AsyncIterator[Gateway]:
    keys = KeySource(AccessKey("AKIA1", Secret("s")), services.url)
    target = Target("us-east-1", endpoint_url=services.url)
    gateway = Gateway(target, QUICK, credentials=keys, guard=Guard.READ_ONLY)
    try:
        yield gateway
    finally:
        await gateway.close()


async def look(services: FakeServices, *, deep: bool = False) -> TriggerScanState:
    async with open_gateway(services) as gateway:
        return await scan(gateway, FunctionInfo("f", ARN), lambda _: None, deep=deep)


def let(principal: str, arn: str = "", **more: Any) -> dict[str, Any]:
    condition = {"ArnLike": {"AWS:SourceArn": arn}} if arn else {}
    return {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": condition,
        **more,
    }


def get_step(found: TriggerScanState, source: str, what: str) -> ScanStep:
    (step,) = [each for each in found.steps if (each.source, each.what) == (source, what)]
    return step


def get_one(found: TriggerScanState, source: str) -> Trigger:
    (trigger,) = [each for each in found.triggers if each.source == source]
    return trigger


# --- denied, throttled, absent ---


async def test_a_denied_look_names_its_action_and_leaves_the_others(services: FakeServices) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
    services.answers["GetPolicy"] = to_policy(
        let("s3.amazonaws.com", "arn:aws:s3:::pictures"), let("sns.amazonaws.com", topic)
    )
    member = (
        f"<member><TopicArn>{topic}</TopicArn><Protocol>lambda</Protocol><Endpoint>{ARN}</Endpoint></member>"
    )
    services.answers["ListSubscriptionsByTopic"] = get_xml(
        "ListSubscriptionsByTopic", f"<Subscriptions>{member}</Subscriptions>"
    )
    services.always(
        "GetBucketNotificationConfiguration",
        faults.reply(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"),
    )
    found = await look(services)
    bucket = get_one(found, "S3")
    assert bucket.verdict is Verdict.NOT_CHECKED
    assert bucket.verdict_text == "not checked (denied: s3:GetBucketNotification)"
    step = get_step(found, "S3", "buckets")
    assert (step.answer, step.action) == (Answer.DENIED, "s3:GetBucketNotification")
    assert get_one(found, "SNS").verdict is Verdict.CONFIRMED


async def test_without_the_policy_a_source_is_not_checked_rather_than_refused(services: FakeServices) -> None:
    services.always("GetPolicy", faults.denied("lambda:GetPolicy"))
    services.answers["ListEventBuses"] = {"EventBuses": [{"Name": "default"}]}
    services.answers["ListRuleNamesByTarget"] = {"RuleNames": ["nightly"]}
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/nightly"
    services.answers["DescribeRule"] = {"Arn": rule, "State": "DISABLED", "ScheduleExpression": "rate(1 day)"}
    services.answers["ListTargetsByRule"] = {"Targets": [{"Id": "1", "Arn": ARN}]}
    found = await look(services)
    trigger = get_one(found, "EventBridge")
    assert trigger.verdict_text == "not checked (denied: lambda:GetPolicy)"
    assert trigger.state == "Disabled"
    assert get_step(found, "Lambda", "resource policies").answer is Answer.DENIED


async def test_a_policy_that_does_not_exist_is_an_answer(services: FakeServices) -> None:
    services.always("GetPolicy", faults.error(404, "ResourceNotFoundException", "No policy"))
    services.answers["ListRuleNamesByTarget"] = {"RuleNames": ["nightly"]}
    services.answers["DescribeRule"] = {"Arn": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/nightly"}
    services.answers["ListTargetsByRule"] = {"Targets": [{"Id": "1", "Arn": ARN}]}
    found = await look(services)
    assert get_one(found, "EventBridge").verdict is Verdict.SOURCE_ONLY
    assert get_step(found, "Lambda", "resource policies").answer is Answer.OK


async def test_throttling_leaves_what_is_there_and_says_so(services: FakeServices) -> None:
    services.answers["GetPolicy"] = to_policy(
        let("events.amazonaws.com", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/a")
    )
    services.always("ListRuleNamesByTarget", faults.throttled())
    found = await look(services)
    step = get_step(found, "EventBridge", "rules of every bus")
    assert step.answer is Answer.FAILED
    assert "fewer ListRuleNamesByTarget requests" in step.text
    # The rule itself was asked for, and exists.
    assert get_one(found, "EventBridge").verdict_text == "permitted only (no source names it)"
    assert found.done == found.total


async def test_a_permission_without_a_source_is_not_left_over_while_not_all_were_asked(
    services: FakeServices,
) -> None:
    services.answers["GetPolicy"] = to_policy(let("events.amazonaws.com"))
    assert get_one(await look(services), "EventBridge").verdict_text == "permitted only (no source names it)"
    services.always("ListRuleNamesByTarget", faults.throttled())
    trigger = get_one(await look(services), "EventBridge")
    assert trigger.verdict_text == "not checked (failed: events:ListRuleNamesByTarget)"


async def test_a_function_that_is_gone_is_said_at_once(services: FakeServices) -> None:
    services.always("ListAliases", faults.error(404, "ResourceNotFoundException", "Function not found"))
    with pytest.raises(UserError) as caught:
        await look(services)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    assert services.requests("GetPolicy") == []


async def test_expired_credentials_end_the_scan(services: FakeServices) -> None:
    services.always("*", faults.expired())
    with pytest.raises(UserError) as caught:
        await look(services)
    assert caught.value.kind is ErrorKind.EXPIRED


async def test_without_aliases_and_versions_the_function_itself_is_asked(services: FakeServices) -> None:
    services.always("ListAliases", faults.denied("lambda:ListAliases"))
    services.answers["ListFunctionUrlConfigs"] = {
        "FunctionUrlConfigs": [
            {"FunctionUrl": "https://x", "FunctionArn": f"{ARN}:live", "AuthType": "AWS_IAM"}
        ]
    }
    found = await look(services)
    step = get_step(found, "Lambda", "aliases and versions")
    assert (step.answer, step.action) == (Answer.DENIED, "lambda:ListAliases")
    trigger = get_one(found, "Function URL")
    assert (trigger.qualifier, trigger.verdict) == ("live", Verdict.CONFIRMED)


@pytest.mark.parametrize("text", ["{", "[]"])
async def test_a_policy_that_is_none_fails_alone(services: FakeServices, text: str) -> None:
    services.answers["GetPolicy"] = {"Policy": text}
    found = await look(services)
    step = get_step(found, "Lambda", "resource policies")
    assert (step.answer, step.text) == (Answer.FAILED, "The policy of the function can't be understood.")


async def test_an_answer_of_the_wrong_shape_fails_alone(services: FakeServices) -> None:
    services.answers["ListStateMachines"] = {"stateMachines": [{"name": "no arn"}]}
    found = await look(services, deep=True)
    step = get_step(found, "Step Functions", "all state machines")
    assert (step.answer, step.text) == (Answer.FAILED, "An answer can't be understood.")
    assert found.done == found.total


# --- pages, versions, bounds ---


async def test_every_alias_and_version_has_its_own_policy(services: FakeServices) -> None:
    services.aliases["f"] = ["live"]
    services.versions["f"] = ["1", "2"]
    statements = {
        "live": let("iot.amazonaws.com", Resource=f"{ARN}:live"),
        "2": let("iot.amazonaws.com", Resource=f"{ARN}:2"),
    }
    services.answers["GetPolicy"] = lambda params: to_policy(
        *[each for name, each in statements.items() if name == params.get("Qualifier")]
    )
    found = await look(services)
    asked = {request.params.get("Qualifier", "") for request in services.requests("GetPolicy")}
    assert asked == {"", "live", "1", "2"}
    assert {each.qualifier for each in found.triggers} == {"live", "2"}
    assert len({each.key for each in found.triggers}) == 2


async def test_old_versions_wait_for_a_deep_scan(services: FakeServices) -> None:
    services.versions["f"] = [str(number) for number in range(1, 31)]
    services.answers["GetPolicy"] = to_policy()
    found = await look(services)
    assert len(services.requests("GetPolicy")) == 21
    step = get_step(found, "Lambda", "aliases and versions")
    assert step.text == "10 older versions are left to a deep scan."
    await look(services, deep=True)
    assert len(services.requests("GetPolicy")) == 21 + 31


async def test_mappings_are_read_to_the_last_page_and_what_was_read_stays(services: FakeServices) -> None:
    def give(params: dict[str, str]) -> dict[str, Any]:
        number = int(params.get("Marker") or 0)
        page: dict[str, Any] = {
            "EventSourceMappings": [make_mapping(f"arn:aws:kinesis:eu-west-1:1:stream/{number}", number)]
        }
        return page | ({"NextMarker": str(number + 1)} if number < 3 else {})

    services.answers["ListEventSourceMappings"] = give
    found = await look(services)
    assert [each.uuid for each in found.triggers] == ["u0", "u1", "u2", "u3"]
    services.script(
        "ListEventSourceMappings", lambda exchange: exchange.send(exchange.normal()), faults.throttled()
    )
    found = await look(services)
    assert [each.uuid for each in found.triggers] == ["u0"]
    assert get_step(found, "Lambda", "event source mappings").answer is Answer.FAILED


async def test_marks_that_go_in_circles_end(services: FakeServices) -> None:
    services.answers["ListPipes"] = {"Pipes": [], "NextToken": "again"}
    found = await look(services)
    step = get_step(found, "Pipes", "pipes to it")
    assert (step.answer, step.text) == (Answer.FAILED, "ListPipes gave more pages than are read.")
    assert len(services.requests("ListPipes")) == 2


def make_mapping(arn: str, number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "UUID": f"u{number}",
        "EventSourceArn": arn,
        "FunctionArn": ARN,
        "State": "Enabled",
        "BatchSize": 10,
        **more,
    }


@pytest.mark.parametrize(
    ("arn", "operation", "answer", "source", "name"),
    [
        (
            f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/logs/11111111-2222-4333-8444-555555555555-1",
            "DescribeClusterV2",
            {"clusterInfo": {"state": "ACTIVE"}},
            "MSK",
            "logs",
        ),
        (
            f"arn:aws:mq:us-east-1:{ACCOUNT}:broker:bunny:b-1",
            "DescribeBroker",
            {"brokerState": "RUNNING"},
            "MQ",
            "bunny",
        ),
        (
            f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:docs",
            "DescribeDBClusters",
            get_xml("DescribeDBClusters", ""),
            "DocumentDB",
            "docs",
        ),
        (
            f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/clicks/consumer/fast:1",
            "DescribeStreamConsumer",
            {"ConsumerDescription": {}},
            "Kinesis",
            "clicks",
        ),
    ],
)
async def test_what_a_mapping_reads_is_asked(
    services: FakeServices, arn: str, operation: str, answer: Any, source: str, name: str
) -> None:
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [make_mapping(arn)]}
    services.answers[operation] = answer
    trigger = get_one(await look(services), source)
    assert (trigger.name, trigger.mode, trigger.verdict) == (name, Mode.POLLED, Verdict.CONFIRMED)
    assert services.requests(operation)
    is_xml = isinstance(answer, bytes)
    gone = xml_error(404, "DBClusterNotFoundFault") if is_xml else faults.error(404, "NotFoundException")
    services.always(operation, gone)
    assert get_one(await look(services), source).verdict_text == "permitted only (source gone)"
    services.always(
        operation, xml_error(403, "AccessDenied") if is_xml else faults.error(403, "AccessDenied")
    )
    denied = get_one(await look(services), source)
    assert denied.verdict_text.endswith(f":{operation})")
    assert denied.verdict is Verdict.NOT_CHECKED


async def test_a_source_that_lambda_reads_is_there_though_it_cant_be_asked(services: FakeServices) -> None:
    arn = "arn:aws:sqs:us-east-1:123456789012:far"
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [make_mapping(arn)]}
    trigger = get_one(await look(services), "SQS")
    assert trigger.verdict_text == "permitted only (source elsewhere)"
    assert "account 123456789012" in trigger.evidence[-1].text
    worked = make_mapping(arn, LastProcessingResult="OK")
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [worked]}
    trigger = get_one(await look(services), "SQS")
    assert (trigger.verdict, trigger.last_result) == (Verdict.CONFIRMED, "OK")


async def test_self_managed_kafka_with_its_topics_and_filter(services: FakeServices) -> None:
    mapping = {
        "UUID": "u",
        "FunctionArn": f"{ARN}:live",
        "State": "Disabled",
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["broker.example.com:9092"]}},
        "Topics": ["orders"],
        "Queues": ["unused"],
        "SourceAccessConfigurations": [
            {"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"},
            {"Type": "VIRTUAL_HOST", "URI": "/shop"},
        ],
        "DocumentDBEventSourceConfig": {"DatabaseName": "d", "CollectionName": "c"},
        "FilterCriteria": {"Filters": [{"Pattern": '{"a": [1]}'}]},
        "BatchSize": 5,
        "MaximumBatchingWindowInSeconds": 2,
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failed"}},
    }
    services.aliases["f"] = ["live"]
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [mapping]}
    found = await look(services)
    trigger = get_one(found, "Kafka")
    assert (trigger.name, trigger.qualifier) == ("broker.example.com:9092", "live")
    assert (trigger.state, trigger.filter) == ("Disabled", 'orders, unused, d, c, {"a": [1]}')
    assert trigger.details == {
        "topic": "orders",
        "queue": "unused",
        "virtual_host": "/shop",
        "database": "d",
        "collection": "c",
        "patterns": '["{\\"a\\": [1]}"]',
    }
    assert trigger.batch == "5, or after 2 s"
    assert trigger.verdict is Verdict.PERMITTED_ONLY
    (destination,) = found.destinations
    assert (destination.service, destination.name, destination.source) == ("S3", "failed", trigger.key)


async def test_a_deny_outweighs_an_allow(services: FakeServices) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
    member = (
        f"<member><TopicArn>{topic}</TopicArn><Protocol>lambda</Protocol><Endpoint>{ARN}</Endpoint></member>"
    )
    services.answers["ListSubscriptionsByTopic"] = get_xml(
        "ListSubscriptionsByTopic", f"<Subscriptions>{member}</Subscriptions>"
    )
    deny = let("sns.amazonaws.com", topic, Sid="never", Effect="Deny")
    services.answers["GetPolicy"] = to_policy(let("sns.amazonaws.com", topic), deny)
    trigger = get_one(await look(services), "SNS")
    assert trigger.verdict is Verdict.SOURCE_ONLY
    assert "never" in trigger.evidence[-1].text


# --- families that the Local AWS does not have ---

ROLE = f"arn:aws:iam::{ACCOUNT}:role/caller"
ALLOWED = get_xml(
    "SimulatePrincipalPolicy",
    "<EvaluationResults><member><EvalDecision>allowed</EvalDecision></member></EvaluationResults>",
)
FAMILIES: list[tuple[str, str, str, dict[str, Any], str]] = [
    (
        "Lex",
        "lexv2.amazonaws.com",
        f"arn:aws:lex:us-east-1:{ACCOUNT}:bot-alias/BOT0000001/ALIAS00001",
        {
            "ListBots": {"botSummaries": [{"botId": "BOT0000001"}]},
            "ListBotAliases": {"botAliasSummaries": [{"botAliasId": "ALIAS00001"}]},
            "DescribeBotAlias": {
                "botAliasName": "prod",
                "botAliasLocaleSettings": {
                    "en_US": {
                        "enabled": True,
                        "codeHookSpecification": {"lambdaCodeHook": {"lambdaARN": ARN}},
                    }
                },
            },
        },
        "BOT0000001/prod",
    ),
    (
        "Connect",
        "connect.amazonaws.com",
        f"arn:aws:connect:us-east-1:{ACCOUNT}:instance/i-1",
        {
            "ListInstances": {
                "InstanceSummaryList": [{"Arn": f"arn:aws:connect:us-east-1:{ACCOUNT}:instance/i-1"}]
            },
            "ListLambdaFunctions": {"LambdaFunctions": [ARN]},
        },
        "i-1",
    ),
    (
        "VPC Lattice",
        "vpc-lattice.amazonaws.com",
        f"arn:aws:vpc-lattice:us-east-1:{ACCOUNT}:targetgroup/tg-1",
        {
            "ListTargetGroups": {
                "items": [{"arn": f"arn:aws:vpc-lattice:us-east-1:{ACCOUNT}:targetgroup/tg-1"}]
            },
            "ListTargets": {"items": [{"id": ARN, "status": "HEALTHY"}]},
        },
        "tg-1",
    ),
    (
        "CodeCommit",
        "codecommit.amazonaws.com",
        f"arn:aws:codecommit:us-east-1:{ACCOUNT}:shop",
        {
            "ListRepositories": {"repositories": [{"repositoryName": "shop"}]},
            "GetRepositoryTriggers": {"triggers": [{"destinationArn": ARN, "events": ["all"]}]},
        },
        "shop",
    ),
    (
        "Bedrock",
        "bedrock.amazonaws.com",
        f"arn:aws:bedrock:us-east-1:{ACCOUNT}:agent/AGENT00001",
        {
            "ListAgents": {"agentSummaries": [{"agentId": "AGENT00001"}]},
            "ListAgentActionGroups": {"actionGroupSummaries": [{"actionGroupId": "GROUP00001"}]},
            "GetAgentActionGroup": {
                "agentActionGroup": {"actionGroupName": "g", "actionGroupExecutor": {"lambda": ARN}}
            },
        },
        "AGENT00001",
    ),
    (
        "Cognito Sync",
        "cognito-sync.amazonaws.com",
        f"arn:aws:cognito-sync:us-east-1:{ACCOUNT}:identitypool/us-east-1:1",
        {
            "ListIdentityPools": {"IdentityPools": [{"IdentityPoolId": "us-east-1:1"}]},
            "GetCognitoEvents": {"Events": {"SyncTrigger": ARN}},
        },
        "us-east-1:1",
    ),
]


@pytest.mark.parametrize(("source", "principal", "arn", "answers", "name"), FAMILIES)
async def test_a_family_is_found_by_its_permission_and_by_a_deep_scan(
    services: FakeServices, source: str, principal: str, arn: str, answers: dict[str, Any], name: str
) -> None:
    services.answers |= answers
    services.answers["GetPolicy"] = to_policy()
    refused = get_one(await look(services, deep=True), source)
    assert (refused.name, refused.verdict) == (name, Verdict.SOURCE_ONLY)
    services.answers["GetPolicy"] = to_policy(let(principal, arn))
    for deep in (False, True):
        trigger = get_one(await look(services, deep=deep), source)
        assert (trigger.name, trigger.arn, trigger.verdict) == (name, arn, Verdict.CONFIRMED)


ROLE_FAMILIES: list[tuple[str, dict[str, Any], str]] = [
    (
        "CodePipeline",
        {
            "ListPipelines": {"pipelines": [{"name": "ship"}]},
            "GetPipeline": {
                "pipeline": {
                    "name": "ship",
                    "roleArn": ROLE,
                    "stages": [
                        {
                            "name": "check",
                            "actions": [
                                {
                                    "name": "call",
                                    "actionTypeId": {"provider": "Lambda"},
                                    "configuration": {"FunctionName": "f"},
                                }
                            ],
                        }
                    ],
                }
            },
        },
        "check/call",
    ),
    (
        "AppSync",
        {
            "ListGraphqlApis": {
                "graphqlApis": [{"apiId": "a", "arn": "arn:aws:appsync:::a", "name": "shop"}]
            },
            "ListDataSources": {
                "dataSources": [
                    {
                        "name": "source",
                        "serviceRoleArn": ROLE,
                        "lambdaConfig": {"lambdaFunctionArn": ARN},
                    }
                ]
            },
        },
        "source",
    ),
    (
        "AgentCore",
        {
            "ListGateways": {"items": [{"gatewayId": "gw-0000000001"}]},
            "GetGateway": {"name": "tools", "roleArn": ROLE},
            "ListGatewayTargets": {"items": [{"targetId": "TARGET0001"}]},
            "GetGatewayTarget": {
                "name": "orders",
                "targetConfiguration": {"mcp": {"lambda": {"lambdaArn": ARN}}},
            },
        },
        "orders",
    ),
    (
        "Bedrock",
        {
            "ListFlows": {"flowSummaries": [{"id": "FLOW000001"}]},
            "GetFlow": {
                "name": "steps",
                "executionRoleArn": ROLE,
                "definition": {"nodes": [{"configuration": {"lambdaFunction": {"lambdaArn": ARN}}}]},
            },
        },
        "flow",
    ),
    (
        "SageMaker",
        {
            "ListLabelingJobs": {
                "LabelingJobSummaryList": [{"LabelingJobName": "cats", "PreHumanTaskLambdaArn": ARN}]
            },
            "DescribeLabelingJob": {"RoleArn": ROLE},
        },
        "before the task",
    ),
]


@pytest.mark.parametrize(("source", "answers", "detail"), ROLE_FAMILIES)
async def test_a_family_that_calls_with_a_role_is_judged_by_the_role(
    services: FakeServices, source: str, answers: dict[str, Any], detail: str
) -> None:
    services.answers |= answers
    services.answers["SimulatePrincipalPolicy"] = ALLOWED
    trigger = get_one(await look(services, deep=True), source)
    assert (trigger.filter, trigger.verdict) == (detail, Verdict.CONFIRMED)
    services.answers["SimulatePrincipalPolicy"] = ALLOWED.replace(b"allowed", b"explicitDeny")
    assert get_one(await look(services, deep=True), source).verdict is Verdict.SOURCE_ONLY
    services.always("SimulatePrincipalPolicy", xml_error(404, "NoSuchEntity"))
    gone = get_one(await look(services, deep=True), source)
    assert (gone.verdict, gone.evidence[-1].text) == (
        Verdict.SOURCE_ONLY,
        "The role caller does not exist.",
    )
    services.always("SimulatePrincipalPolicy", xml_error(403, "AccessDenied"))
    denied = get_one(await look(services, deep=True), source)
    assert denied.verdict_text == "not checked (denied: iam:SimulatePrincipalPolicy)"


async def test_templates_in_json_and_yaml_name_their_custom_resources(services: FakeServices) -> None:
    stack = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/s/1"
    services.answers["ListStacks"] = get_xml(
        "ListStacks",
        f"<StackSummaries><member><StackId>{stack}</StackId><StackName>s</StackName>"
        "<StackStatus>CREATE_COMPLETE</StackStatus></member></StackSummaries>",
    )
    services.answers["ListStackResources"] = get_xml(
        "ListStackResources",
        "<StackResourceSummaries><member><LogicalResourceId>Maker</LogicalResourceId>"
        "<PhysicalResourceId>f</PhysicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType>"
        "</member></StackResourceSummaries>",
    )
    yaml = "Resources:\n  Thing:\n    Type: Custom::X\n    Properties:\n      ServiceToken: {}\n      A: 1\n"
    by_reference = {
        "Thing": {"Type": "Custom::X", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Maker", "Arn"]}}}
    }
    other = {"Thing": {"Type": "Custom::X", "Properties": {"ServiceToken": ARN + "2"}}}
    for body, is_found in (
        (json.dumps({"Resources": by_reference}), True),
        (json.dumps({"Resources": other}), False),
        (yaml.format(ARN), True),
        (yaml.format("!GetAtt Maker.Arn"), True),
        (yaml.format("!GetAtt Other.Arn"), False),
        ("not: [a template", False),
    ):
        services.answers["GetTemplate"] = get_xml("GetTemplate", f"<TemplateBody>{body}</TemplateBody>")
        found = await look(services, deep=True)
        assert [each.name for each in found.triggers] == (["s"] if is_found else []), body


async def test_a_distribution_runs_a_version(services: FakeServices) -> None:
    services.versions["f"] = ["3"]
    services.answers["ListDistributions"] = (
        "<DistributionList><Items><DistributionSummary><Id>E1</Id><ARN>arn:aws:cloudfront::1:distribution/E1</ARN>"
        "<DomainName>d.example.com</DomainName><Enabled>true</Enabled><DefaultCacheBehavior>"
        "<LambdaFunctionAssociations><Quantity>1</Quantity><Items><LambdaFunctionAssociation>"
        f"<LambdaFunctionARN>{ARN}:3</LambdaFunctionARN><EventType>viewer-request</EventType>"
        "</LambdaFunctionAssociation></Items></LambdaFunctionAssociations></DefaultCacheBehavior>"
        "</DistributionSummary></Items></DistributionList>"
    ).encode()
    trigger = get_one(await look(services, deep=True), "CloudFront")
    assert (trigger.name, trigger.qualifier, trigger.filter) == ("d.example.com", "3", "viewer-request *")
    assert trigger.verdict is Verdict.CONFIRMED


# --- progress, cancelling, permissions ---


async def test_progress_is_told_and_only_grows(services: FakeServices) -> None:
    services.answers["ListUserPools"] = {"UserPools": [{"Id": f"us-east-1_{n}"} for n in range(12)]}
    states: list[TriggerScanState] = []
    async with open_gateway(services) as gateway:
        found = await scan(gateway, FunctionInfo("f", ARN), states.append, deep=True)
    assert [state.done for state in states] == sorted(state.done for state in states)
    assert states[-1] == found
    assert found.done == found.total > 40
    assert found.doing == ""
    assert "User pools: 12 of 12" in {state.doing for state in states}


async def test_a_scan_can_be_cancelled_in_the_middle(services: FakeServices) -> None:
    services.answers["ListStateMachines"] = {"stateMachines": [{"stateMachineArn": "x"}]}
    services.always("DescribeStateMachine", faults.hang)
    async with open_gateway(services) as gateway:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(scan(gateway, FunctionInfo("f", ARN), lambda _: None, deep=True))
            await asyncio.get_running_loop().run_in_executor(
                None, services.wait_for_requests, "DescribeStateMachine"
            )
            task.cancel()
        assert task.cancelled()


async def test_a_function_without_an_arn_cant_be_looked_at(services: FakeServices) -> None:
    async with open_gateway(services) as gateway:
        with pytest.raises(UserError) as caught:
            await scan(gateway, FunctionInfo("f"), lambda _: None)
    assert caught.value.kind is ErrorKind.INVALID
    assert services.requests() == []


async def test_a_deep_scan_passes_the_guard_and_a_policy_can_be_written_for_it(
    services: FakeServices,
) -> None:
    services.answers["GetPolicy"] = to_policy(
        *[
            let(f"{name}.amazonaws.com", arn)
            for name, arn in (
                ("s3", "arn:aws:s3:::b"),
                ("logs", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/g:*"),
            )
        ]
    )
    found = await look(services, deep=True)
    # S3 Control puts the account in front of the host, which 127.0.0.1 can't have.
    assert {step.source for step in found.steps if step.answer is not Answer.OK} == {
        "S3 Batch Operations",
        "S3 Object Lambda",
    }
    policy = json.loads(minimal_policy([*ACTIONS, *DEEP_ACTIONS], ACCOUNT, ["us-east-1"]))
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert {action for lookup in EVERY for action in lookup.actions} == allowed
    assert not set(ACTIONS) & set(DEEP_ACTIONS)
    for action in allowed - {"apigateway:GET"}:
        assert is_read(*action.split(":"))
