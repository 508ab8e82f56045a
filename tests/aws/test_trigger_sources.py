"""Families of sources that the Local AWS does not have, each found as it is on the wire."""

import json
from typing import Any

import pytest

from lambdadesk.core.triggers import Verdict
from tests.aws.trigger_rig import ACCOUNT, ARN, get_one, let, look
from tests.servers.fake_services import FakeServices, get_xml, to_policy, xml_error

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


async def test_alarms_of_every_kind_have_the_function_as_an_action(services: FakeServices) -> None:
    kinds = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}
    asked: list[str] = []

    def give(params: dict[str, Any]) -> dict[str, Any]:
        (kind,) = params["AlarmTypes"]
        asked.append(kind)
        arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{kind}"
        return {kinds[kind]: [{"AlarmName": kind, "AlarmArn": arn, "AlarmActions": [ARN]}]}

    services.answers["DescribeAlarms"] = give
    found = await look(services)
    assert asked == list(kinds)
    assert sorted(each.name for each in found.triggers) == sorted(kinds)
