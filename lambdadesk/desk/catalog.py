"""Catalog, the functions of one connection and how fresh they are."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo
from lambdadesk.store.catalog_cache import CatalogCache

if TYPE_CHECKING:  # not needed to show an earlier list
    from lambdadesk.aws.gateway import Gateway

LIST_FIRST_S = 0.25  # for the last page to be painted, before clients for anything else are made


@dataclass(frozen=True, slots=True)
class CatalogState:
    """What is known of the list.

    loaded_ms: when the newest complete list came (epoch milliseconds), None: never. `from_cache` marks a list
    of an earlier run. `error` is why the last refresh failed or stopped early; the rows shown stay.
    `gone` are those that AWS listed earlier and lists no more.
    """

    functions: tuple[FunctionInfo, ...] = ()
    gone: tuple[FunctionInfo, ...] = ()
    loading: bool = False
    loaded_ms: int | None = None
    from_cache: bool = False
    error: UserError | None = None


class Catalog:
    """Keeps the function list: from the cache at once, from AWS page by page.

    Event changed: after `state` was replaced.
    """

    def __init__(self, gateway: "Gateway", cache: CatalogCache) -> None:
        self._gateway = gateway
        self._cache = cache
        self._key = gateway.target.key
        self.state = CatalogState(loading=True)
        self.changed: Event[[]] = Event()
        self._has_begun = asyncio.Event()
        self._was_asked = asyncio.Event()

    @property
    def is_settled(self) -> bool:
        """Whether the list is whole and AWS's own, so that what is not in it is not there."""
        state = self.state
        return (
            not state.loading and state.error is None and state.loaded_ms is not None and not state.from_cache
        )

    def get(self, name: str) -> FunctionInfo | None:
        return next((function for function in self.state.functions if function.name == name), None)

    async def wait_for_an_answer(self) -> None:
        """Return once AWS was asked for the list, whether it gave all of it or not, and that is painted."""
        if not self._was_asked.is_set():
            await self._was_asked.wait()
            await asyncio.sleep(LIST_FIRST_S)

    async def wait_for_a_page(self) -> None:
        """Return once AWS has given a part of the list, or will not."""
        await self._has_begun.wait()

    def load_cached(self) -> None:
        """Show the list of the last run until AWS answers. Reads one small file."""
        self.state = load_state(self._cache, self._key)
        self.changed.emit()

    async def refresh(self) -> None:
        """Ask AWS for the whole list. Rows appear page by page; a page that fails leaves the others."""
        from lambdadesk.aws.functions import fetch_functions

        self._set(loading=True)
        before = () if self.state.from_cache else (*self.state.functions, *self.state.gone)
        functions: list[FunctionInfo] = []
        try:
            async for page in fetch_functions(self._gateway):
                functions += page
                # A refresh only adds rows until it is complete, so that nothing flickers away in between.
                self._set(functions=_merged(self.state.functions, functions))
                self._has_begun.set()
        except UserError as error:
            self._set(loading=False, error=error)
            self._note_end()
            return
        except asyncio.CancelledError:
            stopped = UserError("Stopped waiting for the functions.", "Refresh asks again.")
            self._set(loading=False, error=stopped)
            self._note_end()
            raise
        except BaseException:
            self._set(loading=False)
            raise
        names = {function.name for function in functions}
        self._set(
            functions=tuple(functions),
            gone=tuple(function for function in before if function.name not in names),
            loading=False,
            loaded_ms=int(time.time() * 1000),
            from_cache=False,
            error=None,
        )
        self._note_end()
        await in_thread(self._cache.save, self._key, functions)

    def _note_end(self) -> None:
        self._has_begun.set()
        self._was_asked.set()

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # fields are named by the callers
        self.changed.emit()


def load_state(cache: CatalogCache, target_key: str) -> CatalogState:
    """The list of the last run, which waits to be refreshed. Reads one small file."""
    functions, saved_ms = cache.load(target_key) or ((), None)
    return CatalogState(tuple(functions), loading=True, loaded_ms=saved_ms, from_cache=saved_ms is not None)


def _merged(shown: tuple[FunctionInfo, ...], fresh: list[FunctionInfo]) -> tuple[FunctionInfo, ...]:
    names = {function.name for function in fresh}
    return (*fresh, *(function for function in shown if function.name not in names))
