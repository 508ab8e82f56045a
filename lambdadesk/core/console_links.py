"""Ways out of the window: the AWS web console, and an ARN."""

from urllib.parse import quote

_CONSOLE_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
LATEST = "$LATEST"


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
