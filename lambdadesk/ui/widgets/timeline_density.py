"""Runs of a timeline that are too many for bars: pixels that are the stronger the busier they were."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from lambdadesk.core.timeline import Kind, Timeline
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.pixels import draw_pixels, ramp
from lambdadesk.ui.widgets.timeline_bars import FIFTHS, SLIM, boot_colour, colour_of
from lambdadesk.ui.widgets.timeline_frame import MARGIN_PX, Frame

_LEVELS: Final = 64
_FAINTEST: Final = 0.55  # how strong a pixel is that hardly anything ran in


def paint_density(
    painter: QPainter,
    frame: Frame,
    timeline: Timeline,
    runs: NDArray[np.int64],
    lanes: tuple[int, int],
    colours: theme.Colours,
) -> None:
    """All runs as one image, a row of pixels for each row of a lane: the busier, the stronger."""
    width = max(1, round(frame.width - frame.labels))  # a pixel of the screen may be half of one: too thin
    scale = width / (frame.right_ms - frame.left_ms)
    depths = timeline.depths[lanes[0] : lanes[1]]
    bases: NDArray[np.int64] = np.concatenate([[0], np.cumsum(depths)])
    height = int(bases[-1])
    line: NDArray[np.int64] = bases[timeline.lane_of[runs] - lanes[0]] + timeline.rows[runs]
    begins = np.clip((timeline.begins[runs] - frame.left_ms) * scale, 0, width)
    starts = np.clip((timeline.starts[runs] - frame.left_ms) * scale, 0, width)
    finish = np.minimum(timeline.ends[runs], max(frame.now_ms, frame.left_ms))
    ends = np.clip((finish - frame.left_ms) * scale, 0, width)
    ends = np.maximum(ends, np.minimum(starts + 0.05, width))
    kinds = timeline.kinds[runs]
    cover = _coverage(line, starts, ends, height, width)
    image = ramp(colour_of(Kind.OK, colours), colours.base, _FAINTEST, _LEVELS)[
        np.where(cover > 1e-6, 1 + np.minimum(cover * (_LEVELS - 2), _LEVELS - 2), 0).astype(np.int64)
    ]
    boots = starts - begins > 0
    image[_touched(line[boots], begins[boots], starts[boots], height, width)] = boot_colour(colours).rgba()
    tall = np.zeros((height, 5, width), np.uint32)
    for kind in (Kind.UNKNOWN, Kind.RUNNING, Kind.ERROR, Kind.TIMEOUT, Kind.OUT_OF_MEMORY):
        own = kinds == kind
        if own.any():
            wide = np.minimum(np.maximum(ends[own], starts[own] + 1), width)  # two pixels, as a bar has
            touched = _touched(line[own], starts[own], wide, height, width)
            colour = colour_of(kind, colours).rgba()
            if kind in FIFTHS:
                for at, fills in enumerate(FIFTHS[kind]):
                    tall[:, at][touched] = colour if fills else 0
            else:
                image[touched] = colour
    full = tall.reshape(5 * height, width)
    failed = np.add.reduceat(tall.any(axis=(1, 2)), bases[:-1])
    for at in range(*lanes):
        base, depth = int(bases[at - lanes[0]]), int(depths[at - lanes[0]])
        place = QRectF(
            frame.labels,
            frame.lane_top(at) + MARGIN_PX,
            frame.width - frame.labels,
            frame.lane_height(at) - 2 * MARGIN_PX,
        )
        if place.height() <= 0:
            continue
        off = place.height() / depth * SLIM if depth == 1 else 0.0
        draw_pixels(painter, place.adjusted(0, off, 0, -off), image[base : base + depth])
        if failed[at - lanes[0]]:
            draw_pixels(painter, place, full[5 * base : 5 * (base + depth)])


def _coverage(
    line: NDArray[np.int64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    height: int,
    width: int,
) -> NDArray[np.float64]:
    """Which part of each pixel is covered: the difference from pixel to pixel, summed up."""
    stride = width + 2
    change = np.zeros(height * stride)
    for edges, sign in ((starts, 1.0), (ends, -1.0)):
        pixel = np.floor(edges).astype(np.int64)
        part = edges - pixel
        at = line * stride + pixel
        change += np.bincount(at, sign * (1 - part), len(change))
        change += np.bincount(at + 1, sign * part, len(change))
    summed: NDArray[np.float64] = np.cumsum(change.reshape(height, stride), axis=1)[:, :width]
    return summed


def _touched(
    line: NDArray[np.int64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    height: int,
    width: int,
) -> NDArray[np.bool_]:
    """Which pixels have any part of these runs; at least one each."""
    stride = width + 2
    first = np.minimum(np.floor(starts), width - 1).astype(np.int64)
    end = np.maximum(np.ceil(ends).astype(np.int64), first + 1)
    change = np.bincount(line * stride + first, minlength=height * stride).astype(np.int64)
    change -= np.bincount(line * stride + end, minlength=height * stride)
    found: NDArray[np.bool_] = np.cumsum(change.reshape(height, stride), axis=1)[:, :width] > 0
    return found
