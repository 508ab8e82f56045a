"""Where the packaged data lies: icons, the price table, sample functions."""

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


@cache
def files() -> Traversable:
    """The folder of packaged data.

    An installed package carries it inside itself; in a checkout it lies beside the package.
    """
    packaged = resources.files("lambdadesk") / "resources"
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[2] / "resources"


def read_text(path: str) -> str:
    """The text (UTF-8) of one file; `path` has slashes and is relative to the folder of packaged data."""
    return files().joinpath(*path.split("/")).read_text(encoding="utf-8")


def read_bytes(path: str) -> bytes:
    """The bytes of one file; `path` as for `read_text`."""
    return files().joinpath(*path.split("/")).read_bytes()
