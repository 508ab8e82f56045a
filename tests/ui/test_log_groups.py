"""Lines under the header of their invocation, marked, coloured, and looked for."""

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QColor
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from lambdadesk.core.logfilter import FilteredLines, find_in_text, parse_filter
from lambdadesk.core.loggroups import GroupedLines
from lambdadesk.core.logstore import Level, LogRow, LogStore
from lambdadesk.core.types import Cost, Invocation, Outcome, Report
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_cells import clock_text
from lambdadesk.ui.models.log_table import DELAY, INVOCATION, LEVEL, MESSAGE, TIME, LogTableModel
from lambdadesk.ui.widgets.log_cells import ANSI, FIND_OPACITY, MARK_OPACITY, spans
from lambdadesk.ui.widgets.log_view import LogView

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
REQUEST = "0a1b2c3d-0000-4000-8000-00000000000{}"


def line(timestamp_ms: int, text: str, run: int = -1, **more: object) -> LogRow:
    request_id = REQUEST.format(run % 10) if run >= 0 else ""
    row = LogRow(timestamp_ms, 0, "stream", text, 0, Level.NONE, run, False, request_id)
    return row._replace(**more)  # type: ignore[arg-type]  # fields of the row


# Two interleaved invocations and a line that belongs to none.
LINES = [line(0, "a0", 0), line(1, "b0", 1), line(2, "loose"), line(3, "a1", 0), line(4, "b1", 1)]
FACTS = {
    0: Invocation(
        "f",
        REQUEST.format(0),
        1_000,
        ended_ms=2_000,
        outcome=Outcome.ERROR,
        error_type="KeyError",
        report=Report(
            REQUEST.format(0), Decimal("812.4"), 813, 512, 187, init_ms=Decimal("40.2"), trace_id="1-abc"
        ),
        cost=Cost(Decimal("0.0000068"), exact=False),
        here=True,
    ),
    1: Invocation("f", REQUEST.format(1), 1_001),
}


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
    view.set_store(store, facts=FACTS.get)
    view.set_grouped(True)
    return view


def rows(view: LogView, column: int = MESSAGE) -> list[str]:
    model = view.table.model()
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


def cell(view: LogView, row: int, column: int, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> object:
    return view.table.model().index(row, column).data(role)


def click_row(qtbot, view: LogView, row: int) -> None:
    rect = view.table.visualRect(view.table.model().index(row, MESSAGE))
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())


def test_invocations_have_headers_with_their_facts(view: LogView, store: LogStore) -> None:
    store.add(LINES)
    head = "812 ms · billed 813 ms · 187/512 MB · cold start 40.2 ms · ≈ $0.00000680 · KeyError · 2 lines"
    assert rows(view) == [head, "a0", "a1", "2 lines", "b0", "b1", "loose"]
    assert rows(view, LEVEL)[0] == "✖ error"
    assert rows(view, LEVEL)[3] == "… running"
    assert rows(view, INVOCATION)[0] == "▾ 0a1b2c3d"
    assert rows(view, TIME)[0] == clock_text(1_000)
    colours = theme.colours(view.palette())
    assert cell(view, 0, LEVEL, Qt.ItemDataRole.ForegroundRole) == colours.error
    assert cell(view, 3, LEVEL, Qt.ItemDataRole.ForegroundRole) == colours.dim
    assert cell(view, 0, MESSAGE, Qt.ItemDataRole.FontRole).bold()  # type: ignore[attr-defined]  # a font
    # The contract counts lines, in order of time, whatever the table shows.
    assert view.line_count() == view.matching_count() == 5
    assert [view.line_text(row) for row in range(5)] == ["a0", "b0", "loose", "a1", "b1"]


def test_a_header_opens_and_closes_by_click_and_key(qtbot, view: LogView, store: LogStore) -> None:
    store.add(LINES)
    click_row(qtbot, view, 0)
    assert rows(view)[1:] == ["2 lines", "b0", "b1", "loose"]
    assert rows(view, INVOCATION)[0] == "▸ 0a1b2c3d"
    assert view.detail.isHidden()  # a header is no line
    click_row(qtbot, view, 0)
    assert len(rows(view)) == 7
    view.table.setFocus()
    view.table.selectRow(5)
    qtbot.keyClick(view.table, Qt.Key.Key_Left)
    assert len(rows(view)) == 5
    assert view.table.currentIndex().row() == 3
    assert view.line_count() == 5
    qtbot.keyClick(view.table, Qt.Key.Key_Right)
    assert len(rows(view)) == 7
    view.set_all_open(False)
    assert len(rows(view)) == 3
    store.add([line(9, "c0", 2), line(10, "a2", 0)])
    assert rows(view)[0].endswith("3 lines")
    assert rows(view)[2:] == ["loose", "1 line"]


def test_lines_that_come_join_their_invocation(view: LogView, store: LogStore) -> None:
    store.add(LINES)
    view.table.selectRow(5)
    store.add([line(5, "a2", 0), line(6, "c0", 2)])
    assert rows(view)[1:4] == ["a0", "a1", "a2"]
    assert rows(view)[-2:] == ["1 line", "c0"]
    assert [view.store.text(number) for number in view.selected_numbers()] == ["b1"]
    store.add([line(2, "late", 1)])
    assert rows(view)[5:8] == ["b0", "late", "b1"]
    assert [view.store.text(number) for number in view.selected_numbers()] == ["b1"]
    view.set_grouped(False)
    assert rows(view) == ["a0", "b0", "loose", "late", "a1", "b1", "a2", "c0"]
    assert [view.store.text(number) for number in view.selected_numbers()] == ["b1"]


def test_a_closed_invocation_is_copied_whole(view: LogView, store: LogStore) -> None:
    store.add(LINES)
    view.set_all_open(False)
    view.table.selectRow(1)
    view.copy()
    assert QApplication.clipboard().text() == "b0\nb1"


def test_the_menu_of_an_invocation(qtbot, view: LogView, store: LogStore) -> None:
    store.add(LINES)
    copy_id, copy_trace, payload, chart, _cost = view.invocation_actions(1)
    copy_id.trigger()
    assert QApplication.clipboard().text() == REQUEST.format(0)
    copy_trace.trigger()
    assert QApplication.clipboard().text() == "1-abc"
    for action, signal in ((payload, view.payload_requested), (chart, view.chart_requested)):
        with qtbot.waitSignal(signal) as emitted:
            action.trigger()
        assert emitted.args == [REQUEST.format(0)]
    assert [action.isEnabled() for action in view.invocation_actions(3)] == [True, *[False] * 4]
    assert [action.isEnabled() for action in view.invocation_actions(6)] == [False] * 5
    assert view.invocation_actions(99) == []
    view.function = "other"  # whose page knows neither payload nor chart of this one's
    assert [action.isEnabled() for action in view.invocation_actions(1)[2:4]] == [False, False]


def test_context_is_dim_and_not_counted(view: LogView, store: LogStore) -> None:
    view.set_grouped(False)
    store.add(LINES)
    view.set_filter(parse_filter("loose"))
    view.set_context(1)
    assert rows(view) == ["b0", "loose", "a1"]
    assert (view.line_count(), view.matching_count()) == (3, 1)
    dim = theme.colours(view.palette()).dim
    shown = [cell(view, row, MESSAGE, Qt.ItemDataRole.ForegroundRole) for row in range(3)]
    assert shown == [dim, None, dim]
    view.set_context(0)
    assert rows(view) == ["loose"]


def test_a_search_goes_round(qtbot, view: LogView, store: LogStore) -> None:
    store.add([line(ms, f"line {ms}", ms // 50) for ms in range(500)])
    view.set_all_open(False)
    view.search(find_in_text("99"))
    qtbot.waitUntil(lambda: view.found_place() == (0, 5, True))  # it works by the clock
    view.search_step(1)
    assert view.found_place()[0] == 1
    assert [view.store.text(number) for number in view.selected_numbers()] == ["line 99"]  # was opened
    assert not view.is_following
    assert view.detail.isHidden()
    view.search_step(-1)
    assert view.found_place()[0] == 5
    view.search_step(1)
    assert view.found_place()[0] == 1
    store.add([line(600, "line 99 again", 12)])
    qtbot.waitUntil(lambda: view.found_place() == (1, 6, True))
    view.set_filter(parse_filter("again"))
    qtbot.waitUntil(lambda: view.found_place()[1:] == (1, True))
    view.search(find_in_text(""))
    assert view.found_place() == (0, 0, True)


def test_times_in_utc_and_delays(view: LogView, store: LogStore) -> None:
    store.add(
        [line(36_000_000, "x", ingestion_ms=36_001_250), line(36_000_001, "y", ingestion_ms=36_000_031)]
    )
    view.set_utc(True)
    assert rows(view, TIME) == ["10:00:00.000", "10:00:00.001"]
    assert rows(view, DELAY) == ["1.2 s", "30 ms"]
    assert view.table.isColumnHidden(DELAY)
    view.set_delay_shown(True)
    view.set_filter(parse_filter("-z"))
    assert not view.table.isColumnHidden(DELAY)
    assert view.table.horizontalHeader().visualIndex(DELAY) == 1


def colours_in(view: LogView) -> set[str]:
    image = view.table.viewport().grab().toImage()
    return {
        image.pixelColor(x, y).name() for x in range(0, image.width(), 1) for y in range(0, image.height(), 1)
    }


def test_a_program_s_colours_are_painted(qtbot, view: LogView, store: LogStore) -> None:
    store.add([line(1, "plain ██"), line(2, "\x1b[32m██\x1b[0m green")])
    assert rows(view) == ["plain ██", "██ green"]
    ok = theme.colours(view.palette()).ok.name()
    assert ok in colours_in(view)
    view.set_filter(parse_filter("plain"))
    assert ok not in colours_in(view)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK])
def test_every_colour_of_a_program_is_legible(colours: theme.Colours) -> None:
    for name in ANSI:
        colour = getattr(colours, name)
        assert isinstance(colour, QColor)
        assert theme.contrast(colour, colours.base) >= 4.5


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK])
def test_marked_text_is_legible(colours: theme.Colours) -> None:
    def over(shade: QColor, base: QColor, opacity: float) -> QColor:
        mixed = (
            int(opacity * one + (1 - opacity) * other)
            for one, other in zip(shade.getRgb()[:3], base.getRgb()[:3], strict=True)
        )
        return QColor(*mixed)

    for opacity in (MARK_OPACITY, FIND_OPACITY):
        behind = over(colours.warning, colours.base, opacity)
        assert theme.contrast(colours.text, behind) >= 4.5
        for name in ("error", "warning", "dim"):
            assert theme.contrast(getattr(colours, name), behind) >= 3


def test_where_marks_are() -> None:
    wanted = parse_filter('"order" /t.m/ -no').texts
    assert sorted(spans("Order tim order", wanted)) == [(0, 5), (6, 9), (10, 15)]
    assert spans("order", parse_filter("Order").texts) == []
    assert len(spans("a" * 1_000, find_in_text("a").texts)) == 50


def test_the_model_with_groups_keeps_the_rules_of_models(qtbot) -> None:
    store = LogStore(cap=64)
    lines = FilteredLines(store, parse_filter("-7"))
    model = LogTableModel(lines, theme.LIGHT, groups=GroupedLines(lines))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)

    def follow(first_changed: int) -> None:
        model.follow(first_changed)
        model.scan()

    store.changed.connect(follow)
    for start in range(0, 300, 20):
        store.add([line(ms, str(ms), ms // 7 % 3 + ms // 60) for ms in range(start, start + 20)])
        model.toggle(start // 60)
        store.add([line(max(0, start - 30), "late", start // 60)])
    assert model.rowCount() > 0
    store.clear()
    assert model.rowCount() == 0


def test_rows_are_read_by_assistive_technology(view: LogView, store: LogStore) -> None:
    store.add(LINES)
    table = QAccessible.queryAccessibleInterface(view.table)
    texts = [table.child(at).text(QAccessible.Text.Name) for at in range(table.childCount())]
    for wanted in ("Time", "Level", "Invocation", "Message", "✖ error", "▾ 0a1b2c3d", "a0", "loose"):
        assert wanted in texts


def test_json_is_a_tree_and_long_traces_are_folded(qtbot, view: LogView, store: LogStore) -> None:
    trace = "Error: x\n" + "\n".join(f"    at f{n} (a.js:{n}:1)" for n in range(20))
    store.add([line(1, '{"level":"INFO","deep":{"a":[1,2]}}\n'), line(2, trace)])
    detail = view.detail
    view.table.selectRow(0)
    assert detail.tree.isVisible()
    assert detail.tree.model.rowCount() == 1
    qtbot.mouseClick(detail.as_tree, Qt.MouseButton.LeftButton)
    assert not detail.tree.isVisible()
    assert '"deep": {' in detail.text.toPlainText()
    view.table.selectRow(1)
    assert detail.as_tree.isHidden()
    assert "… 16 frames" in detail.text.toPlainText()
    qtbot.mouseClick(detail.frames, Qt.MouseButton.LeftButton)
    assert detail.text.toPlainText() == trace


def test_an_open_detail_shows_the_invocation_of_a_header(view: LogView, store: LogStore) -> None:
    store.add(LINES)
    view.table.selectRow(1)
    view.table.setCurrentIndex(view.table.model().index(0, 0))
    assert view.detail.text.toPlainText() == "a0\na1"
    assert REQUEST.format(0) in view.detail.heading.text()


def test_a_click_beside_the_rows_does_nothing(qtbot, view: LogView, store: LogStore) -> None:
    store.add(LINES)
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 450))
    assert len(rows(view)) == 7


@pytest.mark.parametrize("is_grouped", [False, True])
def test_among_many_lines_late_ones_find_their_place_soon(qtbot, store: LogStore, is_grouped: bool) -> None:
    store.add([line(10 * ms, str(ms), ms // 10) for ms in range(60_000)])
    view = LogView()
    qtbot.addWidget(view)
    view.resize(700, 400)
    view.show()
    view.set_grouped(is_grouped)
    view.set_store(store)
    view.set_filter(parse_filter("/0$/"))
    qtbot.waitUntil(lambda: not view.is_scanning)
    assert view.line_count() == 6_000
    store.add([line(599_995, "late 0", 5_999)])
    store.add([line(599_996, "no"), line(600_000, "new 0", 7_000)])
    store.add([line(5, "first 0", 0)])
    headers = 6_001 if is_grouped else 0
    qtbot.waitUntil(lambda: view.table.model().rowCount() == 6_003 + headers)
    assert [view.line_text(row) for row in (0, 1, 2, 6_000)] == ["0", "first 0", "10", "59990"]
    assert [view.line_text(row) for row in (6_001, 6_002)] == ["late 0", "new 0"]
    store.add([line(15, "second 0", 0)])
    assert view.line_text(2) == "second 0"  # at once where it is asked for
    qtbot.waitUntil(lambda: view.line_count() == view.matching_count() == 6_004)


def test_a_line_of_a_megabyte_is_shown_in_part_until_all_is_wanted(
    qtbot, view: LogView, store: LogStore
) -> None:
    word = "z" * 1_048_576
    store.add([line(1, word), line(2, "\u202eshort\x07")])
    assert rows(view)[0] == f"{'z' * 1_000}… (+1,047,576 characters)"
    detail = view.detail
    view.table.selectRow(0)
    shown = detail.text.toPlainText()
    assert len(shown) < 70_000
    assert shown.endswith("… (+984,576 characters)")
    assert detail.whole.text() == "Show all 1,048,576 characters"
    qtbot.mouseClick(detail.whole, Qt.MouseButton.LeftButton)
    assert detail.text.toPlainText().replace("\n", "").count("z") == len(word)
    qtbot.mouseClick(detail.whole, Qt.MouseButton.LeftButton)
    assert len(detail.text.toPlainText()) < 70_000
    qtbot.mouseClick(detail.whole, Qt.MouseButton.LeftButton)
    view.table.selectRow(1)
    assert detail.whole.isHidden()
    assert detail.text.toPlainText() == "<U+202E>short<U+0007>"
    view.table.selectRow(0)
    assert len(detail.text.toPlainText()) < 70_000  # another line begins anew
    view.copy()
    assert QApplication.clipboard().text() == word


def test_json_of_any_depth_is_shown(qapp: QApplication) -> None:
    """Some depths can be read, but not written again."""
    store = LogStore()
    store.add([line(at, f'{{"message":"m","a":{"[" * at}{"]" * at}}}') for at in range(800, 1_000)])
    lines = FilteredLines(store, parse_filter(""))
    lines.scan()
    model = LogTableModel(lines, theme.LIGHT)
    shown = [model.look_at(row, [MESSAGE]).cells[0][0] for row in range(len(lines))]
    assert {text[0] for text in shown} == {"m", "{"}
