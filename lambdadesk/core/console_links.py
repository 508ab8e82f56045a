"""Ways out of the window: the AWS web console, an ARN, and the AWS CLI."""

import shlex
from urllib.parse import quote

from lambdadesk.core.types import InvocationType, Target

_CONSOLE_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
LATEST = "$LATEST"
# What an endpoint that is not AWS is signed for with, so that it never sees anybody's own keys.
_PLACEHOLDER_KEYS = ("AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")


def console_url(arn: str, qualifier: str = "") -> str:
    """Address of a function in the AWS web console; empty where its partition has none that is public.

    arn: of the function, without qualifier. qualifier: a version or an alias.
    """
    parts = arn.split(":")
    if len(parts) < 7 or parts[0] != "arn" or parts[1] not in _CONSOLE_DOMAINS:
        return ""
    region, name = quote(parts[3], safe=""), quote(parts[6], safe="")
    page = f"/functions/{name}"
    if qualifier and qualifier != LATEST:
        kind = "versions" if qualifier.isdecimal() else "aliases"
        page += f"/{kind}/{quote(qualifier, safe='')}"
    return f"https://{region}.{_CONSOLE_DOMAINS[parts[1]]}/lambda/home?region={region}#{page}"


def qualified_arn(arn: str, qualifier: str = "") -> str:
    """The ARN of a version or alias of a function."""
    return f"{arn}:{qualifier}" if qualifier and qualifier != LATEST else arn


def cli_command(
    target: Target,
    function: str,
    *,
    qualifier: str = "",
    kind: InvocationType = InvocationType.REQUEST_RESPONSE,
    payload_file: str = "",
    is_aws: bool = True,
) -> str:
    """`aws lambda invoke ...` as one line for a POSIX shell, its words quoted where they must be.

    It holds neither credentials nor the payload, which is read from `payload_file` where one is given.
    is_aws: False for any other endpoint: without a profile it is signed for with placeholders.
    """
    words = ["aws", "lambda", "invoke", "--function-name", function]
    if qualifier and qualifier != LATEST:
        words += ["--qualifier", qualifier]
    if kind is not InvocationType.REQUEST_RESPONSE:
        words += ["--invocation-type", kind]
    if payload_file:
        words += ["--cli-binary-format", "raw-in-base64-out", "--payload", f"file://{payload_file}"]
    words += ["--region", target.region]
    if target.profile:
        words += ["--profile", target.profile]
    if target.endpoint_url:
        words += ["--endpoint-url", target.endpoint_url]
    # The function may run for 15 minutes; after 60 s the CLI would send the same event again.
    words += ["--cli-read-timeout", "930", "response.json"]
    placeholders = () if is_aws or target.profile else _PLACEHOLDER_KEYS
    return " ".join([*placeholders, shlex.join(words)])
