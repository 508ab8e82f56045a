"""Connection, everything that belongs to one target while it is shown."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lambdadesk.aws.credentials import Owner
from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.functions import fetch_qualifiers, fetch_versions
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.permissions import fetch_alias
from lambdadesk.aws.profiles import configured_endpoint
from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.cost import CostBadge, cost_badges, invocation_cost, log_cost
from lambdadesk.core.cost_text import explain_cost
from lambdadesk.core.deploys import PublishedVersion
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.kept_prices import Pricing, get_pricings
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.prices import PriceItem, PriceTable, load_prices
from lambdadesk.core.series import SeriesEstimate, estimate_runs
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost, FunctionInfo, Identity, Invocation, InvocationType, Report, Target
from lambdadesk.desk.catalog import Catalog
from lambdadesk.desk.dashboard import Dashboard
from lambdadesk.desk.invocation_book import InvocationBook
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.log_archive import LogArchive
from lambdadesk.desk.price_book import PriceBook
from lambdadesk.desk.provisioned import Provisioned
from lambdadesk.desk.query_book import QueryBook
from lambdadesk.desk.run_history import RunHistory
from lambdadesk.desk.tailer import LOOKBACK_MS, Tailer, TailGroup
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry, HistoryKeeps
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:
    from lambdadesk.store.invocations import InvocationStore

LOCAL_POLL_S, AWS_POLL_S = 0.5, 2.0
READ_UNASKED = 50  # functions
_OBSERVED = 100  # runs whose durations an estimate is made from


class Connection:
    """One target with its functions, invocations, tails and costs.

    info: the connection that the target is a region of; its name, colour and regions may change meanwhile.
    Made cheaply; nothing is asked before one of its methods is awaited. `close` ends all its work.

    Event identified: who the credentials belong to is known, or why it is not.
    """

    def __init__(
        self,
        info: ConnectionInfo,
        gateway: Gateway,
        history: History,
        cache: CatalogCache,
        report: Callable[[str, Exception], None],
        drafts: DraftStore,
        settings: Settings | None = None,
        prices: PriceBook | None = None,
        open_invocations: "Callable[[], InvocationStore] | None" = None,
    ) -> None:
        target = gateway.target
        self.info = info
        self.target = target
        self.identity: Identity | None = None
        self.identity_error: UserError | None = None
        self.alias = ""  # of the account
        self.unused_endpoint = ""  # that the profile or the environment names
        self.identified: Event[[]] = Event()
        self.scope = TaskScope(report)
        self.gateway = gateway
        self.catalog = Catalog(self.gateway, cache)
        # Answers of the Local AWS and of some other endpoints carry another request id than their logs.
        self.ledger = self.make_ledger()
        self.invocations = InvocationBook(
            self.ledger,
            target.key,
            self.scope,
            report,
            open_invocations,
            match_by_time=not is_aws(target),
            get_pricings=self._get_pricings,
        )
        self.invoker = Invoker(self.gateway, history, self.ledger, report)
        self.invoker.updated.connect(self._save_history)
        self.runs = RunHistory(history, target.key)
        self.provisioned = Provisioned(self.gateway)
        self.queries = QueryBook(settings, target.key)
        self.dashboard = Dashboard(self.gateway, self.catalog, self.ledger)
        self.tails: dict[str, Tailer] = {}  # of the functions that are open, by name
        self.more_tails: dict[str, Tailer] = {}  # of log pages that follow something else besides
        self.lines_dir: Path | None = None  # where log lines go that no longer fit into memory
        self.may_read_all = False  # the user wants all logs read, however many there are
        self.drafts = drafts
        self._history = history
        self._book = prices
        self._bundled: PriceTable | None = None
        self._disconnects = [prices.changed.connect(self._on_prices_changed)] if prices else []

    def make_ledger(self) -> InvocationLedger:
        """An empty ledger that joins and prices invocations as the connection's own does."""
        return InvocationLedger(self._price, match_by_time=not is_aws(self.target))

    def rename(self, info: ConnectionInfo, target: Target) -> None:
        """Go on under another name or in another colour."""
        self.info, self.target = info, replace(self.target, name=target.name)
        self.identified.emit()

    def follow(self, function: FunctionInfo) -> Tailer:
        """Start following a function's log group, or return the tail that already does."""
        tail = self.tails.get(function.name)
        if tail is None:
            tail = self.tails[function.name] = self.make_tail(function)
            self.scope.start(f"tail {function.name}", tail.run)
        return tail

    def make_tail(
        self,
        function: FunctionInfo,
        groups: Sequence[TailGroup] | None = None,
        *,
        lookback_ms: int = LOOKBACK_MS,
        since_ms: int | None = None,
    ) -> Tailer:
        """A tail of its own, still to be run; see Tailer."""
        poll_s = LOCAL_POLL_S if self.target.is_local else AWS_POLL_S
        tail = Tailer(
            self.gateway,
            function,
            self.ledger,
            groups=groups,
            poll_s=poll_s,
            lookback_ms=lookback_ms,
            since_ms=since_ms,
        )
        if self.lines_dir is not None:
            tail.archive = LogArchive(tail.store, self.lines_dir)
        return tail

    @property
    def all_tails(self) -> list[Tailer]:
        return [*self.tails.values(), *self.more_tails.values()]

    def unfollow(self, name: str) -> None:
        if self.tails.pop(name, None):
            self.scope.cancel(f"tail {name}")

    async def read_costs(self, every_s: float) -> None:
        """Read the REPORT lines of all functions, again and again, until cancelled."""
        await self.catalog.wait_for_an_answer()
        if self.asks_before_reading:
            self.dashboard.changed.emit()
            return
        await self.dashboard.run(every_s)

    @property
    def asks_before_reading(self) -> bool:
        """Whether the logs of all functions are so many that reading them takes a word of the user."""
        many = len(self.catalog.state.functions) > READ_UNASKED
        return many and is_aws(self.target) and not self.may_read_all

    async def identify_later(self) -> None:
        """The same as `identify` once the list has begun to come, or failed: it is what one waits for."""
        await self.catalog.wait_for_a_page()
        await self.identify()

    async def identify(self) -> None:
        """Find out whose credentials these are, and what their account is called; a failure is kept.

        AWS is asked once for all connections that share their credentials, unless it fails.
        """
        await self._find_endpoint()
        owner = self.gateway.source.owner
        try:
            self.identity, self.identity_error = await self._ask_who(owner), None
        except UserError as error:
            self.identity_error = error
        self.identified.emit()
        if self.identity is not None and not self.target.is_local:
            async with owner.lock:
                if owner.alias is None:
                    owner.alias = await fetch_alias(self.gateway)
            self.alias = owner.alias
            if self.alias:
                self.identified.emit()

    async def _ask_who(self, owner: Owner) -> Identity:
        """Wait for the first to ask; where that fails, all others ask side by side, each in its region."""
        is_first = not owner.lock.locked()
        async with owner.lock:
            if is_first and owner.identity is None:
                owner.identity = await self.gateway.identity()
        if owner.identity is None:
            owner.identity = await self.gateway.identity()
        return owner.identity

    async def _find_endpoint(self) -> None:
        if self.info.kind is not ConnectionKind.PROFILE or self.target.endpoint_url:
            return
        with suppress(UserError):  # what is wrong with the files, the next call says
            self.unused_endpoint = await in_thread(configured_endpoint, self.info.profile)

    @property
    def expires_in_s(self) -> float | None:
        """How long the credentials at hand hold, by the server's clock; None: without end, or not known."""
        at = self.gateway.expires_at
        return None if at is None else at - self.gateway.server_now_ms / 1000

    @property
    def account(self) -> str:
        """The account's number; empty while it is not known."""
        return self.identity.account if self.identity else ""

    def resume(self) -> None:
        """Go on with other credentials: what waited for them asks again at once."""
        self.gateway.forget_clients()
        self.provisioned.forget()
        for tail in self.all_tails:
            tail.poll_now()
        if self.catalog.state.error is not None:
            self.scope.start("refresh", self.catalog.refresh)
        if self.identity is None or self.identity_error is not None:
            self.scope.start("identity", self.identify)

    async def qualifiers(self, name: str) -> dict[str, str]:
        """What the function can be invoked as, and which versions that means where it is an alias."""
        return await fetch_qualifiers(self.gateway, name)

    async def versions(self, name: str) -> list[PublishedVersion]:
        """The published versions of a function, and when each was made."""
        return await fetch_versions(self.gateway, name)

    def cost_of(self, function: FunctionInfo, entry: HistoryEntry) -> Cost | None:
        """The cost of an invocation made here with its arithmetic; None while there is no report."""
        if entry.report is None:
            return None
        return invocation_cost(
            entry.report,
            function,
            self.target.region,
            self.prices,
            kind=entry.kind,
            payload_bytes=len(entry.payload),
            streamed_bytes=entry.response_bytes if entry.is_streamed else 0,
        )

    def log_cost_of(self, log: str) -> Cost:
        """What CloudWatch takes for a text of log lines; never part of an invocation's cost."""
        return log_cost(len(log.encode(errors="replace")), self.target.region, self.prices)

    def badges_of(self, function: FunctionInfo, entry: HistoryEntry) -> tuple[CostBadge, ...]:
        """What the REPORT can't tell of the cost of an invocation made here."""
        return cost_badges(
            function,
            entry.report,
            has_provisioned=self.provisioned.may_have_served(function.name, entry.qualifier),
            is_durable=bool(entry.durable_name),
        )

    async def explain_cost(self, invocation: Invocation) -> str:
        """The arithmetic of an invocation that a log shows; empty where its cost is not known."""
        name, report, cost = invocation.function, invocation.report, invocation.cost
        function = self.catalog.get(name)
        if function is None or report is None or cost is None:
            return ""
        if self.provisioned.needs(name, invocation.version):
            await self.provisioned.find(name)
        if not cost.terms:  # the ledger keeps sums alone of what is long past
            anew = self._price(name, report, None, 0) or cost
            why = "How it was invoked is not known any more, which may have cost more."
            cost = (
                anew if anew.amount == cost.amount else replace(anew, exact=False, notes=(*anew.notes, why))
            )
        served = self.provisioned.may_have_served(name, invocation.version, is_version=True)
        return explain_cost(cost, cost_badges(function, report, has_provisioned=served), report)

    async def recent(self, function: str = "", limit: int = 200) -> list[HistoryEntry]:
        """Earlier invocations made here, newest first, without payload and response."""
        return await self._history.recent(self.target.key, function, limit)

    async def recent_series(self, function: str) -> list[tuple[str, int, int]]:
        """The newest series of a function: (its name, when its first run was sent, how many runs it has)."""
        return await self._history.recent_series(self.target.key, function)

    async def of_series(self, function: str, series: str) -> list[HistoryEntry]:
        """The runs of a series, without payload and response."""
        return await self._history.of_series(self.target.key, function, series)

    async def billed_ms(self, function: str) -> list[int]:
        """Billed durations of the last runs that are known, by the log or else by the history."""
        reports = [run.report for run in self.ledger.newest(function, _OBSERVED)]
        known = [each.billed_ms for each in reports if each and each.billed_ms is not None]
        if known:
            return known
        reports = [entry.report for entry in await self.recent(function)]
        return [each.billed_ms for each in reports if each and each.billed_ms is not None][:_OBSERVED]

    def estimate(
        self,
        function: FunctionInfo,
        kind: InvocationType,
        payload_bytes: Sequence[int],
        billed_ms: Sequence[int],
    ) -> SeriesEstimate:
        """What runs with payloads of these sizes will cost; billed_ms: see the method of this name."""
        return estimate_runs(function, kind, payload_bytes, billed_ms, self.target.region, self.prices)

    @property
    def keeps_payloads(self) -> bool:
        """Whether what is sent can be loaded again after a restart."""
        return self._history.keeps is HistoryKeeps.FULL

    async def entry(self, entry_id: int) -> HistoryEntry | None:
        return await self._history.entry(entry_id)

    def _price(
        self,
        name: str,
        report: Report,
        kind: InvocationType | None,
        payload_bytes: int,
        streamed_bytes: int = 0,
    ) -> Cost | None:
        function = self.catalog.get(name)
        if function is None:  # deleted meanwhile: its architecture and storage are not known
            return None
        return invocation_cost(
            report,
            function,
            self.target.region,
            self.prices,
            kind=kind,
            payload_bytes=payload_bytes,
            streamed_bytes=streamed_bytes,
        )

    @property
    def has_own_prices(self) -> bool:
        """Whether prices of the region are known; else those of us-east-1 are used as an estimate."""
        return self.prices.rate(PriceItem.DURATION, self.target.region, "x86_64").exact

    @property
    def currency(self) -> str:
        return self.prices.currency(self.target.region)

    @property
    def price_date(self) -> str:
        """When the prices in use were published, as "2026-09-19"."""
        source = self.prices.source_of(PriceItem.DURATION, self.target.region, "x86_64")
        return source.publication[:10] if source else self.prices.publication

    @property
    def has_old_prices(self) -> bool:
        """Whether the prices in use are so old that newer ones are likely."""
        return self._book is not None and self._book.get_region(self.target.region).is_old

    @property
    def pays_less(self) -> bool:
        """Whether a discount or a Savings Plan is in the costs."""
        overrides = self.prices.overrides
        return bool(overrides.discount_percent or overrides.savings_plan)

    @property
    def prices(self) -> PriceTable:
        """The prices that hold now."""
        if self._book is not None:
            return self._book.table
        if self._bundled is None:
            self._bundled = load_prices()
        return self._bundled

    def _on_prices_changed(self) -> None:
        self.scope.cancel("price anew")
        self.scope.start("price anew", self._price_anew)

    async def _price_anew(self) -> None:
        await self.invocations.price_anew()
        await self.ledger.price_anew()

    def _get_pricings(self, name: str) -> list[tuple[Pricing, Pricing]]:
        function = self.catalog.get(name)
        return [] if function is None else get_pricings(function, self.target.region, self.prices)

    def _save_history(self, entry: HistoryEntry) -> None:
        if entry.series:  # hundreds a second
            self.invoker.write_soon()
        elif not self.scope.is_running("save history"):
            self.scope.start("save history", self.invoker.flush)

    async def close(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        await self.scope.close()
        self.invoker.close()
        await self.invoker.flush()
        self.invocations.close()
        await self.invocations.flush()
        await self.gateway.close()
