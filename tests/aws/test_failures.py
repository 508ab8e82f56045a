import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    CredentialRetrievalError,
    LoginRefreshRequired,
    MissingDependencyException,
    NoCredentialsError,
    PartialCredentialsError,
    RefreshWithMFAUnsupportedError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from lambdadesk.aws.failures import get_plain_text, to_user_error
from lambdadesk.core.errors import ErrorKind, UserError


def make_reply(code: str, message: str = "", status: int = 400) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1", "HTTPHeaders": {}},
    }
    return ClientError(response, "FilterLogEvents")  # type: ignore[arg-type]  # the stubs want every field


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        CredentialRetrievalError(provider="custom-process", error_msg="canary"),
        TokenRetrievalError(provider="sso", error_msg="Token has expired"),
        UnauthorizedSSOTokenError(),
        SSOTokenLoadError(error_msg="no token"),
        LoginRefreshRequired(),
        RefreshWithMFAUnsupportedError(),
        MissingDependencyException(msg="botocore[crt]"),
        make_reply("ExpiredToken"),
        make_reply("ExpiredTokenException"),
        make_reply("RequestExpired"),
        make_reply("UnrecognizedClientException"),
        make_reply("InvalidClientTokenId"),
        make_reply("SignatureDoesNotMatch"),
    ],
)
def test_everything_about_credentials_is_one_kind(error: Exception) -> None:
    found = to_user_error(error, "logs", "FilterLogEvents")
    assert found.kind is ErrorKind.EXPIRED
    assert found.message.endswith(".")
    assert found.hint
    assert "canary" not in f"{found}{found.details}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (make_reply("AccessDenied", status=403), ErrorKind.DENIED),
        (make_reply("TooManyRequestsException", status=429), ErrorKind.THROTTLED),
        (make_reply("SomethingNew", status=429), ErrorKind.THROTTLED),
        (make_reply("ResourceNotFoundException"), ErrorKind.NOT_FOUND),
        (make_reply("ValidationException", "1 validation error"), ErrorKind.INVALID),
        (make_reply("LimitExceededException"), ErrorKind.OTHER),
        (make_reply("403", "<html>", status=403), ErrorKind.NOT_AWS),
        (ConfigParseError(path="config"), ErrorKind.INVALID),
        (BotoCoreError(), ErrorKind.OTHER),
        (TypeError("argument of type 'NoneType' is not iterable"), ErrorKind.NOT_AWS),
    ],
)
def test_classes_by_code_and_type(error: Exception, kind: ErrorKind) -> None:
    found = to_user_error(error, "logs", "FilterLogEvents")
    assert found.kind is kind
    assert "FilterLogEvents" in found.details


def test_denied_falls_back_to_the_operations_action() -> None:
    assert (
        to_user_error(make_reply("AccessDenied"), "logs", "FilterLogEvents").action == "logs:FilterLogEvents"
    )


def test_a_user_error_stays_as_it_is() -> None:
    error = UserError("Said.")
    assert to_user_error(error, "logs", "FilterLogEvents") is error


def test_tokens_in_a_quoted_request_are_cut_out() -> None:
    token = "IQoJb3JpZ2luX2VjE" * 20
    text = (
        f"The Canonical String should have been 'GET\n/\n\nx-amz-security-token:{token}\n"
        f"Credential=AKIACANARY123456789/x, Signature=abcdef0123' {token}"
    )
    found = to_user_error(make_reply("SignatureDoesNotMatch", text), "sts", "GetCallerIdentity")
    assert "IQoJ" not in f"{found}{found.details}"
    assert "CANARY" not in f"{found}{found.details}"
    assert "abcdef0123" not in f"{found}{found.details}"


def test_text_from_outside_is_short_and_printable() -> None:
    text = get_plain_text("a\x00b\x1b[31m\u202e\r\n" + "word " * 200)
    assert text.startswith("a b [31m word")
    assert len(text) == 300
    assert text.isprintable()
