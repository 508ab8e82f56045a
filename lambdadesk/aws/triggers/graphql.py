"""AppSync: data sources, which call with a role, and authorizers, which need the policy."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.arns import get_name
from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Answer, Evidence, Mode

_SOURCE = "AppSync"
_API = "appsync:GetGraphqlApi"


async def look_at_named(search: Search) -> str:
    await search.ask_granted(_SOURCE, "appsync", _API, _ask_named)
    return ""


async def look_at_all(search: Search) -> str:
    apis: dict[str, Mapping[str, Any]] = {}
    async for page in search.pages("appsync", "ListGraphqlApis", "graphqlApis", mark="nextToken"):
        apis |= {str(each["arn"]): each for each in page}
    await search.each(apis.values(), lambda api: _ask(search, api), "GraphQL APIs")
    search.list_all(_SOURCE, "appsync:ListGraphqlApis")
    return ""


async def _ask_named(search: Search, arn: str) -> None:
    reply = await search.call("appsync", "GetGraphqlApi", apiId=get_name(arn))
    await _ask(search, reply.get("graphqlApi") or {})


async def _ask(search: Search, api: Mapping[str, Any]) -> None:
    arn, name = str(api.get("arn", "")), str(api.get("name", ""))
    providers = [api, *(api.get("additionalAuthenticationProviders") or [])]
    for provider in providers:
        qualifier = search.see((provider.get("lambdaAuthorizerConfig") or {}).get("authorizerUri"))
        if qualifier is not None:
            evidence = Evidence(_API, Answer.OK, "The API's authorizer is this function.")
            search.find(
                Sighting(
                    _SOURCE,
                    name,
                    arn,
                    Mode.PUSH_SYNC,
                    (evidence,),
                    qualifier=qualifier,
                    principal="appsync",
                    filter="authorizer",
                )
            )
    async for page in search.pages(
        "appsync", "ListDataSources", "dataSources", mark="nextToken", apiId=api["apiId"]
    ):
        for entry in page:
            qualifier = search.see((entry.get("lambdaConfig") or {}).get("lambdaFunctionArn"))
            if qualifier is None:
                continue
            text = "A data source of the API is this function."
            search.find(
                Sighting(
                    _SOURCE,
                    name,
                    arn,
                    Mode.PUSH_SYNC,
                    (
                        Evidence("appsync:ListDataSources", Answer.OK, text),
                        await search.check_role(str(entry.get("serviceRoleArn") or ""), qualifier),
                    ),
                    qualifier=qualifier,
                    filter=str(entry.get("name", "")),
                )
            )
