"""Calls run on threads that are used again, and no call waits for another."""

import asyncio
import threading

import pytest

from lambdadesk.core.threads import in_thread
from tests.conftest import threads_named


async def test_a_thread_is_used_again_once_it_is_idle() -> None:
    first = await in_thread(threading.get_ident)
    while first not in {each.ident for each in threading.enumerate() if each.name == "idle"}:  # noqa: ASYNC110
        await asyncio.sleep(0)  # its last step comes after its answer
    assert await in_thread(threading.get_ident) == first
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "idle")


async def test_calls_that_block_do_not_hold_up_others() -> None:
    all_there = threading.Barrier(30)
    numbers = await asyncio.gather(*(in_thread(all_there.wait, 10) for _ in range(30)))
    assert sorted(numbers) == list(range(30))


async def test_what_a_call_raises_comes_out_and_the_thread_goes_on() -> None:
    def fail() -> None:
        raise KeyError("no")

    for _ in range(3):
        with pytest.raises(KeyError):
            await in_thread(fail)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await in_thread(next, iter(()))
    assert await in_thread(lambda: 7) == 7


async def test_a_cancelled_call_runs_on_under_its_name() -> None:
    begun, release = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        release.wait(30)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(in_thread(wait))
        await in_thread(begun.wait, 10)
        waiting.cancel()
    assert any("wait" in name for name in threads_named("in_thread"))
    release.set()
