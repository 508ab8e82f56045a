"""Waiting for what a function's log tells next."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.desk.tailer import Tailer


@contextmanager
def woken_by(tail: Tailer, ledger: InvocationLedger) -> Iterator[asyncio.Event]:
    """An event that is set whenever the function's tail or the ledger has learnt something."""
    woken = asyncio.Event()
    disconnects = [tail.changed.connect(woken.set), ledger.changed.connect(lambda _function: woken.set())]
    try:
        yield woken
    finally:
        for disconnect in disconnects:
            disconnect()


async def pause(woken: asyncio.Event, seconds: float) -> None:
    """Wait until it is set, or for so many seconds, and clear it."""
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        pass
    woken.clear()
