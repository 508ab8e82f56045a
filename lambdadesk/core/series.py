"""A series: many runs of one function, what they will cost, and when they end."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median_low

from lambdadesk.core.cost import billed_requests, invocation_cost
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.money import format_money
from lambdadesk.core.prices import PriceTable
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, Report

MAX_RUNS = 10_000
MAX_CONCURRENCY = 100
MAX_PER_S = 1_000
_SHORTEST_MS = 1  # the least that AWS bills


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What is to be run.

    request: what each run sends; its payload is sent `runs` times, or, where there are `payloads`, each of
    those once. lines: the lines of the file that the payloads are from. per_s: at most so many starts a
    second; 0: as fast as answers come. stop_after_errors: nothing more is sent after so many; 0: never.
    Throttled runs are counted, but are no errors of the function. fill: fills in a payload's variables as
    it is sent, so that each run has its own values.

    Raises UserError (INVALID) where a number is out of its range.
    """

    request: InvokeRequest
    runs: int = 1
    payloads: tuple[bytes, ...] = ()
    lines: tuple[int, ...] = ()
    concurrency: int = 1
    per_s: float = 0.0
    stop_after_errors: int = 0
    fill: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        for what, number, most in (
            ("A series has", self.count, MAX_RUNS),
            ("Runs at once are", self.concurrency, MAX_CONCURRENCY),
        ):
            if not 1 <= number <= most:
                raise UserError(
                    f"{what} 1 to {most:,}, not {number:,}.", "Choose fewer.", kind=ErrorKind.INVALID
                )
        if not 0 <= self.per_s <= MAX_PER_S or self.stop_after_errors < 0:
            raise UserError(
                f"Starts a second are 0 (no limit) to {MAX_PER_S:,}.", "Choose fewer.", kind=ErrorKind.INVALID
            )

    @property
    def count(self) -> int:
        return len(self.payloads) or self.runs

    @property
    def payload_bytes(self) -> list[int]:
        """The size of each run's payload, its variables not filled in."""
        return [len(payload) for payload in self.payloads] or [len(self.request.payload)] * self.runs

    def request_of(self, number: int) -> InvokeRequest:
        """The request of a run, counted from 0; asked for once, as it is sent."""
        payload = self.payloads[number] if self.payloads else self.request.payload
        if self.fill is not None and b"{{" in payload:
            payload = self.fill(payload)
        return self.request if payload is self.request.payload else replace(self.request, payload=payload)

    def line_of(self, number: int) -> int:
        """The line of the file that a run's payload is from; 0 without a file."""
        return self.lines[number] if self.lines else 0


@dataclass(frozen=True, slots=True)
class SeriesEstimate:
    """What a series will cost, before it is started: never exact.

    likely: with each run as long as the median of earlier ones; None where nothing is known of them, and then
    it is somewhere from `lowest` (1 ms each) to `highest` (the timeout each). basis: from what, in words.
    """

    count: int
    likely: Decimal | None
    lowest: Decimal
    highest: Decimal
    currency: str
    basis: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.highest:
            return f"{self.count:,} dry runs cost nothing."
        lowest, highest = (format_money(each, self.currency) for each in (self.lowest, self.highest))
        if self.likely is None:
            return f"Estimate: {lowest} to {highest}; {self.basis}."
        return f"Estimate: ≈ {format_money(self.likely, self.currency)}, {highest} at most; {self.basis}."

    @property
    def short(self) -> str:
        """The price alone, as a button or a question has it."""
        lowest, highest = (format_money(each, self.currency) for each in (self.lowest, self.highest))
        return (
            f"≈ {format_money(self.likely, self.currency)}"
            if self.likely is not None
            else f"{lowest} to {highest}"
        )


def estimate_runs(
    function: FunctionInfo,
    kind: InvocationType,
    payload_bytes: Sequence[int],
    billed_ms: Sequence[int],
    region: str,
    prices: PriceTable,
) -> SeriesEstimate:
    """What runs with payloads of these sizes will cost at list price.

    billed_ms: billed durations of earlier runs, in any order.
    """
    count = len(payload_bytes)
    if kind is InvocationType.DRY_RUN:
        zero = Decimal(0)
        return SeriesEstimate(count, zero, zero, zero, prices.currency(region), "dry runs")
    requests = Counter(billed_requests(kind, size) for size in payload_bytes)
    sizes = {billed_requests(kind, size): size for size in payload_bytes}
    notes: dict[str, None] = {}

    def cost(each_ms: int) -> Decimal:
        billed = None if function.capacity_provider else each_ms  # billed by the hour there
        report = Report("", Decimal(each_ms), billed, function.memory_mb)
        amount = Decimal(0)
        for billed, runs in requests.items():
            one = invocation_cost(report, function, region, prices, kind=kind, payload_bytes=sizes[billed])
            notes.update(dict.fromkeys(one.notes))
            amount += runs * one.amount
        return amount

    timeout_ms = max(_SHORTEST_MS, function.timeout_s * 1000)
    likely = None
    if billed_ms:
        typical_ms = median_low(billed_ms)
        likely = cost(typical_ms)
        known = len(billed_ms)
        which = f"the median billed of the last {known:,} runs" if known > 1 else "as billed for the last run"
        basis = f"{count:,} times {typical_ms:,} ms, {which}"
    else:
        basis = f"the duration is not known: from 1 ms to {function.timeout_s:,} s, the timeout"
    lowest, highest = cost(_SHORTEST_MS), cost(timeout_ms)
    return SeriesEstimate(count, likely, lowest, highest, prices.currency(region), basis, tuple(notes))
