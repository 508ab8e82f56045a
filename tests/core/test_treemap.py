"""Tiles fill the room, do not overlap, and their areas are as their values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.treemap import lay_out


@settings(max_examples=50)
@given(
    st.lists(st.floats(0.001, 1_000), min_size=1, max_size=40),
    st.floats(10, 2_000),
    st.floats(10, 2_000),
)
def test_tiles_fill_the_room_by_value(values: list[float], width: float, height: float) -> None:
    values.sort(reverse=True)
    tiles = lay_out(values, width, height)
    assert len(tiles) == len(values)
    for value, tile in zip(values, tiles, strict=True):
        assert tile.width * tile.height == pytest.approx(
            value / sum(values) * width * height, rel=1e-6, abs=width * height * 1e-9
        )
        assert -1e-6 <= tile.x <= tile.x + tile.width <= width * (1 + 1e-9) + 1e-6
        assert -1e-6 <= tile.y <= tile.y + tile.height <= height * (1 + 1e-9) + 1e-6
    for number, one in enumerate(tiles):
        for other in tiles[number + 1 :]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert min(across, down) < 1e-6 * max(width, height)


def test_the_example_of_the_paper() -> None:
    tiles = lay_out([6, 6, 4, 3, 2, 2, 1], 6, 4)
    assert [(round(tile.width, 2), round(tile.height, 2)) for tile in tiles] == [
        (3, 2),
        (3, 2),
        (1.71, 2.33),
        (1.29, 2.33),
        (1.2, 1.67),
        (1.2, 1.67),
        (0.6, 1.67),
    ]


def test_nothing_has_no_tiles() -> None:
    assert lay_out([], 10, 10) == []
    assert lay_out([0.0], 10, 10) == []
    assert lay_out([1.0], 0, 10) == []
