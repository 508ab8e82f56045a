"""Samples and how they are put into a table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Samples:
    """What was measured of one thing, in the order of the rounds; peers are compared round by round."""

    name: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def ratio(self, peer: "Samples") -> tuple[float, float, float]:
        """Median, smallest and largest of the ratios to a peer."""
        ratios = [mine / theirs for mine, theirs in zip(self.values, peer.values, strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)


def show_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    print(f"\n{title}")
    for row in (head, *rows):
        first, *figures = (
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *figures]).rstrip())
