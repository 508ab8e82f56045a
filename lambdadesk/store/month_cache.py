"""What CloudWatch counted of each place by day, so that no day is paid for twice."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from lambdadesk.core.month_sums import Counted, PlaceMonth
from lambdadesk.core.types import FunctionInfo
from lambdadesk.store.catalog_cache import function_to_json, to_function
from lambdadesk.store.files import storage_error, write_atomic

_FORMAT = 1
_DETAILS = (
    "runtime",
    "architecture",
    "memory_mb",
    "ephemeral_mb",
    "package_type",
    "log_group",
    "snap_start",
    "capacity_provider",
    "is_durable",
)


class MonthCache:
    """One file a place under `folder`. Its methods block: call them through `in_thread`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, target_key: str) -> PlaceMonth:
        """What was kept, or nothing. A damaged file is removed: CloudWatch can be asked again."""
        path = self._path(target_key)
        try:
            document = orjson.loads(path.read_bytes())
            if document["format"] != _FORMAT or document["target"] != target_key:
                raise ValueError("another format or target")
            return PlaceMonth(
                {name: _to_counted(each) for name, each in document["functions"].items()},
                {name: _to_counted(each) for name, each in document["logs"].items()},
                {(name, qualifier): _to_counted(each) for name, qualifier, each in document["provisioned"]},
                None
                if document["concurrency"] is None
                else {(name, qualifier): int(amount) for name, qualifier, amount in document["concurrency"]},
                {
                    name: to_function({"name": name, **each})
                    for name, each in document.get("details", {}).items()
                },
                document.get("is_listed"),
            )
        except OSError:
            return PlaceMonth()  # absent or unreadable
        except (ValueError, TypeError, KeyError, AttributeError):
            with suppress(OSError):
                path.unlink()
            return PlaceMonth()

    def save(self, target_key: str, month: PlaceMonth) -> None:
        """Replace what is kept of a place. Raises UserError (STORAGE)."""
        path = self._path(target_key)
        document = {
            "format": _FORMAT,
            "target": target_key,
            "functions": {name: _to_json(each) for name, each in month.functions.items()},
            "logs": {name: _to_json(each) for name, each in month.logs.items()},
            "provisioned": [[*key, _to_json(each)] for key, each in month.provisioned.items()],
            "concurrency": None
            if month.concurrency is None
            else [[*key, amount] for key, amount in month.concurrency.items()],
            "details": {name: _to_details(each) for name, each in month.details.items()},
            "is_listed": month.is_listed,
        }
        try:
            write_atomic(path, orjson.dumps(document))
        except OSError as error:
            raise storage_error("The figures of the month", error, path) from error

    def _path(self, target_key: str) -> Path:
        return self.folder / f"month-{hashlib.sha256(target_key.encode()).hexdigest()[:16]}.json"


def _to_details(function: FunctionInfo) -> dict[str, Any]:
    """What a bill depends on, where it is not as usual."""
    values = function_to_json(function)
    usual = FunctionInfo(function.name)
    return {name: values[name] for name in _DETAILS if values[name] != getattr(usual, name)}


def _to_json(counted: Counted) -> list[Any]:
    sums = {what: [list(days), list(days.values())] for what, days in counted.sums.items()}
    return [counted.read_ms, counted.since, counted.is_complete, sums]


def _to_counted(item: Any) -> Counted:
    read_ms, since, is_complete, sums = item
    return Counted(
        int(read_ms),
        int(since),
        {
            what: dict(zip(map(int, days), map(float, values), strict=True))
            for what, (days, values) in sums.items()
        },
        bool(is_complete),
    )
