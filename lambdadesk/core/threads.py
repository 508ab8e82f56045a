"""in_thread, the only door from the event loop to a thread."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


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
    threading.Thread(target=work, daemon=True, name=f"in_thread {name}").start()
    return await done
