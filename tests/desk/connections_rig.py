"""Stored connections on a home of the test's own, and who answers their questions."""

from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.core.connections import AccessKey, ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import UserError
from lambdadesk.core.secret import Secret
from lambdadesk.desk.connections import Connections
from lambdadesk.desk.prompts import Question
from lambdadesk.store.connections import ConnectionStore
from lambdadesk.store.secrets import SecretStore
from lambdadesk.store.settings import Settings
from tests.servers.fake_aws import FakeAws

SECRET = "canary/secret+0c0ffee5"
KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", Secret(SECRET))
OTHER_KEY = AccessKey("AKIAI44QH8DHBEXAMPLE", Secret("another-secret"))
ROLE = "arn:aws:iam::123456789012:role/reader"
MFA = "arn:aws:iam::123456789012:mfa/phone"


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Person:
    """Answers the questions in turn; None: cancels."""

    def __init__(self, connections: Connections, *answers: str | None) -> None:
        self.answers = list(answers)
        self.questions: list[Question] = []
        connections.prompts.asked.connect(self._on_asked)

    def _on_asked(self, question: Question) -> None:
        self.questions.append(question)
        answer = self.answers.pop(0)
        if answer is None:
            question.cancel()
        else:
            question.answer(answer)

    @property
    def texts(self) -> list[str]:
        return [question.text for question in self.questions]


def open_connections(home: Path, clock: Clock | None = None) -> Connections:
    """As the application begins, on what the home holds; to be called on the loop."""
    settings = Settings(home / "desk/settings.json")
    assert settings.load() is None
    store = ConnectionStore(home / "desk/connections.json")
    assert store.load() is None
    connections = Connections(store, SecretStore("lambdadesk-test"), settings, clock=clock or Clock())
    connections.prompts.attach()
    return connections


def make_endpoint(aws: FakeAws, **changes: object) -> ConnectionInfo:
    info = ConnectionInfo(
        "one",
        "One",
        ConnectionKind.ENDPOINT,
        endpoint_url=aws.url,
        access_key_id=KEY.access_key_id,
        regions=("us-east-1", "eu-west-1"),
    )
    return replace(info, **changes)  # type: ignore[arg-type]


def make_role(source_id: str, number: int = 1, **changes: object) -> ConnectionInfo:
    info = ConnectionInfo(
        f"role{number}", f"Role {number}", ConnectionKind.ASSUME_ROLE, source_id=source_id, role_arn=ROLE
    )
    return replace(info, **changes)  # type: ignore[arg-type]


def write_files(home: Path, config: str, credentials: str = "") -> None:
    (home / ".aws").mkdir(exist_ok=True)
    for name, text in (("config", config), ("credentials", credentials)):
        new = home / ".aws" / f"{name}.new"
        new.write_text(text, encoding="utf-8")
        new.replace(home / ".aws" / name)  # nobody sees half of it


async def call(connections: Connections, info: ConnectionInfo, region: str = "us-east-1") -> None:
    """One request, signed as the connection does."""
    gateway = connections.open_gateway(info, info.target(region))
    try:
        await gateway.call("lambda", "ListFunctions")
    finally:
        await gateway.close()


async def call_failing(connections: Connections, info: ConnectionInfo) -> UserError:
    with pytest.raises(UserError) as caught:
        await call(connections, info)
    assert caught.value.hint
    return caught.value


def get_signers(aws: FakeAws) -> list[str]:
    return [request.access_key for request in aws.requests("ListFunctions")]


def texts_below(folder: Path) -> str:
    return "".join(path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file())
