"""S3 bucket notifications."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.search import Search, Sighting, keep
from lambdadesk.core.arns import get_part
from lambdadesk.core.triggers import Answer, Evidence, Mode

_S3 = "S3"
_CALL = "s3:GetBucketNotificationConfiguration"


async def look_at_named(search: Search) -> str:
    """The buckets that the policies name."""
    await search.ask_granted(_S3, "s3", _CALL, _ask)
    return ""


async def look_at_all(search: Search) -> str:
    """All buckets of the account, in the function's region."""
    arns: list[str] = []
    pages = search.pages(
        "s3",
        "ListBuckets",
        "Buckets",
        mark="ContinuationToken",
        BucketRegion=search.arn.region,
        MaxBuckets=1000,
    )
    async for page in pages:
        arns += [f"arn:{search.arn.partition}:s3:::{each['Name']}" for each in page]
    await search.ask_all(_S3, _CALL, arns, _ask, "Buckets")
    return ""


async def _ask(search: Search, arn: str) -> None:
    name = get_part(arn, 5)
    reply = await search.call("s3", "GetBucketNotificationConfiguration", Bucket=name)
    for entry in reply.get("LambdaFunctionConfigurations") or []:
        qualifier = search.see(entry.get("LambdaFunctionArn"))
        if qualifier is None:
            continue
        text = "The bucket's notifications name this function."
        search.find(
            Sighting(
                _S3,
                name,
                arn,
                Mode.PUSH_ASYNC,
                (Evidence(_CALL, Answer.OK, text),),
                qualifier=qualifier,
                principal="s3",
                filter=_get_filter(entry),
                details=_get_details(entry),
            )
        )


def _get_filter(entry: Mapping[str, Any]) -> str:
    limits = [f"{name} {value}" for name, value in _get_limits(entry).items()]
    return " ".join([*(str(each) for each in entry.get("Events") or []), *limits])


def _get_limits(entry: Mapping[str, Any]) -> dict[str, str]:
    """prefix and suffix, which the answer writes with either case."""
    rules = ((entry.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    return {str(each.get("Name", "")).lower(): str(each.get("Value", "")) for each in rules}


def _get_details(entry: Mapping[str, Any]) -> dict[str, str]:
    limits = _get_limits(entry)
    return keep(
        events=" ".join(str(each) for each in entry.get("Events") or []),
        prefix=limits.get("prefix"),
        suffix=limits.get("suffix"),
        configuration=entry.get("Id"),
    )
