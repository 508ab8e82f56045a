"""Each rule refuses with a sentence of its own, and lets through what is right."""

from dataclasses import replace

import pytest

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.desk.connection_rules import check_connection

KEY = ConnectionInfo(
    "key", "Work", ConnectionKind.ACCESS_KEY, regions=("eu-west-1",), access_key_id="AKIAIOSFODNN7EXAMPLE"
)
PROFILE = ConnectionInfo("profile", "Profile", ConnectionKind.PROFILE, profile="work")
ENDPOINT = ConnectionInfo(
    "endpoint", "Endpoint", ConnectionKind.ENDPOINT, endpoint_url="http://127.0.0.1:4566"
)
SSO = ConnectionInfo(
    "sso",
    "Center",
    ConnectionKind.SSO,
    sso_start_url="https://example.awsapps.com/start",
    sso_region="us-east-1",
    sso_account_id="123456789012",
    sso_role_name="reader",
)
ROLE = ConnectionInfo(
    "role",
    "Role",
    ConnectionKind.ASSUME_ROLE,
    source_id="key",
    role_arn="arn:aws:iam::123456789012:role/path/reader",
)
ROLE2 = replace(ROLE, id="role2", name="Role 2", source_id="role")
ALL = (KEY, PROFILE, ENDPOINT, SSO, ROLE, ROLE2)


@pytest.mark.parametrize("info", ALL, ids=lambda info: info.id)
def test_lets_what_is_right_through(info: ConnectionInfo) -> None:
    check_connection(info, ALL)


@pytest.mark.parametrize(
    "info",
    [
        replace(KEY, name="работа 🔑"),
        replace(KEY, access_key_id="AKIA…MPLE"),  # as it is stored
        replace(KEY, regions=()),
        replace(KEY, regions=("us-gov-west-1", "cn-north-1", "ap-southeast-7")),
        replace(ENDPOINT, access_key_id="test"),
        replace(ENDPOINT, endpoint_url="http://10.0.0.1:4566", accepts_plain_http=True),
        replace(ROLE, role_arn="arn:aws-cn:iam::123456789012:role/r"),
        replace(ROLE, mfa_serial="arn:aws:iam::123456789012:mfa/phone"),
        replace(ROLE, mfa_serial="GAHT12345678"),  # of a hardware device
        replace(ROLE, session_name="me@example.com", duration_s=43_200),
        replace(ROLE, session_tags=tuple((f"key{n}", "") for n in range(50))),
        replace(ROLE2, duration_s=3600),
    ],
)
def test_lets_what_is_unusual_through(info: ConnectionInfo) -> None:
    check_connection(info, ALL)


ROLE_ARN = "This is not the ARN of a role."
MFA = "This is not the serial of an MFA device."
SESSION = "The session name may have 2 to 64 letters, digits and any of _=,.@-"
LASTS = "A session lasts 15 minutes to 12 hours."
TAGS = "A session has 50 tags at most, each with a key."
CIRCLE = "These connections assume their roles with each other."
ENDPOINT_FORM = "The endpoint is not a valid http or https address."
ARABIC = "\u0661" * 12  # digits, but none of AWS's
NO_SOURCE = "No connection is chosen to assume the role with."


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        (replace(KEY, name=""), "The connection has no name."),
        (replace(KEY, name=" \t"), "The connection has no name."),
        (replace(KEY, name="PROFILE"), "Another connection is called PROFILE."),
        (replace(KEY, name=" Profile "), "Another connection is called Profile."),
        (replace(KEY, regions=("eu-west-1", "x.example/")), "'x.example/' is not an AWS region."),
        (replace(KEY, access_key_id=""), "The access key id is missing."),
        (
            replace(KEY, access_key_id="AKIA 1234"),
            "The access key id has other characters than letters and digits.",
        ),
        (replace(ENDPOINT, endpoint_url=""), "The endpoint has no address."),
        (
            replace(ENDPOINT, endpoint_url="127.0.0.1:4566"),
            "The endpoint is not a valid http or https address.",
        ),
        (
            replace(ENDPOINT, endpoint_url="http://10.0.0.1:4566"),
            "Requests to 10.0.0.1 would be signed over unencrypted http.",
        ),
        (
            replace(ENDPOINT, endpoint_url="https://a:b@example.com"),
            "The endpoint must not contain a user name or password.",
        ),
        (
            replace(ENDPOINT, access_key_id="a/b/c"),
            "The access key id has other characters than letters and digits.",
        ),
        (replace(SSO, sso_start_url="example.com"), "The start URL is not a valid https address."),
        (replace(SSO, sso_region="x"), "'x' is not an AWS region."),
        (replace(SSO, sso_account_id=""), "No account is chosen."),
        (replace(SSO, sso_account_id="1234"), "No account is chosen."),
        (replace(SSO, sso_account_id=ARABIC), "No account is chosen."),
        (replace(SSO, sso_role_name=""), "No role is chosen."),
        (replace(ROLE, source_id=""), NO_SOURCE),
        (replace(ROLE, source_id="gone"), NO_SOURCE),
        (replace(ROLE, source_id="role"), NO_SOURCE),  # itself
        (replace(ROLE, source_id="role2"), CIRCLE),
        (replace(ROLE, role_arn="arn:aws:iam::123456789012:user/me"), ROLE_ARN),
        (replace(ROLE, role_arn="arn:aws:iam::1234:role/r"), ROLE_ARN),
        (replace(ROLE, role_arn=f"arn:aws:iam::{ARABIC}:role/r"), ROLE_ARN),
        (replace(ROLE, role_arn="arn:aws:iam::123456789012:role/r\n"), ROLE_ARN),
        (replace(ROLE, mfa_serial="phone"), MFA),
        (replace(ROLE, mfa_serial="my phone's serial"), MFA),
        (replace(ROLE, session_name="x"), SESSION),
        (replace(ROLE, session_name="my session"), SESSION),
        (replace(ROLE, duration_s=899), LASTS),
        (replace(ROLE, duration_s=43_201), LASTS),
        (replace(ROLE2, duration_s=3601), "A role on top of another role lasts an hour at most."),
        (replace(ROLE, session_tags=(("", "x"),)), TAGS),
        (replace(ROLE, session_tags=(("k" * 129, "x"),)), TAGS),
        (replace(ROLE, session_tags=tuple((f"key{n}", "") for n in range(51))), TAGS),
    ],
)
def test_refuses_with_a_sentence(info: ConnectionInfo, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        check_connection(info, ALL)
    assert (caught.value.kind, caught.value.message) == (ErrorKind.INVALID, sentence)
    assert caught.value.hint


def test_a_circle_below_that_is_not_its_own_is_found_too() -> None:
    """As a file may have it that was edited by hand."""
    one = replace(ROLE, id="one", name="One", source_id="two")
    two = replace(ROLE, id="two", name="Two", source_id="one")
    with pytest.raises(UserError, match="with each other"):
        check_connection(replace(ROLE, id="top", name="Top", source_id="one"), (one, two))


def test_a_connection_may_keep_its_own_name() -> None:
    check_connection(replace(KEY, name="WORK"), ALL)
