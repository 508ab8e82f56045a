"""A FakeAws with two functions per test."""

from collections.abc import Iterator

import pytest

from tests.servers.fake_aws import FakeAws, make_function


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as server:
        server.functions = [make_function("hello"), make_function("other")]
        yield server
