"""One seeded Local AWS for all the tests of a module."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdadesk.local.account import SeededAccount, seed
from lambdadesk.local.clients import Clients
from lambdadesk.local.server import LocalServer


@pytest.fixture(scope="module")
def local_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("local")
    server = LocalServer(folder)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield server.url
        runner.run(server.stop())


@pytest.fixture(scope="module")
def account(local_url: str) -> SeededAccount:
    return asyncio.run(seed(local_url, lambda _: None))


@pytest.fixture(scope="module")
def clients(local_url: str) -> Iterator[Clients]:
    clients = Clients(local_url)
    yield clients
    clients.close()
