"""Every other service, from AgentCore to WorkMail."""

import json
import re

from lambdadesk.core.arns import get_part
from lambdadesk.core.trigger_events.plan import Plan, Planners, get_first, get_known, plan_as
from lambdadesk.core.triggers import Trigger

_COGNITO = {
    "PreSignUp": "cognito-pre-sign-up",
    "PostConfirmation": "cognito-post-confirmation",
    "PreAuthentication": "cognito-pre-authentication",
    "PostAuthentication": "cognito-post-authentication",
    "PreTokenGeneration": "cognito-pre-token",
    "PreTokenGenerationConfig": "cognito-pre-token-v2",
    "DefineAuthChallenge": "cognito-define-challenge",
    "CreateAuthChallenge": "cognito-create-challenge",
    "VerifyAuthChallengeResponse": "cognito-verify-challenge",
    "UserMigration": "cognito-migrate-user",
    "CustomMessage": "cognito-custom-message",
    "CustomEmailSender": "cognito-custom-email",
    "CustomSMSSender": "cognito-custom-sms",
    "InboundFederation": "cognito-inbound-federation",
}


def _plan_cognito(trigger: Trigger) -> Plan:
    hooks = trigger.filter.split(", ")
    # A pool that has both settings for tokens uses the newer one.
    hook = "PreTokenGenerationConfig" if hooks[-1] == "PreTokenGenerationConfig" else hooks[0]
    plan = Plan(_COGNITO.get(hook, "cognito-pre-sign-up"))
    plan.values |= get_known(user_pool=trigger.arn.rpartition("/")[2])
    if hook not in _COGNITO:
        plan.assumed.append("Which event of the pool it is for is not known; it is PreSignUp.")
    elif len({*hooks} - {"PreTokenGeneration"}) > 1:
        plan.assumed.append(f"The pool calls it for {trigger.filter}; this is {hook}.")
    plan.assumed.append("user and client: they are made up.")
    return plan


def _plan_logs(trigger: Trigger) -> Plan:
    plan = Plan("logs-subscription")
    if trigger.name.startswith("all "):
        plan.assumed.append("logGroup: the filter is of all log groups; the name is made up.")
    else:
        plan.values |= get_known(log_group=trigger.name)
    if re.fullmatch(r"[\w ]+", trigger.filter) and trigger.filter != "everything":
        plan.values["message"] = f"{trigger.filter} example"
        plan.assumed.append("The first message holds the words of the filter; the rest is made up.")
    else:
        plan.assumed.append("The messages are made up; whether they fit the filter's pattern is not checked.")
    return plan


def _plan_alarm(trigger: Trigger) -> Plan:
    states = {"OK": ("OK", "ALARM"), "insufficient data": ("INSUFFICIENT_DATA", "OK")}
    state, before = states.get(get_first(trigger.filter), ("ALARM", "OK"))
    values = get_known(alarm=trigger.name, alarm_arn=trigger.arn)
    plan = Plan("alarm", values | {"state": state, "previous_state": before})
    plan.assumed.append("The form is that of a metric alarm; metric, threshold and values are made up.")
    return plan


def _plan_config(trigger: Trigger) -> Plan:
    kinds = {
        "ScheduledNotification": "config-scheduled",
        "OversizedConfigurationItemChangeNotification": "config-oversized",
    }
    values = get_known(rule=trigger.name, rule_arn=trigger.arn)
    plan = Plan(kinds.get(get_first(trigger.filter), "config-change"), values)
    plan.assumed.append("The resource, the parameters and the token are made up.")
    return plan


def _plan_stack(trigger: Trigger) -> Plan:
    name = get_first(trigger.filter)
    values = get_known(
        stack=trigger.name, stack_arn=trigger.arn, resource="" if name == "custom resource" else name
    )
    assumed = "type, properties and the URL for the answer: they are made up; it is the creation."
    return Plan("cloudformation-create", values, [assumed])


def _plan_codecommit(trigger: Trigger) -> Plan:
    words = [each for each in trigger.filter.split(", ")[0].split() if not each.endswith("Reference")]
    branch = next((each for each in words if each != "all"), "")
    values = get_known(repository=trigger.name, repository_arn=trigger.arn, branch=branch)
    names = "The commit" if branch else "The branch and the commit"
    return Plan("codecommit-push", values, [f"{names} {'is' if branch else 'are'} made up."])


def _plan_destination(trigger: Trigger) -> Plan:
    arn = ":".join(trigger.arn.split(":")[:7])
    kind = "failure" if get_first(trigger.filter) == "on failure" else "success"
    values = get_known(source_function=trigger.name.split(":")[0], source_arn=arn)
    return Plan(f"destination-{kind}", values, ["The other function's event and answer are made up."])


def _plan_ses(trigger: Trigger) -> Plan:
    recipient = get_first(trigger.filter)
    if recipient and "@" not in recipient:
        recipient = f"example@{recipient.lstrip('.')}"
    known = "sender and subject" if recipient else "sender, recipient and subject"
    return Plan("ses-receipt", get_known(recipient=recipient), [f"{known}: they are made up."])


def _plan_lex(trigger: Trigger) -> Plan:
    _, bot, alias = (*get_part(trigger.arn, 5).split("/"), "", "")[:3]
    values = get_known(bot_id=bot, alias_id=alias, locale=get_first(trigger.filter))
    return Plan("lex-v2", values, ["intent, slots and what the user says: they are made up."])


def _plan_bedrock(trigger: Trigger) -> Plan:
    if trigger.filter == "flow":
        return Plan("bedrock-flow", get_known(flow_arn=trigger.arn), ["The node and its input are made up."])
    values = get_known(agent=trigger.arn.rpartition("/")[2], action_group=get_first(trigger.filter))
    return Plan("bedrock-function", values, ["The function, its parameters and the user's text are made up."])


def _plan_sagemaker(trigger: Trigger) -> Plan:
    key = "sagemaker-post" if trigger.filter == "consolidation" else "sagemaker-pre"
    return Plan(key, get_known(job=trigger.name, job_arn=trigger.arn), ["bucket and key: they are made up."])


def _plan_iot(trigger: Trigger) -> Plan:
    found = re.match(r"\s*SELECT\s+(.+?)\s+FROM\s", trigger.filter, re.IGNORECASE | re.DOTALL)
    columns = re.split(r",(?![^(]*\))", found[1]) if found else ["*"]
    plan = Plan("iot-message")
    if [each.strip() for each in columns] != ["*"]:
        names = [re.split(r"\s+AS\s+|\.", each.strip(), flags=re.IGNORECASE)[-1] for each in columns]
        plan.values["message"] = json.dumps({name: "example" for name in names if name != "*"})
        plan.assumed.append("The columns are those of the rule's SQL; their values are made up.")
    else:
        plan.assumed.append("The rule passes the device's message on, which is made up.")
    return plan


PLANNERS: Planners = {
    "AgentCore": plan_as("agentcore-tool", "The tool's arguments are made up."),
    "Alexa": plan_as("alexa-launch", "The skill and the user are made up."),
    "Bedrock": _plan_bedrock,
    "CloudFormation": _plan_stack,
    "CloudWatch alarm": _plan_alarm,
    "CloudWatch dashboard": plan_as("dashboard-widget", "The widget is made up.", name="dashboard"),
    "CloudWatch Logs": _plan_logs,
    "CodeCommit": _plan_codecommit,
    "CodePipeline": plan_as("codepipeline-job", "The job and its artifacts are made up.", name="pipeline"),
    "Cognito": _plan_cognito,
    "Cognito Sync": plan_as("cognito-sync", "The dataset is made up.", name="identity_pool"),
    "Config": _plan_config,
    "Connect": plan_as("connect-flow", "The contact is made up.", arn="instance_arn"),
    "Firehose": plan_as(
        "firehose-transform",
        "data: nothing tells what is in it; an order is made up.",
        name="stream",
        arn="stream_arn",
    ),
    "IoT": _plan_iot,
    "Lambda destination": _plan_destination,
    "Lex": _plan_lex,
    "SageMaker": _plan_sagemaker,
    "Secrets Manager": plan_as(
        "secrets-create",
        "It is the first of the four steps; the token of the version is made up.",
        name="secret",
        arn="secret_arn",
    ),
    "SES": _plan_ses,
    "SNS": plan_as(
        "sns-notification",
        "message: nothing tells what is in it; an order is made up.",
        name="topic",
        arn="topic_arn",
    ),
    "Step Functions": plan_as("stepfunctions-task", "The state's input is made up."),
    "WorkMail": plan_as("workmail", "The mail is made up."),
}
