"""Private folders and files that survive a kill or a full disk."""

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from lambdadesk.core.errors import ErrorKind, UserError


def make_private(folder: Path) -> Path:
    """Make a folder and its missing parents, readable by the owner only (0700); returns the folder."""
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        # exist_ok: another process may be making the same folder.
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file's content in one step, so that a reader or a kill sees the old one or the new one.

    The file is readable by the owner only (0600). Raises OSError (disk full, read-only), and then leaves the
    old content and no temporary file behind.
    """
    make_private(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    if os.name == "posix":
        # The new name itself is only on the disk once the folder is.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def set_aside(path: Path) -> Path:
    """Rename a damaged file to NAME.corrupt-DATE.SUFFIX beside it and return the new path. Raises OSError."""
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    target = path.with_name(f"{path.stem}.corrupt-{stamp}{path.suffix}")
    count = 1
    while target.exists():
        count += 1
        target = path.with_name(f"{path.stem}.corrupt-{stamp}-{count}{path.suffix}")
    os.replace(path, target)
    return target


def storage_error(what: str, error: Exception, path: Path) -> UserError:
    """Say that something can't be saved: `what` is the subject of the sentence ("The settings")."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UserError(
        f"{what} can't be saved.",
        "Check that the disk is not full or read-only. Everything else goes on working.",
        kind=ErrorKind.STORAGE,
        details=f"{path}: {reason}",
    )
