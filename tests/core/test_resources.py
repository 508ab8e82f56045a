"""The packaged data is found in a checkout and in an installed package."""

import shutil
import subprocess
import sys
import zipfile
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


def test_the_wheel_holds_every_file(tmp_path: Path) -> None:
    (source,) = lambdadesk.__path__
    root = Path(source).parent
    script = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    here = {
        path.relative_to(root / "resources") for path in (root / "resources").rglob("*") if path.is_file()
    }
    assert packed >= {f"lambdadesk/resources/{path.as_posix()}" for path in here if path.suffix != ".pyc"}
    assert "lambdadesk/resources/events/index.json" in packed
