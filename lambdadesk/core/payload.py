"""The payload of an invocation: checked as it is typed, sent byte for byte."""

import re
from dataclasses import dataclass

import orjson

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import InvocationType

SYNC_LIMIT = 6 * 1024 * 1024  # bytes, RequestResponse
ASYNC_LIMIT = 1024 * 1024  # bytes, Event

# A token of JSON; anything else that stands together, right or wrong, is one token too.
_OPEN_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+'
_TOKEN = re.compile(_OPEN_STRING + r'"?|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_STRING = re.compile(_OPEN_STRING + '"', re.DOTALL)
_WORD = re.compile(r"-?[A-Za-z_$][\w$]*+")
_MARKS = frozenset("{}[],:")
_INDENT = "  "
_DEEPEST_INDENT = 32  # beyond it, indentation only makes the text large


@dataclass(frozen=True, slots=True)
class PayloadProblem:
    """What is wrong with a payload, and where: `line` and `column` from 1, `position` from 0, in characters.

    Line 0 means the payload as a whole. A problem that is not an error (a key given twice) doesn't keep the
    payload from being sent.
    """

    message: str
    line: int = 0
    column: int = 0
    position: int = 0
    is_error: bool = True

    def __str__(self) -> str:
        return f"Line {self.line}, column {self.column}: {self.message}" if self.line else self.message


def check_payload(text: str) -> PayloadProblem | None:
    """The first problem of a payload, None if it has none. Takes some 0.1 s a megabyte."""
    if not text.strip():
        return PayloadProblem("The payload is empty; {} is the smallest event")
    half = re.search("[\ud800-\udfff]", text)
    if half is not None:
        return _problem(text, half.start(), "half of a character (a lone surrogate) can't be sent")
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _explain(text, error.pos, error.msg)
    return _duplicate_key(text)


def check_size(size_bytes: int, kind: InvocationType) -> PayloadProblem | None:
    """The problem of a payload that is larger than Lambda takes, None if it isn't."""
    limit, how = (
        (ASYNC_LIMIT, "an asynchronous") if kind is InvocationType.EVENT else (SYNC_LIMIT, "a synchronous")
    )
    if size_bytes <= limit:
        return None
    size_mb = f"{size_bytes / 1024 / 1024:.2f}"
    return PayloadProblem(
        f"The payload has {size_bytes:,} bytes ({size_mb} MB); "
        f"{how} invocation takes {limit // 1024 // 1024} MB at most"
    )


def payload_bytes(text: str) -> bytes:
    """Exactly the text as UTF-8; UserError if it holds half of a character."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            "The payload holds half of a character, which can't be sent.",
            "Delete what stands at the marked position.",
            kind=ErrorKind.INVALID,
            details=str(error),
        ) from error


def format_json(text: str) -> str:
    """The text with other white space: a token is never changed, be it 1.0, 1e3 or wrong."""
    out: list[str] = []
    depth = 0
    before = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("}", "]"):
            depth = max(0, depth - 1)
            if before not in ("{", "["):
                out.append(_new_line(depth))
        elif before in ("{", "[", ","):
            out.append(_new_line(depth))
        elif before == ":" or (before and token not in (",", ":")):
            out.append(" ")
        out.append(token)
        if token in ("{", "["):
            depth += 1
        before = token
    return "".join(out)


def minify_json(text: str) -> str:
    """The text without white space between its tokens, none of which is changed."""
    out: list[str] = []
    may_join = True
    for match in _TOKEN.finditer(text):
        is_mark = match[0] in _MARKS
        if not (may_join or is_mark):  # not JSON: 1 2 must not become 12
            out.append(" ")
        out.append(match[0])
        may_join = is_mark
    return "".join(out)


def pretty(data: bytes) -> str:
    """Bytes from outside, to be read: formatted if they are JSON, else as they are. Never raises."""
    text = data.decode("utf-8", "backslashreplace")
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return text
    return format_json(text)


def utf16_offset(text: str, position: int) -> int:
    """Where a character of the text stands in UTF-16 units, which is how Qt counts."""
    before = text[:position]
    return len(before) if before.isascii() else len(before.encode("utf-16-le", "surrogatepass")) // 2


def _new_line(depth: int) -> str:
    return "\n" + _INDENT * min(depth, _DEEPEST_INDENT)


def _problem(text: str, position: int, message: str, *, is_error: bool = True) -> PayloadProblem:
    line_start = text.rfind("\n", 0, position) + 1
    line = text.count("\n", 0, position) + 1
    return PayloadProblem(message, line, position - line_start + 1, position, is_error)


_IN_WORDS = {
    "unexpected character, expected a JSON value": "expected a value",
    **dict.fromkeys(
        (f"invalid literal, expected '{word}'" for word in ("true", "false", "null")),
        "expected a value; text stands in double quotes",
    ),
    "unexpected character, expected a string key": "expected a key in double quotes",
    "unexpected character, expected ',' or '}'": "expected ',' or '}'",
    "unexpected character, expected ',' or ']'": "expected ',' or ']'",
    "unexpected character, expected ':' after key": "expected ':' after the key",
    "trailing comma is not allowed": "a comma after the last element is not allowed",
    "unexpected content after document": "the payload ends before this; only one value is allowed",
    "UTF-8 byte order mark (BOM) is not supported": "delete the invisible byte order mark (BOM) here",
    "depth limit exceeded": "nested too deeply (more than 1,024 levels)",
    "number is infinity when parsed as double": "this number is too large",
    "number with leading zero is not allowed": "a number can't start with 0",
    "no digit after sign": "expected a number",
    "no low surrogate in string": "half of a character: \\uD800 to \\uDFFF come in pairs",
    "invalid escaped sequence in string": 'unknown escape; a backslash itself is written "\\\\"',
}
_WRONG_WORDS = {
    "True": "true",
    "False": "false",
    "None": "null",
    "nil": "null",
    "undefined": "null",
    "NULL": "null",
}


def _explain(text: str, position: int, message: str) -> PayloadProblem:
    if message == "unexpected end of data":
        return _unfinished(text)
    if message == "unexpected control character in string":
        is_break = text[position] in "\r\n"
        what = "this string is not closed on its line" if is_break else "a control character in a string"
        return _problem(text, position, f"{what}; write \\n for a line break" if is_break else what)
    return _problem(text, position, _hint(text, position) or _IN_WORDS.get(message, message))


def _hint(text: str, position: int) -> str:
    """What a person most likely meant with the characters at the position; empty if that isn't known."""
    found = text[position : position + 1]
    if found == "'":
        return "strings take double quotes, not '"
    if found and found in "“”„«»":
        return f'a typographic quote {found}; strings take plain double quotes (")'
    if text.startswith(("//", "/*", "#"), position):
        return "JSON has no comments"
    if found and found not in " \t\r\n" and found.isspace():
        return f"a special space (U+{ord(found):04X}) stands here; type a plain one"
    word = _WORD.match(text, position - 1 if text[position - 1 : position] == "-" else position)
    if word is None:
        return ""
    if word[0] in ("NaN", "Infinity", "-Infinity"):
        return f"{word[0]} is not a JSON number"
    if word[0] in _WRONG_WORDS:
        return f"{word[0]} is not JSON; write {_WRONG_WORDS[word[0]]}"
    return ""


def _unfinished(text: str) -> PayloadProblem:
    """The text ends too early: point at its end and name what is still open."""
    opened: list[int] = []
    last = ""
    for match in _TOKEN.finditer(text):
        last = match[0]
        if last in ("{", "["):
            opened.append(match.start())
        elif last in ("}", "]") and opened:
            opened.pop()
    end = len(text.rstrip())
    if last.startswith('"') and not _STRING.fullmatch(last):
        return _problem(text, end, "the payload ends within a string")
    if not opened:
        return _problem(text, end, "the payload ends too early")
    bracket = text[opened[-1]]
    line = text.count("\n", 0, opened[-1]) + 1
    closing = "}" if bracket == "{" else "]"
    return _problem(
        text, end, f"the payload ends here, but '{closing}' is missing for '{bracket}' of line {line}"
    )


def _duplicate_key(text: str) -> PayloadProblem | None:
    """The first key that its object has already; the text is valid JSON."""
    objects: list[set[str] | None] = []  # the keys of every open object, None for an open array
    keys: set[str] | None = None
    is_key = False
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == "{":
            keys = set()
            objects.append(keys)
            is_key = True
        elif mark == "[":
            keys = None
            objects.append(keys)
            is_key = False
        elif mark in ("}", "]"):
            objects.pop()
            keys = objects[-1] if objects else None
            is_key = False
        elif mark == ",":
            is_key = keys is not None
        elif is_key and keys is not None:
            name = orjson.loads(mark) if "\\" in mark else mark[1:-1]
            if name in keys:
                message = f"the key {mark[:40]} is given twice; the function sees one of them"
                return _problem(text, match.start(), message, is_error=False)
            keys.add(name)
            is_key = False
    return None
