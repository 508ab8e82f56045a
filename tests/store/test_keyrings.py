"""How secrets lie in keyrings that this platform lacks, on a keyring in memory with their limits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from lambdadesk.store.keyrings import (
    WINDOWS_LIMIT_BYTES,
    DamagedSecretError,
    Entries,
    KeyringKind,
    KeyringUnusableError,
    OneItem,
    split_text,
)

CREDENTIAL_BYTES = 2560  # CRED_MAX_CREDENTIAL_BLOB_SIZE


class MemoryKeyring(KeyringBackend):
    """A keyring that holds entries as Windows does, and can fail after so many writes."""

    priority = 1  # type: ignore[assignment]  # keyring declares a class property

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.writes_left = 10**6

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16")) > CREDENTIAL_BYTES:
            raise OSError(1783, "The stub received bad data")
        if self.writes_left == 0:
            raise OSError(5, "Access is denied")
        self.writes_left -= 1
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.entries:
            raise PasswordDeleteError(service)
        del self.entries[service, username]


@given(st.text(), st.integers(4, 50))
def test_a_split_text_fits_and_comes_back_whole(text: str, limit_bytes: int) -> None:
    parts = split_text(text, limit_bytes)
    assert "".join(parts) == text
    assert all(len(part.encode("utf-16-le")) <= limit_bytes for part in parts)


@pytest.mark.parametrize(("characters", "count"), [(1200, 1), (1201, 3)])
def test_the_limit_counts_bytes_of_utf16(characters: int, count: int) -> None:
    assert len(split_text("x" * characters, WINDOWS_LIMIT_BYTES)) == count
    assert len(split_text("x" * characters, None)) == 1


@pytest.mark.parametrize("length", [10, 1200, 1201, 20_000])
def test_a_long_secret_is_kept_whole_and_deleted_whole(length: int) -> None:
    keyring = MemoryKeyring()
    vault = Entries(keyring, "service", WINDOWS_LIMIT_BYTES)
    for text in ("a" * length, "b" * length, "short"):
        vault.write("one", text)
        assert vault.read("one") == text
    assert len(keyring.entries) == 1  # the parts of earlier ones are gone
    vault.write("one", "c" * length)
    vault.write("two", "d")
    vault.remove("one")
    assert vault.read("one") is None
    assert [service for service, _user in keyring.entries] == ["service:two"]
    vault.remove("one")


def test_a_write_that_fails_halfway_leaves_the_secret_before_it() -> None:
    keyring = MemoryKeyring()
    vault = Entries(keyring, "service", WINDOWS_LIMIT_BYTES)
    vault.write("one", "a" * 5000)
    for writes in range(len(split_text("b" * 5000, WINDOWS_LIMIT_BYTES)) + 1):
        keyring.writes_left = writes
        with pytest.raises(KeyringUnusableError) as failure:
            vault.write("one", "b" * 5000)
        assert failure.value.state.kind is KeyringKind.DENIED
        assert vault.read("one") == "a" * 5000


def test_a_lost_part_is_damage_and_not_a_shorter_secret() -> None:
    keyring = MemoryKeyring()
    vault = Entries(keyring, "service", WINDOWS_LIMIT_BYTES)
    vault.write("one", "a" * 5000)
    del keyring.entries[list(keyring.entries)[1]]
    with pytest.raises(DamagedSecretError):
        vault.read("one")
    vault.remove("one")
    assert not keyring.entries


def test_macos_has_one_item_for_all_connections() -> None:
    keyring = MemoryKeyring()
    vault = OneItem(keyring, "service")
    vault.write("one", "a")
    vault.write("two", "b")
    assert len(keyring.entries) == 1
    assert (vault.read("one"), vault.read("two"), vault.read("three")) == ("a", "b", None)
    vault.remove("one")
    vault.remove("three")
    assert (vault.read("one"), vault.read("two")) == (None, "b")


@pytest.mark.parametrize("damage", ["", "{", "[1]"])
def test_a_damaged_item_is_said_and_can_be_replaced(damage: str) -> None:
    keyring = MemoryKeyring()
    vault = OneItem(keyring, "service")
    vault.write("one", "a")
    keyring.entries = dict.fromkeys(keyring.entries, damage)
    with pytest.raises(DamagedSecretError):
        vault.read("one")
    vault.write("one", "b")
    assert json.loads(next(iter(keyring.entries.values()))) == {"one": "b"}
