"""Saved events: plain JSON files in a folder that can be under version control."""

import hashlib
import os
import re
import stat
import threading
from pathlib import Path
from typing import Final

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.payload import payload_bytes
from lambdadesk.core.saved_events import (
    LARGEST_BYTES,
    SHARED,
    EventConflictError,
    LoadedEvent,
    SavedEvent,
    check_event_name,
    is_reserved,
    propose_copy_name,
)
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import make_private, storage_error, write_atomic

_SUFFIX: Final = ".json"
_SHARED_FOLDER: Final = "shared"
_OWNER = re.compile(r"[A-Za-z0-9_-]{1,140}")


class SavedEvents:
    """`folder`/FUNCTION/NAME.json and `folder`/shared/NAME.json, each the payload itself, byte for byte.

    A function whose name is "shared", or one that Windows keeps for a device, has a folder with "~" after it.
    On disks that take upper and lower case for the same, functions that differ in nothing else share one.
    Links are never written through, and those that leave the folder are not read either.

    Every method raises UserError: STORAGE where the disk says no, INVALID for a name or text that can't be
    kept, NOT_FOUND, EventConflictError where the file is not as it was read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()
        self._writing = threading.Lock()

    async def list(self, owner: str) -> tuple[SavedEvent, ...]:
        """The events of a function or SHARED by name; what is wrong with a file is said in its place."""
        return await in_thread(self._list, owner)

    async def read(self, owner: str, name: str) -> LoadedEvent:
        """One event with its text."""
        return await in_thread(self._read, owner, name)

    async def save(self, owner: str, name: str, text: str, *, version: str | None) -> LoadedEvent:
        """Write one. version: of the text that was read; "": it is new; None: overwrite what is there."""
        return await in_thread(self._save, owner, name, text, version)

    async def rename(self, owner: str, name: str, new_name: str, *, new_owner: str | None = None) -> None:
        """Give an event another name, or another owner, that is still free."""
        await in_thread(self._rename, owner, name, owner if new_owner is None else new_owner, new_name)

    async def duplicate(self, owner: str, name: str, *, new_owner: str | None = None) -> SavedEvent:
        """Copy an event under its name with "copy" after it, or under its own name to another owner."""
        return await in_thread(self._duplicate, owner, name, owner if new_owner is None else new_owner)

    async def delete(self, owner: str, name: str) -> None:
        """Delete the file; one that is gone already is no failure."""
        await in_thread(self._delete, owner, name)

    # -- blocking

    def _list(self, owner: str) -> tuple[SavedEvent, ...]:
        folder = self._get_folder(owner)
        try:
            self._check_inside(folder)
            file_names = os.listdir(folder)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unreadable(folder, error) from error
        found = []
        for file_name in file_names:
            name, suffix = os.path.splitext(file_name)
            path = folder / file_name
            if suffix == _SUFFIX and not file_name.startswith(".") and not path.is_dir():
                found.append(self._look_at(owner, name, path))
        return tuple(sorted(found, key=lambda event: (event.name.casefold(), event.name)))

    def _look_at(self, owner: str, name: str, path: Path) -> SavedEvent:
        size_bytes, modified_ms, problem = 0, 0, ""
        try:
            at_hand = path.stat()
            size_bytes, modified_ms = at_hand.st_size, at_hand.st_mtime_ns // 1_000_000
            self._load(path)
        except UserError as error:
            problem = error.message
        except OSError as error:
            problem = f"The file can't be read ({error.strerror})."
        return SavedEvent(owner, name, size_bytes, modified_ms, problem)

    def _read(self, owner: str, name: str) -> LoadedEvent:
        path = self._get_path(owner, name)
        try:
            data = self._load(path)
        except FileNotFoundError as error:
            raise _gone(name) from error
        except OSError as error:
            raise self._unreadable(path, error) from error
        return LoadedEvent(owner, name, data.decode(), _get_version(data))

    def _load(self, path: Path) -> bytes:
        """The file's content, known to be UTF-8. Raises UserError, OSError."""
        self._check_inside(path)
        # A pipe would be waited for without end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _unusable("This is not a file.")
            data = file.read(LARGEST_BYTES + 1)
            size_bytes = os.fstat(descriptor).st_size
        if len(data) > LARGEST_BYTES:
            size_mb = max(size_bytes, len(data)) / 1024 / 1024
            raise _unusable(f"The file has {size_mb:.1f} MB; an invocation takes 6 MB at most.")
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise _unusable(f"The file is not text in UTF-8 (byte {error.start + 1:,}).") from error
        return data

    def _save(self, owner: str, name: str, text: str, version: str | None) -> LoadedEvent:
        data = payload_bytes(text)
        if len(data) > LARGEST_BYTES:
            raise UserError(
                f"The event has {len(data):,} bytes; an invocation takes {LARGEST_BYTES:,} at most.",
                "Save a smaller one.",
                kind=ErrorKind.INVALID,
            )
        path = self._get_path(owner, name)
        with self._writing:
            try:
                self._check_writable(path)
                self._check_version(path, name, version)
                if not path.exists():
                    self._check_free(owner, name)
                write_atomic(path, data)
            except OSError as error:
                raise storage_error(f"The event {name}", error, path) from error
        return LoadedEvent(owner, name, text, _get_version(data))

    def _check_version(self, path: Path, name: str, version: str | None) -> None:
        if version is None:
            return
        try:
            now: bytes | None = self._load(path)
        except FileNotFoundError:
            if version:
                raise EventConflictError(
                    f"The file of {name} was deleted since it was read.", "Save it anew, or let it go.", None
                ) from None
            return
        except UserError:  # what is there is no text
            now = None
        if now is not None and _get_version(now) == version:
            return
        message = (
            f"The file of {name} was changed since it was read."
            if version
            else f"There is a saved event {name} already."
        )
        hint = "Overwrite it, or save under another name."
        raise EventConflictError(message, hint, None if now is None else now.decode())

    def _rename(self, owner: str, name: str, new_owner: str, new_name: str) -> None:
        path, new_path = self._get_path(owner, name), self._get_path(new_owner, new_name)
        with self._writing:
            try:
                self._check_writable(path)
                self._check_writable(new_path)
                if not path.is_file():
                    raise _gone(name)
                self._check_free(new_owner, new_name, but=name if owner == new_owner else "")
                make_private(new_path.parent)
                os.rename(path, new_path)
            except OSError as error:
                raise storage_error(f"The event {new_name}", error, new_path) from error

    def _duplicate(self, owner: str, name: str, new_owner: str) -> SavedEvent:
        original = self._read(owner, name)
        taken = self._get_names(new_owner)
        is_free = owner != new_owner and name.casefold() not in {each.casefold() for each in taken}
        new_name = name if is_free else propose_copy_name(name, taken)
        self._save(new_owner, new_name, original.text, "")
        return self._look_at(new_owner, new_name, self._get_path(new_owner, new_name))

    def _delete(self, owner: str, name: str) -> None:
        path = self._get_path(owner, name)
        try:
            self._check_inside(path.parent)
            path.unlink(missing_ok=True)  # a link goes, not what it points to
        except OSError as error:
            raise UserError(
                f"The event {name} can't be deleted.",
                "Check that the folder of saved events is not read-only.",
                kind=ErrorKind.STORAGE,
                details=f"{path}: {error.strerror}",
            ) from error

    # -- paths

    def _get_folder(self, owner: str) -> Path:
        if owner == SHARED:
            return self.folder / _SHARED_FOLDER
        if not _OWNER.fullmatch(owner):
            raise ValueError(f"not a function's name: {owner!r}")
        is_taken = owner.casefold() == _SHARED_FOLDER or is_reserved(owner)
        return self.folder / (f"{owner}~" if is_taken else owner)

    def _get_path(self, owner: str, name: str) -> Path:
        path = self._get_folder(owner) / f"{name}{_SUFFIX}"
        if problem := check_event_name(name):
            # What others put there may have a name that is not for every system, but is one in this folder.
            is_there = "\0" not in name and path.name == f"{name}{_SUFFIX}" and os.path.lexists(path)
            if not is_there:
                raise UserError(problem, "Choose another name.", kind=ErrorKind.INVALID)
        return path

    def _check_inside(self, path: Path) -> None:
        # Not by Path.resolve, which fails with a RuntimeError where links go round in a circle.
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.folder)):
            raise _unusable("This is a link to a place outside the folder of saved events.")

    def _check_writable(self, path: Path) -> None:
        self._check_inside(path.parent)
        if path.is_symlink():
            raise _unusable("This is a link; it is not written through.")

    def _check_free(self, owner: str, name: str, *, but: str = "") -> None:
        """Also where names differ in case alone, which some systems can't keep apart."""
        taken = {each.casefold(): each for each in self._get_names(owner) if each != but}
        if other := taken.get(name.casefold()):
            raise EventConflictError(f"There is a saved event {other} already.", "Choose another name.", None)

    def _get_names(self, owner: str) -> set[str]:
        try:
            names = os.listdir(self._get_folder(owner))
        except FileNotFoundError:
            return set()
        return {name[: -len(_SUFFIX)] for name in names if name.endswith(_SUFFIX)}

    def _unreadable(self, path: Path, error: OSError) -> UserError:
        return UserError(
            f"{path.name} can't be read ({error.strerror}).",
            "Check who may read the folder of saved events.",
            kind=ErrorKind.STORAGE,
            details=str(path),
        )


def _get_version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _unusable(sentence: str) -> UserError:
    return UserError(sentence, "Mend or replace it in the folder of saved events.", kind=ErrorKind.STORAGE)


def _gone(name: str) -> UserError:
    return UserError(
        f"The saved event {name} does not exist any more.", "Refresh the list.", kind=ErrorKind.NOT_FOUND
    )
