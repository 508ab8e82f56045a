"""The Timeline page on the sample account: what really ran, and how it ended, each once."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from lambdadesk.aws.clients import Limits
from lambdadesk.core.timeline import Kind
from lambdadesk.core.timeline_lanes import UNKNOWN_ENVIRONMENT
from lambdadesk.local.account import SeededAccount
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import REGION, Desk, until

FUNCTIONS = {"hello": Kind.OK, "always-fails": Kind.ERROR, "too-slow": Kind.TIMEOUT}
RUNS = 2


async def test_every_run_is_in_an_environment_and_ended_as_it_did(
    qapp: QApplication, tmp_path: Path, url: str, account: SeededAccount
) -> None:
    with FakeAws() as unused:
        desk = Desk(qapp, unused, tmp_path / "home", Limits())
    desk.is_connected_at_start = False
    async with desk:
        desk.window.places.open_target("", REGION, url)
        for function, kind in FUNCTIONS.items():
            await desk.open(function)
            for _ in range(RUNS):
                await desk.invoke()
            desk.turn_to("Timeline")
            await desk.polled()
            await told(desk)
            timeline = desk.get("timelineView").timeline
            assert timeline.kinds.tolist() == [kind] * RUNS
            assert desk.connection.ledger.totals(function).invocations == RUNS
            assert timeline.summary().peak == 1  # one was asked for after the other


async def told(desk: Desk) -> None:
    """Wait until the log has told of every run."""
    view = desk.get("timelineView")

    def lanes() -> list[str]:
        return [lane.title for lane in view.timeline.lanes]

    await until(lambda: view.point_count() == RUNS and UNKNOWN_ENVIRONMENT not in lanes(), lanes, 20)
