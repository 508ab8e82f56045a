"""Console, the application without its window: connections side by side over one history and one cache."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from lambdadesk.core.connections import ConnectionInfo
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from lambdadesk.desk.catalog import CatalogState, load_state
from lambdadesk.desk.connections import Connections, source_key
from lambdadesk.desk.local_aws import LocalAws
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.connections import ConnectionStore
from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryKeeps
from lambdadesk.store.paths import Paths
from lambdadesk.store.saved_events import SavedEvents
from lambdadesk.store.secrets import SecretStore
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:  # imported when it is first needed, which is after the first frame
    from lambdadesk.core.function_rows import RowKey
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.month import Months
    from lambdadesk.desk.own_use import OwnUseMeter
    from lambdadesk.desk.price_book import PriceBook
    from lambdadesk.store.invocations import InvocationStore
    from lambdadesk.store.sweep_journal import SweepJournal

_INVOCATIONS = "lambdadesk.store.invocations"
FALLBACK_REGION = "us-east-1"
PRICES_EVERY_S = 600.0
TIDY_AFTER_S = 10.0  # since numpy is imported for it


class Console:
    """Opens targets, any number side by side; the Local AWS is started when it is first asked for.

    `shown` are the open ones by `Target.key`, in the user's order. `failures` are those that could not be
    opened at all, and why.

    Event opened: a new connection; those that are not shown any more were closed before.
    Event closing: a connection that is about to be closed; nothing of it is usable afterwards.
    Event failed: work without a page of its own failed (name of the work, error).
    """

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        history: History,
        connections: Connections | None = None,
    ) -> None:
        self.opened: Event[[Connection]] = Event()
        self.closing: Event[[Connection]] = Event()
        self.failed: Event[[str, Exception]] = Event()
        self.paths = paths
        self.settings = settings
        self.history = history
        self.connections = connections or Connections(
            ConnectionStore(paths.connections_file), SecretStore(paths.lock_name), settings
        )
        self.drafts = DraftStore(paths.drafts_dir)
        self.local = LocalAws(paths.local_dir)
        self.shown: dict[str, Connection] = {}
        self.failures: dict[str, tuple[Target, UserError]] = {}
        self.scope = TaskScope(self.failed.emit)
        self._cache = CatalogCache(paths.cache_dir)
        self._saved_events: dict[Path, SavedEvents] = {}  # by the folder in use
        self._disconnects = [
            self.connections.refreshed.connect(self._on_refreshed),
            settings.changed.connect(self._on_setting_changed),
        ]
        self._choose_history()

    @property
    def connection(self) -> "Connection | None":
        """The first one that is open."""
        return next(iter(self.shown.values()), None)

    @property
    def saved_events(self) -> SavedEvents:
        """The saved events in the folder that the settings name; one object for all that write there."""
        chosen = self.settings.events_folder
        folder = Path(chosen) if chosen else self.paths.events_dir
        if folder not in self._saved_events:
            self._saved_events = {folder: SavedEvents(folder)}
        return self._saved_events[folder]

    @cached_property
    def prices(self) -> "PriceBook":
        """The prices of all regions; first asked for after the first frame."""
        from lambdadesk.desk.price_book import PriceBook
        from lambdadesk.store.price_cache import PriceCache

        return PriceBook(PriceCache(self.paths.price_dir), self.settings)

    @cached_property
    def own_use(self) -> "OwnUseMeter":
        """What LambdaDesk itself costs; first asked for after the first frame."""
        from lambdadesk.desk.own_use import OwnUseMeter
        from lambdadesk.store.own_use import OwnUseStore

        meter = OwnUseMeter(OwnUseStore(self.paths.own_use_file), self.settings, self.prices)
        meter.changed.connect(self._save_own_use)
        self.scope.start("load own use", meter.load)
        return meter

    def make_months(self, get_tags: "Callable[[RowKey], Mapping[str, str] | None]") -> "Months":
        """What functions cost by day. get_tags: of a function, None where they are not known."""
        from lambdadesk.desk.month import Months
        from lambdadesk.store.month_cache import MonthCache

        return Months(MonthCache(self.paths.cache_dir), self.prices, get_tags)

    @cached_property
    def sweeps(self) -> "SweepJournal":
        """What power sweeps have to put back."""
        from lambdadesk.store.sweep_journal import SweepJournal

        return SweepJournal(self.paths.sweeps_dir)

    @cached_property
    def invocations(self) -> "InvocationStore":
        """The figures of invocations that are kept. Its module is to be imported in a thread before."""
        from lambdadesk.store.invocations import InvocationStore

        store = InvocationStore(self.paths.invocations_file)
        store.keeps = self.history.keeps is not HistoryKeeps.OFF
        return store

    def start(self) -> None:
        """Begin what goes on until `close`: questions are asked, edits of the AWS files noticed."""
        self.connections.prompts.attach()
        self.scope.start("watch files", self.connections.watch_files)
        self.scope.start("weekly prices", self._keep_prices)
        self.scope.start("tidy invocations", self._tidy_later)

    async def open_history(self) -> str | None:
        """Open the history and delete what is too old. Returns a sentence if all is not as usual."""
        message = await self.history.open()
        await self.history.delete_older(self.settings.history_days)
        if self.drafts.keeps:
            await self.drafts.delete_older(self.settings.history_days)
        else:
            await self.drafts.delete_all()
        return message

    async def tidy_invocations(self) -> None:
        """Delete the figures of invocations that are older than the history may be. UserError."""
        await in_thread(import_module, _INVOCATIONS)
        await in_thread(self.invocations.tidy, self.settings.history_days)

    async def delete_history(self) -> None:
        """Delete all that was ever sent, seen and typed, so that nothing of it is left. UserError."""
        await self.drafts.delete_all()
        await self.history.delete_all()
        await in_thread(import_module, _INVOCATIONS)
        await in_thread(self.invocations.delete_all)
        for connection in self.shown.values():
            connection.invocations.forget_kept()

    async def profiles(self) -> list[str]:
        """Names of the profiles in the shared AWS files. Raises UserError where they can't be parsed."""
        from lambdadesk.aws.profiles import profiles

        return await in_thread(profiles)

    async def resolve(self, profile: str, region: str, endpoint_url: str) -> Target:
        """A target with its region: as given, else the profile's or environment's, else us-east-1."""
        is_environment = False
        if not profile and not endpoint_url:
            # Keys in the environment come before AWS_PROFILE, as everywhere.
            is_environment = bool(os.environ.get("AWS_ACCESS_KEY_ID"))
            profile = "" if is_environment else os.environ.get("AWS_PROFILE", "")
        if not region and (profile or not endpoint_url):
            from lambdadesk.aws.profiles import profile_region

            region = await in_thread(profile_region, profile)
        return Target(region or FALLBACK_REGION, profile, endpoint_url, is_environment=is_environment)

    async def resolve_stored(self, info: ConnectionInfo) -> Target:
        """A stored connection in the first of its regions, else its profile's, else us-east-1."""
        region = info.regions[0] if info.regions else ""
        if not region and info.profile:
            from lambdadesk.aws.profiles import profile_region

            region = await in_thread(profile_region, info.profile)
        return info.target(region or FALLBACK_REGION)

    def get_target(self, key: str) -> Target | None:
        """The target of a `Target.key`; None where its connection does not exist any more.

        The Local AWS has no address before it is started.
        """
        if key == "local":
            return self.local.target if self.local.is_running else Target("us-east-1", is_local=True)
        who, _, region = key.rpartition("/")
        info = self.connections.get(who)
        if info is not None:
            return info.target(region)
        name, at, endpoint_url = who.partition("@")
        if not at or not region:
            return None
        return Target(
            region,
            "" if name in ("default", "environment") else name,
            "" if endpoint_url == "aws" else endpoint_url,
            is_environment=name == "environment",
        )

    def in_region(self, target: Target, region: str) -> Target:
        """The same connection in another region."""
        info = self.connections.get(target.connection_id)
        return info.target(region) if info else replace(target, region=region)

    async def get_usual_regions(self, infos: Iterable[ConnectionInfo]) -> dict[str, str]:
        """The region of each connection or profile that names none of its own, by id or profile name."""
        bare = [info for info in infos if not info.regions]

        def find() -> dict[str, str]:
            from lambdadesk.aws.profiles import profile_regions

            regions: dict[str, str] = {}
            with suppress(UserError):  # what is wrong with the files, opening a profile says
                regions = profile_regions({info.profile for info in bare if info.profile})
            return {info.id or info.profile: regions.get(info.profile) or FALLBACK_REGION for info in bare}

        return await in_thread(find)

    def get_cached(self, target: Target) -> CatalogState:
        """The functions of the last run with this target. Reads one small file."""
        return load_state(self._cache, target.key)

    def get_leaving(self, targets: Iterable[Target]) -> "list[Connection]":
        """What `show` would close: what is not wanted any more, and what signs in otherwise than before."""
        wanted = {target.key for target in targets}
        return [each for key, each in self.shown.items() if key not in wanted or not self._is_current(each)]

    async def show(self, targets: Iterable[Target]) -> None:
        """Show these and no others; what is open already stays as it is. One that can't be used is told.

        A target of an edited connection is opened anew where more than its name or colour was edited.
        """
        wanted = {target.key: target for target in targets}
        for connection in self.get_leaving(wanted.values()):
            await self._close(connection)
        self.failures = {}
        for key, target in wanted.items():
            if key in self.shown:
                self.shown[key].rename(self.connections.info_of(target), target)
                continue
            try:
                self._open(target)
            except UserError as error:
                self.failures[key] = (target, error)
        self.shown = {key: self.shown[key] for key in wanted if key in self.shown}

    def rename_shown(self) -> None:
        """Go on under the names and in the colours that the connections have now."""
        for connection in self.shown.values():
            info = self.connections.get(connection.target.connection_id)
            if info is not None:
                connection.rename(info, info.target(connection.target.region))

    async def open(self, target: Target) -> "Connection":
        """Close what is open and show this target; the list of its last run is there at once."""
        for connection in list(self.shown.values()):
            await self._close(connection)
        self.failures = {}
        return self._open(target)

    def open_first(self, target: Target) -> "Connection":
        """The same while nothing is open. Raises UserError (INVALID) for a target that can't be used."""
        return self._open(target)

    async def open_local(self) -> "Connection":
        """Start the Local AWS if it does not run, and show it. Raises UserError (LOCAL)."""
        await self.start_local()
        return await self.open(self.local.target)

    async def start_local(self) -> None:
        """Start the Local AWS if it does not run. Raises UserError (LOCAL)."""
        if not self.local.is_running:
            await self.local.start()

    async def start_target(self, target: Target) -> Target:
        """What a target needs before it is shown: the Local AWS is started. Raises UserError (LOCAL)."""
        if not target.is_local:
            return target
        await self.start_local()
        return self.local.target

    def sample_event(self, target: Target, function: str) -> str:
        """The payload to begin with where nothing was ever sent."""
        return self.local.sample_event(function) if target.is_local else "{}"

    async def close(self) -> None:
        """End all work, the Local AWS included."""
        for disconnect in self._disconnects:
            disconnect()
        self.connections.close()
        if "prices" in self.__dict__:
            self.prices.close()
        await self.scope.close()
        if "own_use" in self.__dict__:
            with suppress(UserError):  # told while the window was there
                await self.own_use.flush()
        # Each to its end, whatever becomes of the others.
        ends = await asyncio.gather(*(each.close() for each in self.shown.values()), return_exceptions=True)
        self.shown = {}
        if "sweeps" in self.__dict__:
            self.sweeps.close()
        await self.local.stop()
        await self.history.close()
        for failure in ends:
            if isinstance(failure, BaseException):
                raise failure

    def _save_own_use(self) -> None:
        if self.own_use.has_unsaved and not self.scope.is_running("save own use"):
            self.scope.start("save own use", self.own_use.flush_later)

    async def _keep_prices(self) -> None:
        """Download old prices now and then, where the user wants that; never while all begins."""
        while True:
            await asyncio.sleep(PRICES_EVERY_S)
            await self.prices.download_due(each.target.region for each in list(self.shown.values()))

    async def _tidy_later(self) -> None:
        await asyncio.sleep(TIDY_AFTER_S)
        await self.tidy_invocations()

    def _open(self, target: Target) -> "Connection":
        from lambdadesk.aws.endpoints import is_aws
        from lambdadesk.desk.connection import Connection

        info = self.connections.info_of(target)
        gateway = self.connections.open_gateway(info, target)
        if is_aws(target):
            gateway.meter = self.own_use.for_gateway(gateway)
        connection = Connection(
            info,
            gateway,
            self.history,
            self._cache,
            self.failed.emit,
            self.drafts,
            self.settings,
            self.prices,
            lambda: self.invocations,
        )
        connection.lines_dir = self.paths.lines_dir
        self.shown[target.key] = connection
        connection.catalog.load_cached()
        self.opened.emit(connection)
        return connection

    async def _close(self, connection: "Connection") -> None:
        name = f"close {connection.target.key}"
        if not self.scope.is_running(name):
            self.closing.emit(connection)
            self.scope.start(name, connection.close)
        # To its end, even if this is cancelled: a connection half closed would never be closed.
        await self.scope.wait(name)
        if self.shown.get(connection.target.key) is connection:
            del self.shown[connection.target.key]

    def _is_current(self, connection: "Connection") -> bool:
        """Whether an open connection signs in as its edited, or deleted, connection says now."""
        info = self.connections.info_of(connection.target)
        try:
            source = self.connections.source_of(info)
        except UserError:
            return False
        return source is connection.gateway.source and _is_alike(info, connection.info)

    def _choose_history(self) -> None:
        self.history.keeps = HistoryKeeps(self.settings.history_keeps)
        self.drafts.keeps = self.history.keeps is HistoryKeeps.FULL
        if "invocations" in self.__dict__:
            self.invocations.keeps = self.history.keeps is not HistoryKeeps.OFF

    def _on_setting_changed(self, _key: str) -> None:
        kept_before = self.drafts.keeps
        self._choose_history()
        if kept_before and not self.drafts.keeps:
            self.scope.start("forget drafts", self.drafts.delete_all)

    def _on_refreshed(self, keys: frozenset[str]) -> None:
        for connection in self.shown.values():
            info = connection.info
            below = self.connections.get(info.source_id)
            if source_key(info) in keys or (below is not None and source_key(below) in keys):
                connection.resume()


def _is_alike(one: ConnectionInfo, other: ConnectionInfo) -> bool:
    """Whether two connections sign in alike and let the same happen, whatever they are called."""
    return replace(one, name="", colour="", regions=()) == replace(other, name="", colour="", regions=())
