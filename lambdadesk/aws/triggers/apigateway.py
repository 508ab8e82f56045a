"""API Gateway: routes and authorizers of REST, HTTP and WebSocket APIs."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from lambdadesk.aws.triggers.policy import ANY
from lambdadesk.aws.triggers.search import Search, Sighting, keep
from lambdadesk.core.arns import get_part
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.triggers import Answer, Evidence, Mode

_SOURCE = "API Gateway"
_V1, _V2 = "apigateway:GetResources", "apigatewayv2:GetRoutes"
_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


async def look_at_named(search: Search) -> str:
    """The APIs that the policies name."""
    apis: dict[str, list[str]] = {}
    for grant in search.grants:
        arn = grant.source_arn
        api = get_part(arn, 5).split("/")[0]
        if get_part(arn, 2) != "execute-api" or not api or search.get_elsewhere(arn) or "*" in api:
            continue
        apis.setdefault(api, []).append(arn)
    await search.each(apis, lambda api: _ask_either(search, api, apis[api]))
    return ""


async def look_at_http(search: Search) -> str:
    """All HTTP and WebSocket APIs."""
    apis: list[Mapping[str, Any]] = []
    async for page in search.pages("apigatewayv2", "GetApis", "Items"):
        apis += page
    await search.each(apis, lambda api: _ask_http(search, api), "HTTP APIs")
    _note_done(search, _V2)
    return ""


async def look_at_rest(search: Search) -> str:
    """All REST APIs."""
    apis: list[Mapping[str, Any]] = []
    async for page in search.pages("apigateway", "GetRestApis", "items", mark="position", limit=500):
        apis += page
    await search.each(apis, lambda api: _ask_rest(search, api), "REST APIs")
    _note_done(search, _V1)
    return ""


def _note_done(search: Search, call: str) -> None:
    """Both lists together are all there is."""
    search.api_lists.add(call)
    if search.api_lists == {_V1, _V2}:
        search.list_all(_SOURCE, call)


async def _ask_either(search: Search, api: str, arns: list[str]) -> None:
    """Ask for an API whose id is all that is known: it can be of either kind."""
    call = "apigatewayv2:GetApi"
    try:
        try:
            found = await search.call("apigatewayv2", "GetApi", ApiId=api)
        except UserError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            call = "apigateway:GetRestApi"
            rest = await search.call("apigateway", "GetRestApi", restApiId=api)
            await _ask_rest(search, rest)
        else:
            await _ask_http(search, found)
    except UserError as error:
        for arn in arns:
            search.trouble(_SOURCE, error, arn, call)
        return
    for arn in arns:
        search.answer(_SOURCE, arn, call, Answer.ABSENT, "The API has no such route to this function.")


async def _ask_http(search: Search, api: Mapping[str, Any]) -> None:
    number, kind = str(api["ApiId"]), str(api.get("ProtocolType", "HTTP"))
    integrations = [
        entry async for entry in _read(search, "apigatewayv2", "GetIntegrations", "Items", ApiId=number)
    ]
    stages: list[Mapping[str, Any]] | None = None
    uris: dict[str, list[tuple[str, str, str]]] = {}  # by target: stage, qualifier, role
    versions: dict[str, str] = {}  # by target: of the payload
    for entry in integrations:
        uri = str(entry.get("IntegrationUri") or "")
        if _VARIABLE.search(uri) and stages is None:
            stages = [
                each async for each in _read(search, "apigatewayv2", "GetStages", "Items", ApiId=number)
            ]
        variables = {str(each["StageName"]): each.get("StageVariables") or {} for each in stages or []}
        target = f"integrations/{entry.get('IntegrationId', '')}"
        role = str(entry.get("CredentialsArn") or "")
        versions[target] = str(entry.get("PayloadFormatVersion") or "")
        uris[target] = [(stage, qualifier, role) for stage, qualifier in _resolve(search, uri, variables)]
    if any(uris.values()):
        async for route in _read(search, "apigatewayv2", "GetRoutes", "Items", ApiId=number):
            key = str(route.get("RouteKey", ""))
            method, _, path = key.rpartition(" ")
            caller = f"{'*' if method == 'ANY' else method}{_to_pattern(path)}" if method else key
            target = str(route.get("Target", ""))
            for stage, qualifier, role in uris.get(target, ()):
                await _find(
                    search,
                    number,
                    api.get("Name"),
                    f"{kind} API",
                    stage,
                    caller,
                    key,
                    qualifier,
                    role,
                    versions[target],
                )
    async for entry in _read(search, "apigatewayv2", "GetAuthorizers", "Items", ApiId=number):
        found = search.see(entry.get("AuthorizerUri"))
        if found is not None:
            role = str(entry.get("AuthorizerCredentialsArn") or "")
            await _find_authorizer(
                search,
                number,
                api.get("Name"),
                entry.get("AuthorizerId"),
                entry.get("Name"),
                found,
                role,
                keep(
                    kind=f"{kind} API",
                    authorizer_type=entry.get("AuthorizerType"),
                    payload_version=entry.get("AuthorizerPayloadFormatVersion"),
                ),
            )


async def _ask_rest(search: Search, api: Mapping[str, Any]) -> None:
    number = str(api["id"])
    variables: dict[str, Mapping[str, str]] | None = None
    pages = _read(
        search,
        "apigateway",
        "GetResources",
        "items",
        mark="position",
        restApiId=number,
        embed=["methods"],
        limit=500,
    )
    async for resource in pages:
        path = str(resource.get("path", ""))
        for method, entry in (resource.get("resourceMethods") or {}).items():
            integration = entry.get("methodIntegration") or {}
            uri = str(integration.get("uri") or "")
            if _VARIABLE.search(uri) and variables is None:
                reply = await search.call("apigateway", "GetStages", restApiId=number)
                variables = {str(s["stageName"]): s.get("variables") or {} for s in reply.get("item") or []}
            caller = f"{'*' if method == 'ANY' else method}{_to_pattern(path)}"
            role = str(integration.get("credentials") or "")
            for stage, qualifier in _resolve(search, uri, variables or {}):
                route = f"{method} {path}"
                await _find(
                    search, number, api.get("name"), "REST API", stage, caller, route, qualifier, role
                )
    async for entry in _read(
        search, "apigateway", "GetAuthorizers", "items", mark="position", restApiId=number, limit=500
    ):
        found = search.see(entry.get("authorizerUri"))
        if found is not None:
            role = str(entry.get("authorizerCredentials") or "")
            await _find_authorizer(
                search,
                number,
                api.get("name"),
                entry.get("id"),
                entry.get("name"),
                found,
                role,
                keep(kind="REST API", authorizer_type=entry.get("type")),
            )


async def _read(
    search: Search, service: str, operation: str, key: str, *, mark: str = "NextToken", **params: Any
) -> AsyncIterator[Mapping[str, Any]]:
    async for page in search.pages(service, operation, key, mark=mark, **params):
        for entry in page:
            yield entry


def _resolve(
    search: Search, uri: str, variables: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    """(stage, qualifier) of each stage in which the URI names the function; "*" where it does in all."""
    if not _VARIABLE.search(uri):
        qualifier = search.see(uri)
        if qualifier is not None:
            yield "*", qualifier
        return
    for stage, values in variables.items():
        text = uri
        for name in _VARIABLE.findall(uri):
            text = text.replace(f"${{stageVariables.{name}}}", str(values.get(name, "")))
        qualifier = search.see(text)
        if qualifier is not None:
            yield stage, qualifier


def _to_pattern(path: str) -> str:
    """A path with its parameters open: "/orders/{id}" -> "/orders/*"."""
    return re.sub(r"\{[^}]*\}", "*", re.sub(r"\{[^}]*\+\}", ANY, path))


async def _find(
    search: Search,
    api: str,
    name: object,
    kind: str,
    stage: str,
    caller: str,
    route: str,
    qualifier: str,
    role: str,
    payload_version: str = "",
) -> None:
    call = _V1 if kind == "REST API" else _V2
    evidence = [Evidence(call, Answer.OK, f"{kind} {api} names this function.")]
    # "arn:aws:iam::*:user/*" passes the caller's own credentials on.
    if role and "*" not in role:
        evidence.append(await search.check_role(role, qualifier))
    arn = search.build_arn("execute-api", api)
    search.find(
        Sighting(
            _SOURCE,
            str(name or api),
            arn,
            Mode.PUSH_SYNC,
            tuple(evidence),
            qualifier=qualifier,
            principal="" if role else "apigateway",
            caller_arn=f"{arn}/{stage}/{caller}",
            filter=route if stage == "*" else f"{route} (stage {stage})",
            details=keep(kind=kind, route=route, stage=stage, payload_version=payload_version),
        )
    )


async def _find_authorizer(
    search: Search,
    api: str,
    name: object,
    number: object,
    authorizer: object,
    qualifier: str,
    role: str,
    details: dict[str, str],
) -> None:
    text = f"An authorizer of API {api} names this function."
    evidence = [Evidence("apigateway:GetAuthorizers", Answer.OK, text)]
    if role:
        evidence.append(await search.check_role(role, qualifier))
    arn = search.build_arn("execute-api", api)
    search.find(
        Sighting(
            _SOURCE,
            str(name or api),
            arn,
            Mode.PUSH_SYNC,
            tuple(evidence),
            qualifier=qualifier,
            principal="" if role else "apigateway",
            caller_arn=f"{arn}/authorizers/{number}",
            filter=f"authorizer {authorizer}",
            details={**details, "authorizer": str(authorizer)},
        )
    )
