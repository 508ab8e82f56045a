"""What AWS answers about a function, put into groups of rows."""

from collections.abc import Callable, Mapping
from typing import Any

from lambdadesk.aws import detail_rows
from lambdadesk.aws.detail_facts import get_log_group
from lambdadesk.aws.detail_rows import UNKNOWN, tell_moment
from lambdadesk.core.details import (
    NONE,
    DetailGroup,
    DetailRow,
    Failure,
    format_bytes,
    format_count,
    format_seconds,
)
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.runtimes import load_runtimes

_Answers = Mapping[str, Any]
_Failures = Mapping[str, Failure]
_REASONS = {
    ErrorKind.DENIED: "denied",
    ErrorKind.THROTTLED: "throttled",
    ErrorKind.OFFLINE: "offline",
    ErrorKind.NOT_FOUND: "not answered",
}


def build_groups(answers: _Answers, failures: _Failures) -> tuple[DetailGroup, ...]:
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


class _Builder:
    def __init__(self, answers: _Answers, failures: _Failures, configuration: Mapping[str, Any]) -> None:
        self._answers = answers
        self._failures = failures
        self._configuration = configuration

    def _runtime(self, *, is_image: bool) -> DetailRow:
        name = str(self._configuration.get("Runtime") or "")
        if name:
            return DetailRow("Runtime", name, load_runtimes().tell(name))
        return DetailRow("Runtime", "container image" if is_image else UNKNOWN)

    def general(self) -> list[DetailRow]:
        one = self._configuration
        is_image = one.get("PackageType") == "Image"
        rows = [
            DetailRow("Name", str(one.get("FunctionName") or "")),
            DetailRow("ARN", str(one.get("FunctionArn") or "")),
            DetailRow("Description", str(one.get("Description") or NONE)),
            self._runtime(is_image=is_image),
            DetailRow("Handler", str(one.get("Handler") or ("the image's own" if is_image else UNKNOWN))),
            DetailRow("Architecture", ", ".join(one.get("Architectures") or ["x86_64"])),
            DetailRow("Memory", _megabytes(one.get("MemorySize"))),
            DetailRow("Timeout", format_seconds(one["Timeout"]) if "Timeout" in one else UNKNOWN),
            self._state(),
            self._last_update(),
            DetailRow("Last modified", tell_moment(one.get("LastModified"))),
            DetailRow("Execution role", str(one.get("Role") or UNKNOWN)),
            _tracing(one),
            self._code(is_image),
            DetailRow("Code SHA-256", str(one.get("CodeSha256") or UNKNOWN)),
            DetailRow(
                "Encryption key",
                str(one.get("KMSKeyArn") or "AWS's own"),
                "The KMS key of the environment, and of SnapStart snapshots.",
            ),
        ]
        if not is_image:
            rows += self._part("Runtime updates", "GetRuntimeManagementConfig", detail_rows.runtime_updates)
            version = (one.get("RuntimeVersionConfig") or {}).get("RuntimeVersionArn")
            if version:
                rows.append(DetailRow("Runtime version", str(version)))
            rows += self._part("Code signing", "GetFunctionCodeSigningConfig", detail_rows.code_signing)
        rows += self._part("Recursive loops", "GetFunctionRecursionConfig", detail_rows.recursion)
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
        return DetailRow("Code", f"{format_bytes(size)} zip" if isinstance(size, int) else UNKNOWN)

    def environment(self) -> list[DetailRow]:
        environment = self._configuration.get("Environment") or {}
        rows = [
            DetailRow(name, value) for name, value in sorted((environment.get("Variables") or {}).items())
        ]
        if error := environment.get("Error"):
            reason = f"{error.get('ErrorCode') or ''} {error.get('Message') or ''}".strip()
            rows.append(DetailRow("Variables", f"{UNKNOWN}: Lambda could not decrypt them", reason))
        return rows or [DetailRow("Variables", NONE)]

    def vpc(self) -> list[DetailRow]:
        vpc = self._configuration.get("VpcConfig") or {}
        subnets = vpc.get("SubnetIds") or ()
        if not subnets:
            return [
                DetailRow("VPC", NONE, "It reaches the internet, and nothing that is inside a VPC alone.")
            ]
        return [
            DetailRow("VPC", str(vpc.get("VpcId") or UNKNOWN)),
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
        provisioned = self._part("Provisioned", "ListProvisionedConcurrencyConfigs", detail_rows.provisioned)
        return self._reserved() + provisioned

    def _reserved(self) -> list[DetailRow]:
        # GetFunction says the same, where GetFunctionConcurrency is denied.
        if "GetFunctionConcurrency" not in self._answers and "GetFunction" not in self._failures:
            return detail_rows.reserved(self._answers["GetFunction"].get("Concurrency") or {})
        return self._part("Reserved", "GetFunctionConcurrency", detail_rows.reserved)

    def logging(self) -> list[DetailRow]:
        logging = self._configuration.get("LoggingConfig") or {}
        log_format = str(logging.get("LogFormat") or "Text")
        rows = [DetailRow("Log group", get_log_group(self._configuration)), DetailRow("Format", log_format)]
        if log_format == "JSON":
            rows.append(DetailRow("Application log level", str(logging.get("ApplicationLogLevel") or "INFO")))
            rows.append(DetailRow("System log level", str(logging.get("SystemLogLevel") or "INFO")))
        return rows + self._part("Retention", "DescribeLogGroups", detail_rows.stored_logs)

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
            found.append(DetailRow("Settings", UNKNOWN, str(error.get("Message") or "")))
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
        rows = [DetailRow("Capacity provider", str(config.get("CapacityProviderArn") or UNKNOWN))]
        if "PerExecutionEnvironmentMaxConcurrency" in config:
            limit = f"{config['PerExecutionEnvironmentMaxConcurrency']:,} at once"
            rows.append(DetailRow("Invocations per environment", limit))
        if "ExecutionEnvironmentMemoryGiBPerVCpu" in config:
            rows.append(
                DetailRow("Memory per vCPU", f"{config['ExecutionEnvironmentMemoryGiBPerVCpu']:g} GB")
            )
        return rows

    def versions(self) -> list[DetailRow]:
        rows = self._part("Aliases", "ListAliases", detail_rows.aliases)
        return rows + self._part("Published versions", "ListVersionsByFunction", detail_rows.versions)

    def tags(self) -> list[DetailRow]:
        reply = self._answers["GetFunction"]
        if "GetFunction" in self._failures:
            return [self._unknown_row("Tags", "GetFunction")]
        if error := reply.get("TagsError"):
            reason = f"{error.get('ErrorCode') or ''} {error.get('Message') or ''}".strip()
            return [DetailRow("Tags", UNKNOWN, reason)]
        tags = sorted((reply.get("Tags") or {}).items())
        return [DetailRow(str(name), str(value)) for name, value in tags] or [DetailRow("Tags", NONE)]

    def urls(self) -> list[DetailRow]:
        return self._part("Function URL", "ListFunctionUrlConfigs", detail_rows.urls)

    def asynchronous(self) -> list[DetailRow]:
        rows = self._part("Retries", "ListFunctionEventInvokeConfigs", detail_rows.asynchronous)
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
            return UNKNOWN
        reason = _REASONS.get(failure.error.kind, "")
        if failure.error.action:
            reason = f"denied: {failure.error.action}"
        return f"{UNKNOWN} ({reason})" if reason else UNKNOWN


def _megabytes(size: object) -> str:
    return f"{size:,} MB" if isinstance(size, int) else UNKNOWN


def _with_code(state: object, code: object) -> str:
    return f"{state} ({code})" if state and code else str(state or UNKNOWN)


def _tracing(configuration: Mapping[str, Any]) -> DetailRow:
    if (configuration.get("TracingConfig") or {}).get("Mode") == "Active":
        return DetailRow("X-Ray tracing", "on")
    return DetailRow("X-Ray tracing", "passed through", "Traced only where the caller's request is.")
