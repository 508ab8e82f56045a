"""TraceLines, the stack traces of a log whose lines came as an event each."""

import re
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from enum import IntEnum

from lambdadesk.core.logstore import LineKind, LogStore

REACH = 4_096  # lines of the log from the first to the last line of a trace
_NEAR = 256  # lines of the log between one line of a trace and the next


class TracePart(IntEnum):
    """What came last of a trace, which tells what may follow."""

    PYTHON = 1  # its first line or a frame
    PYTHON_END = 2  # the exception; another may follow that was raised while it was handled
    PYTHON_LINK = 3  # it does: its trace is next
    FRAMES = 4  # of Node, Java, .NET or Ruby, which write the error before the frames
    FIELDS = 5  # what Node writes of an error between braces


_PYTHON = re.compile(r"\s*(?:\+ Exception Group )?Traceback \(most recent call last\):")
_EXCEPTION = re.compile(r"(?:[A-Z]\w*|[A-Za-z_]\w*(?:\.\w+)+)(?:: .*|:?)$", re.DOTALL)
_GROUP_END = re.compile(r"\s+\+-{30,}$")
_LINK = re.compile(
    r"(?:During handling of the above exception, another|"
    r"The above exception was the direct cause of the following) exception"
)
_FRAME = re.compile(
    r"\s+(?:at (?:.*\)(?: \{| ~?\[.*\])?|.*[^\d\s]:\d+:\d+(?: \{)?|<anonymous>|.* in .+:line \d+)"
    r"|from \S+:\d+:in .*)$"
)
_BETWEEN = re.compile(
    r"Caused by: |\s+Suppressed: |\s+\.\.\. \d+ (?:more|common frames omitted|levels)|\s*--- End of "
)
_STARTS = frozenset(" \tT")  # how the lines begin that a trace may begin with


def begins_trace(text: str) -> bool:
    """Whether a line is the first of a trace of Python, which names the exception last."""
    return _PYTHON.match(text) is not None


def is_frame(text: str) -> bool:
    """Whether a line is a frame of a trace whose first line, the error, came before it."""
    return _FRAME.match(text.rstrip()) is not None


def next_part(part: TracePart, text: str) -> TracePart | None:
    """What a line is to the trace before it; None where it does not belong to it."""
    text = text.rstrip()
    if part is TracePart.PYTHON:
        if not text or text[0] in " \t":
            return TracePart.PYTHON_END if _GROUP_END.match(text) else part
        return TracePart.PYTHON_END if _EXCEPTION.match(text) else None
    if part is TracePart.PYTHON_END:
        if text.lstrip()[:1] in ("|", "+"):  # goes on after an inner group
            return next_part(TracePart.PYTHON, text)
        return TracePart.PYTHON_LINK if _LINK.match(text) else None if text else part
    if part is TracePart.PYTHON_LINK:
        return TracePart.PYTHON if begins_trace(text) else None if text else part
    if part is TracePart.FIELDS:
        if text == "}":
            return TracePart.FRAMES
        return part if text[:1] in ("", " ", "\t") else None
    if is_frame(text):
        return TracePart.FIELDS if text.endswith(" {") else part
    return part if _BETWEEN.match(text) else None


def summarize_trace(texts: Sequence[str]) -> str:
    """What a trace says in a line: its first line, and of Python's the exception, which comes last."""
    first = texts[0].strip()
    if not begins_trace(first):
        return first
    ends = [text.rstrip() for text in texts[1:] if _EXCEPTION.match(text.rstrip())]
    if not ends:  # a group, which is indented
        ends = [text for each in texts[1:] if _EXCEPTION.match(text := each.strip(" |+-\r\n"))][:1]
    return " … ".join(["Traceback", *ends[-1:]])


class TraceLines:
    """Which lines of a store follow the first line of a stack trace, found as the store is looked at.

    The lines of a trace are of one invocation (or, where that is not known, of one stream), and no other line
    of it stands between them. A line is recognised by those before it alone, so that what comes later changes
    nothing. Call `cut` for each change of the store, then `scan`.
    """

    def __init__(self, store: LogStore) -> None:
        self.store = store
        self.scanned = store.first  # lines before this number have been looked at
        self._followers = array("I")  # ascending
        self._heads_of = array("I")  # of each of these the first line of its trace
        self._heads = array("I")  # ascending, those that have followers
        self._unended: dict[int, tuple[TracePart, int]] = {}  # by invocation: what came last, and the head
        self._opened: set[int] = set()  # heads
        self._reopen: set[tuple[int, int]] = set()  # when and of whom those were that a late line renumbered

    def scan(self, stop: int) -> None:
        """Look at the lines before this number."""
        while self.scanned < stop:
            start = self.scanned
            unit_start, block, loose = self.store.chunk(start)
            end = min(stop, unit_start + (block.line_count if block else len(loose)))
            if block:
                text, offsets = block.text, block.offsets[start - unit_start : end - unit_start]
                firsts = [text[offset : offset + 1] for offset in offsets]
            else:
                firsts = [line[:1] for line in loose[start - unit_start : end - unit_start]]
            likely = [start + at for at, first in enumerate(firsts) if first in _STARTS]
            begins = set(likely)
            self._unended = {key: end for key, end in self._unended.items() if start - end[1] < REACH}
            number = start
            while number < end:
                if not self._unended:
                    at = bisect_left(likely, number)
                    if at == len(likely):
                        break
                    number = likely[at]
                if number in begins or self._key(number) in self._unended:
                    self._look_at(number)
                number += 1
            self.scanned = end

    def cut(self, first_changed: int) -> list[int]:
        """Forget what a change from this line on made stale, and lines that were dropped.

        Returns lines that have become the first of what is left of their trace.
        """
        first = self.store.first
        if first_changed < self.scanned:
            self._opened = {head for head in self._opened if head < first_changed}
            at = bisect_left(self._followers, first_changed)
            del self._followers[at:], self._heads_of[at:]
            near = bisect_left(self._heads, first_changed - REACH)
            stay = set(self._heads_of[bisect_left(self._followers, first_changed - REACH) :])
            self._heads[near:] = array("I", [head for head in self._heads[near:] if head in stay])
            self.scanned = first_changed
            self._resume()
        dropped = bisect_left(self._followers, first)
        del self._followers[:dropped], self._heads_of[:dropped]
        promoted = self._promote(first)
        self.scanned = max(self.scanned, first)
        return promoted

    def is_head(self, number: int) -> bool:
        """Whether a trace of several lines begins there."""
        at = bisect_left(self._heads, number)
        return at < len(self._heads) and self._heads[at] == number

    def head_of(self, number: int) -> int:
        """The first line of the trace that a line follows in, -1 if there is none."""
        at = bisect_left(self._followers, number)
        is_there = at < len(self._followers) and self._followers[at] == number
        return self._heads_of[at] if is_there else -1

    def followers_of(self, head: int) -> list[int]:
        """The lines of a trace after its first, ascending."""
        at = bisect_right(self._followers, head)
        stop = bisect_left(self._followers, head + REACH, at)
        return [self._followers[each] for each in range(at, stop) if self._heads_of[each] == head]

    def followers(self, start: int, stop: int) -> Sequence[tuple[int, int]]:
        """The lines from number start to stop (exclusive) that follow in a trace, each with its first."""
        low, high = bisect_left(self._followers, start), bisect_left(self._followers, stop)
        return list(zip(self._followers[low:high], self._heads_of[low:high], strict=True))

    def is_open(self, head: int) -> bool:
        """Whether the lines of a trace are to be shown one by one."""
        return head in self._opened

    def toggle(self, head: int) -> None:
        """Show the lines of a trace one by one, or no longer."""
        place = self.store.timestamp(head), self._key(head)
        if head in self._opened:
            self._opened.discard(head)
            self._reopen.discard(place)
        else:
            self._opened.add(head)
            self._reopen.add(place)

    def _key(self, number: int) -> int:
        """Of which invocation a line is, or else of which stream."""
        invocation = self.store.invocation(number)
        return invocation if invocation >= 0 else -1 - self.store.streams(number, number + 1)[0]

    def _look_at(self, number: int) -> None:
        key = self._key(number)
        part, head = self._unended.pop(key, (None, -1))
        if self.store.kind(number) != LineKind.APP:
            return
        text = self.store.text(number)
        following = next_part(part, text) if part is not None and number - head < REACH else None
        if following is not None:
            self._add(number, head)
            self._unended[key] = following, head
        elif begins_trace(text):
            self._unended[key] = TracePart.PYTHON, number
        elif is_frame(text):
            head = self._error_before(number, key)
            if head >= 0:
                self._add(number, head)
            part = next_part(TracePart.FRAMES, text) or TracePart.FRAMES
            self._unended[key] = part, head if head >= 0 else number

    def _add(self, number: int, head: int) -> None:
        self._followers.append(number)
        self._heads_of.append(head)
        if not self.is_head(head):
            insort(self._heads, head)
            if self._reopen and (self.store.timestamp(head), self._key(head)) in self._reopen:
                self._opened.add(head)

    def _error_before(self, number: int, key: int) -> int:
        """The line before a frame, which its trace begins with; -1 where there is none."""
        for before in range(number - 1, max(self.store.first, number - _NEAR) - 1, -1):
            if self._key(before) == key:
                is_free = self.store.kind(before) == LineKind.APP and self.head_of(before) < 0
                return before if is_free else -1
        return -1

    def _resume(self) -> None:
        """Look back for the traces that go on where it stands."""
        self._unended = {}
        for number in range(max(self.store.first, self.scanned - _NEAR), self.scanned):
            key, text, head = self._key(number), self.store.text(number), self.head_of(number)
            part, its_head = self._unended.pop(key, (None, -1))
            if self.store.kind(number) != LineKind.APP:
                continue
            if head >= self.store.first:
                if part is None or its_head != head:  # it began before these
                    is_python = begins_trace(self.store.text(head))
                    part = TracePart.PYTHON if is_python else TracePart.FRAMES
                self._unended[key] = next_part(part, text) or part, head
            elif begins_trace(text):
                self._unended[key] = TracePart.PYTHON, number
            elif is_frame(text):
                self._unended[key] = next_part(TracePart.FRAMES, text) or TracePart.FRAMES, number

    def _promote(self, first: int) -> list[int]:
        """Let what is left of the traces whose first line was dropped begin with the next one."""
        promoted: dict[int, int] = {}  # by dropped head
        gone = bisect_left(self._heads, first)
        del self._heads[:gone]
        at = 0
        while gone and at < len(self._followers) and self._followers[at] < first + REACH:
            head = self._heads_of[at]
            if head >= first:
                at += 1
            elif head in promoted:
                new = promoted[head]
                self._heads_of[at] = new
                if not self.is_head(new):
                    insort(self._heads, new)
                at += 1
            else:
                promoted[head] = self._followers[at]
                del self._followers[at], self._heads_of[at]
        self._unended = {
            key: (part, promoted.get(head, head))
            for key, (part, head) in self._unended.items()
            if head >= first or head in promoted
        }
        return list(promoted.values())
