"""What CloudWatch counted is kept whole, apart by place, and never trusted when damaged."""

from pathlib import Path

import orjson
import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.month_sums import Counted, PlaceMonth
from lambdadesk.core.types import FunctionInfo
from lambdadesk.store.month_cache import MonthCache

MONTH = PlaceMonth(
    {"f": Counted(1_000, 739_000, {"invocations": {739_001: 3.0}, "duration_ms": {739_001: 0.25}})},
    {"/aws/lambda/f": Counted(1_000, 739_000, {"bytes": {739_001: 1e15}}, is_complete=False)},
    {("f", "live"): Counted(1_000, 739_000, {"hours": {739_001: 24.0}})},
    {("f", "live"): 5},
    {"f": FunctionInfo("f", memory_mb=512, architecture="arm64"), "g": FunctionInfo("g")},
    is_listed=True,
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    cache = MonthCache(tmp_path / "new")
    assert cache.load("one") == PlaceMonth()
    cache.save("one", MONTH)
    assert cache.load("one") == MONTH
    assert cache.load("other") == PlaceMonth()
    denied = PlaceMonth(concurrency=None)
    cache.save("other", denied)
    assert cache.load("other") == denied
    assert cache.load("one") == MONTH


def test_what_an_earlier_version_saved_has_no_details(tmp_path: Path) -> None:
    cache = MonthCache(tmp_path)
    cache.save("one", MONTH)
    (path,) = tmp_path.iterdir()
    document = orjson.loads(path.read_bytes())
    del document["details"], document["is_listed"]
    path.write_bytes(orjson.dumps(document))
    found = cache.load("one")
    assert (found.functions, found.details, found.is_listed) == (MONTH.functions, {}, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 2}',
        '{"format":1,"target":"one","functions":{"f":[1]}}',
        '{"format":1,"target":"two"}',
    ],
)
def test_a_damaged_file_is_nothing_and_goes(tmp_path: Path, text: str) -> None:
    cache = MonthCache(tmp_path)
    cache.save("one", MONTH)
    (path,) = tmp_path.iterdir()
    path.write_text(text)
    assert cache.load("one") == PlaceMonth()
    assert not path.exists()


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as failure:
        MonthCache(tmp_path / "file").save("one", MONTH)
    assert failure.value.kind is ErrorKind.STORAGE
