"""Which targets may be asked at all: regions and endpoint addresses are checked before any socket opens."""

import ipaddress
import re
from urllib.parse import urlsplit

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")
_ENDPOINT = re.compile(r"[!-~]+")  # printable ASCII: no blanks, no control characters, no look-alikes


def check_target(target: Target, *, accepts_plain_http: bool = False) -> None:
    """Raise UserError (INVALID) unless the region and the endpoint of `target` are safe to use.

    The region becomes part of a host name, so that "x.example/" must never get there. Signed requests go over
    plain http to loopback only, unless the person accepted it for this endpoint.
    """
    if not target.region:
        raise _invalid("No region is chosen.", "Choose one, or give --region.")
    if not is_region(target.region):
        raise _invalid(f"{target.region[:60]!r} is not an AWS region.", "Use a name like eu-central-1.")
    if target.endpoint_url:
        _check_endpoint(target.endpoint_url, accepts_plain_http)


def is_region(name: str) -> bool:
    """Whether the name has the form of a region's, so that it can be part of a host name."""
    return _REGION.fullmatch(name) is not None


def is_loopback(endpoint_url: str) -> bool:
    """Whether the address is this machine itself, by its name alone (nothing is resolved)."""
    host = urlsplit(endpoint_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_aws(target: Target) -> bool:
    """Whether AWS itself is asked (directly, or by an endpoint of its domain), so that its quotas hold."""
    host = urlsplit(target.endpoint_url).hostname or ""
    return not target.endpoint_url or host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def _check_endpoint(url: str, accepts_plain_http: bool) -> None:
    hint = "Give it like http://127.0.0.1:4566 or https://lambda.example.com."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _invalid("The endpoint is not a valid address.", hint) from None
    if not _ENDPOINT.fullmatch(url) or "\\" in url or parts.scheme not in ("http", "https") or not host:
        raise _invalid("The endpoint is not a valid http or https address.", hint)
    if port == 0:
        raise _invalid("The endpoint has no usable port.", hint)
    if "@" in parts.netloc:
        raise _invalid(
            "The endpoint must not contain a user name or password.", "Put credentials in a profile."
        )
    if parts.path not in ("", "/") or "?" in url or "#" in url:
        raise _invalid("The endpoint must be a host without a path.", hint)
    if parts.scheme == "http" and not accepts_plain_http and not is_loopback(url):
        raise _invalid(
            f"Requests to {host} would be signed over unencrypted http.",
            "Use https, or accept plain http in the connection; without that it is for this machine only.",
        )


def _invalid(message: str, hint: str) -> UserError:
    return UserError(message, hint, kind=ErrorKind.INVALID)
