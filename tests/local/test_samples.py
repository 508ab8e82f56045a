"""The sample functions' packages and events, and the thumbnailer's picture formats."""

import importlib.util
import io
import json
import random
import struct
import zipfile
import zlib
from types import ModuleType

import pytest

from lambdadesk.core import resources
from lambdadesk.local.pictures import build_png
from lambdadesk.local.samples import SAMPLES, build_zip, load_event

NAMES = [sample.name for sample in SAMPLES]


@pytest.fixture
def thumbnailer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    path = resources.files() / "functions" / "image-thumbnailer" / "index.py"
    spec = importlib.util.spec_from_file_location("image_thumbnailer", str(path))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_folder_is_a_sample() -> None:
    assert sorted(folder.name for folder in (resources.files() / "functions").iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_package_holds_the_code_and_not_the_event(name: str) -> None:
    (file,) = zipfile.ZipFile(io.BytesIO(build_zip(name))).namelist()
    assert file in ("index.py", "index.mjs")
    assert not name.startswith("url-")  # MiniStack can't find these again


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_has_an_event(name: str) -> None:
    text = load_event(name)
    assert text
    assert isinstance(json.loads(text), dict)


def test_other_functions_have_no_event() -> None:
    assert load_event("../functions/hello") is None
    assert load_event("prices") is None


def make_rows(width: int, height: int) -> list[bytes]:
    source = random.Random(7)
    return [source.randbytes(width * 3) for _ in range(height)]


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("step", [3, 4])
def test_png_with_every_row_filter(thumbnailer: ModuleType, kind: int, step: int) -> None:
    rows = make_rows(7, 5)
    opacity = b"\x80" * (step - 3)
    lines = [b"".join(row[i : i + 3] + opacity for i in range(0, 21, 3)) for row in rows]
    packed, above = b"", bytes(7 * step)
    for line in lines:
        packed += bytes([kind]) + filter_row(kind, line, above, step)
        above = line
    header = struct.pack(">IIBBBBB", 7, 5, 8, 2 if step == 3 else 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    assert thumbnailer.decode(data) == (7, 5, rows)


def filter_row(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    """One PNG row, filtered as the PNG specification (section 9) says."""
    out = bytearray()
    for i, value in enumerate(line):
        a = line[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        p = a + b - c
        paeth = a if abs(p - a) <= min(abs(p - b), abs(p - c)) else b if abs(p - b) <= abs(p - c) else c
        out.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
    return bytes(out)


def test_ppm(thumbnailer: ModuleType) -> None:
    rows = [b"\n\n\n" + b" " * 9, b" " * 12]  # pixels that look like blanks
    assert thumbnailer.decode(b"P6\n4 2\n255\n" + b"".join(rows)) == (4, 2, rows)


@pytest.mark.parametrize("upside_down", [True, False])
def test_bmp(thumbnailer: ModuleType, upside_down: bool) -> None:
    rows = make_rows(3, 2)
    stored = reversed(rows) if upside_down else rows
    lines = [b"".join(row[i : i + 3][::-1] for i in range(0, 9, 3)) + b"\0" * 3 for row in stored]
    height = 2 if upside_down else -2
    header = b"BM" + struct.pack("<IHHI", 0, 0, 0, 54) + struct.pack("<IiiHHI", 40, 3, height, 1, 24, 0)
    assert thumbnailer.decode(header.ljust(54, b"\0") + b"".join(lines)) == (3, 2, rows)


def test_shrinking_averages_and_keeps_the_proportions(thumbnailer: ModuleType) -> None:
    rows = [bytes([0, 10, 20] * 64 + [200, 110, 20] * 64)] * 64
    width, height, small = thumbnailer.shrink(128, 64, rows)
    assert (width, height) == (64, 32)
    assert small[0] == bytes([0, 10, 20] * 32 + [200, 110, 20] * 32)


def test_a_thumbnail_can_be_read_again(thumbnailer: ModuleType) -> None:
    width, height, rows = thumbnailer.decode(build_png(40, 30, 3))
    assert thumbnailer.decode(thumbnailer.encode_png(width, height, rows)) == (40, 30, rows)


def test_pictures_differ_by_seed() -> None:
    assert build_png(16, 16, 1) != build_png(16, 16, 2)
