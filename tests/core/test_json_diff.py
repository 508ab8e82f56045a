import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.json_diff import CHANGES_LIMIT, LINES_LIMIT, Change, ChangeKind, diff

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def changes(before: str, after: str) -> list[Change]:
    found = diff(before.encode(), after.encode())
    assert found.is_structural
    return list(found.changes)


def test_each_difference_has_its_path() -> None:
    before = '{"id": 1, "items": [{"price": 1.50}, {"price": 2}], "old": null, "a b": 1}'
    after = '{"a b": 2, "items": [{"price": 1.5}, {"price": 3}], "id": 1, "new": [1]}'
    assert changes(before, after) == [
        Change(ChangeKind.CHANGED, "items[1].price", "2", "3"),
        Change(ChangeKind.REMOVED, "old", before="null"),
        Change(ChangeKind.CHANGED, '["a b"]', "1", "2"),
        Change(ChangeKind.ADDED, "new", after="[1]"),
    ]


def test_an_element_put_in_is_one_difference() -> None:
    assert changes("[1, 2, 3]", "[0, 1, 2, 3]") == [Change(ChangeKind.ADDED, "[0]", after="0")]
    assert changes("[1, 2, 3]", "[1, 3]") == [Change(ChangeKind.REMOVED, "[1]", before="2")]


def test_numbers_are_as_they_were_written() -> None:
    assert changes("0.1", "0.10") == []
    assert changes("12345678901234567890123", "12345678901234567890124") == [
        Change(ChangeKind.CHANGED, "", "12345678901234567890123", "12345678901234567890124")
    ]
    assert changes("1", "true") == [Change(ChangeKind.CHANGED, "", "1", "true")]


def test_what_is_not_json_is_compared_by_lines() -> None:
    found = diff(b"a\nb\nc", b"a\nB\nc")
    assert not found.is_structural
    assert found.lines == ("@@ -1,3 +1,3 @@", " a", "-b", "+B", " c")
    assert not diff(b"a\n", b"a\r\n").is_equal


def test_white_space_alone_is_no_difference() -> None:
    found = diff(b'{"a":1}', b'{ "a": 1 }')
    assert found.is_equal
    assert not found.is_same_bytes
    assert diff(b"x", b"x").is_same_bytes


def test_what_is_left_out_is_said() -> None:
    many = diff(json.dumps([0] * 20_000).encode(), json.dumps([1] * 20_000).encode())
    assert len(many.changes) == CHANGES_LIMIT
    assert "first" in many.note
    lines = diff(b"x\n" * (LINES_LIMIT + 1), b"x\n" * (LINES_LIMIT + 2))
    assert f"{LINES_LIMIT:,}" in lines.note
    assert not lines.is_equal


@pytest.mark.parametrize("depth", [900, 10_000])
def test_depth_breaks_nothing(depth: int) -> None:
    deep = b"[" * depth + b"1" + b"]" * depth
    assert not diff(deep, deep.replace(b"1", b"2")).is_equal


@given(VALUES, VALUES)
def test_equal_means_equal(one: object, other: object) -> None:
    found = diff(json.dumps(one).encode(), json.dumps(other).encode())
    assert found.is_structural
    assert found.is_equal == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))
