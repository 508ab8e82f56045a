"""The REPORT parser beside the plain one it is made from, and round trips of every known shape."""

import json
import re
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from lambdadesk.core.platform import LineKind, PlatformLine, parse_platform
from lambdadesk.core.types import Report

NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,20})?")
FIELD = re.compile(r"(?<!\S)([A-Z][A-Za-z]{0,24}(?: [A-Z][A-Za-z]{0,24}){0,5}):[ \t]+(\S+)(?:[ \t]MB\b)?")


def plain_parse(message: str) -> PlatformLine | None:
    """A REPORT read field by field, slowly: what any faster way has to agree with."""
    fields = dict(FIELD.findall(message))

    def decimal(key: str) -> Decimal | None:
        text = fields.get(key, "")
        return Decimal(text) if NUMBER.fullmatch(text) else None

    def integer(key: str) -> int | None:
        number = decimal(key)
        return None if number is None else int(number)

    request_id, duration_ms = fields.get("REPORT RequestId", ""), decimal("Duration")
    if not request_id or duration_ms is None:
        return None
    status, error_type = fields.get("Status", ""), fields.get("Error Type", "")
    report = Report(
        request_id,
        duration_ms,
        integer("Billed Duration"),
        integer("Memory Size"),
        integer("Max Memory Used"),
        decimal("Init Duration"),
        decimal("Restore Duration"),
        integer("Billed Restore Duration"),
        status,
        error_type,
        fields.get("XRAY TraceId", ""),
    )
    return PlatformLine(LineKind.REPORT, request_id, "", report, status, error_type)


IDS = st.uuids().map(str) | st.from_regex(r"[0-9a-zA-Z-]{1,40}", fullmatch=True)
MILLISECONDS = st.integers(0, 90_000_000).map(lambda hundredths: f"{Decimal(hundredths) / 100:f}")
WHOLE = st.integers(0, 900_000)
GAPS = st.sampled_from(["\t", " ", "  ", "\t\t", " \t", "\n", "\r\n", "   "])
ENDS = st.sampled_from(["", "\t", "\n", "\t\n", " \n\n"])
TYPES = st.sampled_from(["Runtime.ExitError", "Runtime.OutOfMemory", "ValueError", "Sandbox.Timedout"])
UNKNOWN = [
    "Extension Duration: 12.5 ms",
    "New Thing: yes",
    "Tenant Id: BlueTenant",
    "Kind Of Memory Size: 7 MB",
]


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Every shape of REPORT that is known: warm, cold, restored, traced, old, and with a status."""
    kind = draw(st.sampled_from(["warm", "cold", "restored"]))
    status = draw(st.sampled_from(["", "timeout", "error"]))
    return Report(
        draw(IDS),
        Decimal(draw(MILLISECONDS)),
        draw(WHOLE),
        draw(st.integers(128, 10_240)),
        draw(st.integers(1, 10_240)),
        Decimal(draw(MILLISECONDS)) if kind == "cold" else None,
        Decimal(draw(MILLISECONDS)) if kind == "restored" else None,
        draw(WHOLE) if kind == "restored" else None,
        status,
        draw(TYPES) if status == "error" else "",
        draw(st.sampled_from(["", "1-5e34a614-10bdxmplf1fb44f07bc535a1"])),
    )


def fields_of(report: Report) -> list[str]:
    """The fields as Lambda writes them, in its order."""
    fields = [
        f"Duration: {report.duration_ms} ms",
        f"Billed Duration: {report.billed_ms} ms",
        f"Memory Size: {report.memory_mb} MB",
        f"Max Memory Used: {report.max_memory_mb} MB",
    ]
    if report.init_ms is not None:
        fields.append(f"Init Duration: {report.init_ms} ms")
    if report.restore_ms is not None:
        fields.append(f"Restore Duration: {report.restore_ms} ms")
        fields.append(f"Billed Restore Duration: {report.billed_restore_ms} ms")
    if report.status:
        fields.append(f"Status: {report.status}")
    if report.error_type:
        fields.append(f"Error Type: {report.error_type}")
    if report.trace_id:
        fields += [f"XRAY TraceId: {report.trace_id}", "SegmentId: 07f5xmpl2d1f6f85", "Sampled: true"]
    return fields


def line_of(report: Report) -> PlatformLine:
    return PlatformLine(LineKind.REPORT, report.request_id, "", report, report.status, report.error_type)


@given(reports(), st.lists(GAPS, min_size=14, max_size=14), ENDS)
@example(Report("a", Decimal(1), 1, 128, 1), ["\t"] * 14, "")
def test_a_report_comes_back_as_it_was_written(report: Report, gaps: list[str], end: str) -> None:
    """Also where the line is broken anywhere between two fields, or holds several spaces."""
    text = f"REPORT RequestId: {report.request_id}"
    text += "".join(gap + field for gap, field in zip(gaps, fields_of(report), strict=False)) + end
    assert parse_platform(text) == line_of(report) == plain_parse(text)


@given(reports(), st.data())
def test_order_and_unknown_fields_do_not_matter(report: Report, data: st.DataObject) -> None:
    more = data.draw(st.lists(st.sampled_from(UNKNOWN), unique=True))
    fields = data.draw(st.permutations(fields_of(report) + more))
    text = "\t".join([f"REPORT RequestId: {report.request_id}", *fields])
    assert parse_platform(text) == line_of(report) == plain_parse(text)


PIECES = st.sampled_from(
    [
        *(field for field in fields_of(Report("a", Decimal("1.5"), 2, 128, 9, Decimal(1), Decimal(2), 3))),
        "Status: error", "Error Type: ValueError", "XRAY TraceId: 1-5e", "SegmentId: 07", "Sampled: true",
        "Duration: long ms", "Billed Duration: 2.5 ms", "Memory Size: 1 GB", "Duration: 1.2.3 ms", "Status:",
        "Billed Restore Duration: 303", "Init Duration: 1.5", "ms", "MB", "Duration:", "REPORT RequestId: b",
    ]
)  # fmt: skip


@given(st.lists(st.tuples(GAPS, PIECES), max_size=14), ENDS)
def test_whatever_stands_in_a_report_is_read_as_the_plain_parser_reads_it(
    pieces: list[tuple[str, str]], end: str
) -> None:
    text = "REPORT RequestId: a" + "".join(gap + piece for gap, piece in pieces) + end
    assert parse_platform(text) == plain_parse(text)


FLOATS = st.integers(0, 90_000_000).map(lambda hundredths: hundredths / 100)


@given(reports(), st.booleans(), FLOATS, st.none() | FLOATS)
def test_a_json_report_comes_back_as_it_was_written(
    report: Report, has_unknown: bool, duration_ms: float, init_ms: float | None
) -> None:
    metrics = {
        "durationMs": duration_ms,
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory_mb,
        "maxMemoryUsedMB": report.max_memory_mb,
        "initDurationMs": init_ms,
        "billedRestoreDurationMs": report.billed_restore_ms,
        "brandNew": 5 if has_unknown else None,
    }
    record = {
        "requestId": report.request_id,
        "status": "success",
        "metrics": {key: value for key, value in metrics.items() if value is not None},
        "spans": [{"name": "responseLatency", "durationMs": 1}],
        "tracing": {"type": "X-Amzn-Trace-Id", "value": report.trace_id},
    }
    line = parse_platform(json.dumps({"time": "", "type": "platform.report", "record": record}))
    assert line is not None
    assert line.report == report._replace(
        duration_ms=Decimal(repr(duration_ms)),
        init_ms=None if init_ms is None else Decimal(repr(init_ms)),
        restore_ms=None,
        status="success",
        error_type="",
    )
