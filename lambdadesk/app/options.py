"""Options, what the command line asks for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """Empty strings and None mean "not given"."""

    local: bool = False
    profile: str = ""
    region: str = ""
    endpoint_url: str = ""
    function: str = ""
    page: str = ""
    home: Path | None = None
    tour: Path | None = None
