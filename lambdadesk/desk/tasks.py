"""TaskScope: every piece of work has an owner that cancels and awaits it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import ParamSpec

P = ParamSpec("P")


class TaskScope:
    """Owns the tasks of one window, page or service.

    Work is exclusive by name: starting a name again cancels the earlier run and waits for its clean-up before
    the new one begins. Exceptions go to `report(name, error)`, the one place that shows them; cancellation is
    silent.
    """

    def __init__(self, report: Callable[[str, Exception], None]) -> None:
        self.report = report
        self._tasks: defaultdict[str, set[asyncio.Task[None]]] = defaultdict(set)
        self._cancelled: set[asyncio.Task[None]] = set()  # by this scope, and still at it
        self._closed = False

    def start(self, name: str, work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run `work(*args)`; takes the function, not a coroutine, so that nothing is left un-awaited."""
        if self._closed:
            return
        earlier = self.cancel(name)

        async def run() -> None:
            if earlier:
                await asyncio.wait(earlier)
            try:
                await work(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  the scope is where all errors end
                self.report(name, error)

        task = asyncio.get_running_loop().create_task(run(), name=name)
        self._tasks[name].add(task)
        task.add_done_callback(self._tasks[name].discard)
        task.add_done_callback(self._cancelled.discard)

    def cancel(self, name: str) -> set[asyncio.Task[None]]:
        """Ask all live runs of a name to end, but for the one that asks; returns them."""
        live = {task for task in self._tasks[name] if not task.done()} - {asyncio.current_task()}
        # A second cancel would end its clean-up. `task.cancelling()` would not tell: a timeout within the
        # work may have cancelled it in this very turn, and the work goes on when it catches that.
        for task in live - self._cancelled:
            self._cancelled.add(task)
            task.cancel()
        return live

    async def wait(self, name: str) -> None:
        """Return when no run of a name is live; being cancelled does not cancel them."""
        while live := {task for task in self._tasks[name] if not task.done()}:
            await asyncio.wait(live)

    def is_running(self, name: str) -> bool:
        return any(not task.done() for task in self._tasks[name])

    def stop(self) -> set[asyncio.Task[None]]:
        """Refuse new work and cancel what runs; returns it, still to be waited for (`close`)."""
        self._closed = True
        live = set[asyncio.Task[None]]()
        for name in list(self._tasks):
            live |= self.cancel(name)
        return live

    async def close(self) -> None:
        """Refuse new work, cancel what runs and wait until it has ended."""
        if live := self.stop():
            await asyncio.wait(live)
