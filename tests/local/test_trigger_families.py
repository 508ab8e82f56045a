"""Triggers of every family that MiniStack has, made for one function and then found."""

import json
from typing import Any

import pytest

from lambdadesk.aws.triggers.scan import scan
from lambdadesk.core.connections import Guard
from lambdadesk.core.triggers import (
    Answer,
    DestinationKind,
    Mode,
    Trigger,
    TriggerScanState,
    Verdict,
)
from lambdadesk.core.types import FunctionInfo
from lambdadesk.local.clients import Clients
from tests.local.running import create_function, open_gateway

NAME = "target"
ARN = f"arn:aws:lambda:us-east-1:000000000000:function:{NAME}"
ROLE = "arn:aws:iam::000000000000:role/caller"
REST_URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"


@pytest.fixture(scope="module")
def clients(clients: Clients) -> Clients:
    """An account with a function that has a version, an alias and two roles that may, or may not, call it."""
    create_function(clients, NAME, "def handler(event, context):\n    return 1\n")
    version = clients.get("lambda").publish_version(FunctionName=NAME)["Version"]
    clients.get("lambda").create_alias(FunctionName=NAME, Name="live", FunctionVersion=version)
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = clients.get("iam")
    for role in ("caller", "powerless"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=to_policy(trust))
    allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [ARN, f"{ARN}:*"]}
    iam.put_role_policy(RoleName="caller", PolicyName="call", PolicyDocument=to_policy(allow))
    return clients


def to_policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(clients: Clients, principal: str, arn: str = "", qualifier: str = "", **params: Any) -> None:
    if arn:
        params["SourceArn"] = arn
    if qualifier:
        params["Qualifier"] = qualifier
    number = allow.number = getattr(allow, "number", 0) + 1  # type: ignore[attr-defined]
    clients.get("lambda").add_permission(
        FunctionName=NAME,
        StatementId=f"s{number}",
        Action="lambda:InvokeFunction",
        Principal=principal,
        **params,
    )


async def look(url: str, *, deep: bool = False) -> TriggerScanState:
    async with open_gateway(url, Guard.READ_ONLY) as gateway:
        return await scan(gateway, FunctionInfo(NAME, ARN), lambda _: None, deep=deep)


async def find(url: str, source: str, name: str, *, deep: bool = False, qualifier: str = "") -> Trigger:
    found = await look(url, deep=deep)
    chosen = [each for each in found.triggers if (each.source, each.name) == (source, name)]
    (trigger,) = [each for each in chosen if each.qualifier == qualifier]
    return trigger


async def test_a_rest_api_with_its_routes_stages_and_authorizer(clients: Clients, url: str) -> None:
    gateway = clients.get("apigateway")
    api = gateway.create_rest_api(name="shop")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    for part, uri in (
        ("{proxy+}", ARN),
        ("live", "arn:aws:lambda:us-east-1:000000000000:function:${stageVariables.fn}"),
    ):
        resource = gateway.create_resource(restApiId=api, parentId=root, pathPart=part)["id"]
        gateway.put_method(restApiId=api, resourceId=resource, httpMethod="ANY", authorizationType="NONE")
        gateway.put_integration(
            restApiId=api,
            resourceId=resource,
            httpMethod="ANY",
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=REST_URI.format(uri),
        )
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(
        restApiId=api, stageName="prod", deploymentId=deployment, variables={"fn": f"{NAME}:live"}
    )
    gateway.create_authorizer(
        restApiId=api, name="gate", type="TOKEN", authorizerUri=REST_URI.format(ARN), identitySource="x"
    )
    source = f"arn:aws:execute-api:us-east-1:000000000000:{api}"
    allow(clients, "apigateway.amazonaws.com", f"{source}/*/*/*")
    found = await look(url)
    (proxy,) = [each for each in found.triggers if each.filter == "ANY /{proxy+}"]
    assert (proxy.name, proxy.verdict, proxy.mode) == ("shop", Verdict.CONFIRMED, Mode.PUSH_SYNC)
    (gate,) = [each for each in found.triggers if each.filter == "authorizer gate"]
    assert gate.verdict is Verdict.SOURCE_ONLY
    assert gate.details == {"kind": "REST API", "authorizer": "gate", "authorizer_type": "TOKEN"}
    assert gate.key != proxy.key
    (live,) = [each for each in found.triggers if each.qualifier == "live" and each.name == "shop"]
    assert live.filter == "ANY /live (stage prod)"
    assert live.details == {"kind": "REST API", "route": "ANY /live", "stage": "prod"}
    assert live.verdict is Verdict.SOURCE_ONLY  # the alias has a policy of its own
    allow(clients, "apigateway.amazonaws.com", f"{source}/prod/*/live", "live")
    assert (await find(url, "API Gateway", "shop", qualifier="live")).verdict is Verdict.CONFIRMED
    gateway.delete_rest_api(restApiId=api)
    gone = [each for each in (await look(url)).triggers if api in each.arn]
    assert {each.verdict_text for each in gone} == {"permitted only (source gone)"}
    assert {each.qualifier for each in gone} == {"", "live"}


async def test_a_role_decides_where_no_policy_does(clients: Clients, url: str) -> None:
    scheduler = clients.get("scheduler")
    for name, role in (("nightly", "caller"), ("idle", "powerless"), ("stray", "missing")):
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": f"{ARN}:live", "RoleArn": f"arn:aws:iam::000000000000:role/{role}", "Input": "{}"},
        )
    found = {each.name: each for each in (await look(url, deep=True)).triggers if each.source == "Scheduler"}
    assert {each.qualifier for each in found.values()} == {"live"}
    assert found["nightly"].verdict is Verdict.CONFIRMED
    assert (found["nightly"].filter, found["nightly"].state) == ("rate(1 day)", "Enabled")
    assert found["nightly"].details == {"schedule": "rate(1 day)", "input": "{}"}
    assert found["idle"].verdict is Verdict.SOURCE_ONLY
    assert found["stray"].verdict is Verdict.SOURCE_ONLY


async def test_pipes_state_machines_and_streams_that_call_with_a_role(clients: Clients, url: str) -> None:
    queue = clients.get("sqs").create_queue(QueueName="into-the-pipe")["QueueUrl"]
    assert queue
    clients.get("pipes").create_pipe(
        Name="through", RoleArn=ROLE, Source="arn:aws:sqs:us-east-1:000000000000:into-the-pipe", Target=ARN
    )
    states = {
        "Plain": {"Type": "Task", "Resource": ARN, "Next": "Many"},
        "Many": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Inner",
                "States": {
                    "Inner": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Parameters": {"FunctionName": NAME, "Payload": {}},
                        "End": True,
                    }
                },
            },
            "End": True,
        },
    }
    clients.get("stepfunctions").create_state_machine(
        name="orders", definition=json.dumps({"StartAt": "Plain", "States": states}), roleArn=ROLE
    )
    clients.get("s3").create_bucket(Bucket="delivered")
    clients.get("firehose").create_delivery_stream(
        DeliveryStreamName="events",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::delivered",
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [
                    {"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": ARN}]}
                ],
            },
        },
    )
    pipe = await find(url, "Pipes", "through")
    assert pipe.verdict is Verdict.CONFIRMED
    assert pipe.filter == "from arn:aws:sqs:us-east-1:000000000000:into-the-pipe"
    assert pipe.details == {"source": "arn:aws:sqs:us-east-1:000000000000:into-the-pipe"}
    machine = await find(url, "Step Functions", "orders", deep=True)
    assert (machine.verdict, machine.filter) == (Verdict.CONFIRMED, "Plain, Inner")
    assert (await find(url, "Firehose", "events", deep=True)).verdict is Verdict.CONFIRMED


async def test_rules_of_other_buses_and_for_an_alias(clients: Clients, url: str) -> None:
    events = clients.get("events")
    events.create_event_bus(Name="shop")
    rule = events.put_rule(Name="sold", EventBusName="shop", EventPattern='{"source": ["shop"]}')["RuleArn"]
    events.put_targets(
        Rule="sold", EventBusName="shop", Targets=[{"Id": "1", "Arn": f"{ARN}:live", "InputPath": "$.detail"}]
    )
    trigger = await find(url, "EventBridge", "sold", qualifier="live")
    assert trigger.details == {"pattern": '{"source": ["shop"]}', "input_path": "$.detail"}
    assert trigger.verdict is Verdict.SOURCE_ONLY
    assert "No statement allows events" in trigger.evidence[-1].text
    allow(clients, "events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/shop/*", "live")
    assert (await find(url, "EventBridge", "sold", qualifier="live")).verdict is Verdict.CONFIRMED
    allow(clients, "events.amazonaws.com", rule)  # nobody needs this one
    left = await find(url, "EventBridge", "sold")
    assert left.verdict_text == "permitted only (no source names it)"
    allow(clients, "events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/never-was")
    assert (await find(url, "EventBridge", "never-was")).verdict_text == "permitted only (source gone)"


async def test_permissions_that_name_no_single_source(clients: Clients, url: str) -> None:
    allow(clients, "s3.amazonaws.com", SourceAccount="000000000000")
    allow(clients, "sns.amazonaws.com", "arn:aws:sns:us-east-1:123456789012:far")
    allow(clients, "sns.amazonaws.com", "arn:aws:sns:eu-west-1:000000000000:remote")
    allow(clients, "123456789012")
    cheap = await look(url)
    found = {(each.source, each.name): each.verdict_text for each in cheap.triggers}
    assert found[("S3", "any in account 000000000000")] == "not checked (a deep scan looks)"
    assert found[("SNS", "far")] == "permitted only (source elsewhere)"
    assert found[("SNS", "remote")] == "permitted only (source elsewhere)"
    assert found[("AWS account", "123456789012")] == "permitted only (source elsewhere)"
    deep = {(each.source, each.name): each.verdict_text for each in (await look(url, deep=True)).triggers}
    assert deep[("S3", "any in account 000000000000")] == "permitted only (no source names it)"
    s3 = clients.get("s3")
    s3.create_bucket(Bucket="pictures")
    config = {"LambdaFunctionArn": ARN, "Events": ["s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="pictures", NotificationConfiguration={"LambdaFunctionConfigurations": [config]}
    )
    deep_again = await look(url, deep=True)
    triggers = {each.name: each for each in deep_again.triggers if each.source == "S3"}
    assert set(triggers) == {"pictures"}
    assert triggers["pictures"].verdict is Verdict.CONFIRMED


async def test_logs_alarms_iot_secrets_and_config(clients: Clients, url: str) -> None:
    logs = clients.get("logs")
    logs.create_log_group(logGroupName="/shop")
    logs.put_subscription_filter(
        logGroupName="/shop", filterName="all", filterPattern="ERROR", destinationArn=ARN
    )
    clients.get("cloudwatch").put_metric_alarm(
        AlarmName="too-many",
        Namespace="n",
        MetricName="m",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[ARN],
    )
    clients.get("iot").create_topic_rule(
        ruleName="hot",
        topicRulePayload={"sql": "SELECT * FROM 'heat'", "actions": [{"lambda": {"functionArn": ARN}}]},
    )
    clients.get("secretsmanager").create_secret(Name="key", SecretString="s")
    clients.get("secretsmanager").rotate_secret(
        SecretId="key", RotationLambdaARN=ARN, RotateImmediately=False
    )
    clients.get("config").put_config_rule(
        ConfigRule={
            "ConfigRuleName": "strict",
            "Source": {
                "Owner": "CUSTOM_LAMBDA",
                "SourceIdentifier": ARN,
                "SourceDetails": [
                    {
                        "EventSource": "aws.config",
                        "MessageType": "ConfigurationItemChangeNotification",
                    }
                ],
            },
        }
    )
    names = {
        "CloudWatch Logs": "/shop",
        "CloudWatch alarm": "too-many",
        "IoT": "hot",
        "Secrets Manager": "key",
        "Config": "strict",
    }

    async def get_verdicts(*, deep: bool) -> dict[str, Verdict]:
        found = (await look(url, deep=deep)).triggers
        return {each.source: each.verdict for each in found if names.get(each.source) == each.name}

    refused = dict.fromkeys(names, Verdict.SOURCE_ONLY)
    del refused["Secrets Manager"]  # MiniStack lists them without their function
    assert await get_verdicts(deep=True) == refused
    allow(clients, "logs.us-east-1.amazonaws.com", "arn:aws:logs:us-east-1:000000000000:log-group:/shop:*")
    alarm = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:too-many"
    allow(clients, "lambda.alarms.cloudwatch.amazonaws.com", alarm)
    allow(clients, "iot.amazonaws.com", "arn:aws:iot:us-east-1:000000000000:rule/hot")
    secret = clients.get("secretsmanager").describe_secret(SecretId="key")["ARN"]
    allow(clients, "secretsmanager.amazonaws.com", secret)
    allow(clients, "config.amazonaws.com", SourceAccount="000000000000")
    assert await get_verdicts(deep=False) == dict.fromkeys(names, Verdict.CONFIRMED)


async def test_load_balancers_and_receipt_rules(clients: Clients, url: str) -> None:
    elb = clients.get("elbv2")
    group = elb.create_target_group(Name="web", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": ARN}])
    allow(clients, "elasticloadbalancing.amazonaws.com", group)
    assert (await find(url, "ALB", "web")).verdict_text == "permitted only (no source names it)"
    balancer = elb.create_load_balancer(Name="front", Subnets=["subnet-1"])["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    web = await find(url, "ALB", "web")
    assert (web.verdict, web.filter) == (Verdict.CONFIRMED, "front")
    ses = clients.get("ses")
    ses.create_receipt_rule_set(RuleSetName="inbox")
    ses.create_receipt_rule(
        RuleSetName="inbox",
        Rule={"Name": "mail", "Enabled": True, "Actions": [{"LambdaAction": {"FunctionArn": ARN}}]},
    )
    allow(clients, "ses.amazonaws.com", SourceAccount="000000000000")
    left = await find(url, "SES", "any in account 000000000000")
    assert left.verdict is Verdict.PERMITTED_ONLY  # no set is active
    ses.set_active_receipt_rule_set(RuleSetName="inbox")
    assert (await find(url, "SES", "mail")).verdict is Verdict.CONFIRMED


async def test_a_url_is_open_to_all_or_to_those_with_permission(clients: Clients, url: str) -> None:
    function = clients.get("lambda")
    address = function.create_function_url_config(FunctionName=NAME, AuthType="AWS_IAM")["FunctionUrl"]
    trigger = await find(url, "Function URL", address)
    assert (trigger.verdict, trigger.state) == (Verdict.CONFIRMED, "IAM")
    function.update_function_url_config(FunctionName=NAME, AuthType="NONE")
    assert (await find(url, "Function URL", address)).verdict is Verdict.SOURCE_ONLY
    function.add_permission(
        FunctionName=NAME,
        StatementId="open",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    assert (await find(url, "Function URL", address)).verdict is Verdict.CONFIRMED
    function.delete_function_url_config(FunctionName=NAME)
    left = await find(url, "Function URL", "anyone")
    assert left.verdict is Verdict.PERMITTED_ONLY
    function.remove_permission(FunctionName=NAME, StatementId="open")


async def test_destinations_of_the_function_and_of_others(clients: Clients, url: str) -> None:
    function = clients.get("lambda")
    create_function(clients, "other", "def handler(event, context):\n    return 1\n")
    function.update_function_configuration(FunctionName="other", Role=ROLE)
    function.put_function_event_invoke_config(
        FunctionName="other", DestinationConfig={"OnFailure": {"Destination": ARN}}
    )
    queue = "arn:aws:sqs:us-east-1:000000000000:into-the-pipe"
    topic = "arn:aws:sns:us-east-1:000000000000:done"
    function.put_function_event_invoke_config(
        FunctionName=NAME,
        DestinationConfig={"OnSuccess": {"Destination": topic}, "OnFailure": {"Destination": queue}},
    )
    function.update_function_configuration(FunctionName=NAME, DeadLetterConfig={"TargetArn": queue})
    found = await look(url, deep=True)
    own = {(each.kind, each.service, each.name) for each in found.destinations if not each.source}
    assert own == {
        (DestinationKind.ON_SUCCESS, "SNS", "done"),
        (DestinationKind.ON_FAILURE, "SQS", "into-the-pipe"),
        (DestinationKind.DEAD_LETTER, "SQS", "into-the-pipe"),
    }
    (chain,) = [each for each in found.triggers if each.source == "Lambda destination"]
    assert (chain.name, chain.filter, chain.verdict) == ("other", "on failure", Verdict.CONFIRMED)


async def test_a_target_that_names_no_version_is_refused(clients: Clients, url: str) -> None:
    topic = clients.get("sns").create_topic(Name="old")["TopicArn"]
    clients.get("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=f"{ARN}:gone")
    allow(clients, "sns.amazonaws.com", topic)
    found = [each for each in (await look(url)).triggers if (each.source, each.name) == ("SNS", "old")]
    verdicts = {each.qualifier: each.verdict for each in found}
    assert verdicts == {"gone": Verdict.SOURCE_ONLY, "": Verdict.PERMITTED_ONLY}
    (sighting,) = [each for each in found if each.qualifier]
    assert sighting.evidence[-1].answer is Answer.REFUSED
    assert "no version or alias gone" in sighting.evidence[-1].text
