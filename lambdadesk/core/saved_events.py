"""Events that are kept under a name: what a name may be, and what happens when two sides change one."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from lambdadesk.core.errors import ErrorKind, UserError

SHARED: Final = ""  # the owner of events that are for every function
LARGEST_BYTES: Final = 6 * 1024 * 1024  # what Invoke takes
LONGEST_NAME: Final = 100  # characters
_LONGEST_NAME_BYTES: Final = 200  # file systems take 255, and a suffix and a temporary name come on top
_FORBIDDEN: Final = '/\\:*?"<>|'
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
)


@dataclass(frozen=True, slots=True)
class SavedEvent:
    """A file in the events folder. owner: a function's name, or SHARED; modified_ms: epoch milliseconds.

    problem: why it can't be used, in one sentence; empty where it can.
    """

    owner: str
    name: str
    size_bytes: int = 0
    modified_ms: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LoadedEvent:
    """The text of a saved event, and the version by which a later change is noticed."""

    owner: str
    name: str
    text: str
    version: str


class EventConflictError(UserError):
    """Somebody else changed the event since it was read; saving without a version overwrites it.

    current: the text it has now; None: it was deleted, or can't be read.
    """

    def __init__(self, message: str, hint: str, current: str | None) -> None:
        super().__init__(message, hint, kind=ErrorKind.INVALID)
        self.current = current


def is_reserved(name: str) -> bool:
    """Whether Windows takes a file name for a device, whatever its extension."""
    return name.partition(".")[0].rstrip().casefold() in _RESERVED


def check_event_name(name: str) -> str | None:
    """Why a name can't be that of a file on every system, as a sentence; None if it can."""
    if not name.strip():
        return "A saved event needs a name."
    if unicodedata.normalize("NFC", name) != name or not name.isprintable():
        return "The name has characters that can't be seen, or that systems store differently."
    if found := next((letter for letter in name if letter in _FORBIDDEN), ""):
        return f"A name can't have {found} in it; the characters {_FORBIDDEN} are not for file names."
    if name[0] in ". " or name[-1] in ". ":
        return "A name can't begin or end with a dot or a space."
    if len(name) > LONGEST_NAME or len(name.encode()) > _LONGEST_NAME_BYTES:
        return f"The name is too long; {LONGEST_NAME} characters are enough."
    if is_reserved(name):
        return f"Windows keeps the name {name} for a device."
    return None


def propose_copy_name(name: str, taken: set[str], gap: str = " ") -> str:
    """A name like "order copy 2" that none of `taken` is, whatever their case. gap: between its words."""
    known = {each.casefold() for each in taken}
    count = 1
    while True:
        suffix = f"{gap}copy" if count == 1 else f"{gap}copy{gap}{count}"
        base = name[: LONGEST_NAME - len(suffix)]
        while len((base + suffix).encode()) > _LONGEST_NAME_BYTES:
            base = base[:-1]
        found = f"{base.rstrip('. ')}{suffix}"
        if found.casefold() not in known:
            return found
        count += 1
