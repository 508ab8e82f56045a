"""A power sweep on MiniStack: its versions and revisions are real, and nothing of it is left."""

from pathlib import Path

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.sizes import fetch_sizes, fetch_state
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.power_sweep import SweepPlan
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Target
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.power_sweep import PowerSweep
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.local.clients import Clients
from lambdadesk.store.history import History
from lambdadesk.store.sweep_journal import SweepJournal
from tests.local.running import create_function

SOURCE = """
import os
def handler(event, context):
    return [context.function_version, os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]]
"""


async def test_each_version_runs_with_its_size_and_nothing_is_left(
    url: str, clients: Clients, tmp_path: Path
) -> None:
    create_function(clients, "sized", SOURCE)
    function = FunctionInfo("sized", runtime="python3.12", timeout_s=30)
    gateway = Gateway(Target("us-east-1", endpoint_url=url))
    history = History(tmp_path / "history.sqlite")
    await history.open()
    ledger = InvocationLedger(lambda *_facts: None, match_by_time=True)
    invoker = Invoker(gateway, history, ledger)
    failures: list[Exception] = []
    journal = SweepJournal(tmp_path / "sweeps")
    power = PowerSweep(gateway, invoker, journal, lambda _name, error: failures.append(error))
    scope = TaskScope(lambda _name, error: failures.append(error))
    before = await fetch_state(gateway, "sized")
    plan = SweepPlan(InvokeRequest(function, b"{}"), (128, 512, 1024), runs=2)

    async def run() -> None:
        await power.run(plan)

    scope.start("sweep", run)
    await scope.wait("sweep")
    sweep = power.sweep
    assert sweep is not None
    assert (failures, sweep.error, sweep.trouble) == ([], None, None)
    entries = [entry for entry in await history.recent(gateway.target.key, "sized")]
    answers = {(await history.entry(entry.id)).response for entry in entries}  # type: ignore[union-attr]
    assert answers == {b'["1", "128"]', b'["2", "512"]', b'["3", "1024"]'}
    assert [(point.version, point.is_made, len(point.runs)) for point in sweep.points] == [
        ("1", True, 2),
        ("2", True, 2),
        ("3", True, 2),
    ]
    after = await fetch_state(gateway, "sized")
    assert (before.memory_mb, after.memory_mb) == (128, 128)
    assert after.revision_id != before.revision_id
    assert await fetch_sizes(gateway, "sized") == {128: "$LATEST"}
    assert list(journal.folder.glob("*")) == []
    power.close()
    invoker.close()
    await gateway.close()
    await history.close()
