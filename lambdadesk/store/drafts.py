"""Drafts: what is typed for a function and not sent yet, so that a kill loses a second of it at most."""

import hashlib
import json
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import orjson

from lambdadesk.core.errors import UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import storage_error, write_atomic

LIMIT_BYTES: Final = 16 * 1024 * 1024  # of a file, in which what Lambda takes may be twice as long
_DAY_S: Final = 24 * 3600

Key = tuple[str, str]  # Target.key, and the function's name


@dataclass(frozen=True, slots=True)
class Draft:
    """The payload that was typed (None: it is as it was sent), and how it is to be sent."""

    payload: str | None = None
    kind: str = "RequestResponse"
    qualifier: str = "$LATEST"
    client_context: str = ""
    tenant_id: str = ""
    durable_name: str = ""
    log_tail: bool = True
    is_streaming: bool = False


class DraftStore:
    """One small private file a function under `folder`; where drafts may not be kept, memory alone.

    keeps: whether anything is written; to be set with what the history keeps.
    The first write that fails raises UserError (STORAGE), further ones are dropped until one succeeds.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keeps = True
        self._drafts: dict[Key, Draft] = {}
        self._lock = threading.Lock()
        self._failure_was_said = False

    async def load(self, key: Key) -> Draft | None:
        """The draft of a function, None where there is none. A damaged file is removed."""
        if key in self._drafts or not self.keeps:
            return self._drafts.get(key)
        draft = await in_thread(self._read, key)
        if draft is not None:
            self._drafts.setdefault(key, draft)
        return self._drafts.get(key)

    async def save(self, key: Key, draft: Draft) -> None:
        """Keep the draft of a function. Raises UserError once."""
        self._drafts[key] = draft
        if self.keeps:
            await in_thread(self._write, key)

    async def delete_all(self) -> None:
        """Forget every draft, here and on the disk. Raises UserError."""
        self._drafts.clear()
        await in_thread(self._delete, 0.0)

    async def delete_older(self, days: int) -> None:
        """Delete files that were written more than so many days ago; 0: none. Raises UserError."""
        if days > 0:
            await in_thread(self._delete, days * _DAY_S)

    # Below, everything runs in a thread.

    def _path(self, key: Key) -> Path:
        name = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self.folder / f"{name}.json"

    def _read(self, key: Key) -> Draft | None:
        path = self._path(key)
        try:
            found = _parse(path.read_bytes())
            draft = Draft(**{field.name: found[field.name] for field in fields(Draft)})
            if not isinstance(draft.payload, str | None) or not isinstance(draft.client_context, str):
                raise TypeError("not a draft")
            return draft
        except OSError:
            return None
        except (ValueError, TypeError, KeyError, RecursionError):
            with suppress(OSError):
                path.unlink()
            return None

    def _write(self, key: Key) -> None:
        with self._lock:  # the newest draft wins, whichever thread comes last
            draft = self._drafts.get(key)
            if draft is None or not self.keeps:
                return
            path = self._path(key)
            data = _dump(asdict(draft))
            try:
                if len(data) > LIMIT_BYTES:
                    path.unlink(missing_ok=True)
                    return
                write_atomic(path, data)
            except OSError as error:
                if not self._failure_was_said:
                    self._failure_was_said = True
                    raise storage_error("What is typed", error, path) from error
                return
            self._failure_was_said = False

    def _delete(self, age_s: float) -> None:
        before_s = time.time() - age_s
        with self._lock:
            try:
                for path in self.folder.iterdir():  # a kill may have left a temporary one, too
                    if not age_s or path.stat().st_mtime < before_s:
                        path.unlink(missing_ok=True)
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                raise UserError(
                    "What was typed could not be deleted from the disk.",
                    f"Delete the files in {self.folder}.",
                    details=str(error),
                ) from error


# Half of a character is typed text too: Python's own json writes and reads it, orjson is for all else.


def _dump(draft: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(draft)
    except TypeError:
        return json.dumps(draft).encode()


def _parse(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(data)
