import asyncio
import gc
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.aws.credentials import SsoSource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.sso import Sso, SsoAccount, SsoSession
from lambdadesk.aws.sso_login import DeviceCode, SsoLogin
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_sso import FakeSso, get_query
from tests.servers.fake_tls import make_tls
from tests.servers.sign_in import Browser, Opened, Pauses, assert_no_threads_stay, get_port, is_listening

URL = "https://example.awsapps.com/start"
SESSION = SsoSession(URL, "us-east-1", "work")


@pytest.fixture
def server() -> Iterator[FakeSso]:
    with FakeSso() as running:
        yield running


@pytest.fixture
def sso(server: FakeSso) -> Sso:
    return Sso(SESSION, endpoint_url=server.url)


def get_cache(home: Path) -> dict[str, dict[str, Any]]:
    folder = home / ".aws/sso/cache"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*")} if folder.exists() else {}


def get_key(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def change_token(home: Path, **changes: str) -> None:
    path = home / f".aws/sso/cache/{get_key('work')}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def format_time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def browser() -> Iterator[Browser]:
    opened = Browser()
    yield opened
    opened.close()


async def sign_in(sso: Sso) -> None:
    await SsoLogin(sso, pause=Pauses()).with_code(lambda _code: None)


# --- in the browser ---


async def test_signs_in_by_the_browser(server: FakeSso, sso: Sso, browser: Browser, tmp_path: Path) -> None:
    before_s = time.time()
    token = await SsoLogin(sso).with_browser(browser)
    browser.close()
    assert browser.pages == [(200, "Go back to LambdaDesk. You can close this page.")]
    assert token.access_token.reveal() in server.tokens
    assert 28_790 < token.expires_at - before_s < 28_810
    assert not is_listening(get_port(browser.urls[0]))
    (registered,) = server.bodies("RegisterClient")
    assert registered == {
        "clientName": "LambdaDesk",
        "clientType": "public",
        "scopes": ["sso:account:access"],
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
        "issuerUrl": URL,
    }
    assert "authorization" not in server.requests("CreateToken")[0].headers


def test_the_address_to_sign_in_at_is_that_of_aws(tmp_path: Path) -> None:
    assert Sso(SESSION).get_login_url() == "https://oidc.us-east-1.amazonaws.com"
    china = Sso(SsoSession(URL, "cn-north-1"))
    assert china.get_login_url() == "https://oidc.cn-north-1.amazonaws.com.cn"


async def test_a_refusal_in_the_browser(server: FakeSso, sso: Sso, browser: Browser, tmp_path: Path) -> None:
    server.refuses = True
    with pytest.raises(UserError) as caught:
        await SsoLogin(sso).with_browser(browser)
    assert (caught.value.kind, server.requests("CreateToken")) == (ErrorKind.DENIED, [])
    assert get_key("work") not in get_cache(tmp_path)


async def test_only_who_knows_the_state_brings_a_code(server: FakeSso, sso: Sso, browser: Browser) -> None:
    """Other pages of the browser, and other programs, may ask whatever they like meanwhile."""
    opened = Opened()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(SsoLogin(sso).with_browser(opened))
        address = ("127.0.0.1", await opened.wait())
        callback = get_query(opened.url)["redirect_uri"]
        state = get_query(opened.url)["state"]
        for wrong in (
            f"{callback}?code=stolen&state=wrong",
            f"{callback}?code=stolen",
            f"{callback}?error=access_denied",
            f"http://127.0.0.1:{address[1]}/favicon.ico?code=stolen&state={state}",
        ):
            await in_thread(browser.visit, wrong)
        with socket.create_connection(address), socket.create_connection(address) as silent:
            silent.sendall(b"POST /oauth/callback?code=stolen&state=" + state.encode() + b" HTTP/1.1\r\n\r\n")
            await in_thread(silent.recv, 100)
            assert not task.done()
            await in_thread(browser.visit, opened.url)
            await task
    assert [status for status, _ in browser.pages] == [400, 400, 400, 404, 200]
    assert [body["code"] for body in server.bodies("CreateToken")] == ["code-2"]


async def test_a_flood_is_cut_off(sso: Sso) -> None:
    opened = Opened()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(SsoLogin(sso).with_browser(opened))
        port = await opened.wait()

        def flood() -> bytes:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                try:
                    for _ in range(1000):
                        connection.sendall(b"x" * 1000)
                    return connection.recv(1)
                except ConnectionError:
                    return b""

        assert await in_thread(flood) == b""
        task.cancel()


async def test_the_browser_may_never_come_back(server: FakeSso, sso: Sso) -> None:
    opened = Opened()
    with pytest.raises(UserError) as caught:
        await SsoLogin(sso, patience_s=0.05).with_browser(opened)
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert not is_listening(opened.port)


@pytest.mark.parametrize("step", ["RegisterClient", "browser", "CreateToken"])
async def test_cancelling_in_the_browser_leaves_nothing(
    server: FakeSso, sso: Sso, browser: Browser, tmp_path: Path, step: str
) -> None:
    opened = Opened()

    def open_browser(url: str) -> None:
        opened(url)
        if step != "browser":
            browser(url)

    if step != "browser":
        server.always(step, faults.hang)
    task = asyncio.get_running_loop().create_task(SsoLogin(sso).with_browser(open_browser))
    await (opened.wait() if step == "browser" else in_thread(server.wait_for_requests, step))
    assert step != "browser" or is_listening(opened.port)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not opened.url or not is_listening(opened.port)
    assert_no_threads_stay(server)
    assert get_key("work") not in get_cache(tmp_path)


# asyncio drops what it accepted in the turn before the server closes; collecting garbage closes that.
@pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("turns", range(8))
async def test_a_browser_that_connects_while_it_ends_is_let_go(sso: Sso, turns: int) -> None:
    """Browsers open connections ahead of their need, and keep them."""
    opened = Opened()
    task = asyncio.get_running_loop().create_task(SsoLogin(sso).with_browser(opened))
    with socket.create_connection(("127.0.0.1", await opened.wait()), 5) as early:
        for _turn in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gc.collect()
        with suppress(ConnectionResetError):
            assert await in_thread(early.recv, 1) == b""


# --- with a code ---


async def test_signs_in_with_a_code(server: FakeSso, sso: Sso, tmp_path: Path) -> None:
    shown: list[DeviceCode] = []
    pauses = Pauses()
    server.interval_s = None
    server.script(
        "CreateToken",
        faults.error(400, "AuthorizationPendingException"),
        faults.error(400, "SlowDownException"),
        faults.error(400, "AuthorizationPendingException"),
    )
    token = await SsoLogin(sso, pause=pauses).with_code(shown.append)
    address = "https://device.sso.us-east-1.amazonaws.com/"
    assert shown == [DeviceCode("ABCD-EFGH", address, f"{address}?user_code=ABCD-EFGH", 600)]
    assert pauses.seconds == [5, 5, 10, 10]
    assert token.access_token.reveal() in server.tokens
    assert server.bodies("StartDeviceAuthorization")[0]["startUrl"] == URL
    assert "grantTypes" not in server.bodies("RegisterClient")[0]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ExpiredTokenException", ErrorKind.EXPIRED),
        ("InvalidGrantException", ErrorKind.EXPIRED),
        ("AccessDeniedException", ErrorKind.DENIED),
        ("InvalidClientException", ErrorKind.EXPIRED),
        ("InvalidRequestException", ErrorKind.INVALID),
        ("InternalServerException", ErrorKind.OTHER),
    ],
)
async def test_every_end_of_a_sign_in_is_a_sentence(
    server: FakeSso, sso: Sso, tmp_path: Path, code: str, kind: ErrorKind
) -> None:
    server.always("CreateToken", faults.error(500 if "Internal" in code else 400, code))
    with pytest.raises(UserError) as caught:
        await sign_in(sso)
    assert caught.value.kind is kind
    assert caught.value.hint
    assert code not in caught.value.message
    assert len(server.requests("CreateToken")) == 1
    # An unknown registration must not stand in the way of the next attempt.
    assert len(get_cache(tmp_path)) == (0 if code == "InvalidClientException" else 1)


async def test_a_code_that_nobody_uses_ends_by_itself(server: FakeSso, sso: Sso) -> None:
    server.always("CreateToken", faults.error(400, "AuthorizationPendingException"))
    reply = {"deviceCode": "d", "userCode": "u", "verificationUri": "https://x.example/", "expiresIn": 0}
    server.script("StartDeviceAuthorization", faults.reply(200, reply))
    with pytest.raises(UserError) as caught:
        await SsoLogin(sso).with_code(lambda _code: None)
    assert caught.value.kind is ErrorKind.EXPIRED


@pytest.mark.parametrize(
    "url", ["http://device.example.com/", "file:///etc/passwd", "https://a@b.example", "x"]
)
async def test_an_unsafe_page_is_never_shown(server: FakeSso, sso: Sso, url: str) -> None:
    server.verification_url = url
    shown: list[DeviceCode] = []
    with pytest.raises(UserError, match="not safe"):
        await SsoLogin(sso).with_code(shown.append)
    assert shown == []


@pytest.mark.parametrize("step", ["RegisterClient", "StartDeviceAuthorization", "pause", "CreateToken"])
async def test_cancelling_with_a_code_leaves_nothing(
    server: FakeSso, sso: Sso, tmp_path: Path, step: str
) -> None:
    pausing = asyncio.Event()

    async def pause(_seconds: float) -> None:
        pausing.set()
        if step == "pause":
            await asyncio.Event().wait()

    if step != "pause":
        server.always(step, faults.hang)
    login = SsoLogin(sso, pause=pause)
    task = asyncio.get_running_loop().create_task(login.with_code(lambda _code: None))
    await (pausing.wait() if step == "pause" else in_thread(server.wait_for_requests, step))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert_no_threads_stay(server)
    assert get_key("work") not in get_cache(tmp_path)


async def test_a_wrong_clock_at_the_service_does_no_harm(server: FakeSso, sso: Sso) -> None:
    server.clock_ahead_s = 7200
    await sign_in(sso)
    token = sso.load_token()
    assert token is not None
    assert 28_700 < token.expires_at - time.time() < 28_900  # by the clock of this machine


async def test_a_login_page_is_not_the_service(server: FakeSso, sso: Sso, tmp_path: Path) -> None:
    server.always("RegisterClient", faults.html(200))
    with pytest.raises(UserError) as caught:
        await sign_in(sso)
    assert caught.value.kind is ErrorKind.NOT_AWS
    assert get_cache(tmp_path) == {}


# --- the cache ---


async def test_the_cache_is_that_of_the_aws_cli(server: FakeSso, sso: Sso, tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        await sign_in(sso)
    finally:
        os.umask(mask)
    cache = get_cache(tmp_path)
    key_of = {"tool": "botocore", "startUrl": URL, "region": "us-east-1", "scopes": None}
    registration = cache.pop(get_key(json.dumps(key_of | {"session_name": "work"}, sort_keys=True)))
    assert set(registration) == {"clientId", "clientSecret", "expiresAt", "scopes"}
    (entry,) = cache.values()
    assert list(cache) == [get_key("work")]
    assert {key: entry[key] for key in ("startUrl", "region", "clientId", "registrationExpiresAt")} == {
        "startUrl": URL,
        "region": "us-east-1",
        "clientId": registration["clientId"],
        "registrationExpiresAt": registration["expiresAt"],
    }
    assert {"accessToken", "refreshToken", "clientSecret", "expiresAt"} < set(entry)
    assert entry["expiresAt"] == format_time(datetime.fromisoformat(entry["expiresAt"]).timestamp())
    for path in (tmp_path / ".aws/sso/cache").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["work", ""])
async def test_botocore_reads_the_sign_in(server: FakeSso, tmp_path: Path, name: str) -> None:
    from botocore.session import Session
    from botocore.tokens import SSOTokenProvider
    from botocore.utils import JSONFileCache, SSOTokenLoader

    sso = Sso(SsoSession(URL, "us-east-1", name), endpoint_url=server.url)
    await sign_in(sso)
    cache = JSONFileCache(str(tmp_path / ".aws/sso/cache"))
    token = SSOTokenLoader(cache)(URL, session_name=name or None)
    assert token["accessToken"] in server.tokens
    if not name:
        return
    (tmp_path / ".aws/config").write_text(
        "[profile p]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = reader\n"
        f"[sso-session work]\nsso_start_url = {URL}\nsso_region = us-east-1\n"
    )
    found = SSOTokenProvider(Session(profile="p"), cache=cache, profile_name="p").load_token()
    assert found.get_frozen_token().token == token["accessToken"]


async def test_the_sign_in_of_the_aws_cli_is_read(server: FakeSso, sso: Sso, tmp_path: Path) -> None:
    folder = tmp_path / ".aws/sso/cache"
    folder.mkdir(parents=True)
    server.tokens.add("cli")
    for expires_at in (format_time(time.time() + 3600), format_time(time.time() + 3600).replace("Z", "UTC")):
        entry = {"startUrl": URL, "region": "us-east-1", "accessToken": "cli", "expiresAt": expires_at}
        (folder / f"{get_key('work')}.json").write_text(json.dumps(entry))
        assert len(await sso.list_roles("000000000001")) == 3


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"accessToken": 1}', '{"accessToken": "t", "expiresAt": "x"}']
)
async def test_a_damaged_cache_means_signed_out(sso: Sso, tmp_path: Path, text: str) -> None:
    folder = tmp_path / ".aws/sso/cache"
    folder.mkdir(parents=True)
    (folder / f"{get_key('work')}.json").write_text(text)
    with pytest.raises(UserError) as caught:
        await sso.list_accounts()
    assert caught.value.kind is ErrorKind.EXPIRED


async def test_a_folder_that_is_not_writable_is_told(sso: Sso, tmp_path: Path) -> None:
    (tmp_path / ".aws").write_text("no folder")
    with pytest.raises(UserError) as caught:
        await sign_in(sso)
    assert caught.value.kind is ErrorKind.STORAGE


async def test_a_registration_serves_again_but_not_for_the_other_kind(
    server: FakeSso, sso: Sso, browser: Browser
) -> None:
    await sign_in(sso)
    await sign_in(sso)
    assert len(server.requests("RegisterClient")) == 1
    await SsoLogin(sso).with_browser(browser)
    await SsoLogin(sso).with_browser(browser)
    assert len(server.requests("RegisterClient")) == 2


# --- refresh and end ---


async def test_a_token_that_ends_soon_is_refreshed(server: FakeSso, sso: Sso, tmp_path: Path) -> None:
    await sign_in(sso)
    change_token(tmp_path, expiresAt=format_time(time.time() + 600))
    await sso.list_accounts()
    await sso.list_accounts()
    grants = [body["grantType"] for body in server.bodies("CreateToken")]
    assert grants[1:] == ["refresh_token"]
    token = sso.load_token()
    assert token is not None
    assert token.expires_at - time.time() > 3600
    assert (
        get_cache(tmp_path)[get_key("work")]["refreshToken"]
        != server.bodies("CreateToken")[1]["refreshToken"]
    )


async def test_a_refused_refresh_uses_what_is_left_and_then_asks(
    server: FakeSso, sso: Sso, tmp_path: Path
) -> None:
    await sign_in(sso)
    server.always("CreateToken", faults.error(400, "InvalidGrantException"))
    change_token(tmp_path, expiresAt=format_time(time.time() + 600))
    assert await sso.list_accounts()
    change_token(tmp_path, expiresAt=format_time(time.time() - 1))
    with pytest.raises(UserError) as caught:
        await sso.list_accounts()
    assert (caught.value.kind, caught.value.hint) == (ErrorKind.EXPIRED, "Sign in again.")


async def test_a_refresh_that_the_aws_cli_did_first_is_taken(
    server: FakeSso, sso: Sso, tmp_path: Path
) -> None:
    await sign_in(sso)
    change_token(tmp_path, expiresAt=format_time(time.time() + 600))
    server.tokens.add("newer")

    def lose_the_race(exchange: faults.Exchange) -> None:
        change_token(tmp_path, accessToken="newer", expiresAt=format_time(time.time() + 28_800))
        faults.error(400, "InvalidGrantException")(exchange)

    server.script("CreateToken", lose_the_race)
    assert (await in_thread(sso.fetch_token)).access_token.reveal() == "newer"


async def test_a_revoked_sign_in_is_expired(server: FakeSso, sso: Sso) -> None:
    await sign_in(sso)
    server.tokens.clear()
    with pytest.raises(UserError) as caught:
        await sso.list_accounts()
    assert caught.value.kind is ErrorKind.EXPIRED


async def test_logging_out_removes_the_token_and_tells_the_service(
    server: FakeSso, sso: Sso, tmp_path: Path
) -> None:
    await sign_in(sso)
    await sso.log_out()
    assert server.tokens == set()
    assert get_key("work") not in get_cache(tmp_path)
    await sso.log_out()
    assert len(server.requests("Logout")) == 1
    with pytest.raises(UserError, match="Nobody is signed in"):
        await sso.list_accounts()


async def test_logging_out_works_here_even_if_the_service_is_down(
    server: FakeSso, sso: Sso, tmp_path: Path
) -> None:
    await sign_in(sso)
    server.always("Logout", faults.error(400, "InvalidRequestException"))
    with pytest.raises(UserError, match="signed out on this computer"):
        await sso.log_out()
    assert get_key("work") not in get_cache(tmp_path)


# --- what it is for ---


async def test_lists_all_pages_of_accounts_and_roles(server: FakeSso, sso: Sso) -> None:
    await sign_in(sso)
    accounts = await sso.list_accounts()
    assert [account.name for account in accounts] == [f"account {n}" for n in range(5)]
    assert accounts[0] == SsoAccount("000000000000", "account 0", "000000000000@example.com")
    assert await sso.list_roles("000000000001") == ["admin", "reader", "writer"]
    assert len(server.requests("ListAccounts")) == 3


async def test_a_role_signs_requests_and_renews(
    server: FakeSso, sso: Sso, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await sign_in(sso)
    with FakeAws() as proxy:
        proxy.tls, certificate = make_tls(tmp_path)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        gateway = Gateway(Target("us-east-1"), credentials=SsoSource(sso, "000000000001", "reader"))
        await gateway.call("lambda", "ListFunctions")
        await gateway.close()
        (request,) = proxy.requests("ListFunctions")
    assert request.access_key == "ASIASSO"
    assert gateway.expires_at is not None
    assert 3500 < gateway.expires_at - time.time() < 3700
    assert gateway.renews


# botocore fixes the folder of its cache when it is imported, hence a process of its own.
_LIST_FUNCTIONS = """
import asyncio
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.types import Target

asyncio.run(Gateway(Target("us-east-1", profile="p")).call("lambda", "ListFunctions"))
"""


@pytest.mark.parametrize("name", ["work", ""])
async def test_a_profile_uses_the_sign_in(
    server: FakeSso, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    await sign_in(Sso(SsoSession(URL, "us-east-1", name), endpoint_url=server.url))
    where = f"sso_start_url = {URL}\nsso_region = us-east-1\n"
    where = f"sso_session = work\n[sso-session work]\n{where}" if name else where
    (tmp_path / ".aws/config").write_text(
        f"[profile p]\nsso_account_id = 123456789012\nsso_role_name = reader\n{where}"
    )
    server.tls, certificate = make_tls(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    await in_thread(subprocess.run, [sys.executable, "-c", _LIST_FUNCTIONS], check=True)
    assert len(server.requests("GetRoleCredentials")) == 1
    assert [request.access_key for request in server.requests("ListFunctions")] == ["ASIASSO"]


@pytest.mark.logs_warnings  # botocore logs the failed refresh
@pytest.mark.parametrize(
    ("account", "role", "signed_in", "kind"),
    [
        ("000000000001", "owner", True, ErrorKind.DENIED),
        ("000000000001", "reader", False, ErrorKind.EXPIRED),
    ],
)
async def test_a_role_that_is_not_there_for_the_person(
    server: FakeSso, sso: Sso, account: str, role: str, signed_in: bool, kind: ErrorKind
) -> None:
    if signed_in:
        await sign_in(sso)
    gateway = Gateway(Target("us-east-1"), credentials=SsoSource(sso, account, role))
    with pytest.raises(UserError) as caught:
        await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    assert caught.value.kind is kind
    assert caught.value.hint


@pytest.mark.parametrize(
    "session",
    [
        SsoSession("http://example.awsapps.com/start", "us-east-1"),
        SsoSession("example.awsapps.com/start", "us-east-1"),
        SsoSession("https://a:b@example.com", "us-east-1"),
        SsoSession("", "us-east-1"),
        SsoSession(URL, "x.example/"),
        SsoSession(URL, ""),
    ],
)
def test_refuses_where_nobody_should_sign_in(session: SsoSession) -> None:
    with pytest.raises(UserError) as caught:
        Sso(session)
    assert caught.value.kind is ErrorKind.INVALID


async def test_no_token_shows(server: FakeSso, sso: Sso) -> None:
    await sign_in(sso)
    (secret,) = server.tokens
    assert secret not in f"{sso.load_token()!r}{sso.__dict__}"
