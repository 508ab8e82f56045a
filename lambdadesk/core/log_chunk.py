"""Which lines of a stretch of a LogStore the terms of a filter leave."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import compress
from typing import Any

from lambdadesk.core.block_search import find_lines
from lambdadesk.core.log_block import SEPARATOR, Block
from lambdadesk.core.log_terms import (
    REGEX_REACH,
    FieldTerm,
    LevelsTerm,
    LevelTerm,
    RegexTerm,
    RequestTerm,
    SourceTerm,
    StreamTerm,
    Term,
    TextTerm,
    TimeTerm,
)
from lambdadesk.core.logstore import Level, LogStore
from lambdadesk.core.many_numbers import largest_step

_REACHES_OUT = re.compile(r"\\(?![dwSbB]|[^0-9A-Za-z\s])|[\^$]|\(\?")


class Chunk:
    """Lines start to stop (exclusive) that lie in one unit of the store, raw and in lower case."""

    def __init__(self, store: LogStore, start: int, stop: int) -> None:
        self.store = store
        self.start = start
        unit_start, self.block, unread = store.chunk(start)
        size = self.block.line_count if self.block else len(unread)
        self.stop = min(stop, unit_start + size)
        self._from, self._to = start - unit_start, self.stop - unit_start
        self._unread = unread
        self._raw: list[str] | None = None
        self._lower: list[str] | None = None

    def texts(self, exact_case: bool) -> list[str]:
        if self._raw is None:
            lines = self.block.lines() if self.block else self._unread
            self._raw = lines[self._from : self._to]
        if exact_case:
            return self._raw
        if self._lower is None:
            self._lower = [line.lower() for line in self._raw]
        return self._lower

    def find(self, term: TextTerm) -> list[int]:
        """The lines (from 0) that hold the text; over the whole block at once where that gives the same."""
        if self.block is not None and SEPARATOR not in term.text:
            every = find_lines(self.block, term.text, exact_case=term.exact_case)
            if every is not None:
                start, stop = self._from, self._to
                if stop - start == self.block.line_count:
                    return every
                return [at - start for at in every[bisect_left(every, start) : bisect_left(every, stop)]]
            plain = self.block.ascii_bytes
            if plain is not None:
                if not term.text.isascii():
                    return []
                plain = plain if term.exact_case else plain.lower()
                return self._find_in_block(plain.find, self.block, term.text.encode())
            text = self.block.text if term.exact_case else self.block.text.lower()
            if len(text) == len(self.block.text):  # some capitals get longer in lower case
                return self._find_in_block(text.find, self.block, term.text)
        return [at for at, text in enumerate(self.texts(term.exact_case)) if term.text in text]

    def search(self, term: RegexTerm) -> list[int] | None:
        """The lines (from 0) that match, found over the whole block at once; None where that may differ."""
        block, text = self.block, None
        if block is not None and _stays_in_line(term.pattern.pattern):
            text = block.text if term.exact_case else block.text.lower()
        if block is None or text is None or len(text) != len(block.text):
            return None
        if block.offsets[-1] > REGEX_REACH and largest_step(block.offsets) > REGEX_REACH:
            return None
        offsets, stop, search = block.offsets, block.offsets[self._to], term.pattern.search
        found = []
        line = self._from
        match = search(text, offsets[line], stop)
        while match is not None:
            line = bisect_right(offsets, match.start(), line) - 1
            found.append(line - self._from)
            match = search(text, offsets[line + 1], stop)
        return found

    def may_hold(self, term: FieldTerm) -> bool:
        """Whether any line may have the field, or the words of the term: a quick look at them all."""
        if self.block is None:
            return True
        text = self.block.text if term.name != term.name.lower() else self.block.text.lower()
        return f'"{term.name}"' in text or f"{term.name}{term.operator}" in text or "\\u" in text

    def _find_in_block(
        self, find: Callable[[Any, int, int], int], block: Block, wanted: str | bytes
    ) -> list[int]:
        offsets = block.offsets
        stop = offsets[self._to]
        found = []
        line = self._from
        position = find(wanted, offsets[line], stop)
        while position >= 0:
            line = bisect_right(offsets, position, line) - 1
            found.append(line - self._from)
            position = find(wanted, offsets[line + 1], stop)
        return found


def find_in_chunk(terms: tuple[Term, ...], chunk: Chunk) -> Sequence[int]:
    found: Sequence[int] = range(chunk.stop - chunk.start)
    if isinstance(terms[0], TextTerm) and not terms[0].exclude:
        found = chunk.find(terms[0])
        terms = terms[1:]
    for term in terms:
        if not found:
            break
        if isinstance(term, RegexTerm) and len(found) * 4 > chunk.stop - chunk.start:
            matches = chunk.search(term)
            if matches is not None:
                matching = set(matches)
                found = [at for at in found if (at in matching) != term.exclude]
                continue
        found = _narrow(found, term, chunk)
    return found


def _narrow(found: Sequence[int], term: Term, chunk: Chunk) -> list[int]:
    match term:
        case TextTerm(text=wanted, exclude=exclude):
            texts = chunk.texts(term.exact_case)
            return [at for at in found if (wanted in texts[at]) != exclude]
        case RegexTerm(exclude=exclude):
            texts = chunk.texts(term.exact_case)
            search = term.pattern.search
            return [at for at in found if (search(texts[at], 0, REGEX_REACH) is None) == exclude]
        case LevelTerm() | LevelsTerm():
            levels = chunk.store.levels(chunk.start, chunk.stop).tobytes()
            accepted = levels.translate(
                bytes(level <= max(Level) and term.accepts(level) for level in range(256))
            )
            if len(found) == len(accepted):
                return list(compress(found, accepted))
            return [at for at in found if accepted[at]]
        case TimeTerm():
            raise AssertionError("a range of time is a range of lines")
        case StreamTerm(stream=stream, exclude=exclude):
            streams = chunk.store.streams(chunk.start, chunk.stop)
            names = chunk.store.stream_names
            wanted_streams = {each for each in set(streams) if (stream in names[each].lower()) != exclude}
            return [at for at in found if streams[at] in wanted_streams]
        case SourceTerm(source=source, number_of=number_of):
            streams = chunk.store.streams(chunk.start, chunk.stop)
            names = chunk.store.stream_names
            wanted_streams = {each for each in set(streams) if number_of(names[each]) == source}
            return [at for at in found if streams[at] in wanted_streams]
        case FieldTerm(exclude=exclude):
            texts = chunk.texts(exact_case=True)
            if not chunk.may_hold(term):
                return list(found) if exclude else []
            return [at for at in found if term.matches(texts[at]) != exclude]
        case RequestTerm(request=request, exclude=exclude):
            invocations = chunk.store.invocations(chunk.start, chunk.stop)
            texts = chunk.texts(exact_case=False)
            wanted_runs = {
                run: request in chunk.store.get_request_id(run).lower() for run in set(invocations)
            }
            return [at for at in found if (wanted_runs[invocations[at]] or request in texts[at]) != exclude]


@lru_cache(maxsize=64)
def _stays_in_line(pattern: str) -> bool:
    """Whether it surely matches no line break, nor anything by what is around a line.

    So within a line it matches the same when other lines are before and after it: no anchors, no groups with
    a question mark, no sets of all but some, no escapes but the plainest.
    """
    return not _REACHES_OUT.search(pattern) and pattern.isprintable() and not re.search(pattern, "")
