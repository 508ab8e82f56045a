import asyncio
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import AssumeRoleSource, KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.permissions import (
    DEEP_TRIGGERS,
    NEEDS,
    TRIGGERS,
    Check,
    Verdict,
    check,
    get_event_groups,
    minimal_policy,
    trigger_actions,
)
from lambdadesk.aws.triggers.table import EVERY
from lambdadesk.core.connections import AccessKey, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.strict_aws import get_faketime, run_strict_aws

ACCOUNT = "000000000000"
ROOT = AccessKey("test", Secret("test"))
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}

LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with run_strict_aws(tmp_path_factory.mktemp("strict")) as url:
        yield url


def make_gateway(url: str, key: AccessKey, guard: Guard = Guard.NORMAL) -> Gateway:
    target = Target("us-east-1", endpoint_url=url)
    return Gateway(target, Limits(attempts=1), credentials=KeySource(key, url), guard=guard)


def set_clock(clock: Path, shift: str) -> None:
    clock.write_text(f"{shift}\n")


async def make_user(url: str, name: str, policy: str) -> AccessKey:
    root = make_gateway(url, ROOT)
    await root.call("iam", "CreateUser", UserName=name)
    await root.call("iam", "PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=policy)
    made = (await root.call("iam", "CreateAccessKey", UserName=name))["AccessKey"]
    await root.close()
    return AccessKey(made["AccessKeyId"], Secret(made["SecretAccessKey"]))


@pytest.fixture(scope="module")
def function(strict: str) -> FunctionInfo:
    """The one function of the account, with a log group."""

    async def create() -> None:
        root = make_gateway(strict, ROOT)
        await root.call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST))
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handler(event, context): return 1\n")
        await root.call(
            "lambda",
            "CreateFunction",
            FunctionName="hello",
            Runtime="python3.12",
            Role=f"arn:aws:iam::{ACCOUNT}:role/r",
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
        )
        await root.call("logs", "CreateLogGroup", logGroupName="/aws/lambda/hello")
        await root.call("iam", "CreateAccountAlias", AccountAlias="my-prod")
        await root.close()

    asyncio.run(create())
    return FunctionInfo("hello")


async def check_as(url: str, key: AccessKey, guard: Guard = Guard.NORMAL) -> Check:
    gateway = make_gateway(url, key, guard)
    try:
        return await check(gateway)
    finally:
        await gateway.close()


# MiniStack looks for lambda:PutFunctionConcurrency here, and takes no role for the resource of a simulation.
ASKED_OTHERWISE = {"lambda:GetFunctionConcurrency", "iam:SimulatePrincipalPolicy"}
WRITES = {need.action for need in NEEDS if need.is_write}


def get_verdicts(found: Check) -> dict[str, Verdict]:
    return {finding.action: finding.verdict for finding in found.findings}


async def test_root_may_do_everything(strict: str, function: FunctionInfo) -> None:
    found = await check_as(strict, ROOT)
    assert found.identity is not None
    assert (found.identity.account, found.principal, found.partition) == (ACCOUNT, "root", "aws")
    assert found.alias == "my-prod"
    assert found.expires_at is None
    assert {verdict for action, verdict in get_verdicts(found).items() if action not in WRITES} == {
        Verdict.ALLOWED
    }
    assert found.denied == ()


async def test_the_minimal_policy_is_enough_and_no_more(strict: str, function: FunctionInfo) -> None:
    """Each action by itself: what is asked for is allowed, all others are denied."""
    every = {need.action for need in NEEDS}
    policy = minimal_policy(every, ACCOUNT, ["us-east-1"])
    verdicts = get_verdicts(await check_as(strict, await make_user(strict, "all", policy)))
    assert {verdict for action, verdict in verdicts.items() if action not in ASKED_OTHERWISE | WRITES} == {
        Verdict.ALLOWED
    }
    viewer = every - {"lambda:InvokeFunction", "logs:FilterLogEvents", "iam:ListAccountAliases"}
    policy = minimal_policy(viewer, ACCOUNT, ["us-east-1"])
    found = await check_as(strict, await make_user(strict, "viewer", policy))
    denied = {each.action: each.pages for each in found.denied if each.action not in ASKED_OTHERWISE}
    assert denied == {
        "lambda:InvokeFunction": ("Invoke",),
        "logs:FilterLogEvents": ("Logs", "Charts", "Timeline", "Cost"),
        "iam:ListAccountAliases": ("Connections",),
    }
    assert all("not authorized" in finding.reason for finding in found.denied)
    assert found.alias == ""
    assert found.principal == "user/viewer"
    elsewhere = minimal_policy(every, ACCOUNT, ["eu-west-1"])
    found = await check_as(strict, await make_user(strict, "elsewhere", elsewhere))
    assert "lambda:InvokeFunction" in {finding.action for finding in found.denied}


async def test_denied_names_the_action_and_the_rest_goes_on(strict: str, function: FunctionInfo) -> None:
    key = await make_user(strict, "lister", minimal_policy(["lambda:ListFunctions"], ACCOUNT, []))
    gateway = make_gateway(strict, key)
    with pytest.raises(UserError) as caught:
        await gateway.call("logs", "FilterLogEvents", logGroupName="/aws/lambda/hello")
    assert (caught.value.kind, caught.value.action) == (ErrorKind.DENIED, "logs:FilterLogEvents")
    with pytest.raises(UserError) as caught:
        await gateway.invoke(InvokeRequest(function, b"{}"))
    assert (caught.value.kind, caught.value.action) == (ErrorKind.DENIED, "lambda:InvokeFunction")
    assert (await gateway.call("lambda", "ListFunctions"))["Functions"]
    await gateway.close()


async def test_an_explicit_deny(strict: str, function: FunctionInfo) -> None:
    policy = json.loads(minimal_policy([need.action for need in NEEDS], ACCOUNT, ["us-east-1"]))
    deny = {"Effect": "Deny", "Action": "lambda:Invoke*", "Resource": "*"}
    policy["Statement"].append(deny)
    found = await check_as(strict, await make_user(strict, "denied", json.dumps(policy)))
    denied = {finding.action for finding in found.denied} - ASKED_OTHERWISE
    assert denied == {"lambda:InvokeFunction"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (AccessKey("AKIAUNKNOWNUNKNOWN00", Secret("s")), "does not know"),
        (AccessKey("ASIAUNKNOWNUNKNOWN00", Secret("s"), Secret("garbage")), "does not know"),
    ],
)
async def test_wrong_keys_are_one_sentence(strict: str, key: AccessKey, text: str) -> None:
    with pytest.raises(UserError) as caught:
        await check_as(strict, key)
    assert caught.value.kind is ErrorKind.EXPIRED
    assert text in caught.value.message
    assert caught.value.hint


async def test_a_wrong_secret_is_one_sentence(strict: str) -> None:
    key = await make_user(strict, "mistyped", minimal_policy(["lambda:ListFunctions"], "", []))
    with pytest.raises(UserError) as caught:
        await check_as(strict, AccessKey(key.access_key_id, Secret("wrong")))
    assert (caught.value.kind, caught.value.action) == (ErrorKind.EXPIRED, "")
    assert "signature" in caught.value.message


async def test_a_session_of_a_role_says_when_it_ends(strict: str, function: FunctionInfo) -> None:
    root = make_gateway(strict, ROOT)
    await root.call(
        "iam", "CreateRole", RoleName="desk", AssumeRolePolicyDocument=json.dumps(TRUST), Path="/team/"
    )
    await root.close()
    source = AssumeRoleSource(
        KeySource(ROOT, strict), f"arn:aws:iam::{ACCOUNT}:role/team/desk", session_name="me"
    )
    gateway = Gateway(Target("us-east-1", endpoint_url=strict), credentials=source)
    found = await check(gateway)
    await gateway.close()
    assert found.principal == "assumed-role/desk/me"
    assert found.expires_at is not None
    assert {finding.verdict for finding in found.findings} == {Verdict.DENIED, Verdict.NOT_CHECKED}


# In a process of its own, which lives in the same wrong time as the server.
_LIST_FUNCTIONS = """
import asyncio, sys
from lambdadesk.aws.credentials import KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target

url, name, secret, token = sys.argv[1:]
source = KeySource(AccessKey(name, Secret(secret), Secret(token)), url)
gateway = Gateway(Target("us-east-1", endpoint_url=url), credentials=source)
try:
    asyncio.run(gateway.call("lambda", "ListFunctions"))
except UserError as error:
    print(error.kind, error.message, sep="|")
"""


async def test_a_session_that_ends_and_a_clock_that_is_wrong(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    set_clock(clock, "+0")
    with run_strict_aws(tmp_path, clock) as url:
        root = make_gateway(url, ROOT)
        await root.call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
        policy = minimal_policy(["lambda:ListFunctions"], "", [])
        await root.call("iam", "PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=policy)
        role_arn = f"arn:aws:iam::{ACCOUNT}:role/r"
        made = await root.call(
            "sts", "AssumeRole", RoleArn=role_arn, RoleSessionName="me", DurationSeconds=900
        )
        await root.close()
        session = [made["Credentials"][key] for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        gateway = make_gateway(url, AccessKey(session[0], Secret(session[1]), Secret(session[2])))
        await gateway.call("lambda", "ListFunctions")
        set_clock(clock, "+16m")
        told = await in_thread(
            subprocess.run,
            [sys.executable, "-c", _LIST_FUNCTIONS, url, *session],
            env={**os.environ, **get_faketime(clock)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == "expired|The credentials have expired.\n"
        # And here, where the time is another one than the server's:
        with pytest.raises(UserError) as caught:
            await gateway.call("lambda", "ListFunctions")
        await gateway.close()
    assert caught.value.kind is ErrorKind.EXPIRED
    assert caught.value.message == "The clock of this computer is 16 min behind AWS."


# --- with a server that says what it is told to ---


@pytest.fixture
def listed(aws: FakeAws) -> FakeAws:
    aws.functions = [make_function("hello", LoggingConfig={"LogGroup": "own-group"})]
    return aws


async def check_fake(aws: FakeAws, guard: Guard = Guard.NORMAL, **options: Any) -> Check:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), Limits(attempts=1), guard=guard)
    try:
        return await check(gateway, **options)
    finally:
        await gateway.close()


async def test_nothing_is_run_and_the_own_log_group_is_asked(listed: FakeAws) -> None:
    found = get_verdicts(await check_fake(listed))
    (invoked,) = listed.requests("Invoke")
    assert invoked.headers["x-amz-invocation-type"] == InvocationType.DRY_RUN
    assert listed.requests("FilterLogEvents")[0].params["logGroupName"] == "own-group"
    # A group that is not there could be asked about.
    assert found["logs:FilterLogEvents"] is Verdict.ALLOWED
    # The server knows no IAM.
    assert found["iam:ListAccountAliases"] is Verdict.NOT_CHECKED


async def test_what_changes_something_is_not_tried(listed: FakeAws) -> None:
    found = await check_fake(listed)
    assert {"lambda:UpdateEventSourceMapping"} == WRITES
    (update,) = (finding for finding in found.findings if finding.action in WRITES)
    assert (update.verdict, update.pages) == (Verdict.NOT_CHECKED, ("Triggers",))
    assert update.reason == "It changes something, so that Test does not try it."
    assert listed.requests("UpdateEventSourceMapping") == []
    assert listed.requests("GetEventSourceMapping")


async def test_a_read_only_connection_sends_no_dry_run(listed: FakeAws) -> None:
    found = await check_fake(listed, Guard.READ_ONLY)
    assert listed.requests("Invoke") == []
    (invoke,) = (finding for finding in found.findings if finding.action == "lambda:InvokeFunction")
    assert (invoke.verdict, invoke.reason) == (Verdict.NOT_CHECKED, "This connection is read-only.")


async def test_a_production_connection_is_checked_by_a_dry_run(listed: FakeAws) -> None:
    found = await check_fake(listed, Guard.PRODUCTION)
    assert get_verdicts(found)["lambda:InvokeFunction"] is Verdict.ALLOWED


async def test_without_a_function_the_rest_is_not_checked(aws: FakeAws) -> None:
    found = await check_fake(aws)
    verdicts = get_verdicts(found)
    assert verdicts.pop("lambda:ListFunctions") is Verdict.ALLOWED
    assert set(verdicts.values()) == {Verdict.NOT_CHECKED}
    assert all(finding.reason for finding in found.findings if finding.verdict is Verdict.NOT_CHECKED)
    assert [request.operation for request in aws.requests() if request.operation == "Invoke"] == []


async def test_a_function_may_be_named_where_none_can_be_listed(listed: FakeAws) -> None:
    listed.always("ListFunctions", faults.denied("lambda:ListFunctions"))
    found = get_verdicts(await check_fake(listed, function=FunctionInfo("hello")))
    assert found["lambda:ListFunctions"] is Verdict.DENIED
    assert found["lambda:InvokeFunction"] is Verdict.ALLOWED


async def test_a_call_that_fails_otherwise_is_not_checked(listed: FakeAws) -> None:
    listed.always("ListAliases", faults.throttled())
    found = await check_fake(listed)
    (aliases,) = (finding for finding in found.findings if finding.action == "lambda:ListAliases")
    assert aliases.verdict is Verdict.NOT_CHECKED
    assert aliases.reason


@pytest.mark.parametrize("fault", [faults.expired(), faults.html(), faults.reset])
async def test_where_nothing_can_be_said_it_is_an_error(listed: FakeAws, fault: faults.Fault) -> None:
    listed.always("*", fault)
    with pytest.raises(UserError):
        await check_fake(listed)


def test_the_policy_names_partition_regions_and_account() -> None:
    text = minimal_policy(
        ["lambda:InvokeFunction", "lambda:ListFunctions", "logs:FilterLogEvents"],
        "123456789012",
        ["cn-northwest-1", "cn-north-1"],
        "aws-cn",
    )
    assert json.loads(text) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["lambda:ListFunctions"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunction"],
                "Resource": [
                    "arn:aws-cn:lambda:cn-north-1:123456789012:function:*",
                    "arn:aws-cn:lambda:cn-northwest-1:123456789012:function:*",
                ],
            },
            {
                "Effect": "Allow",
                "Action": ["logs:FilterLogEvents"],
                "Resource": [
                    "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/*",
                    "arn:aws-cn:logs:cn-northwest-1:123456789012:log-group:/aws/lambda/*",
                ],
            },
        ],
    }
    everywhere = minimal_policy(["lambda:InvokeFunction"], "", [], "aws-us-gov")
    assert '"arn:aws-us-gov:lambda:*:*:function:*"' in everywhere


def test_trigger_scans_have_statements_of_their_own_made_of_their_table() -> None:
    groups = trigger_actions()
    assert list(groups) == [TRIGGERS, DEEP_TRIGGERS]
    assert {action for group in groups.values() for action in group} == {
        action for lookup in EVERY for action in lookup.actions
    }
    for need in NEEDS:
        if need.action in groups[TRIGGERS]:
            assert "Triggers" in need.pages, need.action
    pages = [need.action for need in NEEDS]
    every = [*pages, *groups[TRIGGERS], *groups[DEEP_TRIGGERS]]
    policy = json.loads(minimal_policy(every, ACCOUNT, ["us-east-1"]))
    sids = [statement.get("Sid") for statement in policy["Statement"]]
    assert set(sids) - {None} == {"TriggersCheap", "TriggersDeepScan"}
    by_sid = {statement.get("Sid"): statement["Action"] for statement in policy["Statement"]}
    assert set(by_sid["TriggersCheap"]) == {*groups[TRIGGERS]} - {*pages}
    assert set(by_sid["TriggersDeepScan"]) == {*groups[DEEP_TRIGGERS]} - {*pages}
    allowed = [action for statement in policy["Statement"] for action in statement["Action"]]
    assert len(allowed) == len(set(allowed))
    assert set(allowed) == set(every)
    assert len(json.dumps(policy, separators=(",", ":"))) <= 6_144  # of a managed policy, without white space


def test_an_action_that_is_not_needed_gets_into_no_policy() -> None:
    with pytest.raises(ValueError, match="iam:PassRole"):
        minimal_policy(["iam:PassRole"], "", [])
    assert json.loads(minimal_policy([], "", []))["Statement"] == []


def test_the_policy_for_events_names_the_registry_and_no_other() -> None:
    groups = get_event_groups()
    wanted = [*groups["Share test events"], "sqs:ReceiveMessage", "schemas:DescribeSchema"]
    statements = json.loads(minimal_policy(wanted, ACCOUNT, ["us-east-1"]))["Statement"]
    sids = [each["Sid"] for each in statements]
    assert len(set(sids)) == len(sids)
    found = sorted((str(each["Resource"]), each["Action"]) for each in statements)
    place = f"arn:aws:schemas:us-east-1:{ACCOUNT}"
    assert found == [
        ("*", ["schemas:GetDiscoveredSchema"]),
        ("*", ["sqs:ReceiveMessage"]),
        (
            f"['{place}:registry/lambda-testevent-schemas']",
            ["schemas:CreateRegistry", "schemas:DescribeRegistry"],
        ),
        (
            f"['{place}:schema/lambda-testevent-schemas/*']",
            [
                "schemas:CreateSchema",
                "schemas:DeleteSchema",
                "schemas:DeleteSchemaVersion",
                "schemas:ListSchemaVersions",
                "schemas:UpdateSchema",
            ],
        ),
        (f"['{place}:schema/lambda-testevent-schemas/*']", ["schemas:DescribeSchema"]),
    ]
    assert "s3:ListBucket" in groups["Use live data"]
    json.loads(minimal_policy([each for group in groups.values() for each in group], "", []))
