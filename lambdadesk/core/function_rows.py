"""FunctionRow, a function and where it is."""

from dataclasses import dataclass

from lambdadesk.core.types import FunctionInfo


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """One function of one place, a connection in a region.

    connection_key: the `Target.key` of the place; connection: its title, colour: its "#rrggbb" or empty.
    account: its number or alias, empty while it is not known. is_gone: deleted, but still looked at.
    """

    connection_key: str
    function: FunctionInfo
    connection: str = ""
    colour: str = ""
    account: str = ""
    region: str = ""
    is_gone: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.connection_key, self.function.name
