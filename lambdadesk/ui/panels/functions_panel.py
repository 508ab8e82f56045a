"""FunctionsPanel: the functions of all places that are shown, filtered as one types."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_rows import FunctionRow, RowKey
from lambdadesk.core.types import Target
from lambdadesk.desk.catalog import CatalogState
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.models.function_table import PLACES, FunctionTableModel
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.function_filter import FunctionFilterBar
from lambdadesk.ui.widgets.function_header import FunctionHeader
from lambdadesk.ui.widgets.function_view import (
    get_rows_in_sight,
    make_function_table,
    paint_cells,
    select_row,
)
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.listed_places import ListedPlace, get_failure, tell_lists
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.place_list import PlaceList, PlaceNote

if TYPE_CHECKING:  # not needed for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.function_rows import FunctionRows

AGE_EVERY_MS = 10_000
FIGURES_EVERY_MS: Final = 60_000  # `FunctionRows.refresh_old` knows which are old
SLOW_MS: Final = 1_500  # from then on a place is said to be waited for, where others have answered
IDLE_MS: Final = 300  # after a list has come
LOOK_MS: Final = 300  # after the rows in sight have changed
GATHER_MS: Final = 30  # what comes in together, from many places or as figures, is shown together


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
        self._places: dict[str, ListedPlace] = {}
        self._added: dict[str, Connection] = {}  # what `rows` has
        self.keeps: Callable[[RowKey], bool] = lambda _key: False  # whether a deleted one has a row
        self._disconnects: list[Callable[[], None]] = []
        self.filter_bar = FunctionFilterBar(settings)
        self.filter = self.filter_bar.edit
        self.model = FunctionTableModel(self)
        self.table = make_function_table(self.model)
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
        self._lay_out()
        self.filter.textChanged.connect(self._on_filter_changed)
        self.filter.opened.connect(self._open_current)
        self.filter.moved.connect(self._move)
        self.table.clicked.connect(self._on_chosen)
        self.table.activated.connect(self._on_chosen)
        self._make_timer(AGE_EVERY_MS, self._refresh_ages).start()
        self._make_timer(FIGURES_EVERY_MS, self._refresh_old_figures).start()
        self._idle = self._make_timer(IDLE_MS, self.model.prepare, is_single=True)
        self._slow = self._make_timer(SLOW_MS, self._show_troubles, is_single=True)
        self._gather = self._make_timer(GATHER_MS, self.refresh, is_single=True)
        self._looker = self._make_timer(LOOK_MS, self._look, is_single=True)
        columns, bar = self.table.horizontalHeader(), self.table.verticalScrollBar()
        columns.sortIndicatorChanged.connect(lambda *_sorting: columns.setSortIndicatorShown(True))
        for moved in (bar.valueChanged, bar.rangeChanged, columns.sortIndicatorChanged):
            moved.connect(lambda *_values: self._looker.start())
        self.show_waiting("the connection")

    def _lay_out(self) -> None:
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

    def _make_timer(self, ms: int, work: Callable[[], object], *, is_single: bool = False) -> QTimer:
        timer = QTimer(self, singleShot=is_single, interval=ms)
        timer.timeout.connect(work)
        return timer

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
            place = ListedPlace(connection.target, connection.catalog.state, is_open=True)
            self._places[connection.target.key] = place
            follow = partial(self._follow, connection, place)
            self._disconnects += [
                connection.catalog.changed.connect(follow),
                connection.identified.connect(follow),
            ]
        for key, (target, error) in (failures or {}).items():
            self._places[key] = ListedPlace(target, CatalogState(), error=error)
        self.header.show_places(len(self._places) > 1)
        self._slow.start()
        self._show_missing()
        self.refresh()

    def show_cached(self, lists: Sequence[tuple[Target, CatalogState]]) -> None:
        """Show the lists of an earlier run, until the connections are there."""
        self._leave()
        self._add(())
        self._places = {target.key: ListedPlace(target, state) for target, state in lists}
        self.header.show_places(len(self._places) > 1)
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
            select_row(self.table, row)
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

    def _follow(self, connection: "Connection", place: ListedPlace) -> None:
        was_loading = self._is_loading()
        place.target, place.state = connection.target, connection.catalog.state
        if len(self._places) == 1 or (was_loading and not self._is_loading()):
            self.refresh()  # with what came last there is nothing more to gather
        else:
            self._refresh_soon()

    def _is_loading(self) -> bool:
        return any(place.state.loading for place in self._places.values())

    def _refresh_soon(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

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
                make = partial(FunctionRow, key, place.target.title, "", place.target.region)
                rows += [
                    make(function, is_pinned=(key, function.name) in pinned)
                    for function in place.state.functions
                ]
        return [row for row in rows if not row.is_gone or self.keeps(row.key)]

    def _show_no_rows(self, places: list[ListedPlace]) -> None:
        errors = [error for place in places if (error := place.error or place.state.error)]
        is_one = len(places) == 1
        if any(place.state.loading and not place.error for place in places):
            what = "the functions" if is_one else f"the functions of {len(places)} places"
            self.state.show_loading(what, lambda: self.cancel_requested.emit(""))
        elif errors and is_one:
            self._show_error(errors[0])
        elif errors:
            self.state.show_empty(
                "No functions here", "What could not be asked is listed below, with its reason."
            )
        else:
            where = "in this region" if is_one else "in these regions"
            self.state.show_empty("No functions here", f"There are none {where}. Choose another one above.")
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
        is_late = not self._slow.isActive()
        for key, place in self._places.items() if len(self._places) > 1 else ():
            error = place.error or (None if place.state.loading else place.state.error)
            if error is not None and error.kind is ErrorKind.EXPIRED:
                verb, wish = "Sign in", self.sign_in_requested
            elif error is not None:
                verb, wish = "Retry", self.retry_requested
            elif place.state.loading and is_late:
                verb, wish = "Cancel", self.cancel_requested
            else:
                continue
            notes.append(PlaceNote(key, place.title, error, verb, partial(wish.emit, key)))
        self.troubles.show_notes(notes)

    def _show_foot(self) -> None:
        places = list(self._places.values())
        shown, total = self.model.shown_count(), self.model.total_count()
        text = f"{shown:,} of {total:,} functions" if shown != total else f"{total:,} functions"
        if shown == total == 1:
            text = "1 function"
        if deleted := self.model.rowCount() - shown:
            text += f" · {deleted:,} deleted"
        text += tell_lists(places)
        if self.model.asks_for("trigger") and (known := self.model.count_known_triggers()) < total:
            text += f" · triggers known for {known:,} of {total:,}"
        failure = get_failure(places)
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
            select_row(self.table, row)

    def _open_current(self) -> None:
        if self.model.rowCount():
            self.open_row(self._get_current() or self.model.row_at(0))

    def _on_chosen(self, index: QModelIndex) -> None:
        self.open_row(self.model.row_at(index.row()))

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
        from lambdadesk.ui.widgets.function_menu import fill_recent

        fill_recent(menu, self.rows.get_recent(), self.open_row, with_places=len(self._places) > 1)

    def _get_current(self) -> FunctionRow | None:
        index = self.table.currentIndex()
        return self.model.row_at(index.row()) if index.isValid() else None

    def _show_row_menu(self, place: QPoint) -> None:
        from lambdadesk.ui.widgets.function_menu import fill_row_menu

        index = self.table.indexAt(place)
        if not index.isValid():
            return
        row = self.model.row_at(index.row())
        listed = self._places.get(row.connection_key)
        fill_row_menu(
            self._row_menu,
            row,
            listed.target if listed is not None else None,
            partial(self.open_row, row),
            partial(self.rows.set_pinned, row.key),
        )
        self._row_menu.popup(self.table.viewport().mapToGlobal(place))

    # -- facts and figures

    def paint_cells(self) -> None:
        """Lamps and bars are painted from now on; a list of an earlier run has none."""
        if not self._paints_cells:
            self._paints_cells = True
            paint_cells(self.table, self.model)

    def _look(self) -> None:
        """Have a look taken at the functions in sight."""
        if self._added:
            self.rows.look_at([self.model.row_at(row).key for row in get_rows_in_sight(self.table)])

    def _refresh_old_figures(self) -> None:
        if self._added and self.isVisible() and not self.window().isMinimized():
            self.rows.refresh_old()

    def _show_missing(self) -> None:
        """Say what could not be found out, in one line, and mark what is still waited for."""
        states = {key: self.rows.get_state(key) for key in self._added}
        self.model.set_awaited(key for key, state in states.items() if state.is_loading)
        text = ""
        if states:  # the first frame has none
            from lambdadesk.desk.missing_facts import tell_missing

            fields = {"tags": "tag", "lamps": "lamp", "triggers": "trigger"}
            asked = {field for column, field in fields.items() if self._is_asked_for(column, field)}
            text = tell_missing(list(states.values()), asked)
        self.missing.setText(text)
        self.missing.setVisible(bool(text))

    def _is_asked_for(self, column: str, field: str) -> bool:
        return not self.table.isColumnHidden(PLACES[column]) or f"{field}:" in self.filter.text()
