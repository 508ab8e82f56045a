"""The table of invocations made from this window, newest first."""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject, QTimer

from lambdadesk.core.async_fate import FAILED
from lambdadesk.core.money import format_money
from lambdadesk.core.types import InvocationType, Outcome
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel

_KINDS: Final = {
    InvocationType.REQUEST_RESPONSE: "Sync",
    InvocationType.EVENT: "Async",
    InvocationType.DRY_RUN: "Dry run",
}
# outcome -> (words, icon, colour)
OUTCOMES: Final = {
    Outcome.RUNNING: ("Running…", "clock", "dim"),
    Outcome.OK: ("Succeeded", "ok", "ok"),
    Outcome.ERROR: ("Error", "error", "error"),
    Outcome.TIMEOUT: ("Timed out", "clock", "error"),
    Outcome.OUT_OF_MEMORY: ("Out of memory", "error", "error"),
    Outcome.QUEUED: ("Queued", "ok", "dim"),
    Outcome.UNKNOWN: ("Unknown", "warning", "warning"),
}
_PERMITTED: Final = ("Permitted", "ok", "ok")
_TRIED: Final = ("Retrying…", "clock", "warning")  # Lambda may try again
_NOT_RUN: Final = ("Not run", "error", "error")


def format_duration(duration_ms: Decimal | int) -> str:
    """Milliseconds as people read them: "3.21 ms", "812 ms", "12.35 s"."""
    if duration_ms >= 10_000:
        return f"{duration_ms / Decimal(1000):,.2f} s"
    text = f"{duration_ms:,.0f}" if duration_ms >= 100 else f"{duration_ms:.2f}".rstrip("0").rstrip(".")
    return f"{text} ms"


def sent_at(entry: HistoryEntry) -> str:
    """The moment, as short as today allows."""
    sent = datetime.fromtimestamp(entry.sent_ms / 1000).astimezone()
    now = datetime.now().astimezone()
    if sent.date() == now.date():
        return sent.strftime("%H:%M:%S")
    return sent.strftime("%m-%d %H:%M" if sent.year == now.year else "%Y-%m-%d")


def _full_when(entry: HistoryEntry) -> str:
    sent = datetime.fromtimestamp(entry.sent_ms / 1000).astimezone()
    return f"{sent:%Y-%m-%d %H:%M:%S}.{entry.sent_ms % 1000:03d} {sent:%Z}"


def _kind(entry: HistoryEntry) -> str:
    kind = "Stream" if entry.is_streamed else _KINDS[entry.kind]
    return kind if entry.qualifier in ("", "$LATEST") else f"{kind}, {entry.qualifier}"


def status(entry: HistoryEntry) -> tuple[str, str, str]:
    """What became of an invocation: (words, icon name, colour name)."""
    if entry.outcome is Outcome.ERROR and entry.error and entry.report is None and not entry.status_code:
        return _NOT_RUN
    if entry.outcome is Outcome.OK and entry.kind is InvocationType.DRY_RUN:
        return _PERMITTED
    if entry.kind is InvocationType.EVENT and entry.outcome in FAILED:  # what is known is the first attempt
        if entry.fate.startswith("Succeeded"):
            return OUTCOMES[Outcome.OK]
        return OUTCOMES[entry.outcome] if entry.fate else _TRIED
    return OUTCOMES[entry.outcome]


def _duration(entry: HistoryEntry) -> str:
    return format_duration(entry.report.duration_ms) if entry.report else NOTHING


def _billed(entry: HistoryEntry) -> str:
    if entry.report is None or entry.report.billed_ms is None:
        return NOTHING
    return f"{entry.report.billed_ms:,} ms"


def _memory(entry: HistoryEntry, between: str = "/") -> str:
    report = entry.report
    if report is None or report.max_memory_mb is None:
        return NOTHING
    if report.memory_mb is None:
        return f"{report.max_memory_mb:,} MB"
    return f"{report.max_memory_mb:,} {between} {report.memory_mb:,} MB"


def _cost(entry: HistoryEntry, about: str = "≈ ") -> str:
    if entry.cost is None:
        return NOTHING
    return f"{'' if entry.cost_exact else about}{format_money(entry.cost, entry.currency)}"


def _status_tooltip(entry: HistoryEntry) -> str:
    code = f"HTTP status {entry.status_code}" if entry.status_code else ""
    return "\n".join(line for line in (status(entry)[0], entry.error, entry.function_error, code) if line)


def _words_of(entry: HistoryEntry) -> list[str]:
    return [part for part in (entry.note, entry.series, entry.origin, entry.fate) if part]


def name_of(entry: HistoryEntry) -> str:
    """A run in a few words, to tell it from another: "14:02:11 live"."""
    qualifier = entry.executed_version or entry.qualifier
    return f"{sent_at(entry)} {entry.qualifier if entry.qualifier != '$LATEST' else qualifier}"


def figures_of(entry: HistoryEntry) -> dict[str, str]:
    """All that is known of a run but its bodies, as a page shows it, by what it is."""
    return {
        "When": _full_when(entry),
        "Type": _kind(entry),
        "Executed version": entry.executed_version or NOTHING,
        "Status": status(entry)[0],
        "Error": entry.error or entry.function_error or NOTHING,
        "Duration": _duration(entry),
        "Billed": _billed(entry),
        "Init": format_duration(entry.report.init_ms)
        if entry.report and entry.report.init_ms is not None
        else NOTHING,
        "Memory": _memory(entry),
        "Cost": _cost(entry),
        "Payload from": entry.origin or NOTHING,
        "Request id": entry.request_id or NOTHING,
    }


_WHEN: Final = Column[HistoryEntry]("When", sent_at, tooltip=_full_when, spoken=_full_when)
_TYPE: Final = Column[HistoryEntry](
    "Type", _kind, tooltip=lambda entry: f"{entry.kind}, {entry.qualifier or '$LATEST'}"
)
_STATUS: Final = Column[HistoryEntry](
    "Status",
    lambda entry: status(entry)[0],
    status=lambda entry: status(entry)[1:],
    tooltip=_status_tooltip,
)
_FIGURES: Final = (
    Column[HistoryEntry]("Duration", _duration, is_number=True),
    Column[HistoryEntry]("Billed", _billed, is_number=True),
    Column[HistoryEntry]("Memory", _memory, is_number=True, spoken=lambda entry: _memory(entry, "of")),
    Column[HistoryEntry]("Cost", _cost, is_number=True, spoken=lambda entry: _cost(entry, "about ")),
)
_REQUEST: Final = Column[HistoryEntry]("Request id", lambda entry: entry.request_id or NOTHING)
COLUMNS: Final = (_WHEN, _TYPE, _STATUS, *_FIGURES, _REQUEST)
# Of the History page: more of what the user wrote, less of what one run alone needs.
NOTEBOOK_COLUMNS: Final = (
    Column[HistoryEntry](
        "★",
        lambda entry: "★" if entry.is_starred else "",
        spoken=lambda entry: "starred" if entry.is_starred else "not starred",
    ),
    _WHEN,
    Column[HistoryEntry]("Function", lambda entry: entry.function),
    _TYPE,
    _STATUS,
    _FIGURES[0],
    _FIGURES[3],
    Column[HistoryEntry](
        "Note and origin",
        lambda entry: " · ".join(_words_of(entry)) or NOTHING,
        tooltip=lambda entry: "\n".join(_words_of(entry)),
    ),
)
FUNCTION_COLUMN: Final = 2  # of the notebook
NOTEBOOK_SAMPLES: Final = (
    "★★",
    "00-00 00:0",
    "image-thumbnailer",
    "Sync, live",
    "Succeeded iiiiii",
    "9,999 ms",
    "≈ $0.000000408",
)
# A text for each column's width but the last one's, which takes the rest: 8 characters of a request id stay
# in sight in a page 750 px wide. That of Status is longer than its words since there is an icon.
WIDTH_SAMPLES: Final = (
    "00-00 00:0",
    "Sync, live",
    "Succeeded iiiiii",
    "9,999 ms",
    "99,999 ms",
    "128 / 512 MB i",
    "≈ $0.000000408",
)


GATHER_MS: Final = 200
MOST_SHOWN: Final = 1_000


class HistoryTableModel(RowTableModel[HistoryEntry]):
    """History entries, newest first.

    Entries that could not be stored (id 0) are told apart by their time. Those of a series come hundreds a
    second, and are shown together a little later.
    """

    def __init__(
        self, parent: QObject | None = None, columns: Sequence[Column[HistoryEntry]] = COLUMNS
    ) -> None:
        super().__init__(columns, self._entry_key, parent)
        self._gathered: dict[Hashable, HistoryEntry] = {}
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._show_gathered)

    def set_entries(self, entries: Iterable[HistoryEntry]) -> None:
        """Show these, in any order given."""
        unique = {self._entry_key(entry): entry for entry in entries}
        self._show(sorted(unique.values(), key=lambda entry: (entry.sent_ms, entry.id), reverse=True))

    def _show_gathered(self) -> None:
        gathered, self._gathered = self._gathered, {}
        most = max(MOST_SHOWN, len(self._shown))  # of thousands the oldest make way
        unique = {self._entry_key(entry): entry for entry in (*self._shown, *gathered.values())}
        newest = sorted(unique.values(), key=lambda entry: (entry.sent_ms, entry.id), reverse=True)
        self._show(newest[:most])

    def put(self, entry: HistoryEntry) -> None:
        """Insert a new entry in its place (the top, as a rule), or show the changes of one already there."""
        if entry.series:
            self._gathered[self._entry_key(entry)] = entry
            if not self._gather.isActive():
                self._gather.start()
            return
        row = self.row_of(self._entry_key(entry))
        if row < 0:
            self.set_entries([*self._shown, entry])
        elif self._shown[row] != entry:
            self._shown[row] = entry
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self._columns) - 1))

    def row_of_entry(self, entry: HistoryEntry) -> int:
        """The row that shows this run, -1 if none does."""
        return self.row_of(self._entry_key(entry))

    def entries(self) -> list[HistoryEntry]:
        return list(self._shown)

    def entry_at(self, row: int) -> HistoryEntry:
        return self.row_at(row)

    @staticmethod
    def _entry_key(entry: HistoryEntry) -> Hashable:
        return entry.id or (entry.function, entry.sent_ms)
