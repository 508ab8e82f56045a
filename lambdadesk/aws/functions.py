"""Functions of an account, as the Lambda API lists them."""

import itertools
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lambdadesk.aws.failures import get_plain_text, missing, retell
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.deploys import PublishedVersion
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo


async def fetch_functions(gateway: Gateway) -> AsyncIterator[list[FunctionInfo]]:
    """All functions, a page (at most 50) at a time, in the API's order.

    Where a later page fails, the pages before it stay valid: the UserError says that the list is partial.
    """
    async for page in fetch_pages(gateway, "ListFunctions", "Functions"):
        yield [to_function_info(entry) for entry in page]


async def fetch_function(gateway: Gateway, name: str) -> FunctionInfo:
    """One function by name (lambda:GetFunctionConfiguration)."""
    try:
        reply = await gateway.call("lambda", "GetFunctionConfiguration", FunctionName=name)
    except UserError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        raise retell(error, f"The function {get_plain_text(name)} does not exist.", error.hint) from error
    return to_function_info(reply)


async def fetch_qualifiers(gateway: Gateway, name: str) -> dict[str, str]:
    """What the function can be invoked as: $LATEST, then aliases by name, then versions, newest first.

    For an alias the value says which versions that means ("7 90 %, 8 10 %"), else it is empty.
    """
    aliases: dict[str, str] = {}
    async for page in fetch_pages(gateway, "ListAliases", "Aliases", FunctionName=name):
        aliases |= {str(entry["Name"]): _to_weights(entry) for entry in page if "Name" in entry}
    versions: list[str] = []
    async for page in fetch_pages(gateway, "ListVersionsByFunction", "Versions", FunctionName=name):
        versions += [str(entry["Version"]) for entry in page if "Version" in entry]
    numbered = sorted((version for version in versions if version.isdecimal()), key=int, reverse=True)
    return {"$LATEST": "", **dict(sorted(aliases.items())), **dict.fromkeys(numbered, "")}


async def fetch_versions(gateway: Gateway, name: str) -> list[PublishedVersion]:
    """The published versions of a function, in AWS's order; those whose time is not told are left out."""
    found = []
    async for page in fetch_pages(gateway, "ListVersionsByFunction", "Versions", FunctionName=name):
        for entry in page:
            version, at = str(entry.get("Version") or ""), to_datetime(entry.get("LastModified"))
            if version.isdecimal() and at is not None:
                about = get_plain_text(entry.get("Description") or "")
                found.append(PublishedVersion(version, at, about))
    return found


async def fetch_provisioned(gateway: Gateway, name: str) -> list[str]:
    """The aliases and versions of a function that have provisioned concurrency."""
    found = []
    operation, key = "ListProvisionedConcurrencyConfigs", "ProvisionedConcurrencyConfigs"
    async for page in fetch_pages(gateway, operation, key, FunctionName=name):
        found += [str(entry.get("FunctionArn") or "").rpartition(":")[2] for entry in page]
    return found


def _to_weights(alias: Mapping[str, Any]) -> str:
    """The versions of an alias; the first one gets what its weights leave."""
    main = str(alias.get("FunctionVersion") or "")
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    shares = {str(version): float(weight) for version, weight in weights.items()}
    if not main or not shares:
        return main
    shares = {main: 1 - sum(shares.values()), **shares}
    return ", ".join(f"{get_plain_text(version)} {share * 100:.4g} %" for version, share in shares.items())


def to_function_info(entry: Mapping[str, Any]) -> FunctionInfo:
    """A FunctionConfiguration of the API; whatever is absent or odd takes the API's default.

    Environment variables are left out on purpose: they often hold secrets.
    """
    logging = entry.get("LoggingConfig") or {}
    architectures = entry.get("Architectures") or ["x86_64"]
    capacity = entry.get("CapacityProviderConfig") or {}
    instances = capacity.get("LambdaManagedInstancesCapacityProviderConfig") or {}
    return FunctionInfo(
        name=str(entry.get("FunctionName", "")),
        arn=str(entry.get("FunctionArn", "")),
        runtime=str(entry.get("Runtime", "")),
        architecture=str(architectures[0]),
        memory_mb=_to_int(entry.get("MemorySize"), 128),
        timeout_s=_to_int(entry.get("Timeout"), 3),
        ephemeral_mb=_to_int((entry.get("EphemeralStorage") or {}).get("Size"), 512),
        package_type=str(entry.get("PackageType", "Zip")),
        code_bytes=_to_int(entry.get("CodeSize"), 0),
        last_modified=to_datetime(entry.get("LastModified")),
        description=str(entry.get("Description", "")),
        log_group=str(logging.get("LogGroup", "")),
        log_format=str(logging.get("LogFormat", "Text")),
        system_log_level=str(logging.get("SystemLogLevel", "")),
        snap_start=(entry.get("SnapStart") or {}).get("ApplyOn", "None") == "PublishedVersions",
        role=str(entry.get("Role") or ""),
        handler=str(entry.get("Handler") or ""),
        state=str(entry.get("State") or ""),
        state_reason=str(entry.get("StateReason") or ""),
        last_update_status=str(entry.get("LastUpdateStatus") or ""),
        last_update_reason=str(entry.get("LastUpdateStatusReason") or ""),
        capacity_provider=str(instances.get("CapacityProviderArn") or ""),
        is_tenant_isolated=(entry.get("TenancyConfig") or {}).get("TenantIsolationMode") == "PER_TENANT",
        is_durable=bool(entry.get("DurableConfig")),
    )


async def fetch_pages(
    gateway: Gateway, operation: str, key: str, **params: Any
) -> AsyncIterator[list[dict[str, Any]]]:
    """The list `key` of a Lambda operation that gives markers, page by page.

    Where a later page fails, the UserError says that the list is partial.
    """
    seen: set[str] = set()
    asked = dict(params)
    for number in itertools.count(1):
        try:
            reply = await gateway.call("lambda", operation, **asked)
            if not isinstance(reply.get(key), list):
                raise missing("lambda", operation, key)
        except UserError as error:
            if number == 1:
                raise
            raise _partial(error, number) from error
        yield reply[key]
        marker = str(reply.get("NextMarker") or "")
        if not marker:
            return
        if marker in seen:
            raise _partial(missing("lambda", operation, "new NextMarker"), number + 1)
        seen.add(marker)
        asked["Marker"] = marker


def _partial(error: UserError, number: int) -> UserError:
    return retell(error, f"The list is partial: page {number} failed. {error.message}", error.hint)


def _to_int(value: object, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default


def to_datetime(text: object) -> datetime | None:
    """A moment as Lambda writes it ("2026-01-02T03:04:05.678+0000"), in UTC; None where it is none."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
    except ValueError:
        return None
