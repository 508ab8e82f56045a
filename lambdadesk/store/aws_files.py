"""Access keys that lie in plain text: the console's CSV, pasted shell lines, the shared AWS files.

Reads and writes are blocking: call them in a thread. No error or message carries a part of what was read.
"""

import configparser
import csv
import io
import os
import re
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.store.files import storage_error, write_atomic

KEY_OPTIONS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")

# The console's headings over the years, without spaces and in small letters.
_COLUMNS = {
    "accesskeyid": "id",
    "awsaccesskeyid": "id",
    "secretaccesskey": "secret",
    "awssecretaccesskey": "secret",
    "awssecretkey": "secret",
    "sessiontoken": "token",
    "awssessiontoken": "token",
}


def files_to_watch() -> tuple[Path, Path]:
    """The shared config and credentials files that the AWS tools use here; they need not exist."""
    return (
        _aws_file("AWS_CONFIG_FILE", "~/.aws/config"),
        _aws_file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    )


def _aws_file(variable: str, default: str) -> Path:
    return Path(os.path.expanduser(os.path.expandvars(os.environ.get(variable) or default)))


def read_credentials_csv(path: Path) -> list[AccessKey]:
    """The access keys of a CSV file. Raises UserError, also where the file can't be read."""
    return parse_credentials_csv(_read(path).decode("utf-8", "replace"))


def parse_credentials_csv(text: str) -> list[AccessKey]:
    """The access keys of a CSV file that the AWS console gave: today's, with users, or the old rootkey.csv.

    Raises UserError (INVALID) if it has none or a row is incomplete.
    """
    lines = text.removeprefix("\ufeff").replace("\0", "").splitlines()
    if old := _parse_root_key(lines):
        return [old]
    heading = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=heading.count)  # a spreadsheet may have saved it again in its own way
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise _invalid("This is not a CSV file of access keys.", details=str(error)) from None
    names = [_COLUMNS.get(re.sub(r"[^a-z]", "", cell.lower()), "") for cell in rows[0]] if rows else []
    if "id" not in names or "secret" not in names:
        raise _invalid(
            "This is not a CSV file of access keys: it has no columns for the access key id and its secret."
        )
    keys = []
    for number, row in enumerate(rows[1:], 1):
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}
        if not cells.get("id") and not cells.get("secret"):
            continue  # a user without a key
        if not cells.get("id") or not cells.get("secret"):
            raise _invalid(f"Row {number} of the CSV file has only half of an access key.")
        keys.append(AccessKey(cells["id"], Secret(cells["secret"]), Secret(cells.get("token", ""))))
    if not keys:
        raise _invalid("The CSV file holds no access key.")
    return keys


def _parse_root_key(lines: list[str]) -> AccessKey | None:
    """The form NAME=VALUE, one a line, of the console's early years."""
    values = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and (column := _COLUMNS.get(name.strip().lower())):
            values[column] = value.strip()
    if not values.get("id") or not values.get("secret"):
        return None
    return AccessKey(values["id"], Secret(values["secret"]))


_VARIABLE = re.compile(
    r"""(?<![\w$%{])(?:\$env:)?aws_(access_key_id|secret_access_key|session_token|security_token)["']?
    (?:\s*[=:]\s*|\s+(?!aws_))
    (?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"';&|]*))""",
    re.IGNORECASE | re.VERBOSE,
)
_COMMENT = re.compile(r"\s*(#|::|;|//|rem\s)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[$%<{*]|\.\.\.|…")


def parse_export_lines(text: str) -> AccessKey | None:
    """The access key in pasted lines: export, set, setx, $Env: or a profile's NAME = VALUE; None without one.

    Comments are passed over, and of a variable set twice the last counts. Raises UserError (INVALID) where
    half of the key is missing or a value only points elsewhere.
    """
    values: dict[str, str] = {}
    for line in text.removeprefix("\ufeff").splitlines():
        if _COMMENT.match(line):
            continue
        for match in _VARIABLE.finditer(re.split(r"\s#", line)[0]):
            value = match["double"] or match["single"] or match["bare"] or ""
            values[match[1].lower()] = value.strip()
    if not any(values.values()):
        return None
    for name, value in values.items():
        if _PLACEHOLDER.search(value):
            raise _invalid(f"AWS_{name.upper()} holds a placeholder or another variable's name.")
    for name in ("access_key_id", "secret_access_key"):
        if not values.get(name):
            raise _invalid(f"AWS_{name.upper()} is missing in the pasted lines.")
    token = values.get("session_token") or values.get("security_token") or ""
    return AccessKey(values["access_key_id"], Secret(values["secret_access_key"]), Secret(token))


def plain_text_profiles(path: Path) -> list[str]:
    """Names of the profiles whose access key a shared file holds, in its order; none if there is no file.

    Raises UserError where the file can't be read or parsed.
    """
    if not path.exists():
        return []
    parser = _parse(path, _read(path))
    return list(dict.fromkeys(name for section, name in _profiles(parser) if _has_key(parser, section)))


def read_profile_key(path: Path, name: str) -> AccessKey:
    """The access key that a shared file holds for a profile. Raises UserError, NOT_FOUND if it has none."""
    parser = _parse(path, _read(path))
    values = parser[_section_of(parser, path, name)]
    token = values.get("aws_session_token") or values.get("aws_security_token") or ""
    return AccessKey(values["aws_access_key_id"], Secret(values["aws_secret_access_key"]), Secret(token))


def remove_key_from_profile(path: Path, name: str) -> Path:
    """Take a profile's access key out of a shared file, and return the backup made before (mode 0600).

    All else stays byte for byte, comments included; a symbolic link stays one. Raises UserError, and then the
    file is as it was.
    """
    path = path.resolve()
    data = _read(path)
    parser = _parse(path, data)
    section = _section_of(parser, path, name)
    kept = "".join(_without_key(data.decode(), section)).encode()
    for option in KEY_OPTIONS:
        parser.remove_option(section, option)
    after = _parse(path, kept)
    if _has_key(after, section) or _content(after) != _content(parser):  # inherited, or not understood
        raise UserError(
            f"The access key of profile {name} can't be taken out without touching something else.",
            f"Remove it with a text editor from {path}.",
            kind=ErrorKind.STORAGE,
        )
    backup = _free_name(path)
    try:
        write_atomic(backup, data)
        try:
            write_atomic(path, kept)
        except OSError:
            backup.unlink()
            raise
    except OSError as error:
        raise storage_error(f"{path.name} was left as it was: its new version", error, path) from error
    return backup


def _free_name(path: Path) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    backup, count = path.with_name(f"{path.name}.backup-{stamp}"), 1
    while backup.exists():
        count += 1
        backup = path.with_name(f"{path.name}.backup-{stamp}-{count}")
    return backup


def _without_key(text: str, section: str) -> Iterator[str]:
    """The lines of an INI file but for the key's options in one section, each with its continuation lines.

    Follows configparser in what continues an option: a line indented deeper than it.
    """
    current, option_indent, dropping = "", -1, False
    for line in io.StringIO(text):  # as configparser does: splitlines would know more line ends
        bare = line.strip().removeprefix("\ufeff")
        indent = len(line) - len(line.lstrip())
        if not bare or bare.startswith(("#", ";")):
            yield line
        elif option_indent >= 0 and indent > option_indent:
            if not dropping:
                yield line
        elif header := configparser.RawConfigParser.SECTCRE.match(bare):
            current, option_indent, dropping = header["header"], -1, False
            yield line
        else:
            option_indent = indent
            dropping = current == section and re.split(r"[=:]", bare)[0].strip().lower() in KEY_OPTIONS
            if not dropping:
                yield line


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"The file {path} can't be read ({error.strerror}).",
            "Check that it exists and that you may read it.",
            kind=ErrorKind.STORAGE,
        ) from error


def _parse(path: Path, data: bytes) -> configparser.RawConfigParser:
    """Read a file as the AWS tools do. The errors name lines, never their content."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _malformed(path, "it is not UTF-8 text") from None
    except configparser.MissingSectionHeaderError as error:
        raise _malformed(path, f"line {error.lineno} stands before the first [section]") from None
    except configparser.DuplicateSectionError as error:
        raise _malformed(path, f"line {error.lineno} starts a section a second time") from None
    except configparser.DuplicateOptionError as error:
        raise _malformed(path, f"line {error.lineno} sets an option a second time") from None
    except configparser.ParsingError as error:
        lines = ", ".join(str(number) for number, _line in error.errors)
        raise _malformed(path, f"no option can be read in line {lines}") from None
    return parser


def _malformed(path: Path, reason: str) -> UserError:
    return UserError(
        f"The file {path} can't be used: {reason}.", "Correct it with a text editor.", kind=ErrorKind.INVALID
    )


def _invalid(message: str, details: str = "") -> UserError:
    hint = "Use the file or lines that AWS gave when the key was made, or enter the key by hand."
    return UserError(message, hint, kind=ErrorKind.INVALID, details=details)


def _profiles(parser: configparser.RawConfigParser) -> Iterator[tuple[str, str]]:
    """Section and profile name: [name] in a credentials file, [profile name] in a config file."""
    for section in parser.sections():
        try:
            words = shlex.split(section)
        except ValueError:
            words = []
        is_profile = len(words) == 2 and words[0] == "profile"
        yield section, words[1] if is_profile else section


def _section_of(parser: configparser.RawConfigParser, path: Path, name: str) -> str:
    for section, profile in _profiles(parser):
        if profile == name and _has_key(parser, section):
            return section
    raise UserError(
        f"The file {path} holds no access key for profile {name}.",
        "It may have been changed meanwhile; look at the list of profiles again.",
        kind=ErrorKind.NOT_FOUND,
    )


def _has_key(parser: configparser.RawConfigParser, section: str) -> bool:
    return all(parser[section].get(option) for option in KEY_OPTIONS[:2])


def _content(parser: configparser.RawConfigParser) -> dict[str, dict[str, str]]:
    return {section: dict(parser[section]) for section in parser}
