"""How many lines a log has over time, counted from its sorted timestamps."""

from dataclasses import dataclass
from itertools import pairwise

from lambdadesk.core.logfilter import FilteredLines
from lambdadesk.core.logstore import LogStore

# Round widths of a bin: a tenth of a second to a day.
_WIDTHS_MS = (
    *(100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000),
    *(60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000),
    *(3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000),
)


@dataclass(frozen=True, slots=True)
class LogRate:
    """Counts by bin: of all lines, of those that a filter leaves, and of errors among all.

    Bin i is from start_ms + i * width_ms on. `matches` is empty where there is no filter.
    """

    start_ms: int = 0
    width_ms: int = 1_000
    totals: tuple[int, ...] = ()
    matches: tuple[int, ...] = ()
    errors: tuple[int, ...] = ()

    @property
    def end_ms(self) -> int:
        return self.start_ms + len(self.totals) * self.width_ms


def count_rate(store: LogStore, lines: FilteredLines, most_bins: int) -> LogRate:
    """The rate over all that the store holds, in at most so many bins of one round width."""
    if not len(store) or most_bins < 1:
        return LogRate()
    first_ms, last_ms = store.timestamp(store.first), store.timestamp(store.end - 1)
    width_ms = next(
        (width for width in _WIDTHS_MS if last_ms // width - first_ms // width < most_bins),
        (last_ms - first_ms) // most_bins + 1,
    )
    start_ms = first_ms // width_ms * width_ms
    count = (last_ms - start_ms) // width_ms + 1
    edges = [store.number_at(start_ms + at * width_ms) for at in range(count + 1)]
    matches: tuple[int, ...] = ()
    if not lines.filter.is_empty:
        entries = map(lines.entry_of, edges)
        matches = tuple(after - before for before, after in pairwise(entries))
    totals = tuple(after - before for before, after in pairwise(edges))
    errors = tuple(store.error_count(before, after) for before, after in pairwise(edges))
    return LogRate(start_ms, width_ms, totals, matches, errors)
