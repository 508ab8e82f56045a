"""When AWS ends its support of a runtime."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from lambdadesk.core.resources import read_text


@dataclass(frozen=True, slots=True)
class RuntimeDates:
    """deprecation: no patches from then on. block_create, block_update: Lambda refuses such functions."""

    deprecation: date
    block_create: date
    block_update: date


class RuntimeTable:
    """The dates of AWS's runtimes page as it was in the month `published` ("2026-09").

    AWS moves them at times. Runtimes that are not on it, or not scheduled to end, have none.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.published: str = data["published"]
        self.source: str = data["source"]
        self._dates = {
            name: RuntimeDates(*map(date.fromisoformat, days)) for name, days in data["runtimes"].items()
        }

    def get(self, runtime: str) -> RuntimeDates | None:
        return self._dates.get(runtime)


@cache
def load_runtimes() -> RuntimeTable:
    """The table that comes with LambdaDesk."""
    return RuntimeTable(json.loads(read_text("runtimes.json")))
