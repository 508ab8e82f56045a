"""A power sweep changes memory only as long as it must, and puts all back whatever ends it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.sizes import delete_version, fetch_sizes
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.power_sweep import Found, SweepPlan
from lambdadesk.core.types import InvokeRequest
from lambdadesk.desk.power_sweep import PowerSweep, Sweep, SweepPhase
from lambdadesk.desk.sweep_restorer import Restorer, fetch_lost
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.sweep_journal import SweepJournal
from tests.desk.test_invoker import HELLO, Bench, opened
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.faults import Exchange, Fault

REQUEST = InvokeRequest(HELLO, b"{}")
SIZES = (128, 512, 1024)
CHANGES = ("UpdateFunctionConfiguration", "PublishVersion", "DeleteFunction", "Invoke")


class Rig:
    def __init__(self, aws: FakeAws, bench: Bench, folder: Path) -> None:
        self.aws = aws
        self.gateway = bench.gateway
        self.journal = SweepJournal(folder / "sweeps")
        self.failures: list[Exception] = []
        self.steps: list[str] = []
        self.scope = TaskScope(lambda _name, error: self.failures.append(error))
        self.power = PowerSweep(
            bench.gateway, bench.invoker, self.journal, self.scope.report, pauses_s=(0.001, 0.001)
        )
        self.power.changed.connect(self._note)

    def _note(self) -> None:
        assert self.power.sweep is not None
        step = self.power.sweep.step
        if step and step not in self.steps[-1:]:
            self.steps.append(step)

    @property
    def function(self) -> dict[str, Any]:
        return self.aws.functions[0]

    def start(self, plan: SweepPlan, *, confirmed: bool = False) -> None:
        async def run() -> None:
            await self.power.run(plan, confirmed=confirmed)

        self.scope.start("sweep", run)

    async def sweep(self, plan: SweepPlan | None = None, *, confirmed: bool = False) -> Sweep:
        self.start(plan or SweepPlan(REQUEST, SIZES, runs=3), confirmed=confirmed)
        return await self.finish()

    async def finish(self) -> Sweep:
        await self.scope.wait("sweep")
        assert self.failures == []
        assert self.power.sweep is not None
        assert self.power.sweep.phase is SweepPhase.DONE
        return self.power.sweep

    def check_all_is_back(self) -> None:
        """The memory, the versions, and nothing to remember."""
        assert self.function["MemorySize"] == 128
        assert self.aws.versions.get("hello", []) == []
        assert list(self.journal.folder.glob("*")) == []

    def changes(self) -> list[str]:
        return [request.operation for request in self.aws.requests() if request.operation in CHANGES]

    def memories_set(self) -> list[int]:
        return [json.loads(each.body)["MemorySize"] for each in self.aws.requests(CHANGES[0])]

    def during(self, operation: str, number: int, act: Callable[[], None]) -> None:
        """Do something else just before the answer to the n-th request of an operation."""

        def fault(exchange: Exchange) -> None:
            act()
            exchange.send(exchange.normal())

        normal: list[Fault] = [lambda exchange: exchange.send(exchange.normal())]
        self.aws.script(operation, *normal * (number - 1), fault)


@asynccontextmanager
async def rigged(
    aws: FakeAws, limits: Limits, folder: Path, guard: Guard = Guard.NORMAL
) -> AsyncIterator[Rig]:
    async with opened(aws, limits, folder / "history.sqlite") as bench:
        aws.change(aws.functions[0])
        bench.gateway.guard = guard
        rig = Rig(aws, bench, folder)
        yield rig
        await rig.scope.close()
        rig.power.close()
        rig.journal.close()


async def test_a_sweep_runs_each_size_and_puts_all_back(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    aws.took_ms = {128: 800, 512: 200, 1024: 150}
    aws.updating = 1
    async with rigged(aws, quick, tmp_path) as rig:
        seen: list[int] = []

        def answer(body: bytes) -> bytes:
            seen.append(rig.function["MemorySize"])
            return body

        aws.handlers["hello"] = answer
        sweep = await rig.sweep()
        assert (sweep.error, sweep.trouble, sweep.was_stopped) == (None, None, False)
        assert rig.memories_set() == [512, 1024, 128]
        assert rig.changes() == [
            *["PublishVersion", *CHANGES[:2], *CHANGES[:2], "UpdateFunctionConfiguration"],
            *["Invoke"] * 9,
            *["DeleteFunction"] * 3,
        ]
        assert seen == [128] * 9  # while versions run, $LATEST has its own memory again
        assert [request.params["Qualifier"] for request in aws.requests("Invoke")] == [*"111222333"]
        assert [request.params["Qualifier"] for request in aws.requests("DeleteFunction")] == [*"123"]
        found = {point.memory_mb: str(point.duration and point.duration.p50) for point in sweep.points}
        assert found == {128: "800.00", 512: "200.00", 1024: "150.00"}
        assert sweep.points[0].mean_cost == Decimal("0.0000002") + Decimal("0.1") * Decimal("0.0000166667")
        assert rig.steps[0] == "Reading what hello has"
        assert "Setting hello back to 128 MB" in rig.steps
        rig.check_all_is_back()


async def test_the_change_is_on_the_disk_before_it_is_made(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        kept: list[dict[str, Any]] = []

        def read() -> None:
            (path,) = rig.journal.folder.glob("*.json")
            kept.append(json.loads(path.read_bytes()))

        rig.during("UpdateFunctionConfiguration", 1, read)
        await rig.sweep(SweepPlan(REQUEST, (512,), runs=1))
        ((entry),) = kept
        assert (entry["function"], entry["memory_mb"], entry["set_mb"]) == ("hello", 128, [512])
        assert entry["is_changing"]
        rig.check_all_is_back()


@pytest.mark.parametrize("operation", ["UpdateFunctionConfiguration", "PublishVersion", "Invoke"])
@pytest.mark.parametrize("by", ["stop", "cancel"])
async def test_stop_in_each_phase_puts_all_back(
    aws: FakeAws, quick: Limits, tmp_path: Path, operation: str, by: str
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            end = rig.power.stop if by == "stop" else (lambda: rig.scope.cancel("sweep") and None)
            loop.call_soon_threadsafe(end)

        rig.during(operation, 2, stop)
        sweep = await rig.sweep(SweepPlan(REQUEST, SIZES, runs=50))
        assert (sweep.was_stopped, sweep.error, sweep.trouble) == (True, None, None)
        assert len(aws.requests("Invoke")) < 50
        rig.check_all_is_back()


@pytest.mark.parametrize(
    ("operation", "number", "fault", "kind"),
    [
        ("UpdateFunctionConfiguration", 1, faults.denied("lambda:UpdateFunctionConfiguration"), "denied"),
        ("UpdateFunctionConfiguration", 2, faults.throttled(), "throttled"),
        ("UpdateFunctionConfiguration", 2, faults.error(500, "ServiceException"), "other"),
        ("UpdateFunctionConfiguration", 2, faults.reset, "offline"),
        ("PublishVersion", 3, faults.denied("lambda:PublishVersion"), "denied"),
        ("PublishVersion", 2, faults.reset, "offline"),
        ("Invoke", 1, faults.denied("lambda:InvokeFunction"), "denied"),
    ],
)
async def test_a_failure_in_each_phase_is_told_and_all_put_back(
    aws: FakeAws, quick: Limits, tmp_path: Path, operation: str, number: int, fault: Fault, kind: str
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during(operation, number - 1, lambda: None) if number > 1 else None
        aws.script(operation, fault)
        sweep = await rig.sweep()
        assert sweep.error is not None
        assert (sweep.error.kind, sweep.trouble) == (ErrorKind(kind), None)
        rig.check_all_is_back()


async def test_what_shows_it_may_fail_and_all_is_put_back(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:

        def show() -> None:
            assert rig.power.sweep is not None
            if rig.power.sweep.former_mb:
                raise RuntimeError("can't be painted")

        rig.power.changed.connect(show)
        rig.start(SweepPlan(REQUEST, SIZES, runs=1))
        await rig.scope.wait("sweep")
        assert rig.power.sweep is not None
        assert rig.power.sweep.phase is SweepPhase.DONE
        assert rig.memories_set() == [512, 1024, 128]
        assert {str(failure) for failure in rig.failures} == {"can't be painted"}
        rig.check_all_is_back()


async def test_what_was_applied_though_its_answer_was_lost_is_put_back(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:

        def lose(exchange: Exchange) -> None:
            exchange.normal()
            faults.reset(exchange)

        aws.script("UpdateFunctionConfiguration", lose)
        sweep = await rig.sweep()
        assert sweep.error is not None
        assert sweep.trouble is None
        assert rig.memories_set() == [512, 128]
        rig.check_all_is_back()


async def test_a_change_that_may_still_come_is_made_void(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        before = rig.function["RevisionId"]
        aws.script("UpdateFunctionConfiguration", faults.reset)
        await rig.sweep()
        assert rig.memories_set() == [512, 128]  # though it had 128 MB
        assert rig.function["RevisionId"] != before
        rig.check_all_is_back()


async def test_a_look_that_is_behind_the_change_is_repeated(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    aws.stale = 3
    async with rigged(aws, quick, tmp_path) as rig:
        sweep = await rig.sweep(SweepPlan(REQUEST, (512,), runs=1))
        assert (sweep.error, sweep.trouble) == (None, None)
        rig.check_all_is_back()


async def test_a_change_that_never_shows_is_put_back_all_the_same(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        aws.stale = 22
        rig.during("UpdateFunctionConfiguration", 2, lambda: setattr(aws, "stale", 0))
        sweep = await rig.sweep(SweepPlan(REQUEST, (512,), runs=1))
        assert sweep.error is not None
        assert sweep.error.kind is ErrorKind.TIMEOUT
        assert sweep.trouble is None
        rig.check_all_is_back()


async def test_putting_it_back_is_tried_again(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during("UpdateFunctionConfiguration", 1, lambda: None)
        aws.script("UpdateFunctionConfiguration", faults.throttled(), faults.error(503, "Unavailable"))
        sweep = await rig.sweep(SweepPlan(REQUEST, (512,), runs=1))
        assert (sweep.error, sweep.trouble) == (None, None)
        rig.check_all_is_back()


async def test_what_can_not_be_put_back_is_told_and_remembered(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during("UpdateFunctionConfiguration", 1, lambda: None)
        aws.always("UpdateFunctionConfiguration", faults.denied("lambda:UpdateFunctionConfiguration"))
        sweep = await rig.sweep(SweepPlan(REQUEST, (512,), runs=1))
        assert sweep.trouble is not None
        assert sweep.trouble.message.startswith("The memory of hello could not be put back to 128 MB.")
        assert rig.function["MemorySize"] == 512
        assert rig.changes().count("Invoke") == 0  # nothing is run meanwhile
        assert aws.versions["hello"] == []
        rig.journal.close()  # as when the process ends
        aws.always("UpdateFunctionConfiguration", None)
        (lost,) = await fetch_lost(rig.gateway, rig.journal)
        assert (lost.found, lost.memory_mb, lost.versions) == (Found.OURS, 512, ())
        assert lost.message == (
            "LambdaDesk was ended during a power sweep of hello; its memory was 128 MB, now 512 MB."
        )
        restorer = Restorer(rig.gateway, rig.journal, lost.entry, confirmed=False)
        await restorer.restore()
        await restorer.clean()
        rig.check_all_is_back()


async def test_all_that_was_left_behind_is_told_at_once(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during("UpdateFunctionConfiguration", 1, lambda: None)
        for operation in ("UpdateFunctionConfiguration", "DeleteFunction"):
            aws.always(operation, faults.denied(f"lambda:{operation}"))
        sweep = await rig.sweep(SweepPlan(REQUEST, (512,), runs=1))
        assert sweep.trouble is not None
        assert "The memory of hello could not be put back to 128 MB." in sweep.trouble.message
        assert "Version 1 of hello could not be deleted." in sweep.trouble.message


async def test_somebody_elses_memory_is_never_overwritten(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during("PublishVersion", 2, lambda: aws.change(rig.function, MemorySize=2048))
        sweep = await rig.sweep()
        assert sweep.error is not None
        assert "Somebody else changed hello" in sweep.error.message
        assert sweep.trouble is not None
        assert "it has 2,048 MB now, and had 128 MB before the sweep" in sweep.trouble.message
        assert rig.function["MemorySize"] == 2048
        assert rig.memories_set() == [512]
        assert aws.requests("Invoke") == []
        assert aws.versions["hello"] == []


async def test_a_deploy_in_the_middle_ends_it_and_the_person_decides(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during("PublishVersion", 2, lambda: aws.change(rig.function, CodeSha256="another"))
        sweep = await rig.sweep()
        assert sweep.trouble is not None
        assert (rig.function["MemorySize"], rig.memories_set()) == (512, [512])
        rig.journal.close()
        (lost,) = await fetch_lost(rig.gateway, rig.journal)
        assert lost.found is Found.CHANGED_ELSEWHERE
        assert "Somebody else has changed the function since" in lost.hint
        restorer = Restorer(rig.gateway, rig.journal, lost.entry, confirmed=False)
        with pytest.raises(UserError, match="Somebody else changed hello"):
            await restorer.restore()
        await restorer.restore(is_wanted=True)
        await restorer.clean()
        rig.check_all_is_back()
        assert rig.function["CodeSha256"] == "another"


@pytest.mark.parametrize(
    ("operation", "number"), [("UpdateFunctionConfiguration", 1), ("GetFunctionConfiguration", 2)]
)
async def test_a_change_before_the_first_one_of_ours_leaves_nothing_to_put_back(
    aws: FakeAws, quick: Limits, tmp_path: Path, operation: str, number: int
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during(operation, number, lambda: aws.change(rig.function, Timeout=9))
        sweep = await rig.sweep()
        assert sweep.error is not None
        assert "Somebody else changed hello" in sweep.error.message
        assert sweep.trouble is None
        assert aws.requests("Invoke") == []
        rig.check_all_is_back()


async def test_a_size_that_lambda_refuses_is_left_out(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    aws.largest_mb = 512
    async with rigged(aws, quick, tmp_path) as rig:
        sweep = await rig.sweep()
        assert sweep.error is None
        assert [len(point.runs) for point in sweep.points] == [3, 3, 0]
        assert sweep.points[2].obstacle == "Lambda refused 1,024 MB for hello."
        rig.check_all_is_back()


async def test_a_version_of_the_users_own_is_used_and_stays(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        aws.versions["hello"] = [{**rig.function, "Version": "7", "Description": "release"}]
        sweep = await rig.sweep(SweepPlan(REQUEST, (128, 512), runs=1))
        assert [(point.version, point.is_made) for point in sweep.points] == [("7", False), ("8", True)]
        assert [each["Version"] for each in aws.versions["hello"]] == ["7"]


async def test_versions_that_are_there_are_swept_without_any_change(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        aws.versions["hello"] = [
            {**rig.function, "Version": "3", "MemorySize": 512},
            {**rig.function, "Version": "4", "MemorySize": 512},
            {**rig.function, "Version": "5", "MemorySize": 1024},
        ]
        aws.aliases["hello"] = [
            {"Name": "live", "FunctionVersion": "3"},
            {
                "Name": "canary",
                "FunctionVersion": "5",
                "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}},
            },
        ]
        sizes = await fetch_sizes(rig.gateway, "hello")
        assert sizes == {128: "$LATEST", 512: "live", 1024: "5"}
        sweep = await rig.sweep(SweepPlan(REQUEST, existing=sizes, runs=2))
        assert [point.version for point in sweep.points] == ["$LATEST", "live", "5"]
        assert rig.changes() == ["Invoke"] * 6
        assert list(rig.journal.folder.glob("*")) == []


async def test_a_disk_that_is_full_ends_it_before_anything_is_changed(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        (tmp_path / "sweeps").write_text("in the way")
        sweep = await rig.sweep()
        assert sweep.error is not None
        assert sweep.error.kind is ErrorKind.STORAGE
        assert rig.changes() == []


@pytest.mark.parametrize(
    ("operation", "number", "changed"),
    [("GetFunctionConfiguration", 2, []), ("PublishVersion", 1, [512, 128])],
)
async def test_a_disk_that_fills_in_the_middle_ends_it_and_all_is_put_back(
    aws: FakeAws, quick: Limits, tmp_path: Path, operation: str, number: int, changed: list[int]
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:

        def fill() -> None:
            rig.journal.folder.rename(tmp_path / "elsewhere")
            rig.journal.folder.write_text("in the way")

        rig.during(operation, number, fill)
        sweep = await rig.sweep(SweepPlan(REQUEST, (512,), runs=1))
        assert sweep.error is not None
        assert sweep.error.kind is ErrorKind.STORAGE
        assert rig.memories_set() == changed
        assert rig.function["MemorySize"] == 128
        assert aws.versions.get("hello", []) == []


@pytest.mark.parametrize("guard", [Guard.READ_ONLY, Guard.PRODUCTION])
async def test_a_guarded_connection_lets_nothing_through_unconfirmed(
    aws: FakeAws, quick: Limits, tmp_path: Path, guard: Guard
) -> None:
    async with rigged(aws, quick, tmp_path, guard) as rig:
        sweep = await rig.sweep()
        assert sweep.error is not None
        assert sweep.error.kind is ErrorKind.DENIED
        assert rig.changes() == []
        if guard is Guard.PRODUCTION:
            assert (await rig.sweep(confirmed=True)).error is None
        rig.check_all_is_back()


async def test_a_sweep_of_a_living_process_is_not_lost(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        other = SweepJournal(rig.journal.folder)
        found: list[int] = []
        rig.during("PublishVersion", 2, lambda: found.append(len(other.load(rig.gateway.target.key))))
        await rig.sweep()
        assert found == [0]


async def test_versions_left_behind_are_told_of_and_what_is_as_it_was_is_forgotten(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        aws.always("DeleteFunction", faults.denied("lambda:DeleteFunction"))
        sweep = await rig.sweep(SweepPlan(REQUEST, (128, 512), runs=1))
        assert sweep.trouble is not None
        assert sweep.trouble.message.startswith("Versions 1, 2 of hello could not be deleted.")
        rig.journal.close()
        aws.change(rig.function, MemorySize=3008)  # long afterwards, and none of the sweep's business
        (lost,) = await fetch_lost(rig.gateway, rig.journal)
        assert (lost.found, lost.versions) == (Found.AS_IT_WAS, ("1", "2"))
        assert lost.message.endswith("its memory is as it was, but 2 versions made for it are left.")
        aws.versions["hello"].clear()
        assert await fetch_lost(rig.gateway, rig.journal) == []
        assert list(rig.journal.folder.glob("*")) == []


async def test_versions_that_may_not_be_listed_are_told_of(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        aws.always("ListVersionsByFunction", faults.denied("lambda:ListVersionsByFunction"))
        sweep = await rig.sweep(SweepPlan(REQUEST, (128,), runs=1))
        assert sweep.trouble is not None
        assert sweep.trouble.message.startswith(
            "Versions of hello that were made for the sweep may be left. These credentials are not allowed"
        )
        assert [each["Version"] for each in aws.versions["hello"]] == ["1"]
        assert len(list(rig.journal.folder.glob("*.json"))) == 1


async def test_a_function_that_is_deleted_meanwhile_is_forgotten(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        rig.during("PublishVersion", 2, aws.functions.clear)
        sweep = await rig.sweep()
        assert sweep.error is not None
        assert sweep.trouble is None
        assert list(rig.journal.folder.glob("*")) == []


async def test_only_a_numbered_version_is_ever_deleted(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        for wrong in ("", "$LATEST", "live"):
            with pytest.raises(ValueError, match="not the number of a version"):
                await delete_version(rig.gateway, "hello", wrong)
        assert aws.requests("DeleteFunction") == []


async def test_progress_is_told(aws: FakeAws, quick: Limits, tmp_path: Path) -> None:
    async with rigged(aws, quick, tmp_path) as rig:
        held = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(exchange: Exchange) -> None:
            loop.call_soon_threadsafe(held.set)
            faults.hang(exchange)

        aws.script("Invoke", hold)
        rig.start(SweepPlan(REQUEST, (128,), runs=2))
        await held.wait()
        sweep = rig.power.sweep
        assert sweep is not None
        assert rig.power.is_running
        assert (sweep.phase, sweep.step, sweep.done, sweep.wanted) == (
            SweepPhase.RUNNING,
            "Running 2 times with 128 MB",
            0,
            2,
        )
        rig.power.stop()
        await until(rig.power.changed, lambda: sweep.is_over, "the end")
        await rig.finish()
        rig.check_all_is_back()
