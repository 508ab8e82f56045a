"""Services with rules that act by calling a function: IoT, SES, Mail Manager, Config, Secrets Manager."""

from lambdadesk.aws.triggers.arns import get_name
from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.arns import get_part
from lambdadesk.core.triggers import Answer, Evidence, Mode

_IOT, _SES, _CONFIG, _SECRETS = "IoT", "SES", "Config", "Secrets Manager"
_MAIL = "Mail Manager"
_GET_RULE, _DESCRIBE_CONFIG = "iot:GetTopicRule", "config:DescribeConfigRules"
_DESCRIBE_SET, _DESCRIBE_SECRET = "ses:DescribeActiveReceiptRuleSet", "secretsmanager:DescribeSecret"


async def look_at_named_iot(search: Search) -> str:
    await search.ask_granted(_IOT, "iot", _GET_RULE, _ask_iot)
    return ""


async def look_at_all_iot(search: Search) -> str:
    found = await search.read_all("iot", "ListTopicRules", "rules", mark="nextToken")
    arns = [str(each["ruleArn"]) for each in found]
    await search.ask_all(_IOT, _GET_RULE, arns, _ask_iot, "Topic rules")
    return ""


async def _ask_iot(search: Search, arn: str) -> None:
    name = get_name(arn)
    rule = (await search.call("iot", "GetTopicRule", ruleName=name)).get("rule") or {}
    for key, text in (("actions", ""), ("errorAction", " (on errors)")):
        for qualifier in search.see_within(rule.get(key), ("functionArn",)):
            search.find(
                Sighting(
                    _IOT,
                    name,
                    arn,
                    Mode.PUSH_ASYNC,
                    (Evidence(_GET_RULE, Answer.OK, "An action of the rule names this function."),),
                    qualifier=qualifier,
                    principal="iot",
                    state="Disabled" if rule.get("ruleDisabled") else "Enabled",
                    filter=f"{rule.get('sql', '')}{text}",
                )
            )


async def look_at_ses(search: Search) -> str:
    """The active receipt rule set; the others do nothing."""
    reply = await search.call("ses", "DescribeActiveReceiptRuleSet")
    name = str((reply.get("Metadata") or {}).get("Name", ""))
    for rule in reply.get("Rules") or []:
        for action in rule.get("Actions") or []:
            entry = action.get("LambdaAction") or {}
            qualifier = search.see(entry.get("FunctionArn"))
            if qualifier is None:
                continue
            waits = entry.get("InvocationType") == "RequestResponse"
            text = "An action of the active rule set names this function."
            search.find(
                Sighting(
                    _SES,
                    str(rule.get("Name", "")),
                    search.build_arn("ses", f"receipt-rule-set/{name}:receipt-rule/{rule.get('Name', '')}"),
                    Mode.PUSH_SYNC if waits else Mode.PUSH_ASYNC,
                    (Evidence(_DESCRIBE_SET, Answer.OK, text),),
                    qualifier=qualifier,
                    principal="ses",
                    state="Enabled" if rule.get("Enabled") else "Disabled",
                    filter=", ".join(str(each) for each in rule.get("Recipients") or []),
                )
            )
    search.list_all(_SES, _DESCRIBE_SET)
    return ""


async def look_at_mail_manager(search: Search) -> str:
    """All rule sets of Mail Manager, which calls with a role."""
    found = await search.read_all("mailmanager", "ListRuleSets", "RuleSets")
    numbers = [str(each["RuleSetId"]) for each in found]
    await search.each(numbers, lambda number: _ask_mail(search, number), "Rule sets")
    return ""


async def _ask_mail(search: Search, number: str) -> None:
    reply = await search.call("mailmanager", "GetRuleSet", RuleSetId=number)
    for rule in reply.get("Rules") or []:
        for action in rule.get("Actions") or []:
            entry = action.get("InvokeLambda") or {}
            qualifier = search.see(entry.get("FunctionArn"))
            if qualifier is None:
                continue
            waits = entry.get("InvocationType") == "REQUEST_RESPONSE"
            search.find(
                Sighting(
                    _MAIL,
                    str(reply.get("RuleSetName", number)),
                    str(reply.get("RuleSetArn", "")),
                    Mode.PUSH_SYNC if waits else Mode.PUSH_ASYNC,
                    (
                        Evidence(
                            "ses:GetRuleSet", Answer.OK, "An action of the rule set names this function."
                        ),
                        await search.check_role(str(entry.get("RoleArn") or ""), qualifier),
                    ),
                    qualifier=qualifier,
                    filter=str(rule.get("Name", "")),
                )
            )


async def look_at_config(search: Search) -> str:
    """All Config rules: a page has the function of each."""
    async for page in search.pages("config", "DescribeConfigRules", "ConfigRules"):
        for rule in page:
            source = rule.get("Source") or {}
            qualifier = search.see(source.get("SourceIdentifier"))
            if qualifier is None or source.get("Owner") != "CUSTOM_LAMBDA":
                continue
            details = [str(each.get("MessageType", "")) for each in source.get("SourceDetails") or [] if each]
            search.find(
                Sighting(
                    _CONFIG,
                    str(rule.get("ConfigRuleName", "")),
                    str(rule.get("ConfigRuleArn", "")),
                    Mode.PUSH_ASYNC,
                    (Evidence(_DESCRIBE_CONFIG, Answer.OK, "The rule names this function."),),
                    qualifier=qualifier,
                    principal="config",
                    state=str(rule.get("ConfigRuleState", "")).capitalize(),
                    filter=", ".join(details),
                )
            )
    search.list_all(_CONFIG, _DESCRIBE_CONFIG)
    return ""


async def look_at_named_secrets(search: Search) -> str:
    await search.ask_granted(_SECRETS, "secretsmanager", _DESCRIBE_SECRET, _ask_secret)
    return ""


async def look_at_all_secrets(search: Search) -> str:
    """All secrets that are rotated. Only their names are read."""
    async for page in search.pages("secretsmanager", "ListSecrets", "SecretList", MaxResults=100):
        for entry in page:
            _find_secret(search, entry)
    search.list_all(_SECRETS, "secretsmanager:ListSecrets")
    return ""


async def _ask_secret(search: Search, arn: str) -> None:
    _find_secret(search, await search.call("secretsmanager", "DescribeSecret", SecretId=arn))


def _find_secret(search: Search, entry: dict[str, object]) -> None:
    qualifier = search.see(entry.get("RotationLambdaARN"))
    arn = str(entry.get("ARN", ""))
    if qualifier is None or entry.get("DeletedDate"):
        return
    search.find(
        Sighting(
            _SECRETS,
            str(entry.get("Name") or get_part(arn, 5)),
            arn,
            Mode.PUSH_SYNC,
            (Evidence(_DESCRIBE_SECRET, Answer.OK, "The secret is rotated by this function."),),
            qualifier=qualifier,
            principal="secretsmanager",
            state="rotation on" if entry.get("RotationEnabled") else "rotation off",
        )
    )
