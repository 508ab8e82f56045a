"""The tags of all functions of an account and region, in a few calls."""

from typing import Any

from lambdadesk.aws.failures import missing
from lambdadesk.aws.gateway import Gateway

_PAGE = 100  # AWS's own limit


async def fetch_tags(gateway: Gateway) -> dict[str, dict[str, str]]:
    """Tags by function name (tag:GetResources); a function without tags may be absent.

    All or nothing, by UserError: of half the pages nobody could say which functions have no tags.
    """
    tags: dict[str, dict[str, str]] = {}
    params: dict[str, Any] = {"ResourceTypeFilters": ["lambda:function"], "ResourcesPerPage": _PAGE}
    seen: set[str] = set()
    while True:
        reply = await gateway.call("resourcegroupstaggingapi", "GetResources", **params)
        entries = reply.get("ResourceTagMappingList")
        if not isinstance(entries, list):
            raise missing("resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList")
        for entry in entries:
            _, is_function, name = str(entry.get("ResourceARN", "")).partition(":function:")
            if is_function and ":" not in name:  # else a version or an alias
                pairs = entry.get("Tags") or ()
                tags[name] = {str(pair.get("Key", "")): str(pair.get("Value", "")) for pair in pairs}
        token = str(reply.get("PaginationToken") or "")
        if not token:
            return tags
        if token in seen:
            raise missing("resourcegroupstaggingapi", "GetResources", "new PaginationToken")
        seen.add(token)
        params["PaginationToken"] = token
