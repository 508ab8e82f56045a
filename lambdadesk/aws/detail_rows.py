"""What one call answers about a function, as rows of its group."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdadesk.aws.functions import to_datetime
from lambdadesk.core.details import (
    NONE,
    DetailRow,
    format_bytes,
    format_count,
    format_moment,
    format_seconds,
)

UNKNOWN = "not known"
_SHOWN_VERSIONS = 20
_DEFAULT_RETRIES, _DEFAULT_AGE_S = 2, 6 * 3600  # of asynchronous invocation


def runtime_updates(reply: Mapping[str, Any]) -> list[DetailRow]:
    words = {"Auto": "automatic", "FunctionUpdate": "when the function is updated", "Manual": "by hand"}
    mode = str(reply.get("UpdateRuntimeOn") or "")
    pinned = str(reply.get("RuntimeVersionArn") or "")
    return [DetailRow("Runtime updates", words.get(mode, mode or UNKNOWN), pinned and f"Pinned to {pinned}.")]


def code_signing(reply: Mapping[str, Any]) -> list[DetailRow]:
    return [DetailRow("Code signing", str(reply.get("CodeSigningConfigArn") or NONE))]


def recursion(reply: Mapping[str, Any]) -> list[DetailRow]:
    if reply.get("RecursiveLoop") == "Allow":
        return [
            DetailRow("Recursive loops", "allowed", "Lambda does not stop a loop through SQS, SNS or S3.")
        ]
    return [DetailRow("Recursive loops", "stopped", "Lambda ends a loop after about 16 rounds.")]


def reserved(reply: Mapping[str, Any]) -> list[DetailRow]:
    reserved = reply.get("ReservedConcurrentExecutions")
    if reserved is None:
        return [DetailRow("Reserved", NONE, "It shares the account's concurrency in this region.")]
    if reserved == 0:
        return [DetailRow("Reserved", "0: switched off", "Every invocation is throttled.")]
    return [DetailRow("Reserved", f"{reserved:,}", "At most so many at once, kept for this function.")]


def provisioned(reply: Mapping[str, Any]) -> list[DetailRow]:
    rows = []
    for entry in reply["ProvisionedConcurrencyConfigs"]:
        asked = entry.get("RequestedProvisionedConcurrentExecutions") or 0
        ready = entry.get("AvailableProvisionedConcurrentExecutions") or 0
        words = {"READY": "ready", "IN_PROGRESS": "in progress", "FAILED": "failed"}
        status = words.get(str(entry.get("Status")), str(entry.get("Status") or UNKNOWN))
        value = f"{asked:,} asked for, {ready:,} available, {status}"
        rows.append(
            DetailRow(f"Provisioned for {_qualifier(entry)}", value, str(entry.get("StatusReason") or ""))
        )
    return rows or [DetailRow("Provisioned", NONE)]


def stored_logs(reply: Mapping[str, Any]) -> list[DetailRow]:
    if not reply["logGroups"]:
        hint = "Lambda makes it at the first invocation; it then keeps its events for ever."
        return [DetailRow("Retention", "there is no such log group yet", hint)]
    group = reply["logGroups"][0]
    days = group.get("retentionInDays")
    stored = group.get("storedBytes")
    return [
        DetailRow("Retention", format_count(days, "day"))
        if days
        else DetailRow(
            "Retention", "never expires", "Its events are kept, and paid for, until they are deleted."
        ),
        DetailRow("Class", str(group.get("logGroupClass") or "STANDARD")),
        DetailRow("Stored", format_bytes(stored) if isinstance(stored, int) else UNKNOWN),
        *([DetailRow("Log encryption key", str(group["kmsKeyId"]))] if group.get("kmsKeyId") else []),
    ]


def aliases(reply: Mapping[str, Any]) -> list[DetailRow]:
    rows = []
    for entry in sorted(reply["Aliases"], key=lambda entry: str(entry.get("Name"))):
        weights = (entry.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        version = f"version {entry.get('FunctionVersion', '?')}"
        if weights:
            shares = [f"{version} ({100 * (1 - sum(weights.values())):.4g} %)"]
            shares += [f"version {other} ({100 * share:.4g} %)" for other, share in sorted(weights.items())]
            version = " and ".join(shares)
        rows.append(DetailRow(f"Alias {entry.get('Name')}", version, str(entry.get("Description") or "")))
    return rows or [DetailRow("Aliases", NONE)]


def versions(reply: Mapping[str, Any]) -> list[DetailRow]:
    numbered = [entry for entry in reply["Versions"] if str(entry.get("Version")).isdecimal()]
    if not numbered:
        return [DetailRow("Published versions", NONE)]
    numbered.sort(key=lambda entry: int(entry["Version"]), reverse=True)
    rows = [DetailRow("Published versions", f"{len(numbered):,}")]
    for entry in numbered[:_SHOWN_VERSIONS]:
        at = tell_moment(entry["LastModified"]) if entry.get("LastModified") else ""
        value = " · ".join(str(part) for part in (at, entry.get("Runtime")) if part) or "published"
        rows.append(DetailRow(f"Version {entry['Version']}", value, str(entry.get("Description") or "")))
    if (older := len(numbered) - _SHOWN_VERSIONS) > 0:
        rows.append(DetailRow("Older versions", f"{older:,} more"))
    return rows


def urls(reply: Mapping[str, Any]) -> list[DetailRow]:
    rows = []
    for entry in reply["FunctionUrlConfigs"]:
        qualifier = _qualifier(entry)
        of = "" if qualifier == "$LATEST" else f" of {qualifier}"
        is_open = entry.get("AuthType") == "NONE"
        rows += [
            DetailRow(f"URL{of}", str(entry.get("FunctionUrl") or UNKNOWN)),
            DetailRow(
                f"Who may call it{of}",
                "anybody" if is_open else "callers with IAM permission",
                "No credentials are asked for, where the resource policy allows it." if is_open else "",
            ),
            DetailRow(
                f"Answers{of}",
                "streamed" if entry.get("InvokeMode") == "RESPONSE_STREAM" else "in one piece",
            ),
        ]
        cors = entry.get("Cors") or {}
        parts = [
            f"origins {', '.join(cors['AllowOrigins'])}" if cors.get("AllowOrigins") else "",
            f"methods {', '.join(cors['AllowMethods'])}" if cors.get("AllowMethods") else "",
            f"headers {', '.join(cors['AllowHeaders'])}" if cors.get("AllowHeaders") else "",
            f"exposed {', '.join(cors['ExposeHeaders'])}" if cors.get("ExposeHeaders") else "",
            "credentials" if cors.get("AllowCredentials") else "",
            f"kept for {format_seconds(cors['MaxAge'])}" if cors.get("MaxAge") else "",
        ]
        rows.append(DetailRow(f"CORS{of}", " · ".join(part for part in parts if part) or NONE))
    return rows or [DetailRow("Function URL", NONE)]


def asynchronous(reply: Mapping[str, Any]) -> list[DetailRow]:
    entries = sorted(reply["FunctionEventInvokeConfigs"], key=_qualifier)
    rows: list[DetailRow] = []
    for entry in entries or [{}]:
        qualifier = _qualifier(entry)
        of = "" if qualifier == "$LATEST" else f" of {qualifier}"
        retries, age_s = entry.get("MaximumRetryAttempts"), entry.get("MaximumEventAgeInSeconds")
        destinations = entry.get("DestinationConfig") or {}
        rows += [
            DetailRow(f"Retries{of}", f"{_DEFAULT_RETRIES} (default)" if retries is None else f"{retries}"),
            DetailRow(
                f"Longest wait{of}",
                f"{format_seconds(_DEFAULT_AGE_S)} (default)" if age_s is None else format_seconds(age_s),
                "An event that waits longer is given up.",
            ),
            DetailRow(f"On success{of}", _destination(destinations.get("OnSuccess"))),
            DetailRow(f"On failure{of}", _destination(destinations.get("OnFailure"))),
        ]
    return rows


def tell_moment(value: object) -> str:
    moment = value if isinstance(value, datetime) else to_datetime(value)
    return format_moment(moment) if moment else UNKNOWN


def _destination(side: Mapping[str, Any] | None) -> str:
    return str((side or {}).get("Destination") or NONE)


def _qualifier(entry: Mapping[str, Any]) -> str:
    """The alias or version at the end of the entry's ARN; $LATEST where there is none."""
    parts = str(entry.get("FunctionArn") or "").split(":")
    return parts[7] if len(parts) > 7 else "$LATEST"
