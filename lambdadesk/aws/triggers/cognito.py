"""Cognito: user pools, and the sync events of identity pools."""

from collections.abc import Iterator, Mapping
from typing import Any

from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Answer, Evidence, Mode

_POOLS, _SYNC = "Cognito", "Cognito Sync"
_POOL, _EVENTS = "cognito-idp:DescribeUserPool", "cognito-sync:GetCognitoEvents"


async def look_at_named(search: Search) -> str:
    """The user pools that the policies name."""
    await search.ask_granted(_POOLS, "cognito-idp", _POOL, _ask)
    return ""


async def look_at_all(search: Search) -> str:
    """All user pools of the account."""
    found = await search.read_all("cognito-idp", "ListUserPools", "UserPools", MaxResults=60)
    arns = [search.build_arn("cognito-idp", f"userpool/{each['Id']}") for each in found]
    await search.ask_all(_POOLS, _POOL, arns, _ask, "User pools")
    return ""


async def _ask(search: Search, arn: str) -> None:
    reply = await search.call("cognito-idp", "DescribeUserPool", UserPoolId=arn.rpartition("/")[2])
    pool = reply.get("UserPool") or {}
    for event, text in _get_hooks(pool.get("LambdaConfig") or {}):
        qualifier = search.see(text)
        if qualifier is None:
            continue
        search.find(
            Sighting(
                _POOLS,
                str(pool.get("Name") or pool.get("Id", "")),
                arn,
                Mode.PUSH_SYNC,
                (Evidence(_POOL, Answer.OK, "The user pool names this function."),),
                qualifier=qualifier,
                principal="cognito-idp",
                filter=event,
            )
        )


def _get_hooks(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(event, function) of a LambdaConfig: "PreSignUp": ARN, "CustomSMSSender": {"LambdaArn": ARN}."""
    for event, value in config.items():
        if isinstance(value, Mapping):
            yield event, str(value.get("LambdaArn") or "")
        else:
            yield event, str(value)


async def look_at_named_sync(search: Search) -> str:
    """The identity pools that the policies name."""
    await search.ask_granted(_SYNC, "cognito-sync", _EVENTS, _ask_sync)
    return ""


async def look_at_all_sync(search: Search) -> str:
    found = await search.read_all("cognito-identity", "ListIdentityPools", "IdentityPools", MaxResults=60)
    arns = [search.build_arn("cognito-sync", f"identitypool/{each['IdentityPoolId']}") for each in found]
    await search.ask_all(_SYNC, _EVENTS, arns, _ask_sync, "Identity pools")
    return ""


async def _ask_sync(search: Search, arn: str) -> None:
    pool = arn.rpartition("/")[2]
    reply = await search.call("cognito-sync", "GetCognitoEvents", IdentityPoolId=pool)
    for event, text in (reply.get("Events") or {}).items():
        qualifier = search.see(text)
        if qualifier is not None:
            evidence = Evidence(_EVENTS, Answer.OK, "The identity pool names this function.")
            search.find(
                Sighting(
                    _SYNC,
                    pool,
                    arn,
                    Mode.PUSH_SYNC,
                    (evidence,),
                    qualifier=qualifier,
                    principal="cognito-sync",
                    filter=str(event),
                )
            )
