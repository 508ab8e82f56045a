"""LiveOverlay, the lines that a paid live session shows before the tail's polls bring them."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import aclosing
from decimal import Decimal

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.live_tail import SILENT_S, USD_PER_MINUTE, LiveUpdate, follow_live
from lambdadesk.aws.logs import fetch_group
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.provisional import ProvisionalLines
from lambdadesk.core.types import LogColumns, LogEvent, Target
from lambdadesk.desk.tail_source import SWEEP_EVERY_MS
from lambdadesk.desk.tailer import Tailer

MAX_GROUPS = 10  # of a session, by AWS
NOTED_EVERY_S = 15  # how much of a session a crash may leave uncounted
# Behind what the tail is complete to; a sweep, which finds late lines too, has been since then.
_CONFIRMED_BY_MS = SWEEP_EVERY_MS + 30_000


def price_words(target: Target, prices: PriceTable) -> str:
    """What it costs there, to go on after "Live Tail shows lines, "."""
    if not is_aws(target):
        return "and costs nothing here, since this is not AWS."
    rate = prices.rate(PriceItem.LIVE_TAIL, target.region, "x86_64")
    symbol = "$" if rate.currency == "USD" else f"{rate.currency} "
    about = "" if rate.exact else "about "
    price = f"{about}{symbol}{rate.price.normalize():f}"
    return f"for {price} a minute; an account has some minutes free each month."


class LiveOverlay:
    """Listens for some minutes to the groups of a tail, and holds what no poll has brought yet.

    The tail and its ledger do not depend on it: whatever it leaves out, or breaks off, the polls bring.
    Its seconds are told to the gateway's meter while they pass; a budget that is used up ends it.

    price: of a minute, in US dollars.

    sampled:     AWS has left events out of the session, since more than 500 came in a second.
    unconfirmed: lines that it showed and no poll brought.
    error:       why it ended; None while it runs, where nobody started it, and when its time was up.

    Event changed: after any of them, `lines` or `minutes` changed.
    """

    def __init__(
        self,
        gateway: Gateway,
        tail: Tailer,
        *,
        for_minutes: float = 10.0,
        price: Decimal = USD_PER_MINUTE,
        silent_s: float = SILENT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_on = False
        self.sampled = False
        self.unconfirmed = 0
        self.error: UserError | None = None
        self.changed: Event[[]] = Event()
        self._gateway = gateway
        self._tail = tail
        self._for_s = for_minutes * 60
        self._price = price
        self._noted_s = 0
        self._group_of: dict[str, str] = {}
        self._silent_s = silent_s
        self._clock = clock
        self._provisional = ProvisionalLines()
        self._seconds = 0.0  # of sessions that have ended
        self._began_s: float | None = None

    @property
    def lines(self) -> list[LogEvent]:
        """What is to be shown below the tail's own lines, in order, and marked as provisional."""
        return self._provisional.lines()

    @property
    def minutes(self) -> float:
        """How long sessions have lasted, the one that runs included."""
        running_s = 0.0 if self._began_s is None else self._clock() - self._began_s
        return (self._seconds + running_s) / 60

    @property
    def cost_usd(self) -> Decimal:
        """The list price of these minutes; the free ones of each month may cover them."""
        return round(Decimal(self.minutes) * self._price, 4)

    @property
    def remaining_s(self) -> float:
        """Until it ends by itself."""
        return max(0.0, self._for_s - self.minutes * 60)

    def source_of(self, event: LogEvent) -> int:
        """Which of the tail's sources a provisional line is of, by the number; -1 where nobody knows."""
        group = self._group_of.get(event.stream, "")
        found = [source.index for source in self._tail.followed if source.name == group]
        return next((at for at in found if not self._tail.sources[at].is_anothers(event.stream)), -1)

    async def run(self) -> None:
        """Listen until the time is up, the session ends, or it is cancelled, as when the log is hidden."""
        self.is_on, self.error, self.sampled = True, None, False
        disconnects = [
            self._tail.arrived.connect(self._on_arrived),
            self._tail.changed.connect(self._on_poll),
        ]
        self.changed.emit()
        try:
            async with asyncio.timeout(self._for_s) as limit:
                await self._listen()
        except TimeoutError:
            if not limit.expired():
                raise
        except UserError as error:
            self.error = error
        finally:
            for disconnect in disconnects:
                disconnect()
            self._stop_counting()
            self._note()
            self._provisional = ProvisionalLines()  # the polls bring them
            self.is_on = False
            self.changed.emit()

    async def _listen(self) -> None:
        arns = await self._get_arns()
        updates = follow_live(self._gateway, arns, self._silent_s)
        async with aclosing(updates):
            async for update in updates:
                if self._began_s is None:
                    self._began_s = self._clock()
                self._on_update(update)

    async def _get_arns(self) -> list[str]:
        if len(self._tail.followed) > MAX_GROUPS:
            raise UserError(
                f"A live session follows {MAX_GROUPS} log groups at most.",
                "Follow fewer of them.",
                kind=ErrorKind.INVALID,
            )
        arns = []
        for source in self._tail.followed:
            group = await fetch_group(self._gateway, source.name)
            if group is not None and group.arn:
                arns.append(group.arn)
        if not arns:
            raise UserError(
                "There is no log group yet that could be listened to.",
                "A function's first line of log makes it.",
                kind=ErrorKind.NOT_FOUND,
            )
        return arns

    def _on_update(self, update: LiveUpdate) -> None:
        sources = self._tail.followed
        from_ms = min(source.floor_ms for source in sources)  # polls bring nothing older
        self._group_of |= update.groups
        if self.minutes * 60 - self._noted_s >= NOTED_EVERY_S:
            self._note()
            if self._gateway.meter is not None:
                self._gateway.meter.check("logs", "StartLiveTail")
        self._provisional.add_live(
            event
            for event in update.events
            if event.timestamp_ms >= from_ms
            and not all(source.is_anothers(event.stream) for source in sources)
        )
        self.sampled = self.sampled or update.sampled
        self.changed.emit()

    def _on_arrived(self, events: LogColumns) -> None:
        self._provisional.add_polled(events)

    def _on_poll(self) -> None:
        complete_to_ms = self._tail.counts.complete_to_ms
        if complete_to_ms is not None:
            self.unconfirmed += self._provisional.forget(complete_to_ms - _CONFIRMED_BY_MS)
        self.changed.emit()

    def _note(self) -> None:
        """Tell the meter of the seconds since the last time, a begun one as a whole."""
        seconds = math.ceil(round(self.minutes * 60, 3)) - self._noted_s
        if seconds > 0 and self._gateway.meter is not None:
            self._gateway.meter.note_live_tail(seconds)
        self._noted_s += seconds

    def _stop_counting(self) -> None:
        if self._began_s is not None:
            self._seconds += self._clock() - self._began_s
            self._began_s = None
