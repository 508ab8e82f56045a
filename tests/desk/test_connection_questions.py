"""What only a person can answer while a connection signs in."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.types import Target
from lambdadesk.desk.prompts import Question, QuestionKind
from tests.desk.connections_rig import (
    MFA,
    Person,
    call,
    call_failing,
    get_signers,
    make_endpoint,
    make_role,
    open_connections,
    texts_below,
    write_files,
)
from tests.desk.waiting import until
from tests.servers.fake_aws import FakeAws


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
