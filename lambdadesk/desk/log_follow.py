"""LogFollow, what the log page of a function follows: its own log, or others with it in one view."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lambdadesk.aws.logs import fetch_groups
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.log_choice import LogChoice, LogStart, read_choice, write_choice
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.tailer import Tailer, TailGroup, TailState
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection

MOST_GROUPS = 50
LOOK_AGAIN_S = 60.0  # for log groups that have come to fit a pattern
WAITING_S = 20.0  # the same while none fits
_SHARE = 10  # a look that took a second, over many pages of names, is not repeated before so many
_REACH_MS = 24 * 3_600_000  # of longer ago there may be more log than anybody waits for
_BEFORE_MS = 60_000  # init is logged before an invocation starts
_OWN_PREFIX = "/aws/lambda/"
_CROWD = 2  # reads of each group within a poll that the quota still allows


class LogFollow:
    """Shows the function's own tail until anything else is chosen; then a tail of its own, for this page.

    tail:   what is shown now.
    choice, start: what was chosen last, also where it could not be followed (see `error`).
    waiting: patterns that no log group's name fits yet.

    Event replaced: another tail is shown.
    Event changed: after `error`, `notes` or the groups of the tail changed.
    """

    def __init__(
        self,
        connection: "Connection",
        function: FunctionInfo,
        settings: Settings | None = None,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self.function = function
        self.own = LogChoice((function.name,))
        self.choice, self.start = self.own, LogStart()
        self.tail = connection.follow(function)
        self.error: UserError | None = None
        self.replaced: Event[[]] = Event()
        self.changed: Event[[]] = Event()
        self.connection = connection
        self._settings = settings
        self._look_again_s = look_again_s
        self._notes: list[str] = []
        self.waiting: list[str] = []
        self._look_s = 0.0  # how long the last look for groups took
        self._tail_start: LogStart | None = None  # where the tail shown begins, None for the own one
        self._key = f"{connection.target.key} {function.name}"
        self._choosing, self._following = f"choose logs {function.name}", f"logs {function.name}"

    @property
    def is_own(self) -> bool:
        """Whether the tail shown is the function's own, which the other pages use, too."""
        return self.tail is self.connection.tails.get(self.function.name)

    @property
    def notes(self) -> list[str]:
        """What is to be said of the groups, one sentence each."""
        quota, count = self.connection.gateway.logs_quota, len(self.tail.followed)
        crowd = []
        if quota is not None and count > _CROWD * quota.rate_per_s:
            crowd.append(
                f"{count} log groups share {quota.rate_per_s:g} requests a second: "
                f"each is read about every {count / quota.rate_per_s:.0f} s at best."
            )
        left = [source for source in self.tail.sources if source.state is TailState.LEFT]
        known = [source for source in left if source.counts.received]
        names = ", ".join(source.name for source in known)
        lines = sum(source.counts.received for source in known)
        ended = [f"No longer followed: {names}; lines read of it that stay here: {lines:,}."] if known else []
        return [] if self.is_own else [*self._waiting_words, *ended, *self._notes, *crowd]

    @property
    def waiting_words(self) -> str:
        """What is waited for, as sentences; empty where nothing is."""
        return " ".join(self._waiting_words)

    @property
    def _waiting_words(self) -> list[str]:
        return [
            f"No log group matches {pattern} yet; looked again every {self._pause_s:.0f} s."
            for pattern in self.waiting
        ]

    @property
    def _pause_s(self) -> float:
        usual_s = min(WAITING_S, self._look_again_s) if self.waiting else self._look_again_s
        return max(usual_s, _SHARE * self._look_s)

    def take_up(self) -> None:
        """Go on with what was chosen the last time that the function was open."""
        kept = dict(self._settings.followed_logs).get(self._key, ()) if self._settings else ()
        choice, start = read_choice(kept)
        if kept:
            self._use(self.own if choice.is_empty else choice, start)

    def use(self, choice: LogChoice, start: LogStart, *, anew: bool = False) -> None:
        """Follow these from there on, in place of what was followed before; where that fails, see `error`.

        What is followed from there already goes on, unless all is to be read anew.
        """
        if self._settings is not None:
            kept = dict(self._settings.followed_logs)
            kept.pop(self._key, None)
            if names := write_choice(LogChoice() if choice == self.own else choice, start):
                kept[self._key] = names
            self._settings.followed_logs = kept
        self._use(choice, start, anew=anew)

    def reach_back(self, request_id: str, started_ms: float) -> None:
        """Follow from where an invocation began, where that is before what is followed; a day ago at most."""
        now_ms, start = self.connection.gateway.server_now_ms, self.start
        begin_ms = now_ms - start.lookback_ms if start.since_ms is None else start.since_ms
        is_shown = started_ms >= begin_ms or self.tail.invocations.of_request(request_id)
        if not is_shown and started_ms >= now_ms - _REACH_MS:
            self.use(self.choice, LogStart(since_ms=int(started_ms) - _BEFORE_MS))

    def close(self) -> None:
        """End what is followed for this page alone."""
        scope = self.connection.scope
        scope.cancel(self._choosing)
        scope.cancel(self._following)
        self.connection.more_tails.pop(self.function.name, None)

    def _use(self, choice: LogChoice, start: LogStart, *, anew: bool = True) -> None:
        self.choice, self.start, self.error = choice, start, None
        if choice == self.own and start == LogStart():
            self.close()
            self._replace(self.connection.follow(self.function), None)
        else:
            self.connection.scope.start(self._choosing, self._choose, choice, start, anew)

    def _replace(self, tail: Tailer, start: LogStart | None) -> None:
        self._notes, self.waiting, self._tail_start = [], [], start
        if tail is not self.tail:
            self.tail.resume()  # its own may be paused, and others wait for it
            self.tail = tail
            self.replaced.emit()
        self.changed.emit()

    async def _choose(self, choice: LogChoice, start: LogStart, anew: bool) -> None:
        try:
            groups, notes, waiting = await self._find(choice)
        except UserError as error:
            self.error = error
            self.changed.emit()
            return
        if anew or self._tail_start != start or _overlap(groups, self.tail):
            tail = self.connection.make_tail(
                self.function, groups, lookback_ms=start.lookback_ms, since_ms=start.since_ms
            )
            self.connection.more_tails[self.function.name] = tail
            self.connection.scope.start(self._following, tail.run)
            self._replace(tail, start)
        else:
            tail = self.tail
            tail.follow(groups)
        self._notes, self.waiting = notes, waiting
        self.changed.emit()
        while choice.patterns:
            await asyncio.sleep(self._pause_s)
            await self._look_again(choice, tail)

    async def _look_again(self, choice: LogChoice, tail: Tailer) -> None:
        try:
            groups, notes, waiting = await self._find(choice)
        except UserError as error:
            self._notes = [f"New log groups can't be looked for at the moment: {error.message}"]
            self.changed.emit()
            return
        self._notes, self.waiting = notes, waiting
        known = {source.name for source in tail.followed}
        room = max(0, MOST_GROUPS - len(known))
        tail.take_in([group for group in groups if group.name not in known][:room])
        self.changed.emit()

    async def _find(self, choice: LogChoice) -> tuple[list[TailGroup], list[str], list[str]]:
        """What to follow, what is to be said of the patterns, and those that nothing fits yet. UserError."""
        waiting: list[str] = []
        groups = [self._group_of(name) for name in choice.functions]
        notes = [
            f"{name} is shared: streams that name no function are shown for each of the {count} followed."
            for name, count in Counter(group.name for group in groups).items()
            if count > 1 and name not in choice.groups
        ]
        groups += [self._whole(name) for name in choice.groups]
        fits: list[str] = []
        began_s = time.monotonic()
        for pattern in choice.patterns:
            found = await fetch_groups(self.connection.gateway, pattern, MOST_GROUPS + 1)
            if not found:
                waiting.append(pattern)
                continue
            more = f"more than {MOST_GROUPS}" if len(found) > MOST_GROUPS else str(len(found))
            noun = "log group" if len(found) == 1 else "log groups"
            fits.append(f"{pattern} fits {more} {noun}")
            groups += [self._whole(group.name) for group in found]
        self._look_s = time.monotonic() - began_s
        pause_s = max(LOOK_AGAIN_S, _SHARE * self._look_s)
        within = "a minute" if pause_s == LOOK_AGAIN_S else f"{pause_s / 60 + 0.5:.0f} minutes"
        notes += [f"{each}; new ones are taken in within {within}." for each in fits]
        groups = list(_without_repeats(groups))
        if len(groups) > MOST_GROUPS:
            notes.append(f"Only the first {MOST_GROUPS} log groups are followed.")
        return groups[:MOST_GROUPS], notes, waiting

    def _group_of(self, name: str) -> TailGroup:
        known = self.function if name == self.function.name else self.connection.catalog.get(name)
        return TailGroup((known or FunctionInfo(name)).log_group_name, name)

    def _whole(self, name: str) -> TailGroup:
        """All streams of a group; where it is a function's own, its invocations are counted as that one's."""
        function = name.removeprefix(_OWN_PREFIX)
        is_own = function != name and self._group_of(function).name == name
        return TailGroup(name, function if is_own and self.connection.catalog.get(function) else "")


def _overlap(groups: Iterable[TailGroup], tail: Tailer) -> bool:
    """Whether a tail has read a part of these groups as another group: what was read would be there twice."""
    known = {(source.name, bool(source.group.function)) for source in tail.sources}
    return any((group.name, not group.function) in known for group in groups)


def _without_repeats(groups: Iterable[TailGroup]) -> Iterable[TailGroup]:
    """Each group once; where all of its streams are wanted, those of a function are among them."""
    every = list(dict.fromkeys(groups))
    whole = {group.name for group in every if not group.function}
    return (group for group in every if not group.function or group.name not in whole)
