"""One seeded Local AWS for all the tests of a module."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdadesk.local.account import SeededAccount, seed
from lambdadesk.local.clients import Clients
from lambdadesk.local.server import LocalServer


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("local")
    server = LocalServer(folder)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield server.url
        runner.run(server.stop())


@pytest.fixture(scope="module")
def account(url: str) -> SeededAccount:
    return asyncio.run(seed(url, lambda _: None))


@pytest.fixture(scope="module")
def clients(url: str) -> Iterator[Clients]:
    clients = Clients(url)
    yield clients
    clients.close()
