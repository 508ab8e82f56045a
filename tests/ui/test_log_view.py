import time

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QMenu

from lambdadesk.core.logfilter import FilteredLines, parse_filter
from lambdadesk.core.logstore import Level, LineKind, LogRow, LogStore
from lambdadesk.ui import theme
from lambdadesk.ui.models import log_table
from lambdadesk.ui.models.log_cells import clock_text
from lambdadesk.ui.models.log_table import INVOCATION, LEVEL, MESSAGE, TIME, LogTableModel
from lambdadesk.ui.widgets.log_detail import laid_out
from lambdadesk.ui.widgets.log_view import LogView
from tests.work import count_calls

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
REQUEST = "0a1b2c3d-0000-4000-8000-00000000000{}"


def line(timestamp_ms: int, text: str = "", run: int = -1, **more: object) -> LogRow:
    request_id = REQUEST.format(run % 10) if run >= 0 else ""
    row = LogRow(
        timestamp_ms, 0, "stream", text or f"line {timestamp_ms}\n", 0, Level.NONE, run, False, request_id
    )
    return row._replace(**more)  # type: ignore[arg-type]  # fields of the row


def lines(start: int, stop: int, step: int = 10) -> list[LogRow]:
    return [line(ms) for ms in range(start * 10, stop * 10, step)]


@pytest.fixture
def store() -> LogStore:
    return LogStore()


@pytest.fixture
def view(qtbot, store: LogStore) -> LogView:
    view = LogView()
    qtbot.addWidget(view)
    view.resize(700, 400)
    with qtbot.waitExposed(view):
        view.show()
    view.set_store(store)
    return view


def texts(view: LogView) -> list[str]:
    return [view.line_text(row) for row in range(view.line_count())]


def cell(view: LogView, row: int, column: int, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> object:
    return view.table.model().index(row, column).data(role)


def top_text(view: LogView) -> str:
    return view.line_text(view.table.rowAt(0))


def scroll_bar(view: LogView):
    return view.table.verticalScrollBar()


def test_lines_appear_in_order_and_are_followed(view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    store.add(lines(500, 600))
    assert view.line_count() == view.matching_count() == view.total_count() == 600
    assert view.line_text(599) == "line 5990"
    assert scroll_bar(view).value() == scroll_bar(view).maximum() > 0
    assert view.table.rowAt(view.table.viewport().height() - 1) in (-1, 599)


def test_scrolling_up_stops_following_and_the_end_starts_it_again(
    qtbot, view: LogView, store: LogStore
) -> None:
    store.add(lines(0, 500))
    with qtbot.waitSignal(view.follow_changed) as changed:
        scroll_bar(view).setValue(100)
    assert changed.args == [False]
    store.add(lines(500, 520))
    assert scroll_bar(view).value() == 100
    assert top_text(view) == "line 1000"
    assert view._newer.isVisible()
    assert view._newer.text() == "20 new lines ↓"
    with qtbot.waitSignal(view.follow_changed) as changed:
        scroll_bar(view).setValue(scroll_bar(view).maximum())
    assert changed.args == [True]
    assert not view._newer.isVisible()
    store.add(lines(520, 530))
    assert scroll_bar(view).value() == scroll_bar(view).maximum()


def test_the_button_for_new_lines_goes_to_them(qtbot, view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    scroll_bar(view).setValue(0)
    store.add(lines(500, 501))
    assert view._newer.text() == "1 new line ↓"
    qtbot.mouseClick(view._newer, Qt.MouseButton.LeftButton)
    assert view.is_following
    assert scroll_bar(view).value() == scroll_bar(view).maximum()


def test_following_can_be_switched_off_at_the_end(view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    view.set_follow(False)
    before = top_text(view)
    store.add(lines(500, 600))
    assert top_text(view) == before


def test_a_filter_keeps_the_selected_line(qtbot, view: LogView, store: LogStore) -> None:
    store.add(lines(0, 3_000))
    view.table.selectRow(1_234)
    view.set_filter(parse_filter("/4\\d$/"))
    assert view.line_count() == 300
    assert [view.line_text(row) for row in view.selected_rows()] == ["line 12340"]
    view.set_filter(parse_filter("nothing"))
    assert view.line_count() == 0
    assert view.selected_rows() == []
    view.set_filter(parse_filter(""))
    assert [view.line_text(row) for row in view.selected_rows()] == ["line 12340"]


def test_a_filter_keeps_the_reading_place(view: LogView, store: LogStore) -> None:
    store.add(lines(0, 3_000))
    scroll_bar(view).setValue(1_000)
    view.set_filter(parse_filter("0"))
    assert top_text(view) == "line 10000"
    view.set_filter(parse_filter("50"))
    assert top_text(view) == "line 10050" or int(top_text(view)[5:]) >= 10_000


def test_a_filtered_view_grows_by_matches_only(view: LogView, store: LogStore) -> None:
    view.set_filter(parse_filter("yes"))
    store.add([line(1, "yes 1"), line(2, "no"), line(3, "yes 3")])
    store.add([line(4, "no"), line(5, "yes 5")])
    assert texts(view) == ["yes 1", "yes 3", "yes 5"]
    assert view.total_count() == 5


def test_old_models_are_let_go(qtbot, view: LogView, store: LogStore) -> None:
    store.add(lines(0, 10))
    for text in ("a", "b", "line"):
        view.set_filter(parse_filter(text))
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert len(view.table.findChildren(LogTableModel)) == 1


def test_a_late_line_leaves_selection_and_reading_place(view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    scroll_bar(view).setValue(200)
    view.table.selectRow(204)  # in sight beside its detail, however high the font
    store.add([line(55, "late"), line(1_995, "late too")])
    assert texts(view)[6] == "late"
    assert view.line_count() == 502
    assert top_text(view) == "line 2000"
    assert [view.line_text(row) for row in view.selected_rows()] == ["line 2040"]
    assert "line 2040" in view.detail.text.toPlainText()
    assert view._newer.text() == "2 new lines ↓"


def test_dropped_lines_do_not_move_what_is_read(qtbot) -> None:
    store = LogStore(cap=1_600)  # blocks of a hundred
    view = LogView()
    qtbot.addWidget(view)
    view.resize(700, 400)
    view.show()
    view.set_store(store)
    store.add(lines(0, 1_600))
    scroll_bar(view).setValue(800)
    view.table.selectRow(805)
    store.add(lines(1_600, 1_810))
    assert store.first == 300
    assert view.line_text(0) == "line 3000"
    assert top_text(view) == "line 8000"
    assert [view.line_text(row) for row in view.selected_rows()] == ["line 8050"]
    store.clear()
    assert view.line_count() == 0
    store.add(lines(0, 3))
    assert view.line_count() == 3


def test_the_model_keeps_the_rules_of_models(qtbot) -> None:
    store = LogStore(cap=64)
    model = LogTableModel(FilteredLines(store, parse_filter("-7")), theme.LIGHT)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)

    def follow(first_changed: int) -> None:
        model.follow(first_changed)
        model.scan()

    store.changed.connect(follow)
    for batch in (
        lines(0, 20),
        lines(20, 30),
        [line(5), line(105)],
        lines(30, 90),
        [line(0, "first")],
        lines(90, 200),
    ):
        store.add(batch)
        assert model.rowCount() == sum("7" not in store.text(n) for n in range(store.first, store.end))
    store.clear()
    assert model.rowCount() == 0


def test_columns_tell_time_level_invocation_and_message(view: LogView, store: LogStore) -> None:
    prefix = "[ERROR]\t2026-11-23T10:02:11.482Z\t"
    store.add(
        [
            line(1_000_123, f"START RequestId: {REQUEST.format(3)}", 3, kind=LineKind.START),
            line(1_000_124, f"{prefix}{REQUEST.format(3)}\tno bucket\r  at x\n", 3, level=Level.ERROR),
            line(1_000_125, f"{prefix}{REQUEST.format(4)}\tanother's id\n", 3, level=Level.WARN),
            line(
                1_000_126,
                f"REPORT RequestId: {REQUEST.format(1)}\tDuration: 1.5 ms\t\n",
                11,
                kind=LineKind.REPORT,
            ),
            line(1_000_127, "nobody's"),
        ]
    )
    assert (
        cell(view, 0, TIME)
        == time.strftime("%H:%M:%S", time.localtime(1_000)) + ".123"
        == clock_text(1_000_123)
    )
    assert [cell(view, row, LEVEL) for row in range(5)] == ["", "✖ error", "▲ warn", "", ""]
    assert [cell(view, row, INVOCATION) for row in (0, 3, 4)] == ["0a1b2c3d", "0a1b2c3d", ""]
    assert cell(view, 1, MESSAGE) == "no bucket ⏎   at x"
    assert str(cell(view, 3, MESSAGE)).split() == ["REPORT", "Duration:", "1.5", "ms"]
    assert REQUEST.format(4) in str(cell(view, 2, MESSAGE))
    assert view.line_text(1).startswith(prefix)
    colours = theme.colours(view.palette())
    seen = [cell(view, row, MESSAGE, Qt.ItemDataRole.ForegroundRole) for row in range(5)]
    assert seen == [colours.dim, colours.error, colours.warning, colours.accent, None]

    def mark(row: int) -> int:
        return cell(view, row, INVOCATION, Qt.ItemDataRole.DecorationRole).cacheKey()  # type: ignore[attr-defined]  # a pixmap

    assert mark(0) == mark(1) == mark(3)  # 3 and 11 share one of eight colours
    assert mark(4) != mark(0)


def test_marks_follow_the_palette(view: LogView, store: LogStore) -> None:
    store.add([line(1, "boom", level=Level.ERROR)])
    for base, colours in (("black", theme.DARK), ("white", theme.LIGHT)):
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, base)
        view.setPalette(palette)
        assert cell(view, 0, MESSAGE, Qt.ItemDataRole.ForegroundRole) == colours.error


def test_copy_gives_the_lines_as_they_were_received(qtbot, view: LogView, store: LogStore) -> None:
    store.add([line(1, "one\x1b[0m\n"), line(2, "two\nand\thalf\r\n"), line(3, "three")])
    view.table.selectAll()
    assert view.selected_rows() == [0, 1, 2]
    qtbot.keyClick(view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "one\x1b[0m\ntwo\nand\thalf\nthree"


def test_the_menu_copies_and_filters_on_a_request(qtbot, view: LogView, store: LogStore) -> None:
    store.add([line(1_700_000_000_000, "one", 1), line(1_700_000_000_001, "two")])
    view.table.selectRow(0)
    copy, copy_all, only = view.menu_actions(0)
    copy.trigger()
    assert QApplication.clipboard().text() == "one"
    copy_all.trigger()
    when, request_id, message = QApplication.clipboard().text().split("\t")
    assert (request_id, message) == (REQUEST.format(1), "one")
    assert when.startswith("2023-11-1")
    with qtbot.waitSignal(view.request_filter_requested) as asked:
        only.trigger()
    assert asked.args == [REQUEST.format(1)]
    assert not view.menu_actions(1)[2].isEnabled()
    assert view.menu_actions(-1) == []
    view.table.customContextMenuRequested.emit(view.table.visualRect(view.table.model().index(0, 0)).center())
    (menu,) = view.findChildren(QMenu)
    assert menu.isVisible()
    menu.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert view.findChildren(QMenu) == []


def test_the_selected_line_is_shown_in_full(qtbot, view: LogView, store: LogStore) -> None:
    store.add([line(1, '[INFO]\tx\t{"a":1.0}\n', 2, level=Level.INFO, late=True), line(2, "x" * 1_000_000)])
    assert not view.detail.isVisible()
    view.table.selectRow(0)
    assert view.detail.isVisible()
    assert view.detail.text.toPlainText() == '[INFO]\tx\n{\n  "a": 1.0\n}'
    for part in ("info", f"request {REQUEST.format(2)}", "stream", "came late"):
        assert part in view.detail.heading.text()
    view.table.selectRow(1)
    qtbot.mouseClick(view.detail.whole, Qt.MouseButton.LeftButton)
    view.grab()
    assert view.detail.text.toPlainText().partition("\n")[2].count("x") == 1_000_000
    qtbot.keyClick(view.table, Qt.Key.Key_Escape)
    assert not view.detail.isVisible()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":1}', '{"a":1}'),  # the view itself lays out what is JSON as a whole
        ("plain {not json}", "plain {not json}"),
        ("no braces", "no braces"),
        ("REPORT RequestId: x\tDuration: 1 ms\t", "REPORT RequestId: x    Duration: 1 ms    "),
        ('t\tid\tINFO\t{"n":[1e3]}', 't\tid\tINFO\n{\n  "n": [\n    1e3\n  ]\n}'),
    ],
)
def test_json_at_the_end_of_a_line_is_laid_out(text: str, shown: str) -> None:
    assert laid_out(text) == shown


def test_home_and_end_go_to_the_first_and_last_line(qtbot, view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    qtbot.keyClick(view.table, Qt.Key.Key_Home)
    assert view.selected_rows() == [0]
    assert not view.is_following
    qtbot.keyClick(view.table, Qt.Key.Key_End)
    assert view.selected_rows() == [499]
    assert view.is_following


def test_the_focus_selects_nothing(qtbot, view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    view.activateWindow()
    view.table.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(view.table.hasFocus)
    assert not view.detail.isVisible()
    assert view.is_following


def test_widths_given_by_hand_stay(view: LogView, store: LogStore) -> None:
    store.add(lines(0, 5))
    view.table.setColumnWidth(TIME, 222)
    view.set_filter(parse_filter("line"))
    assert view.table.columnWidth(TIME) == 222


def test_a_deleted_view_lets_go_of_the_store(qtbot, store: LogStore) -> None:
    view = LogView()
    view.set_store(store)
    view.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    store.add(lines(0, 5))
    assert not store.changed._receivers


def test_another_store_replaces_the_first(view: LogView, store: LogStore) -> None:
    other = LogStore()
    other.add([line(1, "other")])
    view.set_store(other)
    store.add(lines(0, 5))
    assert texts(view) == ["other"]


def test_an_empty_view_says_why(view: LogView, store: LogStore) -> None:
    blank = view.grab().toImage()
    view.set_placeholder("No logs yet.")
    assert view.grab().toImage() != blank
    store.add(lines(0, 5))
    view.set_filter(parse_filter("nothing"))
    assert view.table.no_match_text == "No line matches the filter."


def test_a_large_log_stays_quick(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_table, "SCAN_S", 0)  # a step of the filter ends when its time is over, so at once
    store = LogStore()
    messages = [f"request {number} was handled in {number % 977} ms" for number in range(10_000)]
    for start in range(0, 200_000, 10_000):
        store.add([line(start + n, text) for n, text in enumerate(messages)])
    view = LogView()
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.set_store(store)
    qtbot.waitUntil(lambda: not view.is_scanning)
    assert view.line_count() == 200_000
    view.set_filter(parse_filter('"request 99"'))
    assert view.is_scanning
    assert view.line_count() == 1 + 10  # of the first 4,096 lines
    qtbot.waitUntil(lambda: not view.is_scanning)
    assert view.line_count() == 20 * (1 + 10 + 100)
    view.table.selectAll()
    assert len(view.selected_rows()) == view.line_count()
    assert count_calls(view.selected_rows) < 50


def test_a_selected_line_never_widens_the_page(view: LogView, store: LogStore) -> None:
    store.add([line(1, "one", 1, stream="2026/11/23/[$LATEST]" + "0123456789abcdef" * 8)])
    before = view.minimumSizeHint().width()
    view.table.selectRow(0)
    QApplication.processEvents()
    assert view.minimumSizeHint().width() <= max(before, 200)
    assert "0123456789abcdef" in view.detail.heading.toolTip()


def test_the_last_line_stays_in_sight_when_the_view_gets_lower(qtbot, view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    view.resize(700, 200)
    qtbot.waitUntil(lambda: view.table.height() < 210)
    assert scroll_bar(view).value() == scroll_bar(view).maximum()
    assert view.is_following
    view.table.selectRow(499)  # the line in full takes a third
    QApplication.processEvents()
    assert scroll_bar(view).value() == scroll_bar(view).maximum()
    assert view.is_following
    scroll_bar(view).setValue(100)
    view.resize(700, 300)
    QApplication.processEvents()
    assert not view.is_following
    assert top_text(view) == "line 1000"


JSON_LINE = (
    '{"timestamp":"2026-11-23T10:02:11Z","level":"INFO","requestId":"0a1b2c3d-0000-4000-8000-000000000003",'
    '"message":"basket priced","total":1.5,"id":123456789012345678901234567890}'
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (JSON_LINE, 'basket priced  {"total":1.5,"id":123456789012345678901234567890}'),
        ('{"level":"INFO","message":{"a":[1,"é"]}}', '{"a":[1,"é"]}'),
        ('{"level":"INFO","message":"alone","requestId":"another"}', 'alone  {"requestId":"another"}'),
        (
            '{"time":"t","type":"platform.start","record":{"requestId":"0a1b2c3d-0000-4000-8000-000000000003"}}',
            "platform.start",
        ),
        ('{"level":"INFO","text":"no message"}', '{"level":"INFO","text":"no message"}'),
        ('{"message": broken', '{"message": broken'),
        ('{"message":' + "[" * 10_000, None),
    ],
)
def test_a_line_in_json_begins_with_its_message(
    view: LogView, store: LogStore, text: str, shown: str | None
) -> None:
    store.add([line(1, text + "\n", 3, level=Level.INFO)])
    assert cell(view, 0, MESSAGE) == shown or (
        shown is None and str(cell(view, 0, MESSAGE)).startswith(text[:900])
    )
    view.table.selectRow(0)
    view.copy()
    assert view.line_text(0) == QApplication.clipboard().text() == text


def test_the_last_line_stays_in_sight_when_the_titles_come_and_go(view: LogView, store: LogStore) -> None:
    store.add(lines(0, 500))
    for is_low in (True, False, True, False):
        view.set_low(is_low)
        rect = view.table.visualRect(view.table.model().index(499, MESSAGE))
        assert view.table.viewport().rect().contains(rect)
        assert view.is_following


def test_clearing_takes_effect_at_once_though_a_late_line_waits(
    qtbot, view: LogView, store: LogStore
) -> None:
    store.add(lines(0, 5_000))
    qtbot.waitUntil(lambda: not view.is_scanning)
    store.add([line(5, "late")])
    assert view.table.model().rowCount() == 5_000  # those of a moment are taken in together
    store.clear()
    assert view.table.model().rowCount() == 0
