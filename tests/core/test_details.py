import pytest

from lambdadesk.core.details import (
    DetailGroup,
    DetailRow,
    FunctionDetails,
    format_bytes,
    format_count,
    format_seconds,
)
from lambdadesk.core.secret import Secret


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (52_428_800, "50 MB"),
        (3 * 1024**4, "3,072 GB"),
    ],
)
def test_sizes_are_in_their_largest_unit(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (3, "3 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (900, "15 min"),
        (21_600, "6 h"),
        (86_400 * 14, "14 d"),
        (90_061, "1 d 1 h"),
        (86_401, "1 d"),
    ],
)
def test_times_are_in_at_most_two_units(seconds: int, text: str) -> None:
    assert format_seconds(seconds) == text


def test_one_is_no_plural() -> None:
    assert [format_count(count, "day") for count in (0, 1, 2)] == ["0 days", "1 day", "2 days"]


def test_a_secret_value_is_in_no_text_of_the_details() -> None:
    row = DetailRow("TOKEN", Secret("canary"))
    group = DetailGroup("Environment", (row, DetailRow("A", "b")))
    details = FunctionDetails("f", groups=(group,), answers={"GetFunction": "canary"})
    assert [row.is_secret for row in group.rows] == [True, False]
    assert details.get("Environment") is group
    assert details.get("VPC") is None
    assert "canary" not in f"{details!r} {row} {group}"
