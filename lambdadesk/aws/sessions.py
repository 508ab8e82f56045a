"""Sessions of botocore, and the settings that every client has."""

import copy
import functools
import logging
import os
import sys
from contextlib import suppress
from typing import Any

from lambdadesk.aws.endpoints import is_loopback

# Their DEBUG records hold what is signed and what comes back, session tokens and assumed keys included.
_TALKATIVE = ("botocore.auth", "botocore.endpoint", "botocore.parsers")


def open_session(profile: str | None, ca_bundle: str = "") -> Any:
    """A session with the settings of a profile ("": the default one); None reads no file and no AWS_PROFILE.

    ca_bundle: path of the certificates that an endpoint's is checked with; empty: the usual ones.
    botocore is used without boto3's session, which adds 50 ms of resource models that nobody here needs.
    """
    # 45 ms that only `aws login` profiles need, see allow_login_sessions.
    sys.modules.setdefault("awscrt", None)  # type: ignore[arg-type]  # what an import refuses is None
    import botocore.session

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)
    options: dict[str, Any] = {"profile": profile or None}
    if profile is None:
        # The files may hold credentials, and a broken one would stop us.
        options = {
            "session_vars": {
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        }
    # A copy takes 0.2 ms, to register botocore's own handlers again 4 ms; each region has a session.
    handlers = copy.copy(_get_handlers())
    session = botocore.session.Session(event_hooks=handlers, include_builtin_handlers=False, **options)
    session.register_component("data_loader", _get_loader())
    if ca_bundle:
        session.set_config_variable("ca_bundle", ca_bundle)
    # On the session, so that it also holds for the clients botocore makes to fetch credentials.
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    return session


def allow_login_sessions() -> None:
    """Give botocore the elliptic curves that it signs the requests of `aws login` profiles with."""
    if sys.modules.get("awscrt") is None:
        sys.modules.pop("awscrt", None)
    import botocore.credentials

    with suppress(ImportError):  # botocore then says what is missing
        from awscrt.crypto import EC

        botocore.credentials.EC = EC


def create_client(
    session: Any,
    service: str,
    region: str,
    endpoint_url: str,
    keys: dict[str, Any] | None = None,
    **config: Any,
) -> Any:
    """A client of a session. keys: credentials other than the session's; config: botocore's Config."""
    from botocore.config import Config

    options: dict[str, Any] = {"region_name": region}
    if endpoint_url:
        options["endpoint_url"] = endpoint_url
        config["inject_host_prefix"] = False  # "stream-127.0.0.1" is no host
        if is_loopback(endpoint_url):
            config["proxies"] = {}
    # Given, it is not put together anew for each request, which takes 0.1 ms.
    settings = Config(ignore_configured_endpoint_urls=True, user_agent=session.user_agent(), **config)
    return session.create_client(service, config=settings, **options, **(keys or {}))


# Of the calls that fetch credentials.
SIGN_IN_SETTINGS: dict[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 10,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}


@functools.cache
def _get_handlers() -> Any:
    """botocore's own handlers, as a session registers them. Nothing is ever added to these."""
    import botocore.session
    from botocore.hooks import HierarchicalEmitter

    handlers = HierarchicalEmitter()
    botocore.session.Session(event_hooks=handlers)
    return handlers


@functools.cache
def _get_loader() -> Any:
    """One reader of API models for all sessions, since it keeps what it has parsed."""
    from lambdadesk.aws.models import ModelLoader

    return ModelLoader()
