"""The prices that were downloaded, one small JSON file a region."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lambdadesk.store.files import storage_error, write_atomic

_FORMAT = 1


class PriceCache:
    """Files under `folder`, each with the layers of a `core.prices.PriceTable` and their dates.

    Its methods block: call them through `in_thread`, save where a few KB don't matter.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> list[Mapping[str, Any]]:
        """The layers of all regions. A damaged file counts as absent and is removed."""
        layers: list[Mapping[str, Any]] = []
        with suppress(OSError):  # absent or unreadable: the bundled prices stand
            for path in sorted(self.folder.glob("prices-*.json")):
                layers += self._load(path)
        return layers

    def save(self, region: str, layers: Sequence[Mapping[str, Any]]) -> None:
        """Replace what is kept of a region. Raises UserError (STORAGE)."""
        path = self.folder / f"prices-{region}.json"
        document = {"format": _FORMAT, "layers": list(layers)}
        try:
            write_atomic(path, json.dumps(document, separators=(",", ":")).encode())
        except OSError as error:
            raise storage_error("The prices", error, path) from error

    def _load(self, path: Path) -> list[Mapping[str, Any]]:
        from lambdadesk.core.prices import load_prices

        try:
            document = json.loads(path.read_bytes())
            if document["format"] != _FORMAT:
                raise ValueError("another format")
            layers: list[Mapping[str, Any]] = document["layers"]
            load_prices(layers)  # raises where it is no table
        except OSError:
            return []
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            with suppress(OSError):
                path.unlink()
            return []
        return layers
