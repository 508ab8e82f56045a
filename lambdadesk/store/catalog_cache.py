"""The last function list of each target, to be painted before the network answers."""

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from lambdadesk.core.types import FunctionInfo
from lambdadesk.store.files import storage_error, write_atomic

_FORMAT = 1
_DATES = {"last_modified"}


class CatalogCache:
    """One small JSON file a target under `folder`. Environment variables of functions are never in it.

    Its methods block: call them through `in_thread`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, target_key: str) -> tuple[list[FunctionInfo], int] | None:
        """The functions and when they were saved (epoch ms), or None: AWS is asked anyway.

        A damaged file is removed.
        """
        path = self._path(target_key)
        try:
            document = json.loads(path.read_bytes())
            if document["format"] != _FORMAT or document["target"] != target_key:
                raise ValueError("another format or target")
            return [to_function(item) for item in document["functions"]], int(document["saved_ms"])
        except OSError:
            return None  # absent or unreadable: no cache
        except (ValueError, TypeError, KeyError, RecursionError):
            with suppress(OSError):
                path.unlink()
            return None

    def save(self, target_key: str, functions: list[FunctionInfo]) -> None:
        """Replace the target's list. Raises UserError (STORAGE)."""
        path = self._path(target_key)
        document = {
            "format": _FORMAT,
            "target": target_key,
            "saved_ms": int(time.time() * 1000),
            "functions": [function_to_json(function) for function in functions],
        }
        try:
            write_atomic(path, json.dumps(document, separators=(",", ":")).encode())
        except OSError as error:
            raise storage_error("The function list", error, path) from error

    def _path(self, target_key: str) -> Path:
        return self.folder / f"functions-{hashlib.sha256(target_key.encode()).hexdigest()[:16]}.json"


def function_to_json(function: FunctionInfo) -> dict[str, Any]:
    """All fields, to be read by `to_function`."""
    values = {field.name: getattr(function, field.name) for field in fields(function)}
    return values | {name: values[name].isoformat() if values[name] else None for name in _DATES}


def to_function(item: dict[str, Any]) -> FunctionInfo:
    """What was kept. TypeError: of another type."""
    values: dict[str, Any] = {}
    for field in fields(FunctionInfo):
        if field.name not in item:
            continue  # saved by an older version; the default stands
        value = item[field.name]
        if field.name in _DATES:
            values[field.name] = datetime.fromisoformat(value) if value is not None else None
        elif type(value) is field.type:
            values[field.name] = value
        else:
            raise TypeError(field.name)
    return FunctionInfo(**values)
