from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.money import (
    format_about,
    format_amount,
    format_cents,
    format_money,
    format_most,
    format_rough,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0"),
        ("0.0000004083", "$0.000000408"),
        ("0.0000068", "$0.00000680"),
        ("0.00041079843574", "$0.000411"),
        ("12.5", "$12.500000"),
        ("619203.096", "$619,203.096000"),
        ("-0.0000004083", "-$0.000000408"),
        ("1E+3", "$1,000.000000"),
    ],
)
def test_dollars(amount: str, text: str) -> None:
    assert format_money(Decimal(amount)) == text


def test_other_currencies() -> None:
    assert format_money(Decimal("1.36"), "CNY") == "¥1.360000"
    assert format_money(Decimal("1.36"), "EUR") == "EUR 1.360000"


@given(st.decimals(min_value="-1e9", max_value="1e9", allow_nan=False, allow_infinity=False, places=15))
def test_is_never_off_by_more_than_a_micro_dollar_or_a_percent(amount: Decimal) -> None:
    text = format_money(amount)
    assert "E" not in text
    shown = Decimal(text.replace("$", "").replace(",", ""))
    assert abs(shown - amount) <= min(Decimal("0.0000005"), abs(amount) / 100)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("0", "USD", "$0"),
        ("0.004", "USD", "< $0.01"),
        ("0.01", "USD", "$0.01"),
        ("0.024", "USD", "$0.02"),
        ("1234.5", "CNY", "¥1,234.50"),
        ("-2", "USD", "-$2.00"),
    ],
)
def test_amounts_to_the_cent(amount: str, currency: str, text: str) -> None:
    assert format_cents(Decimal(amount), currency) == text


def test_an_estimate_is_to_the_cent() -> None:
    told = [format_about(Decimal(amount)) for amount in ("0", "0.0099", "0.01", "1234.567")]
    assert told == ["less than $0.01", "less than $0.01", "$0.01", "$1,234.57"]


@pytest.mark.parametrize(
    ("amount", "shown", "rough", "most"),
    [
        ("0", "$0", "$0", "$0"),
        ("0.0000004083", "$0.000000408", "$0.000000408", "$0.01"),
        ("0.0951", "$0.095100", "$0.095100", "$0.10"),
        ("0.9216", "$0.92", "$0.92", "$0.93"),
        ("-6.8667", "-$6.87", "-$6.87", "-$6.86"),
        ("0.04", "$0.040000", "$0.040000", "$0.04"),
        ("2355.43", "$2,355.43", "$2,355", "$2,355.43"),
    ],
)
def test_amounts_as_they_are_needed(amount: str, shown: str, rough: str, most: str) -> None:
    value = Decimal(amount)
    assert (format_amount(value), format_rough(value), format_most(value)) == (shown, rough, most)
