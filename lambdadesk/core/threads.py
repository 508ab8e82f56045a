"""in_thread, the only door from the event loop to a thread."""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_IDLE_S = 10.0
_IDLE_NAME = "idle"
_idle: "deque[_Worker]" = deque()  # the one that became idle last is at the right


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call on a thread of its own and await its result.

    The thread is a daemon, so that leaving the application never waits for a slow answer. Cancelling means
    "stop waiting": the await ends at once, the call itself runs to its end and its result is dropped.
    A StopIteration of the call comes out as RuntimeError.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = context.run(call, *args, **kwargs)
        except StopIteration as error:  # a future refuses it, and the coroutine would wait for ever
            failure = RuntimeError("the call raised StopIteration")
            failure.__cause__ = error
        except BaseException as error:  # noqa: BLE001  a waiting coroutine must always wake
            failure = error
        with suppress(RuntimeError):  # the loop may be gone by now
            loop.call_soon_threadsafe(settle, result, failure)

    name = getattr(call, "__qualname__", type(call).__name__)
    _run(f"in_thread {name}", work)
    return await done


class _Worker:
    """A daemon thread that does one piece of work after the other, and ends when there was none for a while.

    One is started only where none is idle: a start waits until the new thread has run, which takes long while
    others compute.
    """

    def __init__(self) -> None:
        self.jobs: SimpleQueue[tuple[str, Callable[[], None]]] = SimpleQueue()
        self.thread = threading.Thread(target=self._work, daemon=True, name=_IDLE_NAME)

    def _work(self) -> None:
        while True:
            try:
                name, job = self.jobs.get(timeout=_IDLE_S)
            except Empty:
                try:
                    _idle.remove(self)
                except ValueError:  # it was just taken: its job is on the way
                    continue
                return
            self.thread.name = name
            job()
            del job  # and with it all that it holds
            self.thread.name = _IDLE_NAME
            _idle.append(self)


def _run(name: str, job: Callable[[], None]) -> None:
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
        worker.thread.start()
    worker.jobs.put((name, job))
