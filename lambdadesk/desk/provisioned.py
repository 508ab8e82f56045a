"""Provisioned, which aliases and versions have provisioned concurrency: asked once, when a cost needs it."""

from lambdadesk.aws.functions import fetch_provisioned
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event

_LATEST = "$LATEST"  # which can't have any


class Provisioned:
    """Of one connection. The call is free; a refusal is kept, so that it is asked once, too.

    Event found: the function of which more is known.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.found: Event[str] = Event()
        self._gateway = gateway
        self._known: dict[str, frozenset[str] | None] = {}  # by function; None: it could not be asked

    def needs(self, function: str, *qualifiers: str) -> bool:
        """Whether a look is worth it for an invocation as one of these."""
        if function in self._known or self._gateway.target.is_local:  # which has no such thing
            return False
        return any(each not in ("", _LATEST) for each in qualifiers)

    async def find(self, function: str) -> None:
        """Ask, unless that is known."""
        if function in self._known:
            return
        try:
            found: frozenset[str] | None = frozenset(await fetch_provisioned(self._gateway, function))
        except UserError:
            found = None
        self._known[function] = found
        self.found.emit(function)

    def may_have_served(self, function: str, qualifier: str, *, is_version: bool = False) -> bool | None:
        """Whether provisioned concurrency may have served an invocation; None: it can't be told.

        is_version: the qualifier is the version that ran, which an alias may have stood for.
        """
        if qualifier in ("", _LATEST) or function not in self._known:
            return False
        known = self._known[function]
        if known is None:
            return None
        return qualifier in known or (is_version and any(not each.isdecimal() for each in known))

    def forget(self) -> None:
        """Ask again: others' rights may be in use."""
        self._known.clear()
