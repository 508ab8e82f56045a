"""Saved cases: JSON files beside the saved events, in a folder that can be under version control."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.expectations import Case, Check, Expectations, ResponseRule, check_rule, parse_money
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import storage_error, write_atomic

_SUFFIX: Final = ".case.json"
_LARGEST_BYTES: Final = 8 * 1024 * 1024
_NAME: Final = re.compile(r"[^\W_][\w .()+-]{0,79}")
_FUNCTION: Final = re.compile(r"[A-Za-z0-9_-]{1,140}")
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


@dataclass(frozen=True, slots=True)
class SavedCase:
    """A case by its file's name; `problem` says in a sentence why it can't be used."""

    name: str
    case: Case | None
    problem: str = ""


class SavedCases:
    """`folder`/FUNCTION/cases/NAME.case.json.

    Every method raises UserError: STORAGE where the disk says no, INVALID for a name that can't be kept.
    Links that leave the folder are neither read nor written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()

    async def list(self, function: str) -> tuple[SavedCase, ...]:
        """The cases of a function by name; what is wrong with a file is said in its place."""
        return await in_thread(self._list, function)

    async def save(self, function: str, case: Case, *, old_name: str = "", is_new: bool = False) -> None:
        """Write a case. old_name: the one that it had; is_new: it may not replace another."""
        await in_thread(self._save, function, case, old_name, is_new)

    async def delete(self, function: str, name: str) -> None:
        """Delete the file; one that is gone already is no failure."""
        await in_thread(self._delete, function, name)

    # -- blocking

    def _list(self, function: str) -> tuple[SavedCase, ...]:
        folder = self._get_folder(function)
        try:
            self._check_inside(folder)
            names = [
                name for name in os.listdir(folder) if name.endswith(_SUFFIX) and not name.startswith(".")
            ]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise UserError(
                f"The saved cases can't be read ({error.strerror}).",
                "Check the folder's permissions.",
                kind=ErrorKind.STORAGE,
                details=str(folder),
            ) from error
        found = [self._look_at(name.removesuffix(_SUFFIX), folder / name) for name in names]
        return tuple(sorted(found, key=lambda each: (each.name.casefold(), each.name)))

    def _look_at(self, name: str, path: Path) -> SavedCase:
        try:
            self._check_inside(path)
            return SavedCase(name, from_json(name, _read(path)))
        except UserError as error:
            return SavedCase(name, None, error.message)
        except OSError as error:
            return SavedCase(name, None, f"The file can't be read ({error.strerror}).")

    def _save(self, function: str, case: Case, old_name: str, is_new: bool) -> None:
        path = self._get_path(function, case.name)
        try:
            self._check_inside(path)
            if path.is_symlink():
                raise _unusable("This is a link.")
            if (is_new or case.name != old_name) and path.exists():
                raise UserError(
                    f"There is a case {case.name} already.", "Choose another name.", kind=ErrorKind.INVALID
                )
            write_atomic(path, to_json(case))
            if old_name and old_name != case.name:
                self._get_path(function, old_name).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(f"The case {case.name}", error, path) from error

    def _delete(self, function: str, name: str) -> None:
        path = self._get_folder(function) / f"{name}{_SUFFIX}"
        try:
            if path.parent != self._get_folder(function):
                raise _unusable("This is no name of a case.")
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(f"The case {name}", error, path) from error

    def _get_folder(self, function: str) -> Path:
        if not _FUNCTION.fullmatch(function):
            raise _unusable(f"{function} can't be the name of a folder.")
        is_kept = function == "shared" or _RESERVED.fullmatch(function)  # as the saved events have it
        return self.folder / (f"{function}~" if is_kept else function) / "cases"

    def _get_path(self, function: str, name: str) -> Path:
        if not _NAME.fullmatch(name) or name != name.rstrip(" .") or _RESERVED.fullmatch(name):
            raise UserError(
                f"{name!r} can't be the name of a case.",
                "Letters, digits, spaces and . _ - ( ) + are possible, up to 80.",
                kind=ErrorKind.INVALID,
            )
        return self._get_folder(function) / f"{name}{_SUFFIX}"

    def _check_inside(self, path: Path) -> None:
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise _unusable("It is a link to outside of the folder.")


def to_json(case: Case) -> bytes:
    """A case as its file has it. The payload is a string, so that it stays as it is, digit by digit."""
    wanted = case.expectations
    expect: dict[str, Any] = {}
    if wanted.outcome:
        expect["outcome"] = wanted.outcome
    if wanted.error_type:
        expect["errorType"] = wanted.error_type
    if wanted.response:
        expect["response"] = [_rule_to_json(rule) for rule in wanted.response]
    if wanted.max_duration_ms is not None:
        expect["maxDurationMs"] = wanted.max_duration_ms
    if wanted.max_cost is not None:
        expect["maxCost"] = f"{wanted.max_cost:f}"
    what = {"event": case.event} if case.event else {"payload": case.payload}
    document = {**what, "qualifier": case.qualifier, "expect": expect}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def from_json(name: str, data: bytes) -> Case:
    """A case of a file. Raises UserError (INVALID) with one sentence."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _unusable(f"The file is not JSON (line {error.lineno}).") from error
    if not isinstance(document, dict):
        raise _unusable("The file holds no case.")
    expect = _take(document, "expect", dict, {})
    event, payload = _take(document, "event", str, ""), _take(document, "payload", str, "")
    if not event and not payload:
        raise _unusable("The case has neither a payload nor an event.")
    outcome = _take(expect, "outcome", str, "")
    if outcome not in ("", "ok", "function error"):
        raise _unusable('"outcome" is neither "ok" nor "function error".')
    longest_ms = _take(expect, "maxDurationMs", int, -1)
    rules = tuple(_rule_from_json(rule) for rule in _take(expect, "response", list, []))
    return Case(
        name,
        payload,
        event,
        _take(document, "qualifier", str, "$LATEST"),
        Expectations(
            outcome,
            _take(expect, "errorType", str, ""),
            rules,
            longest_ms if longest_ms >= 0 else None,
            parse_money(_take(expect, "maxCost", str, "")),
        ),
    )


def _rule_to_json(rule: ResponseRule) -> dict[str, Any]:
    value: Any = True
    if rule.check is Check.EQUALS:
        value = orjson.Fragment(rule.value.encode())
    elif rule.check is Check.MATCHES:
        value = rule.value
    return {"path": rule.path, str(rule.check): value}


def _rule_from_json(rule: Any) -> ResponseRule:
    if not isinstance(rule, dict) or not isinstance(rule.get("path"), str):
        raise _unusable("An expectation of the response has no path.")
    for check in Check:
        if check in rule:
            value = rule[check]
            if check is Check.EQUALS:
                text = orjson.dumps(value).decode()
            else:
                text = value if check is Check.MATCHES and isinstance(value, str) else ""
            found = ResponseRule(rule["path"], check, text)
            try:
                check_rule(found)
            except ValueError as error:
                raise _unusable(f"{error}.") from error
            return found
    raise _unusable(f"The expectation of {rule['path']} says neither equals, exists nor matches.")


def _take(document: dict[str, Any], key: str, kind: type[Any], default: Any) -> Any:
    value = document.get(key, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _unusable(f'"{key}" is not what it should be.')
    return value


def _read(path: Path) -> bytes:
    # A pipe would be waited for without end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _unusable("This is not a file.")
        data = file.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise _unusable("The file is larger than a case can be.")
    return data


def _unusable(message: str) -> UserError:
    return UserError(message, kind=ErrorKind.INVALID)
