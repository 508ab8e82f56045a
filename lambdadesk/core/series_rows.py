"""The payloads of a series out of a file: one JSON a line, or a CSV table and what to make of its columns."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.payload import check_payload, check_size
from lambdadesk.core.types import InvocationType

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": b"true", "yes": b"true", "1": b"true", "false": b"false", "no": b"false", "0": b"false"}
_DELIMITERS = ",;\t"
# In a template: an escaped character, the border of a string, a place for a column.
_MARK = re.compile(r'\\.|"|\{\{([^{}"\\]*)\}\}', re.DOTALL)


class ColumnType(StrEnum):
    """What the cells of a column are in the payload."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """Where a column goes: `path` is the key in the payload, "order.id" a key within an object."""

    column: str
    path: str
    type: ColumnType = ColumnType.STRING


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be sent, by the line of the file that it starts on (from 1)."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"Line {self.line:,}: {self.message}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Payloads, and for each the line of the file that it is from; `bad` are the rows that are left out."""

    payloads: tuple[bytes, ...]
    lines: tuple[int, ...]
    bad: tuple[BadRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV file: its header, its rows with their lines, and the rows that have other fields than it."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    bad: tuple[BadRow, ...] = ()


class _BadCell(Exception):  # noqa: N818  becomes a BadRow
    pass


def decode_text(data: bytes) -> str:
    """A file's text. Raises UserError (INVALID) where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _invalid(f"Line {line:,} of the file is not UTF-8 text.", "Save the file as UTF-8.") from error


def read_lines(
    text: str,
    kind: InvocationType = InvocationType.REQUEST_RESPONSE,
    fill: Callable[[bytes], bytes] = lambda payload: payload,
) -> Rows:
    """One payload a line, as it stands there; empty lines are passed over.

    fill: fills in the variables of a payload. A line has to be JSON with them filled in.
    """
    lines = enumerate(text.split("\n"), start=1)
    return _collect(((number, line.strip(" \t\r")) for number, line in lines), str.encode, kind, fill=fill)


def read_csv(text: str) -> CsvTable:
    """The table, its fields separated by comma, semicolon or tab. Raises UserError (INVALID)."""
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    bad: list[BadRow] = []
    line = 1
    try:
        for fields in reader:
            if not any(fields):
                pass
            elif not header:
                header = _check_header(fields)
            elif len(fields) != len(header):
                bad.append(BadRow(line, f"{len(fields)} fields, but the header has {len(header)}"))
            else:
                rows.append((line, tuple(fields)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _invalid(
            f"The file is not CSV from line {line:,} on: {error}.", "Correct the quotes on that line."
        ) from error
    if not header:
        raise _invalid("The file is empty.", "The first line of a CSV file names its columns.")
    return CsvTable(header, tuple(rows), tuple(bad))


def map_columns(
    table: CsvTable, uses: Sequence[ColumnUse], kind: InvocationType = InvocationType.REQUEST_RESPONSE
) -> Rows:
    """A payload for each row: an object of the columns that are used. Raises UserError (INVALID).

    Numbers stay as they are written; an empty cell that is not a string is null.
    """
    used = [use for use in uses if use.path]
    places = [(_column_of(table, use.column), _split(use.path), use) for use in used]
    _check_paths([path for _, path, _ in places])

    def build(row: tuple[str, ...]) -> bytes:
        payload: dict[str, Any] = {}
        for column, path, use in places:
            inner = payload
            for key in path[:-1]:
                inner = inner.setdefault(key, {})
            inner[path[-1]] = _convert(row[column], use)
        return orjson.dumps(payload)

    return _collect(table.rows, build, kind, table.bad)


def fill_template(
    table: CsvTable, make_template: Callable[[], str], kind: InvocationType = InvocationType.REQUEST_RESPONSE
) -> Rows:
    """A payload for each row: the template with the row's cells in place of {{column}}.

    make_template: the template of one row, which may have a new {{uuid}} in it each time.
    Within a string a cell becomes a part of the string, whatever is in it. Elsewhere it has to be a JSON
    value itself (a number, say), so that no cell can add keys. Raises UserError (INVALID).
    """
    template = make_template()
    parts = _parse_template(table, template)

    def build(row: tuple[str, ...]) -> bytes:
        nonlocal template, parts
        if (text := make_template()) != template:
            template, parts = text, _parse_template(table, text)
        filled = [part if isinstance(part, str) else _fill(row[part[0]], *part, table) for part in parts]
        return "".join(filled).encode()

    return _collect(table.rows, build, kind, table.bad)


def _collect(
    rows: Iterable[tuple[int, Any]],
    build: Callable[[Any], bytes],
    kind: InvocationType,
    bad: Iterable[BadRow] = (),
    fill: Callable[[bytes], bytes] = lambda payload: payload,
) -> Rows:
    payloads: list[bytes] = []
    lines: list[int] = []
    wrong = list(bad)
    for line, row in rows:
        if not row:
            continue
        try:
            payload = build(row)
            filled = fill(payload) if b"{{" in payload else payload
        except _BadCell as error:
            wrong.append(BadRow(line, str(error)))
            continue
        except UserError as error:  # of a variable
            wrong.append(BadRow(line, error.message.removesuffix(".")))
            continue
        except (UnicodeEncodeError, TypeError):  # orjson says TypeError of half a character
            wrong.append(BadRow(line, "half of a character, which can't be sent"))
            continue
        if problem := _find_problem(filled, kind):
            wrong.append(BadRow(line, problem))
        else:
            payloads.append(payload)
            lines.append(line)
    return Rows(tuple(payloads), tuple(lines), tuple(sorted(wrong, key=lambda each: each.line)))


def _find_problem(payload: bytes, kind: InvocationType) -> str:
    if too_large := check_size(len(payload), kind):
        return too_large.message
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        problem = check_payload(payload.decode())
        return f"column {problem.column}: {problem.message}" if problem else "not valid JSON"
    return ""


def _check_header(fields: list[str]) -> tuple[str, ...]:
    names = tuple(field.strip() for field in fields)
    for name in names:
        if names.count(name) > 1:
            raise _invalid(f'The header has "{name}" twice.', "Give each column a name of its own.")
    return names


def _column_of(table: CsvTable, name: str) -> int:
    try:
        return table.header.index(name)
    except ValueError:
        columns = ", ".join(table.header)
        raise _invalid(f'The file has no column "{name}".', f"Its columns are {columns}.") from None


def _split(path: str) -> tuple[str, ...]:
    keys = tuple(path.split("."))
    if not all(keys):
        raise _invalid(f'"{path}" is not a key.', 'Write "id", or "order.id" for a key within an object.')
    return keys


def _check_paths(paths: Sequence[tuple[str, ...]]) -> None:
    for number, path in enumerate(paths):
        for other in paths[:number]:
            shorter, longer = sorted((path, other), key=len)
            if longer[: len(shorter)] == shorter:
                key = ".".join(shorter)
                raise _invalid(f'Two columns go to "{key}".', "Give each column a key of its own.")


def _convert(cell: str, use: ColumnUse) -> Any:
    if use.type is ColumnType.STRING:
        return cell
    text = cell.strip()
    if not text:
        return None
    if use.type is ColumnType.NUMBER and _NUMBER.fullmatch(text):
        return orjson.Fragment(text.encode())
    if use.type is ColumnType.BOOLEAN and text.lower() in _BOOLEANS:
        return orjson.Fragment(_BOOLEANS[text.lower()])
    if use.type is ColumnType.JSON and _is_json(text):
        return orjson.Fragment(text.encode())
    kind = use.type if use.type is ColumnType.JSON else f"a {use.type}"
    raise _BadCell(f"{use.column} is not {kind}: {_cut(text)}")


def _parse_template(table: CsvTable, template: str) -> list[str | tuple[int, bool]]:
    """Texts, and places of columns: which column, and whether it stands within a string."""
    parts: list[str | tuple[int, bool]] = []
    in_string = False
    start = 0
    for mark in _MARK.finditer(template):
        if mark[0] == '"':
            in_string = not in_string
        elif mark[1] is not None:
            parts += [template[start : mark.start()], (_column_of(table, mark[1].strip()), in_string)]
            start = mark.end()
    if not parts:
        raise _invalid(
            "The template names no column.", 'Write {{column}} where a cell goes, as {"id": "{{id}}"}.'
        )
    return [*parts, template[start:]]


def _fill(cell: str, column: int, in_string: bool, table: CsvTable) -> str:
    if in_string:
        return orjson.dumps(cell).decode()[1:-1]
    text = cell.strip()
    if not _is_json(text):
        name = table.header[column]
        raise _BadCell(f"{name} is not a JSON value: {_cut(text)}; put its place in double quotes")
    return text


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _cut(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def _invalid(message: str, hint: str) -> UserError:
    return UserError(message, hint, kind=ErrorKind.INVALID)
