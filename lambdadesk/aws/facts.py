"""What the function table says of functions beyond ListFunctions: for all in a few calls, or one by one.

No answer is kept: GetFunction's holds the values of the environment and a signed address of the code.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from lambdadesk.aws.details import PARTS
from lambdadesk.aws.failures import get_plain_text, missing
from lambdadesk.aws.functions import fetch_pages
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.triggers.arns import get_name, get_service
from lambdadesk.aws.triggers.merge import get_source
from lambdadesk.aws.triggers.policy import parse_policy
from lambdadesk.core.arns import get_part
from lambdadesk.core.details import FunctionDetails
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_facts import UNRESERVED, Facts, FunctionState, get_kind, name_trigger
from lambdadesk.core.mappings import is_failing
from lambdadesk.core.types import FunctionInfo

_USUAL_GROUPS = "/aws/lambda/"


async def fetch_mapping_facts(gateway: Gateway) -> dict[str, Facts]:
    """By function name, what the event source mappings of an account and region tell; who has none is absent.

    All or nothing, by UserError: of half the pages nobody could say which functions have no mapping.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    failing: defaultdict[str, list[str]] = defaultdict(list)
    async for page in fetch_pages(gateway, "ListEventSourceMappings", "EventSourceMappings"):
        for entry in page:
            name = get_part(str(entry.get("FunctionArn") or ""), 5).split(":")[1:2]
            if not name:
                continue
            arn = str(entry.get("EventSourceArn") or "")
            source = get_service(arn) if arn else "Kafka"  # brokers outside AWS have no ARN
            kinds[name[0]].add(get_kind(source))
            last_result = str(entry.get("LastProcessingResult") or "")
            if is_failing(str(entry.get("State") or ""), last_result):
                failing[name[0]].append(
                    name_trigger(source, get_name(arn) if arn else "", get_plain_text(last_result))
                )
    return {name: Facts(polled=tuple(sorted(kinds[name])), failing=tuple(failing[name])) for name in kinds}


async def fetch_log_facts(gateway: Gateway, functions: Iterable[FunctionInfo]) -> dict[str, Facts]:
    """By function name, whether its log group never expires; one that does not exist keeps nothing.

    The usual groups come in pages of 50, each other one by a call of its own. All or nothing, by UserError.
    """
    functions = list(functions)
    others = {function.log_group_name for function in functions}
    found = await _fetch_groups(gateway, _USUAL_GROUPS)
    for group in sorted(name for name in others if not name.startswith(_USUAL_GROUPS)):
        found |= await _fetch_groups(gateway, group, is_one=True)
    return {
        function.name: Facts(log_never_expires=found.get(function.log_group_name, False))
        for function in functions
    }


async def fetch_state_facts(gateway: Gateway, name: str) -> Facts:
    """A function's state and reserved concurrency (lambda:GetFunction)."""
    reply = await gateway.call("lambda", "GetFunction", FunctionName=name)
    if not isinstance(reply.get("Configuration"), Mapping):
        raise missing("lambda", "GetFunction", "Configuration")
    return Facts(
        state=_to_state(reply["Configuration"]), reserved_concurrency=_to_reserved(reply.get("Concurrency"))
    )


async def fetch_policy_facts(gateway: Gateway, name: str) -> Facts:
    """Whom the function's own policy lets call it (lambda:GetPolicy); those of its aliases are not read."""
    try:
        reply = await gateway.call("lambda", "GetPolicy", FunctionName=name)
        grants = parse_policy(str(reply.get("Policy") or ""), "")
    except UserError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        grants = []  # it has none
    except ValueError as error:
        raise UserError(
            "The policy of a function can't be understood.",
            kind=ErrorKind.NOT_AWS,
            details="lambda:GetPolicy",
        ) from error
    return Facts(permitted=tuple(sorted({get_kind(get_source(each)) for each in grants if each.allows})))


def get_details_facts(details: FunctionDetails) -> Facts:
    """What the configuration of an opened function tells, as far as it was just read."""
    former = {failure.part for failure in details.failures if failure.is_former}
    answers = {name: answer for name, answer in details.answers.items() if PARTS[name] not in former}
    facts = Facts()
    if "GetFunction" in answers:
        facts = facts.updated(Facts(state=_to_state(answers["GetFunction"]["Configuration"])))
    if "GetFunctionConcurrency" in answers:
        facts = facts.updated(Facts(reserved_concurrency=_to_reserved(answers["GetFunctionConcurrency"])))
    if "DescribeLogGroups" in answers:
        groups = answers["DescribeLogGroups"]["logGroups"]
        facts = facts.updated(Facts(log_never_expires=any(_never_expires(group) for group in groups)))
    return facts


async def _fetch_groups(gateway: Gateway, prefix: str, *, is_one: bool = False) -> dict[str, bool]:
    """Whether each log group with this prefix never expires; is_one: only the group of that very name."""
    groups: dict[str, bool] = {}
    params: dict[str, Any] = {"logGroupNamePrefix": prefix}
    seen: set[str] = set()
    while True:
        reply = await gateway.call("logs", "DescribeLogGroups", **params)
        entries = reply.get("logGroups")
        if not isinstance(entries, list):
            raise missing("logs", "DescribeLogGroups", "logGroups")
        groups |= {str(entry.get("logGroupName", "")): _never_expires(entry) for entry in entries}
        token = str(reply.get("nextToken") or "")
        # Groups come in the order of their names, so that the group itself is on the first page.
        if not token or is_one:
            return groups
        if token in seen:
            raise missing("logs", "DescribeLogGroups", "new nextToken")
        seen.add(token)
        params["nextToken"] = token


def _never_expires(group: Mapping[str, Any]) -> bool:
    # Those of the class DELIVERY always keep their events for a day or two.
    return not group.get("retentionInDays") and group.get("logGroupClass") != "DELIVERY"


def _to_state(configuration: Mapping[str, Any]) -> FunctionState:
    return FunctionState(
        str(configuration.get("State") or ""),
        str(configuration.get("StateReason") or ""),
        str(configuration.get("LastUpdateStatus") or ""),
        str(configuration.get("LastUpdateStatusReason") or ""),
    )


def _to_reserved(concurrency: Mapping[str, Any] | None) -> int:
    reserved = (concurrency or {}).get("ReservedConcurrentExecutions")
    return UNRESERVED if reserved is None else int(reserved)
