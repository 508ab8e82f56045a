import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.logfilter import (
    FilteredLines,
    FilterProblem,
    LevelTerm,
    RegexTerm,
    RequestTerm,
    TextTerm,
    parse_filter,
)
from lambdadesk.core.logstore import Level, LogRow, LogStore

LINES = (
    ("START RequestId: aaaa-1", Level.NONE, 0, "aaaa-1"),
    ("Loaded Order 17", Level.INFO, 0, "aaaa-1"),
    ("could not load ORDER 18: timeout", Level.ERROR, 0, "aaaa-1"),
    ("slow order", Level.WARN, 1, "bbbb-2"),
    ("cache miss", Level.DEBUG, 1, "bbbb-2"),
    ("unrelated, but it names aaaa-1", Level.NONE, -1, ""),
)


@pytest.fixture
def store() -> LogStore:
    store = LogStore()
    store.add(
        [
            LogRow(ms, 0, "s", text, 0, level, run, False, rid)
            for ms, (text, level, run, rid) in enumerate(LINES)
        ]
    )
    return store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("order", [1, 2, 3]),
        ("Order", [1]),
        ("order load", [1, 2]),
        ("order -slow", [1, 2]),
        ('"order 1"', [1, 2]),
        ('-"order 1" order', [3]),
        ('"slow ord', [3]),
        (r"/order \d+$/", [1]),
        (r"/Order|ORDER/", [1, 2]),
        (r"-/^\w+ order/ order", [2]),
        ("level:error", [2]),
        ("level:warn", [2, 3]),
        ("level:WARNING", [2, 3]),
        ("level:i", [0, 1, 2, 3, 5]),
        ("-level:info", [4]),
        ("level:", [0, 1, 2, 3, 4, 5]),
        ("req:AAAA", [0, 1, 2, 5]),
        ("req:bbbb-2 order", [3]),
        ("-req:aaaa", [3, 4]),
        ("/aws/lambda", []),
        ("- order", []),
    ],
)
def test_what_a_filter_leaves(store: LogStore, text: str, expected: list[int]) -> None:
    lines = FilteredLines(store, parse_filter(text))
    lines.update(0)
    assert [lines[entry] for entry in range(len(lines))] == expected


@pytest.mark.parametrize(
    ("text", "column"),
    [("ok /a(b/", 6), ("level:loud", 7), ("/a{99999999999999999999}/", 2), ("x /(a+)+b/", 8)],
)
def test_an_unusable_filter_says_where(text: str, column: int) -> None:
    with pytest.raises(FilterProblem) as caught:
        parse_filter(text)
    assert caught.value.column == column
    assert caught.value.message.endswith(".")


def test_a_slow_regular_expression_does_not_look_at_a_whole_megabyte() -> None:
    store = LogStore()
    store.add([LogRow(0, 0, "s", "y" * 1_000_000), LogRow(1, 0, "s", "y" * 9_000 + "x z")])
    started = time.perf_counter()
    lines = FilteredLines(store, parse_filter("/.*x.*z/"))
    lines.update(0)
    assert [lines[entry] for entry in range(len(lines))] == [1]
    assert time.perf_counter() - started < 5


def wanted(row: LogRow, term: object) -> bool:
    """The same decision, taken line by line in the plainest way."""
    match term:
        case TextTerm():
            return (term.text in (row.message if term.exact_case else row.message.lower())) != term.exclude
        case RegexTerm():
            found = term.pattern.search(row.message if term.exact_case else row.message.lower())
            return (found is not None) != term.exclude
        case LevelTerm():
            return ((row.level or Level.INFO) >= term.least) != term.exclude
        case RequestTerm():
            return (
                term.request in row.request_id.lower() or term.request in row.message.lower()
            ) != term.exclude
    raise AssertionError(term)


words = st.text(alphabet="abAİΣ\nß", min_size=1, max_size=3)
terms = st.one_of(
    words.map(lambda word: f'"{word}"'),
    words.map(lambda word: f'-"{word}"'),
    words.map(lambda word: f"/{re.escape(word)}$/"),
    st.sampled_from(["level:warn", "-level:error", "req:r1", "-req:r2", "/^a.b/", "/[^a]\\s/"]),
)
rows = st.builds(
    lambda ms, text, level, run: LogRow(
        ms, 0, "s", text, 0, level, run, False, f"r{run}" if run >= 0 else ""
    ),
    st.integers(0, 30),
    st.text(alphabet="abAİΣ\nßr1", max_size=6),
    st.sampled_from(list(Level)),
    st.integers(-1, 2),
)


@given(
    st.lists(terms, max_size=3).map(" ".join),
    st.lists(st.lists(rows, max_size=15), max_size=8),
    st.integers(1, 9),
)
def test_any_split_of_appends_gives_what_one_scan_gives(
    text: str, batches: list[list[LogRow]], step: int
) -> None:
    store = LogStore(cap=48)  # blocks of three lines, dropped soon
    wanted_lines = parse_filter(text)
    at_once = FilteredLines(store, wanted_lines)
    in_steps = FilteredLines(store, wanted_lines)
    seen: list[int] = []  # the entries as a view that follows the cuts has them

    def follow(first_changed: int) -> None:
        at_once.update(first_changed)
        trimmed, kept = in_steps.cut(first_changed)
        assert trimmed + kept <= len(seen)
        seen[:] = seen[trimmed : trimmed + kept]
        while not in_steps.is_complete:
            added = in_steps.scan(step)
            seen.extend([in_steps[len(seen) + extra] for extra in range(added)])

    store.changed.connect(follow)
    for batch in batches:
        store.add(batch)
    expected = [
        number
        for number in range(store.first, store.end)
        if all(wanted(store.row(number), term) for term in wanted_lines.terms)
    ]
    assert [at_once[entry] for entry in range(len(at_once))] == expected
    assert seen == expected
    store.clear()
    assert len(at_once) == len(in_steps) == 0


@given(st.text(alphabet='ab"/-\\ :[(levqr\n'))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        column = 1 + bool(parse_filter(text).terms)
    except FilterProblem as problem:
        column = problem.column
    assert 1 <= column <= len(text) + 1
