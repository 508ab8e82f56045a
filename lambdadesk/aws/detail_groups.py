"""What AWS answers about a function, put into groups of rows."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lambdadesk.aws.functions import to_datetime
from lambdadesk.core.details import (
    NONE,
    DetailGroup,
    DetailRow,
    Facts,
    Failure,
    format_bytes,
    format_count,
    format_moment,
    format_seconds,
)
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.runtimes import load_runtimes

Answers = Mapping[str, Any]
Failures = Mapping[str, Failure]
_SHOWN_VERSIONS = 20
_DEFAULT_RETRIES, _DEFAULT_AGE_S = 2, 6 * 3600  # of asynchronous invocation
_UNKNOWN = "not known"
_REASONS = {
    ErrorKind.DENIED: "denied",
    ErrorKind.THROTTLED: "throttled",
    ErrorKind.OFFLINE: "offline",
    ErrorKind.NOT_FOUND: "not answered",
}


def build_groups(answers: Answers, failures: Failures) -> tuple[DetailGroup, ...]:
    """Groups in reading order; one that has nothing to say is left out. Values are in human form.

    answers: by operation; GetFunction's is there, of the others those that were given.
    """
    configuration: Mapping[str, Any] = answers["GetFunction"]["Configuration"]
    build = _Builder(answers, failures, configuration)
    groups = (
        ("General", build.general()),
        ("Environment", build.environment()),
        ("VPC", build.vpc()),
        ("Storage", build.storage()),
        ("SnapStart", build.snap_start()),
        ("Concurrency", build.concurrency()),
        ("Logging", build.logging()),
        ("Layers", build.layers()),
        ("Image", build.image()),
        ("Durable", build.durable()),
        ("Tenancy", build.tenancy()),
        ("Capacity provider", build.capacity_provider()),
        ("Versions and aliases", build.versions()),
        ("Tags", build.tags()),
        ("Function URL", build.urls()),
        ("Asynchronous invocation", build.asynchronous()),
    )
    return tuple(DetailGroup(title, tuple(rows)) for title, rows in groups if rows)


def build_facts(answers: Answers) -> Facts:
    """What the execution role has to allow for, as far as it is known."""
    configuration = answers["GetFunction"]["Configuration"]
    destinations: list[str] = []
    for entry in _entries(answers, "ListFunctionEventInvokeConfigs", "FunctionEventInvokeConfigs"):
        for side in (entry.get("DestinationConfig") or {}).values():
            if side and side.get("Destination"):
                destinations.append(str(side["Destination"]))
    return Facts(
        role_arn=str(configuration.get("Role") or ""),
        log_group=_log_group(configuration),
        dead_letter_arn=str((configuration.get("DeadLetterConfig") or {}).get("TargetArn") or ""),
        destinations=tuple(dict.fromkeys(destinations)),
        key_arn=str(configuration.get("KMSKeyArn") or ""),
        file_systems=tuple(
            str(each.get("Arn") or "") for each in configuration.get("FileSystemConfigs") or ()
        ),
        is_in_vpc=bool((configuration.get("VpcConfig") or {}).get("SubnetIds")),
        is_traced=(configuration.get("TracingConfig") or {}).get("Mode") == "Active",
        is_durable=bool(configuration.get("DurableConfig")),
    )


class _Builder:
    def __init__(self, answers: Answers, failures: Failures, configuration: Mapping[str, Any]) -> None:
        self._answers = answers
        self._failures = failures
        self._configuration = configuration

    def _runtime(self, *, is_image: bool) -> DetailRow:
        name = str(self._configuration.get("Runtime") or "")
        if name:
            return DetailRow("Runtime", name, load_runtimes().tell(name))
        return DetailRow("Runtime", "container image" if is_image else _UNKNOWN)

    def general(self) -> list[DetailRow]:
        one = self._configuration
        is_image = one.get("PackageType") == "Image"
        rows = [
            DetailRow("Name", str(one.get("FunctionName") or "")),
            DetailRow("ARN", str(one.get("FunctionArn") or "")),
            DetailRow("Description", str(one.get("Description") or NONE)),
            self._runtime(is_image=is_image),
            DetailRow("Handler", str(one.get("Handler") or ("the image's own" if is_image else _UNKNOWN))),
            DetailRow("Architecture", ", ".join(one.get("Architectures") or ["x86_64"])),
            DetailRow("Memory", _megabytes(one.get("MemorySize"))),
            DetailRow("Timeout", format_seconds(one["Timeout"]) if "Timeout" in one else _UNKNOWN),
            self._state(),
            self._last_update(),
            DetailRow("Last modified", _moment(one.get("LastModified"))),
            DetailRow("Execution role", str(one.get("Role") or _UNKNOWN)),
            _tracing(one),
            self._code(is_image),
            DetailRow("Code SHA-256", str(one.get("CodeSha256") or _UNKNOWN)),
            DetailRow(
                "Encryption key",
                str(one.get("KMSKeyArn") or "AWS's own"),
                "The KMS key of the environment, and of SnapStart snapshots.",
            ),
        ]
        if not is_image:
            rows += self._part("Runtime updates", "GetRuntimeManagementConfig", _runtime_updates)
            version = (one.get("RuntimeVersionConfig") or {}).get("RuntimeVersionArn")
            if version:
                rows.append(DetailRow("Runtime version", str(version)))
            rows += self._part("Code signing", "GetFunctionCodeSigningConfig", _code_signing)
        rows += self._part("Recursive loops", "GetFunctionRecursionConfig", _recursion)
        return rows

    def _state(self) -> DetailRow:
        one = self._configuration
        reason = str(one.get("StateReason") or "")
        return DetailRow("State", _with_code(one.get("State"), one.get("StateReasonCode")), reason)

    def _last_update(self) -> DetailRow:
        one = self._configuration
        status = _with_code(one.get("LastUpdateStatus"), one.get("LastUpdateStatusReasonCode"))
        return DetailRow("Last update", status, str(one.get("LastUpdateStatusReason") or ""))

    def _code(self, is_image: bool) -> DetailRow:
        if is_image:
            code = self._answers["GetFunction"].get("Code") or {}
            image = str(code.get("ImageUri") or self._unknown("GetFunction"))
            resolved = str(code.get("ResolvedImageUri") or "")
            return DetailRow("Code", image, resolved and f"Resolved to {resolved}.")
        size = self._configuration.get("CodeSize")
        return DetailRow("Code", f"{format_bytes(size)} zip" if isinstance(size, int) else _UNKNOWN)

    def environment(self) -> list[DetailRow]:
        environment = self._configuration.get("Environment") or {}
        rows = [
            DetailRow(name, value) for name, value in sorted((environment.get("Variables") or {}).items())
        ]
        if error := environment.get("Error"):
            reason = f"{error.get('ErrorCode') or ''} {error.get('Message') or ''}".strip()
            rows.append(DetailRow("Variables", f"{_UNKNOWN}: Lambda could not decrypt them", reason))
        return rows or [DetailRow("Variables", NONE)]

    def vpc(self) -> list[DetailRow]:
        vpc = self._configuration.get("VpcConfig") or {}
        subnets = vpc.get("SubnetIds") or ()
        if not subnets:
            return [
                DetailRow("VPC", NONE, "It reaches the internet, and nothing that is inside a VPC alone.")
            ]
        return [
            DetailRow("VPC", str(vpc.get("VpcId") or _UNKNOWN)),
            DetailRow("Subnets", ", ".join(subnets)),
            DetailRow("Security groups", ", ".join(vpc.get("SecurityGroupIds") or ()) or NONE),
            DetailRow(
                "IPv6 in dual-stack subnets", "allowed" if vpc.get("Ipv6AllowedForDualStack") else "off"
            ),
        ]

    def storage(self) -> list[DetailRow]:
        size = (self._configuration.get("EphemeralStorage") or {}).get("Size", 512)
        rows = [DetailRow("Ephemeral storage", _megabytes(size), "The room in /tmp; 512 MB of it are free.")]
        for each in self._configuration.get("FileSystemConfigs") or ():
            rows.append(
                DetailRow(str(each.get("LocalMountPath") or "File system"), str(each.get("Arn") or ""))
            )
        return rows

    def snap_start(self) -> list[DetailRow]:
        snap_start = self._configuration.get("SnapStart") or {}
        if snap_start.get("ApplyOn", "None") == "None":
            return [DetailRow("SnapStart", "off")]
        is_on = snap_start.get("OptimizationStatus") == "On"
        return [
            DetailRow("SnapStart", "on, for published versions"),
            DetailRow(
                "Of this version",
                "on" if is_on else "off",
                "" if is_on else "$LATEST itself never starts from a snapshot.",
            ),
        ]

    def concurrency(self) -> list[DetailRow]:
        rows = self._reserved()
        rows += self._part("Provisioned", "ListProvisionedConcurrencyConfigs", _provisioned)
        return rows

    def _reserved(self) -> list[DetailRow]:
        # GetFunction says the same, where GetFunctionConcurrency is denied.
        if "GetFunctionConcurrency" not in self._answers and "GetFunction" not in self._failures:
            return _reserved(self._answers["GetFunction"].get("Concurrency") or {})
        return self._part("Reserved", "GetFunctionConcurrency", _reserved)

    def logging(self) -> list[DetailRow]:
        logging = self._configuration.get("LoggingConfig") or {}
        log_format = str(logging.get("LogFormat") or "Text")
        rows = [DetailRow("Log group", _log_group(self._configuration)), DetailRow("Format", log_format)]
        if log_format == "JSON":
            rows.append(DetailRow("Application log level", str(logging.get("ApplicationLogLevel") or "INFO")))
            rows.append(DetailRow("System log level", str(logging.get("SystemLogLevel") or "INFO")))
        return rows + self._part("Retention", "DescribeLogGroups", _stored_logs)

    def layers(self) -> list[DetailRow]:
        rows = []
        for number, layer in enumerate(self._configuration.get("Layers") or (), start=1):
            size = layer.get("CodeSize")
            hint = f"{format_bytes(size)} zip" if isinstance(size, int) else ""
            rows.append(DetailRow(f"Layer {number}", str(layer.get("Arn") or ""), hint))
        is_image = self._configuration.get("PackageType") == "Image"
        return rows or ([] if is_image else [DetailRow("Layers", NONE)])

    def image(self) -> list[DetailRow]:
        response = self._configuration.get("ImageConfigResponse") or {}
        image = response.get("ImageConfig") or {}
        rows = [
            DetailRow("Entry point", " ".join(image.get("EntryPoint") or ())),
            DetailRow("Command", " ".join(image.get("Command") or ())),
            DetailRow("Working directory", str(image.get("WorkingDirectory") or "")),
        ]
        found = [row for row in rows if row.value]
        if error := response.get("Error"):
            found.append(DetailRow("Settings", _UNKNOWN, str(error.get("Message") or "")))
        if not found and self._configuration.get("PackageType") == "Image":
            return [DetailRow("Settings", "the image's own")]
        return found

    def durable(self) -> list[DetailRow]:
        durable = self._configuration.get("DurableConfig") or {}
        rows = []
        if "ExecutionTimeout" in durable:
            rows.append(DetailRow("Execution timeout", format_seconds(durable["ExecutionTimeout"])))
        if "RetentionPeriodInDays" in durable:
            days = format_count(durable["RetentionPeriodInDays"], "day")
            rows.append(DetailRow("History kept", days, "Counted from the end of an execution."))
        if durable.get("KMSKeyArn"):
            rows.append(DetailRow("Encryption key", str(durable["KMSKeyArn"])))
        return rows

    def tenancy(self) -> list[DetailRow]:
        mode = (self._configuration.get("TenancyConfig") or {}).get("TenantIsolationMode")
        if not mode:
            return []
        is_per_tenant = mode == "PER_TENANT"
        hint = "Tenants share no execution environment, and every invocation names its tenant."
        return [
            DetailRow(
                "Isolation", "per tenant" if is_per_tenant else str(mode), hint if is_per_tenant else ""
            )
        ]

    def capacity_provider(self) -> list[DetailRow]:
        outer = self._configuration.get("CapacityProviderConfig") or {}
        config = outer.get("LambdaManagedInstancesCapacityProviderConfig") or {}
        if not config:
            return []
        rows = [DetailRow("Capacity provider", str(config.get("CapacityProviderArn") or _UNKNOWN))]
        if "PerExecutionEnvironmentMaxConcurrency" in config:
            limit = f"{config['PerExecutionEnvironmentMaxConcurrency']:,} at once"
            rows.append(DetailRow("Invocations per environment", limit))
        if "ExecutionEnvironmentMemoryGiBPerVCpu" in config:
            rows.append(
                DetailRow("Memory per vCPU", f"{config['ExecutionEnvironmentMemoryGiBPerVCpu']:g} GB")
            )
        return rows

    def versions(self) -> list[DetailRow]:
        rows = self._part("Aliases", "ListAliases", _aliases)
        return rows + self._part("Published versions", "ListVersionsByFunction", _versions)

    def tags(self) -> list[DetailRow]:
        reply = self._answers["GetFunction"]
        if "GetFunction" in self._failures:
            return [self._unknown_row("Tags", "GetFunction")]
        if error := reply.get("TagsError"):
            reason = f"{error.get('ErrorCode') or ''} {error.get('Message') or ''}".strip()
            return [DetailRow("Tags", _UNKNOWN, reason)]
        tags = sorted((reply.get("Tags") or {}).items())
        return [DetailRow(str(name), str(value)) for name, value in tags] or [DetailRow("Tags", NONE)]

    def urls(self) -> list[DetailRow]:
        return self._part("Function URL", "ListFunctionUrlConfigs", _urls)

    def asynchronous(self) -> list[DetailRow]:
        rows = self._part("Retries", "ListFunctionEventInvokeConfigs", _asynchronous)
        target = (self._configuration.get("DeadLetterConfig") or {}).get("TargetArn")
        hint = "Events that were given up go there, without the reason."
        return [*rows, DetailRow("Dead-letter queue", str(target or NONE), hint if target else "")]

    def _part(self, name: str, operation: str, build: Callable[[Any], list[DetailRow]]) -> list[DetailRow]:
        """The rows of a part, or that it is not known."""
        if operation in self._answers:
            return build(self._answers[operation])
        return [self._unknown_row(name, operation)]

    def _unknown_row(self, name: str, operation: str) -> DetailRow:
        failure = self._failures.get(operation)
        return DetailRow(name, self._unknown(operation), str(failure.error) if failure else "")

    def _unknown(self, operation: str) -> str:
        failure = self._failures.get(operation)
        if failure is None:
            return _UNKNOWN
        reason = failure.error.action or _REASONS.get(failure.error.kind, "")
        if failure.error.action:
            reason = f"denied: {failure.error.action}"
        return f"{_UNKNOWN} ({reason})" if reason else _UNKNOWN


def _entries(answers: Answers, operation: str, key: str) -> list[Mapping[str, Any]]:
    return list((answers.get(operation) or {}).get(key) or ())


def _log_group(configuration: Mapping[str, Any]) -> str:
    logging = configuration.get("LoggingConfig") or {}
    return str(logging.get("LogGroup") or f"/aws/lambda/{configuration.get('FunctionName')}")


def _megabytes(size: object) -> str:
    return f"{size:,} MB" if isinstance(size, int) else _UNKNOWN


def _moment(value: object) -> str:
    moment = value if isinstance(value, datetime) else to_datetime(value)
    return format_moment(moment) if moment else _UNKNOWN


def _with_code(state: object, code: object) -> str:
    return f"{state} ({code})" if state and code else str(state or _UNKNOWN)


def _tracing(configuration: Mapping[str, Any]) -> DetailRow:
    if (configuration.get("TracingConfig") or {}).get("Mode") == "Active":
        return DetailRow("X-Ray tracing", "on")
    return DetailRow("X-Ray tracing", "passed through", "Traced only where the caller's request is.")


def _runtime_updates(reply: Mapping[str, Any]) -> list[DetailRow]:
    words = {"Auto": "automatic", "FunctionUpdate": "when the function is updated", "Manual": "by hand"}
    mode = str(reply.get("UpdateRuntimeOn") or "")
    pinned = str(reply.get("RuntimeVersionArn") or "")
    return [
        DetailRow("Runtime updates", words.get(mode, mode or _UNKNOWN), pinned and f"Pinned to {pinned}.")
    ]


def _code_signing(reply: Mapping[str, Any]) -> list[DetailRow]:
    return [DetailRow("Code signing", str(reply.get("CodeSigningConfigArn") or NONE))]


def _recursion(reply: Mapping[str, Any]) -> list[DetailRow]:
    if reply.get("RecursiveLoop") == "Allow":
        return [
            DetailRow("Recursive loops", "allowed", "Lambda does not stop a loop through SQS, SNS or S3.")
        ]
    return [DetailRow("Recursive loops", "stopped", "Lambda ends a loop after about 16 rounds.")]


def _reserved(reply: Mapping[str, Any]) -> list[DetailRow]:
    reserved = reply.get("ReservedConcurrentExecutions")
    if reserved is None:
        return [DetailRow("Reserved", NONE, "It shares the account's concurrency in this region.")]
    if reserved == 0:
        return [DetailRow("Reserved", "0: switched off", "Every invocation is throttled.")]
    return [DetailRow("Reserved", f"{reserved:,}", "At most so many at once, kept for this function.")]


def _provisioned(reply: Mapping[str, Any]) -> list[DetailRow]:
    rows = []
    for entry in reply["ProvisionedConcurrencyConfigs"]:
        asked = entry.get("RequestedProvisionedConcurrentExecutions") or 0
        ready = entry.get("AvailableProvisionedConcurrentExecutions") or 0
        words = {"READY": "ready", "IN_PROGRESS": "in progress", "FAILED": "failed"}
        status = words.get(str(entry.get("Status")), str(entry.get("Status") or _UNKNOWN))
        value = f"{asked:,} asked for, {ready:,} available, {status}"
        rows.append(
            DetailRow(f"Provisioned for {_qualifier(entry)}", value, str(entry.get("StatusReason") or ""))
        )
    return rows or [DetailRow("Provisioned", NONE)]


def _stored_logs(reply: Mapping[str, Any]) -> list[DetailRow]:
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
        DetailRow("Stored", format_bytes(stored) if isinstance(stored, int) else _UNKNOWN),
        *([DetailRow("Log encryption key", str(group["kmsKeyId"]))] if group.get("kmsKeyId") else []),
    ]


def _aliases(reply: Mapping[str, Any]) -> list[DetailRow]:
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


def _versions(reply: Mapping[str, Any]) -> list[DetailRow]:
    numbered = [entry for entry in reply["Versions"] if str(entry.get("Version")).isdecimal()]
    if not numbered:
        return [DetailRow("Published versions", NONE)]
    numbered.sort(key=lambda entry: int(entry["Version"]), reverse=True)
    rows = [DetailRow("Published versions", f"{len(numbered):,}")]
    for entry in numbered[:_SHOWN_VERSIONS]:
        parts = [_moment(entry["LastModified"]) if entry.get("LastModified") else "", entry.get("Runtime")]
        value = " · ".join(str(part) for part in parts if part) or "published"
        rows.append(DetailRow(f"Version {entry['Version']}", value, str(entry.get("Description") or "")))
    if (older := len(numbered) - _SHOWN_VERSIONS) > 0:
        rows.append(DetailRow("Older versions", f"{older:,} more"))
    return rows


def _urls(reply: Mapping[str, Any]) -> list[DetailRow]:
    rows = []
    for entry in reply["FunctionUrlConfigs"]:
        qualifier = _qualifier(entry)
        of = "" if qualifier == "$LATEST" else f" of {qualifier}"
        is_open = entry.get("AuthType") == "NONE"
        rows += [
            DetailRow(f"URL{of}", str(entry.get("FunctionUrl") or _UNKNOWN)),
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


def _asynchronous(reply: Mapping[str, Any]) -> list[DetailRow]:
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


def _destination(side: Mapping[str, Any] | None) -> str:
    return str((side or {}).get("Destination") or NONE)


def _qualifier(entry: Mapping[str, Any]) -> str:
    """The alias or version at the end of the entry's ARN; $LATEST where there is none."""
    parts = str(entry.get("FunctionArn") or "").split(":")
    return parts[7] if len(parts) > 7 else "$LATEST"
