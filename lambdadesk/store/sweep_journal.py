"""The journal of power sweeps: what has to be put right if the process ends in the middle of one."""

import hashlib
import json
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Final

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.power_sweep import SweepEntry
from lambdadesk.store.files import make_private, storage_error, write_atomic

_FORMAT: Final = 1


class SweepJournal:
    """One small file a function under `folder`, on the disk (fsync) before `write` returns.

    A file is locked while the process that writes it lives, so that another never takes a sweep that goes on
    for one that was lost. Its methods block: call them through `in_thread`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._locks: dict[Path, IO[bytes]] = {}

    def write(self, entry: SweepEntry) -> None:
        """Keep or replace an entry. UserError: nothing may be changed.

        STORAGE where the disk takes nothing, INVALID where another process has it.
        """
        path = self._path(entry)
        document = {"format": _FORMAT, **asdict(entry)}
        try:
            make_private(self.folder)
            self._lock(path)
            write_atomic(path, json.dumps(document).encode())
        except OSError as error:
            raise storage_error("What the power sweep is about to change", error, path) from error

    def remove(self, entry: SweepEntry) -> None:
        """Forget an entry: all is as it was. A file that can't be removed only asks once more."""
        path = self._path(entry)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        self.release(entry)
        with suppress(OSError):
            path.with_suffix(".lock").unlink(missing_ok=True)

    def release(self, entry: SweepEntry) -> None:
        """Nobody works on it any more, though it is not as it was: it can be taken up again."""
        if (lock := self._locks.pop(self._path(entry), None)) is not None:
            lock.close()

    def load(self, target_key: str) -> list[SweepEntry]:
        """The entries of a target that no living process works on; what can't be read is left out."""
        found = []
        with suppress(OSError):
            for path in sorted(self.folder.glob("*.json")):
                entry = _read(path)
                if entry is not None and entry.target_key == target_key and not self._is_held(path):
                    found.append(entry)
        return found

    def close(self) -> None:
        """Let go of the locks: what is still there may be taken up by another process."""
        for lock in self._locks.values():
            lock.close()
        self._locks.clear()

    def _path(self, entry: SweepEntry) -> Path:
        name = f"{entry.target_key}\0{entry.function}".encode("utf-8", "surrogatepass")
        return self.folder / f"{hashlib.sha256(name).hexdigest()[:32]}.json"

    def _lock(self, path: Path) -> None:
        if path in self._locks:
            return
        file = path.with_suffix(".lock").open("ab")
        try:
            _take(file)
        except OSError as error:
            file.close()
            raise UserError(
                "Another window of LambdaDesk has a power sweep of this function under way.",
                "Wait until it has ended.",
                kind=ErrorKind.INVALID,
            ) from error
        self._locks[path] = file

    def _is_held(self, path: Path) -> bool:
        if path in self._locks:
            return True  # by this process
        try:
            with path.with_suffix(".lock").open("ab") as file:
                _take(file)
        except OSError:
            return True
        return False


def _read(path: Path) -> SweepEntry | None:
    try:
        found = json.loads(path.read_bytes())
        if found.pop("format") != _FORMAT:
            return None
        entry = SweepEntry(**{**found, "set_mb": tuple(found["set_mb"])})
        is_whole = all(isinstance(each, int) for each in (entry.memory_mb, *entry.set_mb))
        return entry if is_whole and isinstance(entry.function, str) and entry.function else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        """Lock a file for this process until it is closed, by whatever end; OSError where it is taken."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        """Lock a file for this process until it is closed, by whatever end; OSError where it is taken."""
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
