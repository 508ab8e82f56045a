"""DeepMemory, what a deep scan found and a cheaper one does not look for again."""

import time
from dataclasses import dataclass, field

from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Destination, Evidence


@dataclass(slots=True)
class DeepMemory:
    """Of one function, from one scan to the next; moments are epoch ms.

    sightings: what only a deep scan sees, and when it did.
    listed:    by source, how asking for all of its own went, and when.
    destinations: of these sightings.
    """

    sightings: dict[Sighting, int] = field(default_factory=dict)
    listed: dict[str, tuple[Evidence, int]] = field(default_factory=dict)
    destinations: tuple[Destination, ...] = ()

    def recall(self, search: Search) -> None:
        """Let a scan that begins know it."""
        search.former = dict(self.sightings)
        search.former_lists = dict(self.listed)
        search.former_destinations = self.destinations

    def keep(self, search: Search) -> None:
        """Note what a deep scan found, and what it left of earlier ones."""
        now_ms = time.time_ns() // 1_000_000
        listed = {source: (evidence, now_ms) for source, evidence in search.listed.items()}
        self.sightings = search.get_former() | dict.fromkeys(search.deep_only, now_ms)
        self.listed = search.former_lists | listed
        keys = {each.key for each in self.sightings}
        self.destinations = tuple(each for each in search.get_destinations() if each.source in keys)
