"""Downloading prices: packed or not, broken off, dripping, too large, refused, from nowhere."""

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from lambdadesk.aws.price_list import PRICE_LIST_URL, DownloadLimits, fetch_prices
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.desk.tasks import TaskScope
from tests.conftest import wait_for_threads
from tests.servers.price_list import PriceListServer, lambda_offer

REGION = "eu-south-2"
QUICK = DownloadLimits(read_s=30, deadline_s=30, size_bytes=1_000_000)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """A download that nobody waits for any more ends with its server."""
    yield
    wait_for_threads("in_thread _download", within_s=30)


@pytest.fixture
def server() -> Iterator[PriceListServer]:
    with PriceListServer() as server:
        server.add_region(REGION)
        yield server


async def refused(server: PriceListServer, **options: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        await fetch_prices(REGION, server.url, limits=options.get("limits", QUICK))
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("packs", [True, False])
async def test_both_offers_of_the_region_are_read(server: PriceListServer, packs: bool) -> None:
    server.packs = packs
    heard: list[int] = []
    found = await fetch_prices(REGION, server.url, limits=QUICK, progress=heard.append)
    assert [(each.offer, each.publication[:10]) for each in found] == [
        ("AWSLambda", "2026-10-01"),
        ("AmazonCloudWatch", "2026-10-05"),
    ]
    assert found[0].items["arm64"]["duration"] == [{"up_to": None, "price": "0.000015"}]
    assert server.paths == [
        f"/offers/v1.0/aws/AWSLambda/current/{REGION}/index.json",
        f"/offers/v1.0/aws/AmazonCloudWatch/current/{REGION}/index.json",
    ]
    assert heard == sorted(heard)
    sizes = [len(gzip.compress(body)) if packs else len(body) for body in server.files.values()]
    assert heard[-1] == sum(sizes)


async def test_a_region_that_is_not_published_is_told(server: PriceListServer) -> None:
    server.files.clear()
    error = await refused(server)
    assert (error.message, error.kind) == (f"AWS publishes no price list for {REGION}.", ErrorKind.NOT_FOUND)


@pytest.mark.parametrize("status", [301, 500, 503])
async def test_other_answers_are_told(server: PriceListServer, status: int) -> None:
    def fault(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(status)
        handler.send_header("Location", "http://127.0.0.1:9/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    server.fault = fault
    assert f"HTTP {status}" in (await refused(server)).message


@pytest.mark.parametrize(
    "body", [b"<!doctype html><title>Sign in</title>", b'{"offerCode": "AWSLambda"}', b"", b"[1, 2]"]
)
async def test_what_is_no_price_list_is_refused(server: PriceListServer, body: bytes) -> None:
    server.files = dict.fromkeys(server.files, body)
    error = await refused(server)
    assert (error.message, error.kind) == (
        f"The price list of {REGION} can't be understood.",
        ErrorKind.NOT_AWS,
    )


async def test_another_offer_than_asked_for_is_refused(server: PriceListServer) -> None:
    first, second = server.files
    server.files[second] = server.files[first]
    assert "it is of AWSLambda" in (await refused(server)).details


async def test_a_download_that_breaks_off_is_told(server: PriceListServer) -> None:
    def fault(handler: Any) -> bool:
        handler.answer(200, b'{"offerCode"', declared=5000)
        handler.close_connection = True
        return True

    server.fault = fault
    assert (await refused(server)).kind is ErrorKind.OFFLINE


@pytest.mark.parametrize("cut", [10, 200])
async def test_a_packed_file_that_is_cut_or_damaged_is_told(server: PriceListServer, cut: int) -> None:
    packed = gzip.compress(next(iter(server.files.values())))

    def fault(handler: Any) -> bool:
        handler.answer(200, packed[:cut] if cut == 10 else packed[:cut] + b"\xff" * 50, "gzip")
        return True

    server.fault = fault
    assert (await refused(server)).message == "The download broke off."


@pytest.mark.parametrize("is_packed", [True, False])
async def test_a_file_that_is_too_large_is_not_read(server: PriceListServer, is_packed: bool) -> None:
    body = b" " * 20_000_000

    def fault(handler: Any) -> bool:
        handler.answer(200, gzip.compress(body) if is_packed else body, "gzip" if is_packed else "")
        return True

    server.fault = fault
    assert "larger than 1,000,000 bytes" in (await refused(server)).message


async def test_silence_is_not_waited_for_for_ever(server: PriceListServer) -> None:
    def fault(_handler: Any) -> bool:
        server.stopping.wait(30)
        return True

    server.fault = fault
    assert (await refused(server, limits=replace(QUICK, read_s=0.3))).kind is ErrorKind.TIMEOUT


async def test_an_answer_that_drips_ends_at_the_deadline(server: PriceListServer) -> None:
    def fault(handler: Any) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not server.stopping.wait(0.05):
            handler.wfile.write(b" ")
        return True

    server.fault = fault
    error = await refused(server, limits=replace(QUICK, deadline_s=0.5))
    assert (error.message, error.kind) == (
        f"The price list of {REGION} did not come within 0.5 s.",
        ErrorKind.TIMEOUT,
    )


async def test_cancelling_ends_the_wait(server: PriceListServer) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fault(_handler: Any) -> bool:
        loop.call_soon_threadsafe(asked.set)
        server.stopping.wait(30)
        return True

    async def download() -> None:
        await fetch_prices(REGION, server.url, limits=QUICK)
        raise AssertionError("it came in spite of all")

    server.fault = fault
    scope = TaskScope(lambda name, error: pytest.fail(f"{name}: {error}"))
    scope.start("download", download)
    await asked.wait()
    await scope.close()
    assert len(server.paths) == 1


async def test_nobody_there_is_told() -> None:
    with PriceListServer() as server:
        url = server.url
    with pytest.raises(UserError) as caught:
        await fetch_prices(REGION, url, limits=QUICK)
    assert caught.value.kind is ErrorKind.OFFLINE
    assert str(caught.value) == (
        "AWS's price list can't be reached. Check the network, then retry. The prices at hand stay in use."
    )


@pytest.mark.parametrize("region", ["", "../../x", "eu-west-1/../x", "EU"])
async def test_what_is_no_region_is_never_asked_for(server: PriceListServer, region: str) -> None:
    with pytest.raises(UserError):
        await fetch_prices(region, server.url)
    assert server.paths == []


async def test_only_this_machine_is_asked_without_encryption() -> None:
    with pytest.raises(UserError, match="by https only"):
        await fetch_prices(REGION, "http://prices.example.com")


async def test_china_is_not_looked_for_where_it_is_not() -> None:
    with pytest.raises(UserError, match="not published where"):
        await fetch_prices("cn-north-1", PRICE_LIST_URL)


async def test_prices_of_china_come_in_yuan(server: PriceListServer) -> None:
    server.add_region("cn-north-1", prefix="CNN1-", currency="CNY")
    found = await fetch_prices("cn-north-1", server.url)
    assert {each.currency for each in found} == {"CNY"}


def test_the_offer_of_the_server_holds_traps() -> None:
    names = [each["attributes"]["usagetype"] for each in lambda_offer(REGION)["products"].values()]
    assert any("Managed-Instances" in name for name in names)
