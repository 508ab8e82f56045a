"""Log lines written to a file: as text, as NDJSON or as CSV, by the file's name."""

import csv
import io
import json
from array import array
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.logstore import Level, LogRow, LogStore
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.log_archive import LogArchive
from lambdadesk.store.new_file import NewFile

LINES = 5_000  # written in one go
GroupOf = Callable[[str], str]  # the log group of a stream
Choose = Callable[[LogStore], Sequence[int]]  # the numbers of the wanted lines; called in a thread
ChooseOlder = Callable[[], Awaitable["array[int]"]]  # the numbers of the wanted lines on disk
_HEAD = ("time", "ingestion_time", "level", "request_id", "stream", "message")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes what begins so for a formula


async def export_lines(
    store: LogStore,
    choose: Choose,
    path: Path,
    tell: Callable[[int, int], None] = lambda _count, _total: None,
    group_of: GroupOf | None = None,
    older: LogArchive | None = None,
    choose_older: ChooseOlder | None = None,
) -> int:
    """Write lines of a store as it is now: CSV or NDJSON where the name ends so, else plain text.

    choose: which; numbers from before would be other lines', where late ones came. tell: how many of how many
    are written, from time to time. group_of: where the lines are of several log groups; each
    then says which. older: what the store has dropped, which goes before: all of it, or what choose_older
    finds. Returns how many lines there are.
    Raises UserError (STORAGE); then, and where it is cancelled, no file is left.
    """
    frozen = store.snapshot()
    numbers = await in_thread(choose, frozen)
    write = _WRITERS.get(path.suffix.lower(), _to_text)
    written = at = 0
    total = len(numbers) + (len(older) if older is not None else 0)
    found: array[int] | None = None
    if older is not None and choose_older is not None:
        found = await choose_older()
        del found[bisect_left(found, frozen.first) :]
        total = len(numbers) + len(found)
    file: NewFile | None = None
    try:
        file = await in_thread(NewFile, path)
        if write is _to_csv:
            head = (*_HEAD, "log_group") if group_of else _HEAD
            await in_thread(file.write, _csv_lines([head]))
        while older is not None and (part := _next_of(older, found, at, frozen.first)):
            at = part[-1] + 1
            loaded = await older.load(part)
            await in_thread(_write_part, file, write, loaded, all_lines(loaded), group_of)
            written += len(loaded)
            tell(written, total)
        for start in range(0, len(numbers), LINES):
            part = numbers[start : start + LINES]
            await in_thread(_write_part, file, write, frozen, part, group_of)
            written += len(part)
            tell(written, total)
        await in_thread(file.finish)
    except OSError as error:
        raise UserError(
            f"The lines could not be exported: {error.strerror or error}.",
            "Choose another folder.",
            kind=ErrorKind.STORAGE,
            details=str(path),
        ) from error
    finally:
        if file is not None:
            file.abandon()
    return written


def all_lines(store: LogStore) -> Sequence[int]:
    """Every line of a store."""
    return range(store.first, store.end)


def _next_of(older: LogArchive, found: "array[int] | None", start: int, stop: int) -> Sequence[int]:
    """The next of those found, None: of all; what the store drops while it is written is not among them."""
    if found is not None:
        at = bisect_left(found, start)
        return found[at : at + LINES]
    numbers = older.numbers_from(start, LINES)
    return numbers[: bisect_left(numbers, stop)]


def _write_part(
    file: NewFile,
    write: Callable[[list[LogRow], GroupOf | None], bytes],
    store: LogStore,
    numbers: Sequence[int],
    group_of: GroupOf | None,
) -> None:
    file.write(write([store.row(number) for number in numbers], group_of))


def _when(at_ms: int) -> str:
    """UTC, as machines read it."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""


def _to_text(rows: list[LogRow], group_of: GroupOf | None) -> bytes:
    return _encoded(
        "".join(
            f"{_when(row.timestamp_ms)} {group_of(row.stream) + ' ' if group_of else ''}{_message(row)}\n"
            for row in rows
        )
    )


def _to_ndjson(rows: list[LogRow], group_of: GroupOf | None) -> bytes:
    return _encoded("".join(f"{json.dumps(_fields(row, group_of), ensure_ascii=False)}\n" for row in rows))


def _to_csv(rows: list[LogRow], group_of: GroupOf | None) -> bytes:
    return _csv_lines([[_harmless(value) for value in _fields(row, group_of).values()] for row in rows])


_WRITERS = {".csv": _to_csv, ".ndjson": _to_ndjson}


def _csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return _encoded(text.getvalue())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_DANGEROUS) else value


def _message(row: LogRow) -> str:
    return row.message.rstrip("\r\n")


def _fields(row: LogRow, group_of: GroupOf | None) -> dict[str, str]:
    level = Level(row.level)
    values = (
        _when(row.timestamp_ms),
        _when(row.ingestion_ms),
        level.name.lower() if level else "",
        row.request_id,
        row.stream,
        _message(row),
    )
    group = {"log_group": group_of(row.stream)} if group_of else {}
    return dict(zip(_HEAD, values, strict=True)) | group
