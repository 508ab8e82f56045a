"""FunctionRows over connections to FakeAws."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import get_unsaved_info
from lambdadesk.core.function_rows import FunctionRow, RowKey
from lambdadesk.core.types import Target
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.function_rows import FunctionRows
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history import History
from lambdadesk.store.invocations import InvocationStore
from lambdadesk.store.settings import Settings
from tests.servers.fake_aws import FakeAws


@dataclass
class Desk:
    rows: FunctionRows
    settings: Settings
    history: History
    cache: CatalogCache
    limits: Limits
    open_invocations: Callable[[], InvocationStore] | None = None
    changes: list[frozenset[RowKey]] = field(default_factory=list)
    failures: list[tuple[str, Exception]] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    now_s: float = 0.0

    async def __aenter__(self) -> Self:
        await self.history.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.rows.close()
        for connection in self.connections:
            await connection.close()
        await self.history.close()
        assert self.failures == []

    def connect(self, aws: FakeAws, region: str = "us-east-1") -> Connection:
        target = Target(region, endpoint_url=aws.url)
        connection = Connection(
            get_unsaved_info(target),
            Gateway(target, self.limits),
            self.history,
            self.cache,
            lambda name, error: self.failures.append((name, error)),
            DraftStore(self.cache.folder / "drafts"),
            open_invocations=self.open_invocations,
        )
        self.connections.append(connection)
        return connection

    def get(self, connection: Connection, name: str) -> FunctionRow:
        row = self.rows.get((connection.target.key, name))
        assert row is not None
        return row

    async def until_told(self, connection: Connection) -> None:
        """Until figures and tags have come, or failed."""
        key = connection.target.key
        await connection.scope.wait("figures")
        await connection.scope.wait("tags")
        assert not self.rows.get_state(key).is_loading
