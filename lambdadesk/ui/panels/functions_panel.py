"""FunctionsPanel: the functions of all places that are shown, filtered as one types."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_rows import FunctionRow, RowKey
from lambdadesk.core.text import one_line
from lambdadesk.core.types import InvokeRequest, Target
from lambdadesk.desk.catalog import CatalogState
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.models.function_table import PLACES, SHOWN, FunctionTableModel
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.function_filter import FunctionFilterBar
from lambdadesk.ui.widgets.function_header import FunctionHeader
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.place_list import PlaceList, PlaceNote
from lambdadesk.ui.widgets.tables import make_table

if TYPE_CHECKING:  # not needed for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.function_rows import FunctionRows

AGE_EVERY_MS = 10_000
FIGURES_EVERY_MS: Final = 60_000  # `FunctionRows.refresh_old` knows which are old
SLOW_MS: Final = 1_500  # from then on a place is said to be waited for, where others have answered
IDLE_MS: Final = 300  # after a list has come
LOOK_MS: Final = 300  # after the rows in sight have changed
GATHER_MS: Final = 30  # what comes in together, from many places or as figures, is shown together

# A long text for each column; the others are as wide as their header.
_WIDTHS: Final = {
    "name": "orders-clickstream-aggregator",
    "lamps": "mmmm",
    "connection": "● production-admin",
    "region": "ap-northeast-1 m",
    "runtime": "provided.al2023",
    "architecture": "x86_64",
    "memory": "10,240 MB m",
    "timeout": "15 min",
    "storage": "10,240 MB m",
    "change": "12 months ago m",
    "account": "123456789012",
    "tags": "team=core, environment=production",
    "triggers": "sqs, eventbridge",
    "invocations": "1,234,567",
    "errors": "12,345",
    "p95": "812 ms",
    "cost": "≈ $0.012345 m",
    "hours": "mmmmmmmmmm",
}


@dataclass(slots=True)
class _Place:
    """A connection in a region, and what is known of its functions."""

    target: Target
    state: CatalogState
    is_open: bool = False  # else the state is of an earlier run, or there is none
    error: UserError | None = None  # why it could not be opened at all

    @property
    def title(self) -> str:
        return f"{self.target.title} {self.target.region}"


class FunctionsPanel(QWidget):
    """The list at the left. A failed refresh leaves the rows and says so below them.

    Where several places are shown, one that is slow or broken costs only its own rows, and says so.

    Signals:
        open_requested(FunctionRow): a row was clicked, or Enter pressed on it or in the filter.
        retry_requested(str): Retry was pressed on the list of this `Target.key`, "" for all.
        cancel_requested(str): Cancel was pressed while the list of this key is waited for, "" for all.
        sign_in_requested(str): Sign in was pressed on the place of this key.
        local_requested(): the Local AWS was asked for where there are no credentials.
    """

    open_requested = Signal(object)
    retry_requested = Signal(str)
    cancel_requested = Signal(str)
    sign_in_requested = Signal(str)
    local_requested = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._places: dict[str, _Place] = {}
        self._added: dict[str, Connection] = {}  # what `rows` has
        self.keeps: Callable[[RowKey], bool] = lambda _key: False  # whether a deleted one has a row
        self._disconnects: list[Callable[[], None]] = []
        self.filter_bar = FunctionFilterBar(settings)
        self.filter = self.filter_bar.edit
        self.model = FunctionTableModel(self)
        samples = [_WIDTHS.get(column.key, "") for column in SHOWN]
        self.table = named(
            make_table(self.model, samples, stretch=None, sort_by=0), "functionTable", "Functions"
        )
        self.header = FunctionHeader(self.table, settings)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_row_menu)
        self._row_menu = named(QMenu(self), "functionMenu", "Function")
        self._paints_cells = False
        self.state = StateView()
        self.troubles = named(PlaceList(), "placeTroubles", "Places that do not answer")
        self.missing = named(ToneLabel("dim"), "figuresMissing", "What is not known of the functions")
        self.missing.hide()
        self.foot = named(ToneLabel(), "functionCount", "Number of functions")
        self.retry = named(QPushButton("Retry"), "functionRetry", "Ask for the functions again")
        self.retry.clicked.connect(lambda: self.retry_requested.emit(""))
        self.retry.hide()
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.TIGHT, theme.TIGHT)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.filter_bar)
        layout.addLayout(self._stack, 1)
        # Only now that it has a parent: it would show its first widget as a window of its own.
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.state)
        layout.addWidget(self.missing)
        layout.addWidget(self.troubles)
        foot = QHBoxLayout()
        foot.addWidget(self.foot, 1)
        foot.addWidget(self.retry)
        layout.addLayout(foot)
        for before, after in pairwise(
            (self.filter, self.table, self.filter_bar.saved, self.filter_bar.help, self.retry)
        ):
            QWidget.setTabOrder(before, after)  # from the filter straight to what it left
        self.filter.textChanged.connect(self._on_filter_changed)
        columns = self.table.horizontalHeader()
        columns.sortIndicatorChanged.connect(lambda *_sorting: columns.setSortIndicatorShown(True))
        self.filter.opened.connect(self._open_current)
        self.filter.moved.connect(self._move)
        self.table.clicked.connect(self._on_chosen)
        self.table.activated.connect(self._on_chosen)
        self._ager = QTimer(self, interval=AGE_EVERY_MS)
        self._ager.timeout.connect(self._refresh_ages)
        self._ager.start()
        self._figures_ager = QTimer(self, interval=FIGURES_EVERY_MS)
        self._figures_ager.timeout.connect(self._refresh_old_figures)
        self._figures_ager.start()
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self.model.prepare)
        self._slow = QTimer(self, singleShot=True, interval=SLOW_MS)
        self._slow.timeout.connect(self._show_troubles)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.refresh)
        self._looker = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._looker.timeout.connect(self._look)
        self.table.verticalScrollBar().valueChanged.connect(lambda _value: self._looker.start())
        self.table.verticalScrollBar().rangeChanged.connect(lambda *_range: self._looker.start())
        columns.sortIndicatorChanged.connect(lambda *_sorting: self._looker.start())
        self.show_waiting("the connection")

    def show_connections(
        self,
        connections: "Iterable[Connection]",
        failures: Mapping[str, tuple[Target, UserError]] | None = None,
    ) -> None:
        """Show the functions of these from now on. failures: what could not be opened, by `Target.key`."""
        self._leave()
        connections = list(connections)
        self.paint_cells()
        self._add(connections)
        for connection in connections:
            key = connection.target.key
            place = _Place(connection.target, connection.catalog.state, is_open=True)
            self._places[key] = place
            follow = partial(self._follow, connection, place)
            follow()
            self._disconnects += [
                connection.catalog.changed.connect(lambda follow=follow: self._on_changed(follow)),  # type: ignore[misc]
                connection.identified.connect(lambda follow=follow: self._on_changed(follow)),  # type: ignore[misc]
            ]
        for key, (target, error) in (failures or {}).items():
            self._places[key] = _Place(target, CatalogState(), error=error)
        self._show_place_columns()
        self._slow.start()
        self._show_missing()
        self.refresh()

    def show_cached(self, lists: Sequence[tuple[Target, CatalogState]]) -> None:
        """Show the lists of an earlier run, until the connections are there."""
        self._leave()
        self._add(())
        self._places = {target.key: _Place(target, state) for target, state in lists}
        self._show_place_columns()
        self.refresh()

    def show_waiting(self, what: str) -> None:
        """Show that there is no connection yet, and what is being waited for."""
        self._leave()
        self._add(())
        self._show_missing()
        self.model.set_rows(())
        self.state.show_loading(what)
        self._stack.setCurrentWidget(self.state)
        self.troubles.show_notes([])
        self.foot.setText("")

    def show_failure(self, error: UserError) -> None:
        """Show why there is no connection."""
        self.show_waiting("")
        self._show_error(error)

    @cached_property
    def rows(self) -> "FunctionRows":
        """What is known of the functions of the connections that are shown."""
        from lambdadesk.desk.function_rows import FunctionRows

        rows = FunctionRows(self._settings)
        rows.changed.connect(lambda _keys: self._refresh_soon())
        rows.state_changed.connect(lambda _key: self._show_missing())
        return rows

    def close_panel(self) -> None:
        """End all work and keep the columns; nothing is shown any more."""
        self._looker.stop()
        self.header.keep()
        self._leave()
        self._add(())
        if "rows" in self.__dict__:  # else there never was a connection
            self.rows.close()

    def select(self, key: RowKey) -> None:
        """Mark the row of an opened function, without opening it again."""
        row = self.model.row_of(key)
        if row >= 0:
            self._select_row(row)
        else:
            self.table.clearSelection()  # not to mark a neighbour of what is gone

    def first_row(self) -> FunctionRow | None:
        """The first one by name, whatever the list is filtered and sorted by."""
        rows = self._get_rows()
        return min(rows, key=lambda row: row.function.name.casefold(), default=None)

    def refresh(self) -> None:
        """Show the lists anew."""
        if not self._places:
            return
        self._gather.stop()
        self.model.set_rows(self._get_rows())
        if self._added:  # the first frame needs no filter
            self._idle.start()
            if not self._looker.isActive():
                self._looker.start()
        self._show_rows()

    def _show_rows(self) -> None:
        """Show what the model has now, or why there is nothing."""
        self.filter_bar.show_problems(self.model.problems)
        self._show_missing()
        places = list(self._places.values())
        if not places:
            return
        if self.model.has_rows() and not self.model.rowCount():
            self.state.show_empty(
                "No function matches the filter", "Change the words, or clear them with Esc."
            )
            self._stack.setCurrentWidget(self.state)
        elif self.model.has_rows():
            self._stack.setCurrentWidget(self.table)
        else:
            self._show_no_rows(places)
        self._show_troubles()
        self._show_foot()

    def _leave(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects, self._places = [], {}
        self._gather.stop()

    def _follow(self, connection: "Connection", place: _Place) -> None:
        place.target, place.state = connection.target, connection.catalog.state

    def _on_changed(self, follow: Callable[[], None]) -> None:
        was_loading = self._is_loading()
        follow()
        if len(self._places) == 1 or (was_loading and not self._is_loading()):
            self.refresh()  # with what came last there is nothing more to gather
        else:
            self._refresh_soon()

    def _is_loading(self) -> bool:
        return any(place.state.loading for place in self._places.values())

    def _refresh_soon(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    def _show_place_columns(self) -> None:
        self.header.show_places(len(self._places) > 1)

    def _add(self, connections: "Sequence[Connection]") -> None:
        """Let `rows` have these and no others; what is known of those that stay is kept."""
        wanted = {connection.target.key: connection for connection in connections}
        for key, connection in list(self._added.items()):
            if wanted.get(key) is not connection:
                self.rows.remove(key)
                del self._added[key]
        for key, connection in wanted.items():
            if key not in self._added:
                self._added[key] = connection
                self.rows.add(connection)
        if self._added:
            self.rows.want_triggers(self.model.asks_for("trigger"))

    def _get_rows(self) -> list[FunctionRow]:
        rows = list(self.rows.rows) if self._added else []
        pinned = set(self._settings.pinned_functions)
        for key, place in self._places.items():
            if not place.is_open:
                target = place.target
                make = partial(FunctionRow, key, target.title, "", target.region)
                rows += [
                    make(function, is_pinned=(key, function.name) in pinned)
                    for function in place.state.functions
                ]
        return [row for row in rows if not row.is_gone or self.keeps(row.key)]

    def _show_no_rows(self, places: list[_Place]) -> None:
        errors = [error for place in places if (error := place.error or place.state.error)]
        is_one = len(places) == 1
        if any(place.state.loading and not place.error for place in places):
            what = "the functions" if is_one else f"the functions of {len(places)} places"
            self.state.show_loading(what, lambda: self.cancel_requested.emit(""))
        elif len(errors) == len(places) and is_one:
            self._show_error(errors[0])
        elif errors:
            self.state.show_empty(
                "No functions here", "What could not be asked is listed below, with its reason."
            )
        else:
            where = "in this region" if is_one else "in these regions"
            self.state.show_empty("No functions here", f"There are none {where}. Choose another one above.")
        if not (len(errors) == len(places) and is_one):
            self._stack.setCurrentWidget(self.state)

    def _show_error(self, error: UserError) -> None:
        other: tuple[str, Callable[[], None]] | None = None
        if error.kind is ErrorKind.EXPIRED:
            other = ("Start the Local AWS", self.local_requested.emit)
            target = next((place.target for place in self._places.values()), None)
            if target is not None and (target.profile or target.connection_id):
                other = ("Sign in", lambda: self.sign_in_requested.emit(target.key))
        self.state.show_error(error, lambda: self.retry_requested.emit(""), other=other)
        self._stack.setCurrentWidget(self.state)

    def _show_troubles(self) -> None:
        notes: list[PlaceNote] = []
        if len(self._places) > 1:
            is_late = not self._slow.isActive()
            for key, place in self._places.items():
                error = place.error or (None if place.state.loading else place.state.error)
                if error is not None and error.kind is ErrorKind.EXPIRED:
                    action = partial(self.sign_in_requested.emit, key)
                    notes.append(PlaceNote(key, place.title, error, "Sign in", action))
                elif error is not None:
                    action = partial(self.retry_requested.emit, key)
                    notes.append(PlaceNote(key, place.title, error, "Retry", action))
                elif place.state.loading and is_late:
                    action = partial(self.cancel_requested.emit, key)
                    notes.append(PlaceNote(key, place.title, None, "Cancel", action))
        self.troubles.show_notes(notes)

    def _show_foot(self) -> None:
        places = list(self._places.values())
        shown, total = self.model.shown_count(), self.model.total_count()
        text = f"{shown:,} of {total:,} functions" if shown != total else f"{total:,} functions"
        if shown == total == 1:
            text = "1 function"
        if deleted := self.model.rowCount() - shown:
            text += f" · {deleted:,} deleted"
        loading = any(place.state.loading for place in places)
        failure: UserError | None = None
        if len(places) == 1:
            state = places[0].state
            failure = state.error if state.functions and not state.loading else None
            if failure is not None:
                text += f" · {failure} Showing what is known."
            elif loading:
                text += " · refreshing…"
            if state.loaded_ms is not None and (state.from_cache or state.error):
                text += f" · list of {_age(state.loaded_ms)} ago"
        else:
            text += f" in {len(places)} places"
            waited = sum(place.state.loading for place in places)
            if waited:
                text += f" · {waited} still refreshing…"
            old = [
                place.state.loaded_ms
                for place in places
                if place.state.loaded_ms is not None and (place.state.from_cache or place.state.error)
            ]
            if old:
                text += f" · the oldest list is of {_age(min(old))} ago"
        if self.model.asks_for("trigger") and (known := self.model.count_known_triggers()) < total:
            text += f" · triggers known for {known:,} of {total:,}"
        self.foot.say(text if total else "", "error" if failure else "text")
        self.retry.setVisible(bool(total and failure))

    def _refresh_ages(self) -> None:
        if self._places:
            self._show_foot()
            self.table.viewport().update()  # "3 min ago" is worked out when it is painted

    def _on_filter_changed(self, text: str) -> None:
        self.model.set_filter(text)
        # A list that is ranked by what was typed is sorted by no column.
        self.table.horizontalHeader().setSortIndicatorShown(not self.model.is_ranked)
        if self._added:
            self.rows.want_triggers(self.model.asks_for("trigger"))
            self._looker.start()
        self._show_rows()

    def _move(self, steps: int) -> None:
        rows = self.model.rowCount()
        if rows:
            current = self.table.currentIndex()
            row = min(rows - 1, max(0, current.row() + steps if current.isValid() else 0))
            self._select_row(row)

    def _open_current(self) -> None:
        if self.model.rowCount():
            current = self.table.currentIndex()
            self._open(current.row() if current.isValid() else 0)

    def _on_chosen(self, index: QModelIndex) -> None:
        self._open(index.row())

    def _open(self, row: int) -> None:
        self.open_row(self.model.row_at(row))

    def open_row(self, row: FunctionRow) -> None:
        """Ask for a function's page."""
        self.rows.note_opened(row.key)
        self.open_requested.emit(row)

    # -- pins, recent functions, and what else a row offers

    def toggle_pin(self) -> None:
        """Pin the function of the current row, which then stays on top, or pin it no more."""
        if (row := self._get_current()) is not None:
            self.rows.set_pinned(row.key, not row.is_pinned)

    def fill_recent(self, menu: QMenu) -> None:
        """Offer the functions that were opened last."""
        menu.clear()
        recent = self.rows.get_recent()
        for row in recent:
            where = f"   {row.connection} {row.region}" if len(self._places) > 1 else ""
            title = one_line(row.function.name + where).replace("&", "&&")
            menu.addAction(title).triggered.connect(lambda _checked=False, row=row: self.open_row(row))
        if not recent:
            menu.addAction("None was opened yet").setEnabled(False)

    def _get_current(self) -> FunctionRow | None:
        index = self.table.currentIndex()
        return self.model.row_at(index.row()) if index.isValid() else None

    def _show_row_menu(self, place: QPoint) -> None:
        index = self.table.indexAt(place)
        if index.isValid():
            self._fill_row_menu(self._row_menu, self.model.row_at(index.row()))
            self._row_menu.popup(self.table.viewport().mapToGlobal(place))

    def _fill_row_menu(self, menu: QMenu, row: FunctionRow) -> None:
        from lambdadesk.aws.endpoints import is_aws
        from lambdadesk.core.console_links import console_url
        from lambdadesk.core.invoke_commands import cli_command

        place, function = self._places.get(row.connection_key), row.function
        menu.clear()
        menu.addAction("Open").triggered.connect(lambda: self.open_row(row))
        pin = menu.addAction("Unpin" if row.is_pinned else "Pin")
        pin.triggered.connect(lambda: self.rows.set_pinned(row.key, not row.is_pinned))
        menu.addSeparator()
        texts = {"name": function.name, "ARN": function.arn}
        if place is not None:
            asks_aws = is_aws(place.target)
            texts["AWS CLI command"] = cli_command(
                place.target, InvokeRequest(function, b""), is_aws=asks_aws
            )
        for what, text in texts.items():
            copy = menu.addAction(f"Copy {what}")
            copy.setEnabled(bool(text))
            copy.triggered.connect(
                lambda _checked=False, text=text: QGuiApplication.clipboard().setText(text)
            )
        url = console_url(function.arn)
        if place is not None and asks_aws and url:
            menu.addSeparator()
            web = menu.addAction("Open in the AWS console")
            web.triggered.connect(lambda: QDesktopServices.openUrl(QUrl(url)))

    # -- facts

    def _look(self) -> None:
        """Have a look taken at the functions in sight."""
        if self._added:
            self.rows.look_at(self._get_keys_in_sight())

    def _get_keys_in_sight(self) -> list[RowKey]:
        if not (self.table.isVisible() and self.model.rowCount()) or self.window().isMinimized():
            return []
        room = self.table.viewport().rect()
        last = self.table.rowAt(room.bottom())
        last = last if last >= 0 else self.model.rowCount() - 1
        return [self.model.row_at(row).key for row in range(max(0, self.table.rowAt(room.top())), last + 1)]

    # -- figures

    def paint_cells(self) -> None:
        """Lamps and bars are painted from now on; a list of an earlier run has none."""
        if self._paints_cells:
            return
        from lambdadesk.ui.widgets.function_cells import HoursCell, LampsCell

        self._paints_cells = True
        self.table.setItemDelegateForColumn(PLACES["lamps"], LampsCell(self.model, self.table))
        self.table.setItemDelegateForColumn(PLACES["hours"], HoursCell(self.model, self.table))

    def _refresh_old_figures(self) -> None:
        if self._added and self.isVisible() and not self.window().isMinimized():
            self.rows.refresh_old()

    def _show_missing(self) -> None:
        """Say what could not be found out, in one line, and mark what is still waited for."""
        states = [self.rows.get_state(key) for key in self._added]
        self.model.set_awaited(key for key in self._added if self.rows.get_state(key).is_loading)
        facts = [state.fact_errors for state in states]
        notes = {"figures of 24 h": [state.figures_error for state in states]}
        if self._is_asked_for("tags", "tag"):
            notes["tags"] = [state.tags_error for state in states]
        if self._is_asked_for("lamps", "lamp"):
            notes["retentions of logs"] = [each.logs for each in facts]
            notes["states of functions"] = [each.states for each in facts]
        if self._is_asked_for("lamps", "lamp") or self._is_asked_for("triggers", "trigger"):
            notes["event source mappings"] = [each.mappings for each in facts]
        if self._is_asked_for("triggers", "trigger"):
            notes["policies of functions"] = [each.policies for each in facts]
        text = _say_missing(notes)
        self.missing.setText(text)
        self.missing.setVisible(bool(text))

    def _is_asked_for(self, column: str, field: str) -> bool:
        return not self.table.isColumnHidden(PLACES[column]) or f"{field}:" in self.filter.text()

    def _select_row(self, row: int) -> None:
        index = self.model.index(row, 0)
        self.table.selectionModel().setCurrentIndex(
            index,
            QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
        )
        self.table.scrollTo(index)


def _say_missing(notes: Mapping[str, Sequence[UserError | None]]) -> str:
    """A sentence for each reason, with all that is not known for it. notes: each place's error, or none."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for what, errors in notes.items():
        counts = Counter(_tell_reason(error) for error in errors if error is not None)
        for (verb, reason), count in counts.items():
            where = f" in {count} of {len(errors)} places" if len(errors) > 1 else ""
            reasons.setdefault((f"{verb}{where}", reason), []).append(what)
    return " ".join(f"The {_join(whats)} {said}: {reason}" for (said, reason), whats in reasons.items())


def _tell_reason(error: UserError) -> tuple[str, str]:
    if error.kind is ErrorKind.DENIED and error.action:
        return "are not known", f"{error.action} is denied."
    if error.kind is ErrorKind.THROTTLED:  # one sentence for all operations
        return "could not be asked for", "AWS asks for fewer requests. Wait a moment, then refresh."
    return "could not be asked for", str(error)


def _join(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _age(at_ms: int) -> str:
    seconds = max(0, int(time.time() - at_ms / 1000))
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"
