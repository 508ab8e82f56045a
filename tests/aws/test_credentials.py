import asyncio
import threading
import time
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import AssumeRoleSource, CredentialSource, KeySource, NoSource, ProfileSource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_sts import sts_error
from tests.servers.fake_tls import make_tls

ROLE = "arn:aws:iam::123456789012:role/reader"
MFA = "arn:aws:iam::123456789012:mfa/phone"
KEY = AccessKey("AKIAKEY", Secret("canary-secret"), Secret("canary-token"))


def make_gateway(aws: FakeAws, source: CredentialSource, region: str = "us-east-1") -> Gateway:
    return Gateway(Target(region, endpoint_url=aws.url), credentials=source)


def write_files(home: Path, config: str, credentials: str = "") -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws/config").write_text(config, encoding="utf-8")
    (home / ".aws/credentials").write_text(credentials, encoding="utf-8")


async def call(gateway: Gateway) -> None:
    try:
        await gateway.call("lambda", "ListFunctions")
    finally:
        await gateway.close()


async def call_failing(gateway: Gateway) -> UserError:
    with pytest.raises(UserError) as caught:
        await call(gateway)
    return caught.value


@pytest.fixture
def real_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAws:
    """Answers in place of AWS's own hosts, found by its certificate and the proxy settings."""
    with FakeAws() as server:
        server.tls, certificate = make_tls(tmp_path)
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        yield server


class Phone:
    """Answers when it is asked for a code, from the thread that asks."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.asked: list[str] = []

    def __call__(self, serial: str) -> str:
        self.asked.append(serial)
        if not self.codes:
            raise UserError("You cancelled the MFA code.", "Sign in again.", kind=ErrorKind.EXPIRED)
        return self.codes.pop(0)


async def test_a_key_signs_and_nothing_of_the_environment_does(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_files(tmp_path, "[broken", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    gateway = make_gateway(aws, KeySource(KEY, aws.url))
    await call(gateway)
    (request,) = aws.requests()
    assert request.access_key == "AKIAKEY"
    assert request.headers["x-amz-security-token"] == "canary-token"
    assert (gateway.expires_at, gateway.renews) == (None, False)


async def test_a_key_for_aws_goes_to_aws(real_aws: FakeAws) -> None:
    await call(Gateway(Target("us-east-1"), credentials=KeySource(KEY)))
    connect, request = real_aws.requests()
    assert connect.path == "lambda.us-east-1.amazonaws.com:443"
    assert (request.operation, request.access_key) == ("ListFunctions", "AKIAKEY")


def test_credentials_are_for_the_endpoint_of_their_own_connection_only() -> None:
    here, there = "http://127.0.0.1:4566", "http://127.0.0.1:4567"
    role = AssumeRoleSource(KeySource(KEY, here), ROLE)
    for source, endpoint_url in (
        (KeySource(KEY), here),
        (KeySource(KEY, here), there),
        (KeySource(KEY, here), ""),
        (ProfileSource("work"), here),
        (NoSource(here), ""),
        (role, there),
        (role, ""),
    ):
        with pytest.raises(UserError, match="another endpoint") as caught:
            Gateway(Target("us-east-1", endpoint_url=endpoint_url), credentials=source)
        assert caught.value.kind is ErrorKind.INVALID
    Gateway(Target("us-east-1", endpoint_url=here), credentials=role)


def test_plain_http_beyond_this_machine_has_to_be_accepted() -> None:
    target = Target("us-east-1", endpoint_url="http://10.0.0.1:4566")
    with pytest.raises(UserError, match="unencrypted"):
        Gateway(target, credentials=KeySource(KEY, target.endpoint_url))
    Gateway(target, credentials=KeySource(KEY, target.endpoint_url), accepts_plain_http=True)


async def test_a_role_is_assumed_once_for_all_regions(aws: FakeAws) -> None:
    source = AssumeRoleSource(
        KeySource(KEY, aws.url),
        ROLE,
        external_id="partner",
        session_name="desk",
        duration_s=900,
        tags=(("team", "a"), ("cost", "b")),
    )
    gateways = [make_gateway(aws, source, region) for region in ("us-east-1", "eu-west-1")]
    before_s = time.time()
    await asyncio.gather(*(call(gateway) for gateway in gateways))
    (asked,) = aws.requests("AssumeRole")
    assert asked.access_key == "AKIAKEY"
    wanted = {
        "RoleArn": ROLE,
        "ExternalId": "partner",
        "RoleSessionName": "desk",
        "DurationSeconds": "900",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
        "Tags.member.2.Key": "cost",
        "Tags.member.2.Value": "b",
    }
    assert wanted.items() <= asked.params.items()
    assert [request.access_key for request in aws.requests("ListFunctions")] == ["ASIA1", "ASIA1"]
    for gateway in gateways:
        assert gateway.expires_at is not None
        assert 3590 < gateway.expires_at - before_s < 3610
        assert gateway.renews


async def test_a_role_is_renewed_silently_before_it_ends(aws: FakeAws) -> None:
    aws.session_s = 300  # less than botocore wants to have left
    gateway = make_gateway(aws, AssumeRoleSource(KeySource(KEY, aws.url), ROLE))
    await gateway.call("lambda", "ListFunctions")
    aws.session_s = 3600
    await gateway.call("lambda", "ListFunctions")
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    signed = {request.access_key for request in aws.requests("ListFunctions")}
    assert len(aws.requests("AssumeRole")) > 1
    assert f"ASIA{len(aws.requests('AssumeRole'))}" in signed


async def test_a_role_on_top_of_a_role(aws: FakeAws) -> None:
    first = AssumeRoleSource(KeySource(KEY, aws.url), ROLE)
    await call(make_gateway(aws, AssumeRoleSource(first, f"{ROLE}-2")))
    assert [request.access_key for request in aws.requests()] == ["AKIAKEY", "ASIA1", "ASIA2"]


@pytest.mark.logs_warnings  # botocore logs the failed refresh
async def test_a_role_that_may_not_be_assumed_names_the_action(aws: FakeAws) -> None:
    reply = sts_error("AccessDenied", f"User: x is not authorized to perform: sts:AssumeRole on: {ROLE}")
    aws.always("AssumeRole", lambda exchange: exchange.send(reply))
    error = await call_failing(make_gateway(aws, AssumeRoleSource(KeySource(KEY, aws.url), ROLE)))
    assert (error.kind, error.action) == (ErrorKind.DENIED, "sts:AssumeRole")


async def test_an_mfa_code_is_asked_for_once_and_not_hurried(aws: FakeAws) -> None:
    aws.mfa_code = "123456"
    answered = threading.Event()
    asked: list[str] = []

    def prompt(serial: str) -> str:
        asked.append(serial)
        answered.wait(30)
        return " 123456 "

    source = AssumeRoleSource(KeySource(KEY, aws.url), ROLE, mfa_serial=MFA, mfa_code=prompt)
    # Shorter than the answer takes.
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), Limits(deadline_s=0.4), credentials=source)
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(gateway.call("lambda", "ListFunctions")) for _ in range(3)]
        done, _ = await asyncio.wait(calls, timeout=0.6)
        assert not done
        gateway.limits = Limits()  # what AWS answers then may take its time
        answered.set()
    await gateway.close()
    assert asked == [MFA]
    assert len(aws.requests("AssumeRole")) == 1
    assert {request.access_key for request in aws.requests("ListFunctions")} == {"ASIA1"}
    assert gateway.expires_at is not None
    assert not gateway.renews


@pytest.mark.logs_warnings  # botocore logs the failed refresh
async def test_after_a_cancelled_code_nobody_is_asked_before_signing_in_again(aws: FakeAws) -> None:
    aws.mfa_code = "123456"
    phone = Phone()
    source = AssumeRoleSource(KeySource(KEY, aws.url), ROLE, mfa_serial=MFA, mfa_code=phone)
    gateway = make_gateway(aws, source)
    assert "cancelled" in (await call_failing(gateway)).message
    error = await call_failing(gateway)
    assert (error.message, error.kind) == ("This connection needs a new MFA code.", ErrorKind.EXPIRED)
    assert (len(phone.asked), aws.requests()) == (1, [])
    phone.codes = ["12345", "654321", "123456"]
    gateway.forget()
    assert "six digits" in (await call_failing(gateway)).message
    gateway.forget()
    error = await call_failing(gateway)
    assert (error.message, error.kind) == ("The MFA code was not accepted.", ErrorKind.EXPIRED)
    gateway.forget()
    await call(gateway)
    assert len(phone.asked) == 4


@pytest.mark.logs_warnings  # botocore logs the failed refresh
async def test_an_expired_mfa_session_asks_after_signing_in_again_only(aws: FakeAws) -> None:
    phone = Phone("111111", "222222")
    source = AssumeRoleSource(KeySource(KEY, aws.url), ROLE, mfa_serial=MFA, mfa_code=phone)
    gateway, other = make_gateway(aws, source), make_gateway(aws, source, "eu-west-1")
    await call(gateway)
    await call(other)
    aws.script("ListFunctions", faults.expired())
    assert (await call_failing(gateway)).kind is ErrorKind.EXPIRED
    assert (await call_failing(gateway)).message == "This connection needs a new MFA code."
    assert len(phone.asked) == 1
    gateway.forget()
    await call(gateway)
    # The gateway that still holds the old session must not throw the new one away.
    aws.script("ListFunctions", faults.expired())
    await call_failing(other)
    await call(other)
    assert len(phone.asked) == 2
    assert [request.access_key for request in aws.requests("ListFunctions")][-1] == "ASIA2"


async def test_forgetting_never_waits_for_a_person(aws: FakeAws) -> None:
    asked, answered = threading.Event(), threading.Event()

    def prompt(_serial: str) -> str:
        asked.set()
        answered.wait(30)
        return "111111"

    source = AssumeRoleSource(KeySource(KEY, aws.url), ROLE, mfa_serial=MFA, mfa_code=prompt)
    gateway = make_gateway(aws, source)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(gateway.call("lambda", "ListFunctions"))
        await asyncio.get_running_loop().run_in_executor(None, asked.wait, 30)
        gateway.forget()
        assert gateway.expires_at is None
        assert not gateway.renews
        answered.set()
        await asyncio.wait([waiting])
    await gateway.close()


async def test_edited_files_count_after_forget(aws: FakeAws, tmp_path: Path) -> None:
    write_files(tmp_path, "", "[w]\naws_access_key_id = OLD\naws_secret_access_key = s\n")
    gateway = Gateway(Target("us-east-1", profile="w", endpoint_url=aws.url))
    await gateway.call("lambda", "ListFunctions")
    write_files(tmp_path, "", "[w]\naws_access_key_id = NEW\naws_secret_access_key = s\n")
    await gateway.call("lambda", "ListFunctions")
    gateway.forget()
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    assert [request.access_key for request in aws.requests()] == ["OLD", "OLD", "NEW"]


# --- profiles ---

CHAIN = f"""
[profile base]
aws_access_key_id = BASE
aws_secret_access_key = s
[profile middle]
role_arn = {ROLE}-middle
source_profile = base
external_id = partner
[profile töp]
role_arn = {ROLE}-top
source_profile = middle
role_session_name = desk
duration_seconds = 1800
[profile mfa]
role_arn = {ROLE}
source_profile = base
mfa_serial = {MFA}
[profile loop]
role_arn = {ROLE}
source_profile = loop2
[profile loop2]
role_arn = {ROLE}
source_profile = loop
[profile gone]
role_arn = {ROLE}
source_profile = nobody
[profile half]
aws_access_key_id = HALF
"""


async def test_a_chain_of_roles_in_a_profile(real_aws: FakeAws, tmp_path: Path) -> None:
    write_files(tmp_path, CHAIN)
    gateway = Gateway(Target("us-east-1", profile="töp"))
    await call(gateway)
    middle, top = real_aws.requests("AssumeRole")
    assert (middle.access_key, middle.params["ExternalId"]) == ("BASE", "partner")
    assert (top.access_key, top.params["RoleSessionName"]) == ("ASIA1", "desk")
    assert top.params["DurationSeconds"] == "1800"
    assert [request.access_key for request in real_aws.requests("ListFunctions")] == ["ASIA2"]
    assert gateway.renews


async def test_a_profile_asks_for_its_mfa_code(real_aws: FakeAws, tmp_path: Path) -> None:
    write_files(tmp_path, CHAIN)
    real_aws.mfa_code = "123456"
    phone = Phone("123456")
    source = ProfileSource("mfa", mfa_code=phone)
    gateways = [Gateway(Target("us-east-1", profile="mfa"), credentials=source) for _ in range(2)]
    await asyncio.gather(*(call(gateway) for gateway in gateways))
    assert phone.asked == [MFA]
    assert {request.access_key for request in real_aws.requests("ListFunctions")} == {"ASIA1"}
    assert gateways[0].expires_at is not None
    assert not gateways[0].renews


@pytest.mark.logs_warnings  # botocore logs the failed refresh
async def test_a_cancelled_code_of_a_profile(tmp_path: Path) -> None:
    write_files(tmp_path, CHAIN)
    phone = Phone()
    gateway = Gateway(Target("us-east-1", profile="mfa"), credentials=ProfileSource("mfa", mfa_code=phone))
    assert "cancelled" in (await call_failing(gateway)).message
    assert "new MFA code" in (await call_failing(gateway)).message
    assert phone.asked == [MFA]


async def test_a_credential_process_runs_if_it_is_allowed(aws: FakeAws, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    answer = '{"Version": 1, "AccessKeyId": "PROCESS", "SecretAccessKey": "s"}'
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho >> {ran}\necho '{answer}'\n")
    program.chmod(0o700)
    write_files(
        tmp_path,
        f"[profile p]\ncredential_process = {program}\n"
        f"[profile role]\nrole_arn = {ROLE}\nsource_profile = p\n",
    )
    commands: list[str] = []
    allowed = False

    def allow(command: str) -> bool:
        commands.append(command)
        return allowed

    for profile in ("p", "role"):
        source = ProfileSource(profile, aws.url, allow_process=allow)
        gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), credentials=source)
        for _ in range(2):
            assert "not allowed to run" in (await call_failing(gateway)).message
    assert commands == [str(program)] * 2
    assert not ran.exists()
    allowed = True
    source = ProfileSource("p", aws.url, allow_process=allow)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), credentials=source)
    for _ in range(2):
        await call(gateway)
    assert len(commands) == 3
    assert ran.read_text() == "\n"
    assert {request.access_key for request in aws.requests()} == {"PROCESS"}


async def test_a_changed_credential_process_is_asked_about_again(aws: FakeAws, tmp_path: Path) -> None:
    commands: list[str] = []

    def allow(command: str) -> bool:
        commands.append(command)
        return False

    gateway = Gateway(
        Target("us-east-1", endpoint_url=aws.url),
        credentials=ProfileSource("p", aws.url, allow_process=allow),
    )
    for command in ("first", "second"):
        write_files(tmp_path, f"[profile p]\ncredential_process = {command}\n")
        await call_failing(gateway)
    assert commands == ["first", "second"]


async def test_a_web_identity(real_aws: FakeAws, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("the token")
    write_files(
        tmp_path, f"[profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = {tmp_path / 'token'}\n"
    )
    await call(Gateway(Target("us-east-1", profile="web")))
    (asked,) = real_aws.requests("AssumeRoleWithWebIdentity")
    assert asked.params["WebIdentityToken"] == "the token"
    assert "authorization" not in asked.headers
    assert [request.access_key for request in real_aws.requests("ListFunctions")] == ["ASIA1"]


@pytest.mark.parametrize(
    ("profile", "kind", "text"),
    [
        ("loop", ErrorKind.INVALID, "configuration files can't be used"),
        ("gone", ErrorKind.INVALID, "configuration files can't be used"),
        ("half", ErrorKind.EXPIRED, "incomplete"),
        ("nobody", ErrorKind.EXPIRED, "nobody"),
    ],
)
async def test_a_faulty_profile_is_one_sentence(
    tmp_path: Path, profile: str, kind: ErrorKind, text: str
) -> None:
    write_files(tmp_path, CHAIN)
    error = await call_failing(Gateway(Target("us-east-1", profile=profile)))
    assert error.kind is kind
    assert text in error.message
    assert error.hint
    assert "\n" not in error.message


async def test_an_aws_login_profile_without_awscrt_says_what_is_missing(tmp_path: Path) -> None:
    try:
        import awscrt  # noqa: F401  only whether it is there
    except ImportError:
        pass
    else:
        pytest.skip("awscrt is installed")
    write_files(tmp_path, "[profile login]\nlogin_session = arn:aws:sts::123456789012:assumed-role/r/me\n")
    error = await call_failing(Gateway(Target("us-east-1", profile="login")))
    assert error.kind is ErrorKind.EXPIRED
    assert "awscrt" in error.message


def test_no_source_shows_its_secret() -> None:
    source = KeySource(KEY)
    assert "canary" not in f"{source!r}{source.__dict__}"
