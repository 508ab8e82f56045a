"""A treemap's rectangles: areas by value, as square as can be.

Method: Bruls, Huizing, van Wijk, "Squarified Treemaps" (2000).
"""

from collections.abc import Sequence
from typing import NamedTuple


class Tile(NamedTuple):
    """A rectangle; y goes down."""

    x: float
    y: float
    width: float
    height: float


def lay_out(values: Sequence[float], width: float, height: float) -> list[Tile]:
    """A tile for each value, in their order; they should come the largest first, and be positive."""
    total = sum(values)
    if not values or total <= 0 or width <= 0 or height <= 0:
        return []
    areas = [value * width * height / total for value in values]
    tiles: list[Tile] = []
    x = y = 0.0
    start = 0
    while start < len(areas):
        side = min(width, height)
        stop = start + 1
        worst = _worst(areas[start], areas[start], areas[start], side)
        row = areas[start]
        while stop < len(areas):
            wider = row + areas[stop]
            then = _worst(areas[start], areas[stop], wider, side)
            if then > worst:
                break
            row, worst, stop = wider, then, stop + 1
        depth = row / side
        along = 0.0
        for area in areas[start:stop]:
            length = area / depth
            tiles.append(
                Tile(x, y + along, depth, length) if width >= height else Tile(x + along, y, length, depth)
            )
            along += length
        if width >= height:
            x, width = x + depth, max(0.0, width - depth)
        else:
            y, height = y + depth, max(0.0, height - depth)
        start = stop
        if min(width, height) <= 0 and start < len(areas):  # what rounding left no room for
            tiles += [Tile(x, y, 0.0, 0.0)] * (len(areas) - start)
            break
    return tiles


def _worst(largest: float, smallest: float, row: float, side: float) -> float:
    """The worst aspect ratio in a row of this area along a side."""
    return max(side * side * largest / (row * row), row * row / (side * side * smallest))
