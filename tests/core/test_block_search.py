"""By numpy comes out what a look at each line gives."""

import sys
from array import array

import numpy  # noqa: F401  so that it is there
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.block_search import find_lines
from lambdadesk.core.log_block import Block, make_block

# Letters that fold and neighbours that must not; Latin-1; what becomes ASCII or longer in lower case; and
# characters that share bytes with others.
ALPHABETS = ("abAB", "k@`[{K\0\x7f\n", "aàÀ÷\xd7ßÿŸµ", "kKiIİ\u212a", "aA€ł😀é\ud800", " 1o")


def one_by_one(lines: list[str], text: str, exact_case: bool) -> list[int]:
    return [at for at, line in enumerate(lines) if text in (line if exact_case else line.lower())]


def blocks_of(lines: list[str]) -> list[Block]:
    """The block as it is made, and as it would be had its text been larger or smaller."""
    block = make_block(lines)
    return [
        block,
        Block(block.text, block.offsets),
        Block(block.text.encode("utf-8", "surrogatepass"), block.offsets),
    ]


def is_the_same(lines: list[str], text: str) -> int:
    """How many of the blocks were searched by numpy."""
    count = 0
    for exact_case in {True, text != text.lower()}:
        for block in blocks_of(lines):
            found = find_lines(block, text, exact_case=exact_case)
            assert found in (None, one_by_one(lines, text, exact_case))
            count += found is not None
    return count


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[str], str]:
    """Lines, and a text, which is often a part of one of them."""
    alphabet = draw(st.sampled_from(ALPHABETS))
    lines = draw(st.lists(st.text(alphabet, max_size=14), min_size=1, max_size=12))
    whole = draw(st.sampled_from(lines)).replace("\n", "")
    start, size = draw(st.integers(0, 8)), draw(st.integers(1, 11))
    text = draw(st.sampled_from([whole, whole.lower()]))[start : start + size]
    return lines, text or draw(st.text(alphabet.replace("\n", ""), min_size=1, max_size=11))


@settings(max_examples=50, deadline=None)
@given(searches(), st.sampled_from([1, 30, 2_000]))
def test_as_line_by_line(search: tuple[list[str], str], times: int) -> None:
    lines, text = search
    is_the_same(lines * times, text)  # few places, many, and pieces whose border is anywhere


@pytest.mark.parametrize("text", ["e", "go", "gon", "Gone", "gone!", "by gone", "by Gone now"])
@pytest.mark.parametrize("size", [127_985, 255_990])
def test_what_lies_on_the_border_of_two_pieces(text: str, size: int) -> None:
    for shift in range(16):
        lines = ["", "x" * (size + shift) + text, "by  gon gone ", "", text]
        assert is_the_same(lines, text) >= 3


@pytest.mark.parametrize("rest", ["", "x"])
def test_what_begins_before_the_block_or_ends_after_it(rest: str) -> None:
    for text, first, last in (
        ("aab", "ab", "aa"),
        ("longer", "nger", "long"),
        ("a timeout", "timeout", "a timeou"),
    ):
        assert is_the_same([first, rest, *[text] * 99, last], text) == 6


def test_what_is_searched_by_numpy() -> None:
    assert is_the_same(["an order", "AN ORDER"], "order") == 6
    assert is_the_same(["bei größeren"] * 99, "größ") == 5  # not in UTF-8 in any case
    assert is_the_same(["an order…"], "order") == 4  # wider than Latin-1 in UTF-8 alone
    assert is_the_same(["an \u212aorder"] * 99, "k") == 2  # and there not where a letter may become another
    assert is_the_same(["an \u0130rder"] * 99, "i") == 2
    assert is_the_same(["short"], "shorter than this") == 0  # `find` is quicker
    assert is_the_same(["a?"], "ł") == 4  # Latin-1 hasn't it


def test_nothing_holds_on_to_the_offsets() -> None:
    block = make_block(["an order"] * 100)
    assert find_lines(block, "order", exact_case=False) == list(range(100))
    block.offsets.append(1)
    assert isinstance(block.offsets, array)


def test_two_letters_alone_become_ascii() -> None:
    beyond = map(chr, range(128, sys.maxunicode + 1))
    assert [each for each in beyond if any(letter.isascii() for letter in each.lower())] == ["İ", "\u212a"]
