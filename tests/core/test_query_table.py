"""What a query's answer is made of, and how it is written out and drawn."""

import csv
import io
import json

from lambdadesk.core.query_chart import get_chart_values, make_chart
from lambdadesk.core.query_export import row_to_json, to_csv, to_json, to_ndjson
from lambdadesk.core.query_table import (
    ColumnKind,
    QueryTable,
    find_ignored,
    get_time_ms,
    make_table,
    sort_values,
)


def make(*rows: dict[str, str]) -> QueryTable:
    return make_table(each.items() for each in rows)


def test_columns_come_as_the_rows_have_them_and_are_of_one_kind() -> None:
    table = make(
        {"@timestamp": "2026-01-02 03:04:05.678", "n": "1", "@requestId": "12", "@ptr": "p1"},
        {"@timestamp": "2026-01-02 03:04:06.000", "n": "2.5e3", "text": "007", "@ptr": "p2"},
    )
    assert [(each.name, each.kind) for each in table.columns] == [
        ("@timestamp", ColumnKind.TIME),
        ("n", ColumnKind.NUMBER),
        ("@requestId", ColumnKind.TEXT),
        ("text", ColumnKind.TEXT),
    ]
    assert table.rows[0] == ("2026-01-02 03:04:05.678", "1", "12", None)
    assert table.pointers == ("p1", "p2")
    assert table.is_raw
    assert table.get(1, "text") == "007"
    assert table.get(1, "nothing") == ""
    assert sort_values(table, 1) == [1.0, 2500.0]
    assert sort_values(table, 3) == [None, "007"]


def test_times_of_insights_are_utc() -> None:
    assert get_time_ms("1970-01-02 00:00:01.5") == 86_400 * 1000 + 1500
    assert get_time_ms("2026-02-30 00:00:00.000") is None
    assert get_time_ms("yesterday") is None


def test_an_endpoint_that_passes_over_stats_is_found_out() -> None:
    raw, made = make({"@message": "x", "@ptr": "p"}), make({"count(*)": "3"})
    assert find_ignored("stats count(*)", raw) == "stats"
    assert find_ignored("stats count(*)", made) == ""
    assert find_ignored("fields @message", raw) == ""


def test_a_chart_has_a_line_for_each_text_over_time() -> None:
    table = make(
        {"bin(5m)": "1970-01-01 00:05:00.000", "@log": "1:/aws/lambda/b", "n": "2"},
        {"bin(5m)": "1970-01-01 00:00:00.000", "@log": "1:/aws/lambda/b", "n": "1"},
        {"bin(5m)": "1970-01-01 00:00:00.000", "@log": "a", "n": "9"},
        {"bin(5m)": "1970-01-01 00:05:00.000", "@log": "a"},
    )
    assert get_chart_values(table) == ["n"]
    chart = make_chart(table, "n")
    assert [(line.name, line.xs, line.values) for line in chart.lines] == [
        ("a", (0.0,), (9.0,)),
        ("b", (0.0, 300.0), (1.0, 2.0)),
    ]
    assert chart.labels == ()


def test_a_chart_without_times_has_bars_and_says_what_is_left_off() -> None:
    table = make(*({"@log": f"g{number}", "n": str(number)} for number in range(40)))
    chart = make_chart(table, "n")
    assert chart.labels[:2] == ("g0", "g1")
    assert len(chart.labels) == len(chart.lines[0].values) == 30
    assert chart.left_off == 10
    assert get_chart_values(make({"n": "1"})) == []


def test_results_are_written_out_as_they_came() -> None:
    table = make({"t": 'a "b",\nc', "n": "1.50"}, {"t": "=cmd()", "n": ""}, {"n": "-2"})
    assert list(csv.reader(io.StringIO(to_csv(table).decode(), newline=""))) == [
        ["t", "n"],
        ['a "b",\nc', "1.50"],
        ["'=cmd()", ""],
        ["", "-2"],
    ]
    lines = to_ndjson(table).decode().splitlines()
    assert lines[0] == '{"t": "a \\"b\\",\\nc", "n": 1.50}'
    assert [json.loads(line) for line in lines] == json.loads(to_json(table))
    assert json.loads(lines[2]) == {"n": -2}
    assert to_json(make()) == b"[]\n"


def test_a_row_for_the_tree_opens_json() -> None:
    table = make({"@message": '{"level": "INFO", "n": 1}', "d": "12.30", "x": "{no"})
    assert json.loads(row_to_json(table, 0)) == {
        "@message": {"level": "INFO", "n": 1},
        "d": 12.3,
        "x": "{no",
    }
