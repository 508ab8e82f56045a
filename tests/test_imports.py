"""The layers below the window load no Qt, and the start loads nothing that can wait."""

import json
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

QT = {"PySide6", "shiboken6", "qasync", "pyqtgraph"}
# What is imported after the first frame, or in a thread.
LATE = {
    "boto3",
    "botocore",
    "urllib3",
    "pyqtgraph",
    "numpy",
    "keyring",
    "ministack",
    "lambdadesk.local.account",
}


def loaded_after(modules: list[str]) -> set[str]:
    """The names in sys.modules of a new process that has imported these modules."""
    script = (
        "import json, sys; from importlib import import_module;"
        "[import_module(name) for name in json.loads(sys.argv[1])]; print(json.dumps(list(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, json.dumps(modules)], capture_output=True, text=True, check=True
    )
    return set(json.loads(result.stdout))


@pytest.mark.parametrize("package", ["core", "store", "aws", "local", "desk"])
def test_a_lower_package_loads_no_qt(package: str) -> None:
    root = import_module(f"lambdadesk.{package}")
    modules = [found.name for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")]
    assert len(modules) >= 4
    loaded = loaded_after(modules)
    assert set(modules) <= loaded
    assert loaded & QT == set()


def test_the_window_loads_nothing_that_can_wait() -> None:
    loaded = loaded_after(["lambdadesk.app.run"])
    assert "PySide6.QtWidgets" in loaded
    assert loaded & LATE == set()


def test_the_command_line_loads_neither_qt_nor_any_layer() -> None:
    loaded = loaded_after(["lambdadesk.cli"])
    assert loaded & (QT | LATE) == set()
    assert {name for name in loaded if name.startswith("lambdadesk.")} == {
        "lambdadesk.app",
        "lambdadesk.app.options",
        "lambdadesk.cli",
    }
