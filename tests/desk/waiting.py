"""Waiting for what an Event tells of, without polling."""

import asyncio
from collections.abc import Callable
from typing import Any

from lambdadesk.core.event import Event


async def until(event: Event[...], condition: Callable[[], Any], what: str, deadline_s: float = 30.0) -> Any:
    """What the condition gives once it is true; looked at now and whenever the event is emitted."""
    woken = asyncio.Event()
    disconnect = event.connect(lambda *_args: woken.set())
    try:
        async with asyncio.timeout(deadline_s):
            while not (found := condition()):
                woken.clear()
                await woken.wait()
            return found
    except TimeoutError:
        raise AssertionError(f"not within {deadline_s:g} s: {what}") from None
    finally:
        disconnect()
