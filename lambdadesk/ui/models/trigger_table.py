"""The table of what starts a function."""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QObject, Qt

from lambdadesk.core.mappings import EventSourceMapping
from lambdadesk.core.trigger_text import tell_verdict
from lambdadesk.core.triggers import Answer, Trigger, Verdict
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel

STATE_COLUMN: Final = 3
VERDICT_COLUMN: Final = 4
FILTER_COLUMN: Final = 7

# What needs a person first.
_ORDER: Final = {
    Verdict.SOURCE_ONLY: 0,
    Verdict.PERMITTED_ONLY: 1,
    Verdict.NOT_CHECKED: 2,
    Verdict.CONFIRMED: 3,
}
_ICONS: Final = {
    "clock": ("EventBridge", "Scheduler"),
    "queue": ("SQS", "MQ", "Kinesis", "MSK", "Kafka", "Firehose", "Pipes"),
    "bucket": ("S3", "S3 Batch Operations", "S3 Object Lambda", "DynamoDB", "DocumentDB"),
    "topic": ("SNS", "SES", "IoT", "Mail Manager"),
    "logs": ("CloudWatch Logs",),
    "warning": ("CloudWatch alarm",),
    "globe": ("API Gateway", "ALB", "Function URL", "AppSync", "VPC Lattice", "CloudFront"),
}
_ICON_OF: Final = {source: name for name, sources in _ICONS.items() for source in sources}


def source_icon(source: str) -> str:
    """The icon of a service that starts functions, or takes their results."""
    return _ICON_OF.get(source, "function" if source == "Lambda" else "traffic")


def verdict_look(trigger: Trigger) -> tuple[str, str]:
    """Icon and colour name of a verdict."""
    verdict = trigger.verdict
    if verdict is Verdict.CONFIRMED:
        return "ok", "ok"
    if verdict is not Verdict.NOT_CHECKED:
        return "warning", "warning"
    is_denied = any(each.answer is Answer.DENIED for each in trigger.evidence)
    return ("lock" if is_denied else "info"), "dim"


def mode_text(trigger: Trigger) -> str:
    return trigger.mode.value.replace(",", "")


def is_changing(trigger: Trigger) -> bool:
    """Whether it is an event source mapping on its way to another state."""
    return bool(trigger.uuid) and not EventSourceMapping(trigger.uuid, state=trigger.state).is_settled


def _source(trigger: Trigger) -> tuple[str, str, str]:
    return trigger.source.casefold(), trigger.name.casefold(), trigger.qualifier


_COLUMNS: Final = (
    Column[Trigger](
        "Source",
        lambda row: row.source,
        sort_key=_source,
        status=lambda row: (source_icon(row.source), "text"),
    ),
    Column[Trigger](
        "Name",
        lambda row: row.name or NOTHING,
        sort_key=lambda row: row.name.casefold(),
        tooltip=lambda row: row.arn or row.name,
    ),
    Column[Trigger]("Mode", mode_text),
    Column[Trigger]("State", lambda row: row.state or NOTHING, spoken=lambda row: row.state or "no state"),
    Column[Trigger](
        "Verdict",
        tell_verdict,
        sort_key=lambda row: (_ORDER[row.verdict], row.verdict_text),
        tooltip=tell_verdict,
        status=verdict_look,
    ),
    Column[Trigger](
        "Last result",
        lambda row: row.last_result or NOTHING,
        tooltip=lambda row: row.last_result,
        spoken=lambda row: row.last_result or "no result",
    ),
    Column[Trigger](
        "Batch",
        lambda row: row.batch or NOTHING,
        sort_key=lambda row: row.batch_size,
        spoken=lambda row: row.batch or "not batched",
    ),
    Column[Trigger](
        "Filter",
        lambda row: row.filter or NOTHING,
        tooltip=lambda row: row.filter,
        spoken=lambda row: row.filter or "no filter",
    ),
    Column[Trigger](
        "Qualifier",
        lambda row: row.qualifier or NOTHING,
        spoken=lambda row: row.qualifier or "unqualified",
    ),
)


class TriggerTableModel(RowTableModel[Trigger]):
    """Triggers, those that do not work first until a header is clicked."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.key, parent)
        self._rows: list[Trigger] = []
        self._sorting = (VERDICT_COLUMN, Qt.SortOrder.AscendingOrder)

    @property
    def rows(self) -> tuple[Trigger, ...]:
        """As they are shown."""
        return tuple(self._shown)

    def set_rows(self, rows: Iterable[Trigger]) -> None:
        """Show these triggers; rows that stay keep their selection."""
        self._rows = list({row.key: row for row in rows}.values())
        self._show(self._sorted(self._rows, *self._sorting))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(_COLUMNS):
            self._sorting = (column, order)
            self._show(self._sorted(self._rows, *self._sorting))

    def _colour(self, row: Trigger, column: Column[Trigger]) -> str:
        if column is _COLUMNS[STATE_COLUMN] and (row.state.upper() == "DISABLED" or is_changing(row)):
            return "warning"
        return super()._colour(row, column)
