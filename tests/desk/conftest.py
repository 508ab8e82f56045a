"""A FakeAws per test, a keyring, and stores in the test's own folder."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.desk.function_rows import FunctionRows
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.history import History
from lambdadesk.store.settings import Settings
from tests.desk.rows_desk import Desk
from tests.keyring_session import KeyringSession, keyring_session, needs_keyring
from tests.servers.fake_aws import FakeAws


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as server:
        yield server


@pytest.fixture
def quick() -> Limits:
    """One attempt and short pauses; where no answer comes, a test needs tests.limits.impatient."""
    return Limits(attempts=1, backoff_s=0.001, page_events=10)


@pytest.fixture
def cache(tmp_path: Path) -> CatalogCache:
    return CatalogCache(tmp_path / "cache")


@pytest.fixture
def desk(tmp_path: Path, cache: CatalogCache, quick: Limits) -> Desk:
    history = History(tmp_path / "history.sqlite")
    settings = Settings(tmp_path / "settings.json")
    desk: Desk
    rows = FunctionRows(settings, today=lambda: date(2026, 11, 27), clock=lambda: desk.now_s)
    desk = Desk(rows, settings, history, cache, quick)
    rows.changed.connect(desk.changes.append)
    return desk


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyringSession]:
    needs_keyring()
    with keyring_session(tmp_path / "keyring-home") as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        session.start("a password")
        yield session
