"""The tables show what they are given, sorted and filtered, and keep their place when it changes."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QTableView
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from lambdadesk.core.function_columns import format_age
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.types import FunctionInfo, InvocationType, Outcome, Report
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.models.cost_table import CostRow, CostTableModel
from lambdadesk.ui.models.function_table import FunctionTableModel
from lambdadesk.ui.models.history_table import WIDTH_SAMPLES, HistoryTableModel, format_duration
from lambdadesk.ui.widgets.tables import make_table
from tests.ui.desk import until

Role = Qt.ItemDataRole


def texts(model: QAbstractItemModel, column: int, role: int = Role.DisplayRole) -> list[str]:
    return [model.index(row, column).data(role) for row in range(model.rowCount())]


def function(name: str, **changes: object) -> FunctionInfo:
    return replace(FunctionInfo(name=name, runtime="python3.12"), **changes)  # type: ignore[arg-type]


def rows(functions: Iterable[FunctionInfo], place: str = "here", *, gone: bool = False) -> list[FunctionRow]:
    return [FunctionRow(place, place, "", "us-east-1", one, is_gone=gone) for one in functions]


def name_at(model: FunctionTableModel, row: int) -> str:
    return model.row_at(row).function.name


@pytest.fixture
def functions(qtbot: QtBot, qtmodeltester: ModelTester) -> FunctionTableModel:
    model = FunctionTableModel()
    model.set_rows(
        rows(
            [
                function("image-resize", memory_mb=1024, timeout_s=90, description="Makes thumbnails"),
                function("Billing", runtime="java21", memory_mb=512, timeout_s=900),
                function("orders-api", runtime="nodejs22.x", memory_mb=128, timeout_s=3),
                function("container", runtime="", package_type="Image"),
            ]
        )
    )
    qtmodeltester.check(model)
    return model


def test_functions_are_sorted_and_said_in_words(functions: FunctionTableModel) -> None:
    assert texts(functions, 0) == ["Billing", "container", "image-resize", "orders-api"]
    assert texts(functions, 3) == ["java21", "container image", "python3.12", "nodejs22.x"]
    assert texts(functions, 4) == ["512 MB", "128 MB", "1,024 MB", "128 MB"]
    assert texts(functions, 5) == ["15 min", "3 s", "1 min 30 s", "3 s"]
    functions.sort(4, Qt.SortOrder.DescendingOrder)
    assert texts(functions, 0) == ["image-resize", "Billing", "container", "orders-api"]
    assert name_at(functions, 0) == "image-resize"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Billing", "container", "image-resize", "orders-api"]),
        ("BILL", ["Billing"]),
        ("python thumb", ["image-resize"]),
        ("image", ["image-resize", "container"]),
        ("java python", []),
    ],
)
def test_the_filter_wants_every_word(functions: FunctionTableModel, text: str, names: list[str]) -> None:
    functions.set_filter(text)
    assert texts(functions, 0) == names
    assert functions.total_count() == 4


def test_selection_and_scroll_position_stay_through_a_refresh(
    functions: FunctionTableModel, qtbot: QtBot
) -> None:
    many = [function(f"f-{number:03d}") for number in range(300)]
    functions.set_rows(rows(many))
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(functions)
    view.resize(500, 300)
    view.show()
    view.selectRow(functions.row_of(("here", "f-150")))
    view.scrollTo(functions.index(150, 0), QTableView.ScrollHint.PositionAtTop)
    top = view.rowAt(0)
    assert top > 100
    changed = [replace(one, memory_mb=256) for one in many if one.name != "f-299"]
    functions.set_rows(rows([*changed, function("zz-new")]))
    assert name_at(functions, view.currentIndex().row()) == "f-150"
    assert view.selectionModel().isRowSelected(150)
    assert view.rowAt(0) == top
    assert texts(functions, 4)[0] == "256 MB"


def test_the_current_row_follows_its_function_through_sorting(
    functions: FunctionTableModel, qtbot: QtBot
) -> None:
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(functions)
    view.setCurrentIndex(functions.index(functions.row_of(("here", "orders-api")), 0))
    for column in range(functions.columnCount()):
        for order in Qt.SortOrder:
            functions.sort(column, order)
            assert name_at(functions, view.currentIndex().row()) == "orders-api"
    functions.set_filter("orders")
    assert view.currentIndex().row() == 0


def test_any_two_lists_merge_to_the_second_one(qtbot: QtBot, qtmodeltester: ModelTester) -> None:
    chance = random.Random(7)
    model = FunctionTableModel()
    qtmodeltester.check(model)
    names = [f"f{number}" for number in range(20)]
    for _ in range(60):
        wanted = [
            function(name, memory_mb=chance.choice((128, 256)))
            for name in chance.sample(names, chance.randrange(20))
        ]
        model.sort(chance.choice((0, 4)), chance.choice(list(Qt.SortOrder)))
        model.set_rows(rows(wanted))
        shown = [model.row_at(row).function for row in range(model.rowCount())]
        assert sorted(shown, key=lambda one: one.name) == sorted(wanted, key=lambda one: one.name)


def test_a_large_change_keeps_the_current_row_too(qtbot: QtBot) -> None:
    model = FunctionTableModel()
    model.set_rows(rows(function(f"f{number}") for number in range(0, 3000, 2)))
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(model)
    view.setCurrentIndex(model.index(model.row_of(("here", "f1200")), 0))
    model.set_rows(rows(function(f"f{number}") for number in range(0, 3000, 3)))
    assert model.rowCount() == 1000
    assert name_at(model, view.currentIndex().row()) == "f1200"


def test_deleted_functions_are_greyed_and_say_so(
    functions: FunctionTableModel, qtbot: QtBot, qapp: QApplication
) -> None:
    theme.apply(qapp, "light")
    doomed = function("orders-api", runtime="nodejs22.x")
    staying = [functions.row_at(row).function for row in range(3)]
    with qtbot.waitSignal(functions.dataChanged):
        functions.set_rows(rows(staying) + rows([doomed, staying[0]], gone=True))
    assert texts(functions, 0) == ["Billing", "container", "image-resize", "orders-api"]
    assert [functions.is_gone(row) for row in range(4)] == [False, False, False, True]
    assert functions.row_at(3).function == doomed
    assert functions.total_count() == 3
    for column in range(functions.columnCount()):
        assert functions.index(3, column).data(Role.ForegroundRole) == theme.LIGHT.dim
        assert "its log can still be read" in functions.index(3, column).data(Role.ToolTipRole)
        assert functions.index(0, column).data(Role.ForegroundRole) is None
    assert functions.index(3, 0).data(Role.AccessibleTextRole).endswith("deleted; its log can still be read")
    assert "deleted" not in functions.index(0, 0).data(Role.ToolTipRole)
    functions.set_rows(rows([*staying, doomed]))
    assert not functions.is_gone(3)
    assert functions.index(3, 0).data(Role.ForegroundRole) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3 * 3600 + 60, "3 h ago"),
        (86_400 * 12, "12 d ago"),
        (86_400 * 100, "3 months ago"),
        (86_400 * 1000, "2 years ago"),
    ],
)
def test_age(seconds: int, text: str) -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert format_age(moment, moment.timestamp() + seconds) == text


def test_a_hostile_description_stays_text(functions: FunctionTableModel) -> None:
    functions.set_rows(rows([function("<b>x</b>", description="<img src='file:///x.png'>\x1b[31m")]))
    index = functions.index(0, 0)
    assert index.data() == "<b>x</b>"
    assert "<img" not in index.data(Role.ToolTipRole)
    assert "\x1b" not in index.data(Role.ToolTipRole)


def test_headers_are_aligned_with_their_cells(functions: FunctionTableModel) -> None:
    for column in range(functions.columnCount()):
        header = functions.headerData(column, Qt.Orientation.Horizontal, Role.TextAlignmentRole)
        assert header == functions.index(0, column).data(Role.TextAlignmentRole)
    assert functions.headerData(6, Qt.Orientation.Horizontal) == "Last change"


REPORT = Report("b1c0ffee-0001", Decimal("811.37"), billed_ms=812, memory_mb=512, max_memory_mb=187)


def entry(number: int, **changes: object) -> HistoryEntry:
    base = HistoryEntry(target_key="local", function="hello", sent_ms=1_000_000_000_000 + number, id=number)
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture
def history(qtbot: QtBot, qtmodeltester: ModelTester) -> HistoryTableModel:
    model = HistoryTableModel()
    model.set_entries(
        [
            entry(1, outcome=Outcome.OK, report=REPORT, cost=Decimal("0.0000069670"), request_id="b1c0"),
            entry(2, kind=InvocationType.EVENT, outcome=Outcome.QUEUED),
        ]
    )
    qtmodeltester.check(model)
    return model


def test_history_is_newest_first_and_complete(history: HistoryTableModel) -> None:
    assert texts(history, 1) == ["Async", "Sync"]
    row = [history.index(1, column).data() for column in range(history.columnCount())]
    assert row[1:] == ["Sync", "Succeeded", "811 ms", "812 ms", "187 / 512 MB", "$0.00000697", "b1c0"]
    assert row[0].startswith("2001-09-0")
    assert texts(history, 6) == ["—", "$0.00000697"]
    assert history.index(1, 5).data(Role.AccessibleTextRole) == "187 of 512 MB"


def test_the_start_of_a_request_id_is_in_sight(
    history: HistoryTableModel, qtbot: QtBot, qapp: QApplication
) -> None:
    theme.apply(qapp, "light")
    last = history.columnCount() - 1
    table = make_table(history, WIDTH_SAMPLES, stretch=last)
    qtbot.addWidget(table)
    table.resize(734 - 11, 200)  # the page is 750 px wide; margins and a scroll bar
    table.show()
    assert table.columnWidth(last) >= table.fontMetrics().horizontalAdvance("b1c0ffee…") + 16
    assert table.horizontalHeader().length() <= table.viewport().width()


def test_days_before_today_are_named(history: HistoryTableModel) -> None:
    now = datetime.now().astimezone()
    day = now.replace(month=1, day=1, hour=3, minute=4) if now.timetuple().tm_yday > 1 else now
    history.set_entries([entry(1, sent_ms=int(day.timestamp() * 1000))])
    assert history.index(0, 0).data() == ("01-01 03:04" if day is not now else f"{now:%H:%M:%S}")


def test_a_qualifier_is_named_unless_it_is_the_latest(history: HistoryTableModel) -> None:
    history.set_entries(
        [entry(1, qualifier="live"), entry(2), entry(3, qualifier="7", kind=InvocationType.EVENT)]
    )
    assert texts(history, 1) == ["Async, 7", "Sync", "Sync, live"]


def test_permitted_and_not_run_are_told_from_success_and_error(history: HistoryTableModel) -> None:
    refused = "The function doesn't exist any more."
    history.set_entries(
        [
            entry(1, outcome=Outcome.OK, kind=InvocationType.DRY_RUN, status_code=204),
            entry(2, outcome=Outcome.ERROR, error=refused),
            entry(3, outcome=Outcome.ERROR, function_error="Unhandled"),
            entry(4, outcome=Outcome.ERROR, error="No answer came.", report=REPORT),
            entry(5, outcome=Outcome.ERROR, error=refused, kind=InvocationType.DRY_RUN),
        ]
    )
    assert texts(history, 2) == ["Not run", "Error", "Error", "Not run", "Permitted"]
    assert history.index(3, 2).data(Role.ToolTipRole) == f"Not run\n{refused}"


def test_a_new_invocation_comes_on_top_and_keeps_the_selection(
    history: HistoryTableModel, qtbot: QtBot
) -> None:
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(history)
    view.selectionModel().setCurrentIndex(
        history.index(1, 0), QItemSelectionModel.SelectionFlag.SelectCurrent
    )
    with qtbot.waitSignal(history.rowsInserted):
        history.put(entry(3))
    assert history.entry_at(0).id == 3
    assert history.entry_at(view.currentIndex().row()).id == 1
    with qtbot.waitSignal(history.dataChanged), qtbot.assertNotEmitted(history.rowsInserted):
        history.put(entry(3, outcome=Outcome.TIMEOUT, error="It ran longer than its timeout of 3 s."))
    assert history.index(0, 2).data() == "Timed out"
    assert "longer than" in history.index(0, 2).data(Role.ToolTipRole)
    with qtbot.assertNotEmitted(history.dataChanged):
        history.put(history.entry_at(0))


def test_entries_that_could_not_be_stored_are_shown_too(history: HistoryTableModel) -> None:
    history.put(entry(5, id=0))
    history.put(entry(6, id=0))
    assert history.rowCount() == 4


def test_every_outcome_has_words_an_icon_and_a_colour(history: HistoryTableModel, qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    history.set_entries([entry(number, outcome=outcome) for number, outcome in enumerate(Outcome, 1)])
    assert len(set(texts(history, 2))) == len(Outcome)
    for row in range(history.rowCount()):
        assert not history.index(row, 2).data(Role.DecorationRole).isNull()
        assert isinstance(history.index(row, 2).data(Role.ForegroundRole), QColor)


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        ("3.214", "3.21 ms"),
        ("99.9", "99.9 ms"),
        ("10", "10 ms"),
        ("0", "0 ms"),
        ("811.37", "811 ms"),
        ("9999", "9,999 ms"),
        ("12345", "12.34 s"),
    ],
)
def test_durations(duration_ms: str, text: str) -> None:
    assert format_duration(Decimal(duration_ms)) == text


@pytest.fixture
def costs(qtbot: QtBot, qtmodeltester: ModelTester) -> CostTableModel:
    model = CostTableModel()
    model.set_rows(
        [
            CostRow("small", 1000, 2, Decimal("9.5"), Decimal("0.0004")),
            CostRow("big", 90, 0, Decimal("12000.125"), Decimal("0.2"), is_exact=False),
            CostRow("idle", 0, 0, Decimal(0), Decimal(0)),
        ]
    )
    qtmodeltester.check(model)
    return model


def test_costs_are_sorted_by_number_and_estimates_are_marked(costs: CostTableModel) -> None:
    assert texts(costs, 0) == ["big", "small", "idle"]
    assert texts(costs, 7) == ["12,000.125", "9.500", "0.000"]
    assert texts(costs, 3) == ["≈ $0.200000", "$0.000400", "$0"]
    assert texts(costs, 4) == ["≈ $2,222.22", "$0.40", "—"]
    assert texts(costs, 3, Role.AccessibleTextRole)[0] == "about $0.200000"
    costs.sort(5, Qt.SortOrder.DescendingOrder)
    assert texts(costs, 5) == ["1,000", "90", "0"]
    costs.sort(4)
    assert texts(costs, 0) == ["small", "big", "idle"]


def test_what_is_not_known_is_never_nothing_and_comes_last(costs: CostTableModel) -> None:
    costs.set_rows([CostRow("unread", 7, 0, None, None), *(costs.row_at(row) for row in range(3))])
    assert texts(costs, 0) == ["big", "small", "idle", "unread"]
    assert [costs.index(3, column).data() for column in (5, 7, 3, 4)] == ["7", "—", "—", "—"]
    assert costs.index(3, 3).data(Role.AccessibleTextRole) == "unknown"
    assert costs.index(3, 8).data(Role.AccessibleTextRole) == "not known"
    assert costs.index(3, 8).data(Role.DecorationRole) is None
    assert "log could not be read" in costs.index(3, 3).data(Role.ToolTipRole)
    for column in (7, 3, 4):
        for order in Qt.SortOrder:
            costs.sort(column, order)
            assert "unread" in texts(costs, 0)[-2:]  # idle has no price per million either


def test_numbers_are_right_aligned_in_figures_of_one_width(costs: CostTableModel) -> None:
    for column in range(3, 8):
        assert costs.index(0, column).data(Role.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight
        assert costs.index(0, column).data(Role.FontRole).featureTags()


async def test_runs_of_a_series_are_shown_together_and_the_oldest_make_way(qapp: QApplication) -> None:
    model = HistoryTableModel()
    model.put(HistoryEntry("t", "hello", 1, 1))
    assert model.rowCount() == 1
    for number in range(2, 1_502):
        model.put(HistoryEntry("t", "hello", number, number, series="s"))
        model.put(HistoryEntry("t", "hello", number, number, series="s", outcome=Outcome.OK))
    assert model.rowCount() == 1
    await until(lambda: model.rowCount() > 1)
    assert model.rowCount() == 1_000
    assert [model.entry_at(row).id for row in (0, 999)] == [1_501, 502]
    assert {entry.outcome for entry in model.entries()} == {Outcome.OK}
