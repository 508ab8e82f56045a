"""PowerSweep, a payload at several memory sizes; whatever ends it, the function is put back as it was."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import uuid4

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.sizes import fetch_settled, publish_version
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.power_sweep import ChangedElsewhereError, SweepEntry, SweepPlan, SweepPoint
from lambdadesk.core.series import SeriesPlan
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.series_run import SeriesRunner
from lambdadesk.desk.sweep_restorer import PAUSES_S, Restorer
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.sweep_journal import SweepJournal


class SweepPhase(StrEnum):
    """What is being done."""

    MAKING = "making versions"
    RESTORING = "putting the memory back"
    RUNNING = "running"
    CLEANING = "deleting the versions"
    DONE = "done"


@dataclass(slots=True)
class Sweep:
    """A sweep and how far it is.

    step: what is being done, in words. error: what ended it early. trouble: what could not be put back, and
    has to be told until it is. former_mb: what $LATEST had.
    """

    plan: SweepPlan
    points: list[SweepPoint]
    phase: SweepPhase = SweepPhase.MAKING
    step: str = ""
    was_stopped: bool = False
    error: UserError | None = None
    trouble: UserError | None = None
    former_mb: int = 0
    runners: list[SeriesRunner] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.phase is SweepPhase.DONE

    @property
    def done(self) -> int:
        return sum(len(point.runs) for point in self.points)

    @property
    def wanted(self) -> int:
        return self.plan.runs * len(self.points)


class _StoppedError(Exception):
    """Nothing more is to be begun."""


class PowerSweep:
    """Runs one sweep at a time of one function.

    `run` belongs into the connection's TaskScope. Cancelling it, as `stop`, means: begin nothing more, put
    back what was changed, delete what was made, then end. Nothing of that is ever cut off by a cancellation;
    where the process itself ends, the journal has what is left to do (`fetch_lost`).

    Event changed: the sweep went on, or the log told more of its runs.
    """

    def __init__(
        self,
        gateway: Gateway,
        invoker: Invoker,
        journal: SweepJournal,
        report: Callable[[str, Exception], None],
        *,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.changed: Event[[]] = Event()
        self.sweep: Sweep | None = None
        self._gateway = gateway
        self._invoker = invoker
        self._journal = journal
        self._scope = TaskScope(report)
        self._pauses_s = tuple(pauses_s)
        self._is_stopped = False

    @property
    def is_running(self) -> bool:
        return self.sweep is not None and not self.sweep.is_over

    def close(self) -> None:
        """Let go of the runs; to be called once `run` has ended."""
        self._let_go()

    def stop(self) -> None:
        """Begin nothing more. Runs under way are not waited for; they may still go on."""
        if self.sweep is not None and not self.sweep.is_over:
            self._is_stopped = self.sweep.was_stopped = True
            self._scope.cancel("runs")
            self._emit()

    async def run(self, plan: SweepPlan, *, confirmed: bool = False) -> Sweep:
        """Make the versions, run them, and delete them. What went wrong is in the sweep; nothing is raised.

        confirmed: the person did what writes on a production connection ask for, once for all of it.
        """
        self._let_go()
        sizes = sorted(plan.existing or plan.sizes)
        existing = plan.existing or {}
        self.sweep = sweep = Sweep(plan, [SweepPoint(size, existing.get(size, "")) for size in sizes])
        self._is_stopped = False
        self._scope.start("sweep", self._sweep, sweep, confirmed)
        try:
            await self._scope.wait("sweep")
        except asyncio.CancelledError:
            self.stop()
            await self._scope.wait("sweep")
            raise
        return sweep

    async def _sweep(self, sweep: Sweep, confirmed: bool) -> None:
        plan, name = sweep.plan, sweep.plan.request.function.name
        try:
            if plan.existing:
                await self._run(sweep, confirmed)
                return
            entry = await self._begin(sweep)
            restorer = Restorer(self._gateway, self._journal, entry, confirmed, pauses_s=self._pauses_s)
            try:
                try:
                    await self._make(sweep, restorer, confirmed)
                except (_StoppedError, UserError) as error:
                    sweep.error = error if isinstance(error, UserError) else None
                finally:  # whatever went wrong, bugs included
                    self._tell(sweep, SweepPhase.RESTORING, f"Setting {name} back to {sweep.former_mb:,} MB")
                    sweep.trouble = await _trouble_of(restorer.restore())
                if sweep.trouble is None and sweep.error is None and not self._is_stopped:
                    await self._run(sweep, confirmed)
            finally:
                self._tell(sweep, SweepPhase.CLEANING, "Deleting the versions made for it")
                left = await _trouble_of(restorer.clean())
                sweep.trouble = _join(sweep.trouble, left)
                if sweep.trouble is not None:
                    self._journal.release(restorer.entry)
        except UserError as error:
            sweep.error = sweep.error or error
        finally:
            self._tell(sweep, SweepPhase.DONE, "")

    async def _begin(self, sweep: Sweep) -> SweepEntry:
        """Note what the function has, on the disk, before anything is changed."""
        function = sweep.plan.request.function
        self._tell(sweep, SweepPhase.MAKING, f"Reading what {function.name} has")
        state = await fetch_settled(self._gateway, function.name)
        sweep.former_mb = state.memory_mb
        entry = SweepEntry(
            uuid4().hex,
            self._gateway.target.key,
            function.name,
            state.memory_mb,
            int(time.time() * 1000),
            last_modified=state.last_modified,
        )
        await in_thread(self._journal.write, entry)
        return entry

    async def _make(self, sweep: Sweep, restorer: Restorer, confirmed: bool) -> None:
        """Publish a version of each size. The size at hand comes first: it takes no change."""
        name = sweep.plan.request.function.name
        order = sorted(range(len(sweep.points)), key=lambda at: sweep.points[at].memory_mb != sweep.former_mb)
        for at in order:
            size = sweep.points[at].memory_mb
            self._check_stop()
            self._tell(sweep, SweepPhase.MAKING, f"Publishing a version with {size:,} MB")
            try:
                state = await restorer.set_size(size)
            except ChangedElsewhereError:
                raise
            except UserError as error:
                if error.kind is not ErrorKind.INVALID:
                    raise
                sweep.points[at] = replace(
                    sweep.points[at], error=error
                )  # a size that the account may not have
                continue
            self._check_stop()
            version, is_made = await publish_version(
                self._gateway, name, state, restorer.entry.description, confirmed=confirmed
            )
            sweep.points[at] = replace(sweep.points[at], version=version, is_made=is_made)
            await restorer.look_again(size)
            settled = await fetch_settled(self._gateway, name, version)
            if settled.failure:
                raise UserError(f"Version {version} of {name} can't be run.", settled.failure)

    async def _run(self, sweep: Sweep, confirmed: bool) -> None:
        """One size after the other, so that no size stands in another's way."""
        for at, point in enumerate(sweep.points):
            if self._is_stopped or point.error is not None:
                continue
            self._tell(
                sweep, SweepPhase.RUNNING, f"Running {sweep.plan.runs:,} times with {point.memory_mb:,} MB"
            )
            runner = SeriesRunner(self._invoker)
            sweep.runners.append(runner)
            runner.changed.connect(partial(self._take, sweep, at, runner))
            request = replace(sweep.plan.request, qualifier=point.version, log_tail=True)
            series = SeriesPlan(request, sweep.plan.runs, concurrency=sweep.plan.at_once)

            async def run(runner: SeriesRunner = runner, series: SeriesPlan = series) -> None:
                await runner.run(series, confirmed=confirmed)

            self._scope.start("runs", run)
            await self._scope.wait("runs")
            self._take(sweep, at, runner)
            if runner.series is not None and runner.series.error is not None:
                sweep.error = runner.series.error
                return

    def _take(self, sweep: Sweep, at: int, runner: SeriesRunner) -> None:
        if runner.series is not None:
            sweep.points[at] = replace(sweep.points[at], runs=tuple(runner.series.runs))
            self._emit()

    def _check_stop(self) -> None:
        if self._is_stopped:
            raise _StoppedError

    def _tell(self, sweep: Sweep, phase: SweepPhase, step: str) -> None:
        sweep.phase, sweep.step = phase, step
        self._emit()

    def _emit(self) -> None:
        try:
            self.changed.emit()
        except Exception as error:  # noqa: BLE001  what shows a sweep must not end it half-way
            self._scope.report("sweep", error)

    def _let_go(self) -> None:
        if self.sweep is not None:
            for runner in self.sweep.runners:
                runner.close()
            self.sweep.runners.clear()


def _join(one: UserError | None, other: UserError | None) -> UserError | None:
    """Both as one; what to do is the same where it is said of both."""
    if one is None or other is None:
        return one or other
    hint = one.hint if one.hint == other.hint else f"{one.hint} {other.hint}".strip()
    details = "\n".join(filter(None, (one.details, other.details)))
    return UserError(
        f"{one.message} {other.message}", hint, kind=one.kind, details=details, action=one.action
    )


async def _trouble_of(work: Coroutine[Any, Any, None]) -> UserError | None:
    try:
        await work
    except UserError as error:
        return error
    return None
