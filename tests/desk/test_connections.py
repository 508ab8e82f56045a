"""Stored connections: their keys in a real keyring, and the credentials they sign with."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.core.connections import AccessKey, ConnectionInfo, ConnectionKind, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from lambdadesk.desk.connections import UNLOCKED_S, Connections, source_key
from lambdadesk.desk.prompts import Question, QuestionKind
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.connections import ConnectionStore
from lambdadesk.store.secrets import SecretStore
from lambdadesk.store.settings import Settings
from tests.desk.waiting import until
from tests.keyring_session import KeyringSession, SilentPrompter, keyring_session, needs_keyring
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


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyringSession]:
    needs_keyring()
    with keyring_session(tmp_path / "keyring-home") as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        session.start("a password")
        yield session


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


# --- save, duplicate, delete ---


async def test_a_saved_key_is_in_the_keyring_alone_and_signs(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    changes: list[None] = []
    connections.changed.connect(lambda: changes.append(None))
    info = make_endpoint(aws)
    state = await connections.save(info, KEY)
    assert state is not None
    assert state.in_keyring
    assert changes
    stored = connections.get("one")
    assert stored is not None
    assert stored.access_key_id == "AKIA…MPLE"
    assert SECRET not in texts_below(tmp_path / "desk")
    assert KEY.access_key_id not in texts_below(tmp_path / "desk")
    again = open_connections(tmp_path)  # the next start
    await call(again, again.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id]


async def test_a_key_kept_in_memory_is_nowhere_else(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    assert await connections.save(make_endpoint(aws), KEY, in_memory=True) is None
    assert connections.secrets.is_in_memory_only("one")
    await call(connections, connections.get_all()[0])
    again = open_connections(tmp_path)
    error = await call_failing(again, again.get_all()[0])
    assert error.message == "The access key of One is not on this computer."
    assert error.kind is ErrorKind.EXPIRED
    assert get_signers(aws) == [KEY.access_key_id]


async def test_without_a_keyring_saving_says_so_and_the_key_works(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    state = await connections.save(make_endpoint(aws), KEY)
    assert state is not None
    assert not state.in_keyring
    assert "in memory only" in state.message
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id]


async def test_an_edit_keeps_the_key_and_another_key_replaces_it(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    await call(connections, connections.get_all()[0])
    await connections.save(replace(connections.get_all()[0], name="Renamed"))
    await call(connections, connections.get_all()[0])
    await connections.save(connections.get_all()[0], OTHER_KEY)
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id, KEY.access_key_id, OTHER_KEY.access_key_id]
    assert [info.name for info in connections.get_all()] == ["Renamed"]


async def test_a_key_counts_although_its_id_was_only_entered_with_it(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    await connections.save(make_endpoint(aws, access_key_id=""), OTHER_KEY)
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [OTHER_KEY.access_key_id]


async def test_a_connection_that_signs_otherwise_leaves_no_key_behind(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    await connections.save(make_endpoint(aws, access_key_id=""))
    assert await connections.secrets.load("one") is None
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == ["test"]


async def test_what_is_wrong_is_not_saved(keyring: KeyringSession, aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    with pytest.raises(UserError, match="no name"):
        await connections.save(make_endpoint(aws, name=""), KEY)
    assert connections.get_all() == ()
    assert await connections.secrets.load("one") is None


@pytest.mark.parametrize("in_memory", [False, True])
async def test_a_copy_has_a_key_of_its_own(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path, in_memory: bool
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY, in_memory=in_memory)
    copy = await connections.duplicate("one")
    assert [info.name for info in connections.get_all()] == ["One", "One (copy)"]
    assert connections.secrets.is_in_memory_only(copy.id) is in_memory
    await connections.delete("one")
    assert connections.get_all() == (connections.get(copy.id),)
    assert await connections.secrets.load("one") is None
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id]
    await connections.delete(copy.id)
    assert await connections.secrets.load(copy.id) is None


async def test_there_is_no_copy_without_its_key(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.lock()
    with pytest.raises(UserError, match="can't be read"):
        await connections.duplicate("one")
    assert [info.name for info in connections.get_all()] == ["One"]


async def test_what_is_in_a_locked_keyring_is_not_deleted(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.lock()
    with pytest.raises(UserError, match="may still be in the keyring"):
        await connections.delete("one")
    assert [info.name for info in connections.get_all()] == ["One"]


@pytest.mark.parametrize("work", ["duplicate", "delete"])
async def test_to_stop_waiting_for_the_keyring_leaves_all_as_it_was(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path, work: str
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.lock()
    prompter = SilentPrompter(keyring)
    scope = TaskScope(lambda _name, error: pytest.fail(str(error)))
    try:
        scope.start("work", getattr(connections, work), "one")
        await in_thread(prompter.asked.wait)
        scope.cancel("work")
        await scope.wait("work")
    finally:
        prompter.close()
        await scope.close()
    assert [info.name for info in connections.get_all()] == ["One"]
    with pytest.raises(UserError, match="locked"):  # the thread that waited has ended when this one is told
        await connections.secrets.load("one")
    keyring.stop()
    keyring.start("a password")
    assert await connections.secrets.load("one") == replace(KEY, endpoint_url=aws.url)


async def test_without_a_keyring_a_connection_is_deleted_and_its_key_told_of(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.stop()
    with pytest.raises(UserError, match="may still be in the keyring"):
        await connections.delete("one")
    assert connections.get_all() == ()


async def test_moving_keeps_the_users_order(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    for number in range(3):
        await connections.save(make_endpoint(aws, id=str(number), name=str(number), access_key_id=""))
    await connections.move("2", 0)
    assert [info.id for info in open_connections(tmp_path).get_all()] == ["2", "0", "1"]


# --- targets, endpoints, guards ---


async def test_a_target_leads_to_its_connection_or_to_one_that_says_the_same(
    aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    assert connections.info_of(info.target("eu-west-1")) == info
    bare = connections.info_of(Target("us-east-1", profile="work"))
    assert (bare.id, bare.kind, bare.profile) == ("", ConnectionKind.PROFILE, "work")
    gone = connections.info_of(replace(info.target("us-east-1"), connection_id="gone"))
    assert (gone.id, gone.kind, gone.endpoint_url) == ("", ConnectionKind.ENDPOINT, aws.url)


async def test_bare_profiles_and_endpoints_have_sources_of_their_own(tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    infos = [
        connections.info_of(target)
        for target in (
            Target("us-east-1", profile="work"),
            Target("us-east-1", profile="play"),
            Target("us-east-1", profile="work", endpoint_url="http://127.0.0.1:1"),
            Target("us-east-1", endpoint_url="http://127.0.0.1:1"),
        )
    ]
    assert len({source_key(info) for info in infos}) == 4
    assert len({id(connections.source_of(info)) for info in infos}) == 4
    assert connections.source_of(infos[0]) is connections.source_of(infos[0])


async def test_the_guard_of_a_connection_is_in_its_gateway(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    for guard in (Guard.READ_ONLY, Guard.PRODUCTION):
        info = make_endpoint(aws, access_key_id="", guard=guard)
        await connections.save(info)
        gateway = connections.open_gateway(info, info.target("us-east-1"))
        with pytest.raises(UserError) as caught:
            await gateway.call("lambda", "PublishVersion", FunctionName="f")
        assert caught.value.kind is ErrorKind.DENIED
        await gateway.close()
    assert aws.requests() == []


def get_http_endpoint(**changes: object) -> ConnectionInfo:
    info = ConnectionInfo(
        "one", "One", ConnectionKind.ENDPOINT, endpoint_url="http://10.0.0.1:4566", accepts_plain_http=True
    )
    return replace(info, **changes)  # type: ignore[arg-type]


async def test_plain_http_is_accepted_for_every_role_above_the_endpoint(tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    roles = make_role("one", 1), make_role("role1", 2)
    for info in (get_http_endpoint(), *roles):
        await connections.save(info)
        gateway = connections.open_gateway(info, info.target("us-east-1"))
        assert gateway.target.endpoint_url == "http://10.0.0.1:4566"
    await connections.store.replace(get_http_endpoint(accepts_plain_http=False))
    for info in roles:
        with pytest.raises(UserError, match="unencrypted"):
            connections.open_gateway(info, info.target("us-east-1"))


# --- production ---


async def test_production_is_unlocked_for_ten_minutes(aws: FakeAws, tmp_path: Path) -> None:
    clock = Clock()
    connections = open_connections(tmp_path, clock)
    told: list[None] = []
    connections.unlocked.connect(lambda: told.append(None))
    info = make_endpoint(aws, access_key_id="", guard=Guard.PRODUCTION)
    other = make_endpoint(aws, id="two", name="Two", access_key_id="", guard=Guard.PRODUCTION)
    for each in (info, other):
        await connections.save(each)
    assert connections.needs_confirmation(info)
    connections.unlock(info)
    assert not connections.needs_confirmation(info)
    assert connections.needs_confirmation(other)
    assert connections.get_unlocked_s(info) == UNLOCKED_S == 600
    clock.now_s += 599
    assert not connections.needs_confirmation(info)
    clock.now_s += 1
    assert connections.needs_confirmation(info)
    assert connections.get_unlocked_s(info) == 0
    connections.unlock(info)
    connections.lock_again(info)
    assert connections.needs_confirmation(info)
    assert len(told) == 3
    for guard in (Guard.NORMAL, Guard.READ_ONLY):
        assert not connections.needs_confirmation(replace(info, guard=guard))


async def test_an_edited_connection_is_confirmed_again(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="", guard=Guard.PRODUCTION)
    await connections.save(info)
    connections.unlock(info)
    await connections.save(replace(info, name="Another"))
    assert connections.needs_confirmation(info)


# --- locking the application ---


async def test_a_locked_application_signs_nothing(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    in_keyring = make_endpoint(aws)
    in_memory = make_endpoint(aws, id="two", name="Two")
    production = make_endpoint(aws, id="three", name="Three", access_key_id="", guard=Guard.PRODUCTION)
    role = make_role("one")
    await connections.save(in_keyring, KEY)
    await connections.save(in_memory, OTHER_KEY, in_memory=True)
    await connections.save(production)
    await connections.save(role)
    for info in (in_keyring, in_memory, role):
        await call(connections, info)
    connections.unlock(production)
    refreshed: list[frozenset[str]] = []
    unlocked: list[None] = []
    connections.refreshed.connect(refreshed.append)
    connections.unlocked.connect(lambda: unlocked.append(None))
    count = len(aws.requests())
    gateway = connections.open_gateway(in_keyring, in_keyring.target("us-east-1"))

    connections.lock()
    assert connections.is_locked
    assert refreshed == [frozenset({"one", "two", "role1"})]
    assert unlocked == [None]  # production is locked again
    for info in (in_keyring, in_memory, production, role):
        assert (await call_failing(connections, info)).message == "LambdaDesk is locked."
    with pytest.raises(UserError, match="is locked"):  # one that was open before
        await gateway.call("lambda", "ListFunctions")
    assert len(aws.requests()) == count
    assert connections.needs_confirmation(production)

    connections.unlock_all()
    assert len(refreshed) == 2
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    await call(connections, role)
    assert len(aws.requests("AssumeRole")) == 2
    assert "not on this computer" in (await call_failing(connections, in_memory)).message


# --- one source ---


async def test_all_regions_share_one_source_and_one_session(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws, access_key_id=""))
    role = make_role("one", session_name="desk", external_id="partner", duration_s=900)
    await connections.save(role)
    await asyncio.gather(*(call(connections, role, region) for region in ("us-east-1", "eu-west-1")))
    (asked,) = aws.requests("AssumeRole")
    assert asked.params["RoleSessionName"] == "desk"
    assert asked.params["ExternalId"] == "partner"
    assert asked.params["DurationSeconds"] == "900"
    assert get_signers(aws) == ["ASIA1", "ASIA1"]


async def test_a_role_on_a_role_and_what_an_edit_below_does(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    first, second = make_role("one", 1), make_role("role1", 2)
    for info in (make_endpoint(aws, access_key_id=""), first, second):
        await connections.save(info)
    await call(connections, second)
    assert [request.access_key for request in aws.requests()] == ["test", "ASIA1", "ASIA2"]
    await call(connections, first)  # what the second was assumed with serves here, too
    assert len(aws.requests("AssumeRole")) == 2
    await connections.save(make_endpoint(aws), KEY, in_memory=True)
    await call(connections, second)
    assert [request.access_key for request in aws.requests()][-3:] == [KEY.access_key_id, "ASIA3", "ASIA4"]
    await connections.delete("one")
    error = await call_failing_to_open(connections, second)
    assert error.message == "Role 1 assumes its role with a connection that does not exist any more."


async def call_failing_to_open(connections: Connections, info: ConnectionInfo) -> UserError:
    with pytest.raises(UserError) as caught:
        connections.open_gateway(info, info.target("us-east-1"))
    assert caught.value.kind is ErrorKind.INVALID
    assert caught.value.hint
    return caught.value


async def test_roles_in_a_circle_are_one_sentence(tmp_path: Path) -> None:
    """Two windows may have made it, or a hand in the file."""
    connections = open_connections(tmp_path)
    for info in (make_role("role2", 1), make_role("role1", 2), make_role("role1", 3)):
        await connections.store.add(info)
    for info in connections.get_all():
        assert "in the end with itself" in (await call_failing_to_open(connections, info)).message
        with pytest.raises(UserError, match="in the end with itself"):
            await connections.get_sso(info)


async def test_trying_out_leaves_nothing_behind(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws)
    source = connections.build_source(info, KEY)
    gateway = connections.open_gateway(info, info.target("us-east-1"), source)
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    assert get_signers(aws) == [KEY.access_key_id]
    assert (await call_failing(connections, info)).kind is ErrorKind.EXPIRED
    assert get_signers(aws) == [KEY.access_key_id]


async def test_before_there_is_a_loop_a_key_is_a_sentence(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    connections.close()
    assert (await call_failing(connections, make_endpoint(aws))).message == "Nobody can be asked now."


# --- Identity Center ---


async def test_says_where_one_signs_in_with_the_browser(aws: FakeAws, tmp_path: Path) -> None:
    start = "https://example.awsapps.com/start"
    write_files(
        tmp_path,
        "[profile center]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = r\n"
        f"[sso-session work]\nsso_start_url = {start}\nsso_region = eu-west-1\n[profile keys]\n",
    )
    connections = open_connections(tmp_path)
    center = ConnectionInfo(
        "center",
        "Center",
        ConnectionKind.SSO,
        sso_start_url=start,
        sso_region="us-east-1",
        sso_account_id="123456789012",
        sso_role_name="reader",
    )
    for info in (center, make_role("center", 1), make_role("role1", 2), make_endpoint(aws, access_key_id="")):
        await connections.save(info)
        sso = await connections.get_sso(info)
        if info.id == "one":
            assert sso is None
        else:
            assert sso is not None
            assert (sso.session.start_url, sso.session.region) == (start, "us-east-1")
    profile = connections.info_of(Target("us-east-1", profile="center"))
    sso = await connections.get_sso(profile)
    assert sso is not None
    assert (sso.session.region, sso.session.name) == ("eu-west-1", "work")
    assert await connections.get_sso(replace(profile, profile="keys")) is None


# --- questions ---


async def test_an_mfa_code_goes_from_the_loop_to_the_thread(aws: FakeAws, tmp_path: Path) -> None:
    aws.mfa_code = "123456"
    connections = open_connections(tmp_path)
    person = Person(connections, "123456")
    role = make_role("one", mfa_serial=MFA)
    for info in (make_endpoint(aws, access_key_id=""), role):
        await connections.save(info)
    await asyncio.gather(*(call(connections, role, region) for region in ("us-east-1", "eu-west-1")))
    (question,) = person.questions
    assert (question.kind, question.connection, question.text) == (QuestionKind.MFA_CODE, "Role 1", MFA)
    assert get_signers(aws) == ["ASIA1", "ASIA1"]


@pytest.mark.logs_warnings  # botocore logs the failed refresh
async def test_a_cancelled_code_is_asked_for_after_signing_in_anew(aws: FakeAws, tmp_path: Path) -> None:
    aws.mfa_code = "123456"
    connections = open_connections(tmp_path)
    person = Person(connections, None, "123456")
    role = make_role("one", mfa_serial=MFA)
    for info in (make_endpoint(aws, access_key_id=""), role):
        await connections.save(info)
    assert (await call_failing(connections, role)).message == "No MFA code was given."
    assert "new MFA code" in (await call_failing(connections, role)).message
    assert len(person.questions) == 1
    refreshed: list[frozenset[str]] = []
    connections.refreshed.connect(refreshed.append)
    connections.sign_in_anew(role)
    assert refreshed == [frozenset({"role1"})]
    await call(connections, role)
    assert len(person.questions) == 2


@pytest.mark.logs_warnings  # botocore logs the failed refresh
async def test_closing_lets_a_waiting_call_go(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    role = make_role("one", mfa_serial=MFA)
    for info in (make_endpoint(aws, access_key_id=""), role):
        await connections.save(info)
    asked: list[Question] = []
    connections.prompts.asked.connect(asked.append)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(call_failing(connections, role))
        await until(connections.prompts.asked, lambda: asked, "the question")
        connections.close()
    assert task.result().kind is ErrorKind.EXPIRED
    assert aws.requests() == []


def write_process(home: Path, *arguments: str) -> str:
    """A profile "p" that gets its credentials from a program; returns the command line."""
    program = home / "program"
    program.write_text(
        '#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "PROCESS", "SecretAccessKey": "s"}\'\n'
    )
    program.chmod(0o700)
    command = " ".join((str(program), *arguments))
    write_files(home, f"[profile p]\ncredential_process = {command}\n")
    return command


async def test_a_program_is_asked_about_once_for_each_command_line(aws: FakeAws, tmp_path: Path) -> None:
    info = ConnectionInfo("p", "P", ConnectionKind.PROFILE, profile="p", endpoint_url=aws.url)
    command = write_process(tmp_path)
    connections = open_connections(tmp_path)
    person = Person(connections, None, "yes", "yes")
    await connections.save(info)
    assert "not allowed to run" in (await call_failing(connections, info)).message
    assert "not allowed to run" in (await call_failing(connections, info)).message
    assert person.texts == [command]  # a refusal holds until signing in anew
    assert get_signers(aws) == []
    connections.sign_in_anew(info)
    await call(connections, info)
    assert person.texts == [command] * 2
    assert (person.questions[0].kind, person.questions[0].connection) == (QuestionKind.PROCESS, "P")
    connections.sign_in_anew(info)
    await call(connections, info)
    assert len(person.questions) == 2  # remembered
    await connections._settings.save()
    assert command not in texts_below(tmp_path / "desk")

    again = open_connections(tmp_path)  # the next start
    later = Person(again, "yes")
    await call(again, info)
    assert later.questions == []
    changed = write_process(tmp_path, "--more")
    again.sign_in_anew(info)
    await call(again, info)
    assert later.texts == [changed]
    assert len(json.loads((tmp_path / "desk/settings.json").read_text())["allowed_processes"]) == 1
    assert get_signers(aws) == ["PROCESS"] * 4


# --- the shared files ---


def key_profile(name: str, key_id: str) -> str:
    return f"[{name}]\naws_access_key_id = {key_id}\naws_secret_access_key = s\n"


@asynccontextmanager
async def watching(connections: Connections) -> AsyncIterator[list[frozenset[str]]]:
    """The files are watched; what was told of them."""
    told: list[frozenset[str]] = []
    errors: list[Exception] = []
    connections.refreshed.connect(told.append)
    scope = TaskScope(lambda _name, error: errors.append(error))
    scope.start("watch", connections.watch_files, 0.01)
    try:
        yield told
    finally:
        await scope.close()
    assert errors == []


async def test_an_edit_of_the_files_is_noticed_and_only_what_changed_is_read_anew(
    aws: FakeAws, tmp_path: Path
) -> None:
    write_files(tmp_path, "", key_profile("a", "A1") + key_profile("b", "B1"))
    connections = open_connections(tmp_path)
    a, b = (
        ConnectionInfo(name, name, ConnectionKind.PROFILE, profile=name, endpoint_url=aws.url)
        for name in "ab"
    )
    on_a = make_role("a")
    for info in (a, b, on_a):
        await connections.save(info)
        connections.prompts.asked.connect(lambda question: question.cancel())
        await call(connections, info)
    other = connections.source_of(b)
    kept = other.get_credentials("us-east-1")
    async with watching(connections) as told:
        # An edit before the first look would be none, so that the files change until it is noticed.
        for number in range(2, 500):
            write_files(tmp_path, "", key_profile("a", f"A{number}") + key_profile("b", "B1"))
            if told:
                break
            await asyncio.sleep(0.005)
        await until(connections.refreshed, lambda: told, "an edit of the files")
    assert set().union(*told) == {"a", "role1"}
    assert other.get_credentials("us-east-1") is kept
    for info in (a, b, on_a):
        await call(connections, info)
    assert get_signers(aws)[:3] == ["A1", "B1", "ASIA1"]
    assert get_signers(aws)[3] == f"A{number}"
    assert get_signers(aws)[4:] == ["B1", "ASIA2"]


async def test_broken_and_vanished_files_are_survived(aws: FakeAws, tmp_path: Path) -> None:
    write_files(tmp_path, "", key_profile("a", "A1"))
    connections = open_connections(tmp_path)
    a = ConnectionInfo("a", "a", ConnectionKind.PROFILE, profile="a", endpoint_url=aws.url)
    await connections.save(a)
    await call(connections, a)
    told: list[frozenset[str]] = []
    connections.refreshed.connect(told.append)
    write_files(tmp_path, "[broken", "")
    await connections.reread_files()
    assert (await call_failing(connections, a)).kind is ErrorKind.INVALID
    for path in (tmp_path / ".aws").iterdir():
        path.unlink()
    await connections.reread_files()
    assert (await call_failing(connections, a)).kind is ErrorKind.EXPIRED
    write_files(tmp_path, "", key_profile("a", "A2"))
    await connections.reread_files()
    await call(connections, a)
    assert get_signers(aws) == ["A1", "A2"]
    assert told[0] == frozenset({"a"})


async def test_files_that_stay_as_they_are_are_not_read_anew(aws: FakeAws, tmp_path: Path) -> None:
    write_files(tmp_path, "", key_profile("a", "A1"))
    connections = open_connections(tmp_path)
    async with watching(connections) as told:
        for _turn in range(20):
            await asyncio.sleep(0.01)
        assert told == []


async def test_no_secret_shows(tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = ConnectionInfo("one", "One", ConnectionKind.ACCESS_KEY, access_key_id=KEY.access_key_id)
    await connections.save(info, KEY, in_memory=True)
    source = connections.source_of(info)
    shown = f"{connections.__dict__}{connections.secrets.__dict__}{source.__dict__}{info}"
    assert SECRET not in shown


async def test_another_name_or_colour_keeps_the_credentials(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    source = connections.source_of(info)
    await connections.save(replace(info, name="Renamed", colour="#a01030", guard=Guard.READ_ONLY))
    assert connections.source_of(connections.get_all()[0]) is source


async def test_another_endpoint_holds_from_the_first_word_of_the_change(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    connections.source_of(info)
    seen: list[str] = []
    connections.changed.connect(
        lambda: seen.append(connections.source_of(connections.get_all()[0]).endpoint_url)
    )
    await connections.save(replace(info, endpoint_url="http://127.0.0.1:9"))
    assert seen == ["http://127.0.0.1:9"]


async def test_a_new_secret_of_the_same_id_is_told_and_used(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws)
    await connections.save(info, KEY, in_memory=True)
    stored = connections.get_all()[0]
    before = connections.source_of(stored)
    told: list[None] = []
    connections.changed.connect(lambda: told.append(None))
    await connections.save(stored, replace(KEY, secret_access_key=Secret("replaced")), in_memory=True)
    assert told == [None]
    assert connections.source_of(connections.get_all()[0]) is not before


async def test_a_key_is_never_signed_for_another_endpoint_than_it_was_entered_for(
    aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws)
    await connections.save(info, KEY, in_memory=True)
    moved = replace(connections.get_all()[0], endpoint_url="http://127.0.0.1:9")
    gateway = connections.open_gateway(moved, moved.target("us-east-1"))
    with pytest.raises(UserError, match="was entered for another endpoint"):
        await gateway.call("lambda", "ListFunctions")
    await gateway.close()


async def test_lock_reaches_what_was_opened_before_an_edit_and_what_is_tried_out(
    aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    opened = connections.open_gateway(info, info.target("us-east-1"))
    tried = connections.open_gateway(info, info.target("us-east-1"), connections.build_source(info))
    for gateway in (opened, tried):
        await gateway.call("lambda", "ListFunctions")
    await connections.save(replace(info, name="Renamed"))
    asked = len(aws.requests())
    connections.lock()
    for gateway in (opened, tried):
        with pytest.raises(UserError, match="LambdaDesk is locked"):
            await gateway.call("lambda", "ListFunctions")
        await gateway.close()
    assert len(aws.requests()) == asked
