"""Questions that only a person can answer, asked from the thread that fetches credentials."""

import asyncio
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from enum import StrEnum

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event


class QuestionKind(StrEnum):
    MFA_CODE = "mfa code"  # answered by six digits
    PROCESS = "process"  # may this command line run? answered by "yes", or cancelled


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question. text: the MFA device's serial, or the command line. Answer it once, or cancel it."""

    kind: QuestionKind
    connection: str
    text: str
    _future: "Future[str]" = field(default_factory=Future, repr=False)

    def answer(self, text: str) -> None:
        if not self._future.done():
            self._future.set_result(text)

    def cancel(self) -> None:
        self._future.cancel()

    @property
    def is_done(self) -> bool:
        return self._future.done()

    def wait(self) -> str:
        """The answer; blocks, without a bound. Raises UserError (EXPIRED) where it was cancelled."""
        try:
            return self._future.result()
        except CancelledError:
            what = (
                "No MFA code was given" if self.kind is QuestionKind.MFA_CODE else "The sign-in was cancelled"
            )
            raise UserError(f"{what}.", "Sign in when you are ready.", kind=ErrorKind.EXPIRED) from None


class Prompts:
    """Carries questions from worker threads to the event loop, and the answers back.

    Event asked: a question to show; emitted on the loop's thread.
    """

    def __init__(self) -> None:
        self.asked: Event[[Question]] = Event()
        self._open: set[Question] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def attach(self) -> None:
        """Ask on the running loop from now on."""
        self._loop = asyncio.get_running_loop()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._is_closed:
            raise UserError("Nobody can be asked now.", "Start LambdaDesk again.", kind=ErrorKind.EXPIRED)
        return self._loop

    def ask(self, kind: QuestionKind, connection: str, text: str) -> str:
        """Ask and wait; in a worker thread only. Raises UserError (EXPIRED) where nobody answers."""
        question = Question(kind, connection, text)
        self.loop.call_soon_threadsafe(self._show, question)
        try:
            return question.wait()
        finally:
            self._open.discard(question)

    def close(self) -> None:
        """Let every waiting thread go."""
        self._is_closed = True
        for question in tuple(self._open):
            question.cancel()

    def _show(self, question: Question) -> None:
        if self._is_closed:
            question.cancel()
            return
        self._open.add(question)
        self.asked.emit(question)
