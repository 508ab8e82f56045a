"""The tables of alerts, and of what is muted."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QObject

from lambdadesk.core.alerts import AlertKind
from lambdadesk.desk.alert_book import FOR_EVER, BookedAlert, Mute
from lambdadesk.ui.models.rows import Column, RowTableModel

_GRAVE: Final = (AlertKind.ERRORS, AlertKind.THROTTLES)  # something is lost already


def name_time(at_ms: int) -> str:
    """Local time to the minute, with the day where it is not today."""
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return at.strftime("%H:%M" if at.date() == datetime.now().astimezone().date() else "%m-%d %H:%M")


def _place(booked: BookedAlert) -> str:
    return f"{booked.row.connection} {booked.row.region}"


_ALERTS: Final = (
    Column[BookedAlert](
        "Alert",
        lambda booked: booked.alert.kind.words,
        status=lambda booked: ("error", "error") if booked.alert.kind in _GRAVE else ("warning", "warning"),
    ),
    Column[BookedAlert]("Function", lambda booked: booked.row.function.name, tooltip=_place),
    Column[BookedAlert]("Where", _place, dot=lambda booked: booked.row.colour),
    Column[BookedAlert](
        "What is",
        lambda booked: f"{'' if booked.alert.is_exact else '≈ '}{booked.alert.text}",
        tooltip=lambda booked: "\n".join((booked.alert.text, *booked.alert.evidence)),
        spoken=lambda booked: f"{'' if booked.alert.is_exact else 'about: '}{booked.alert.text}",
    ),
    Column[BookedAlert]("Since", lambda booked: name_time(booked.alert.since_ms)),
)
PLACE_COLUMN: Final = 2
ALERT_SAMPLES: Final = (
    "Near memory size iii",
    "some-function-with-a-name",
    "Local AWS us-east-1",
    "",
    "11-27 23:59 iii",
)


class AlertTableModel(RowTableModel[BookedAlert]):
    """In the order of the book."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_ALERTS, lambda booked: booked.key, parent)

    def set_rows(self, rows: Iterable[BookedAlert]) -> None:
        self._show(list(rows))


MUTE_SAMPLES: Final = ("Near memory size", "some-function-with-a-name", "today until 00:00", "")


class MuteTableModel(RowTableModel[Mute]):
    """What is muted. name_place: a connection's name and region, by its Target.key."""

    def __init__(self, name_place: Callable[[str], str], parent: QObject | None = None) -> None:
        columns = (
            Column[Mute]("Alert", lambda mute: mute.kind.words),
            Column[Mute](
                "Function", lambda mute: mute.row_key[1], tooltip=lambda mute: name_place(mute.row_key[0])
            ),
            Column[Mute]("Muted until", tell_until),
            Column[Mute](
                "What is", lambda mute: mute.alert.text if mute.alert is not None else "nothing to tell now"
            ),
        )
        super().__init__(columns, lambda mute: (mute.row_key, mute.kind), parent)

    def set_rows(self, rows: Iterable[Mute]) -> None:
        self._show(list(rows))


def tell_until(mute: Mute) -> str:
    return "for ever" if mute.until_ms == FOR_EVER else name_time(mute.until_ms)
