import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.functions import fetch_functions
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Identity, Target
from tests.limits import impatient
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

REFUSING = 1  # a port nobody listens on


def make_gateway(aws: FakeAws, limits: Limits | None = None) -> Gateway:
    return Gateway(Target("us-east-1", endpoint_url=aws.url), limits)


async def call_failing(gateway: Gateway, **params: object) -> UserError:
    with pytest.raises(UserError) as caught:
        await gateway.call("lambda", "ListFunctions", **params)
    await gateway.close()
    return caught.value


def test_importing_it_loads_neither_botocore_nor_qt() -> None:
    check = (
        "import sys, lambdadesk.aws.functions, lambdadesk.aws.logs, lambdadesk.aws.profiles;"
        "from lambdadesk.aws.gateway import Gateway; from lambdadesk.core.types import Target;"
        "Gateway(Target('us-east-1'));"
        "sys.exit(not {'boto3', 'botocore', 'urllib3', 'PySide6'}.isdisjoint(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


async def test_asks_who_the_credentials_belong_to(aws: FakeAws) -> None:
    gateway = make_gateway(aws)
    assert await gateway.identity() == Identity("000000000000", "arn:aws:iam::000000000000:root")
    await gateway.close()


async def test_offers_the_own_region_of_an_endpoint_and_the_usual_ones(aws: FakeAws) -> None:
    regions = await Gateway(Target("eu-north-1", endpoint_url=aws.url)).regions()
    assert {"eu-north-1", "us-east-1"} < set(regions)
    assert regions == sorted(regions)
    assert aws.requests() == []


@pytest.mark.parametrize(
    ("region", "some"),
    [
        ("eu-central-1", {"us-east-1", "ap-northeast-3", "me-central-1"}),
        ("cn-north-1", {"cn-northwest-1"}),
        ("us-gov-west-1", {"us-gov-east-1"}),
        ("eusc-de-east-1", {"eusc-de-east-1"}),
    ],
)
async def test_offers_the_regions_of_the_partition(region: str, some: set[str]) -> None:
    regions = await Gateway(Target(region)).regions()
    assert some <= set(regions)
    assert not [name for name in regions if name.endswith("global")]
    assert ("us-east-1" in regions) == (region == "eu-central-1")


async def test_reads_are_retried_and_bounded(aws: FakeAws) -> None:
    gateway = make_gateway(aws, Limits(attempts=2))
    aws.script("ListFunctions", faults.error(500, "ServiceException"))
    assert (await gateway.call("lambda", "ListFunctions"))["Functions"] == []
    aws.always("ListFunctions", faults.throttled())
    with pytest.raises(UserError):
        await gateway.call("lambda", "ListFunctions")
    assert len(aws.requests("ListFunctions")) == 4
    await gateway.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.error(500, "ServiceException", "Internal"), ErrorKind.OTHER),
        (faults.error(503, "Slow"), ErrorKind.OTHER),
        (faults.throttled(), ErrorKind.THROTTLED),
        (faults.error(400, "ThrottlingException", "Rate exceeded"), ErrorKind.THROTTLED),
        (faults.error(404, "ResourceNotFoundException", "no"), ErrorKind.NOT_FOUND),
        (faults.expired("ExpiredToken"), ErrorKind.EXPIRED),
        (faults.expired(), ErrorKind.EXPIRED),
        (faults.error(403, "UnrecognizedClientException"), ErrorKind.EXPIRED),
        (faults.error(403, "InvalidSignatureException"), ErrorKind.EXPIRED),
        (faults.denied("lambda:ListFunctions"), ErrorKind.DENIED),
        (faults.html(200), ErrorKind.NOT_AWS),
        (faults.html(302, location="http://127.0.0.1:1/login"), ErrorKind.NOT_AWS),
        (faults.html(403), ErrorKind.NOT_AWS),
        (faults.html(502), ErrorKind.NOT_AWS),
        (faults.html(511), ErrorKind.NOT_AWS),
        (faults.reply(200, {"Functions": []}, request_id=False), ErrorKind.NOT_AWS),
        (faults.reply(200, b"", request_id=False), ErrorKind.NOT_AWS),
        (faults.reply(200, {"Functions": []}, content_type="text/html"), ErrorKind.NOT_AWS),
        (faults.reply(200, b"null"), ErrorKind.NOT_AWS),
        (faults.reply(200, {"Functions": "x"}), ErrorKind.NOT_AWS),
        (faults.reply(200, {"Functions": [1]}), ErrorKind.NOT_AWS),
        (faults.reset, ErrorKind.OFFLINE),
        (faults.cut, ErrorKind.OFFLINE),
        (faults.garbage, ErrorKind.OFFLINE),
        (faults.hang, ErrorKind.TIMEOUT),
        (faults.stall, ErrorKind.TIMEOUT),
    ],
)
async def test_every_fault_becomes_one_plain_sentence(
    aws: FakeAws, quick: Limits, fault: faults.Fault, kind: ErrorKind
) -> None:
    aws.functions = [make_function("hello")]
    aws.always("ListFunctions", fault)
    limits = impatient(quick) if kind is ErrorKind.TIMEOUT else quick
    error = await call_failing(make_gateway(aws, limits))
    assert error.kind is kind
    assert error.hint
    assert "ListFunctions" in error.details
    assert not {"<", "\n", "botocore"} & set(error.message)
    assert "<h1>" not in str(error)


async def test_a_refused_connection_is_offline(quick: Limits) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=f"http://127.0.0.1:{REFUSING}"), quick)
    assert (await call_failing(gateway)).kind is ErrorKind.OFFLINE


async def test_a_name_that_does_not_resolve_is_offline(quick: Limits) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url="https://nothing.invalid"), quick)
    assert (await call_failing(gateway)).kind is ErrorKind.OFFLINE


async def test_https_to_a_plain_server_names_the_certificate(aws: FakeAws, quick: Limits) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url.replace("http:", "https:")), quick)
    error = await call_failing(gateway)
    assert error.kind is ErrorKind.OFFLINE
    assert "TLS" in error.message


async def test_a_bad_parameter_is_invalid_and_sends_nothing(aws: FakeAws) -> None:
    error = await call_failing(make_gateway(aws), MaxItems="many")
    assert error.kind is ErrorKind.INVALID
    assert aws.requests() == []


async def test_denied_names_the_action_of_the_message_and_keeps_the_request_id(
    aws: FakeAws, quick: Limits
) -> None:
    aws.always("ListFunctions", faults.denied("kms:Decrypt"))
    error = await call_failing(make_gateway(aws, quick))
    assert error.action == "kms:Decrypt"
    assert "kms:Decrypt" in error.message
    assert "request id" in error.details
    assert "request id none" not in error.details


async def test_a_clock_that_is_off_is_named(aws: FakeAws, quick: Limits) -> None:
    aws.clock_ahead_s = -3600
    aws.always("ListFunctions", faults.error(403, "InvalidSignatureException", "Signature not yet current"))
    error = await call_failing(make_gateway(aws, quick))
    assert "60 min ahead" in error.message


async def test_the_server_clock_is_known_after_an_answer(aws: FakeAws) -> None:
    aws.clock_ahead_s = 600
    gateway = make_gateway(aws)
    await gateway.call("lambda", "ListFunctions")
    assert gateway.clock_skew_s == pytest.approx(600, abs=30)
    assert gateway.server_now_ms == pytest.approx((time.time() + 600) * 1000, abs=30_000)
    await gateway.close()


async def test_a_deadline_ends_a_drip_that_no_read_timeout_notices(aws: FakeAws) -> None:
    aws.functions = [make_function(f"f{number}") for number in range(50)]
    aws.always("ListFunctions", faults.drip(0.02))  # it takes minutes, and a test has one
    gateway = make_gateway(aws, Limits(read_s=5, attempts=1))
    with pytest.raises(UserError) as caught:
        await gateway.call("lambda", "ListFunctions", deadline_s=0.8)
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert "within 0.8 s" in caught.value.message
    await gateway.close()


async def test_calls_that_were_given_up_do_not_starve_later_ones(aws: FakeAws) -> None:
    aws.functions = [make_function("hello")]
    aws.always("ListFunctions", faults.hang)
    gateway = make_gateway(aws, Limits(reads_at_once=2, attempts=1))
    for _ in range(2):
        with pytest.raises(UserError):
            await gateway.call("lambda", "ListFunctions", deadline_s=0.1)
    await in_thread(aws.wait_for_requests, "ListFunctions", 2)
    aws.always("ListFunctions", None)
    assert (await gateway.call("lambda", "ListFunctions"))["Functions"]
    await gateway.close()


async def test_no_more_reads_at_once_than_allowed(aws: FakeAws) -> None:
    gateway = make_gateway(aws, Limits(reads_at_once=2))
    aws.always("ListFunctions", faults.slow(0.1))
    started_s = time.monotonic()
    await asyncio.gather(*(gateway.call("lambda", "ListFunctions") for _ in range(6)))
    assert time.monotonic() - started_s > 0.29
    await gateway.close()


async def test_cancelling_stops_waiting_at_once(aws: FakeAws) -> None:
    aws.always("ListFunctions", faults.hang)
    gateway = make_gateway(aws, Limits(read_s=600, deadline_s=600))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(gateway.call("lambda", "ListFunctions"))
        await in_thread(aws.wait_for_requests, "ListFunctions")
        task.cancel()
    assert task.cancelled()  # and the server has not answered
    await gateway.close()


CANARY = "canary"
CANARY_FILES = f"""
[default]
aws_access_key_id = AKIA{CANARY}FILE
aws_secret_access_key = {CANARY}
aws_session_token = {CANARY}-token
endpoint_url = http://127.0.0.1:1
[profile broken
"""


async def test_ambient_credentials_never_reach_an_endpoint(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(CANARY_FILES)
    (tmp_path / ".aws/config").write_text(CANARY_FILES)
    environment = {
        "AWS_ACCESS_KEY_ID": f"AKIA{CANARY}",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_SESSION_TOKEN": CANARY,
        "AWS_SECURITY_TOKEN": CANARY,
        "AWS_BEARER_TOKEN_LAMBDA": CANARY,
        "AWS_PROFILE": f"{CANARY}-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": CANARY,
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    gateway = make_gateway(aws, Limits(attempts=1))
    await gateway.call("lambda", "ListFunctions")
    await gateway.call("sts", "GetCallerIdentity")
    aws.add_events("g", "line")
    await gateway.call("logs", "FilterLogEvents", logGroupName="g")
    await gateway.close()
    assert [request.operation for request in aws.requests()] == [
        "ListFunctions",
        "GetCallerIdentity",
        "FilterLogEvents",
    ]
    for request in aws.requests():
        assert request.access_key == "test"
        assert "x-amz-security-token" not in request.headers
        assert CANARY not in f"{request.headers}{request.path}{request.body!r}"


async def test_a_named_profile_signs_for_an_endpoint(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_credentials(tmp_path, "[staging]\naws_access_key_id = STAGING\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CANARY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    gateway = Gateway(Target("us-east-1", profile="staging", endpoint_url=aws.url))
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    assert [request.access_key for request in aws.requests()] == ["STAGING"]


@pytest.mark.parametrize(
    "profile",
    [
        "",
        "staging",
        pytest.param("role", marks=pytest.mark.logs_warnings),
    ],  # botocore logs the failed refresh
)
async def test_configured_endpoints_never_redirect_real_credentials(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str
) -> None:
    """Where a request wants to go shows at the proxy, which lets nothing through."""
    write_credentials(tmp_path, "[default]\naws_access_key_id = D\naws_secret_access_key = s\n")
    (tmp_path / ".aws/config").write_text(
        f"[profile staging]\naws_access_key_id = S\naws_secret_access_key = s\nendpoint_url = {aws.url}\n"
        f"services = trap\n[services trap]\nlambda =\n  endpoint_url = {aws.url}\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = staging\n"
        f"region = us-east-1\nendpoint_url = {aws.url}\n"
    )
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, aws.url)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with FakeAws() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = await call_failing(Gateway(Target("us-east-1", profile=profile), Limits(attempts=1)))
        asked = {request.path for request in proxy.requests("CONNECT")}
    assert error.kind is ErrorKind.OFFLINE
    assert asked == {f"{'sts' if profile == 'role' else 'lambda'}.us-east-1.amazonaws.com:443"}
    assert aws.requests() == []


async def test_an_unknown_profile_is_named(quick: Limits) -> None:
    error = await call_failing(Gateway(Target("us-east-1", profile="nobody"), quick))
    assert error.kind is ErrorKind.EXPIRED
    assert "nobody" in error.message


async def test_no_credentials_at_all(quick: Limits) -> None:
    error = await call_failing(Gateway(Target("us-east-1"), quick))
    assert error.kind is ErrorKind.EXPIRED
    assert error.message == "No AWS credentials were found."


async def test_a_login_elsewhere_helps_the_next_call(aws: FakeAws, tmp_path: Path) -> None:
    write_credentials(tmp_path, "[work]\naws_access_key_id = OLD\naws_secret_access_key = s\n")
    gateway = Gateway(Target("us-east-1", profile="work", endpoint_url=aws.url))
    aws.script("ListFunctions", faults.expired())
    with pytest.raises(UserError):
        await gateway.call("lambda", "ListFunctions")
    write_credentials(tmp_path, "[work]\naws_access_key_id = NEW\naws_secret_access_key = s\n")
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    assert [request.access_key for request in aws.requests()] == ["OLD", "NEW"]


@pytest.mark.logs_warnings  # botocore logs the failed refresh
async def test_a_profile_that_asks_for_mfa_says_so_and_never_waits_on_the_terminal(
    tmp_path: Path, quick: Limits
) -> None:
    write_credentials(tmp_path, "[base]\naws_access_key_id = B\naws_secret_access_key = s\n")
    (tmp_path / ".aws/config").write_text(
        "[profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/m\n"
    )
    error = await call_failing(Gateway(Target("us-east-1", profile="mfa"), quick))
    assert error.kind is ErrorKind.EXPIRED
    assert "MFA" in error.message


async def test_what_a_credential_process_prints_stays_out_of_messages(tmp_path: Path, quick: Limits) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(
        f"[profile p]\ncredential_process = sh -c 'echo {CANARY} >&2; exit 1'\n"
    )
    error = await call_failing(Gateway(Target("us-east-1", profile="p"), quick))
    assert error.kind is ErrorKind.EXPIRED
    assert CANARY not in f"{error}{error.details}"


async def test_a_server_that_accepts_but_never_answers_is_bounded(quick: Limits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        gateway = Gateway(Target("us-east-1", endpoint_url=f"http://127.0.0.1:{port}"), impatient(quick))
        assert (await call_failing(gateway)).kind is ErrorKind.TIMEOUT


async def test_an_unverified_reply_is_never_an_empty_list(aws: FakeAws, quick: Limits) -> None:
    for body in (b"", b"{}", b'{"Functions":', b'{"Functions": null}'):
        aws.script("ListFunctions", faults.reply(200, body))
        gateway = make_gateway(aws, quick)
        with pytest.raises(UserError) as caught:
            _ = [page async for page in fetch_functions(gateway)]
        assert caught.value.kind is ErrorKind.NOT_AWS
        await gateway.close()


def write_credentials(home: Path, text: str) -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws/credentials").write_text(text)
