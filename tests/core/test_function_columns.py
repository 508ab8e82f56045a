from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lambdadesk.core.figures import Figures
from lambdadesk.core.function_columns import (
    COLUMNS,
    UNKNOWN,
    format_age,
    format_duration,
    format_seconds,
    get_column,
)
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.lamps import Lamp, LampKind, LampLevel
from lambdadesk.core.types import Cost, FunctionInfo

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
BARE = FunctionRow("key", "", "", "", FunctionInfo("Orders"))
FULL = FunctionRow(
    "key",
    "shop",
    "123456789012",
    "eu-west-1",
    FunctionInfo(
        "Orders",
        runtime="python3.13",
        memory_mb=1024,
        timeout_s=90,
        description="Takes orders",
        last_modified=NOW - timedelta(hours=3),
    ),
    tags={"team": "core", "old": ""},
    figures=Figures(
        1,
        invocations=12_345,
        errors=2,
        throttles=1,
        p95_ms=1234.5,
        concurrency=4,
        cost=Cost(Decimal("1.5"), exact=False, notes=("A guess.",)),
    ),
    triggers=("sqs", "sns"),
    lamps=(
        Lamp(LampKind.UPDATE, LampLevel.ERROR, "It failed."),
        Lamp(LampKind.RUNTIME, LampLevel.NOTE, "Old."),
    ),
)


def show(row: FunctionRow) -> dict[str, str]:
    return {column.key: column.text(row, NOW.timestamp()) for column in COLUMNS}


def test_every_column_shows_what_is_known() -> None:
    assert show(FULL) == {
        "name": "Orders",
        "lamps": "update, runtime",
        "runtime": "python3.13",
        "architecture": "x86_64",
        "memory": "1,024 MB",
        "timeout": "1 min 30 s",
        "storage": "512 MB",
        "package": "Zip",
        "change": "3 h ago",
        "connection": "shop",
        "account": "123456789012",
        "region": "eu-west-1",
        "tags": "old, team=core",
        "triggers": "sqs, sns",
        "invocations": "12,345",
        "errors": "2",
        "p95": "1.23 s",
        "throttles": "1",
        "concurrency": "4",
        "cost": "≈ $1.500000",
        "hours": "12,345 invocations, at most 0 in an hour, 2 errors",
    }


def test_what_is_not_known_is_a_dash_and_sorts_as_none() -> None:
    shown = show(BARE)
    for key in (
        "change",
        "connection",
        "account",
        "region",
        "tags",
        "triggers",
        "invocations",
        "p95",
        "cost",
    ):
        assert shown[key] == UNKNOWN
        assert get_column(key).sort_key(BARE) is None
    assert get_column("lamps").sort_key(BARE) is None
    assert get_column("errors").explain(BARE) == "Not known yet."


def test_a_part_is_a_lower_bound() -> None:
    assert FULL.figures is not None
    part = replace(FULL, figures=replace(FULL.figures, is_complete=False))
    assert show(part)["errors"] == "≥ 2"
    assert "may be more" in get_column("errors").explain(part)
    assert get_column("cost").explain(part).startswith("A guess.\nCloudWatch gave only a part")
    assert get_column("cost").explain(FULL) == "A guess."


def test_columns_sort_by_value() -> None:
    assert get_column("name").sort_key(FULL) == "orders"
    assert get_column("memory").sort_key(FULL) == 1024
    assert get_column("cost").sort_key(FULL) == Decimal("1.5")
    assert get_column("p95").sort_key(FULL) == 1234.5
    warned = replace(FULL, lamps=(Lamp(LampKind.TIMEOUT, LampLevel.WARNING, ""),))
    assert get_column("lamps").sort_key(FULL) > get_column("lamps").sort_key(warned)
    assert get_column("lamps").explain(FULL) == "It failed.\nOld."
    assert get_column("name").explain(FULL) == "Orders\nTakes orders"


def test_keys_are_unique_and_the_name_comes_first() -> None:
    assert len({column.key for column in COLUMNS}) == len(COLUMNS)
    assert COLUMNS[0].key == "name"
    image = replace(BARE, function=FunctionInfo("i", package_type="Image"))
    assert show(image)["runtime"] == "container image"
    assert show(BARE)["runtime"] == UNKNOWN


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (0.0, "0.00 ms"),
        (3.418, "3.42 ms"),
        (12.34, "12.3 ms"),
        (812.4, "812 ms"),
        (999.6, "1.00 s"),
        (12_400, "12.4 s"),
        (899_999, "900 s"),
    ],
)
def test_durations_have_three_digits(duration_ms: float, text: str) -> None:
    assert format_duration(duration_ms) == text


def test_ages_and_timeouts() -> None:
    def age(**past: float) -> str:
        return format_age(NOW - timedelta(**past), NOW.timestamp())

    assert [age(seconds=-5), age(minutes=5), age(hours=3), age(days=59)] == [
        "0 s ago",
        "5 min ago",
        "3 h ago",
        "59 d ago",
    ]
    assert [age(days=61), age(days=800)] == ["2 months ago", "2 years ago"]
    assert [format_seconds(seconds) for seconds in (3, 60, 90, 900)] == [
        "3 s",
        "1 min",
        "1 min 30 s",
        "15 min",
    ]
