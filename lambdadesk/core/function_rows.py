"""FunctionRow, everything the function table knows of one function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdadesk.core.types import FunctionInfo

if TYPE_CHECKING:  # not needed for the first frame
    from lambdadesk.core.figures import Figures
    from lambdadesk.core.lamps import Lamp

RowKey = tuple[str, str]  # Target.key, function name


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """One function of one connection. What is None is not known: still loading, denied, or not asked for.

    connection_key, connection: the target's key and title; colour: the connection's "#rrggbb", or empty.
    account: its number and alias, empty while it is not known.
    tags: empty where there are none. triggers: kinds of sources ("sqs"), empty where there is none;
    has_more_triggers: there may be others, which nobody has looked for yet.
    is_gone: AWS listed it earlier and lists it no more.
    """

    connection_key: str
    connection: str
    account: str
    region: str
    function: FunctionInfo
    tags: Mapping[str, str] | None = None
    figures: "Figures | None" = None
    triggers: tuple[str, ...] | None = None
    has_more_triggers: bool = False
    lamps: "tuple[Lamp, ...]" = ()
    is_pinned: bool = False
    is_gone: bool = False
    colour: str = ""

    @property
    def knows_triggers(self) -> bool:
        return self.triggers is not None and not self.has_more_triggers

    @property
    def key(self) -> RowKey:
        return self.connection_key, self.function.name
