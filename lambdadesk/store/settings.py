"""The settings, each declared once with its type, in one JSON file."""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import set_aside, storage_error, write_atomic

T = TypeVar("T")


class _Setting(Generic[T]):
    """A typed attribute of Settings; a value in the file of another type counts as absent.

    `read` turns a JSON value into the attribute's value or raises ValueError; `write` is its inverse.
    """

    def __init__(self, default: T, read: Callable[[Any], T], write: Callable[[T], Any] = lambda value: value):
        self.default = default
        self.read = read
        self.write = write
        self.key = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name

    @overload
    def __get__(self, settings: None, owner: type) -> "_Setting[T]": ...
    @overload
    def __get__(self, settings: "Settings", owner: type) -> T: ...
    def __get__(self, settings: "Settings | None", owner: type) -> "_Setting[T] | T":
        if settings is None:
            return self
        if self.key not in settings._values:
            return self.default
        try:
            return self.read(settings._values[self.key])
        except ValueError:
            return self.default

    def __set__(self, settings: "Settings", value: T) -> None:
        settings._set(self.key, self.write(value))


def _choice(*choices: str) -> _Setting[str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return _Setting(choices[0], read)


def _read_count(value: Any) -> int:
    if type(value) is not int or value < 0:  # True is an int, too
        raise ValueError
    return value


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _read_amount(value: Any) -> Decimal:
    """An amount that is not negative, kept as text so that it stays exact."""
    try:
        amount = Decimal(_read_text(value))
    except InvalidOperation:
        raise ValueError from None
    if not amount.is_finite() or amount < 0:
        raise ValueError
    return amount


def _read_percent(value: Any) -> Decimal:
    percent = _read_amount(value)
    if percent > 100:
        raise ValueError
    return percent


def _write_amount(value: Decimal) -> str:
    return f"{value:f}"


def _read_names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError
    return tuple(_read_text(item) for item in value)


def _read_bytes(value: Any) -> bytes:
    return base64.b64decode(_read_text(value), validate=True)


def _write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _mapping(read: Callable[[Any], T], write: Callable[[T], Any]) -> _Setting[Mapping[str, T]]:
    def read_all(value: Any) -> Mapping[str, T]:
        if not isinstance(value, dict):
            raise ValueError
        return {key: read(item) for key, item in value.items()}

    return _Setting({}, read_all, lambda value: {key: write(item) for key, item in value.items()})


def _names(*default: str) -> _Setting[tuple[str, ...]]:
    return _Setting(default, _read_names, list)


def _pairs() -> _Setting[tuple[tuple[str, str], ...]]:
    def read_pair(value: Any) -> tuple[str, str]:
        first, second = _read_names(value)  # ValueError where it is no pair
        return first, second

    def read(value: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, list):
            raise ValueError
        return tuple(read_pair(item) for item in value)

    return _Setting((), read, lambda value: [list(pair) for pair in value])


class Settings:
    """What the application remembers between runs; never a secret.

    Assigning marks the value for the next `save` and emits `changed` with the attribute's name. Keys of the
    file that are not declared here (a newer version's) are kept.
    """

    theme = _choice("system", "light", "dark")
    window_geometry = _Setting(b"", _read_bytes, _write_bytes)
    splitters = _mapping(_read_bytes, _write_bytes)  # by the splitter's objectName
    table_headers = _mapping(_read_bytes, _write_bytes)  # by the table's objectName and count of columns
    function_columns = _pairs()  # (column key, "width shown|hidden|automatic"), in the user's order
    function_sorting = _names()  # column key, "ascending" or "descending"
    shown_targets = _names()  # Target.key of what is shown, in the user's order
    allowed_processes = _names()  # SHA-256 of each credential_process that may run
    not_production = _names()  # Target.key of what only looks like production
    history_keeps = _choice("full", "metadata", "off")
    history_days = _Setting(0, _read_count)  # 0: for ever
    history_was_offered = _Setting(default=False, read=_read_flag)  # the choice of what it keeps
    events_folder = _Setting("", _read_text)  # of saved events; empty: in the data folder
    open_functions = _mapping(_read_names, list)  # names in tab order, by Target.key
    pinned_functions = _pairs()  # (Target.key, name), the first pinned first
    recent_functions = _pairs()  # (Target.key, name), the last opened first
    groups_log_lines = _Setting(default=True, read=_read_flag)  # by invocation
    log_switches = _names("wrap")  # of how log lines are shown, those that are on
    followed_logs = _mapping(_read_names, list)  # by "Target.key function", see core.log_choice
    saved_filters = _pairs()  # (name, text of the function filter), in the user's order
    price_list_url = _Setting("", _read_text)  # where prices are downloaded; empty: AWS's public price list
    downloads_prices_weekly = _Setting(default=False, read=_read_flag)
    price_discount_percent = _Setting(Decimal(0), _read_percent, _write_amount)  # off list prices
    savings_plan_rates = _mapping(_read_amount, _write_amount)  # by "region/architecture/item"
    free_tier_accounts = _names()  # ids of accounts whose month is to be shown with the free tier taken off
    cost_view = _choice("automatic", "hour", "month")  # what the Cost page shows
    month_view = _mapping(_read_text, str)  # what the month is shown as, by what is chosen: see MonthTools
    own_budget = _Setting(Decimal(5), _read_amount, _write_amount)  # a month and account; 0: none
    muted_alerts = _mapping(
        _read_count, int
    )  # until when, epoch ms, 0 for ever; by "kind function Target.key"
    saved_queries = _pairs()  # (name, text of the Logs Insights query), in the user's order
    last_queries = _pairs()  # ("Target.key function", text of the query it ran last), the last one first

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed: Event[[str]] = Event()
        self._values: dict[str, Any] = {}
        self._unsaved: set[str] = set()
        self._saving = threading.Lock()

    def load(self) -> str | None:
        """Read the file (blocking, a few KB). Returns a sentence for the window if it could not be used.

        A damaged file is set aside, and the defaults hold.
        """
        try:
            self._values = self._read_file()
        except ValueError:
            self._values = {}
            try:
                kept = set_aside(self.path)
            except OSError as error:
                return (
                    f"The settings file is damaged and could not be set aside ({error.strerror}): {self.path}"
                )
            return f"The settings file was damaged. It is kept as {kept.name}, and the defaults are in use."
        except OSError as error:
            self._values = {}
            return (
                f"The settings could not be read ({error.strerror}), so the defaults are in use: {self.path}"
            )
        return None

    async def save(self) -> None:
        """Write what changed since the last save; nothing to write is free. Raises UserError (STORAGE)."""
        if self._unsaved:
            await in_thread(self.save_now)

    def save_now(self) -> None:
        """The same, blocking: for the very end of the process."""
        with self._saving:
            changes = {key: self._values[key] for key in tuple(self._unsaved)}
            if not changes:
                return
            try:
                # Another window may have saved since: only what was changed here replaces its values.
                try:
                    merged = self._read_file() | changes
                except ValueError:
                    merged = dict(self._values)
                write_atomic(self.path, json.dumps(merged, indent=2, sort_keys=True).encode())
            except OSError as error:
                raise self._error(error) from error
            self._unsaved.difference_update(key for key in changes if self._values[key] is changes[key])

    def _error(self, error: OSError) -> UserError:
        return storage_error("The settings", error, self.path)

    def _read_file(self) -> dict[str, Any]:
        """The file's values, none if there is no file. Raises ValueError if it is damaged, OSError."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            values = json.loads(data)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(values, dict):
            raise ValueError("not an object")
        return values

    def _set(self, key: str, value: Any) -> None:
        if key in self._values and self._values[key] == value:
            return
        self._values[key] = value
        self._unsaved.add(key)
        self.changed.emit(key)
