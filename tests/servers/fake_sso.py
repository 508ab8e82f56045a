"""FakeSso: IAM Identity Center on loopback, its sign-in (OIDC) and its portal, as far as the tests go."""

import base64
import hashlib
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.servers.fake_aws import FakeAws, Request
from tests.servers.faults import Reply, error_reply, json_reply

_ROUTES = {
    "/client/register": "RegisterClient",
    "/device_authorization": "StartDeviceAuthorization",
    "/token": "CreateToken",
    "/authorize": "Authorize",
    "/assignment/accounts": "ListAccounts",
    "/assignment/roles": "ListAccountRoles",
    "/federation/credentials": "GetRoleCredentials",
    "/logout": "Logout",
}
_PAGE = 2
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class FakeSso(FakeAws):
    """Everybody who comes to the page agrees at once, unless `refuses`.

    tokens: the access tokens that are good. Codes and refresh tokens are good for one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refuses = False
        self.interval_s: int | None = 1
        self.token_s = 28_800
        self.accounts = {f"00000000000{n}": f"account {n}" for n in range(5)}
        self.roles = ["writer", "reader", "admin"]
        self.verification_url = "https://device.sso.us-east-1.amazonaws.com/"
        self.tokens: set[str] = set()
        self._made = 0
        self._clients: dict[str, list[str]] = {}  # grant types, by client id
        self._challenges: dict[str, tuple[str, str]] = {}  # challenge and redirect URI, by code
        self._grants: set[str] = set()  # device codes and refresh tokens

    def find_operation(self, method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        return _ROUTES.get(path) or super().find_operation(method, path, headers, body)

    def bodies(self, operation: str) -> list[dict[str, Any]]:
        """The JSON that the requests of an operation carried."""
        return [json.loads(request.body) for request in self.requests(operation)]

    def answer(self, request: Request, request_id: str) -> Reply:
        match request.operation:
            case "RegisterClient":
                return self._register(json.loads(request.body))
            case "StartDeviceAuthorization":
                return self._start_device(json.loads(request.body))
            case "CreateToken":
                return self._create_token(json.loads(request.body))
            case "Authorize":
                return self._authorize(request.params)
            case "ListAccounts" | "ListAccountRoles" | "GetRoleCredentials" | "Logout":
                return self._answer_portal(request)
        return super().answer(request, request_id)

    def _register(self, asked: dict[str, Any]) -> Reply:
        client_id = self._make("client")
        self._clients[client_id] = asked.get("grantTypes", [])
        expires_at = int(time.time()) + 90 * 86_400
        return json_reply(
            {"clientId": client_id, "clientSecret": "client-secret", "clientSecretExpiresAt": expires_at}
        )

    def _start_device(self, asked: dict[str, Any]) -> Reply:
        if asked["clientId"] not in self._clients:
            return error_reply(401, "InvalidClientException", "")
        device_code = self._make("device")
        self._grants.add(device_code)
        url = self.verification_url
        return json_reply(
            {
                "deviceCode": device_code,
                "userCode": "ABCD-EFGH",
                "verificationUri": url,
                "verificationUriComplete": f"{url}?user_code=ABCD-EFGH",
                "expiresIn": 600,
                **({} if self.interval_s is None else {"interval": self.interval_s}),
            }
        )

    def _authorize(self, params: dict[str, str]) -> Reply:
        port = urlsplit(params["redirect_uri"]).port
        good = (
            "authorization_code" in self._clients.get(params["client_id"], [])
            and params["redirect_uri"] == f"http://127.0.0.1:{port}/oauth/callback"
            and params["response_type"] == "code"
            and params["code_challenge_method"] == "S256"
            and params["scopes"] == "sso:account:access"
            and re.fullmatch(r"[A-Za-z0-9_-]{43}", params["code_challenge"])
        )
        if not good:
            return error_reply(400, "InvalidRequestException", str(params))
        answer = {"state": params["state"]}
        if self.refuses:
            answer["error"] = "access_denied"
        else:
            answer["code"] = self._make("code")
            self._challenges[answer["code"]] = (params["code_challenge"], params["redirect_uri"])
        return Reply(302, b"", {"Location": f"{params['redirect_uri']}?{urlencode(answer)}"})

    def _create_token(self, asked: dict[str, Any]) -> Reply:
        if asked["clientId"] not in self._clients or asked["clientSecret"] != "client-secret":
            return error_reply(401, "InvalidClientException", "")
        match asked["grantType"]:
            case "authorization_code":
                challenge, redirect_uri = self._challenges.pop(asked["code"], ("", ""))
                digest = hashlib.sha256(asked["codeVerifier"].encode()).digest()
                proved = base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
                good = proved and asked["redirectUri"] == redirect_uri
            case "refresh_token":
                good = asked["refreshToken"] in self._grants
                self._grants.discard(asked.get("refreshToken", ""))
            case _:
                good = asked["grantType"] == DEVICE_GRANT and asked["deviceCode"] in self._grants
                self._grants.discard(asked.get("deviceCode", ""))
        if not good:
            return error_reply(400, "InvalidGrantException", "")
        token, refresh_token = self._make("token"), self._make("refresh")
        self.tokens.add(token)
        self._grants.add(refresh_token)
        return json_reply(
            {"accessToken": token, "expiresIn": self.token_s, "refreshToken": refresh_token}
            | {"tokenType": "Bearer"}
        )

    def _answer_portal(self, request: Request) -> Reply:
        token = request.headers.get("x-amz-sso_bearer_token", "")
        if token not in self.tokens:
            return error_reply(401, "UnauthorizedException", "Session token not found or invalid")
        params = request.params
        match request.operation:
            case "ListAccounts":
                rows = [
                    {"accountId": account, "accountName": name, "emailAddress": f"{account}@example.com"}
                    for account, name in reversed(self.accounts.items())
                ]
                return _page("accountList", rows, params)
            case "ListAccountRoles":
                rows = [{"accountId": params["account_id"], "roleName": role} for role in self.roles]
                return _page("roleList", rows, params)
            case "GetRoleCredentials":
                if params["role_name"] not in self.roles:
                    return error_reply(403, "ForbiddenException", "No access")
                credentials = {
                    "accessKeyId": "ASIASSO",
                    "secretAccessKey": "s",
                    "sessionToken": "session",
                    "expiration": int((time.time() + 3600) * 1000),
                }
                return json_reply({"roleCredentials": credentials})
        self.tokens.discard(token)
        return json_reply({})

    def _make(self, what: str) -> str:
        self._made += 1
        return f"{what}-{self._made}"


def _page(key: str, rows: list[dict[str, Any]], params: dict[str, Any]) -> Reply:
    start = int(params.get("next_token") or 0)
    page: dict[str, Any] = {key: rows[start : start + _PAGE]}
    if start + _PAGE < len(rows):
        page["nextToken"] = str(start + _PAGE)
    return json_reply(page)


def get_query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
