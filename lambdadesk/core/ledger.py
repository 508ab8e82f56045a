"""InvocationLedger, the invocations of one connection, each counted once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from lambdadesk.core.event import Event
from lambdadesk.core.ledger_book import Book, Pricer
from lambdadesk.core.types import Invocation, InvocationType, Outcome, Report

__all__ = ["InvocationLedger", "Pricer", "Totals"]

_PRICED_AT_ONCE = 200  # invocations; some milliseconds


@dataclass(frozen=True, slots=True)
class Totals:
    """The finished invocations of a function. `unknown_cost` of them are missing from the cost."""

    invocations: int = 0
    errors: int = 0
    gb_seconds: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    exact: bool = True
    unknown_cost: int = 0


class InvocationLedger:
    """Merges what the logs show with what was invoked here, function by function.

    The result depends on what was added, not on its order, and adding the same again changes nothing.
    An invocation made here and one in the log are the same if their request ids agree. With `match_by_time`,
    for endpoints whose answers carry another id than their logs, times decide where no id agrees.

    `changed` is emitted with the function's name after every change, `here_changed` before it with the
    records of invocations made here of which more, or other, is known than before.
    """

    def __init__(self, pricer: Pricer, *, match_by_time: bool = False) -> None:
        self.changed: Event[str] = Event()
        self.here_changed: Event[list[Invocation]] = Event()
        self._pricer = pricer
        self._match_by_time = match_by_time
        self._books: dict[str, Book] = {}
        self._untold: dict[str, Book] | None = None  # while changes are told together

    def functions(self) -> list[str]:
        """The functions with any invocation, in the order in which they appeared."""
        return list(self._books)

    def of(self, function: str) -> list[Invocation]:
        """The function's invocations in the order in which they became known; not for changing.

        An object for each is made: for who needs few of them, and for tests.
        """
        return list(self.each(function))

    def of_request(self, function: str, request_id: str) -> list[Invocation]:
        """What is known of one request, in that order; without a look at all others."""
        book = self._books.get(function)
        return book.of_request(request_id) if book is not None else []

    def made_here(self, function: str) -> list[Invocation]:
        """The invocations that were made here, in that order; the same."""
        book = self._books.get(function)
        return book.made_here() if book is not None else []

    def newest(self, function: str, count: int) -> list[Invocation]:
        """The last ones that became known, `count` at most."""
        book = self._books.get(function)
        return book.newest(count) if book is not None else []

    def between(self, function: str, start_ms: int, end_ms: int) -> list[Invocation]:
        """Those that began within this time, both ends included, in the order in which they became known."""
        book = self._books.get(function)
        return book.between(start_ms, end_ms) if book is not None else []

    def each(self, function: str) -> Iterator[Invocation]:
        """All of them one by one, for who needs each but once."""
        book = self._books.get(function)
        return book.each() if book is not None else iter(())

    def count_waiting(self, function: str) -> int:
        """How many have no REPORT line yet."""
        book = self._books.get(function)
        return book.count_waiting() if book is not None else 0

    def unfinished(self, function: str) -> list[Invocation]:
        """Those made here of which nobody knows yet how they ended; their records go on changing."""
        book = self._books.get(function)
        return book.unfinished() if book is not None else []

    def memory_peak(self, function: str) -> tuple[int, int] | None:
        """The run that came nearest to its memory size: (MB used, MB there); None where no report tells."""
        book = self._books.get(function)
        return book.tally.memory_peak if book is not None else None

    def find(self, invocation: Invocation) -> Invocation | None:
        """The record, with its cost, of an invocation that a log shows; None while it has not ended."""
        book = self._books.get(invocation.function)
        return None if book is None else book.find(invocation)

    def totals(self, function: str) -> Totals:
        """The sums over the function's finished invocations."""
        book = self._books.get(function)
        if book is None:
            return Totals()
        tally = book.tally
        return Totals(
            tally.invocations,
            tally.errors,
            tally.gb_seconds,
            tally.cost,
            not tally.inexact,
            tally.unknown_cost,
        )

    def add_seen(self, function: str, *invocations: Invocation) -> None:
        """Add invocations that a log shows; those without a REPORT yet are passed over: add them again."""
        book = self._book(function)
        if book.add_seen(invocations):
            self._tell(book)

    def add_here(
        self,
        function: str,
        kind: InvocationType,
        qualifier: str,
        request_id: str,
        sent_ms: int,
        received_ms: int,
        report: Report | None = None,
        *,
        outcome: Outcome,
        error_type: str = "",
        payload_bytes: int = 0,
        streamed_bytes: int = 0,
        match_later: bool = False,
    ) -> Invocation:
        """Add an invocation made here; times are epoch milliseconds of this machine's clock.

        `outcome` is QUEUED for an asynchronous event, UNKNOWN where no answer came; the log decides then.
        streamed_bytes: of an answer that came as a stream.
        match_later: it is joined with the log when more of that is seen, or by `match`: one of a thousand
        runs doesn't have to go through all others.
        Returns the record, which goes on changing as the log tells more. A dry run is no invocation.
        """
        if kind is InvocationType.DRY_RUN:
            raise ValueError("a dry run is not an invocation")
        facts = Invocation(
            function,
            request_id,
            sent_ms,
            ended_ms=received_ms,
            version=qualifier,
            outcome=outcome,
            error_type=error_type,
            report=report,
            here=True,
        )
        book = self._book(function)
        record, is_changed = book.add_here(facts, kind, payload_bytes, streamed_bytes, match_later)
        if is_changed:
            self._tell(book)
        return record

    def take_changes(self, function: str, most: int = 500) -> list[Invocation]:
        """Records that became known, or other than before, since they were last taken; so many at most.

        To be asked until there are no more.
        """
        book = self._books.get(function)
        return book.take_changes(most) if book is not None else []

    async def price_anew(self) -> None:
        """Ask the pricer again for everything, since its prices are others; the loop turns meanwhile."""
        for book in list(self._books.values()):
            for born in range(book.count):
                book.price_anew(born)
                if born % _PRICED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            self._tell(book)

    def match(self, function: str) -> None:
        """Join what was to be matched later with what the log has shown."""
        if book := self._books.get(function):
            book.match()
            if book.touched:
                self._tell(book)

    @contextmanager
    def told_together(self) -> Iterator[None]:
        """What is added within is told once in the end."""
        untold: dict[str, Book] = {}
        self._untold = untold
        try:
            yield
        finally:
            self._untold = None
            for book in untold.values():
                self._tell(book)

    def _tell(self, book: Book) -> None:
        if self._untold is not None:
            self._untold[book.function] = book
            return
        touched, book.touched = book.touched, {}
        if touched:
            self.here_changed.emit(list(touched.values()))
        self.changed.emit(book.function)

    def _book(self, function: str) -> Book:
        book = self._books.get(function)
        if book is None:
            book = self._books[function] = Book(function, self._pricer, self._match_by_time)
        return book
