"""Restorer, which puts a function back as it was before a power sweep, now or at the next start."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.sizes import delete_version, fetch_made, fetch_settled, update_size
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.power_sweep import ChangedElsewhereError, Found, LatestState, SweepEntry, judge
from lambdadesk.core.threads import in_thread
from lambdadesk.store.sweep_journal import SweepJournal

PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0)  # before trying once more
_LOOKS: Final = 20  # at a change that does not show yet
_PASSING: Final = (ErrorKind.THROTTLED, ErrorKind.TIMEOUT, ErrorKind.OFFLINE, ErrorKind.OTHER)


class Restorer:
    """Changes $LATEST's memory and puts it back; each change is in the journal before it is made.

    It never overwrites what somebody else did meanwhile (ChangedElsewhereError), and writes nothing where
    nothing was changed.
    """

    def __init__(
        self,
        gateway: Gateway,
        journal: SweepJournal,
        entry: SweepEntry,
        confirmed: bool,
        *,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.entry = entry
        self._gateway = gateway
        self._journal = journal
        self._confirmed = confirmed
        self._pauses_s = pauses_s

    async def look(self) -> LatestState:
        """What $LATEST is, once it has settled. NOT_FOUND where the function is gone."""
        return await fetch_settled(self._gateway, self.entry.function)

    async def look_again(self, size: int) -> None:
        """Take what $LATEST is now, after a version of it was published, for what it is to stay."""
        state = await self.look()
        if state.memory_mb == size:
            await self._note(last_modified=state.last_modified)

    async def set_size(self, size: int) -> LatestState:
        """Give $LATEST a size, and return what it is once that has settled."""
        state = await self.look()
        self._check(state)
        return state if state.memory_mb == size else await self._update(state, size)

    async def restore(self, *, is_wanted: bool = False) -> None:
        """Put $LATEST's memory back. is_wanted: the person said so, whatever was changed meanwhile.

        What may pass (throttling, a lost connection) is tried again some times. Raises UserError.
        """
        for pause_s in (*self._pauses_s, None):
            try:
                await self._restore(is_wanted)
                return
            except ChangedElsewhereError:
                # A change whose answer was lost makes another revision, too, and may show late.
                if pause_s is None or not self.entry.is_changing:
                    raise
                await asyncio.sleep(pause_s)
            except UserError as error:
                if error.kind is ErrorKind.NOT_FOUND:  # there is nothing to put back
                    await self._note(is_needed=False, set_mb=(), is_changing=False)
                    return
                if pause_s is None or error.kind not in _PASSING:
                    message = (
                        f"The memory of {self.entry.function} could not be put back to "
                        f"{self.entry.memory_mb:,} MB. {error.message}"
                    )
                    raise _retold(error, message, "Try again, or set it by hand.") from error
                await asyncio.sleep(pause_s)

    async def clean(self) -> None:
        """Delete the versions that were made; then, if the memory is as it was, there is nothing to remember.

        Raises UserError where some could not be deleted.
        """
        failure: UserError | None = None
        left: list[str] = []
        try:
            versions = await self.fetch_versions()
        except UserError as error:
            message = (
                f"Versions of {self.entry.function} that were made for the sweep may be left. {error.message}"
            )
            raise _retold(error, message, error.hint) from error
        for version in versions:
            try:
                await delete_version(self._gateway, self.entry.function, version, confirmed=self._confirmed)
            except UserError as error:
                failure, left = error, [*left, version]
        if failure is not None:
            noun = "Version" if len(left) == 1 else "Versions"
            message = (
                f"{noun} {', '.join(left)} of {self.entry.function} could not be deleted. {failure.message}"
            )
            raise _retold(failure, message, failure.hint)
        if not self.entry.set_mb:
            await self.forget()

    async def fetch_versions(self) -> list[str]:
        """The versions that were made for the sweep and are still there."""
        try:
            return await fetch_made(self._gateway, self.entry.function, self.entry.description)
        except UserError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return []
            raise

    async def forget(self) -> None:
        """Strike it from the journal."""
        await in_thread(self._journal.remove, self.entry)

    async def _restore(self, is_wanted: bool) -> None:
        if not self.entry.set_mb:
            return
        state = await self.look()
        is_back = state.memory_mb == self.entry.memory_mb
        if not is_back and not is_wanted:
            self._check(state)
        # A change whose answer was lost may still come; it can't, once there is another revision.
        if not is_back or self.entry.is_changing:
            state = await self._update(state, self.entry.memory_mb, is_restoring=True)
        await self._note(is_needed=False, set_mb=(), last_modified=state.last_modified, is_changing=False)

    async def _update(self, state: LatestState, size: int, *, is_restoring: bool = False) -> LatestState:
        former = self.entry
        await self._note(
            is_needed=not is_restoring,
            set_mb=tuple(dict.fromkeys((*former.set_mb, size))),
            last_modified=state.last_modified,
            is_changing=True,
        )
        try:
            await update_size(
                self._gateway, former.function, size, state.revision_id, confirmed=self._confirmed
            )
        except UserError as error:
            if error.kind in _PASSING:
                raise  # it may have been done, or may still be
            # A call that is sent twice, since its first answer was lost, is refused for its own change.
            is_done = isinstance(error, ChangedElsewhereError) and (await self.look()).memory_mb == size
            if not is_done or state.memory_mb == size:
                await self._note(is_needed=False, set_mb=former.set_mb, is_changing=former.is_changing)
                raise
        settled = await self._look_at_change(state, size)
        if settled.failure or settled.memory_mb != size:
            await self._note(is_needed=False, is_changing=False)
            if settled.failure:
                raise UserError(f"Lambda could not update {former.function}.", settled.failure)
            raise self._changed(settled)
        await self._note(is_needed=not is_restoring, last_modified=settled.last_modified, is_changing=False)
        return settled

    async def _look_at_change(self, before: LatestState, size: int) -> LatestState:
        """What came of a change. What is read right after one may still be what was there before it."""
        for _ in range(_LOOKS):
            state = await self.look()
            if state.memory_mb == size or state.last_modified != before.last_modified:
                return state
            await asyncio.sleep(self._pauses_s[0] if self._pauses_s else 0)
        raise UserError(
            f"Lambda does not show the new memory of {self.entry.function}.",
            "Try again in a while.",
            kind=ErrorKind.TIMEOUT,
        )

    def _check(self, state: LatestState) -> None:
        """Raise where what $LATEST is now is not this sweep's doing alone."""
        is_known = self.entry.is_changing or state.last_modified == self.entry.last_modified
        if not is_known or judge(self.entry, state) is Found.CHANGED_ELSEWHERE:
            raise self._changed(state)

    def _changed(self, state: LatestState) -> ChangedElsewhereError:
        return ChangedElsewhereError(
            f"Somebody else changed {self.entry.function} meanwhile: it has {state.memory_mb:,} MB now, "
            f"and had {self.entry.memory_mb:,} MB before the sweep.",
            "Nothing was overwritten. See whether that is what it should have.",
            kind=ErrorKind.INVALID,
        )

    async def _note(self, *, is_needed: bool = True, **changes: Any) -> None:
        """Change the entry, on the disk too; where that fails, nothing is put back any less for it."""
        former, self.entry = self.entry, replace(self.entry, **changes)
        try:
            await in_thread(self._journal.write, self.entry)
        except UserError:
            if is_needed:
                self.entry = former
                raise


@dataclass(frozen=True, slots=True)
class LostSweep:
    """A sweep that a process began and did not end. memory_mb: what $LATEST has now.

    versions: those that were made for it, and are still there.
    """

    entry: SweepEntry
    found: Found
    memory_mb: int
    versions: tuple[str, ...] = ()

    @property
    def changes_memory(self) -> bool:
        """Whether the memory is another than before the sweep, and the sweep may be why."""
        return self.found is not Found.AS_IT_WAS

    @property
    def message(self) -> str:
        """What happened, in a sentence."""
        function, before = self.entry.function, self.entry.memory_mb
        begin = f"LambdaDesk was ended during a power sweep of {function}"
        if self.changes_memory:
            return f"{begin}; its memory was {before:,} MB, now {self.memory_mb:,} MB."
        noun = "version" if len(self.versions) == 1 else "versions"
        return f"{begin}; its memory is as it was, but {len(self.versions)} {noun} made for it are left."

    @property
    def hint(self) -> str:
        parts = []
        if self.found is Found.CHANGED_ELSEWHERE:
            parts.append("Somebody else has changed the function since, so look whether that is wanted.")
        if self.versions:
            noun = "Version" if len(self.versions) == 1 else "Versions"
            parts.append(f"{noun} {', '.join(self.versions)} can be deleted.")
        return " ".join(parts)


async def fetch_lost(gateway: Gateway, journal: SweepJournal) -> list[LostSweep]:
    """What earlier processes left behind at this target; what turns out to be as it was is forgotten.

    UserError where AWS does not say; the journal then keeps it for the next time.
    """
    lost = []
    for entry in await in_thread(journal.load, gateway.target.key):
        restorer = Restorer(gateway, journal, entry, confirmed=False)
        try:
            state = await restorer.look()
        except UserError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            await restorer.forget()
            continue
        versions = tuple(await restorer.fetch_versions())
        found = judge(entry, state)
        if found is Found.AS_IT_WAS and not versions:
            await restorer.forget()
        else:
            lost.append(LostSweep(entry, found, state.memory_mb, versions))
    return lost


def _retold(error: UserError, message: str, hint: str) -> UserError:
    return UserError(message, hint, kind=error.kind, details=error.details, action=error.action)
