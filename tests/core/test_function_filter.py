"""The filter language of the function table: what it finds, what it underlines, and that it can't hang."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.figures import Figures
from lambdadesk.core.function_filter import FunctionFilter, RegexTerm, WordTerm, parse
from lambdadesk.core.function_index import FilterIndex
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.lamps import Lamp, LampKind, LampLevel
from lambdadesk.core.types import Cost, FunctionInfo

NAMES = ("order-worker", "OrderWriter", "prod-reorder", "auth", "user-import")


def make_row(name: str, **fields: object) -> FunctionRow:
    row = FunctionRow(
        "key", "prod shop", "123456789012", "eu-central-1", FunctionInfo(name, runtime="python3.13")
    )
    return replace(row, **fields)  # type: ignore[arg-type]


def find(text: str, *names: str) -> list[str]:
    rows = FilterIndex(make_row(name) for name in names or NAMES).find(parse(text))
    return [row.function.name for row in rows]


def fits(text: str, row: FunctionRow) -> bool:
    return FilterIndex([row]).find(parse(text)) == [row]


FULL = make_row(
    "full",
    function=FunctionInfo(
        "full", runtime="python3.13", architecture="arm64", memory_mb=1024, timeout_s=3, ephemeral_mb=2048
    ),
    tags={"Team": "core", "cost centre": "Shop 7"},
    figures=Figures(
        1, invocations=10, errors=2, throttles=1, p95_ms=500.0, concurrency=4, cost=Cost(Decimal("1.5"))
    ),
    triggers=("sqs", "eventbridge-rule"),
    lamps=(Lamp(LampKind.RUNTIME, LampLevel.NOTE, "old"),),
    is_pinned=True,
)
UNKNOWN = FunctionRow("key", "prod shop", "", "", FunctionInfo("unknown"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [*NAMES]),
        ("   ", [*NAMES]),
        ("order", ["order-worker", "OrderWriter", "prod-reorder"]),
        ("ORDER", ["order-worker", "OrderWriter", "prod-reorder"]),
        ("order work", ["order-worker"]),
        ("ordwk", ["order-worker"]),
        ("writ", ["OrderWriter"]),
        ("wtr", ["OrderWriter"]),  # a capital begins a word
        ("rder", ["order-worker", "OrderWriter", "prod-reorder"]),
        ("rdr", ["prod-reorder"]),
        ("dwk", []),  # letters are left out only after a word's first one
        ("-order", ["auth", "user-import"]),
        ("-ordwk", [*NAMES]),
        ('"order-w"', ["order-worker"]),
        ('"ordwk"', []),
        ('-"order-w"', ["OrderWriter", "prod-reorder", "auth", "user-import"]),
        ('"order', ["order-worker", "OrderWriter", "prod-reorder"]),
        ("123456", [*NAMES]),
        ("eu-central", [*NAMES]),
        ("shop", [*NAMES]),
        ("/^order/", ["order-worker", "OrderWriter"]),
        ("/^order", ["order-worker", "OrderWriter"]),
        ("-/^order/", ["prod-reorder", "auth", "user-import"]),
        ("/.*order-/", ["order-worker"]),
        ("/(auth|import)$/", ["auth", "user-import"]),
        ("/w.*r/ order", ["order-worker", "OrderWriter"]),
        ("[ ( *", []),
    ],
)
def test_words_and_expressions(text: str, found: list[str]) -> None:
    assert find(text) == found
    assert parse(text).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "runtime:python",
        "runtime:PYTHON3.13",
        "RUNTIME:python*",
        "arch:arm64",
        "region:eu-*",
        "region:*central*",
        "region:eu",
        "account:1234*",
        "account:123456789012",
        'connection:"prod shop"',
        "connection:prod*",
        "tag:team",
        "tag:team=core",
        "tag:team=c*",
        'tag:"cost centre"="shop 7"',
        "tag:cost*=*7",
        "trigger:sqs",
        "trigger:event*",
        "lamp:runtime",
        "lamp:run",
        "lamp:*",
        "is:pinned",
        "errors>0",
        "errors=2",
        "errors>=2",
        "errors<3",
        "errors<=2",
        "invocations>=10",
        "throttles>0",
        "cost>1",
        "cost<1.51",
        "p95>=500",
        "concurrency=4",
        "memory>=1024",
        "timeout<=3",
        "storage>512",
    ],
)
def test_a_field_finds_its_row_and_its_negation_does_not(text: str) -> None:
    assert parse(text).problems == ()
    assert fits(text, FULL)
    assert not fits(f"-{text}", FULL)


@pytest.mark.parametrize(
    "text",
    [
        "runtime:node",
        "arch:x86",
        "region:us-*",
        "region:central-*",
        "account:9*",
        "tag:tea",
        "tag:team=cor",
        "tag:team=",
        "trigger:sns",
        "lamp:memory",
        "is:gone",
        "errors>2",
        "cost>1.5",
        "p95>500",
        "memory<1024",
    ],
)
def test_a_field_passes_over_other_rows(text: str) -> None:
    assert parse(text).problems == ()
    assert not fits(text, FULL)
    assert fits(f"-{text}", FULL)


@pytest.mark.parametrize(
    "text", ["errors>0", "errors=0", "cost<1", "p95>1", "tag:team", "trigger:sqs", "account:1", "region:eu"]
)
def test_what_is_not_known_fits_neither_a_term_nor_its_opposite(text: str) -> None:
    assert not fits(text, UNKNOWN)
    assert not fits(f"-{text}", UNKNOWN)


def test_a_number_of_any_size_can_be_compared_with() -> None:
    assert fits("memory<1e999999999 p95<1e99999 errors>-1e99999", FULL)


def test_a_function_that_did_not_run_has_no_p95_but_zero_errors() -> None:
    idle = replace(UNKNOWN, figures=Figures(1))
    assert fits("errors=0 -errors>0", idle)
    assert not fits("p95<1", idle)


def test_a_container_image_has_no_runtime_and_that_is_known() -> None:
    image = make_row("image", function=FunctionInfo("image", package_type="Image"))
    assert fits("runtime:image -runtime:python", image)


@pytest.mark.parametrize(
    ("text", "marked", "words"),
    [
        ("order colour:red", "colour:red", "no field colour"),
        ("errors>", "errors>", "number"),
        ("errors>many", "errors>many", "number"),
        ("errors:1", "errors:1", "number"),
        ("cost>nan", "cost>nan", "number"),
        ("runtime>3", "runtime>3", "colon"),
        ("runtime: order", "runtime:", "What runtime?"),
        ("lamp:green", "lamp:green", "no lamp green"),
        ("is:blue", "is:blue", "pinned or gone"),
        ("/[/", "/[/", "can't be used"),
        ("/(a+)+$/", "/(a+)+$/", "for ever"),
        ("/(a|a)*b/", "/(a|a)*b/", "for ever"),
        ("/((a?)b)+/", "/((a?)b)+/", "for ever"),
        ("/" + "a?" * 25 + "/", "/" + "a?" * 25 + "/", "for ever"),
        ("/.*.*.*.*x/", "/.*.*.*.*x/", "for ever"),
        ("/a{1,5}{1,5}{1,5}{1,5}b/", "/a{1,5}{1,5}{1,5}{1,5}b/", "for ever"),
        ("-is:blue", "-is:blue", "pinned or gone"),
    ],
)
def test_what_is_wrong_is_marked_and_hides_nothing(text: str, marked: str, words: str) -> None:
    wanted = parse(text)
    (problem,) = wanted.problems
    assert text[problem.start : problem.start + problem.length] == marked
    assert words in problem.message
    alone = parse(marked)
    assert len(FilterIndex([FULL, UNKNOWN]).find(alone)) == 2
    assert fits(text, make_row("order"))


@pytest.mark.parametrize(
    "pattern",
    [
        "^prod-.*-(api|auth)-",
        "(ab)+",
        "[a-z]+-[0-9]{2,4}$",
        "^a{3}",
        "(?:dev|test)-x",
        r"\(a+\)+",
        "[(a+)+]",
        "a{b}",
    ],
)
def test_usual_expressions_are_allowed(pattern: str) -> None:
    (term,) = parse(f"/{pattern}/").terms
    assert isinstance(term, RegexTerm)


def test_an_expression_that_takes_too_long_is_passed_over_and_told() -> None:
    now_s = 0.0

    def clock() -> float:
        nonlocal now_s
        now_s += 0.03
        return now_s

    index = FilterIndex((make_row(name) for name in NAMES), clock)
    rows = index.find(parse("auth /nothing/"))
    assert [row.function.name for row in rows] == []
    assert index.too_slow == ()
    rows = index.find(parse("-auth /nothing/"))
    (problem,) = index.too_slow
    assert (problem.start, problem.length) == (6, 9)
    assert len(rows) == 4
    now_s = -100.0
    index.find(parse("auth"))
    assert index.too_slow == ()


def test_nearest_names_come_first() -> None:
    names = ["r-e-p-o", "export", "my-reporter", "reporter", "report", "x"]
    rows = [make_row(name) for name in names]
    wanted = parse("report")
    ranked = [row.function.name for row in FilterIndex(rows).find(wanted, ranked=True)]
    assert ranked == ["report", "reporter", "my-reporter"]
    ranked = [row.function.name for row in FilterIndex(rows).find(parse("repo"), ranked=True)]
    assert ranked == ["reporter", "report", "my-reporter", "r-e-p-o"]


def test_unranked_rows_keep_their_order() -> None:
    rows = [make_row(name) for name in ("my-report", "report")]
    assert FilterIndex(rows).find(parse("report")) == rows


_TEXTS = st.lists(
    st.sampled_from(
        [
            *("o", "or", "ord", "order", "-o", "-or", "w", "wr", '"or"', '"ord', "/o/", "/or/", "-/o"),
            *(
                "errors>0",
                "errors>1",
                "errors<1",
                "-errors>1",
                "errors>",
                "runtime:p",
                "runtime:py",
                "is:pinned",
            ),
            *("tag:a", "tag:a=b", "eu", "", "-"),
        ]
    ),
    max_size=4,
).map(" ".join)
_ROWS = st.lists(
    st.builds(
        lambda name, errors, tags, pinned: make_row(
            name,
            figures=None if errors is None else Figures(1, errors=errors),
            tags=tags,
            is_pinned=pinned,
        ),
        st.text("orderw-W", max_size=9),
        st.none() | st.integers(0, 2),
        st.sampled_from([None, {}, {"a": "b"}, {"a": "c"}]),
        st.booleans(),
    ),
    max_size=8,
)


@given(_ROWS, st.lists(_TEXTS, min_size=1, max_size=6))
def test_typing_on_finds_what_a_fresh_start_finds(rows: list[FunctionRow], texts: list[str]) -> None:
    index = FilterIndex(rows)
    for text in texts:
        wanted = parse(text)
        found = index.find(wanted)
        assert found == FilterIndex(rows).find(wanted)
        assert found == [row for row in rows if fits(text, row)]


# Capitals, separators, letters that share a bit ("o", "/" and "ï"), and ones that grow in lower case.
_LETTERS = "orOR2-_/ ïßİ"


@given(
    st.lists(st.text(_LETTERS, max_size=9), max_size=8),
    st.lists(st.text(_LETTERS, min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_the_quick_way_finds_and_ranks_as_the_plain_one(names: list[str], words: list[str]) -> None:
    rows = [make_row(name) for name in names]
    wanted = FunctionFilter(terms=tuple(WordTerm(word.casefold()) for word in words))
    found = [row for row in rows if all(is_found(word.casefold(), row) for word in words)]
    index = FilterIndex(rows)
    assert index.find(wanted) == found
    nearest_first = sorted(found, key=lambda row: score(wanted.words, row), reverse=True)
    assert index.find(wanted, ranked=True) == nearest_first
    assert [rows[at] for at in index.find_places(wanted)] == found


def is_found(word: str, row: FunctionRow) -> bool:
    """Whether a word is found in a row, letter by letter."""
    name = row.function.name
    texts = (name, row.account, row.region, row.connection, row.function.runtime, row.function.description)
    if any(word in text.casefold() for text in texts):
        return True
    apart = re.sub("(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold()
    return any(
        apart[start] == word[0]
        and (start == 0 or re.match("[^a-z0-9]", apart[start - 1]) is not None)
        and has_in_order(apart[start:], word)
        for start in range(len(apart))
    )


def score(words: list[str], row: FunctionRow) -> int:
    """How near a row's name is to the words: 4 the whole name, 3 its beginning, 2 that of a word."""
    total, name = 0, row.function.name.casefold()
    for word in words:
        at = name.find(word)
        if at > 0:
            total += 1 if name[at - 1].isalnum() else 2
        else:
            total += -1 if at < 0 else 4 if name == word else 3
    return total


def has_in_order(text: str, letters: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


@given(st.text())
def test_any_text_is_a_filter(text: str) -> None:
    wanted = parse(text)
    FilterIndex([FULL, UNKNOWN]).find(wanted, ranked=True)
    for problem in wanted.problems:
        assert problem.start >= 0
        assert 0 < problem.length <= len(text) - problem.start


def test_no_filter_is_no_term() -> None:
    assert parse("") == FunctionFilter()
