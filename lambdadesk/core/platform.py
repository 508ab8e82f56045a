"""What Lambda itself writes to a function's log, and what can be read off an application's own lines.

Both log formats are understood: text (START, END, REPORT...) and JSON (`platform.*` records). A log in JSON
format still holds plain lines, so every line is judged by itself. Nothing here raises, whatever the text.
Source: the Lambda developer guide, pages on logging of each runtime, and the Telemetry API's schema.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import orjson

from lambdadesk.core.types import Report


class LineKind(Enum):
    """What a platform line tells."""

    START = "start"
    END = "end"
    REPORT = "report"
    RUNTIME_DONE = "runtimeDone"
    INIT_START = "initStart"
    INIT_DONE = "initRuntimeDone"
    INIT_REPORT = "initReport"
    RESTORE_START = "restoreStart"
    RESTORE_DONE = "restoreRuntimeDone"
    RESTORE_REPORT = "restoreReport"
    EXTENSION = "extension"
    TELEMETRY = "telemetrySubscription"
    LOGS = "logSubscription"
    LOGS_DROPPED = "logsDropped"
    TIMEOUT = "timeout"  # text: "Task timed out after 3.00 seconds"
    FAULT = "fault"  # text: "RequestId: ... Error: ..."
    OTHER = "other"  # a platform record of a type that is not known here


class PlatformLine(NamedTuple):
    """One platform line. Fields that it does not carry are empty.

    A REPORT always has `report`. `duration_ms` is that of an init, a restore, or of the runtime.
    `name` is the extension's, `text` the words of a fault.
    """

    kind: LineKind
    request_id: str = ""
    version: str = ""
    report: Report | None = None
    status: str = ""  # success, error, failure, timeout
    error_type: str = ""
    phase: str = ""  # init, invoke, snap-start
    initialization_type: str = ""  # on-demand, provisioned-concurrency, snap-start, lambda-managed-instances
    duration_ms: Decimal | None = None
    name: str = ""
    text: str = ""

    @property
    def is_failure(self) -> bool:
        return self.status in _FAILURES or self.kind in (LineKind.TIMEOUT, LineKind.FAULT)


class AppLine(NamedTuple):
    """What an application's own line says of itself; empty where it does not."""

    level: str = ""  # error, warn, info, debug
    request_id: str = ""


def parse_platform(message: str) -> PlatformLine | None:
    """The platform line that the message is, or None for a line of the application."""
    parse = _PARSERS.get(message[:1])
    return parse(message) if parse is not None else None


def parse_line(message: str) -> PlatformLine | AppLine:
    """The platform line that the message is, or else what an application's line says of itself."""
    letter = message[:1]
    if letter in _YEARS and message.find(_TIMED_OUT, 0, _TIMED_OUT_BY) < 0:
        match = _match_timed(message)  # most lines of an application, and none of the platform's
        return PLAIN if match is None else AppLine(_LEVELS[match[2].lower()], match[1])
    parse = _PARSERS.get(letter)
    line = parse(message) if parse is not None else None
    if line is not None:
        return line
    read = _APP_READERS.get(letter)
    return read(message) if read is not None else _NOTHING


def parse_app(message: str) -> AppLine:
    """Level and request id of an application's line, in the formats of the managed runtimes."""
    read = _APP_READERS.get(message[:1])
    return read(message) if read is not None else _NOTHING


def line_level(message: str) -> str:
    """How grave any line is: error, warn, info, debug, or empty where it does not say."""
    line = parse_platform(message)
    if line is not None:
        return "error" if line.is_failure else ""
    return parse_app(message).level


def request_id_of(message: str) -> str:
    """The request id that any line carries, or an empty string."""
    line = parse_platform(message)
    return line.request_id if line is not None else parse_app(message).request_id


_TIMED_OUT, _TIMED_OUT_BY = "Task timed out after ", 150
_FAILURES = frozenset({"error", "failure", "timeout"})
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,20})?"
_ID = r"[0-9A-Za-z-]{1,64}"

# The fields of nearly every REPORT, in the order in which Lambda writes them. Possessive where nothing could
# be given back: that is a quarter faster.
_DECIMAL = r"[0-9]{1,12}+(?:\.[0-9]{1,20}+)?+"
_REPORT = re.compile(
    rf"REPORT RequestId: (\S++)\s++Duration: ({_DECIMAL}) ms\s++Billed Duration: ([0-9]{{1,12}}+) ms\s++"
    r"Memory Size: ([0-9]{1,9}+) MB\s++Max Memory Used: ([0-9]{1,9}+) MB\s*+"
    rf"(?:Init Duration: ({_DECIMAL}) ms\s*+)?+"
    rf"(?:(?<=\s)Restore Duration: ({_DECIMAL}) ms\s++"
    r"Billed Restore Duration: ([0-9]{1,12}+) ms(?!\S)\s*+)?+"
    r"(?:Status: (\S+)\s*(?:Error Type: (\S+)\s*)?)?"
    r"(?:XRAY TraceId: (\S+)\s+SegmentId: \S+\s+Sampled: \S+\s*)?\Z"
).match
# Any "Some Key: value". Consuming the value keeps a value from being read as the start of the next key, and
# taking whole runs of words as the key keeps "New Kind Of Duration: 1 ms" from being read as the Duration.
_WORD_OF_KEY = "[A-Z][A-Za-z]{0,24}"
_FIELD = re.compile(rf"(?<!\S)({_WORD_OF_KEY}(?: {_WORD_OF_KEY}){{0,5}}):[ \t]+(\S+)(?:[ \t]MB\b)?")
_FIELDS_END = 4096  # no platform line is longer; an application's line may be a megabyte
_INTEGERS_END = 10**12  # as many digits as _NUMBER takes
_IS_NUMBER = re.compile(_NUMBER).fullmatch
_START = re.compile(r"START RequestId: (\S+)(?:\s+Version: (\S+))?")
_END = re.compile(r"END RequestId: (\S+)")
_TIMEOUT = re.compile(rf"(?:\S{{1,40}}\s+({_ID})\s+)?Task timed out after [0-9]+\.[0-9]+ seconds\s*")
_FAULT = re.compile(r"RequestId: (\S+)\s+Error: ([^\r\n]*)(?:[\r\n]+([A-Z][\w.]*))?")


_new = tuple.__new__  # what the constructor of a NamedTuple calls in the end, without its Python frame
_KIND = LineKind.REPORT


def _parse_r(message: str) -> PlatformLine | None:
    match = _REPORT(message)
    if match is None:
        return _parse_other_r(message)
    (
        request_id,
        duration,
        billed,
        memory,
        used,
        init,
        restore,
        billed_restore,
        status,
        error_type,
        trace_id,
    ) = match.groups("")
    report = _new(
        Report,
        (
            request_id,
            Decimal(duration),
            int(billed),
            int(memory),
            int(used),
            Decimal(init) if init else None,
            Decimal(restore) if restore else None,
            int(billed_restore) if restore else None,
            status,
            error_type,
            trace_id,
        ),
    )
    line = (_KIND, request_id, "", report, status, error_type, "", "", None, "", "")
    return _new(PlatformLine, line)


def _parse_report(message: str) -> PlatformLine | None:
    """A REPORT in any other order or with fields that are not known here."""
    fields = _fields(message)
    request_id = fields.get("REPORT RequestId", "")
    duration_ms = _decimal(fields.get("Duration"))
    if not request_id or duration_ms is None:
        return None
    status, error_type = fields.get("Status", ""), fields.get("Error Type", "")
    report = Report(
        request_id,
        duration_ms,
        _integer(fields.get("Billed Duration")),
        _integer(fields.get("Memory Size")),
        _integer(fields.get("Max Memory Used")),
        _decimal(fields.get("Init Duration")),
        _decimal(fields.get("Restore Duration")),
        _integer(fields.get("Billed Restore Duration")),
        status,
        error_type,
        fields.get("XRAY TraceId", ""),
    )
    return PlatformLine(LineKind.REPORT, request_id, "", report, status, error_type)


def _fields(message: str) -> dict[str, str]:
    return dict(_FIELD.findall(message, 0, _FIELDS_END))


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None and _IS_NUMBER(text) else None


def _integer(text: str | None) -> int | None:
    number = _decimal(text)
    return None if number is None else int(number)


def _parse_other_r(message: str) -> PlatformLine | None:
    if message.startswith("REPORT RequestId: "):
        return _parse_report(message)
    if message.startswith("RESTORE_REPORT "):
        return _phase(LineKind.RESTORE_REPORT, message, "Restore Duration")
    if message.startswith("RESTORE_START"):
        return _phase(LineKind.RESTORE_START, message, "")
    if message.startswith("RequestId: "):
        match = _FAULT.match(message)
        if match is not None:
            request_id, text, error_type = match.groups("")
            return PlatformLine(LineKind.FAULT, request_id, error_type=error_type, text=text)
    return None


def _phase(kind: LineKind, message: str, duration: str) -> PlatformLine:
    # The word before the first key ("INIT_REPORT") would be read as part of it.
    fields = _fields(message.partition(" ")[2])
    return PlatformLine(
        kind,
        status=fields.get("Status", ""),
        error_type=fields.get("Error Type", ""),
        phase=fields.get("Phase", ""),
        duration_ms=_decimal(fields.get(duration)),
        version=fields.get("Runtime Version", ""),
    )


def _parse_s(message: str) -> PlatformLine | None:
    match = _START.match(message)
    return None if match is None else PlatformLine(LineKind.START, match[1], match[2] or "")


def _parse_e(message: str) -> PlatformLine | None:
    match = _END.match(message)
    if match is not None:
        return PlatformLine(LineKind.END, match[1])
    return _parse_named(LineKind.EXTENSION, "EXTENSION", message)


def _parse_i(message: str) -> PlatformLine | None:
    if message.startswith("INIT_START "):
        return _phase(LineKind.INIT_START, message, "")
    if message.startswith("INIT_REPORT "):
        return _phase(LineKind.INIT_REPORT, message, "Init Duration")
    return None


def _parse_t(message: str) -> PlatformLine | None:
    return _parse_timeout(message) or _parse_named(LineKind.TELEMETRY, "TELEMETRY", message)


def _parse_l(message: str) -> PlatformLine | None:
    return _parse_named(LineKind.LOGS, "LOGS", message)


def _parse_named(kind: LineKind, word: str, message: str) -> PlatformLine | None:
    if not message.startswith((f"{word}\tName: ", f"{word} Name: ")):
        return None
    fields = _fields(message[len(word) :])
    return PlatformLine(kind, name=fields.get("Name", ""), error_type=fields.get("Error Type", ""))


def _parse_timeout(message: str) -> PlatformLine | None:
    if message.find(_TIMED_OUT, 0, _TIMED_OUT_BY) < 0:
        return None
    match = _TIMEOUT.fullmatch(message)
    if match is None:
        return None
    return PlatformLine(LineKind.TIMEOUT, match[1] or "", status="timeout")


_RECORD_KINDS = {
    f"platform.{kind.value}": kind for kind in LineKind if kind.value not in ("timeout", "fault")
}


def _parse_json(message: str) -> PlatformLine | None:
    if '"platform.' not in message:
        return None
    event = _json_object(message)
    kind_name, record = event.get("type"), event.get("record")
    if (
        not isinstance(kind_name, str)
        or not kind_name.startswith("platform.")
        or not isinstance(record, dict)
    ):
        return None
    kind = _RECORD_KINDS.get(kind_name, LineKind.OTHER)
    metrics = record.get("metrics")
    if not isinstance(metrics, dict):
        metrics = {}
    request_id, status, error_type = (_string(record, key) for key in ("requestId", "status", "errorType"))
    duration_ms = _json_decimal(metrics.get("durationMs"))
    report = None
    if kind is LineKind.REPORT:
        if not request_id or duration_ms is None:
            return None
        tracing = record.get("tracing")
        report = Report(
            request_id,
            duration_ms,
            _json_integer(metrics.get("billedDurationMs")),
            _json_integer(metrics.get("memorySizeMB")),
            _json_integer(metrics.get("maxMemoryUsedMB")),
            _json_decimal(metrics.get("initDurationMs")),
            _json_decimal(metrics.get("restoreDurationMs")),
            _json_integer(metrics.get("billedRestoreDurationMs")),
            status,
            error_type,
            _string(tracing, "value") if isinstance(tracing, dict) else "",
        )
    return PlatformLine(
        kind,
        request_id,
        _string(record, "version") or _string(record, "runtimeVersion"),
        report,
        status,
        error_type,
        _string(record, "phase"),
        _string(record, "initializationType"),
        duration_ms,
        _string(record, "name"),
        _string(record, "reason"),
    )


def _json_object(message: str) -> dict[str, Any]:
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:  # an application may print anything
        return {}
    return value if isinstance(value, dict) else {}


def _string(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _json_decimal(value: object) -> Decimal | None:
    kind = type(value)
    # repr of a float is the shortest text that reads back as it: the figure as it was written.
    return _decimal(repr(value)) if kind is float or kind is int else None


def _json_integer(value: object) -> int | None:
    if type(value) is int:
        return value if 0 <= value < _INTEGERS_END else None
    number = _json_decimal(value)
    return None if number is None else int(number)


_YEARS = frozenset("12")
_PARSERS: dict[str, Callable[[str], PlatformLine | None]] = {
    "R": _parse_r,
    "S": _parse_s,
    "E": _parse_e,
    "I": _parse_i,
    "T": _parse_t,
    "L": _parse_l,
    "{": _parse_json,
    **dict.fromkeys(_YEARS, _parse_timeout),  # a line that begins with a year
}


_NOTHING = AppLine()
PLAIN = AppLine()  # what `parse_line` gives for lines that begin with a time, and say no more
_LEVELS = {
    **dict.fromkeys(("error", "fail", "fatal", "crit", "critical", "severe", "alert", "emerg"), "error"),
    **dict.fromkeys(("warn", "warning"), "warn"),
    **dict.fromkeys(("info", "information", "notice"), "info"),
    **dict.fromkeys(("debug", "dbug", "trace", "trce", "verbose"), "debug"),
}
_WORD = "|".join(_LEVELS)
_LEVEL_LETTERS = "".join({letter for word in _LEVELS for letter in (word[0], word[0].upper())})
# Python: "[INFO]\t<time>\t<request id>\ttext", and "[ERROR] ValueError: text" of the runtime itself.
_BRACKETED = re.compile(rf"\[({_WORD})\](?:\t\S{{1,40}}\t({_ID})\t)?", re.IGNORECASE)
# Node, .NET and log4j2: "<time> <request id> LEVEL text", by tabs or spaces; the time may hold one space.
# The possessive quantifiers try nothing twice: most lines that begin with a digit are not of this form.
_TIMED = re.compile(
    rf"[0-9][0-9Tt:.,+-]{{5,35}}+[Zz]?(?: [0-9:.,]{{5,20}}+)?\s++({_ID}+)\s++"
    rf"(?=[{_LEVEL_LETTERS}])((?i:{_WORD}))\b"
)
_match_timed = _TIMED.match
# Ruby: "I, [2024-01-31T10:42:37.567155 #8]  INFO -- <request id>: text".
_RUBY = re.compile(rf"[DIWEFA], \[[^\]]{{1,60}}\]\s+({_WORD}) -- ({_ID})?", re.IGNORECASE)
_LEADING = re.compile(rf"({_WORD})\b(?=[:\s\]|]|$)", re.IGNORECASE)


def _read_bracketed(message: str) -> AppLine:
    match = _BRACKETED.match(message)
    return _NOTHING if match is None else AppLine(_LEVELS[match[1].lower()], match[2] or "")


def _read_timed(message: str) -> AppLine:
    match = _match_timed(message)
    return _NOTHING if match is None else AppLine(_LEVELS[match[2].lower()], match[1])


def _read_word(message: str) -> AppLine:
    if message.startswith("Traceback (most recent call last):"):
        return AppLine("error")
    match = _RUBY.match(message)
    if match is not None:
        return AppLine(_LEVELS[match[1].lower()], match[2] or "")
    match = _LEADING.match(message)
    return _NOTHING if match is None else AppLine(_LEVELS[match[1].lower()])


def _read_json(message: str) -> AppLine:
    if '"level"' not in message and 'equestId"' not in message:
        return _NOTHING
    event = _json_object(message)
    request_id = (
        _string(event, "requestId") or _string(event, "AWSRequestId") or _string(event, "AWSrequestId")
    )
    return AppLine(_LEVELS.get(_string(event, "level").lower(), ""), request_id)


_APP_READERS: dict[str, Callable[[str], AppLine]] = {
    "[": _read_bracketed,
    "{": _read_json,
    **dict.fromkeys("0123456789", _read_timed),
    # The first letters of the levels, and of Traceback.
    **dict.fromkeys(
        {text for word in (*_LEVELS, "traceback") for text in (word[0], word[0].upper())}, _read_word
    ),
}
