"""What a query costs, and how much it may scan."""

from decimal import Decimal

from lambdadesk.core.insights import LogGroupInfo
from lambdadesk.core.prices import load_prices
from lambdadesk.core.query_cost import Estimate, estimate, format_bytes, get_price

PRICES = load_prices()
DAY_S = 86_400


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
