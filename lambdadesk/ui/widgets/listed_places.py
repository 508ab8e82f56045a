"""ListedPlace, a place whose functions are listed, and what is said of the lists of all places."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from lambdadesk.core.errors import UserError
from lambdadesk.core.types import Target
from lambdadesk.desk.catalog import CatalogState


@dataclass(slots=True)
class ListedPlace:
    """A connection in a region, and what is known of its functions."""

    target: Target
    state: CatalogState
    is_open: bool = False  # else the state is of an earlier run, or there is none
    error: UserError | None = None  # why it could not be opened at all

    @property
    def title(self) -> str:
        return f"{self.target.title} {self.target.region}"


def get_failure(places: Sequence[ListedPlace]) -> UserError | None:
    """Why the list of the only place, which has functions, is not fresh."""
    if len(places) != 1:
        return None
    state = places[0].state
    return state.error if state.functions and not state.loading else None


def tell_lists(places: Sequence[ListedPlace]) -> str:
    """How fresh the lists are; it follows the number of functions."""
    states = [place.state for place in places]
    waited = sum(state.loading for state in states)
    old = [
        state.loaded_ms
        for state in states
        if state.loaded_ms is not None and (state.from_cache or state.error)
    ]
    text = ""
    if len(places) == 1:
        if failure := get_failure(places):
            text = f" · {failure} Showing what is known."
        elif waited:
            text = " · refreshing…"
        return f"{text} · list of {_age(old[0])} ago" if old else text
    text = f" in {len(places)} places"
    if waited:
        text += f" · {waited} still refreshing…"
    if old:
        text += f" · the oldest list is of {_age(min(old))} ago"
    return text


def _age(at_ms: int) -> str:
    seconds = max(0, int(time.time() - at_ms / 1000))
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"
