"""What was downloaded is there after a restart, and damage is no reason not to start."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.offers import read_offer
from lambdadesk.core.prices import PriceItem, load_prices
from lambdadesk.store.price_cache import PriceCache
from tests.servers.price_list import cloudwatch_offer, lambda_offer

REGION = "eu-south-2"
FETCHED = "2026-11-27T10:00:00+00:00"


def keep(cache: PriceCache, region: str) -> None:
    offers = (lambda_offer(region), cloudwatch_offer(region))
    cache.save(region, [read_offer(each, region).to_layer(FETCHED) for each in offers])


def test_prices_come_back_with_their_dates(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path / "prices")
    assert cache.load() == []
    keep(cache, REGION)
    keep(cache, "eu-west-1")
    prices = load_prices(PriceCache(tmp_path / "prices").load())
    for region in (REGION, "eu-west-1"):
        assert prices.rate(PriceItem.DURATION, region, "arm64").price == Decimal("0.000015")
        found = prices.source_of(PriceItem.LOG_INGESTION, region, "x86_64")
        assert found is not None
        assert (found.publication[:10], found.fetched) == ("2026-10-05", FETCHED)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"format": 2, "layers": []}',
        b'{"format": 1, "layers": [{}]}',
        b'{"format": 1, "layers": [5]}',
        b'{"format": 1, "layers": [{"publication": "", "source": "", "regions": {"x": {"x86_64": '
        b'{"no": "1"}}}}]}',
        b'{"format": 1, "layers": [{"publication": "", "source": "", "regions": {"x": {"x86_64": '
        b'{"request": "dear"}}}}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    cache = PriceCache(tmp_path)
    keep(cache, REGION)
    damaged = tmp_path / "prices-eu-west-1.json"
    damaged.write_bytes(content)
    assert len(cache.load()) == 2
    assert not damaged.exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "prices").write_text("a file in the way")
    with pytest.raises(UserError) as caught:
        keep(PriceCache(tmp_path / "prices"), REGION)
    assert caught.value.kind is ErrorKind.STORAGE
    assert PriceCache(tmp_path / "prices").load() == []


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path)
    keep(cache, REGION)
    cache.save(REGION, [])
    assert json.loads((tmp_path / f"prices-{REGION}.json").read_bytes()) == {"format": 1, "layers": []}
    assert [path.name for path in tmp_path.iterdir()] == [f"prices-{REGION}.json"]
