"""AlertBook, the alerts of all functions of all open connections, and what is muted of them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdadesk.core.alerts import MOST_RUNS, Alert, AlertKind, get_alerts
from lambdadesk.core.event import Event
from lambdadesk.core.function_rows import FunctionRow, RowKey
from lambdadesk.desk.function_rows import FunctionRows
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection

FOR_EVER = 0
AT_ONCE = 20  # functions; each takes some milliseconds
_HOUR_MS = 3_600_000
_AGAIN_MS = 60_000


class MuteFor(StrEnum):
    """How long an alert is muted; the values are what a menu says."""

    HOUR = "1 hour"
    TODAY = "Today"
    EVER = "For ever"


@dataclass(frozen=True, slots=True)
class BookedAlert:
    """An alert of a function. muted_until_ms: None: it is not muted; FOR_EVER."""

    row: FunctionRow
    alert: Alert
    muted_until_ms: int | None = None

    @property
    def key(self) -> tuple[RowKey, AlertKind]:
        return self.row.key, self.alert.kind


@dataclass(frozen=True, slots=True)
class Mute:
    """What is muted, whether or not there is an alert now. until_ms: epoch milliseconds, or FOR_EVER."""

    row_key: RowKey
    kind: AlertKind
    until_ms: int
    alert: Alert | None = None


class AlertBook:
    """Judges functions anew when their rows or invocations change, and as time goes by (`look_again`).

    Rows bring CloudWatch's figures, ledgers the invocations; nothing is asked of AWS for alerts. An alert
    ends when its evidence does, and begins again with the next; one that goes on keeps the time it is since.

    Event changed: other alerts, or other mutes.
    """

    def __init__(
        self, rows: FunctionRows, settings: Settings, clock: Callable[[], float] = time.time
    ) -> None:
        self.changed: Event[[]] = Event()
        self._rows = rows
        self._settings = settings
        self._clock = clock
        self._connections: dict[str, Connection] = {}
        self._alerts: dict[RowKey, tuple[Alert, ...]] = {}
        self._stale: dict[RowKey, None] = {}  # invocations came since they were judged; the first first
        self._judged_ms: dict[RowKey, int] = {}
        self._follows: dict[str, Callable[[], None]] = {}
        self._told: object = ([], self.muted)
        self._disconnects = [
            rows.changed.connect(self._on_rows),
            settings.changed.connect(self._on_setting),
        ]

    def add(self, connection: "Connection") -> None:
        """Take the invocations of a connection into account; its functions come with the rows."""
        key = connection.target.key
        self.remove(key)
        self._connections[key] = connection
        self._follows[key] = connection.ledger.changed.connect(
            lambda name: self._stale.setdefault((key, name))
        )
        self._judge(row.key for row in self._rows.rows if row.connection_key == key)

    def remove(self, connection_key: str) -> None:
        """Forget the alerts of a connection, not what is muted."""
        if disconnect := self._follows.pop(connection_key, None):
            disconnect()
        self._connections.pop(connection_key, None)
        for known in (self._alerts, self._stale, self._judged_ms):
            for row_key in [each for each in known if each[0] == connection_key]:
                del known[row_key]
        self._tell()

    def close(self) -> None:
        for disconnect in (*self._disconnects, *self._follows.values()):
            disconnect()
        self._follows.clear()

    # -- what there is

    @property
    def alerts(self) -> list[BookedAlert]:
        """What is not muted, by kind, the newest first."""
        return [booked for booked in self._booked() if booked.muted_until_ms is None]

    @property
    def muted(self) -> list[Mute]:
        """What is muted now, by function."""
        found = []
        for text, until_ms in self._settings.muted_alerts.items():
            if (parsed := _parse(text)) is not None and self._holds(until_ms):
                key, kind = parsed
                alert = next((each for each in self._alerts.get(key, ()) if each.kind is kind), None)
                found.append(Mute(key, kind, until_ms, alert))
        return sorted(found, key=lambda mute: (mute.row_key[1], mute.kind.words))

    def mute(self, key: RowKey, kind: AlertKind, how_long: MuteFor) -> None:
        """Show this kind of alert of a function no more for some time; mutes that are over are forgotten."""
        mutes = {text: until for text, until in self._settings.muted_alerts.items() if self._holds(until)}
        mutes[_name(key, kind)] = self._until(how_long)
        self._settings.muted_alerts = mutes

    def unmute(self, key: RowKey, kind: AlertKind) -> None:
        mutes = dict(self._settings.muted_alerts)
        mutes.pop(_name(key, kind), None)
        self._settings.muted_alerts = mutes

    def look_again(self) -> None:
        """Judge some of what has changed, and what has alerts once a minute: evidence ends with time."""
        due_ms = self._now_ms - _AGAIN_MS
        old = [key for key in self._alerts if self._judged_ms.get(key, 0) <= due_ms]
        keys = list(dict.fromkeys((*self._stale, *old)))[:AT_ONCE]
        self._stale = {key: None for key in self._stale if key not in keys}
        self._judge(keys)

    # -- how

    def _booked(self) -> list[BookedAlert]:
        mutes = self._settings.muted_alerts
        found = []
        for key, alerts in self._alerts.items():
            if (row := self._rows.get(key)) is None:
                continue
            for alert in alerts:
                until_ms = mutes.get(_name(key, alert.kind))
                is_muted = until_ms is not None and self._holds(until_ms)
                found.append(BookedAlert(row, alert, until_ms if is_muted else None))
        order = list(AlertKind)
        return sorted(
            found,
            key=lambda each: (order.index(each.alert.kind), -each.alert.since_ms, each.row.function.name),
        )

    @property
    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _holds(self, until_ms: int) -> bool:
        return until_ms == FOR_EVER or until_ms > self._now_ms

    def _until(self, how_long: MuteFor) -> int:
        if how_long is MuteFor.EVER:
            return FOR_EVER
        if how_long is MuteFor.HOUR:
            return self._now_ms + _HOUR_MS
        now = datetime.fromtimestamp(self._clock()).astimezone()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        return int(midnight.astimezone().timestamp() * 1000)

    def _on_rows(self, keys: Iterable[RowKey]) -> None:
        self._judge(keys)

    def _on_setting(self, name: str) -> None:
        if name == "muted_alerts":
            self._tell()

    def _judge(self, keys: Iterable[RowKey]) -> None:
        for key in keys:
            row, connection = self._rows.get(key), self._connections.get(key[0])
            if row is None or row.is_gone or connection is None:
                self._alerts.pop(key, None)
                continue
            self._judged_ms[key] = self._now_ms
            before = {alert.kind: alert for alert in self._alerts.get(key, ())}
            runs = connection.ledger.newest(key[1], MOST_RUNS)
            now_ms = int((self._clock() + connection.gateway.clock_skew_s) * 1000)
            alerts = tuple(
                _goes_on(before.get(alert.kind), alert)
                for alert in get_alerts(row.function, runs, row.figures, now_ms)
            )
            if alerts:
                self._alerts[key] = alerts
            else:
                self._alerts.pop(key, None)
        self._tell()

    def _tell(self) -> None:
        told = ([(each.key, each.alert) for each in self.alerts], self.muted)
        if told != self._told:
            self._told = told
            self.changed.emit()


def _goes_on(before: Alert | None, alert: Alert) -> Alert:
    """The alert, since when it was first seen: older evidence leaves the window, while it goes on."""
    if before is None or before.since_ms >= alert.since_ms:
        return alert
    return replace(alert, since_ms=before.since_ms)


def _name(key: RowKey, kind: AlertKind) -> str:
    return f"{kind} {key[1]} {key[0]}"  # neither a kind nor a function's name has a blank in it


def _parse(text: str) -> tuple[RowKey, AlertKind] | None:
    kind, _, rest = text.partition(" ")
    function, _, connection_key = rest.partition(" ")
    try:
        return (connection_key, function), AlertKind(kind)
    except ValueError:  # of a newer version
        return None
