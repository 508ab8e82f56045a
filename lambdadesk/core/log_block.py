"""Block, many log lines in one string."""

from array import array
from functools import lru_cache
from itertools import accumulate
from sys import getsizeof
from typing import NamedTuple

from lambdadesk.core.many_numbers import add_to_all

SEPARATOR = "\n"  # between the lines of a block; a line may hold it too, so only the offsets tell lines apart


class Block(NamedTuple):
    """Closed lines in one string: line i of the block is text[offsets[i] : offsets[i + 1] - 1].

    packed: its UTF-8, which numpy can look through as it is; the text itself where that is smaller.
    """

    packed: str | bytes
    offsets: "array[int]"

    @property
    def text(self) -> str:
        if isinstance(self.packed, str):
            return self.packed
        plain = self.ascii_bytes  # is quickly read again, and `line` needs no more than its part
        return _unpacked(self.packed) if plain is None else plain.decode()

    @property
    def ascii_bytes(self) -> bytes | None:
        """The text where a byte is a character, so that the offsets are those of bytes."""
        packed = self.packed
        return packed if isinstance(packed, bytes) and len(packed) < self.offsets[-1] else None

    @property
    def line_count(self) -> int:
        return len(self.offsets) - 1

    def line(self, at: int) -> str:
        start, end = self.offsets[at], self.offsets[at + 1] - 1
        plain = self.ascii_bytes
        return self.text[start:end] if plain is None else plain[start:end].decode()

    def lines(self) -> list[str]:
        text, ends = self.text, self.offsets[1:]
        return [text[start : end - 1] for start, end in zip(self.offsets, ends, strict=False)]


@lru_cache(maxsize=4)
def _unpacked(packed: bytes) -> str:
    return packed.decode("utf-8", "surrogatepass")


def pack_text(text: str) -> str | bytes:
    """The UTF-8 of plain ASCII, or where it is much smaller: one emoji makes a string of wide ones."""
    if text.isascii():
        return text.encode()
    encoded = text.encode("utf-8", "surrogatepass")
    return encoded if len(encoded) < getsizeof(text) * 0.9 else text


def make_block(lines: list[str]) -> Block:
    return Block(
        pack_text(SEPARATOR.join(lines)),
        array("I", accumulate((len(line) + 1 for line in lines), initial=0)),
    )


def with_lines(block: Block, places: list[int], messages: list[str]) -> Block:
    """The block with these messages before its lines of these (ascending) places."""
    text, offsets = block.text, block.offsets
    pieces: list[str] = []
    moved = array("I")
    at = shift = 0  # the next line of the block, and by how much its text has moved
    for place, message in zip(places, messages, strict=True):
        pieces += text[offsets[at] : offsets[place]], message, SEPARATOR
        moved.extend(add_to_all(offsets[at:place], shift))
        moved.append(offsets[place] + shift)
        shift += len(message) + len(SEPARATOR)
        at = place
    pieces.append(text[offsets[at] :])
    moved.extend(add_to_all(offsets[at:], shift))
    return Block(pack_text("".join(pieces)), moved)
