"""The month of 1,000 functions, from the last answer to the shown table, beside adding the same up in floats.

python -m benchmarks.month
"""

import os
import random
import time
from datetime import UTC, date, datetime
from typing import Any

from PySide6.QtWidgets import QApplication

from benchmarks.measure import Samples, show_table
from lambdadesk.core.month_cost import DAYS, CountedDays, cost_days
from lambdadesk.core.month_stack import stack
from lambdadesk.core.month_view import Grouping, MonthFunction, forecast, last_days, make_bills, sum_rows
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo
from lambdadesk.ui.models.month_table import MonthTableModel
from lambdadesk.ui.widgets.day_bars import DayBars
from lambdadesk.ui.widgets.tables import make_table

FUNCTIONS = 1_000
ROUNDS = 3
PRICED, AGAIN, PEER = (
    "priced, summed and shown",
    "summed and shown again, by region",
    "the same sums in floats",
)
GB_S, REQUEST = 0.0000166667, 0.0000002


def make_counted(today: date) -> list[tuple[FunctionInfo, CountedDays]]:
    """Functions that ran on every day, so that nothing can be passed over."""
    chance = random.Random(7)
    days = range(today.toordinal() - DAYS + 1, today.toordinal() + 1)
    return [
        (
            FunctionInfo(f"function-{number:04}", memory_mb=512),
            CountedDays(
                {day: chance.randrange(1, 1_000_000) for day in days},
                {day: chance.randrange(100) for day in days},
                {day: chance.random() * 1e8 for day in days},
                {day: chance.randrange(10**9) for day in days},
            ),
        )
        for number in range(FUNCTIONS)
    ]


def measure() -> dict[str, Any]:
    """Run everything, print the table and return the figures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    samples = {name: Samples(name) for name in (PRICED, AGAIN, PEER)}
    today = datetime.now(UTC).date()
    counted, prices = make_counted(today), load_prices()
    days = range(today.toordinal() - DAYS + 1, today.toordinal() + 1)
    for _round in range(ROUNDS):
        model, bars = MonthTableModel(), DayBars()
        table = make_table(model, ("",) * 15, stretch=None, sort_by=4)
        table.resize(900, 500)
        table.show()
        started_s = time.perf_counter()
        functions = [
            MonthFunction(
                *("k", "c", "", "000000000000", "us-east-1"),
                function,
                {},
                cost_days(function, sums, "us-east-1", prices, days),
            )
            for function, sums in counted
        ]
        _show(functions, today, model, bars, Grouping.FUNCTION)
        make_bills(functions, today, prices, lambda _account: True)
        app.processEvents()
        samples[PRICED].values.append((time.perf_counter() - started_s) * 1000)
        started_s = time.perf_counter()
        _show(functions, today, model, bars, Grouping.REGION)
        app.processEvents()
        samples[AGAIN].values.append((time.perf_counter() - started_s) * 1000)
        started_s = time.perf_counter()
        _add_up_in_floats(counted, days)
        samples[PEER].values.append((time.perf_counter() - started_s) * 1000)
        table.close()
    rows = []
    for each in samples.values():
        median, low, high = each.ratio(samples[PEER])
        rows.append([each.name, f"{each.median:.0f} ms", f"{median:.1f} ({low:.1f}-{high:.1f})"])
    show_table(
        f"{FUNCTIONS:,} functions x {DAYS} days; medians of {ROUNDS}", ["", "median", "to floats"], rows
    )
    return {
        "to_floats": {
            name: [round(figure, 2) for figure in samples[name].ratio(samples[PEER])]
            for name in (PRICED, AGAIN)
        },
        "median_ms": {name: round(each.median) for name, each in samples.items()},
    }


def _show(
    functions: list[MonthFunction], today: date, model: MonthTableModel, bars: DayBars, by: Grouping
) -> None:
    period = last_days(today)
    rows = sum_rows(functions, period, by)
    model.set_rows(rows)
    bars.show_days(period.first, stack(rows, "USD"), "USD", forecast(functions, today, "USD").days)


def _add_up_in_floats(counted: list[tuple[FunctionInfo, CountedDays]], days: range) -> float:
    """The peer: what a script would do, without tiers, errors, logs, or an exact digit."""
    total = 0.0
    for function, sums in counted:
        for day in days:
            seconds = sums.duration_ms[day] / 1000 * function.memory_mb / 1024
            total += seconds * GB_S + sums.invocations[day] * REQUEST
    return total


if __name__ == "__main__":
    measure()
