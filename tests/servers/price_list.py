"""PriceListServer, a protocol server of ours on loopback: the public files of the AWS Price List.

Offer files have the published shape: products with attributes, OnDemand terms with price dimensions as tiers.

    with PriceListServer() as server:
        server.add(lambda_offer("eu-west-1"))
        await fetch_prices("eu-west-1", server.url)
"""

import gzip
import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Tiers = Sequence[tuple[str, str, str]]  # (beginRange, endRange, price)
PUBLICATION = "2026-10-01T12:00:00Z"


def product(
    region: str, group: str, usage_type: str, tiers: str | Tiers, *, unit: str = "GB", currency: str = "USD",
    description: str = "",
) -> dict[str, Any]:  # fmt: skip
    """One product with its terms, to be put into an offer."""
    attributes = {
        "servicecode": "AWSLambda",
        "location": "Any" if not region else f"Region {region}",
        "locationType": "AWS Region",
        "regionCode": region,
        "group": group,
        "groupDescription": description or f"About {group}",
        "usagetype": usage_type,
        "operation": "",
        "servicename": "AWS Lambda",
    }
    rows = [("0", "Inf", tiers)] if isinstance(tiers, str) else tiers
    return {"attributes": attributes, "tiers": rows, "unit": unit, "currency": currency}


def offer(code: str, products: Sequence[dict[str, Any]], publication: str = PUBLICATION) -> dict[str, Any]:
    """An offer file with these products."""
    document: dict[str, Any] = {
        "formatVersion": "v1.0",
        "disclaimer": "This pricing list is for informational purposes only.",
        "offerCode": code,
        "version": "20261001120000",
        "publicationDate": publication,
        "products": {},
        "terms": {"OnDemand": {}},
    }
    for number, each in enumerate(products):
        sku = f"SKU{number:04d}"
        term = f"{sku}.JRTCKXETXF"
        document["products"][sku] = {
            "sku": sku,
            "productFamily": "Serverless",
            "attributes": each["attributes"],
        }
        dimensions = {
            f"{term}.RC{index}": {
                "rateCode": f"{term}.RC{index}",
                "description": "AWS Lambda - of a test",
                "beginRange": begin,
                "endRange": end,
                "unit": each["unit"],
                "pricePerUnit": {each["currency"]: price},
                "appliesTo": [],
            }
            # Not in their order: a JSON object has none.
            for index, (begin, end, price) in reversed(list(enumerate(each["tiers"])))
        }
        document["terms"]["OnDemand"][sku] = {
            term: {
                "offerTermCode": "JRTCKXETXF",
                "sku": sku,
                "effectiveDate": "2026-10-01T00:00:00Z",
                "priceDimensions": dimensions,
                "termAttributes": {},
            }
        }
    return document


def lambda_offer(region: str, prefix: str = "EUX1-", currency: str = "USD") -> dict[str, Any]:
    """AWSLambda in a region, with everything that must not be taken for a price of it."""

    def add(
        group: str, usage_type: str, tiers: str | Tiers, description: str = "", place: str = region
    ) -> None:
        products.append(
            product(place, group, usage_type, tiers, currency=currency, description=description)
        )  # fmt: skip

    products: list[dict[str, Any]] = []
    duration = [("0", "6000000000", "0.00002"), ("6000000000", "15000000000", "0.000018")]
    add("AWS-Lambda-Duration", f"{prefix}Lambda-GB-Second", [*duration, ("15000000000", "Inf", "0.000016")])
    add("AWS-Lambda-Duration-ARM", f"{prefix}Lambda-GB-Second-ARM", "0.000015")
    add("AWS-Lambda-Requests", f"{prefix}Request", "0.00000025")
    add("AWS-Lambda-Requests-ARM", f"{prefix}Request-ARM", "0.00000024")
    add("AWS-Lambda-Storage-Duration", f"{prefix}Lambda-Storage-GB-Second", "0.00000004")
    add("AWS-Lambda-Provisioned-Concurrency", f"{prefix}Lambda-Provisioned-Concurrency", "0.000005")
    add("AWS-Lambda-Duration-Provisioned", f"{prefix}Lambda-Provisioned-GB-Second", "0.00001")
    add("AWS-Lambda-Processed-Bytes", f"{prefix}Lambda-Streaming", "0.009")
    add("AWS-Lambda-Edge-Requests", "Lambda-Edge-Request", "0.0000007")
    add("AWS-Lambda-Edge-Duration", "Lambda-Edge-GB-Second", "0.00006")
    add("AWS-Lambda-Durable-Execution-Operations", f"{prefix}Durable-Ops", "0.000009")
    add("AWS-Lambda-Event-Poller-Unit-Duration", f"{prefix}Epu", "0.2")
    add("AWS-Lambda-SQS-Event-Poller-Unit-Duration", f"{prefix}SqsEpu", "0.01")
    add("Lambda-Snap-A", f"{prefix}Snap-A", "0.000002", "Cached snapshot of a published version")
    add("Lambda-Snap-B", f"{prefix}Snap-B", "0.00015", "Restored from a snapshot")
    # None of these is a price of the region.
    add("AWS-Lambda-Duration", "Global-Lambda-GB-Second", "0", place="")
    add("AWS-Lambda-Requests", "Global-Request", "0", place="")
    add("AWS-Lambda-Duration", f"{prefix}Lambda-Managed-Instances-c7g", "0.5")
    add("AWS-Lambda-Duration", f"{prefix}Lambda-GB-Second", "0", "China free tier")
    add("AWS-Lambda-Duration", "OTH1-Lambda-GB-Second", "0.9", place="xx-other-1")
    add("AWS-Lambda-Duration-Something-New", f"{prefix}New", "0.7")
    return offer("AWSLambda", products)


def cloudwatch_offer(region: str, prefix: str = "EUX1-", currency: str = "USD") -> dict[str, Any]:
    """AmazonCloudWatch in a region, with neighbours of what is looked for."""
    vended = [("0", "10240", "0.6"), ("10240", "30720", "0.3"), ("30720", "Inf", "0.06")]
    rows: list[tuple[str, str | Tiers]] = [
        ("VendedLog-Bytes", vended),
        ("VendedLog-Bytes-CFLogs", "0.11"),
        ("VendedLogIA-Bytes", "0.12"),
        ("DataProcessing-Bytes", "0.13"),
        ("DataScanned-Bytes", "0.006"),
        ("Logs-LiveTail", [("0", "1800", "0"), ("1800", "Inf", "0.012")]),
        ("CW:GMD-Metrics", "0.000012"),
        ("CW:Requests", [("0", "1000000", "0"), ("1000000", "Inf", "0.000011")]),
        ("CW:MetricMonitorUsage", "0.00001"),
    ]
    return offer(
        "AmazonCloudWatch",
        [product(region, "", f"{prefix}{usage}", tiers, currency=currency) for usage, tiers in rows],
        "2026-10-05T12:00:00Z",
    )


class PriceListServer:
    """Serves offers by code and region; a context manager. Unknown files are answered as S3 does: 403."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.paths: list[str] = []  # asked for, in their order
        self.fault: Callable[[BaseHTTPRequestHandler], bool] | None = None  # True: it has answered
        self.packs = True
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.prices = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, document: dict[str, Any], region: str) -> None:
        path = f"/offers/v1.0/aws/{document['offerCode']}/current/{region}/index.json"
        self.files[path] = json.dumps(document).encode()

    def add_region(self, region: str, **options: Any) -> None:
        """Both offers of a region."""
        self.add(lambda_offer(region, **options), region)
        self.add(cloudwatch_offer(region, **options), region)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    prices: PriceListServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        prices = self.server.prices
        prices.paths.append(self.path)
        if prices.fault is not None and prices.fault(self):
            self.close_connection = True
            return
        body = prices.files.get(self.path)
        if body is None:
            self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            return
        if prices.packs and "gzip" in self.headers.get("accept-encoding", ""):
            self.answer(200, gzip.compress(body), "gzip")
        else:
            self.answer(200, body)

    def answer(self, status: int, body: bytes, encoding: str = "", declared: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if declared is None else declared))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quietly."""
