"""Stack traces whose lines came one by one, as rows that unfold."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from lambdadesk.core.logfilter import FilteredLines, find_in_text, parse_filter
from lambdadesk.core.loggroups import GroupedLines
from lambdadesk.core.logstore import Level, LogRow, LogStore
from lambdadesk.core.trace_lines import TraceLines
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_table import LEVEL, MESSAGE, LogTableModel
from lambdadesk.ui.widgets.log_view import LogView

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
TRACE = """\
Traceback (most recent call last):
  File "/var/task/index.py", line 6, in handler
    return load(event)
  File "/var/task/index.py", line 3, in load
    return json.loads(event["body"])["id"]
KeyError: 'id'"""
FOLDED = "▸ 6 lines  Traceback … KeyError: 'id'"
TEXTS = ["begin", *TRACE.split("\n"), "end"]


def lines(texts: list[str], run: int = 0, since_ms: int = 0, level: int = Level.NONE) -> list[LogRow]:
    return [
        LogRow(since_ms + at, 0, "s", f"{text}\n", level=level, invocation=run, request_id=f"r{run}")
        for at, text in enumerate(texts)
    ]


@pytest.fixture
def store() -> LogStore:
    return LogStore()


@pytest.fixture
def view(qtbot, store: LogStore) -> LogView:
    view = LogView()
    qtbot.addWidget(view)
    view.resize(900, 500)
    with qtbot.waitExposed(view):
        view.show()
    view.set_store(store)
    store.add(lines(TEXTS))
    return view


def rows(view: LogView, column: int = MESSAGE) -> list[str]:
    model = view.table.model()
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


def click(qtbot, view: LogView, row: int, right_px: int) -> None:
    rect = view.table.visualRect(view.table.model().index(row, MESSAGE))
    at = QPoint(rect.left() + right_px, rect.center().y())
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_it_is_one_row_with_its_error_and_all_lines_are_counted(view: LogView) -> None:
    assert rows(view) == ["begin", FOLDED, "end"]
    assert view.line_count() == view.matching_count() == view.total_count() == 8
    view.table.selectRow(1)
    assert TRACE in view.detail.text.toPlainText()
    view.copy()
    assert QApplication.clipboard().text() == TRACE
    view.set_traces_folded(False)
    assert rows(view) == TEXTS


def test_its_sign_unfolds_and_folds_it(qtbot, view: LogView) -> None:
    click(qtbot, view, 1, 12)
    assert rows(view) == ["begin", f"▾ {TEXTS[1]}", *TEXTS[2:]]
    assert view.detail.isHidden()
    click(qtbot, view, 1, 12)
    assert rows(view) == ["begin", FOLDED, "end"]
    click(qtbot, view, 1, 200)  # beside the sign: that selects it
    assert rows(view) == ["begin", FOLDED, "end"]
    assert view.selected_numbers() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("is_grouped", [False, True])
def test_keys_unfold_and_fold_it(qtbot, view: LogView, is_grouped: bool) -> None:
    view.set_grouped(is_grouped)
    first = 2 if is_grouped else 1
    view.table.setFocus()
    view.table.selectRow(first)
    qtbot.keyClick(view.table, Qt.Key.Key_Right)
    assert rows(view)[-6:-1] == TEXTS[2:7]
    view.table.selectRow(first + 3)
    qtbot.keyClick(view.table, Qt.Key.Key_Left)
    assert rows(view)[-3:] == ["begin", FOLDED, "end"]
    assert view.table.currentIndex().row() == first
    qtbot.keyClick(view.table, Qt.Key.Key_Return)
    qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert rows(view)[-3:] == ["begin", FOLDED, "end"]
    qtbot.keyClick(view.table, Qt.Key.Key_Left)  # it is folded: this one closes the invocation
    assert rows(view)[-3:] == (["8 lines"] if is_grouped else ["begin", FOLDED, "end"])


def test_one_that_is_unfolded_stays_in_sight_while_the_newest_line_is_followed(
    view: LogView, store: LogStore
) -> None:
    view.toggle_trace(1)
    assert view.is_following  # all of it fits
    view.toggle_trace(1)
    view.resize(900, 180)
    store.add(lines([f"line {at}" for at in range(3)], since_ms=20))
    assert view.is_following
    view.toggle_trace(1)
    head = view.table.model().index(1, MESSAGE)
    assert view.table.viewport().rect().contains(view.table.visualRect(head).center())
    assert not view.is_following


def test_the_menu_unfolds_it(view: LogView) -> None:
    actions = {action.text(): action for action in view.menu_actions(1)}
    actions["Unfold the stack trace"].trigger()
    assert len(rows(view)) == 8
    actions = {action.text(): action for action in view.menu_actions(3)}
    actions["Fold the stack trace"].trigger()
    assert rows(view) == ["begin", FOLDED, "end"]
    assert "stack trace" not in "".join(action.text() for action in view.menu_actions(0))


def test_the_search_unfolds_where_it_finds_and_a_filter_of_text_folds_nothing(view: LogView) -> None:
    view.search(find_in_text("in load"))
    assert view.found_place() == (0, 1, True)
    view.search_step(1)
    assert view.found_place() == (1, 1, True)
    assert len(rows(view)) == 8
    assert [view.store.text(number) for number in view.selected_numbers()] == [f"{TEXTS[4]}\n"]
    view.set_filter(parse_filter("File"))
    assert rows(view) == [TEXTS[2], TEXTS[4]]
    view.set_filter(parse_filter("req:r0"))
    assert len(rows(view)) == 8  # it stays unfolded


def test_lines_that_come_join_it_and_late_ones_leave_it_folded(view: LogView, store: LogStore) -> None:
    store.add(lines(TEXTS[1:4], run=1, since_ms=20))
    store.add(lines(["other"], run=2, since_ms=25))
    store.add(lines(TEXTS[4:], run=1, since_ms=30))
    assert rows(view) == ["begin", FOLDED, "end", FOLDED, "other", "end"]
    view.toggle_trace(8)
    assert len(rows(view)) == 11
    store.add(lines(["late"], run=3))
    assert rows(view)[:4] == ["begin", "late", FOLDED, "end"]
    assert len(rows(view)) == 12  # the one that was unfolded is so still
    store.add(lines(["late"], run=0, since_ms=3))  # between two frames: so they are two
    assert rows(view)[2] == "▸ 3 lines  Traceback"


def test_it_has_the_worst_level_of_its_lines(view: LogView, store: LogStore) -> None:
    store.add([*lines(TEXTS[1:6], since_ms=20), *lines(TEXTS[6:7], since_ms=30, level=Level.ERROR)])
    assert rows(view, LEVEL)[-1] == "✖ error"
    view.toggle_trace(8)
    assert rows(view, LEVEL)[-6:] == ["", "", "", "", "", "✖ error"]


@pytest.mark.parametrize("is_grouped", [False, True])
def test_the_model_with_traces_keeps_the_rules_of_models(qtbot, is_grouped: bool) -> None:
    store = LogStore(cap=64)
    lines_left = FilteredLines(store, parse_filter(""))
    groups = GroupedLines(lines_left) if is_grouped else None
    model = LogTableModel(lines_left, theme.LIGHT, groups=groups, traces=TraceLines(store))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)

    def follow(first_changed: int) -> None:
        model.follow(first_changed)
        model.scan()

    store.changed.connect(follow)
    for run in range(12):
        store.add(lines(TEXTS, run, since_ms=10 * run))
        store.add(lines(TEXTS[1:4], run, since_ms=8 * run))  # late
        store.add(lines(["late"], run, since_ms=5 * run))
        model.toggle_trace(store.end - 8)
        model.toggle(run - 1)
        model.toggle(run - 2)  # open again
    assert store.first > 0
    assert any("▸ 6 lines" in str(model.index(row, MESSAGE).data()) for row in range(model.rowCount()))


def test_a_trace_is_read_by_assistive_technology(qtbot, view: LogView) -> None:
    def spoken() -> list[str]:
        table = QAccessible.queryAccessibleInterface(view.table)
        return [table.child(at).text(QAccessible.Text.Name) for at in range(table.childCount())]

    assert FOLDED in spoken()
    assert "KeyError: 'id'" not in spoken()
    view.toggle_trace(1)
    assert {f"▾ {TEXTS[1]}", "KeyError: 'id'", "end"} <= set(spoken())


def test_the_tree_of_a_line_is_read_by_assistive_technology(qtbot, view: LogView, store: LogStore) -> None:
    store.add(lines(['{"order": {"id": 7}}'], since_ms=20))
    view.table.selectRow(view.table.model().rowCount() - 1)
    tree = view.detail.tree.view
    tree.expandAll()
    found = QAccessible.queryAccessibleInterface(tree)
    cells = [found.child(at).text(QAccessible.Text.Name) for at in range(found.childCount())]
    assert {"line", "order", "id", "7"} <= set(cells)
