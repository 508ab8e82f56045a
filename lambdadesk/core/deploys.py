"""Deploys, the moments at which a function's behaviour may have changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lambdadesk.core.text import one_line

_DESCRIPTION = 40  # characters of it in a text


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version as ListVersionsByFunction has it; `at` is when its code was last changed, aware."""

    version: str
    at: datetime
    description: str = ""


@dataclass(frozen=True, slots=True)
class Deploy:
    """at_ms: epoch milliseconds. version: empty for the function itself ($LATEST)."""

    at_ms: float
    text: str
    version: str = ""


def list_deploys(
    last_modified: datetime | None, versions: Iterable[PublishedVersion] = ()
) -> tuple[Deploy, ...]:
    """By time: when the function was changed last, and when each version was published."""
    deploys = [
        Deploy(each.at.timestamp() * 1000, _name(each), each.version)
        for each in versions
        if each.version.isdecimal()
    ]
    if last_modified is not None:
        deploys.append(Deploy(last_modified.timestamp() * 1000, "function changed"))
    return tuple(sorted(deploys, key=lambda deploy: (deploy.at_ms, deploy.text)))


def _name(version: PublishedVersion) -> str:
    about = f" ({one_line(version.description, _DESCRIPTION)})" if version.description else ""
    return f"v{version.version} published{about}"
