"""LogChoice and LogStart: which logs are followed in one view, and from when on."""

from collections.abc import Iterable
from dataclasses import dataclass

_FUNCTION, _GROUP, _PATTERN, _BACK = "function:", "group:", "pattern:", "back:"


@dataclass(frozen=True, slots=True)
class LogChoice:
    """Logs to follow together.

    functions: by name; of a log group that they share, only their own streams.
    groups:    by name; all of their streams.
    patterns:  names of log groups with a * for any text: /aws/lambda/api-*.
    """

    functions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.functions or self.groups or self.patterns)

    @property
    def words(self) -> str:
        """The one thing that is chosen, or how many of what."""
        every = (*self.functions, *self.groups, *self.patterns)
        if len(every) == 1:
            return every[0]
        counts = (
            (len(self.functions), "function"),
            (len(self.groups), "log group"),
            (len(self.patterns), "pattern"),
        )
        return ", ".join(f"{count} {noun}{'s' * (count > 1)}" for count, noun in counts if count)


@dataclass(frozen=True, slots=True)
class LogStart:
    """Where a tail begins: so much before it is opened, or at a moment; both in milliseconds."""

    lookback_ms: int = 10 * 60_000
    since_ms: int | None = None


def write_choice(choice: LogChoice, start: LogStart) -> tuple[str, ...]:
    """Both as the settings keep them; a moment is not kept, since it would be long ago the next time."""
    names = [
        *(_FUNCTION + name for name in choice.functions),
        *(_GROUP + name for name in choice.groups),
        *(_PATTERN + name for name in choice.patterns),
    ]
    if start.since_ms is None and start != LogStart():
        names.append(f"{_BACK}{start.lookback_ms}")
    return tuple(names)


def read_choice(names: Iterable[str]) -> tuple[LogChoice, LogStart]:
    """The inverse of `write_choice`; what is not understood is passed over."""
    every = list(names)
    backs = [back for back in _named(every, _BACK) if back.isascii() and back.isdigit()]
    choice = LogChoice(_named(every, _FUNCTION), _named(every, _GROUP), _named(every, _PATTERN))
    return choice, LogStart(int(backs[0])) if backs else LogStart()


def _named(names: list[str], prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix) and name != prefix)


def to_choice(functions: Iterable[str], names: Iterable[str]) -> LogChoice:
    """A choice of functions, and of log groups by names or patterns; what is named twice counts once."""
    every = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    return LogChoice(
        tuple(dict.fromkeys(functions)),
        tuple(name for name in every if "*" not in name),
        tuple(name for name in every if "*" in name),
    )
