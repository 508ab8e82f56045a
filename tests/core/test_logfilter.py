import json
import re
from operator import ge, gt, le, lt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.logfilter import (
    FieldTerm,
    FilteredLines,
    FilterProblem,
    LevelsTerm,
    LevelTerm,
    RegexTerm,
    RequestTerm,
    StreamTerm,
    TextTerm,
    TimeTerm,
    find_in_text,
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


FIELDS = (
    '{"level":"INFO","user":"Ann","took":512,"ok":true,"note":"a b c","deep":{"took":9}}',
    '{"User":"bob","took":7.5,"note":null}',
    "user:ann by hand, took>500 of nothing",
    '["user","ann"]',
    '{"user":"ann',
    '{"\\u0075ser":"annika","took":"512"}',
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user:ann", [0, 2, 5]),
        ("user:Ann", [0]),
        ("User:bob", [1]),
        ("user:bob", [1]),
        ("-user:ann", [1, 3, 4]),
        ("user=ann", [0]),
        ("took:51", [0, 5]),
        ("took>500", [0, 2]),
        ("took>=512", [0]),
        ("took<8", [1]),
        ("took<=7.5", [1]),
        ("took=512", [0, 5]),
        ("-took>1", [2, 3, 4, 5]),
        ("ok:true", [0]),
        ("note:null", [1]),
        ('note:"a b"', [0]),
        ('note:"a b', [0]),
        ("deep:9", [0]),
        ("took>much", []),
        ("hand,", [2]),
        ("stream:TWO", [1, 3, 5]),
        ("-stream:two user:ann", [0, 2]),
        ("https://x", []),
    ],
)
def test_fields_of_lines_in_json(text: str, expected: list[int]) -> None:
    store = LogStore(cap=16)  # blocks of one line
    store.add([LogRow(ms, 0, "two" if ms % 2 else "one", line) for ms, line in enumerate(FIELDS)])
    lines = FilteredLines(store, parse_filter(text))
    lines.update(0)
    assert [lines[entry] for entry in range(len(lines))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level>=warn", [2, 3]),
        ("level>warn", [2]),
        ("level=warn", [3]),
        ("level<=info", [0, 1, 4, 5]),
        ("level<info", [4]),
        ("-level=error", [0, 1, 3, 4, 5]),
    ],
)
def test_levels_are_compared(store: LogStore, text: str, expected: list[int]) -> None:
    lines = FilteredLines(store, parse_filter(text))
    lines.update(0)
    assert [lines[entry] for entry in range(len(lines))] == expected


def test_a_filter_is_narrowed_by_time_and_levels(store: LogStore) -> None:
    order = parse_filter("order")

    def found(*more: TimeTerm | LevelsTerm) -> list[int]:
        return list(order.narrowed(*more).find(store, 0, store.end))

    assert found(TimeTerm(2, 4)) == [2, 3]
    assert found(TimeTerm(9, 12)) == found(TimeTerm(3, 2)) == []
    assert found(LevelsTerm(frozenset({Level.INFO, Level.WARN}))) == [1, 3]
    assert found(LevelsTerm(frozenset({Level.WARN})), TimeTerm(0, 3)) == []
    assert list(parse_filter("").narrowed(TimeTerm(4, 99)).find(store, 1, 5)) == [4]
    assert list(parse_filter("").narrowed(LevelsTerm(frozenset())).find(store, 0, 6)) == []


def test_a_search_takes_blanks_as_they_are() -> None:
    assert find_in_text("a b -c").terms == (TextTerm("a b -c", False, False),)
    assert find_in_text("/").terms == (TextTerm("/", False, False),)
    assert find_in_text("").is_empty
    assert isinstance(find_in_text("/a b/").terms[0], RegexTerm)
    with pytest.raises(FilterProblem):
        find_in_text("/a(/")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("ok /a(b/", 6),
        ("level:loud", 7),
        ("a level>=loud", 10),
        ("/a{99999999999999999999}/", 2),
        ("x /(a+)+b/", 8),
    ],
)
def test_an_unusable_filter_says_where(text: str, column: int) -> None:
    with pytest.raises(FilterProblem) as caught:
        parse_filter(text)
    assert caught.value.column == column
    assert caught.value.message.endswith(".")


def test_a_slow_regular_expression_does_not_look_at_a_whole_megabyte() -> None:
    store = LogStore()
    long = "y" * 4_000_000  # searched from each of its characters to its end, it would take hours
    store.add([LogRow(0, 0, "s", long), LogRow(1, 0, "s", "y" * 9_000 + "x z")])
    lines = FilteredLines(store, parse_filter("/.*x.*z/"))
    lines.update(0)
    assert [lines[entry] for entry in range(len(lines))] == [1]


def wanted(row: LogRow, term: object) -> bool:
    """The same decision, taken line by line in the plainest way."""
    match term:
        case TextTerm():
            return (term.text in (row.message if term.exact_case else row.message.lower())) != term.exclude
        case RegexTerm():
            found = term.pattern.search(row.message if term.exact_case else row.message.lower())
            return (found is not None) != term.exclude
        case LevelTerm():
            compare = {">=": ge, ">": gt, "<=": le, "<": lt}[term.operator]
            return compare(row.level or Level.INFO, term.least) != term.exclude
        case LevelsTerm():
            return (row.level or Level.INFO) in term.levels
        case TimeTerm():
            return term.start_ms <= row.timestamp_ms < term.end_ms
        case StreamTerm():
            return (term.stream in row.stream) != term.exclude
        case FieldTerm():
            return field_fits(row.message, term) != term.exclude
        case RequestTerm():
            return (
                term.request in row.request_id.lower() or term.request in row.message.lower()
            ) != term.exclude
    raise AssertionError(term)


def field_fits(text: str, term: FieldTerm) -> bool:
    if f"{term.name}:{term.value}" in text.lower():
        return True
    try:
        fields = json.loads(text)
    except ValueError:
        return False
    if not isinstance(fields, dict):
        return False
    return any(key.lower() == term.name and term.value in str(value).lower() for key, value in fields.items())


words = st.text(alphabet="abAİΣ\nß", min_size=1, max_size=3)
terms = st.one_of(
    words.map(lambda word: f'"{word}"'),
    words.map(lambda word: f'-"{word}"'),
    words.map(lambda word: f"/{re.escape(word)}$/"),
    st.sampled_from(["level:warn", "-level:error", "req:r1", "-req:r2", "/^a.b/", "/[^a]\\s/"]),
    st.sampled_from(
        ["/a.b/", "/[ab]+1/", "-/a\\S*b/", "/r\\d/", "/\\bß/", "-/b\\b/", "/a|1/", "/A./", "/\\B/"]
    ),
    st.sampled_from(["level<=info", "-level>info", "stream:o", "-stream:two", "a:b", "-a:1", "a:ß"]),
)
narrowing = st.lists(
    st.one_of(
        st.builds(TimeTerm, st.integers(0, 30), st.integers(0, 30)),
        st.builds(LevelsTerm, st.frozensets(st.sampled_from(list(Level)[1:]))),
    ),
    max_size=2,
)
messages = st.one_of(
    st.text(alphabet="abAİΣ\nßr1", max_size=6),
    st.sampled_from(['{"a":"xb"}', '{"A":1,"b":2}', '{"a":"ß"}', '{"a":', "a:b", '{"b":{"a":1}}']),
)
rows = st.builds(
    lambda ms, text, level, run: LogRow(
        ms, 0, "one" if ms % 3 else "two", text, 0, level, run, False, f"r{run}" if run >= 0 else ""
    ),
    st.integers(0, 30),
    messages,
    st.sampled_from(list(Level)),
    st.integers(-1, 2),
)


@settings(deadline=None)  # the two cores have other work
@given(
    st.lists(terms, max_size=3).map(" ".join),
    narrowing,
    st.integers(0, 3),
    st.lists(st.lists(rows, max_size=15), max_size=8),
    st.integers(1, 9),
)
def test_any_split_of_appends_gives_what_one_scan_gives(
    text: str,
    more: list[TimeTerm | LevelsTerm],
    context: int,
    batches: list[list[LogRow]],
    step: int,
) -> None:
    store = LogStore(cap=48)  # blocks of three lines, dropped soon
    wanted_lines = parse_filter(text).narrowed(*more)
    at_once = FilteredLines(store, wanted_lines, context)
    in_steps = FilteredLines(store, wanted_lines, context)
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
    matching = {
        number
        for number in range(store.first, store.end)
        if all(wanted(store.row(number), term) for term in wanted_lines.terms)
    }
    expected = [
        number
        for number in range(store.first, store.end)
        if matching.intersection(range(number - context, number + context + 1))
    ]
    assert [at_once[entry] for entry in range(len(at_once))] == expected
    assert seen == expected
    assert at_once.match_count == in_steps.match_count == len(matching)
    in_context = [at_once[entry] for entry in range(len(at_once)) if at_once.is_context(entry)]
    assert in_context == sorted(set(expected) - matching)
    store.clear()
    assert len(at_once) == len(in_steps) == 0


@given(st.text(alphabet='ab"/-\\ :[(levqr\n'))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        column = 1 + bool(parse_filter(text).terms)
    except FilterProblem as problem:
        column = problem.column
    assert 1 <= column <= len(text) + 1
