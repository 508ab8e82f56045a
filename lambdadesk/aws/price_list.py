"""Downloading list prices from the AWS Price List's public files, which takes no credentials.

Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html.
"""

import asyncio
import os
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from lambdadesk.aws.endpoints import is_loopback, is_region
from lambdadesk.aws.failures import get_plain_text, to_user_error
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.offers import OFFERS, OfferPrices, read_offer
from lambdadesk.core.threads import in_thread

PRICE_LIST_URL = "https://pricing.us-east-1.amazonaws.com"
_KEPT = "The prices at hand stay in use."
_CHUNK_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How long a file is waited for, and how large it may be."""

    connect_s: float = 5.0
    read_s: float = 20.0  # between two bytes
    deadline_s: float = 120.0  # for one file
    size_bytes: int = 64 * 1024**2  # unpacked; a region's files are a few MB


async def fetch_prices(
    region: str,
    base_url: str = PRICE_LIST_URL,
    *,
    limits: DownloadLimits | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[OfferPrices]:
    """The published prices of a region, one OfferPrices for each of `OFFERS`. Raises UserError.

    progress: called on the event loop with the bytes that came so far. Cancelling ends the download.
    """
    if not is_region(region):
        raise UserError(f"{region[:60]!r} is not an AWS region.", kind=ErrorKind.INVALID)
    if region.startswith("cn-") and base_url == PRICE_LIST_URL:
        raise UserError(
            f"The prices of {region} are not published where those of the other regions are.",
            _KEPT,
            kind=ErrorKind.NOT_FOUND,
        )
    base_url = base_url.rstrip("/")
    if urlsplit(base_url).scheme != "https" and not is_loopback(base_url):
        raise UserError(
            "Prices are downloaded by https only.", "Use an https address.", kind=ErrorKind.INVALID
        )
    bounds = limits or DownloadLimits()
    found, done = [], 0
    for offer in OFFERS:
        url = f"{base_url}/offers/v1.0/aws/{offer}/current/{region}/index.json"
        before = done

        def tell(count: int, before: int = before) -> None:
            nonlocal done
            done = before + count
            if progress is not None:
                progress(done)

        document = await _fetch(url, region, bounds, tell)
        try:
            found.append(await in_thread(_read, document, offer, region))
        except ValueError as error:
            raise UserError(
                f"The price list of {region} can't be understood.",
                _KEPT,
                kind=ErrorKind.NOT_AWS,
                details=f"{url}\n{get_plain_text(error)}",
            ) from error
    return found


def today() -> str:
    """Now, as the date of a download (ISO 8601, UTC)."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(document: bytes, offer: str, region: str) -> OfferPrices:
    import orjson

    prices = read_offer(orjson.loads(document), region)
    if prices.offer != offer:
        raise ValueError(f"it is of {prices.offer[:40]}")
    return prices


async def _fetch(url: str, region: str, limits: DownloadLimits, tell: Callable[[int], None]) -> bytes:
    loop = asyncio.get_running_loop()
    stop = threading.Event()

    def tell_unless_stopped(count: int) -> None:
        if not stop.is_set():
            tell(count)

    def tell_loop(count: int) -> None:
        with suppress(RuntimeError):  # the loop may be gone by now
            loop.call_soon_threadsafe(tell_unless_stopped, count)

    deadline = asyncio.timeout(limits.deadline_s)
    try:
        async with deadline:
            return await in_thread(_download, url, region, limits, stop, tell_loop)
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise UserError(
            f"The price list of {region} did not come within {limits.deadline_s:g} s.",
            f"Check the network, then retry. {_KEPT}",
            kind=ErrorKind.TIMEOUT,
            details=url,
        ) from error
    finally:
        stop.set()


def _download(
    url: str, region: str, limits: DownloadLimits, stop: threading.Event, tell: Callable[[int], None]
) -> bytes:
    """The unpacked file; runs in a thread. Raises UserError; an empty file where it was stopped."""
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    session = URLLib3Session(
        timeout=(limits.connect_s, limits.read_s),
        proxies=get_environ_proxies(url),
        verify=os.environ.get("AWS_CA_BUNDLE") or True,
    )
    response = None
    try:
        request = AWSRequest("GET", url, {"Accept-Encoding": "gzip"}, stream_output=True).prepare()
        response = session.send(request)
        _check_status(response.status_code, region, url)
        return _unpack(response, limits, stop, tell)
    except Exception as error:
        import urllib3.exceptions

        if isinstance(error, urllib3.exceptions.HTTPError | zlib.error):
            raise UserError(
                "The download broke off.",
                f"Retry. {_KEPT}",
                kind=ErrorKind.OFFLINE,
                details=f"{url}\n{error!r}",
            ) from error
        from botocore.exceptions import EndpointConnectionError

        if isinstance(error, EndpointConnectionError):  # no endpoint or region of the person's is meant
            raise UserError(
                "AWS's price list can't be reached.",
                f"Check the network, then retry. {_KEPT}",
                kind=ErrorKind.OFFLINE,
                details=f"{url}\n{error}",
            ) from error
        failure = to_user_error(error, "pricing", "the price list")
        failure.details = failure.details or url
        raise failure from error
    finally:
        if response is not None:
            response.raw.close()
        session.close()


def _check_status(status: int, region: str, url: str) -> None:
    if status == 200:
        return
    if status in (403, 404):
        message, kind = f"AWS publishes no price list for {region}.", ErrorKind.NOT_FOUND
    else:
        message, kind = f"The price list could not be downloaded (HTTP {status}).", ErrorKind.OTHER
    raise UserError(message, _KEPT, kind=kind, details=url)


def _unpack(
    response: Any, limits: DownloadLimits, stop: threading.Event, tell: Callable[[int], None]
) -> bytes:
    is_packed = response.headers.get("content-encoding", "").lower() == "gzip"
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS) if is_packed else None
    whole = bytearray()
    came = 0
    for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
        if stop.is_set():
            return b""
        came += len(chunk)
        # One byte too many is enough to know that it is too large.
        whole += unpacker.decompress(chunk, limits.size_bytes + 1 - len(whole)) if unpacker else chunk
        if len(whole) > limits.size_bytes:
            raise UserError(
                f"The price list is larger than {limits.size_bytes:,} bytes, so it was not read.",
                _KEPT,
                kind=ErrorKind.NOT_AWS,
            )
        tell(came)
    if unpacker is not None and not unpacker.eof:
        raise UserError("The download broke off.", f"Retry. {_KEPT}", kind=ErrorKind.OFFLINE)
    return bytes(whole)
