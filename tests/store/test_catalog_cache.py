"""The cached function list comes back whole, or not at all."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdadesk.aws.functions import to_function_info
from lambdadesk.core.types import FunctionInfo
from lambdadesk.store.catalog_cache import CatalogCache
from tests.servers.fake_aws import make_function

FUNCTIONS = [
    FunctionInfo(
        name="image-resize",
        arn="arn:aws:lambda:us-east-1:000000000000:function:image-resize",
        runtime="python3.12",
        memory_mb=512,
        timeout_s=30,
        last_modified=datetime(2026, 11, 1, 10, 0, tzinfo=UTC),
        description="Grüße 🖼",
        snap_start=True,
        role="arn:aws:iam::000000000000:role/image-resize",
        handler="app.handler",
        state="Failed",
        state_reason="The image was deleted.",
        last_update_status="Failed",
        last_update_reason="Out of addresses.",
        capacity_provider="arn:aws:lambda:us-east-1:000000000000:capacity-provider:big",
    ),
    FunctionInfo(name="container", package_type="Image"),
]


def test_functions_come_back_as_they_were(tmp_path: Path) -> None:
    cache = CatalogCache(tmp_path / "cache")
    assert cache.load("local") is None
    cache.save("local", FUNCTIONS)
    cache.save("default@aws/us-east-1", [])
    loaded = cache.load("local")
    assert loaded is not None
    assert loaded[0] == FUNCTIONS
    assert abs(loaded[1] - datetime.now(UTC).timestamp() * 1000) < 60_000
    assert cache.load("default@aws/us-east-1") is not None
    for path in (tmp_path / "cache").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"format": 1, "target": "other", "saved_ms": 1, "functions": []}).encode(),
        json.dumps({"format": 99, "target": "local", "saved_ms": 1, "functions": []}).encode(),
        json.dumps({"format": 1, "target": "local", "saved_ms": 1, "functions": [{"name": 3}]}).encode(),
        json.dumps({"format": 1, "target": "local", "saved_ms": 1, "functions": [{}]}).encode(),
        json.dumps({"format": 1, "target": "local", "saved_ms": 1, "functions": ["x"]}).encode(),
    ],
)
def test_a_damaged_file_is_no_cache_and_is_removed(tmp_path: Path, damage: bytes) -> None:
    cache = CatalogCache(tmp_path)
    cache.save("local", FUNCTIONS)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert cache.load("local") is None
    assert os.listdir(tmp_path) == []


def test_a_list_of_an_older_version_is_read(tmp_path: Path) -> None:
    cache = CatalogCache(tmp_path)
    cache.save("local", FUNCTIONS)
    (path,) = tmp_path.iterdir()
    document = json.loads(path.read_bytes())
    document["functions"] = [{"name": "image-resize", "memory_mb": 512, "last_modified": None}]
    path.write_text(json.dumps(document))
    loaded = cache.load("local")
    assert loaded is not None
    assert loaded[0] == [FunctionInfo("image-resize", memory_mb=512)]


def test_no_environment_value_gets_into_the_file(tmp_path: Path) -> None:
    entry = make_function("orders", Environment={"Variables": {"PASSWORD": "canary"}})
    cache = CatalogCache(tmp_path)
    cache.save("local", [to_function_info(entry)])
    (path,) = tmp_path.iterdir()
    assert b"orders" in path.read_bytes()
    assert b"canary" not in path.read_bytes()
    assert b"PASSWORD" not in path.read_bytes()
