"""What a connection that is not saved yet may do, and what there is to choose for it."""

from dataclasses import dataclass

from lambdadesk.aws.credentials import NoSource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.permissions import Check, check
from lambdadesk.aws.profiles import configured_endpoint, profile_region, profile_sso, sso_sessions
from lambdadesk.aws.sso import SsoSession
from lambdadesk.core.connections import AccessKey, ConnectionInfo
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from lambdadesk.desk.console import FALLBACK_REGION, Console


@dataclass(frozen=True, slots=True)
class Trial:
    """What a connection may do in one region; renews: its credentials do so without asking anybody."""

    check: Check
    region: str
    renews: bool


async def try_out(console: Console, info: ConnectionInfo, key: AccessKey | None) -> Trial:
    """Try each call that LambdaDesk makes; nothing is changed, run or saved. Raises UserError.

    key: what was entered; None: the one in the keyring, if the connection has any.
    """
    target = await console.resolve_stored(info)
    gateway = console.connections.open_gateway(info, target, console.connections.build_source(info, key))
    try:
        found = await check(gateway)
        return Trial(found, target.region, gateway.renews)
    finally:
        await gateway.close()


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """What the shared files say of a profile. sso: where one signs in for it, None: nowhere."""

    region: str
    endpoint_url: str
    sso: SsoSession | None


async def fetch_profile_facts(profile: str) -> ProfileFacts:
    """Read from the shared files and the environment. Raises UserError where they can't be parsed."""
    return await in_thread(
        lambda: ProfileFacts(profile_region(profile), configured_endpoint(profile), profile_sso(profile))
    )


async def fetch_sso_sessions() -> list[SsoSession]:
    """The sso-sessions of the shared files. Raises UserError where they can't be parsed."""
    return await in_thread(sso_sessions)


async def fetch_regions() -> list[str]:
    """The regions of AWS, from botocore's own data; nobody is asked."""
    gateway = Gateway(Target(FALLBACK_REGION), credentials=NoSource())
    try:
        return await gateway.regions()
    finally:
        await gateway.close()
