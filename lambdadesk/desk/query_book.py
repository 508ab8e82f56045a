"""QueryBook, the Logs Insights queries that the user keeps, and those that were run last."""

from lambdadesk.store.settings import Settings

_LAST_KEPT = 50  # functions


class QueryBook:
    """The kept queries are the same for all connections; the last one is each function's own.

    settings: None keeps nothing beyond the connection.
    """

    def __init__(self, settings: Settings | None, target_key: str) -> None:
        self._settings = settings
        self._target_key = target_key
        self._saved: tuple[tuple[str, str], ...] = ()  # without settings
        self._last: tuple[tuple[str, str], ...] = ()

    @property
    def saved(self) -> tuple[tuple[str, str], ...]:
        """Name and text of each, in the order in which they were kept."""
        return self._settings.saved_queries if self._settings else self._saved

    def save(self, name: str, text: str) -> None:
        """Keep a query; one of the same name is replaced in its place."""
        saved = dict(self.saved)
        saved[name] = text
        self._keep(tuple(saved.items()))

    def delete(self, name: str) -> None:
        self._keep(tuple(each for each in self.saved if each[0] != name))

    def get_last(self, function: str) -> str:
        """What a function's page ran last, empty where it ran nothing yet."""
        return dict(self._lasts).get(self._key(function), "")

    def note_last(self, function: str, text: str) -> None:
        key = self._key(function)
        others = tuple(each for each in self._lasts if each[0] != key)
        lasts = ((key, text), *others)[:_LAST_KEPT]
        if self._settings:
            self._settings.last_queries = lasts
        else:
            self._last = lasts

    @property
    def _lasts(self) -> tuple[tuple[str, str], ...]:
        return self._settings.last_queries if self._settings else self._last

    def _key(self, function: str) -> str:
        return f"{self._target_key} {function}"

    def _keep(self, saved: tuple[tuple[str, str], ...]) -> None:
        if self._settings:
            self._settings.saved_queries = saved
        else:
            self._saved = saved
