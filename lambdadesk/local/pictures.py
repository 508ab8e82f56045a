"""Pictures for the sample account to work on."""

import struct
import zlib


def build_png(width: int, height: int, seed: int) -> bytes:
    """A picture of coloured stripes, 8 bit RGB; another seed gives other colours."""
    red, green, blue = seed * 37 % 256, seed * 91 % 256, seed * 53 % 256
    rows = bytearray()
    for y in range(height):
        rows.append(0)  # no filter
        for x in range(width):
            stripe = (x + y) // 8 % 2 * 64
            rows += bytes(((red + x + stripe) % 256, (green + y) % 256, (blue + stripe) % 256))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _build_chunk(b"IHDR", header),
            _build_chunk(b"IDAT", zlib.compress(bytes(rows))),
            _build_chunk(b"IEND", b""),
        )
    )


def _build_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
