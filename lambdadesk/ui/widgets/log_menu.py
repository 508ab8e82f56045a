"""What can be done with a log line, and with the invocation that it is of."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication

from lambdadesk.core.logstore import LogRow
from lambdadesk.core.text import one_line
from lambdadesk.ui.models.log_sources import LogSources
from lambdadesk.ui.models.log_table import LogTableModel
from lambdadesk.ui.widgets.log_places import first_number_at

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.log_view import LogView


def line_actions(view: "LogView", model: LogTableModel, row: int) -> list[QAction]:
    """What can be done with a row and the selection; none where there is no row."""
    if not 0 <= row < model.rowCount():
        return []
    copy = QAction("Copy message", view)
    copy.setShortcut(QKeySequence.StandardKey.Copy)
    copy.triggered.connect(view.copy)
    copy_all = QAction("Copy with time and request", view)
    copy_all.triggered.connect(view.copy_with_time)
    only = QAction("Filter on this request", view)
    request_id = model.store.row(first_number_at(model, row)).request_id
    only.setEnabled(bool(request_id))
    only.triggered.connect(lambda: view.request_filter_requested.emit(request_id))
    actions = [copy, copy_all, only]
    if (head := model.folds.head_at(row)) >= 0:
        word = "Fold" if model.folds.is_open(head) else "Unfold"
        fold = QAction(f"{word} the stack trace", view)
        fold.triggered.connect(lambda: view.toggle_trace(head))
        actions.append(fold)
    sources = model.sources
    if sources is None:
        return actions
    source = sources.number_of(model.store.stream(first_number_at(model, row)))
    alone = QAction(f"Show only {one_line(sources.names[source], 60)}".replace("&", "&&"), view)
    alone.triggered.connect(lambda: view.source_requested.emit(source))
    return [*actions, alone]


def invocation_actions(view: "LogView", model: LogTableModel, row: int) -> list[QAction]:
    """What can be done with the invocation that a row is of; none where there is no row."""
    if not 0 <= row < model.rowCount():
        return []
    request_id = model.store.row(first_number_at(model, row)).request_id
    invocation = model.invocation_at(row)
    facts = model.facts(invocation) if invocation >= 0 else None
    copy_id = QAction("Copy request id", view)
    copy_id.setEnabled(bool(request_id))
    copy_id.triggered.connect(lambda: QApplication.clipboard().setText(request_id))
    trace_id = facts.report.trace_id if facts is not None and facts.report is not None else ""
    copy_trace = QAction("Copy trace id", view)
    copy_trace.setEnabled(bool(trace_id))
    copy_trace.triggered.connect(lambda: QApplication.clipboard().setText(trace_id))
    is_own = facts is not None and view.function in ("", facts.function)
    payload = QAction("Show the payload", view)
    payload.setEnabled(facts is not None and facts.here and is_own)
    payload.triggered.connect(lambda: view.payload_requested.emit(request_id))
    chart = QAction("Show in the charts", view)
    chart.setEnabled(facts is not None and facts.report is not None and is_own)
    chart.triggered.connect(lambda: view.chart_requested.emit(request_id))
    cost = QAction("How its cost was computed", view)
    cost.setEnabled(facts is not None and facts.cost is not None)
    cost.triggered.connect(lambda: view.show_cost(invocation))
    return [copy_id, copy_trace, payload, chart, cost]


def line_with_time(row: LogRow, sources: LogSources | None, *, is_utc: bool) -> str:
    """A line for the clipboard: when, whose where there are several, of which request, and what."""
    when = datetime.fromtimestamp(row.timestamp_ms / 1000, UTC).astimezone(UTC if is_utc else None)
    whose = [sources.names[sources.number_of(row.stream)]] if sources is not None else []
    message = row.message.rstrip("\r\n")
    return "\t".join([when.isoformat(timespec="milliseconds"), *whose, row.request_id, message])
