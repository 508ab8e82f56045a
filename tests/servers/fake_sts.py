"""sts:AssumeRole of FakeAws: what it checks and hands out."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.faults import Reply

ROLE_ACCOUNT = "123456789012"


class FakeSts:
    """The part of FakeAws that hands out temporary credentials: ASIA1, ASIA2, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.mfa_code = ""  # the one that is right; empty: none is wanted
        self.session_s = 3600
        self.session_token = ""  # empty: token1, token2, ...
        self._sessions = 0

    def assume_role(self, operation: str, params: dict[str, Any]) -> Reply:
        if self.mfa_code and params.get("TokenCode") != self.mfa_code:
            return sts_error(
                "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."
            )
        self._sessions += 1
        expiration = datetime.now(UTC) + timedelta(seconds=self.session_s)
        role, session = params["RoleArn"].rpartition("/")[2], params["RoleSessionName"]
        body = f"""<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{operation}Result>
<Credentials><AccessKeyId>ASIA{self._sessions}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>{self.session_token or f"token{self._sessions}"}</SessionToken>
<Expiration>{expiration:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::{ROLE_ACCOUNT}:assumed-role/{role}/{session}</Arn>
<AssumedRoleId>AROA:{session}</AssumedRoleId></AssumedRoleUser>
</{operation}Result></{operation}Response>"""
        return Reply(200, body.encode(), {"Content-Type": "text/xml"})


def sts_error(code: str, message: str) -> Reply:
    body = f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"""
    return Reply(403, body.encode(), {"Content-Type": "text/xml"})
