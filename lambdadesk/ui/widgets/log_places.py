"""Places in a table of log lines, which are found again after other lines have renumbered them."""

from bisect import bisect_left
from typing import NamedTuple

from lambdadesk.ui.models.log_table import LogTableModel


class Place(NamedTuple):
    """A line by what it says, or the header of its invocation."""

    timestamp_ms: int
    ingestion_ms: int
    stream: str
    text: str
    is_header: bool = False


def place_at(model: LogTableModel, row: int) -> Place | None:
    """What a row shows, None where there is no row."""
    if not 0 <= row < model.rowCount():
        return None
    return Place(*model.store.row(first_number_at(model, row))[:4], model.number_at(row) < 0)


def row_of(model: LogTableModel, place: Place) -> int:
    """The row that shows a place, -1 if none does."""
    lines = model.lines
    for entry in range(_first_entry_at(model, place.timestamp_ms), len(lines)):
        candidate = Place(*model.store.row(lines[entry])[:4], place.is_header)
        if candidate == place:
            if place.is_header and model.groups is not None:
                return model.header_row(model.store.invocation(lines[entry]))
            return model.row_of(lines[entry])
        if candidate.timestamp_ms > place.timestamp_ms:
            break
    return -1


def row_near(model: LogTableModel, place: Place) -> int:
    """The row of a place, or else of the first line that is not earlier."""
    row = row_of(model, place)
    if row >= 0:
        return row
    entry = _first_entry_at(model, place.timestamp_ms)
    return model.row_of(model.lines[entry]) if entry < len(model.lines) else model.rowCount()


def first_number_at(model: LogTableModel, row: int) -> int:
    """The number of the row's line, or the first one under a header."""
    number, groups = model.number_at(row), model.groups
    return groups.first_number_of(model.header_at(row)) if number < 0 and groups is not None else number


def _first_entry_at(model: LogTableModel, timestamp_ms: int) -> int:
    lines, store = model.lines, model.store
    return bisect_left(range(len(lines)), timestamp_ms, key=lambda entry: store.timestamp(lines[entry]))
