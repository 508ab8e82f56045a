"""The sums of the Charts page are those of the REPORT lines, for each function of the sample account."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from PySide6.QtWidgets import QApplication

from lambdadesk.aws.clients import Limits
from lambdadesk.core.money import format_money
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import Clients
from lambdadesk.local.samples import SAMPLES, Sample, load_event
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import REGION, Desk, until

RUNS = 2
# The list prices of us-east-1: of a GB-second by architecture, and of a request.
GB_SECOND = {"x86_64": Decimal("0.0000166667"), "arm64": Decimal("0.0000133334")}
REQUEST = Decimal("0.0000002")
REPORT = re.compile(
    r"REPORT RequestId: \S+\s+Duration: (?P<duration>[\d.]+) ms\s+Billed Duration: (?P<billed>\d+) ms\s+"
    r"Memory Size: (?P<size>\d+) MB\s+Max Memory Used: (?P<used>\d+) MB"
)


class Line(NamedTuple):
    duration_ms: float
    billed_ms: int
    size_mb: int
    used_mb: int


def read_reports(clients: Clients, name: str) -> list[Line]:
    """What the function's log says, read without any of LambdaDesk's own parsers."""
    found = []
    pages = (
        clients.get("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    )
    for message in (event["message"] for page in pages for event in page["events"]):
        match = REPORT.search(message)
        if match is not None:
            found.append(Line(float(match[1]), int(match[2]), int(match[3]), int(match[4])))
        elif message.startswith("{") and json.loads(message).get("type") == "platform.report":
            told = json.loads(message)["record"]["metrics"]
            numbers = (told[key] for key in ("billedDurationMs", "memorySizeMB", "maxMemoryUsedMB"))
            found.append(Line(float(told["durationMs"]), *numbers))
    return found


def run_all(clients: Clients) -> None:
    def run(sample: Sample) -> None:
        for _run in range(RUNS):
            event = load_event(sample.name) or "{}"
            clients.get("lambda").invoke(FunctionName=sample.name, Payload=event.encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, SAMPLES))


async def test_sums_are_those_of_the_report_lines(
    qapp: QApplication, tmp_path: Path, url: str, account: SeededAccount, clients: Clients
) -> None:
    run_all(clients)
    with FakeAws() as unused:
        desk = Desk(qapp, unused, tmp_path / "home", Limits())
    desk.is_connected_at_start = False
    async with desk:
        desk.window.places.open_target("", REGION, url)
        for sample in SAMPLES:
            page = await desk.open(sample.name, "Charts")
            chart = desk.get("durationChart")
            await until(
                lambda chart=chart: chart.point_count() >= RUNS, lambda: desk.text("chartSummary"), 20
            )
            lines = read_reports(clients, sample.name)
            count = len(lines)
            await until(lambda chart=chart, count=count: chart.point_count() == count)
            duration, memory = desk.get("durationChart").points, desk.get("memoryChart").points
            assert sorted(duration.values) == sorted(line.duration_ms for line in lines)
            assert sorted(memory.values) == sorted(line.used_mb for line in lines)
            assert set(memory.ceilings) == {line.size_mb for line in lines} == {sample.memory_mb}
            mb_ms = sum(line.billed_ms * line.size_mb for line in lines)
            gb_seconds = Decimal(mb_ms) / 1024 / 1000
            cost = gb_seconds * GB_SECOND[sample.architecture] + len(lines) * REQUEST
            wanted = f"{len(lines)} invocations since"
            await until(lambda wanted=wanted: wanted in desk.text("chartSummary"))
            parts = desk.text("chartSummary").split(" · ")
            assert f"{gb_seconds:,.6f} GB-s" in parts
            assert format_money(cost) in parts
            failed = sum(1 for kind in duration.kinds if kind)
            assert f"{failed} failed" in parts
            assert failed == (len(lines) if sample.name in ("always-fails", "too-slow") else 0)
            assert page.charts is not None
            assert page.charts.columns.totals() == desk.connection.ledger.totals(sample.name)
            await desk.close_tab()
