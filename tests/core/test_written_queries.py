"""Queries to begin with fit the function, its log group and the range."""

import pytest

from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo
from lambdadesk.core.written_queries import WRITTEN, WrittenQuery, pick_bin, write_query

PRICES = load_prices()
DAY_S = 86_400

TEXT = FunctionInfo("hello")
JSON = FunctionInfo("hello", log_format="JSON")


@pytest.mark.parametrize("query", WRITTEN, ids=lambda query: query.key)
def test_written_queries_fit_the_log_format_and_the_group(query: WrittenQuery) -> None:
    for function in (TEXT, JSON):
        text = write_query(query, function, 3_600, PRICES, "us-east-1")
        assert not {"BIN", "COST", "DURATION", "REQUEST", "CURRENCY"} & set(text.replace("(", " ").split())
        assert "@logStream like" not in text
        assert ("@type" in text or "@duration" in text) <= (function is TEXT)
    shared = FunctionInfo("hello", log_group="/shared")
    lines = write_query(query, shared, 3_600, PRICES, "us-east-1").split("\n")
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


def test_what_a_line_says_is_in_sight_without_scrolling() -> None:
    texts = [text for query in WRITTEN for text in (query.text, query.json) if "@message," in text]
    assert len(texts) == 4  # errors and timeouts
    assert all("| fields @timestamp, @message, " in text for text in texts)
