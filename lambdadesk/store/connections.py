"""The stored connections, in one JSON file without a secret."""

import asyncio
import json
import threading
import types
import typing
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lambdadesk.core.connections import ConnectionInfo, mask_key_id
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import set_aside, storage_error, write_atomic

VERSION = 1

Entry = dict[str, Any]  # a connection as the file has it, fields of a newer version included
Change = Callable[[list[Entry]], list[Entry]]


def new_connection_id() -> str:
    """An id that no other connection has, on this computer or another."""
    return uuid.uuid4().hex


class ConnectionStore:
    """The connections in the user's order, kept in a file readable by the owner only.

    A change is made to what the file holds at that time, so that another window's changes stay. Where the
    file can't be written the change holds in this window, goes into the next write, and the call raises
    UserError. Secrets are `SecretStore`'s; of an access key id only the masked form is kept here.
    changed: emitted on the loop's thread when the connections are others than before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed: Event[[]] = Event()
        self._saved: list[Entry] = []  # what the file held when last seen
        self._unsaved: list[Change] = []  # each may be made twice: a cancelled write goes on
        self._entries: list[Entry] = []  # the saved ones, changed
        self._one_at_a_time = asyncio.Lock()
        self._writing = threading.Lock()

    def get_all(self) -> tuple[ConnectionInfo, ...]:
        """The connections in the user's order; those that this version can't read are left out."""
        return tuple(info for entry in self._entries if (info := _to_info(entry)))

    def get(self, connection_id: str) -> ConnectionInfo | None:
        return next((info for info in self.get_all() if info.id == connection_id), None)

    def load(self) -> str | None:
        """Read the file (blocking, a few KB). Returns a sentence for the window if it could not be used.

        A damaged file is set aside. Call it again when the file was changed by another window.
        """
        message = None
        self._saved = []
        try:
            self._saved = self._read()["connections"]
        except ValueError:
            try:
                kept = set_aside(self.path)
                message = f"The file of connections was damaged. It is kept as {kept.name}."
            except OSError as error:
                message = (
                    "The file of connections is damaged and could not be set aside "
                    f"({error.strerror}): {self.path}"
                )
        except OSError as error:
            message = f"The connections could not be read ({error.strerror}): {self.path}"
        self._show()
        return message

    async def add(self, info: ConnectionInfo) -> None:
        """Put a connection at the end. Raises UserError: INVALID, or STORAGE as every change here."""
        await self.replace(info)

    async def replace(self, info: ConnectionInfo) -> None:
        """Put a connection in place of the one with its id; at the end if there is none."""
        new = _to_entry(info)

        def change(entries: list[Entry]) -> list[Entry]:
            if all(entry.get("id") != info.id for entry in entries):
                return [*entries, new]
            return [entry | new if entry.get("id") == info.id else entry for entry in entries]

        await self._change(change)

    async def duplicate(self, connection_id: str) -> ConnectionInfo:
        """Add a copy after the original and return it; its secret is the caller's to copy."""
        original = self.get(connection_id)
        if original is None:
            raise UserError("The connection was deleted in another window.", kind=ErrorKind.NOT_FOUND)
        names = {info.name for info in self.get_all()}
        name, count = f"{original.name} (copy)", 1
        while name in names:
            count += 1
            name = f"{original.name} (copy {count})"
        copy = replace(original, id=new_connection_id(), name=name)

        def change(entries: list[Entry]) -> list[Entry]:
            if any(entry.get("id") == copy.id for entry in entries):
                return entries
            place = _place(entries, connection_id)
            source = entries[place] if place < len(entries) else {}
            return [*entries[: place + 1], source | _to_entry(copy), *entries[place + 1 :]]

        await self._change(change)
        return copy

    async def delete(self, connection_id: str) -> None:
        """Forget a connection; there need not be one. Its secret is the caller's to delete."""
        await self._change(lambda entries: [entry for entry in entries if entry.get("id") != connection_id])

    async def move(self, connection_id: str, index: int) -> None:
        """Put a connection at a place (from 0) in the list that `get_all` gives."""

        def change(entries: list[Entry]) -> list[Entry]:
            place = _place(entries, connection_id)
            moved, rest = entries[place : place + 1], entries[:place] + entries[place + 1 :]
            shown = [number for number, entry in enumerate(rest) if _to_info(entry)]
            target = shown[max(index, 0)] if index < len(shown) else len(rest)
            return rest[:target] + moved + rest[target:]

        await self._change(change)

    async def _change(self, change: Change) -> None:
        self._unsaved.append(change)
        self._show()
        async with self._one_at_a_time:
            changes = tuple(self._unsaved)
            if change in changes:  # else the write before took it along
                self._saved = await in_thread(self._write, changes, self._saved)
                del self._unsaved[: len(changes)]
        self._show()

    def _write(self, changes: tuple[Change, ...], known: list[Entry]) -> list[Entry]:
        """Make the changes to what the file holds and return that; `known` is what it held before."""
        with self._writing:
            try:
                try:
                    document = self._read()
                except ValueError:
                    set_aside(self.path)  # damaged since it was read: what this window knows is all there is
                    document = {"version": VERSION, "connections": known}
                if document["version"] > VERSION:
                    raise UserError(
                        "The connections were saved by a newer LambdaDesk and can't be changed by this one.",
                        "Update LambdaDesk, or change them in the newer one.",
                        kind=ErrorKind.STORAGE,
                        details=str(self.path),
                    )
                document["connections"] = _changed(document["connections"], changes)
                text = json.dumps(document, indent=2, ensure_ascii=False)
                write_atomic(self.path, text.encode("utf-8", "surrogatepass"))
            except OSError as error:
                raise storage_error("The connections", error, self.path) from error
            entries: list[Entry] = document["connections"]
            return entries

    def _read(self) -> dict[str, Any]:
        """The file's content, its form checked down to the list. Raises ValueError (damaged), OSError."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {"version": VERSION, "connections": []}
        try:
            document = json.loads(data)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(document, dict) or not isinstance(document.get("version"), int):
            raise ValueError("not a versioned object")
        entries = document.get("connections")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("no list of connections")
        return document

    def _show(self) -> None:
        before, self._entries = self.get_all(), _changed(self._saved, self._unsaved)
        if self.get_all() != before:
            self.changed.emit()


def _changed(entries: list[Entry], changes: Iterable[Change]) -> list[Entry]:
    for change in changes:
        entries = change(entries)
    return entries


def _place(entries: list[Entry], connection_id: str) -> int:
    """Index of a connection, the list's length if it is not there."""
    return next(
        (number for number, entry in enumerate(entries) if entry.get("id") == connection_id), len(entries)
    )


def _to_entry(info: ConnectionInfo) -> Entry:
    """A connection as it is written. Raises UserError (INVALID) where a URL carries a password."""
    for url in (info.endpoint_url, info.sso_start_url):
        if _has_password(url):
            raise UserError(
                "A URL with a user name or password in it is not stored.",
                "Take them out of the URL, and enter keys in their own fields.",
                kind=ErrorKind.INVALID,
            )
    values = asdict(replace(info, access_key_id=mask_key_id(info.access_key_id)))
    entry: Entry = json.loads(json.dumps(values))  # as it will be read again: lists for tuples
    return entry


def _has_password(url: str) -> bool:
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return "@" in url


_TYPES = typing.get_type_hints(ConnectionInfo)
_NAMES = [field.name for field in fields(ConnectionInfo)]


def _to_info(entry: Entry) -> ConnectionInfo | None:
    """The connection, or None if this version can't make sense of it. Fields it does not know are ignored."""
    try:
        info = ConnectionInfo(**{name: _read(entry[name], _TYPES[name]) for name in _NAMES if name in entry})
    except (TypeError, ValueError):
        return None
    return info if info.id else None


def _read(value: Any, kind: Any) -> Any:
    """A JSON value as a field's type: text, number, flag, choice, or tuples of these."""
    if isinstance(kind, types.GenericAlias):
        items = typing.get_args(kind)
        if not isinstance(value, list):
            raise TypeError
        if items[-1] is ...:
            return tuple(_read(item, items[0]) for item in value)
        return tuple(_read(item, item_kind) for item, item_kind in zip(value, items, strict=True))
    if issubclass(kind, StrEnum):
        return kind(value)
    if type(value) is not kind:
        raise TypeError
    return value
