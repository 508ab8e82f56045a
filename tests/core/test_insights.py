"""What a query may ask, what its answer is made of, what it costs, and the written ones."""

import csv
import io
import json
from decimal import Decimal

import pytest

from lambdadesk.core.insights import (
    DAY_S,
    WRITTEN,
    ColumnKind,
    Estimate,
    LogGroupInfo,
    QueryProblem,
    QueryRequest,
    QueryStatus,
    estimate,
    find_ignored,
    format_bytes,
    get_chart_values,
    get_commands,
    get_price,
    get_time_ms,
    make_chart,
    make_table,
    pick_bin,
    row_to_json,
    sort_values,
    to_csv,
    to_json,
    to_ndjson,
    write_query,
)
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo

GROUP = "/aws/lambda/hello"
PRICES = load_prices()
TEXT = FunctionInfo("hello")
JSON = FunctionInfo("hello", log_format="JSON")


def ask(
    text: str = "limit 1", groups: tuple[str, ...] = (GROUP,), start_s: int = 10, end_s: int = 20
) -> None:
    QueryRequest(text, groups, start_s, end_s).check()


def rows(*pairs: dict[str, str]) -> list[list[tuple[str, str]]]:
    return [list(each.items()) for each in pairs]


def test_what_can_be_sent_is_checked_first() -> None:
    ask()
    ask(start_s=20)  # one second, both ends included
    ask("SOURCE logGroups(namePrefix: ['/aws'])\n| limit 1", groups=())
    for wrong in (
        lambda: ask(" \n"),
        lambda: ask("x" * 10_001),
        lambda: ask(groups=()),
        lambda: ask(groups=tuple(f"g{number}" for number in range(51))),
        lambda: ask(start_s=21),
    ):
        with pytest.raises(QueryProblem) as problem:
            wrong()
        assert problem.value.message
        assert problem.value.hint


def test_every_status_has_a_sentence() -> None:
    assert all(status.sentence.endswith(".") for status in QueryStatus)
    assert [status for status in QueryStatus if not status.is_final] == ["Scheduled", "Running", "Unknown"]


def test_columns_come_as_the_rows_have_them_and_are_of_one_kind() -> None:
    table = make_table(
        rows(
            {"@timestamp": "2026-01-02 03:04:05.678", "n": "1", "@requestId": "12", "@ptr": "p1"},
            {"@timestamp": "2026-01-02 03:04:06.000", "n": "2.5e3", "text": "007", "@ptr": "p2"},
        )
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
    assert get_time_ms("1970-01-02 00:00:01.5") == DAY_S * 1000 + 1500
    assert get_time_ms("2026-02-30 00:00:00.000") is None
    assert get_time_ms("yesterday") is None


def test_commands_in_texts_and_comments_are_none() -> None:
    text = '# | sort x\nfilter @message like "a | stats b"\n| fields a | Stats count(*)'
    assert get_commands(text) == ["filter", "fields", "stats"]


def test_an_endpoint_that_passes_over_stats_is_found_out() -> None:
    raw, made = make_table(rows({"@message": "x", "@ptr": "p"})), make_table(rows({"count(*)": "3"}))
    assert find_ignored("stats count(*)", raw) == "stats"
    assert find_ignored("stats count(*)", made) == ""
    assert find_ignored("fields @message", raw) == ""


def test_a_price_is_of_the_region_or_says_that_it_is_not() -> None:
    known = get_price(200_000_000_000, PRICES, "us-east-1")
    assert (known.amount, known.currency, known.exact, known.notes) == (Decimal("1.000"), "USD", True, ())
    assert get_price(10**9, PRICES, "ap-south-1").amount == Decimal("0.0067")
    assert get_price(10**9, PRICES, "ap-northeast-1").amount == Decimal("0.0076")
    other = get_price(10**9, PRICES, "eu-west-1")
    assert (other.amount, other.exact) == (Decimal("0.005"), False)
    assert "eu-west-1" in other.notes[0]


def test_bytes_are_told_in_decimal_units() -> None:
    told = [format_bytes(count) for count in (0, 1, 999, 1_000, 3_400_000, 10**9, 5 * 10**15)]
    assert told == ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "3.4 MB", "1.0 GB", "5,000.0 TB"]


def test_an_estimate_spreads_what_is_stored_over_the_time_it_is_kept() -> None:
    now_s = 100 * DAY_S
    infos = [
        LogGroupInfo("kept ten days", 1_000, retention_days=10, created_ms=1),
        LogGroupInfo("made a day ago", 1_000, retention_days=10, created_ms=99 * DAY_S * 1000),
        LogGroupInfo("of unknown age", 1_000),
    ]
    names = [info.name for info in infos]

    def scanned(name: str, days: float) -> int:
        return estimate([name], infos, int(now_s - days * DAY_S), now_s, now_s).bytes_scanned

    assert [scanned(name, 1) for name in names] == [100, 1_000, 1_000]
    assert [scanned(name, 20) for name in names] == [1_000, 1_000, 1_000]
    assert scanned("made a day ago", 0.5) == 500
    before = estimate(names[:1], infos, 0, DAY_S, now_s)  # what has expired is not scanned
    assert before == Estimate(0)
    assert estimate(["other"], infos, 0, now_s, now_s) == Estimate(0, ("other",))


@pytest.mark.parametrize("query", WRITTEN, ids=lambda query: query.key)
def test_written_queries_fit_the_log_format_and_the_group(query: object) -> None:
    for function in (TEXT, JSON):
        text = write_query(query, function, 3_600, PRICES, "us-east-1")  # type: ignore[arg-type]
        assert not {"BIN", "COST", "DURATION", "REQUEST", "CURRENCY"} & set(text.replace("(", " ").split())
        assert "@logStream like" not in text
        assert ("@type" in text or "@duration" in text) <= (function is TEXT)
    shared = FunctionInfo("hello", log_group="/shared")
    lines = write_query(query, shared, 3_600, PRICES, "us-east-1").split("\n")  # type: ignore[arg-type]
    bare = [line for line in lines if not line.startswith("#")]
    assert bare[0] == 'filter @logStream like "/hello["'
    assert all(line.startswith("| ") for line in bare[1:])


def test_memory_is_divided_as_insights_counts_it() -> None:
    (cost,) = [query for query in WRITTEN if query.key == "cost"]
    text = write_query(cost, TEXT, 3_600, PRICES, "us-east-1")
    assert "sum(@billedDuration / 1000 * @memorySize / 1000000 / 1024) as gbSeconds" in text
    assert "gbSeconds * 0.0000166667 + invocations * 0.0000002 as costUSD" in text
    as_json = write_query(cost, JSON, 3_600, PRICES, "us-east-1")
    assert "record.metrics.billedDurationMs / 1000 * record.metrics.memorySizeMB / 1024" in as_json
    assert "us-east-1, as not all" in write_query(cost, TEXT, 3_600, PRICES, "eu-west-1")


def test_bins_fit_the_range() -> None:
    assert [pick_bin(s) for s in (900, 3_600, 3 * 3_600, DAY_S, 7 * DAY_S, 30 * DAY_S, 90 * DAY_S)] == [
        *("1m", "1m", "5m", "15m", "1h", "6h", "1d")
    ]


def test_a_chart_has_a_line_for_each_text_over_time() -> None:
    table = make_table(
        rows(
            {"bin(5m)": "1970-01-01 00:05:00.000", "@log": "1:/aws/lambda/b", "n": "2"},
            {"bin(5m)": "1970-01-01 00:00:00.000", "@log": "1:/aws/lambda/b", "n": "1"},
            {"bin(5m)": "1970-01-01 00:00:00.000", "@log": "a", "n": "9"},
            {"bin(5m)": "1970-01-01 00:05:00.000", "@log": "a"},
        )
    )
    assert get_chart_values(table) == ["n"]
    chart = make_chart(table, "n")
    assert [(line.name, line.xs, line.values) for line in chart.lines] == [
        ("a", (0.0,), (9.0,)),
        ("b", (0.0, 300.0), (1.0, 2.0)),
    ]
    assert chart.labels == ()


def test_a_chart_without_times_has_bars_and_says_what_is_left_off() -> None:
    table = make_table(rows(*({"@log": f"g{number}", "n": str(number)} for number in range(40))))
    chart = make_chart(table, "n")
    assert chart.labels[:2] == ("g0", "g1")
    assert len(chart.labels) == len(chart.lines[0].values) == 30
    assert chart.left_off == 10
    assert get_chart_values(make_table(rows({"n": "1"}))) == []


def test_results_are_written_out_as_they_came() -> None:
    table = make_table(rows({"t": 'a "b",\nc', "n": "1.50"}, {"t": "=cmd()", "n": ""}, {"n": "-2"}))
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
    assert to_json(make_table([])) == b"[]\n"


def test_a_row_for_the_tree_opens_json() -> None:
    table = make_table(rows({"@message": '{"level": "INFO", "n": 1}', "d": "12.30", "x": "{no"}))
    assert json.loads(row_to_json(table, 0)) == {
        "@message": {"level": "INFO", "n": 1},
        "d": 12.3,
        "x": "{no",
    }
