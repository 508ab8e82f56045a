"""The Triggers page on the sample account: everything confirmed, until its source is taken away."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from lambdadesk.aws.clients import Limits
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import Clients
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import REGION, Desk, click, rows, until, visible_words

TRIGGERS = {
    "image-thumbnailer": ("S3", "holiday-pictures", "push async"),
    "post-commit-notice": ("SNS", "post-commits", "push async"),
    "order-worker": ("SQS", "orders", "polled"),
    "clickstream-aggregator": ("Kinesis", "clickstream", "polled"),
    "stock-auditor": ("DynamoDB", "stock", "polled"),
    "heartbeat": ("EventBridge", "heartbeat-every-minute", "push async"),
    "orders-api": ("API Gateway", "orders", "push sync"),
    "sign-up-check": ("Cognito", "customers", "push sync"),
}


def shown(desk: Desk) -> list[list[str]]:
    return rows(desk.get("triggerTable"))


async def scanned(desk: Desk) -> None:
    await until(desk.get("triggersRefresh").isEnabled, lambda: visible_words(desk.page), 20)


async def test_every_sample_trigger_is_confirmed_until_its_source_is_gone(
    qapp: QApplication, tmp_path: Path, url: str, account: SeededAccount, clients: Clients
) -> None:
    with FakeAws() as unused:
        desk = Desk(qapp, unused, tmp_path / "home", Limits())
    desk.is_connected_at_start = False
    async with desk:
        desk.window.places.open_target("", REGION, url)
        for function, (source, name, mode) in TRIGGERS.items():
            await desk.open(function, "Triggers")
            await scanned(desk)
            (row,) = shown(desk)
            assert (row[0], row[1], row[2], row[4]) == (source, name, mode, "confirmed")
            assert not desk.get("triggersUnchecked").isVisible()
        await desk.open("order-worker", "Triggers")
        description = desk.get("triggerPicture").accessibleDescription()
        assert "orders · SQS (confirmed)" in description
        assert "orders-dead-letters · DLQ of SQS orders" in description
        click(desk.get("mappingSwitch"))
        await until(lambda: shown(desk)[0][3] == "Disabled")
        await until(desk.get("mappingSwitch").isEnabled)
        click(desk.get("mappingSwitch"))
        await until(lambda: shown(desk)[0][3] == "Enabled")
        clients.get("sqs").delete_queue(QueueUrl=account.queue_url)
        click(desk.get("triggersRefresh"))
        await scanned(desk)
        assert shown(desk)[0][4] == "permitted only (source gone)"
        assert "▲ " in desk.get("triggerEvidence").toPlainText()
