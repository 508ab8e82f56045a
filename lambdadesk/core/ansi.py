"""Text with the colours that a program gave it by ANSI escapes (ECMA-48, "select graphic rendition")."""

import re
from typing import NamedTuple

from lambdadesk.core.text import one_line

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_CUBE = (0, 95, 135, 175, 215, 255)  # the steps of xterm's 6 x 6 x 6 colours


class Piece(NamedTuple):
    """A part of a line. colour: 0 to 7, from black over red and green to white; -1 for none."""

    text: str
    colour: int
    is_bold: bool


def has_colours(text: str) -> bool:
    return "\x1b[" in text


def pieces(text: str, limit: int) -> list[Piece]:
    """The beginning of a text (`limit` characters, escapes included) in its colours, as `one_line` shows it.

    Backgrounds, blinking and the like are left out; bright colours count as the plain ones, the colours of
    larger palettes as the nearest of the eight.
    """
    text = text.rstrip("\r\n")
    found = []
    colour, is_bold, start = -1, False, 0
    for match in _SGR.finditer(text, 0, limit):
        if match.start() > start:
            found.append(Piece(_shown(text[start : match.start()]), colour, is_bold))
        colour, is_bold = _render(match[1], colour, is_bold)
        start = match.end()
    if start < len(text):
        rest = text[start:]
        found.append(Piece(_shown(rest, max(1, limit - start)), colour, is_bold))
    return found


def _shown(text: str, limit: int = 1 << 30) -> str:
    """As `one_line`, which leaves out breaks at the end: here the text goes on."""
    kept = text.rstrip("\r\n")
    return one_line(kept, limit) + (" ⏎ " if len(kept) < len(text) else "")


def _render(codes: str, colour: int, is_bold: bool) -> tuple[int, bool]:
    """Colour and weight after these codes."""
    numbers = [int(code[:4] or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            colour, is_bold = -1, False
        elif code in (1, 22):
            is_bold = code == 1
        elif 30 <= code <= 37 or 90 <= code <= 97:
            colour = code % 10
        elif code == 39:
            colour = -1
        elif code in (38, 48):
            chosen = _of_palette(numbers)
            colour = chosen if code == 38 else colour
    return colour, is_bold


def _of_palette(numbers: list[int]) -> int:
    """The nearest of the eight colours to the one that these numbers give; takes them off the list."""
    kind = numbers.pop(0) if numbers else 0
    if kind == 2:
        rgb = [*numbers, 0, 0, 0][:3]
        del numbers[:3]
        return _nearest(*rgb)
    index = numbers.pop(0) if kind == 5 and numbers else 0
    if index < 16:
        return index % 8
    if index < 232:
        index -= 16
        return _nearest(_CUBE[index // 36], _CUBE[index // 6 % 6], _CUBE[index % 6])
    grey = 8 + 10 * (index - 232)
    return _nearest(grey, grey, grey)


def _nearest(red: int, green: int, blue: int) -> int:
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < 48:
        return 7 if high > 127 else 0
    middle = (high + low) // 2
    return (red > middle) + 2 * (green > middle) + 4 * (blue > middle)
