"""What the function itself says: its qualifiers, policies, URLs, and where its results go."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.functions import fetch_qualifiers
from lambdadesk.aws.triggers.merge import POLICY, URL
from lambdadesk.aws.triggers.policy import parse_policy
from lambdadesk.aws.triggers.search import Search, Sighting, to_evidence
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.triggers import Answer, DestinationKind, Evidence, Mode

# Versions whose policies are read at once: newest first, and those with an alias have the alias's.
MOST_VERSIONS = 20


async def look_at_qualifiers(search: Search) -> str:
    """Aliases and versions. NOT_FOUND where there is no such function."""
    found = await fetch_qualifiers(search.gateway, search.arn.name)
    aliases = [each for each in found if not each.isdecimal() and each != "$LATEST"]
    versions = [each for each in found if each.isdecimal()]
    asked = versions if search.deep else versions[:MOST_VERSIONS]
    search.qualifiers = ["", *aliases, *asked]
    search.knows_all_qualifiers = len(asked) == len(versions)
    if search.knows_all_qualifiers:
        return ""
    return f"{len(versions) - len(asked)} older versions are left to a deep scan."


async def look_at_policies(search: Search) -> str:
    """The policy of the function and of each alias and version."""

    async def ask(qualifier: str) -> None:
        params = {"Qualifier": qualifier} if qualifier else {}
        try:
            reply = await search.call("lambda", "GetPolicy", FunctionName=search.arn.name, **params)
            search.grants += parse_policy(str(reply.get("Policy") or ""), qualifier)
        except ValueError:
            evidence = Evidence(POLICY, Answer.FAILED, "The policy can't be understood.")
            search.policies[qualifier] = evidence
            search.trouble("Lambda", UserError("The policy of the function can't be understood."))
            return
        except UserError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                search.policies[qualifier] = to_evidence(error, POLICY)
                search.trouble("Lambda", error)
                return
        search.policies[qualifier] = Evidence(POLICY, Answer.OK, "")

    await search.each(search.qualifiers, ask, "Policies")
    return ""


async def look_at_urls(search: Search) -> str:
    async for page in search.pages(
        "lambda",
        "ListFunctionUrlConfigs",
        "FunctionUrlConfigs",
        mark="NextMarker",
        sends="Marker",
        FunctionName=search.arn.name,
    ):
        for entry in page:
            _find_url(search, entry)
    search.list_all(URL, "lambda:ListFunctionUrlConfigs")
    return ""


def _find_url(search: Search, entry: Mapping[str, Any]) -> None:
    is_public = entry.get("AuthType") == "NONE"
    who = "anyone who knows the address" if is_public else "callers with lambda:InvokeFunctionUrl"
    streams = entry.get("InvokeMode") == "RESPONSE_STREAM"
    search.find(
        Sighting(
            URL,
            str(entry.get("FunctionUrl", "")),
            "",
            Mode.PUSH_SYNC,
            (Evidence("lambda:ListFunctionUrlConfigs", Answer.OK, f"The URL is open to {who}."),),
            qualifier=search.see(entry.get("FunctionArn")) or "",
            # With IAM the caller's own policy is enough.
            principal="*" if is_public else "",
            state="public" if is_public else "IAM",
            filter="response streaming" if streams else "",
        )
    )


async def look_at_destinations(search: Search) -> str:
    """Where asynchronous invocations go that succeed or fail: per qualifier, and the function's DLQ."""
    async for page in search.pages(
        "lambda",
        "ListFunctionEventInvokeConfigs",
        "FunctionEventInvokeConfigs",
        mark="NextMarker",
        sends="Marker",
        FunctionName=search.arn.name,
    ):
        for entry in page:
            qualifier = search.see(entry.get("FunctionArn")) or ""
            search.add_destinations(
                entry.get("DestinationConfig"), "" if qualifier == "$LATEST" else qualifier
            )
    return ""


async def look_at_dead_letters(search: Search) -> str:
    reply = await search.call("lambda", "GetFunctionConfiguration", FunctionName=search.arn.name)
    search.configuration = reply
    arn = str((reply.get("DeadLetterConfig") or {}).get("TargetArn") or "")
    if arn:
        search.add_destination(DestinationKind.DEAD_LETTER, arn)
    return ""
