"""Servers per test, and limits that make faults quick."""

from collections.abc import Iterator

import pytest

from lambdadesk.aws.clients import Limits
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.fake_services import FakeServices


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as server:
        yield server


@pytest.fixture
def quick() -> Limits:
    """One attempt and short pauses; where no answer comes, a test needs tests.limits.impatient."""
    return Limits(attempts=1, backoff_s=0.01)


@pytest.fixture
def services() -> Iterator[FakeServices]:
    with FakeServices() as server:
        server.functions = [make_function("f")]
        yield server
