"""The profiles of the AWS configuration files. No credential is read here."""

import os
from collections.abc import Iterable
from typing import Any

from lambdadesk.aws.failures import to_user_error
from lambdadesk.aws.sso import SsoSession


def profiles() -> list[str]:
    """Names of the profiles in the shared files, sorted. Reads disk and imports botocore: use a thread.

    Raises UserError where a file can't be parsed.
    """
    import botocore.session

    try:
        return sorted(botocore.session.Session().available_profiles)
    except Exception as error:
        raise to_user_error(error, "configuration", "profiles") from error


def profile_region(profile: str) -> str:
    """The region that the environment, else the profile ("": the default one) names, else "".

    AWS_REGION comes first, as in the AWS CLI; botocore itself reads AWS_DEFAULT_REGION alone.
    """
    if region := os.environ.get("AWS_REGION"):
        return region
    import botocore.session

    try:
        region = botocore.session.Session(profile=profile or None).get_config_variable("region")
    except Exception as error:
        raise to_user_error(error, "configuration", "region") from error
    return str(region or "")


def profile_regions(profiles: Iterable[str]) -> dict[str, str]:
    """`profile_region` of many profiles by name, the files read once; "" also for one that does not exist.

    Raises UserError where a file can't be parsed.
    """
    names = list(profiles)
    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        return dict.fromkeys(names, region)
    import botocore.session

    try:
        found = botocore.session.Session().full_config.get("profiles", {})
    except Exception as error:
        raise to_user_error(error, "configuration", "region") from error
    return {name: str(found.get(name, {}).get("region") or "") for name in names}


def configured_endpoint(profile: str) -> str:
    """The endpoint for Lambda that a profile or the environment names, else "". LambdaDesk does not use it.

    The order is the AWS CLI's: environment before profile, the service before all services.
    """
    for name in ("AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"):
        if os.environ.get(name):
            return os.environ[name]
    config, scoped = _read(profile)
    services = config.get("services", {}).get(scoped.get("services", ""), {}).get("lambda", {})
    own = services.get("endpoint_url") if isinstance(services, dict) else ""
    return str(own or scoped.get("endpoint_url") or "")


def profile_sso(profile: str) -> SsoSession | None:
    """Where one signs in for a profile of IAM Identity Center, so that Sso and SsoLogin can; None: nowhere.

    Follows source_profile, as the credentials do.
    """
    config, scoped = _read(profile)
    visited: set[str] = set()
    while "sso_start_url" not in scoped and "sso_session" not in scoped:
        source = str(scoped.get("source_profile", ""))
        if not source or source in visited:
            return None
        visited.add(source)
        scoped = config.get("profiles", {}).get(source, {})
    name = str(scoped.get("sso_session", ""))
    return _to_session(name, config.get("sso_sessions", {}).get(name, {}) if name else scoped)


def sso_sessions() -> list[SsoSession]:
    """The sso-sessions of the shared config file, by name. Raises UserError where a file can't be parsed."""
    sessions = _read("")[0].get("sso_sessions", {})
    return [_to_session(name, sessions[name]) for name in sorted(sessions)]


def _to_session(name: str, session: dict[str, Any]) -> SsoSession:
    scopes = str(session.get("sso_registration_scopes", ""))
    return SsoSession(
        start_url=str(session.get("sso_start_url", "")),
        region=str(session.get("sso_region", "")),
        name=name,
        scopes=tuple(scope.strip() for scope in scopes.split(",") if scope.strip()),
    )


def _read(profile: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """All of the shared files, and the part of a profile ("": the default one)."""
    import botocore.session

    try:
        session = botocore.session.Session(profile=profile or None)
        return session.full_config, session.get_scoped_config()
    except Exception as error:
        raise to_user_error(error, "configuration", "profile") from error
