"""Lex, Connect, Bedrock and AgentCore."""

from typing import Any

from lambdadesk.aws.triggers.arns import get_name
from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.arns import get_part
from lambdadesk.core.triggers import Answer, Evidence, Mode

_LEX, _CONNECT, _BEDROCK, _CORE = "Lex", "Connect", "Bedrock", "AgentCore"
_ALIAS, _FUNCTIONS = "lex:DescribeBotAlias", "connect:ListLambdaFunctions"
_GROUP = "bedrock:GetAgentActionGroup"


async def look_at_named_bots(search: Search) -> str:
    await search.ask_granted(_LEX, "lexv2", _ALIAS, _ask_bot)
    return ""


async def look_at_all_bots(search: Search) -> str:
    """All aliases of all bots (Lex V2)."""
    arns: list[str] = []
    found = await search.read_all("lexv2-models", "ListBots", "botSummaries", mark="nextToken")
    bots = [str(each["botId"]) for each in found]

    async def ask(bot: str) -> None:
        async for page in search.pages(
            "lexv2-models", "ListBotAliases", "botAliasSummaries", mark="nextToken", botId=bot
        ):
            arns.extend(search.build_arn("lex", f"bot-alias/{bot}/{each['botAliasId']}") for each in page)

    await search.each(bots, ask, "Bots")
    await search.ask_all(_LEX, _ALIAS, arns, _ask_bot, "Bot aliases")
    return ""


async def _ask_bot(search: Search, arn: str) -> None:
    _, bot, alias = [*get_part(arn, 5).split("/"), "", ""][:3]
    reply = await search.call("lexv2-models", "DescribeBotAlias", botId=bot, botAliasId=alias)
    for locale, settings in (reply.get("botAliasLocaleSettings") or {}).items():
        hook = ((settings.get("codeHookSpecification") or {}).get("lambdaCodeHook") or {}).get("lambdaARN")
        qualifier = search.see(hook)
        if qualifier is None:
            continue
        search.find(
            Sighting(
                _LEX,
                f"{bot}/{reply.get('botAliasName', alias)}",
                arn,
                Mode.PUSH_SYNC,
                (Evidence(_ALIAS, Answer.OK, "The bot alias names this function as its code hook."),),
                qualifier=qualifier,
                principal="lexv2",
                state="Enabled" if settings.get("enabled") else "Disabled",
                filter=str(locale),
            )
        )


async def look_at_named_instances(search: Search) -> str:
    await search.ask_granted(_CONNECT, "connect", _FUNCTIONS, _ask_instance)
    return ""


async def look_at_all_instances(search: Search) -> str:
    found = await search.read_all("connect", "ListInstances", "InstanceSummaryList")
    arns = [str(each["Arn"]) for each in found]
    await search.ask_all(_CONNECT, _FUNCTIONS, arns, _ask_instance, "Instances")
    return ""


async def _ask_instance(search: Search, arn: str) -> None:
    number = get_part(arn, 5).split("/")[1] if "/" in arn else arn
    async for page in search.pages("connect", "ListLambdaFunctions", "LambdaFunctions", InstanceId=number):
        for entry in page:
            qualifier = search.see(entry)
            if qualifier is not None:
                text = "The instance offers this function to its contact flows."
                search.find(
                    Sighting(
                        _CONNECT,
                        number,
                        arn,
                        Mode.PUSH_SYNC,
                        (Evidence(_FUNCTIONS, Answer.OK, text),),
                        qualifier=qualifier,
                        principal="connect",
                    )
                )


async def look_at_named_agents(search: Search) -> str:
    await search.ask_granted(_BEDROCK, "bedrock", _GROUP, _ask_agent)
    return ""


async def look_at_all_agents(search: Search) -> str:
    """All agents, at their working draft."""
    found = await search.read_all("bedrock-agent", "ListAgents", "agentSummaries", mark="nextToken")
    arns = [search.build_arn("bedrock", f"agent/{each['agentId']}") for each in found]
    await search.ask_all(_BEDROCK, _GROUP, arns, _ask_agent, "Agents")
    return "Only the working drafts of agents are looked at."


async def _ask_agent(search: Search, arn: str) -> None:
    agent = get_name(arn)
    place: dict[str, Any] = {"agentId": agent, "agentVersion": "DRAFT"}
    pages = search.pages(
        "bedrock-agent", "ListAgentActionGroups", "actionGroupSummaries", mark="nextToken", **place
    )
    async for page in pages:
        for entry in page:
            reply = await search.call(
                "bedrock-agent", "GetAgentActionGroup", actionGroupId=entry["actionGroupId"], **place
            )
            group = reply.get("agentActionGroup") or {}
            qualifier = search.see((group.get("actionGroupExecutor") or {}).get("lambda"))
            if qualifier is None:
                continue
            search.find(
                Sighting(
                    _BEDROCK,
                    agent,
                    arn,
                    Mode.PUSH_SYNC,
                    (Evidence(_GROUP, Answer.OK, "An action group of the agent names this function."),),
                    qualifier=qualifier,
                    principal="bedrock",
                    state=str(group.get("actionGroupState", "")).capitalize(),
                    filter=str(group.get("actionGroupName", "")),
                )
            )


async def look_at_flows(search: Search) -> str:
    """All flows, which call with their role."""
    found = await search.read_all("bedrock-agent", "ListFlows", "flowSummaries", mark="nextToken")
    numbers = [str(each["id"]) for each in found]
    await search.each(numbers, lambda number: _ask_flow(search, number), "Flows")
    return ""


async def _ask_flow(search: Search, number: str) -> None:
    reply = await search.call("bedrock-agent", "GetFlow", flowIdentifier=number)
    for qualifier in sorted(search.see_within(reply.get("definition"), ("lambdaArn",))):
        search.find(
            Sighting(
                _BEDROCK,
                str(reply.get("name", number)),
                str(reply.get("arn", "")),
                Mode.PUSH_SYNC,
                (
                    Evidence("bedrock:GetFlow", Answer.OK, "A node of the flow names this function."),
                    await search.check_role(str(reply.get("executionRoleArn") or ""), qualifier),
                ),
                qualifier=qualifier,
                state=str(reply.get("status", "")),
                filter="flow",
            )
        )


async def look_at_gateways(search: Search) -> str:
    """All gateways of AgentCore, their targets and interceptors; they call with the gateway's role."""
    service = "bedrock-agentcore-control"
    found = await search.read_all(service, "ListGateways", "items", mark="nextToken")
    numbers = [str(each["gatewayId"]) for each in found]
    await search.each(numbers, lambda number: _ask_gateway(search, number), "Gateways")
    search.list_all(_CORE, "bedrock-agentcore:ListGateways")
    return ""


async def _ask_gateway(search: Search, number: str) -> None:
    service = "bedrock-agentcore-control"
    gateway = await search.call(service, "GetGateway", gatewayIdentifier=number)
    found = [("interceptor", each) for each in search.see_within(gateway.get("interceptorConfigurations"))]
    async for page in search.pages(
        service, "ListGatewayTargets", "items", mark="nextToken", gatewayIdentifier=number
    ):
        for entry in page:
            target = await search.call(
                service, "GetGatewayTarget", gatewayIdentifier=number, targetId=entry["targetId"]
            )
            qualifiers = search.see_within(target.get("targetConfiguration"), ("lambdaArn",))
            found += [(str(target.get("name", "")), each) for each in qualifiers]
    for name, qualifier in found:
        search.find(
            Sighting(
                _CORE,
                str(gateway.get("name", number)),
                str(gateway.get("gatewayArn", "")),
                Mode.PUSH_SYNC,
                (
                    Evidence("bedrock-agentcore:GetGateway", Answer.OK, "The gateway names this function."),
                    await search.check_role(str(gateway.get("roleArn") or ""), qualifier),
                ),
                qualifier=qualifier,
                state=str(gateway.get("status", "")),
                filter=name,
            )
        )
