"""OwnUseMeter, what LambdaDesk itself costs: counted at the gateways' doors, kept, and held to a budget."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.money import format_cents
from lambdadesk.core.own_cost import OwnUse, UseRow, count_call, count_invoke, held_back, own_cost
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost, InvokeRequest
from lambdadesk.desk.price_book import PriceBook
from lambdadesk.store.own_use import OwnUseStore
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:
    from lambdadesk.aws.gateway import Gateway

GATHER_S = 5.0  # what is counted meanwhile is written at once


class OwnUseMeter:
    """One for the whole application. Days and months are UTC's, as on the bill.

    today: the day now, "2026-11-27".

    Event changed: something was counted, or read from the file.
    """

    def __init__(
        self,
        store: OwnUseStore,
        settings: Settings,
        prices: PriceBook,
        today: Callable[[], str] = lambda: datetime.now(UTC).date().isoformat(),
    ) -> None:
        self.changed: Event[[]] = Event()
        self._store = store
        self._settings = settings
        self._prices = prices
        self._today = today
        self._kept: list[UseRow] = []  # of this month, as the file has it
        self._pending: dict[tuple[str, GatewayMeter, OwnUse], int] = {}
        self._writing: list[UseRow] = []  # neither pending nor kept yet
        self._turn = asyncio.Lock()

    def for_gateway(self, gateway: "Gateway") -> "GatewayMeter":
        """What the gateway is to tell of its calls; only for one to AWS itself."""
        return GatewayMeter(self, gateway)

    async def load(self) -> None:
        """Read this month from the file. Raises UserError (STORAGE)."""
        async with self._turn:
            await self._load()
        self.changed.emit()

    async def flush(self) -> None:
        """Write what was counted since. Raises UserError (STORAGE); it then stays to be written."""
        async with self._turn:
            if self._pending:
                await self._write()
                await self._load()
                self._writing = []
        self.changed.emit()

    async def flush_later(self) -> None:
        """The same, after what comes next has come."""
        await asyncio.sleep(GATHER_S)
        await self.flush()

    @property
    def accounts(self) -> list[str]:
        """The accounts in which something was used this month; one that is not known is empty."""
        return sorted({row.account for row in self._rows(self._today()[:7])})

    def of_today(self, account: str | None = None) -> Cost:
        """What was used today costs, in an account or (None) in all."""
        return self._cost(self._today(), account)

    def of_month(self, account: str | None = None) -> Cost:
        """The same since the month began."""
        return self._cost(self._today()[:7], account)

    def check(self, account: str, service: str, operation: str) -> None:
        """Raise UserError (DENIED) where the account's budget is used up and the call is a paid refresh."""
        what, budget = held_back(service, operation), self._settings.own_budget
        if not what or not budget:
            return
        spent = self.of_month(account)
        if spent.amount >= budget:
            raise UserError(
                f"{what}: LambdaDesk's own budget of {format_cents(budget)} for this month is used up "
                f"({format_cents(spent.amount, spent.currency)} so far).",
                "Raise the budget under File, Prices and costs, or wait for the next month.",
                kind=ErrorKind.DENIED,
                details=f"{service}:{operation} was not sent.",
            )

    def count(self, meter: "GatewayMeter", uses: Mapping[OwnUse, int]) -> None:
        """Add to today."""
        day = self._today()
        for use, amount in uses.items():
            if amount > 0:
                key = (day, meter, use)
                self._pending[key] = self._pending.get(key, 0) + amount
        if any(amount > 0 for amount in uses.values()):
            self.changed.emit()

    @property
    def has_unsaved(self) -> bool:
        return bool(self._pending)

    async def _write(self) -> None:
        taken, self._pending = self._pending, {}
        self._writing = [
            UseRow(day, meter.account, meter.region, use, amount)
            for (day, meter, use), amount in taken.items()
        ]
        try:
            await in_thread(self._store.add, self._writing)
        except UserError:
            self._writing = []
            for key, amount in taken.items():
                self._pending[key] = self._pending.get(key, 0) + amount
            raise

    async def _load(self) -> None:
        self._kept = await in_thread(self._store.load, f"{self._today()[:7]}-01")

    def _rows(self, since: str) -> list[UseRow]:
        """What was used in the month or on the day whose name begins like this."""
        pending = [
            UseRow(day, meter.account, meter.region, use, amount)
            for (day, meter, use), amount in self._pending.items()
        ]
        return [row for row in (*self._kept, *self._writing, *pending) if row.day.startswith(since)]

    def _cost(self, since: str, account: str | None) -> Cost:
        rows = [row for row in self._rows(since) if account is None or row.account == account]
        currencies = {self._prices.table.currency(row.region) for row in rows}
        currency = currencies.pop() if len(currencies) == 1 else "USD"
        return own_cost(rows, self._prices.table, currency)


class GatewayMeter:
    """Tells the meter of one gateway's calls (a core.own_cost.CallMeter)."""

    def __init__(self, meter: OwnUseMeter, gateway: "Gateway") -> None:
        self._meter = meter
        self._gateway = gateway
        self._scanned: dict[str, int] = {}  # bytes by query id

    @property
    def region(self) -> str:
        return self._gateway.target.region

    @property
    def account(self) -> str:
        """The account's number; empty while nobody has asked whose credentials these are."""
        identity = self._gateway.source.owner.identity
        return identity.account if identity else ""

    def check(self, service: str, operation: str) -> None:
        self._meter.check(self.account, service, operation)

    def note(self, service: str, operation: str, params: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        uses = count_call(service, operation, params, reply)
        if OwnUse.QUERY_BYTES in uses:
            uses = {OwnUse.QUERY_BYTES: self._get_newly_scanned(params, reply, uses[OwnUse.QUERY_BYTES])}
        self._meter.count(self, uses)

    def note_invoke(self, request: InvokeRequest) -> None:
        self._meter.count(self, count_invoke(request))

    def note_live_tail(self, seconds: int) -> None:
        """A Live Tail session went on for so long."""
        self._meter.count(self, {OwnUse.LIVE_TAIL_S: seconds})

    def _get_newly_scanned(self, params: Mapping[str, Any], reply: Mapping[str, Any], scanned: int) -> int:
        """A query is asked for again and again, and tells each time what it has scanned in all."""
        query_id = str(params.get("queryId", ""))
        before = self._scanned.get(query_id, 0)
        self._scanned[query_id] = max(before, scanned)
        return max(0, scanned - before)
