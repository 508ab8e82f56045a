"""Text from outside, made safe and honest to look at."""

import re
from functools import lru_cache

_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for tab and line feed
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width and bidi
    "\ud800-\udfff"  # halves of a surrogate pair
    "\U000e0000-\U000e007f"  # "tags": text that no font draws
)
# A zero-width joiner after an emoji only builds the next emoji and stays.
_JOINED_EMOJI = "(?<=[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d"
_ANSI = r"\x1b\[[0-?]*+[ -/]*+[@-~]"
_HIDDEN = re.compile(f"({_ANSI})|(\r\n?)|({_JOINED_EMOJI})|[{_UNSEEN}]")
_BREAK = re.compile(r"\r\n|[\r\n]")
_ELIDED_FROM = 4_000


def visible(text: str) -> str:
    """The text with every character that a reader could not see, or that could mislead, spelt out.

    Control characters, bidi and zero-width ones become their code (<U+202E>), as few fonts have pictures of
    them; ANSI colours go; a carriage return is a line break, since Node's runtime writes its line breaks so.
    Tabs and line breaks stay.
    """
    if text.isprintable():
        return text
    return _HIDDEN.sub(_spell, text)


def _spell(match: re.Match[str]) -> str:
    ansi, line_break, joiner = match.groups()
    if ansi:
        return ""
    if line_break:
        return "\n"
    if joiner:
        return match[0]
    return _code(match[0])


@lru_cache(maxsize=256)
def _code(character: str) -> str:
    return f"<U+{ord(character):04X}>"


def one_line(text: str, limit: int = _ELIDED_FROM) -> str:
    """The text on one line for a table cell: breaks as ⏎, at most `limit` characters of it."""
    text = text.rstrip("\r\n")
    left_off = len(text) - limit
    if left_off > 0:
        text = text[:limit]
    if not text.isprintable():
        text = visible(_BREAK.sub(" ⏎ ", text)).replace("\t", "  ")
    return f"{text}… (+{left_off:,} characters)" if left_off > 0 else text


def short_lines(text: str, width: int = _ELIDED_FROM) -> str:
    """The text with lines longer than `width` broken up: Qt takes minutes over one word of a megabyte."""
    if len(text) <= width:
        return text
    lines = []
    for line in text.split("\n"):
        if len(line) <= width:
            lines.append(line)
        else:
            lines.extend(line[start : start + width] for start in range(0, len(line), width))
    return "\n".join(lines)
