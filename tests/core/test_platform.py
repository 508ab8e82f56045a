import json
from decimal import Decimal
from timeit import repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.platform import (
    LineKind,
    PlatformLine,
    line_level,
    parse_app,
    parse_platform,
    request_id_of,
)
from lambdadesk.core.types import Report

ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"


def parsed(text: str) -> PlatformLine:
    line = parse_platform(text)
    assert line is not None
    return line


def report(text: str) -> Report:
    line = parsed(text)
    assert line.kind is LineKind.REPORT
    assert line.report is not None
    assert line.request_id == line.report.request_id
    return line.report


def expected(
    request_id: str, duration: str, billed: int, memory: int, used: int, init: str | None = None, **more: Any
) -> Report:
    init_ms = None if init is None else Decimal(init)
    return Report(request_id, Decimal(duration), billed, memory, used, init_ms, **more)


TEXT_REPORTS = [
    pytest.param(
        "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 15.74 "
        "ms\tBilled Duration: 147 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 56 MB\tInit Duration: 130.49 ms\n"
        "XRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1   SegmentId: 07f5xmpl2d1f6f85 Sampled: true",
        expected(ID, "15.74", 147, 128, 56, "130.49", trace_id="1-5e34a614-10bdxmplf1fb44f07bc535a1"),
        id="1 python, trace on a second line",
    ),
    pytest.param(
        "REPORT RequestId: c793869b-ee49-115b-a5b6-4fd21e8dedac\tDuration: 128.83 "
        "ms\tBilled Duration: 296 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 74 MB\tInit Duration: 166.62 ms\t"
        "XRAY TraceId: 1-5d9d007f-0a8c7fd02xmpl480aed55ef0\tSegmentId: 3d752xmpl1bbe37e\tSampled: true\t",
        expected(
            "c793869b-ee49-115b-a5b6-4fd21e8dedac", "128.83", 296, 128, 74, "166.62",
            trace_id="1-5d9d007f-0a8c7fd02xmpl480aed55ef0",
        ),
        id="2 node, trace on the same line",
    ),
    pytest.param(
        "REPORT RequestId: 6bc28136-xmpl-4365-b021-0ce6b2e64ab0\tDuration: 198.50 "
        "ms\tBilled Duration: 724 ms\t"
        "Memory Size: 512 MB\tMax Memory Used: 90 MB\tInit Duration: 524.75 ms",
        expected("6bc28136-xmpl-4365-b021-0ce6b2e64ab0", "198.50", 724, 512, 90, "524.75"),
        id="3 java",
    ),
    pytest.param(
        "REPORT RequestId: dbda340c-xmpl-4031-8810-11bb609b4c71\tDuration: 38.66 "
        "ms\tBilled Duration: 243 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 54 MB\tInit Duration: 203.69 ms",
        expected("dbda340c-xmpl-4031-8810-11bb609b4c71", "38.66", 243, 128, 54, "203.69"),
        id="4 go",
    ),
    pytest.param(
        "REPORT RequestId: 5b866fb1-7154-4af6-8078-6ef6ca4c2ddd Duration: 133.61 ms Billed Duration: 214 ms "
        "Memory Size: 128 MB Max Memory Used: 31 MB Init Duration: 80.00 ms Status: error "
        "Error Type: Runtime.ExitError",
        expected(
            "5b866fb1-7154-4af6-8078-6ef6ca4c2ddd", "133.61", 214, 128, 31, "80.00",
            status="error", error_type="Runtime.ExitError",
        ),
        id="5 new crash",
    ),
    pytest.param(
        "REPORT RequestId: 527cb862-4f5e-49a9-9ae4-a7edc90f0fda Duration: 3016.78 ms "
        "Billed Duration: 3101 ms "
        "Memory Size: 128 MB Max Memory Used: 31 MB Init Duration: 84.00 ms Status: timeout",
        expected(
            "527cb862-4f5e-49a9-9ae4-a7edc90f0fda", "3016.78", 3101, 128, 31, "84.00", status="timeout"
        ),
        id="6 new timeout",
    ),
    pytest.param(
        "REPORT RequestId: c3252230-c73d-49f6-8844-968c01d1e2e1\tDuration: 933.59 "
        "ms\tBilled Duration: 934 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 9 MB\t\n",
        expected("c3252230-c73d-49f6-8844-968c01d1e2e1", "933.59", 934, 128, 9),
        id="7 old crash",
    ),
    pytest.param(
        "REPORT RequestId: b70435cc-261c-4438-b9b6-efe4c8f04b21\tDuration: 3004.92 "
        "ms\tBilled Duration: 3117 ms"
        "\tMemory Size: 128 MB\tMax Memory Used: 33 MB\tInit Duration: 111.23 ms\t",
        expected("b70435cc-261c-4438-b9b6-efe4c8f04b21", "3004.92", 3117, 128, 33, "111.23"),
        id="8 old timeout",
    ),
    pytest.param(
        "REPORT RequestId: XXX Duration: 3022.91 ms Billed Duration: 3000 ms Memory Size: 512 MB "
        "Max Memory Used: 157 MB",
        expected("XXX", "3022.91", 3000, 512, 157),
        id="9 suppressed init",
    ),
    pytest.param(
        "REPORT RequestId: b771fecc-1b53-4faf-922d-1d74357b1676\tDuration: 306.34 "
        "ms\tBilled Duration: 610 ms\t"
        "Memory Size: 3009 MB\tMax Memory Used: 155 MB\tRestore Duration: 511.25 ms\t"
        "Billed Restore Duration: 303 ms\t",
        expected(
            "b771fecc-1b53-4faf-922d-1d74357b1676", "306.34", 610, 3009, 155,
            restore_ms=Decimal("511.25"), billed_restore_ms=303,
        ),
        id="16 SnapStart",
    ),
    pytest.param(
        "REPORT RequestId: 24addd09-6e64-49fb-b187-94ba9b60b59a Duration: 127.10 ms Billed Duration: 154 ms "
        "Memory Size: 2048 MB Max Memory Used: 212 MB Restore Duration: 325.93 ms "
        "Billed Restore Duration: 26 ms XRAY TraceId: 1-66d978e5-10bd SegmentId: 29c3839e6ecb5895 "
        "Sampled: true",
        expected(
            "24addd09-6e64-49fb-b187-94ba9b60b59a", "127.10", 154, 2048, 212,
            restore_ms=Decimal("325.93"), billed_restore_ms=26, trace_id="1-66d978e5-10bd",
        ),
        id="17 SnapStart and X-Ray",
    ),
    pytest.param(
        "REPORT RequestId: c09f53de-0e09-4e3f-96aa-b280d98079c1\tDuration: 20.65 "
        "ms\tBilled Duration: 2678 ms\t"
        "Memory Size: 2560 MB\tMax Memory Used: 196 MB\tInit Duration: 2656.67 ms\t",
        expected("c09f53de-0e09-4e3f-96aa-b280d98079c1", "20.65", 2678, 2560, 196, "2656.67"),
        id="18 container",
    ),
    pytest.param(
        "REPORT RequestId: 0fc78b42-f6e0-400a-be91-71c5d1eadb9a Duration: 1394.60 ms "
        "Billed Duration: 1395 ms "
        "Memory Size: 128 MB Max Memory Used: 79 MB Init Duration: 428.60 ms",
        expected("0fc78b42-f6e0-400a-be91-71c5d1eadb9a", "1394.60", 1395, 128, 79, "428.60"),
        id="19 init not billed",
    ),
    pytest.param(
        "REPORT RequestId: XXX\tDuration: 871.20 ms\tBilled Duration: 900 ms Memory Size: 128 MB\t"
        "Max Memory Used: 54 MB\t",
        expected("XXX", "871.20", 900, 128, 54),
        id="20 rounded to 100 ms",
    ),
    pytest.param(
        "REPORT RequestId: XXX\tDuration: 2501.00 ms\tBilled Duration: 2501 ms\tMemory Size: 3008 MB\t"
        "Max Memory Used: 3007 MB\tStatus: error\tError Type: Runtime.OutOfMemory",
        expected("XXX", "2501.00", 2501, 3008, 3007, status="error", error_type="Runtime.OutOfMemory"),
        id="22 out of memory",
    ),
    pytest.param(
        "REPORT RequestId: XXX\tDuration: 114 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 48 MB",
        expected("XXX", "114", 114, 128, 48),
        id="whole milliseconds",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), TEXT_REPORTS)
def test_reports(text: str, wanted: Report) -> None:
    assert report(text) == wanted
    assert parsed(text).status == wanted.status
    assert parsed(text).error_type == wanted.error_type


FIELDS = [
    "Duration: 306.34 ms",
    "Billed Duration: 610 ms",
    "Memory Size: 3009 MB",
    "Max Memory Used: 155 MB",
    "Init Duration: 1.5 ms",
    "Restore Duration: 511.25 ms",
    "Billed Restore Duration: 303 ms",
    "Status: error",
    "Error Type: ValueError",
    "XRAY TraceId: 1-66",
    "SegmentId: 29",
    "Sampled: true",
    "Extension Duration: 99 ms",
    "Kind Of Memory Size: 7 MB",
]


@given(
    st.permutations(FIELDS), st.sampled_from([" ", "\t", "  ", " \t", "\n"]), st.sampled_from(["", "\t\n"])
)
def test_order_and_white_space_of_a_report_do_not_matter(fields: list[str], gap: str, end: str) -> None:
    assert report(f"REPORT RequestId: {ID}{gap}{gap.join(fields)}{end}") == expected(
        ID, "306.34", 610, 3009, 155, "1.5", restore_ms=Decimal("511.25"), billed_restore_ms=303,
        status="error", error_type="ValueError", trace_id="1-66",
    )  # fmt: skip


@given(
    st.sets(st.sampled_from(FIELDS[1:]), max_size=len(FIELDS)),
    st.integers(0, 900_000).map(lambda hundredths: Decimal(hundredths) / 100),
)
def test_any_field_but_the_duration_may_be_missing(present: set[str], duration: Decimal) -> None:
    text = "\t".join(field for field in FIELDS[1:] if field in present)
    got = report(f"REPORT RequestId: {ID}\tDuration: {duration} ms\t{text}")
    assert got.duration_ms == duration
    assert got.billed_ms == (610 if "Billed Duration: 610 ms" in present else None)
    assert got.memory_mb == (3009 if "Memory Size: 3009 MB" in present else None)
    assert got.error_type == ("ValueError" if "Error Type: ValueError" in present else "")


@pytest.mark.parametrize(
    "text",
    [
        "REPORT RequestId: XXX",
        "REPORT RequestId: XXX\tDuration: long ms",
        "REPORT RequestId: XXX\tDuration: 1.2.3 ms\tBilled Duration: 2 ms",
        "REPORT RequestId: XXX\tDuration: -1 ms",
        "REPORT RequestId: XXX\tDuration: " + "9" * 5000 + " ms",
        "REPORT of the day: all is well",
        "START of the day",
        "END",
        "Error: nothing",
        "INIT done",
        "RequestId: 12",
        "EXTENSION cord",
        "TELEMETRY",
        "LOGS are wood",
        "Task timed out after a while",
        "It said: Task timed out after 3.00 seconds",
        '{"type":"platform.report","record":{"requestId":"a"}}',
        '{"type":"platform.report","record":{"requestId":"a","metrics":{"durationMs":1e400}}}',
        '{"type":"platform.report","record":{"metrics":{"durationMs":1}}}',
        '{"type":"platform.report","record":[]}',
        '{"type":"platform.report"',
        '{"record":{"type":"platform.report"}}',
        "",
    ],
)
def test_lookalikes_are_lines_of_the_application(text: str) -> None:
    assert parse_platform(text) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"START RequestId: {ID} Version: $LATEST\n", PlatformLine(LineKind.START, ID, "$LATEST")),
        (f"START RequestId: {ID} \tVersion: 56", PlatformLine(LineKind.START, ID, "56")),
        (f"END RequestId: {ID}\n", PlatformLine(LineKind.END, ID)),
        (
            "RequestId: c3252230-c73d-49f6-8844-968c01d1e2e1 Error: Runtime exited without "
            "providing a reason\n"
            "Runtime.ExitError",
            PlatformLine(
                LineKind.FAULT,
                "c3252230-c73d-49f6-8844-968c01d1e2e1",
                error_type="Runtime.ExitError",
                text="Runtime exited without providing a reason",
            ),
        ),
        (
            f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
            PlatformLine(
                LineKind.FAULT,
                ID,
                error_type="Runtime.ExitError",
                text="Runtime exited with error: signal: killed",
            ),
        ),
        (
            "2024-03-04T17:22:38.033Z b70435cc-261c-4438-b9b6-efe4c8f04b21 Task timed out after 3.00 seconds",
            PlatformLine(LineKind.TIMEOUT, "b70435cc-261c-4438-b9b6-efe4c8f04b21", status="timeout"),
        ),
        (
            "2023-11-02T18:02:42.819Z ed9967cb-9637-432b-9b54-e80b006b1af6 Task timed out "
            "after 300.02 seconds\n\n",
            PlatformLine(LineKind.TIMEOUT, "ed9967cb-9637-432b-9b54-e80b006b1af6", status="timeout"),
        ),
        ("Task timed out after 2.00 seconds", PlatformLine(LineKind.TIMEOUT, status="timeout")),
        (
            "INIT_REPORT Init Duration: 1236.04 ms Phase: init Status: timeout",
            PlatformLine(
                LineKind.INIT_REPORT, status="timeout", phase="init", duration_ms=Decimal("1236.04")
            ),
        ),
        (
            "INIT_REPORT Init Duration: 1236.04 ms Phase: init Status: error Error Type: Extension.Crash",
            PlatformLine(
                LineKind.INIT_REPORT,
                status="error",
                error_type="Extension.Crash",
                phase="init",
                duration_ms=Decimal("1236.04"),
            ),
        ),
        (
            "INIT_REPORT Init Duration: 1882.55 ms\tPhase: init\tStatus: error\t"
            "Error Type: Runtime.ImportModuleError",
            PlatformLine(
                LineKind.INIT_REPORT,
                status="error",
                error_type="Runtime.ImportModuleError",
                phase="init",
                duration_ms=Decimal("1882.55"),
            ),
        ),
        (
            "RESTORE_REPORT Restore Duration: 1236.04 ms Status: timeout",
            PlatformLine(LineKind.RESTORE_REPORT, status="timeout", duration_ms=Decimal("1236.04")),
        ),
        (
            "RESTORE_REPORT Restore Duration: 1236.04 ms Status: error Error Type: Runtime.ExitError",
            PlatformLine(
                LineKind.RESTORE_REPORT,
                status="error",
                error_type="Runtime.ExitError",
                duration_ms=Decimal("1236.04"),
            ),
        ),
        (
            "RESTORE_START Runtime Version: java:21.v5\tRuntime Version ARN: "
            "arn:aws:lambda:eu-west-1::runtime:e",
            PlatformLine(LineKind.RESTORE_START, version="java:21.v5"),
        ),
        (
            "INIT_START Runtime Version: python:3.12.v18\t"
            "Runtime Version ARN: arn:aws:lambda:eu-west-1::runtime:edb5",
            PlatformLine(LineKind.INIT_START, version="python:3.12.v18"),
        ),
        (
            "EXTENSION\tName: AWSParametersAndSecretsLambdaExtension\tState: Ready\tEvents: "
            "[SHUTDOWN, INVOKE]",
            PlatformLine(LineKind.EXTENSION, name="AWSParametersAndSecretsLambdaExtension"),
        ),
        (
            "EXTENSION\tName: lambda-adapter\tState: Ready\tEvents: []",
            PlatformLine(LineKind.EXTENSION, name="lambda-adapter"),
        ),
        (
            "TELEMETRY\tName: telemetry-sink\tState: Subscribed\tTypes: [Platform, Function, Extension]",
            PlatformLine(LineKind.TELEMETRY, name="telemetry-sink"),
        ),
        (
            "LOGS\tName: telemetry-sink\tState: Subscribed\tTypes: [Platform]",
            PlatformLine(LineKind.LOGS, name="telemetry-sink"),
        ),
    ],
)
def test_other_text_lines(text: str, wanted: PlatformLine) -> None:
    assert parse_platform(text) == wanted


def record(kind: str, **fields: Any) -> str:
    return json.dumps({"time": "2022-10-21T14:05:05.766Z", "type": f"platform.{kind}", "record": fields})


def test_json_report() -> None:
    text = (
        '{"time":"2022-10-21T14:05:05.766Z","type":"platform.report","record":{'
        '"requestId":"459921b5-681c-4a96-beb0-81e0aa586026","metrics":{"durationMs":2599.4,'
        '"billedDurationMs":2600,"memorySizeMB":128,"maxMemoryUsedMB":94,"initDurationMs":549.04},'
        '"tracing":{"spanId":"24cd7d670fa455f0","type":"X-Amzn-Trace-Id","value":"Root=1-6352"},'
        '"status":"success"}}'
    )
    assert report(text) == expected(
        "459921b5-681c-4a96-beb0-81e0aa586026", "2599.4", 2600, 128, 94, "549.04",
        status="success", trace_id="Root=1-6352",
    )  # fmt: skip


def test_json_report_of_managed_instances_has_a_duration_only() -> None:
    text = (
        '{"time":"2025-09-19T19:36:50.881Z","type":"platform.report","record":{"requestId":"13d1305b",'
        '"status":"success","metrics":{"durationMs":1.148},"spans":[]}}'
    )
    assert report(text) == Report("13d1305b", Decimal("1.148"), status="success")


def test_json_report_of_a_restored_snapshot() -> None:
    metrics = {"durationMs": 306.34, "billedDurationMs": 610, "restoreDurationMs": 511.25}
    got = report(record("report", requestId="a", metrics={**metrics, "billedRestoreDurationMs": 303}))
    assert (got.restore_ms, got.billed_restore_ms) == (Decimal("511.25"), 303)


def test_json_start_of_a_tenant() -> None:
    text = (
        '{"time":"2025-10-13T19:48:06.990Z","type":"platform.start","record":{'
        '"requestId":"a0f40320-b43c-44b3-91bf-d5b5240a1bed",'
        '"functionArn":"arn:aws:lambda:us-east-1:123456789012:function:multitenant-function-1",'
        '"version":"$LATEST","tenantId":"BlueTenant"}}'
    )
    assert parse_platform(text) == PlatformLine(
        LineKind.START, "a0f40320-b43c-44b3-91bf-d5b5240a1bed", "$LATEST"
    )


@pytest.mark.parametrize(
    ("kind", "fields", "wanted"),
    [
        (
            "initStart",
            {
                "initializationType": "lambda-managed-instances",
                "phase": "init",
                "runtimeVersion": "python:3.13",
            },
            PlatformLine(
                LineKind.INIT_START,
                version="python:3.13",
                phase="init",
                initialization_type="lambda-managed-instances",
            ),
        ),
        (
            "initRuntimeDone",
            {"initializationType": "on-demand", "phase": "init", "status": "success"},
            PlatformLine(LineKind.INIT_DONE, status="success", phase="init", initialization_type="on-demand"),
        ),
        (
            "initReport",
            {
                "initializationType": "snap-start",
                "phase": "snap-start",
                "status": "error",
                "errorType": "E",
                "metrics": {"durationMs": 125.33},
            },
            PlatformLine(
                LineKind.INIT_REPORT,
                status="error",
                error_type="E",
                phase="snap-start",
                initialization_type="snap-start",
                duration_ms=Decimal("125.33"),
            ),
        ),
        (
            "runtimeDone",
            {"requestId": "a", "status": "timeout", "metrics": {"durationMs": 3000, "producedBytes": 12}},
            PlatformLine(LineKind.RUNTIME_DONE, "a", status="timeout", duration_ms=Decimal(3000)),
        ),
        ("restoreStart", {"runtimeVersion": "j"}, PlatformLine(LineKind.RESTORE_START, version="j")),
        ("restoreRuntimeDone", {"status": "success"}, PlatformLine(LineKind.RESTORE_DONE, status="success")),
        (
            "restoreReport",
            {"status": "success", "metrics": {"durationMs": 70.87}},
            PlatformLine(LineKind.RESTORE_REPORT, status="success", duration_ms=Decimal("70.87")),
        ),
        (
            "extension",
            {"name": "app", "state": "Ready", "events": ["INVOKE"], "errorType": "E"},
            PlatformLine(LineKind.EXTENSION, error_type="E", name="app"),
        ),
        (
            "telemetrySubscription",
            {"name": "app", "types": []},
            PlatformLine(LineKind.TELEMETRY, name="app"),
        ),
        (
            "logsDropped",
            {"droppedBytes": 12, "droppedRecords": 1, "reason": "too slow"},
            PlatformLine(LineKind.LOGS_DROPPED, text="too slow"),
        ),
        ("brandNew", {"requestId": "a"}, PlatformLine(LineKind.OTHER, "a")),
        ("start", {"requestId": 5, "version": None}, PlatformLine(LineKind.START)),
    ],
)
def test_json_records(kind: str, fields: dict[str, Any], wanted: PlatformLine) -> None:
    assert parse_platform(record(kind, **fields)) == wanted


@pytest.mark.parametrize(
    ("text", "level", "request_id"),
    [
        (f"[INFO]\t2025-08-31T22:12:58.534Z\t{ID}\tmsg", "info", ID),
        (f"[WARNING]\t2025-08-31T22:12:58.534Z\t{ID}\tmsg\nnext", "warn", ID),
        (f"[CRITICAL]\t2025-08-31T22:12:58.534Z\t{ID}\tmsg", "error", ID),
        ("[ERROR] ValueError: order total is negative\nTraceback (most recent call last):", "error", ""),
        (f"2019-06-07T19:11:20.562Z\t{ID}\tINFO\tENVIRONMENT\r{{", "info", ID),
        (f"2019-06-07T19:11:20.562Z\t{ID}\tERROR\tInvoke Error \t{{}}", "error", ID),
        ("2019-06-07T19:11:20.562Z\tundefined\tWARN\tbefore the first request", "warn", "undefined"),
        (f"2024-05-07T10:00:00.123Z\t{ID}\tfail\tmsg", "error", ID),
        (f"2024-05-07T10:00:00.123Z\t{ID}\tdbug\tmsg", "debug", ID),
        (f"2024-05-07T10:00:00.123Z\t{ID}\ttrce\tmsg", "debug", ID),
        (f"2024-05-07T10:00:00.123Z\t{ID}\tcrit\tmsg", "error", ID),
        (f"2020-01-31 10:42:37 {ID} WARN  Handler - msg", "warn", ID),
        (f"2020-01-31 10:42:37,123 {ID} DEBUG Handler - msg", "debug", ID),
        (f"I, [2024-01-31T10:42:37.567155 #8]  INFO -- {ID}: msg", "info", ID),
        ("E, [2024-01-31T10:42:37.567155 #8] ERROR -- : msg", "error", ""),
        ("ERROR: out of paper", "error", ""),
        ("warn: low on paper", "warn", ""),
        ("Traceback (most recent call last):", "error", ""),
        (
            '{"timestamp":"2025-10-13T19:48:06.992Z","level":"INFO","requestId":"a0f4","tenantId":"BlueTenant",'
            '"message":"custom log line1"}',
            "info",
            "a0f4",
        ),
        ('{"level":"Information","requestId":"a","message":"dotnet"}', "info", "a"),
        ('{"level":"WARN","AWSRequestId":"b","message":"log4j2"}', "warn", "b"),
        ('{"level":"TRACE","AWSrequestId":"c","message":"LambdaLogger"}', "debug", "c"),
        ('{"level":50,"msg":"a number"}', "", ""),
        ('{"level":"ERROR"', "", ""),
        ("Informal notes", "", ""),
        ("errors are fine", "", ""),
        ("processed order 1234", "", ""),
        ("[1, 2, 3]", "", ""),
        ("2019-06-07 was a Friday", "", ""),
        ("", "", ""),
    ],
)
def test_application_lines(text: str, level: str, request_id: str) -> None:
    assert parse_platform(text) is None
    assert parse_app(text) == (level, request_id)
    assert line_level(text) == level
    assert request_id_of(text) == request_id


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (f"START RequestId: {ID} Version: 1", ""),
        (f"RequestId: {ID} Error: Runtime exited", "error"),
        (f"2024-03-04T17:22:38.033Z {ID} Task timed out after 3.00 seconds", "error"),
        (f"REPORT RequestId: {ID} Duration: 1.00 ms Status: timeout", "error"),
        (f"REPORT RequestId: {ID} Duration: 1.00 ms", ""),
        (record("report", requestId=ID, status="failure", metrics={"durationMs": 1}), "error"),
        (record("report", requestId=ID, status="success", metrics={"durationMs": 1}), ""),
    ],
)
def test_level_and_id_of_platform_lines(text: str, level: str) -> None:
    assert line_level(text) == level
    assert request_id_of(text) == ID


WORDS = st.sampled_from(
    [
        "REPORT RequestId: ", "START RequestId: ", "END RequestId: ", "INIT_REPORT ", "RESTORE_REPORT ",
        "EXTENSION\tName: ", "Duration: ", "Billed Duration: ", "Memory Size: ", "Status: ", "Error Type: ",
        "1.5 ms", "12 MB", "\t", "\n", " ", ID, "A", "Task timed out after ", "3.00 seconds", "RequestId: ",
        "Error: ", "[ERROR]", "1", ":",
        '{"type":"platform.report","record":', "{", "}", '"requestId":', "[", "]",
        "2024-03-04T17:22:38.033Z ", "\ud800", "\u0663", "\x00",
    ]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.one_of(WORDS, st.text(max_size=3)), max_size=30).map("".join)))
def test_no_text_raises(text: str) -> None:
    line_level(text)
    request_id_of(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["requestId", "metrics", "durationMs", "billedDurationMs", "status", "tracing"]),
            inner,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(["report", "start", "initReport", "x"]), JSON)
def test_no_json_record_raises(kind: str, value: Any) -> None:
    text = json.dumps({"type": f"platform.{kind}", "record": value})
    line_level(text)
    request_id_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "REPORT RequestId: " + "A " * 500_000,
        "REPORT RequestId: x\tDuration: 1 ms\t" + "Status: " * 200_000,
        "REPORT RequestId: x" + " " * 1_000_000,
        "2024-03-04T17:22:38.033Z" + " " * 1_000_000,
        "2" * 1_000_000,
        "[ERROR]" + "\t" * 1_000_000,
        "INIT_REPORT " + "A" * 1_000_000,
        "E, [" + "x" * 1_000_000,
        "RequestId: x Error: " + "\n" * 1_000_000,
        "{" * 1_000_000 + '"platform."level"',
    ],
)
def test_a_megabyte_of_hostile_text_is_no_slower_than_reading_it(text: str) -> None:
    assert min(repeat(lambda: (line_level(text), request_id_of(text)), number=1, repeat=3)) < 0.25
