"""Secret, a text that can't be shown by mistake."""

from typing import NoReturn


class Secret:
    """Holds a secret text; only `reveal` gives it out.

    repr, str, format, pickling and JSON show a mask or refuse, so that no log line, traceback, dataclass dump
    or widget that was handed the wrong object holds it.
    """

    __slots__ = ("_text",)
    MASK = "•••"

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one place that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({self.MASK})"

    def __str__(self) -> str:
        return self.MASK

    def __format__(self, spec: str) -> str:
        return format(self.MASK, spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")
