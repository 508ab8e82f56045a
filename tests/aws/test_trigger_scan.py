"""The scan against answers that the Local AWS can't give: denied, throttled, odd, cut short."""

import asyncio
import json

import pytest

from lambdadesk.aws.guard import is_read
from lambdadesk.aws.permissions import minimal_policy
from lambdadesk.aws.triggers.scan import scan
from lambdadesk.aws.triggers.table import ACTIONS, DEEP_ACTIONS, EVERY
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.triggers import Answer, TriggerScanState, Verdict
from lambdadesk.core.types import FunctionInfo
from tests.aws.trigger_rig import ACCOUNT, ARN, get_one, get_step, let, look, open_gateway
from tests.servers import faults
from tests.servers.fake_services import FakeServices, get_xml, to_policy

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
