"""The sample account: functions with real triggers, created through the real APIs."""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.local.clients import ACCOUNT_ID, REGION, Clients
from lambdadesk.local.pictures import build_png
from lambdadesk.local.samples import NODE, SAMPLES, Sample, build_zip
from lambdadesk.local.server import node_path

BUCKET = "holiday-pictures"
TOPIC = "post-commits"
QUEUE = "orders"
DEAD_LETTER_QUEUE = "orders-dead-letters"
STREAM = "clickstream"
TABLE = "stock"
RULE = "heartbeat-every-minute"
EVENT_SOURCE = "sample.monitor"
API = "orders"
USER_POOL = "customers"
STACK = "greetings"
ROLE = "sample-function"
# An order that fails is seen again after this time; the second failure sends it to the dead-letter queue.
RETRY_AFTER_S = 3

STACK_TEMPLATE = json.dumps(
    {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A greeting, made by a custom resource",
        "Parameters": {"Language": {"Type": "String"}, "Name": {"Type": "String"}},
        "Resources": {
            "Greeting": {
                "Type": "Custom::Greeting",
                "Properties": {
                    "ServiceToken": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:stack-greeter",
                    "ServiceTimeout": "30",
                    "Language": {"Ref": "Language"},
                    "Name": {"Ref": "Name"},
                },
            }
        },
    }
)


# What a step made, by the field of SeededAccount that it goes to.
Names = dict[str, str]


@dataclass(frozen=True, slots=True)
class SeededAccount:
    """What the sample account holds, as traffic needs it. `notes` are sentences for the user."""

    functions: tuple[str, ...]
    topic_arn: str
    queue_url: str
    dead_letter_queue_url: str
    api_id: str
    user_pool_id: str
    user_pool_client_id: str
    bucket: str = BUCKET
    stream: str = STREAM
    table: str = TABLE
    rule: str = RULE
    event_source: str = EVENT_SOURCE
    stack: str = STACK
    notes: tuple[str, ...] = ()


async def seed(url: str, progress: Callable[[str], None]) -> SeededAccount:
    """Create the sample account on a fresh MiniStack at `url`.

    progress: called on the event loop with what is being done. UserError if a call fails.
    """
    clients = Clients(url)
    try:
        progress("Creating the sample functions")
        await in_thread(_create_role, clients)
        await _run_all([partial(_create_function, clients, sample) for sample in SAMPLES])
        progress("Connecting the functions to their triggers")
        made = await _run_all(
            partial(step, clients)
            for step in (
                _create_version,
                _create_bucket,
                _create_topic,
                _create_queues,
                _create_stream,
                _create_table,
                _create_rule,
                _create_api,
                _create_user_pool,
                _create_stack,
            )
        )
    except (BotoCoreError, ClientError) as error:
        raise UserError(
            "The sample account could not be created.",
            "Start LambdaDesk again; if it fails again, the details say why.",
            kind=ErrorKind.LOCAL,
            details=str(error),
        ) from error
    finally:
        await in_thread(clients.close)
    return SeededAccount(
        functions=tuple(sample.name for sample in SAMPLES),
        topic_arn=made["topic_arn"],
        queue_url=made["queue_url"],
        dead_letter_queue_url=made["dead_letter_queue_url"],
        api_id=made["api_id"],
        user_pool_id=made["user_pool_id"],
        user_pool_client_id=made["user_pool_client_id"],
        notes=_build_notes(),
    )


async def _run_all(steps: Iterable[Callable[[], Names]]) -> Names:
    """Run steps side by side; what they named, or the first failure once all of them have ended."""
    results = await asyncio.gather(*(in_thread(step) for step in steps), return_exceptions=True)
    names: Names = {}
    for result in results:
        if isinstance(result, BaseException):
            raise result
        names |= result
    return names


def _build_notes() -> tuple[str, ...]:
    if node_path():
        return ()
    names = ", ".join(sample.name for sample in SAMPLES if sample.runtime == NODE)
    return (
        f"The Node functions ({names}) are listed but cannot run: there is no node on PATH; "
        "install Node.js 20 or later and start again.",
    )


def _function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"


def _create_role(clients: Clients) -> None:
    iam = clients.get("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_build_policy(trust), Description="Sample role")
    iam.attach_role_policy(
        RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
    objects = f"arn:aws:s3:::{BUCKET}/*"
    allowed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": objects}
    iam.put_role_policy(RoleName=ROLE, PolicyName="pictures", PolicyDocument=_build_policy(allowed))


def _build_policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _create_function(clients: Clients, sample: Sample) -> Names:
    clients.get("lambda").create_function(
        FunctionName=sample.name,
        Runtime=sample.runtime,
        Handler="index.handler",
        Role=f"arn:aws:iam::{ACCOUNT_ID}:role/{ROLE}",
        Code={"ZipFile": build_zip(sample.name)},
        Description=sample.description,
        MemorySize=sample.memory_mb,
        Timeout=sample.timeout_s,
        Architectures=[sample.architecture],
        LoggingConfig={"LogFormat": sample.log_format},
    )
    return {}


def _create_version(clients: Clients) -> Names:
    function = clients.get("lambda")
    version = function.publish_version(FunctionName="hello", Description="The first hello")["Version"]
    function.create_alias(FunctionName="hello", Name="live", FunctionVersion=version)
    return {}


def _allow(clients: Clients, function: str, principal: str, source_arn: str) -> None:
    """Let a service call the function, as the console does when it adds a trigger."""
    clients.get("lambda").add_permission(
        FunctionName=function,
        StatementId=principal.partition(".")[0],
        Action="lambda:InvokeFunction",
        Principal=principal,
        SourceArn=source_arn,
    )


def _create_bucket(clients: Clients) -> Names:
    s3 = clients.get("s3")
    s3.create_bucket(Bucket=BUCKET)
    # The picture of the sample event; put before there is a trigger, so that it does not run.
    s3.put_object(Bucket=BUCKET, Key="incoming/holiday-0.png", Body=build_png(96, 64, 0))
    _allow(clients, "image-thumbnailer", "s3.amazonaws.com", f"arn:aws:s3:::{BUCKET}")
    incoming = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}}
    trigger = {
        "LambdaFunctionArn": _function_arn("image-thumbnailer"),
        "Events": ["s3:ObjectCreated:*"],
        "Filter": incoming,
    }
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": [trigger]}
    )
    return {}


def _create_topic(clients: Clients) -> Names:
    sns = clients.get("sns")
    topic_arn: str = sns.create_topic(Name=TOPIC)["TopicArn"]
    _allow(clients, "post-commit-notice", "sns.amazonaws.com", topic_arn)
    sns.subscribe(TopicArn=topic_arn, Protocol="lambda", Endpoint=_function_arn("post-commit-notice"))
    return {"topic_arn": topic_arn}


def _create_queues(clients: Clients) -> Names:
    sqs = clients.get("sqs")
    dead_letter_url: str = sqs.create_queue(QueueName=DEAD_LETTER_QUEUE)["QueueUrl"]
    redrive = {
        "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{DEAD_LETTER_QUEUE}",
        "maxReceiveCount": "2",
    }
    attributes = {"VisibilityTimeout": str(RETRY_AFTER_S), "RedrivePolicy": json.dumps(redrive)}
    queue_url: str = sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]
    clients.get("lambda").create_event_source_mapping(
        FunctionName="order-worker",
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{QUEUE}",
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    return {"queue_url": queue_url, "dead_letter_queue_url": dead_letter_url}


def _create_stream(clients: Clients) -> Names:
    kinesis = clients.get("kinesis")
    kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    clients.get("lambda").create_event_source_mapping(
        FunctionName="clickstream-aggregator",
        EventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT_ID}:stream/{STREAM}",
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
    )
    return {}


def _create_table(clients: Clients) -> Names:
    created = clients.get("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "item", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "item", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    clients.get("lambda").create_event_source_mapping(
        FunctionName="stock-auditor",
        EventSourceArn=created["TableDescription"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
    )
    return {}


def _create_rule(clients: Clients) -> Names:
    events = clients.get("events")
    # A rule may have both: the schedule beats by itself, the pattern lets traffic ask for a beat.
    rule_arn = events.put_rule(
        Name=RULE,
        ScheduleExpression="rate(1 minute)",
        EventPattern=json.dumps({"source": [EVENT_SOURCE]}),
        Description="Beats every minute, and when the sample monitor asks",
    )["RuleArn"]
    _allow(clients, "heartbeat", "events.amazonaws.com", rule_arn)
    events.put_targets(Rule=RULE, Targets=[{"Id": "heartbeat", "Arn": _function_arn("heartbeat")}])
    return {}


def _create_api(clients: Clients) -> Names:
    gateway = clients.get("apigatewayv2")
    api_id: str = gateway.create_api(Name=API, ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=_function_arn("orders-api"),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    for route in ("GET /orders", "POST /orders", "GET /orders/{id}"):
        gateway.create_route(ApiId=api_id, RouteKey=route, Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{api_id}/*"
    _allow(clients, "orders-api", "apigateway.amazonaws.com", source)
    return {"api_id": api_id}


def _create_user_pool(clients: Clients) -> Names:
    cognito = clients.get("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName=USER_POOL, LambdaConfig={"PreSignUp": _function_arn("sign-up-check")}
    )["UserPool"]
    _allow(clients, "sign-up-check", "cognito-idp.amazonaws.com", pool["Arn"])
    client = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="shop")["UserPoolClient"]
    return {"user_pool_id": pool["Id"], "user_pool_client_id": client["ClientId"]}


def _create_stack(clients: Clients) -> Names:
    """Ask for the stack and don't wait: its custom resource is the first run to be seen in the logs."""
    clients.get("cloudformation").create_stack(
        StackName=STACK,
        TemplateBody=STACK_TEMPLATE,
        Parameters=[
            {"ParameterKey": "Language", "ParameterValue": "en"},
            {"ParameterKey": "Name", "ParameterValue": "world"},
        ],
    )
    return {}
