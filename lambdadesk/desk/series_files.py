"""Files of a series: the payloads that are read, and the runs that are written."""

from pathlib import Path

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.series_rows import decode_text
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import write_atomic

LARGEST_MB = 64


async def read_text_file(path: Path) -> str:
    """The text of a file of payloads. Raises UserError (STORAGE, INVALID)."""

    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(LARGEST_MB * 1024 * 1024 + 1)

    try:
        data = await in_thread(read)
    except OSError as error:
        raise UserError(
            f"{path.name} can't be read: {error.strerror or error}.",
            "Choose another file.",
            kind=ErrorKind.STORAGE,
        ) from error
    if len(data) > LARGEST_MB * 1024 * 1024:
        raise UserError(
            f"{path.name} has more than {LARGEST_MB} MB.",
            "Split it into smaller files.",
            kind=ErrorKind.INVALID,
        )
    return decode_text(data)


async def write_text_file(path: Path, text: str) -> None:
    """Write what was exported. Raises UserError (STORAGE)."""
    try:
        await in_thread(write_atomic, path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise UserError(
            f"{path.name} could not be written: {error.strerror or error}.",
            "Choose another folder.",
            kind=ErrorKind.STORAGE,
            details=str(path),
        ) from error
