"""SsoLogin, the sign-in to IAM Identity Center in the person's own browser."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from lambdadesk.aws.failures import get_code, get_plain_text, to_user_error
from lambdadesk.aws.sso import DEFAULT_SCOPES, Sso, SsoToken, is_safe_url
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread

_CALLBACK = "/oauth/callback"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DEFAULT_INTERVAL_S = 5  # RFC 8628, 3.2
_SLOW_DOWN_S = 5  # RFC 8628, 3.5
_PATIENCE_S = 600.0  # the service forgets an authorization after ten minutes, too
_REQUEST_LIMIT_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person types, and where. complete_url has the code in it; expires_in_s is from now."""

    code: str
    url: str
    complete_url: str
    expires_in_s: float


class SsoLogin:
    """Signs in and leaves the token in the cache of `sso`. Cancelling ends it at any step.

    Nothing of it stays then: no task and no open port, and a request under way ends within ten seconds.
    pause: waits for seconds between two questions for the token.
    """

    def __init__(
        self,
        sso: Sso,
        *,
        patience_s: float = _PATIENCE_S,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sso = sso
        self._patience_s = patience_s
        self._pause = pause

    async def with_browser(self, open_browser: Callable[[str], object]) -> SsoToken:
        """Sign in by the page that `open_browser` is given the address of, which comes back to this machine.

        UserError: DENIED where the person refuses there, TIMEOUT where the page never comes back.
        """
        try:
            return await self._with_browser(open_browser)
        except Exception as error:
            raise self._to_error(error) from error

    async def with_code(self, show: Callable[[DeviceCode], object]) -> SsoToken:
        """Sign in by a code, typed in any browser anywhere; `show` is given it.

        UserError: DENIED where the person refuses there, EXPIRED where the code was not used in time.
        """
        try:
            return await self._with_code(show)
        except Exception as error:
            raise self._to_error(error) from error

    async def _with_browser(self, open_browser: Callable[[str], object]) -> SsoToken:
        registration = await in_thread(self._sso.register, f"http://127.0.0.1{_CALLBACK}")
        login_url = await in_thread(self._sso.get_login_url)
        verifier = secrets.token_urlsafe(48)
        state = secrets.token_urlsafe(24)
        async with _listen(state) as (redirect_uri, answer):
            question = {
                "response_type": "code",
                "client_id": registration["clientId"],
                "redirect_uri": redirect_uri,
                "state": state,
                "code_challenge_method": "S256",
                "code_challenge": _get_challenge(verifier),
                "scopes": " ".join(self._sso.session.scopes or DEFAULT_SCOPES),
            }
            open_browser(f"{login_url}/authorize?{urlencode(question)}")
            deadline = asyncio.timeout(self._patience_s)
            try:
                async with deadline:
                    code = await answer
            except TimeoutError as error:
                raise UserError(
                    "The browser did not come back from the sign-in.",
                    "Try again, or sign in with a code.",
                    kind=ErrorKind.TIMEOUT,
                ) from error
        return await in_thread(
            self._sso.create_token,
            registration,
            "authorization_code",
            code=code,
            codeVerifier=verifier,
            redirectUri=redirect_uri,
        )

    async def _with_code(self, show: Callable[[DeviceCode], object]) -> SsoToken:
        registration = await in_thread(self._sso.register)
        reply = await in_thread(self._sso.authorize_device, registration)
        code = DeviceCode(
            code=str(reply["userCode"]),
            url=str(reply["verificationUri"]),
            complete_url=str(reply.get("verificationUriComplete") or reply["verificationUri"]),
            expires_in_s=float(reply["expiresIn"]),
        )
        if not (is_safe_url(code.url) and is_safe_url(code.complete_url)):
            raise UserError(
                "The sign-in page that the service names is not safe to open.",
                "Check the region and the start URL.",
                kind=ErrorKind.NOT_AWS,
                details=get_plain_text(code.url),
            )
        show(code)
        interval_s = float(reply.get("interval") or _DEFAULT_INTERVAL_S)
        async with asyncio.timeout(code.expires_in_s):
            while True:
                await self._pause(interval_s)
                try:
                    return await in_thread(
                        self._sso.create_token, registration, _DEVICE_GRANT, deviceCode=reply["deviceCode"]
                    )
                except Exception as error:
                    match get_code(error):
                        case "AuthorizationPendingException":
                            continue
                        case "SlowDownException":
                            interval_s += _SLOW_DOWN_S
                        case _:
                            raise

    def _to_error(self, error: Exception) -> UserError:
        code = get_code(error)
        if code in ("InvalidClientException", "UnauthorizedClientException"):
            self._sso.forget_registration()
            return UserError(
                "IAM Identity Center no longer knows this program.",
                "Sign in again: it registers anew.",
                kind=ErrorKind.EXPIRED,
            )
        if code == "AccessDeniedException":
            return refused()
        if code in ("ExpiredTokenException", "InvalidGrantException") or isinstance(error, TimeoutError):
            return UserError(
                "The sign-in was not completed in time.", "Sign in again.", kind=ErrorKind.EXPIRED
            )
        return to_user_error(error, "sso-oidc", "CreateToken")


def refused() -> UserError:
    return UserError(
        "The sign-in was refused in the browser.",
        "Sign in again, and allow LambdaDesk on the page.",
        kind=ErrorKind.DENIED,
    )


def _get_challenge(verifier: str) -> str:
    """The S256 challenge of RFC 7636, 4.2."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@asynccontextmanager
async def _listen(state: str) -> AsyncIterator[tuple[str, asyncio.Future[str]]]:
    """Wait on a free port of 127.0.0.1 for the browser: the address to come back to, and the code to come."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    connections: set[_Callback] = set()
    try:
        server = await loop.create_server(lambda: _Callback(state, answer, connections), "127.0.0.1", 0)
    except OSError as error:
        raise UserError(
            "No port of this machine is free for the sign-in.",
            "Sign in with a code.",
            details=error.strerror or "",
        ) from error
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}{_CALLBACK}", answer
    finally:
        answer.cancel()
        server.close()
        for connection in tuple(connections):
            connection.abort()
        if connections:
            await asyncio.wait([connection.closed for connection in connections])
        await server.wait_closed()


class _Callback(asyncio.Protocol):
    """One connection of the browser; a protocol and no stream, so that no task is behind it."""

    def __init__(self, state: str, answer: "asyncio.Future[str]", connections: "set[_Callback]") -> None:
        self._state = state
        self._answer = answer
        self._connections = connections
        self._received = b""
        self._transport: Any = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self)
        if self._answer.cancelled():  # accepted just before the end: nobody else closes it
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self.closed.set_result(None)

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _REQUEST_LIMIT_BYTES:
            self.abort()
        elif b"\r\n\r\n" in self._received:
            self._reply(*self._read_request())

    def _read_request(self) -> tuple[str, str]:
        """Status and text for the browser, and the answer where this is the page that was waited for."""
        method, _, rest = self._received.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        parts = urlsplit(rest.partition(" ")[0])
        fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method != "GET" or parts.path != _CALLBACK:
            return "404 Not Found", "There is nothing here."
        # Anything may send the browser here: only who started this sign-in knows its state.
        known = secrets.compare_digest(fields.get("state", "").encode(), self._state.encode())
        if not known or self._answer.done():
            return "400 Bad Request", "This is not the sign-in that LambdaDesk waits for."
        if "code" not in fields:
            self._answer.set_exception(refused())
            return "200 OK", "The sign-in was refused. You can close this page."
        self._answer.set_result(fields["code"])
        return "200 OK", "Go back to LambdaDesk. You can close this page."

    def _reply(self, status: str, text: str) -> None:
        body = text.encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
        )
        self._transport.write(head.encode() + body)
        self._transport.close()
