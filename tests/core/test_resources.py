"""The packaged data is found in a checkout and in an installed package."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lambdadesk
from lambdadesk.core import resources


def test_in_a_checkout_it_lies_beside_the_package() -> None:
    assert "export const handler" in resources.read_text("functions/hello/index.mjs")
    assert resources.read_bytes("functions/hello/index.mjs").startswith(b"//")


def test_in_an_installed_package_it_lies_inside(tmp_path: Path) -> None:
    (source,) = lambdadesk.__path__
    shutil.copytree(source, tmp_path / "lambdadesk", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "lambdadesk" / "resources").mkdir()
    (tmp_path / "lambdadesk" / "resources" / "here.txt").write_text("inside", encoding="utf-8")
    script = "from lambdadesk.core import resources; print(resources.read_text('here.txt'), end='')"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stdout == "inside"


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        resources.read_text("functions/no-such-function/index.py")
