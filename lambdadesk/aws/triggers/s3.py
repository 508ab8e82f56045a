"""S3 bucket notifications."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.arns import get_part
from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.errors import UserError
from lambdadesk.core.triggers import Answer, Evidence, Mode

_S3 = "S3"
_CALL = "s3:GetBucketNotificationConfiguration"


async def look_at_named(search: Search) -> str:
    """The buckets that the policies name."""
    await search.each(search.get_granted(_S3, "s3"), lambda arn: _ask(search, arn))
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
    await search.each(
        [arn for arn in arns if not search.is_known(_S3, arn)], lambda arn: _ask(search, arn), "Buckets"
    )
    search.list_all(_S3, "s3:ListBuckets")
    return ""


async def _ask(search: Search, arn: str) -> None:
    name = get_part(arn, 5)
    try:
        reply = await search.call("s3", "GetBucketNotificationConfiguration", Bucket=name)
    except UserError as error:
        search.trouble(_S3, error, arn, _CALL)
        return
    search.answer(_S3, arn, _CALL, Answer.ABSENT, "The bucket's notifications do not name this function.")
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
            )
        )


def _get_filter(entry: Mapping[str, Any]) -> str:
    rules = ((entry.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    limits = [f"{str(each.get('Name', '')).lower()} {each.get('Value', '')}" for each in rules]
    return " ".join([*(str(each) for each in entry.get("Events") or []), *limits])
