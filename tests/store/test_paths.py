"""Every file lies under one home, or where the platform wants it, and only the owner can read it."""

import os
from pathlib import Path

import pytest

from lambdadesk.store.files import make_private
from lambdadesk.store.paths import Paths


def all_paths(paths: Paths) -> list[Path]:
    return [paths.settings_file, paths.history_file, paths.cache_dir, paths.local_dir, paths.crash_dir]


def test_everything_lies_under_the_given_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for path in all_paths(Paths(home)):
        assert path.is_relative_to(home)
    assert not home.exists()  # asking makes nothing


def test_the_variable_counts_where_no_home_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDADESK_HOME", str(tmp_path / "variable"))
    assert Paths().settings_file.is_relative_to(tmp_path / "variable")
    assert Paths(tmp_path / "given").settings_file.is_relative_to(tmp_path / "given")


def test_without_a_home_the_platform_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAMBDADESK_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    paths = Paths()
    assert all(path.is_relative_to(tmp_path) for path in all_paths(paths))
    assert paths.home is None
    assert paths.lock_name == "lambdadesk"


def test_homes_have_different_lock_names(tmp_path: Path) -> None:
    names = {Paths(tmp_path / "a").lock_name, Paths(tmp_path / "b").lock_name, "lambdadesk"}
    assert len(names) == 3
    assert Paths(tmp_path / "a").lock_name == Paths(tmp_path / "a").lock_name


def test_private_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = make_private(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)
    for folder in (made, made.parent, made.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert make_private(made) == made
