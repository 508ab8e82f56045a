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
    """The dates of AWS's runtimes page as it was in about the month `published` ("2026-09").

    AWS moves those that lay ahead then, but never to an earlier day. Runtimes that are not on the page, or
    not scheduled to end, have none.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.published: str = data["published"]
        self.source: str = data["source"]
        self._not_scheduled = frozenset(data["not_scheduled"])
        self._dates = {
            name: RuntimeDates(*map(date.fromisoformat, days)) for name, days in data["runtimes"].items()
        }

    def get(self, runtime: str) -> RuntimeDates | None:
        return self._dates.get(runtime)

    def is_forecast(self, day: date) -> bool:
        """Whether a day of the page lay ahead when it was read, so that it may be later by now."""
        return day >= date.fromisoformat(f"{self.published}-01")

    def tell(self, runtime: str) -> str:
        """Until when AWS supports a runtime, in one sentence."""
        dates = self.get(runtime)
        if dates is not None:
            return f"AWS's page of about {self.published} has its deprecation on {dates.deprecation}."
        if runtime in self._not_scheduled:
            return f"On AWS's page of about {self.published} its deprecation was not scheduled."
        return (
            f"It is not on AWS's page of about {self.published}, so that the end of its support is not known."
        )


@cache
def load_runtimes() -> RuntimeTable:
    """The table that comes with LambdaDesk."""
    return RuntimeTable(json.loads(read_text("runtimes.json")))
