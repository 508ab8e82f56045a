"""Work belongs to a scope: one run per name, ended and awaited, its errors told in one place."""

import asyncio

import pytest

from lambdadesk.desk.tasks import TaskScope


class Recorder:
    """Work that notes when it begins, is cancelled, and has cleaned up; `cleaned` lets the clean-up end."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.cleaned = asyncio.Event()

    async def run(self, name: str) -> None:
        self.notes.append(f"{name} begins")
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
            await self.cleaned.wait()
            self.notes.append(f"{name} is clean")


@pytest.fixture
def reports() -> list[tuple[str, Exception]]:
    return []


@pytest.fixture
def scope(reports: list[tuple[str, Exception]]) -> TaskScope:
    return TaskScope(lambda name, error: reports.append((name, error)))


async def note(notes: list[str], text: str) -> None:
    notes.append(text)


async def test_work_gets_its_arguments_and_is_running_until_it_ends(scope: TaskScope) -> None:
    asked = asyncio.Event()

    async def work(number: int, *, text: str) -> None:
        await asked.wait()
        results.append((number, text))

    results: list[tuple[int, str]] = []
    scope.start("work", work, 7, text="x")
    assert scope.is_running("work")
    assert not scope.is_running("other")
    asked.set()
    await scope.wait("work")
    assert not scope.is_running("work")
    assert results == [(7, "x")]
    await scope.close()


async def test_a_new_run_begins_after_the_clean_up_of_the_earlier(scope: TaskScope) -> None:
    first = Recorder()
    scope.start("load", first.run, "first")
    await first.begun.wait()
    scope.start("load", note, first.notes, "second runs")
    await first.cancelled.wait()
    assert first.notes == ["first begins"]
    first.cleaned.set()
    await scope.wait("load")
    assert first.notes == ["first begins", "first is clean", "second runs"]
    await scope.close()


async def test_further_starts_neither_cut_the_clean_up_nor_run_what_was_overtaken(scope: TaskScope) -> None:
    first = Recorder()
    scope.start("load", first.run, "first")
    await first.begun.wait()
    scope.start("load", note, first.notes, "second runs")
    await first.cancelled.wait()
    scope.start("load", note, first.notes, "third runs")
    scope.start("load", note, first.notes, "fourth runs")
    await asyncio.sleep(0)
    assert first.notes == ["first begins"]
    first.cleaned.set()
    await scope.wait("load")
    assert first.notes == ["first begins", "first is clean", "fourth runs"]
    await scope.close()


async def test_names_do_not_disturb_each_other(scope: TaskScope) -> None:
    one, two = Recorder(), Recorder()
    scope.start("one", one.run, "one")
    scope.start("two", two.run, "two")
    await one.begun.wait()
    await two.begun.wait()
    scope.cancel("one")
    one.cleaned.set()
    await scope.wait("one")
    assert scope.is_running("two")
    assert not two.cancelled.is_set()
    two.cleaned.set()
    await scope.close()


async def test_errors_go_to_the_report_and_cancelling_is_silent(
    scope: TaskScope, reports: list[tuple[str, Exception]]
) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    recorder = Recorder()
    recorder.cleaned.set()
    scope.start("fails", fail)
    scope.start("waits", recorder.run, "waits")
    await scope.wait("fails")
    await recorder.begun.wait()
    scope.cancel("waits")
    await scope.wait("waits")
    ((name, error),) = reports
    assert name == "fails"
    assert isinstance(error, ValueError)
    notes: list[str] = []
    scope.start("fails", note, notes, "it may be started again")
    await scope.wait("fails")
    assert notes
    await scope.close()


async def test_close_waits_for_the_clean_up_and_refuses_new_work(scope: TaskScope) -> None:
    recorder = Recorder()
    scope.start("load", recorder.run, "load")
    await recorder.begun.wait()
    async with asyncio.TaskGroup() as group:
        closing = group.create_task(scope.close())
        await recorder.cancelled.wait()
        assert not closing.done()
        scope.start("late", note, recorder.notes, "late runs")
        assert not scope.is_running("late")
        recorder.cleaned.set()
    assert recorder.notes == ["load begins", "load is clean"]
    await scope.close()  # harmless


async def test_a_scope_may_be_closed_by_its_own_work(scope: TaskScope) -> None:
    other = Recorder()
    scope.start("other", other.run, "other")
    await other.begun.wait()

    async def leave() -> None:
        await scope.close()
        other.notes.append("left")

    scope.start("leave", leave)
    await other.cancelled.wait()
    other.cleaned.set()
    await scope.wait("leave")
    assert other.notes == ["other begins", "other is clean", "left"]


async def test_who_waits_may_give_up_and_the_work_goes_on(scope: TaskScope) -> None:
    asked = asyncio.Event()
    notes: list[str] = []

    async def work() -> None:
        await asked.wait()
        notes.append("ended")

    scope.start("work", work)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(scope.wait("work"))
        await asyncio.sleep(0)
        waiting.cancel()
    assert scope.is_running("work")
    asked.set()
    await scope.wait("work")
    assert notes == ["ended"]
    await scope.close()


async def test_cancelled_before_its_first_step_it_never_begins(scope: TaskScope) -> None:
    notes: list[str] = []
    scope.start("work", note, notes, "begins")
    scope.cancel("work")
    await scope.close()
    assert notes == []


async def test_work_that_times_out_in_the_same_turn_ends_all_the_same(scope: TaskScope) -> None:
    limits: list[asyncio.Timeout] = []
    waiting = asyncio.Event()

    async def work() -> None:
        while True:  # as a tail between its polls
            try:
                async with asyncio.timeout(3_600) as limit:
                    limits.append(limit)
                    waiting.set()
                    await asyncio.Event().wait()
            except TimeoutError:
                continue

    scope.start("work", work)
    await waiting.wait()
    limits[0].reschedule(0)
    asyncio.get_running_loop().call_soon(scope.stop)
    async with asyncio.timeout(30):
        await scope.wait("work")
    assert len(limits) == 1
