"""The Cost page on the sample account: what it shows is the sum of the REPORT lines, by function."""

import json
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication

from lambdadesk.aws.clients import Limits
from lambdadesk.core.money import format_money
from lambdadesk.core.threads import in_thread
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import Clients
from lambdadesk.local.samples import SAMPLES, load_event
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import REGION, Desk, click, rows, until

PRICES = {"x86_64": Decimal("0.0000166667"), "arm64": Decimal("0.0000133334")}
REPORT = re.compile(r"REPORT RequestId: (\S+).*?Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB", re.S)


def run_all(clients: Clients) -> None:
    client = clients.get("lambda")

    def run(name: str) -> None:
        client.invoke(FunctionName=name, Payload=(load_event(name) or "{}").encode())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, (sample.name for sample in SAMPLES)))


def read_reports(clients: Clients) -> dict[str, list[tuple[int, int]]]:
    """(billed milliseconds, memory) of every REPORT line, by function."""
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for sample in SAMPLES:
        group = f"/aws/lambda/{sample.name}"
        try:
            pages = clients.get("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
            events = [event["message"] for page in pages for event in page["events"]]
        except clients.get("logs").exceptions.ResourceNotFoundException:
            continue
        for message in events:
            if match := REPORT.search(message):
                found[sample.name].append((int(match[2]), int(match[3])))
            elif '"platform.report"' in message:
                metrics = json.loads(message)["record"]["metrics"]
                found[sample.name].append((metrics["billedDurationMs"], metrics["memorySizeMB"]))
    return found


def read_architectures(clients: Clients) -> dict[str, str]:
    pages = clients.get("lambda").get_paginator("list_functions").paginate()
    functions: list[dict[str, Any]] = [each for page in pages for each in page["Functions"]]
    return {each["FunctionName"]: each.get("Architectures", ["x86_64"])[0] for each in functions}


async def test_sums_over_the_report_lines_are_what_the_page_shows(
    qapp: QApplication, tmp_path: Path, url: str, account: SeededAccount, clients: Clients
) -> None:
    await in_thread(run_all, clients)
    with FakeAws() as unused:
        desk = Desk(qapp, unused, tmp_path / "home", Limits())
    desk.is_connected_at_start = False
    async with desk:
        desk.window.places.open_target("", REGION, url)
        await desk.listed()
        desk.turn_to_cost()
        assert {sample.name for sample in SAMPLES} <= set(desk.function_names())

        def shown() -> dict[str, list[str]]:
            return {row[0]: row[1:] for row in rows(desk.get("costTable"))}

        architectures = await in_thread(read_architectures, clients)
        total = Decimal(0)
        for _attempt in range(20):  # events flow on meanwhile: the logs are read until both agree
            reports = await in_thread(read_reports, clients)
            await desk.connection.dashboard.read()
            again = await in_thread(read_reports, clients)
            if reports == again:
                break
        await until(lambda: {name: row[2] for name, row in shown().items()} == counts(reports), shown, 20)
        for name, lines in reports.items():
            gb_s = sum((Decimal(billed * memory) / 1024 / 1000 for billed, memory in lines), Decimal(0))
            cost = gb_s * PRICES[architectures[name]] + len(lines) * Decimal("0.0000002")
            total += cost
            shown_cost, _million, invocations, _errors, shown_gb_s, _hint = shown()[name]
            assert (invocations, shown_gb_s, shown_cost) == (
                f"{len(lines):,}",
                f"{gb_s:,.3f}",
                format_money(cost),
            ), name
        assert set(shown()) == {sample.name for sample in SAMPLES}
        assert desk.text("costTotal") == format_money(total)

        click(desk.get("costMonth"), QPoint(8, desk.get("costMonth").height() // 2))
        await until(lambda: len(rows(desk.get("monthTable"))) >= len(SAMPLES), within_s=20)
        month = {row.title: row for row in desk.get("monthTable").model().get_rows()}
        for name, lines in reports.items():
            gb_s = sum((Decimal(billed * memory) / 1024 / 1000 for billed, memory in lines), Decimal(0))
            assert month[name].requests == len(lines)
            assert month[name].gb_seconds == gb_s
            assert month[name].cost == gb_s * PRICES[architectures[name]] + len(lines) * Decimal("0.0000002")
        assert month["hello"].is_exact
        assert "not offered" in desk.text("monthLogs")


def counts(reports: dict[str, list[tuple[int, int]]]) -> dict[str, str]:
    return {name: f"{len(lines):,}" for name, lines in reports.items()}
