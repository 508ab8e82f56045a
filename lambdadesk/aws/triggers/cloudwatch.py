"""CloudWatch: subscription filters of log groups, alarms, and dashboards with custom widgets."""

import json
from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.arns import get_part
from lambdadesk.core.triggers import Answer, Evidence, Mode

_LOGS, _ALARM, _DASHBOARD = "CloudWatch Logs", "CloudWatch alarm", "CloudWatch dashboard"
_FILTERS, _POLICIES = "logs:DescribeSubscriptionFilters", "logs:DescribeAccountPolicies"
_ALARMS, _GET_DASHBOARD = "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard"


async def look_at_named_logs(search: Search) -> str:
    """The log groups that the policies name."""
    await search.ask_granted(_LOGS, "logs", _FILTERS, _ask_group)
    return ""


async def look_at_all_logs(search: Search) -> str:
    """All log groups; they can't be asked for by destination."""
    found = await search.read_all("logs", "DescribeLogGroups", "logGroups", mark="nextToken")
    arns = [search.build_arn("logs", f"log-group:{each['logGroupName']}:*") for each in found]
    await search.ask_all(_LOGS, _FILTERS, arns, _ask_group, "Log groups")
    return ""


async def _ask_group(search: Search, arn: str) -> None:
    name = get_part(arn, 5).removeprefix("log-group:").split(":")[0]
    pages = search.pages(
        "logs", "DescribeSubscriptionFilters", "subscriptionFilters", mark="nextToken", logGroupName=name
    )
    async for page in pages:
        for entry in page:
            qualifier = search.see(entry.get("destinationArn"))
            if qualifier is not None:
                pattern = str(entry.get("filterPattern") or "everything")
                text = f"The filter {entry.get('filterName', '')} sends to this function."
                own = search.build_arn("logs", f"log-group:{name}:*")
                _find_logs(search, name, own, Evidence(_FILTERS, Answer.OK, text), qualifier, pattern)


async def look_at_account_logs(search: Search) -> str:
    """The filter that the whole account may have."""
    reply = await search.call("logs", "DescribeAccountPolicies", policyType="SUBSCRIPTION_FILTER_POLICY")
    for entry in reply.get("accountPolicies") or []:
        document = _load(entry.get("policyDocument"))
        qualifier = search.see(document.get("DestinationArn"))
        if qualifier is None:
            continue
        parts = (
            str(document.get("FilterPattern") or "everything"),
            str(entry.get("selectionCriteria") or ""),
        )
        evidence = Evidence(_POLICIES, Answer.OK, "A filter of the whole account sends to this function.")
        arn = search.build_arn("logs", "log-group:*")
        _find_logs(search, "all log groups", arn, evidence, qualifier, " ".join(p for p in parts if p))
    return ""


def _find_logs(search: Search, name: str, arn: str, evidence: Evidence, qualifier: str, pattern: str) -> None:
    search.find(
        Sighting(
            _LOGS,
            name,
            arn,
            Mode.PUSH_ASYNC,
            (evidence,),
            qualifier=qualifier,
            principal="logs",
            # Permissions are written with and without the ":*" of a log group's ARN.
            caller_arn=arn if arn.endswith("log-group:*") else f"{arn.removesuffix(':*')}*",
            filter=pattern,
        )
    )


async def look_at_alarms(search: Search) -> str:
    """Alarms that have the function as an action; they can be asked for by it."""
    seen: set[str] = set()
    for key, kind in (
        ("MetricAlarms", "MetricAlarm"),
        ("CompositeAlarms", "CompositeAlarm"),
        ("LogAlarms", "LogAlarm"),  # last: an older endpoint may not know them
    ):
        pages = search.pages(
            "cloudwatch", "DescribeAlarms", key, ActionPrefix=search.arn.text, AlarmTypes=[kind]
        )
        async for page in pages:
            for entry in page:
                if entry.get("AlarmArn") not in seen:
                    seen.add(str(entry.get("AlarmArn")))
                    _find_alarm(search, entry)
    search.list_all(_ALARM, _ALARMS)
    return ""


def _find_alarm(search: Search, entry: Mapping[str, Any]) -> None:
    for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for action in entry.get(key) or []:
            qualifier = search.see(action)
            if qualifier is None:
                continue
            enabled = bool(entry.get("ActionsEnabled", True))
            search.find(
                Sighting(
                    _ALARM,
                    str(entry.get("AlarmName", "")),
                    str(entry.get("AlarmArn", "")),
                    Mode.PUSH_ASYNC,
                    (Evidence(_ALARMS, Answer.OK, "The alarm has this function as an action."),),
                    qualifier=qualifier,
                    principal="lambda.alarms.cloudwatch",
                    state=str(entry.get("StateValue", "")) if enabled else "actions disabled",
                    filter=key.removesuffix("Actions").replace("InsufficientData", "insufficient data"),
                )
            )


async def look_at_dashboards(search: Search) -> str:
    """Dashboards whose custom widgets call the function, as whoever looks at them."""
    found = await search.read_all("cloudwatch", "ListDashboards", "DashboardEntries")
    names = [str(each["DashboardName"]) for each in found]
    await search.each(names, lambda name: _ask_dashboard(search, name), "Dashboards")
    return ""


async def _ask_dashboard(search: Search, name: str) -> None:
    reply = await search.call("cloudwatch", "GetDashboard", DashboardName=name)
    for qualifier in search.see_within(_load(reply.get("DashboardBody")), ("endpoint",)):
        text = "A custom widget calls this function, as whoever looks at it."
        search.find(
            Sighting(
                _DASHBOARD,
                name,
                str(reply.get("DashboardArn", "")),
                Mode.PUSH_SYNC,
                (Evidence(_GET_DASHBOARD, Answer.OK, text),),
                qualifier=qualifier,
            )
        )


def _load(text: object) -> dict[str, Any]:
    try:
        found = json.loads(str(text or "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
