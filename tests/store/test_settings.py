"""Settings are typed, survive damage, and two windows keep each other's changes."""

import json
import os
import resource
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.store.settings import Settings


def opened(path: Path) -> Settings:
    settings = Settings(path)
    assert settings.load() is None
    return settings


async def test_values_come_back_with_their_types(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    settings = opened(path)
    assert settings.theme == "system"
    settings.theme = "dark"
    settings.window_geometry = b"\x00\xff"
    settings.splitters = {"main": b"\x01"}
    settings.open_functions = {"local": ("hello", "always-fails")}
    settings.pinned_functions = (("local", "hello"), ("a@aws/us-east-1", "b"))
    settings.saved_filters = (("Broken", "errors>0"),)
    await settings.save()
    again = opened(path)
    assert again.theme == "dark"
    assert again.window_geometry == b"\x00\xff"
    assert again.splitters == {"main": b"\x01"}
    assert again.open_functions == {"local": ("hello", "always-fails")}
    assert again.pinned_functions == (("local", "hello"), ("a@aws/us-east-1", "b"))
    assert again.saved_filters == (("Broken", "errors>0"),)
    assert again.recent_functions == ()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_changed_names_the_setting_and_only_real_changes_are_saved(tmp_path: Path) -> None:
    settings = opened(tmp_path / "settings.json")
    seen: list[str] = []
    settings.changed.connect(seen.append)
    settings.theme = "light"
    settings.theme = "light"
    assert seen == ["theme"]
    await settings.save()
    (tmp_path / "settings.json").unlink()
    await settings.save()
    assert not (tmp_path / "settings.json").exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(damage)
    settings = Settings(path)
    message = settings.load()
    (kept,) = tmp_path.iterdir()
    assert message is not None
    assert kept.name in message
    assert kept.read_bytes() == damage
    assert settings.theme == "system"


async def test_wrong_types_count_as_absent_and_unknown_keys_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(
        json.dumps(
            {
                "theme": 7,
                "window_geometry": "not base64!",
                "open_functions": {"local": ["hello", 3]},
                "history_keeps": "some of it",
                "history_days": -1,
                "history_was_offered": 1,
                "from_the_future": {"a": 1},
            }
        )
    )
    settings = opened(path)
    assert settings.theme == "system"
    assert settings.window_geometry == b""
    assert settings.open_functions == {}
    assert settings.history_keeps == "full"
    assert settings.history_days == 0
    assert settings.history_was_offered is False
    settings.theme = "dark"
    await settings.save()
    assert json.loads(path.read_text())["from_the_future"] == {"a": 1}
    assert json.loads(path.read_text())["theme"] == "dark"


async def test_two_windows_keep_each_others_changes(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    one, two = opened(path), opened(path)
    one.theme = "dark"
    two.window_geometry = b"\x01"
    await one.save()
    await two.save()
    merged = opened(path)
    assert merged.theme == "dark"
    assert merged.window_geometry == b"\x01"


async def test_a_full_disk_is_said_and_saving_works_again_later(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings = opened(path)
    settings.window_geometry = b"x" * 10_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(UserError) as caught:
            await settings.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.kind is ErrorKind.STORAGE
    assert os.listdir(tmp_path) == []
    await settings.save()
    assert opened(path).window_geometry == b"x" * 10_000


@pytest.mark.parametrize("value", [1, "ab", [1], ["ab"], [["a"]], [["a", 1]], [["a", "b", "c"]], {"a": "b"}])
def test_pairs_that_are_none_are_passed_over(tmp_path: Path, value: object) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"pinned_functions": value}))
    assert opened(path).pinned_functions == ()
