"""Sizes that a person gave to the pages of a function survive a restart, and the closing of its tab."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt

from tests.servers.fake_aws import make_function
from tests.servers.fake_mappings import make_mapping
from tests.servers.fake_services import FakeServices, to_policy
from tests.ui.desk import Desk, until

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


@pytest.fixture
def aws() -> Iterator[FakeServices]:
    with FakeServices() as server:
        server.functions = [make_function("hello"), make_function("other")]
        server.mappings = [make_mapping("11111111-0000-4000-8000-000000000000", ARN, QUEUE)]
        server.answers["GetPolicy"] = to_policy()
        yield server


async def open_all(desk: Desk, function: str = "hello") -> None:
    await desk.open(function, "Triggers")
    await until(desk.get("triggersRefresh").isEnabled)
    for page in ("Configuration", "Role"):
        desk.turn_to(page)


def shape(desk: Desk) -> None:
    table = desk.get("triggerTable")
    table.horizontalHeader().resizeSection(1, 211)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    desk.get("configurationView").header().resizeSection(0, 333)
    desk.get("roleSplitter").setSizes([400, 380])


def shapes(desk: Desk) -> tuple[int, int, int]:
    header = desk.get("triggerTable").horizontalHeader()
    left, right = desk.get("roleSplitter").sizes()
    assert header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
    return header.sectionSize(1), desk.get("configurationView").header().sectionSize(0), left > right


async def test_columns_and_splitters_of_pages_survive_a_restart(desk: Desk, aws: FakeServices) -> None:
    await open_all(desk)
    shape(desk)
    await open_all(desk, "other")  # which has the same, as it was
    desk.get_tabs().setCurrentIndex(1)
    await desk.close()
    desk.console.settings.save_now()
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await open_all(again)
        assert shapes(again) == (211, 333, True)


async def test_columns_and_splitters_survive_the_closing_of_a_tab(desk: Desk) -> None:
    await open_all(desk)
    shape(desk)
    await desk.close_tab()
    await open_all(desk)
    assert shapes(desk) == (211, 333, True)
