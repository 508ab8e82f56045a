"""All that is configured for one function, with every part failing on its own."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.details import PARTS, fetch_details
from lambdadesk.aws.functions import to_function_info
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.details import FunctionDetails, format_moment
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

ARN = "arn:aws:lambda:us-east-1:000000000000:function:orders"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:lost"
TOPIC = "arn:aws:sns:us-east-1:000000000000:done"
ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-1"


def shown(details: FunctionDetails, title: str) -> dict[str, str]:
    group = details.get(title)
    return {row.name: str(row.value) for row in group.rows} if group else {}


async def read(
    aws: FakeAws, limits: Limits | None = None, former: FunctionDetails | None = None
) -> FunctionDetails:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    try:
        return await fetch_details(gateway, to_function_info(aws.functions[0]), former)
    finally:
        await gateway.close()


async def test_a_plain_function_says_what_it_has_not(aws: FakeAws) -> None:
    aws.functions = [make_function("orders", State="Active", LastUpdateStatus="Successful")]
    details = await read(aws)
    assert details.failures == ()
    assert details.arn == ARN
    assert [group.title for group in details.groups] == [
        "General",
        "Environment",
        "VPC",
        "Storage",
        "SnapStart",
        "Concurrency",
        "Logging",
        "Layers",
        "Versions and aliases",
        "Tags",
        "Function URL",
        "Asynchronous invocation",
    ]
    general = shown(details, "General")
    assert general == {
        "Name": "orders",
        "ARN": ARN,
        "Description": "none",
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Architecture": "x86_64",
        "Memory": "128 MB",
        "Timeout": "3 s",
        "State": "Active",
        "Last update": "Successful",
        "Last modified": format_moment(datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
        "Execution role": "arn:aws:iam::000000000000:role/orders",
        "X-Ray tracing": "passed through",
        "Code": "1.2 KB zip",
        "Code SHA-256": "not known",
        "Encryption key": "AWS's own",
        "Runtime updates": "automatic",
        "Code signing": "none",
        "Recursive loops": "stopped",
    }
    assert shown(details, "Environment") == {"Variables": "none"}
    assert shown(details, "VPC") == {"VPC": "none"}
    assert shown(details, "Storage") == {"Ephemeral storage": "512 MB"}
    assert shown(details, "SnapStart") == {"SnapStart": "off"}
    assert shown(details, "Concurrency") == {"Reserved": "none", "Provisioned": "none"}
    assert shown(details, "Logging") == {
        "Log group": "/aws/lambda/orders",
        "Format": "Text",
        "Retention": "there is no such log group yet",
    }
    assert shown(details, "Layers") == {"Layers": "none"}
    assert shown(details, "Versions and aliases") == {"Aliases": "none", "Published versions": "none"}
    assert shown(details, "Tags") == {"Tags": "none"}
    assert shown(details, "Function URL") == {"Function URL": "none"}
    assert shown(details, "Asynchronous invocation") == {
        "Retries": "2 (default)",
        "Longest wait": "6 h (default)",
        "On success": "none",
        "On failure": "none",
        "Dead-letter queue": "none",
    }


def make_everything(aws: FakeAws) -> None:
    aws.functions = [
        make_function(
            "orders",
            MemorySize=1769,
            Timeout=90,
            Architectures=["arm64"],
            CodeSha256="abc=",
            KMSKeyArn="arn:aws:kms:us-east-1:000000000000:key/k",
            State="Inactive",
            StateReasonCode="Idle",
            StateReason="It was not used.",
            LastUpdateStatus="Failed",
            LastUpdateStatusReasonCode="ImageDeleted",
            TracingConfig={"Mode": "Active"},
            Environment={"Variables": {"TOKEN": "canary", "DEBUG": ""}},
            VpcConfig={"VpcId": "vpc-1", "SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
            EphemeralStorage={"Size": 2048},
            FileSystemConfigs=[{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/data"}],
            SnapStart={"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
            LoggingConfig={"LogFormat": "JSON", "LogGroup": "shared", "SystemLogLevel": "WARN"},
            Layers=[{"Arn": "arn:aws:lambda:us-east-1:000000000000:layer:tools:7", "CodeSize": 2_000_000}],
            DurableConfig={"RetentionPeriodInDays": 14, "ExecutionTimeout": 3600},
            TenancyConfig={"TenantIsolationMode": "PER_TENANT"},
            CapacityProviderConfig={
                "LambdaManagedInstancesCapacityProviderConfig": {
                    "CapacityProviderArn": "arn:aws:lambda:us-east-1:000000000000:capacity-provider:own",
                    "PerExecutionEnvironmentMaxConcurrency": 10,
                    "ExecutionEnvironmentMemoryGiBPerVCpu": 2.0,
                }
            },
            DeadLetterConfig={"TargetArn": QUEUE},
            RuntimeVersionConfig={"RuntimeVersionArn": "arn:aws:lambda:us-east-1::runtime:07"},
        )
    ]
    aws.details["GetFunction", "orders"] = {
        "Code": {"RepositoryType": "S3", "Location": "https://bucket.example/code?X-Amz-Signature=canary"},
        "Tags": {"team": "core", "stage": "prod"},
        "Concurrency": {"ReservedConcurrentExecutions": 5},
    }
    aws.details["GetFunctionConcurrency", "orders"] = {"ReservedConcurrentExecutions": 0}
    provisioned = {
        "FunctionArn": f"{ARN}:live",
        "RequestedProvisionedConcurrentExecutions": 10,
        "AvailableProvisionedConcurrentExecutions": 4,
        "Status": "IN_PROGRESS",
    }
    aws.details["ListProvisionedConcurrencyConfigs", "orders"] = {
        "ProvisionedConcurrencyConfigs": [provisioned]
    }
    aws.details["GetFunctionRecursionConfig", "orders"] = {"RecursiveLoop": "Allow"}
    aws.details["GetRuntimeManagementConfig", "orders"] = {
        "UpdateRuntimeOn": "Manual",
        "RuntimeVersionArn": "pin",
    }
    aws.details["GetFunctionCodeSigningConfig", "orders"] = {"CodeSigningConfigArn": "signing"}
    url = {"FunctionUrl": "https://x.lambda-url.us-east-1.on.aws/", "FunctionArn": ARN, "AuthType": "NONE"}
    cors = {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 60}
    aws.details["ListFunctionUrlConfigs", "orders"] = {
        "FunctionUrlConfigs": [
            url | {"Cors": cors},
            url | {"FunctionArn": f"{ARN}:live", "AuthType": "AWS_IAM", "InvokeMode": "RESPONSE_STREAM"},
        ]
    }
    aws.details["ListFunctionEventInvokeConfigs", "orders"] = {
        "FunctionEventInvokeConfigs": [
            {
                "FunctionArn": f"{ARN}:$LATEST",
                "MaximumRetryAttempts": 0,
                "MaximumEventAgeInSeconds": 60,
                "DestinationConfig": {"OnSuccess": {"Destination": TOPIC}, "OnFailure": {}},
            },
            {"FunctionArn": f"{ARN}:live", "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}},
        ]
    }
    aws.log_settings["shared"] = {
        "retentionInDays": 30,
        "storedBytes": 5_242_880,
        "logGroupClass": "STANDARD",
    }
    aws.log_settings["shared-too"] = {}
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    aws.aliases["orders"] = [
        {"Name": "live", "FunctionVersion": "1", "RoutingConfig": weights, "Description": "for all"},
        {"Name": "beta", "FunctionVersion": "$LATEST"},
    ]
    aws.versions["orders"] = [
        {"Version": "1", "LastModified": "2026-01-02T03:04:05.678+0000", "Runtime": "python3.12"},
        *[str(number) for number in range(2, 63)],
    ]


async def test_everything_is_told_in_human_form(aws: FakeAws) -> None:
    make_everything(aws)
    details = await read(aws)
    assert details.failures == ()
    general = shown(details, "General")
    assert general["Memory"] == "1,769 MB"
    assert general["Timeout"] == "1 min 30 s"
    assert general["State"] == "Inactive (Idle)"
    assert general["Last update"] == "Failed (ImageDeleted)"
    assert general["X-Ray tracing"] == "on"
    assert general["Encryption key"] == "arn:aws:kms:us-east-1:000000000000:key/k"
    assert general["Runtime updates"] == "by hand"
    assert general["Runtime version"] == "arn:aws:lambda:us-east-1::runtime:07"
    assert general["Code signing"] == "signing"
    assert general["Recursive loops"] == "allowed"
    assert shown(details, "VPC") == {
        "VPC": "vpc-1",
        "Subnets": "subnet-1, subnet-2",
        "Security groups": "sg-1",
        "IPv6 in dual-stack subnets": "off",
    }
    assert shown(details, "Storage") == {"Ephemeral storage": "2,048 MB", "/mnt/data": ACCESS_POINT}
    assert shown(details, "SnapStart") == {
        "SnapStart": "on, for published versions",
        "Of this version": "off",
    }
    assert shown(details, "Concurrency") == {
        "Reserved": "0: switched off",
        "Provisioned for live": "10 asked for, 4 available, in progress",
    }
    assert shown(details, "Logging") == {
        "Log group": "shared",
        "Format": "JSON",
        "Application log level": "INFO",
        "System log level": "WARN",
        "Retention": "30 days",
        "Class": "STANDARD",
        "Stored": "5 MB",
    }
    assert shown(details, "Layers") == {"Layer 1": "arn:aws:lambda:us-east-1:000000000000:layer:tools:7"}
    assert shown(details, "Durable") == {"Execution timeout": "1 h", "History kept": "14 days"}
    assert shown(details, "Tenancy") == {"Isolation": "per tenant"}
    assert shown(details, "Capacity provider") == {
        "Capacity provider": "arn:aws:lambda:us-east-1:000000000000:capacity-provider:own",
        "Invocations per environment": "10 at once",
        "Memory per vCPU": "2 GB",
    }
    versions = shown(details, "Versions and aliases")
    assert versions["Alias beta"] == "version $LATEST"
    assert versions["Alias live"] == "version 1 (90 %) and version 2 (10 %)"
    assert versions["Published versions"] == "62"  # two pages
    assert list(versions)[3:5] == ["Version 62", "Version 61"]
    assert versions["Older versions"] == "42 more"
    assert shown(details, "Tags") == {"stage": "prod", "team": "core"}
    assert shown(details, "Function URL") == {
        "URL": "https://x.lambda-url.us-east-1.on.aws/",
        "Who may call it": "anybody",
        "Answers": "in one piece",
        "CORS": "origins * · methods GET · kept for 1 min",
        "URL of live": "https://x.lambda-url.us-east-1.on.aws/",
        "Who may call it of live": "callers with IAM permission",
        "Answers of live": "streamed",
        "CORS of live": "none",
    }
    assert shown(details, "Asynchronous invocation") == {
        "Retries": "0",
        "Longest wait": "1 min",
        "On success": TOPIC,
        "On failure": "none",
        "Retries of live": "2 (default)",
        "Longest wait of live": "6 h (default)",
        "On success of live": "none",
        "On failure of live": QUEUE,
        "Dead-letter queue": QUEUE,
    }


async def test_the_facts_are_what_the_role_must_allow_for(aws: FakeAws) -> None:
    make_everything(aws)
    facts = (await read(aws)).facts
    assert facts.role_arn == "arn:aws:iam::000000000000:role/orders"
    assert facts.log_group == "shared"
    assert facts.dead_letter_arn == QUEUE
    assert facts.destinations == (TOPIC, QUEUE)
    assert facts.key_arn == "arn:aws:kms:us-east-1:000000000000:key/k"
    assert facts.file_systems == (ACCESS_POINT,)
    assert (facts.is_in_vpc, facts.is_traced, facts.is_durable) == (True, True, True)


async def test_neither_the_environment_nor_the_signed_address_is_kept_in_the_open(aws: FakeAws) -> None:
    make_everything(aws)
    details = await read(aws)
    group = details.get("Environment")
    assert group is not None
    assert [(row.name, row.value) for row in group.rows] == [
        ("DEBUG", Secret("")),
        ("TOKEN", Secret("canary")),
    ]
    assert "canary" not in repr(details) + repr(details.answers)


async def test_container_images_have_their_own_group(aws: FakeAws) -> None:
    image = {"EntryPoint": ["/entry"], "Command": ["app.handler", "-v"], "WorkingDirectory": "/work"}
    function: dict[str, Any] = make_function(
        "orders", PackageType="Image", ImageConfigResponse={"ImageConfig": image}
    )
    del function["Runtime"], function["Handler"]
    aws.functions = [function]
    aws.details["GetFunction", "orders"] = {
        "Code": {"ImageUri": "repo:1", "ResolvedImageUri": "repo@sha256:1"}
    }
    details = await read(aws)
    assert details.failures == ()
    assert shown(details, "Image") == {
        "Entry point": "/entry",
        "Command": "app.handler -v",
        "Working directory": "/work",
    }
    general = shown(details, "General")
    assert general["Runtime"] == "container image"
    assert general["Code"] == "repo:1"
    assert "Runtime updates" not in general
    assert details.get("Layers") is None
    assert aws.requests("GetRuntimeManagementConfig") == aws.requests("GetFunctionCodeSigningConfig") == []


@pytest.mark.parametrize("operation", [operation for operation in PARTS if operation != "GetFunction"])
async def test_a_denied_part_leaves_the_rest(aws: FakeAws, quick: Limits, operation: str) -> None:
    make_everything(aws)
    whole = await read(aws, quick)
    service = "logs" if operation == "DescribeLogGroups" else "lambda"
    aws.always(operation, faults.denied(f"{service}:{operation}"))
    details = await read(aws, quick)
    (failure,) = details.failures
    assert failure.part == PARTS[operation]
    assert failure.error.action == f"{service}:{operation}"
    unlike = [group.title for group in whole.groups if details.get(group.title) != group]
    if operation == "GetFunctionConcurrency":  # GetFunction says it as well
        assert shown(details, "Concurrency")["Reserved"] == "5"
        return
    assert len(unlike) == 1
    assert [group.title for group in details.groups] == [group.title for group in whole.groups]
    values = shown(details, unlike[0]).values()
    assert f"not known (denied: {service}:{operation})" in values


async def test_the_configuration_is_enough_where_the_code_is_denied(aws: FakeAws, quick: Limits) -> None:
    make_everything(aws)
    del aws.details["GetFunctionConcurrency", "orders"]
    aws.always("GetFunction", faults.denied("lambda:GetFunction"))
    details = await read(aws, quick)
    assert [failure.error.action for failure in details.failures] == ["lambda:GetFunction"]
    assert shown(details, "Tags") == {"Tags": "not known (denied: lambda:GetFunction)"}
    assert shown(details, "General")["Memory"] == "1,769 MB"
    assert shown(details, "Concurrency")["Reserved"] == "none"
    aws.always("GetFunctionConfiguration", faults.denied("lambda:GetFunctionConfiguration"))
    with pytest.raises(UserError) as caught:
        await read(aws, quick)
    assert caught.value.action == "lambda:GetFunction"


async def test_a_part_that_fails_later_keeps_what_was_known(aws: FakeAws, quick: Limits) -> None:
    make_everything(aws)
    first = await read(aws, quick)
    aws.functions[0]["MemorySize"] = 256
    aws.always("ListAliases", faults.throttled())
    second = await read(aws, quick, first)
    assert second.get("Versions and aliases") == first.get("Versions and aliases")
    assert shown(second, "General")["Memory"] == "256 MB"
    (failure,) = second.failures
    assert failure.is_former
    assert failure.error.kind is ErrorKind.THROTTLED


async def test_a_deleted_function_is_told_as_such(aws: FakeAws, quick: Limits) -> None:
    aws.functions = [make_function("orders")]
    info = to_function_info(aws.functions.pop())
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    with pytest.raises(UserError) as caught:
        await fetch_details(gateway, info)
    await gateway.close()
    assert caught.value.message == "The function orders does not exist."


async def test_variables_that_can_not_be_decrypted_are_not_none(aws: FakeAws) -> None:
    error = {"ErrorCode": "AccessDeniedException", "Message": "no kms:Decrypt"}
    aws.functions = [make_function("orders", Environment={"Error": error})]
    group = (await read(aws)).get("Environment")
    assert group is not None
    assert [(row.value, row.hint) for row in group.rows] == [
        ("not known: Lambda could not decrypt them", "AccessDeniedException no kms:Decrypt")
    ]
