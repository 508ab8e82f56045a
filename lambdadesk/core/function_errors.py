"""What a failed function says of its failure: type, message and stack, of every managed runtime."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

_LIMIT = 1024 * 1024  # bytes; Lambda cuts an error at 256 KB
_FRAMES = 500
_CAUSES = 10
_LONGEST_FRAME = 2_000  # characters
# Where a runtime keeps its own code and libraries; what is anywhere else is the user's.
_FOREIGN = re.compile(
    r"^/var/(?:runtime|lang)/|^/opt/|/site-packages/|/dist-packages/|/node_modules/|^node:|^internal/"
    r"|/gems/|^<frozen |/lib/python3|/ruby/[\d.]+/"
)
_FOREIGN_PACKAGE = re.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|com\.amazonaws\.services\.lambda\.runtime|lambdainternal"
    r"|System|Microsoft|Amazon\.Lambda)\."
)
_PYTHON = re.compile(r'\s*File "(?P<file>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<where>[^\n]+))?')
_NODE = re.compile(
    r"\s*at (?:(?P<where>[^\n]*?) \()?(?P<file>(?:file://)?(?:/|node:|internal/|[A-Za-z]:)[^\n)]*?)"
    r":(?P<line>\d+):\d+\)?\s*$"
)
_RUBY = re.compile(r"\s*(?P<file>/[^:\n]+):(?P<line>\d+):in ['`](?P<where>[^'\n]+)'")
_DOTNET = re.compile(r"\s*at (?P<where>[^\n]+?) in (?P<file>[^\n]+):line (?P<line>\d+)\s*$")
_JAVA = re.compile(r"\s*(?:at )?(?P<where>[\w$.<>/@]+)\((?P<file>[^():\n]*)(?::(?P<line>\d+))?\)\s*$")


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack. `text` is the line as it came; file and line are empty and 0 where not known.

    is_own: of the function's own code, not of a runtime or a library.
    """

    text: str
    file: str = ""
    line: int = 0
    is_own: bool = True

    @property
    def place(self) -> str:
        """What an editor opens: "app.py:12"; empty where it is not known."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file


@dataclass(frozen=True, slots=True)
class FunctionError:
    """A failure in the function's own words; `cause` is what led to it, if it says so."""

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    cause: "FunctionError | None" = None


def parse_function_error(payload: bytes) -> FunctionError | None:
    """The failure in the payload of an answer that has a function error; None if it says nothing readable."""
    if len(payload) > _LIMIT:
        return None
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return _to_error(value, _CAUSES)


def _to_error(value: Any, causes: int) -> FunctionError | None:
    if not isinstance(value, dict):
        return None
    kind, message = value.get("errorType"), value.get("errorMessage")
    if not isinstance(kind, str) and not isinstance(message, str):
        return None
    lines = value.get("stackTrace") or value.get("trace") or ()
    if isinstance(lines, str):
        lines = lines.splitlines()
    if not isinstance(lines, list):
        lines = ()
    # Node repeats type and message above the frames.
    frames = [_to_frame(each) for each in lines[:_FRAMES] if isinstance(each, str) and each.strip()]
    if frames and value.get("trace") and not frames[0].file:
        del frames[0]
    cause = _to_error(value.get("cause"), causes - 1) if causes else None
    return FunctionError(
        kind if isinstance(kind, str) else "",
        message if isinstance(message, str) else "",
        tuple(frames),
        cause,
    )


def _to_frame(text: str) -> Frame:
    text = text.rstrip()
    if len(text) > _LONGEST_FRAME:
        return Frame(text)
    if found := _PYTHON.match(text) or _NODE.match(text) or _DOTNET.match(text) or _RUBY.match(text):
        file = found["file"].removeprefix("file://")
        where = found["where"] or ""
        is_own = not _FOREIGN.search(file) and not _FOREIGN_PACKAGE.match(where)
        return Frame(text, _shorten(file), int(found["line"]), is_own)
    if found := _JAVA.match(text):
        is_own = not _FOREIGN_PACKAGE.match(found["where"])
        has_file = found["file"] not in ("", "Unknown Source", "Native Method")
        return Frame(text, found["file"] if has_file else "", int(found["line"] or 0), is_own)
    return Frame(text, is_own=not _FOREIGN_PACKAGE.match(text.strip().removeprefix("at ")))


def _shorten(file: str) -> str:
    """The path within the function's package, as it is in the user's own folder."""
    return file.removeprefix("/var/task/")
