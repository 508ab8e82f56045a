"""The sample account is what it says, and its functions run."""

import json

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.local import server as local_server
from lambdadesk.local.account import SeededAccount, seed
from lambdadesk.local.clients import Clients
from lambdadesk.local.samples import NODE, PYTHON, SAMPLES, load_event
from lambdadesk.local.server import LocalServer, pick_free_port

FAILING = {"always-fails": "the till holds 0", "too-slow": "Task timed out after 2.00 seconds"}


def test_the_functions_are_as_declared(account: SeededAccount, clients: Clients) -> None:
    listed = {item["FunctionName"]: item for item in clients.get("lambda").list_functions()["Functions"]}
    assert sorted(listed) == sorted(account.functions)
    assert len(listed) == 13
    for sample in SAMPLES:
        item = listed[sample.name]
        assert item["Runtime"] == sample.runtime
        assert item["MemorySize"] == sample.memory_mb
        assert item["Timeout"] == sample.timeout_s
        assert item["Architectures"] == [sample.architecture]
        assert item["LoggingConfig"]["LogFormat"] == sample.log_format
        assert item["Description"] == sample.description
    assert {sample.runtime for sample in SAMPLES} == {PYTHON, NODE}


@pytest.mark.parametrize("name", [sample.name for sample in SAMPLES])
def test_a_function_runs_with_its_sample_event(account: SeededAccount, clients: Clients, name: str) -> None:
    answer = clients.get("lambda").invoke(FunctionName=name, Payload=(load_event(name) or "").encode())
    payload = answer["Payload"].read().decode()
    if name in FAILING:
        assert answer["FunctionError"] == "Unhandled"
        assert FAILING[name] in payload
    else:
        assert "FunctionError" not in answer, payload
        assert isinstance(json.loads(payload), dict)


def test_hello_has_a_version_and_an_alias(account: SeededAccount, clients: Clients) -> None:
    alias = clients.get("lambda").get_alias(FunctionName="hello", Name="live")
    assert alias["FunctionVersion"] == "1"
    answer = clients.get("lambda").invoke(FunctionName="hello", Qualifier="live", Payload=b'{"name": "you"}')
    assert answer["ExecutedVersion"] == "1"
    assert json.loads(answer["Payload"].read())["message"] == "Hello, you!"


def test_the_heartbeat_is_scheduled(account: SeededAccount, clients: Clients) -> None:
    events = clients.get("events")
    assert events.describe_rule(Name=account.rule)["ScheduleExpression"] == "rate(1 minute)"
    (target,) = events.list_targets_by_rule(Rule=account.rule)["Targets"]
    assert target["Arn"].endswith(":function:heartbeat")


def test_nothing_to_note_where_node_is(account: SeededAccount) -> None:
    assert account.notes == ()


async def test_missing_node_and_a_broken_profile_do_not_stop_it(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(local_server, "SYSTEM_FOLDERS", ())  # where handlers look besides
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    steps: list[str] = []
    server = LocalServer(tmp_path_factory.mktemp("state"))
    await server.start()
    account = await seed(server.url, steps.append)
    await server.stop()
    assert len(account.functions) == 13
    (note,) = account.notes
    assert "no node on PATH" in note
    assert "hello" in note
    assert "heartbeat" not in note
    assert len(steps) == 2


async def test_a_dead_server_is_said() -> None:
    with pytest.raises(UserError) as caught:
        await seed(f"http://127.0.0.1:{pick_free_port()}", lambda _: None)
    assert caught.value.kind is ErrorKind.LOCAL
    assert "Could not connect" in caught.value.details
