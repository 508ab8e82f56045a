"""The profiles of the AWS configuration files. Names only: no credential is read here."""

from lambdadesk.aws.failures import to_user_error


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
    """The region a profile (or, for "", the environment and default profile) names, else ""."""
    import botocore.session

    try:
        region = botocore.session.Session(profile=profile or None).get_config_variable("region")
    except Exception as error:
        raise to_user_error(error, "configuration", "region") from error
    return str(region or "")
