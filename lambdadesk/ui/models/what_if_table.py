"""The tables of the Sizing window: what if, and right-size."""

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject

from lambdadesk.core.concurrency import ProvisionedOption
from lambdadesk.core.cost import cost_per_million
from lambdadesk.core.money import format_amount, format_money
from lambdadesk.core.what_if import Basis, Option, Span, TimeoutOption
from lambdadesk.ui.models.history_table import format_duration
from lambdadesk.ui.models.rows import Column, RowTableModel

_FROM: Final = {
    Basis.AS_IT_WAS: "as it was",
    Basis.OBSERVED: "runs at this size",
    Basis.MODEL: "model",
}


def span_text(span: Span) -> str:
    """Both ends of a duration in one unit: "3.5 to 14 ms", "5.39 to 21.6 s"."""
    if span.is_one:
        return format_duration(span.low)
    unit, size = ("s", 1000) if span.high >= 1000 else ("ms", 1)
    return f"{_short(span.low / size)} to {_short(span.high / size)} {unit}"


def _short(value: Decimal) -> str:
    """Three significant digits."""
    places = 0 if value >= 100 else 1 if value >= 10 else 2
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def money_text(low: Decimal, high: Decimal, currency: str, *, exact: bool) -> str:
    """Both ends of an amount, with ≈ where it is not exact."""
    sign = "" if exact else "≈ "
    if low == high:
        return f"{sign}{format_money(low, currency)}"
    return f"{sign}{format_money(low, currency)} to {format_money(high, currency)}"


def option_cost(option: Option) -> str:
    exact = option.low.exact and option.high.exact
    return money_text(option.low.amount, option.high.amount, option.low.currency, exact=exact)


def _memory(option: Option) -> str:
    return f"{option.memory_mb:,} MB"


def _change(option: Option, present: Decimal | None) -> str:
    """Against what it cost as it was, in percent of both ends."""
    if not present:
        return "—"
    ends = [round((cost.amount / present - 1) * 100) for cost in (option.low, option.high)]
    words = [f"{'+' if end > 0 else '−' if end < 0 else '±'}{abs(end):,} %" for end in ends]  # noqa: RUF001
    return words[0] if ends[0] == ends[1] else f"{words[0]} to {words[1]}"


def _verdict(option: Option) -> tuple[str, str, str]:
    """Words, icon and colour of what can be said of an option."""
    if option.is_present and option.obstacle:
        return "present, tight", "warning", "warning"
    if option.is_present:
        return "present", "ok", "ok"
    if option.obstacle:
        return "too small", "error", "error"
    return "possible", "info", "dim"


class OptionModel(RowTableModel[Option]):
    """Memory sizes, or architectures, side by side."""

    SAMPLES: Final = (
        "10,240 MB ii",
        "iiii present, tight",
        "≈ $0.00000108 to $0.00000373",
        "+1,040 % to +1,234 %",
        "0.99 to 99.9 ms",
        "0.99 to 99.9 ms",
        "0.99 to 99.9 ms",
        "runs at this size",
    )

    def __init__(self, parent: QObject | None = None, *, by_architecture: bool = False) -> None:
        self._present: Decimal | None = None
        first = Column[Option]("Architecture", lambda option: option.architecture)
        if not by_architecture:
            first = Column[Option](
                "Memory", _memory, sort_key=lambda option: option.memory_mb, is_number=True
            )
        columns = (
            first,
            Column[Option](
                "State",
                lambda option: _verdict(option)[0],
                status=lambda option: _verdict(option)[1:],
                tooltip=lambda option: option.obstacle,
                spoken=lambda option: f"{_verdict(option)[0]} {option.obstacle}".strip(),
            ),
            Column[Option]("Cost of the period", option_cost, is_number=True),
            Column[Option]("Change", lambda option: _change(option, self._present), is_number=True),
            Column[Option]("Median", lambda option: span_text(option.p50), is_number=True),
            Column[Option]("95 %", lambda option: span_text(option.p95), is_number=True),
            Column[Option]("99 %", lambda option: span_text(option.p99), is_number=True),
            Column[Option]("From", lambda option: _FROM[option.basis]),
        )
        super().__init__(columns, lambda option: (option.memory_mb, option.architecture), parent)

    def set_rows(self, rows: tuple[Option, ...], present: Decimal | None) -> None:
        """present: what the period cost as it was."""
        self._present = present
        self._show(list(rows))
        _tell_changed(self)


class TimeoutModel(RowTableModel[TimeoutOption]):
    SAMPLES: Final = ("9,999 s", "iiiiiiii would have cut runs", "1,000,000", "100.00 %", "≈ $10,000.000000")

    def __init__(self, parent: QObject | None = None) -> None:
        self._runs = 1
        columns = (
            Column[TimeoutOption]("Timeout", lambda option: f"{option.timeout_s:,} s", is_number=True),
            Column[TimeoutOption](
                "State",
                lambda option: _timeout_verdict(option)[0],
                status=lambda option: _timeout_verdict(option)[1:],
            ),
            Column[TimeoutOption]("Runs cut", lambda option: f"{option.cut:,}", is_number=True),
            Column[TimeoutOption](
                "Share", lambda option: f"{Decimal(option.cut * 100) / self._runs:,.2f} %", is_number=True
            ),
            Column[TimeoutOption](
                "Cost of the period",
                lambda option: money_text(
                    option.cost.amount, option.cost.amount, option.cost.currency, exact=option.cost.exact
                ),
                is_number=True,
            ),
        )
        super().__init__(columns, lambda option: option.timeout_s, parent)

    def set_rows(self, rows: tuple[TimeoutOption, ...], runs: int) -> None:
        self._runs = max(1, runs)
        self._show(list(rows))
        _tell_changed(self)


def _timeout_verdict(option: TimeoutOption) -> tuple[str, str, str]:
    if option.is_present:
        return "present", "ok", "ok"
    if option.cut:
        return "would have cut runs", "error", "error"
    return "possible", "info", "dim"


class ProvisionedModel(RowTableModel[ProvisionedOption]):
    SAMPLES: Final = (
        "1,000",
        "iiiiiiii dearer",
        "≈ $10,000.000000",
        "$10,000.000000",
        "100.00 % i",
        "10,000 of 10,000",
        "10,000",
    )

    def __init__(self, parent: QObject | None = None) -> None:
        columns = (
            Column[ProvisionedOption]("Units", lambda option: f"{option.units:,}", is_number=True),
            Column[ProvisionedOption](
                "State",
                lambda option: _units_verdict(option)[0],
                status=lambda option: _units_verdict(option)[1:],
            ),
            Column[ProvisionedOption](
                "Cost of the period",
                lambda option: money_text(
                    option.cost.amount, option.cost.amount, option.cost.currency, exact=False
                ),
                is_number=True,
            ),
            Column[ProvisionedOption](
                "On demand",
                lambda option: format_money(option.on_demand.amount, option.on_demand.currency),
                is_number=True,
            ),
            Column[ProvisionedOption](
                "Served", lambda option: f"{option.share * 100:,.2f} %", is_number=True
            ),
            Column[ProvisionedOption](
                "Runs served", lambda option: f"{option.served:,} of {option.runs:,}", is_number=True
            ),
            Column[ProvisionedOption](
                "Cold starts spared", lambda option: f"{option.cold_avoided:,}", is_number=True
            ),
        )
        super().__init__(columns, lambda option: option.units, parent)

    def set_rows(self, rows: tuple[ProvisionedOption, ...]) -> None:
        self._show(list(rows))
        _tell_changed(self)


def _units_verdict(option: ProvisionedOption) -> tuple[str, str, str]:
    if option.difference < 0:
        return "cheaper", "ok", "ok"
    return ("dearer", "warning", "warning") if option.difference > 0 else ("the same", "info", "dim")


def per_million_text(option: Option, runs: int) -> str:
    """What a million runs would cost, both ends."""
    low, high = (
        format_amount(cost_per_million(cost.amount, runs), cost.currency)
        for cost in (option.low, option.high)
    )
    sign = "" if option.low.exact and option.high.exact else "≈ "
    return f"{sign}{low}" if low == high else f"{sign}{low} to {high}"


def _tell_changed(model: RowTableModel) -> None:  # type: ignore[type-arg]
    if model.rowCount():
        last = model.index(model.rowCount() - 1, model.columnCount() - 1)
        model.dataChanged.emit(model.index(0, 0), last)
