"""What differs between two texts: by structure where both are JSON, else by lines."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any

from lambdadesk.core.json_values import Number, dump_json, load_json, path_to

STRUCTURE_LIMIT = 4 * 1024 * 1024  # bytes of each side
LINES_LIMIT = 5_000  # of each side; difflib takes minutes for more
CHANGES_LIMIT = 10_000
_ALIGNED_LIMIT = 2_000  # elements of an array that are matched by what they hold
_CONTEXT = 3


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. path: "items[2].price", empty for the whole; a side that has nothing is empty.

    `before` and `after` are JSON on one line.
    """

    kind: ChangeKind
    path: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences. `lines` is a unified diff, where it was not done by structure.

    note: what was not compared, and why; empty if all was.
    """

    is_structural: bool
    changes: tuple[Change, ...] = ()
    lines: tuple[str, ...] = ()
    note: str = ""
    is_same_bytes: bool = False

    @property
    def is_equal(self) -> bool:
        """No difference, other than in white space or the order of keys where it is structural."""
        return not self.changes and not self.lines and not self.note


def diff(before: bytes, after: bytes) -> Diff:
    """Compare two payloads or responses. Takes seconds at worst: run it in a thread."""
    if before == after:
        return Diff(is_structural=True, is_same_bytes=True)
    if max(len(before), len(after)) <= STRUCTURE_LIMIT:
        try:
            found = list(islice(_compare("", load_json(before), load_json(after)), CHANGES_LIMIT))
        except (ValueError, RecursionError):  # not JSON, or nested some hundred levels deep
            return _diff_lines(before, after)
        is_cut = len(found) == CHANGES_LIMIT
        note = f"Only the first {CHANGES_LIMIT:,} differences are shown." if is_cut else ""
        return Diff(True, tuple(found), note=note)
    return _diff_lines(before, after)


def _compare(path: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from _compare(path_to(path, key), value, after[key])
            else:
                yield Change(ChangeKind.REMOVED, path_to(path, key), before=dump_json(value))
        for key, value in after.items():
            if key not in before:
                yield Change(ChangeKind.ADDED, path_to(path, key), after=dump_json(value))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after)
    elif not _is_same(before, after):
        yield Change(ChangeKind.CHANGED, path, dump_json(before), dump_json(after))


def _is_same(before: Any, after: Any) -> bool:
    if isinstance(before, Number) and isinstance(after, Number):
        return before == after or Decimal(before) == Decimal(after)
    return type(before) is type(after) and bool(before == after)


def _compare_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    if max(len(before), len(after)) > _ALIGNED_LIMIT:
        yield from _compare_in_order(path, before, 0, after, 0)
        return
    # Equal elements are matched first, so that one inserted at the top is one difference.
    matcher = difflib.SequenceMatcher(
        None, [dump_json(each) for each in before], [dump_json(each) for each in after], autojunk=False
    )
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield from _compare_in_order(path, before[i1:i2], i1, after[j1:j2], j1)


def _compare_in_order(
    path: str, before: list[Any], first_before: int, after: list[Any], first_after: int
) -> Iterator[Change]:
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        yield from _compare(path_to(path, first_after + number), one, other)
    common = min(len(before), len(after))
    for number, value in enumerate(before[common:], first_before + common):
        yield Change(ChangeKind.REMOVED, path_to(path, number), before=dump_json(value))
    for number, value in enumerate(after[common:], first_after + common):
        yield Change(ChangeKind.ADDED, path_to(path, number), after=dump_json(value))


def _diff_lines(before: bytes, after: bytes) -> Diff:
    one = before.decode("utf-8", "backslashreplace").splitlines()
    other = after.decode("utf-8", "backslashreplace").splitlines()
    note = ""
    if max(len(one), len(other)) > LINES_LIMIT:
        note = f"Only the first {LINES_LIMIT:,} lines of each were compared."
        one, other = one[:LINES_LIMIT], other[:LINES_LIMIT]
    lines = tuple(difflib.unified_diff(one, other, lineterm="", n=_CONTEXT))[2:]
    if not lines and not note:
        note = "The two differ in line ends only."
    return Diff(False, lines=lines, note=note)
