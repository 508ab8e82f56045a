"""Console, the application without its window: one connection at a time over one history and one cache."""

import os
from typing import TYPE_CHECKING

from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from lambdadesk.desk.catalog import CatalogState, load_state
from lambdadesk.desk.local_aws import LocalAws
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.history import History
from lambdadesk.store.paths import Paths
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:  # imported when it is first needed, which is after the first frame
    from lambdadesk.desk.connection import Connection

FALLBACK_REGION = "us-east-1"


class Console:
    """Opens targets, one at a time; the Local AWS is started when it is first asked for.

    Event opened: a new connection, after the earlier one was closed.
    Event failed: work without a page of its own failed (name of the work, error).
    """

    def __init__(self, paths: Paths, settings: Settings, history: History) -> None:
        self.opened: Event[[Connection]] = Event()
        self.failed: Event[[str, Exception]] = Event()
        self.paths = paths
        self.settings = settings
        self.history = history
        self.local = LocalAws(paths.local_dir)
        self.connection: Connection | None = None
        self.scope = TaskScope(self.failed.emit)
        self._cache = CatalogCache(paths.cache_dir)

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

    def get_cached(self, target: Target) -> CatalogState:
        """The functions of the last run with this target. Reads one small file."""
        return load_state(self._cache, target.key)

    async def open(self, target: Target) -> "Connection":
        """Close what is open and show this target; the list of its last run is there at once."""
        if self.connection:
            # To its end, even if this is cancelled: a connection half closed would never be closed.
            self.scope.start("close", self.connection.close)
            await self.scope.wait("close")
            self.connection = None
        return self.open_first(target)

    def open_first(self, target: Target) -> "Connection":
        """The same while nothing is open. Raises UserError (INVALID) for a target that can't be used."""
        from lambdadesk.desk.connection import Connection

        connection = Connection(target, self.history, self._cache, self.failed.emit)
        self.connection = connection
        connection.catalog.load_cached()
        self.opened.emit(connection)
        return connection

    async def open_local(self) -> "Connection":
        """Start the Local AWS if it does not run, and show it. Raises UserError (LOCAL)."""
        if not self.local.is_running:
            await self.local.start()
        return await self.open(self.local.target)

    def sample_event(self, target: Target, function: str) -> str:
        """The payload to begin with where nothing was ever sent."""
        return self.local.sample_event(function) if target.is_local else "{}"

    async def close(self) -> None:
        """End all work, the Local AWS included."""
        await self.scope.close()
        if self.connection:
            await self.connection.close()
            self.connection = None
        await self.local.stop()
        await self.history.close()
