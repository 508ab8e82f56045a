import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.payload import (
    ASYNC_LIMIT,
    SYNC_LIMIT,
    check_payload,
    check_size,
    format_json,
    payload_bytes,
    pretty,
    utf16_offset,
)
from lambdadesk.core.types import InvocationType


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a": 1\n "b": 2}', "Line 2, column 2: expected ',' or '}'"),
        ("[1 2]", "Line 1, column 4: expected ',' or ']'"),
        ('{"a": 1,\n}', "Line 1, column 8: a comma after the last element is not allowed"),
        ("{'a': 1}", "Line 1, column 2: strings take double quotes, not '"),
        ("{a: 1}", "Line 1, column 2: expected a key in double quotes"),
        ('{"a" 1}', "Line 1, column 6: expected ':' after the key"),
        ('{"a":}', "Line 1, column 6: expected a value"),
        ("not so", "Line 1, column 1: expected a value; text stands in double quotes"),
        ("[NaN]", "Line 1, column 2: NaN is not a JSON number"),
        ("[-Infinity]", "Line 1, column 3: -Infinity is not a JSON number"),
        ("[None]", "Line 1, column 2: None is not JSON; write null"),
        ("// why\n{}", "Line 1, column 1: JSON has no comments"),
        ("{“a”: 1}", 'Line 1, column 2: a typographic quote “; strings take plain double quotes (")'),
        ('{"a":\u00a01}', "Line 1, column 6: a special space (U+00A0) stands here; type a plain one"),
        (
            '{"a": "x\ny"}',
            "Line 1, column 9: this string is not closed on its line; write \\n for a line break",
        ),
        ('"a\x01"', "Line 1, column 3: a control character in a string"),
        (
            '{\n  "a": [1, 2\n}\n'[:14],
            "Line 2, column 13: the payload ends here, but ']' is missing for '[' of line 2",
        ),
        ('{"a', "Line 1, column 4: the payload ends within a string"),
        ('{"a\\"', "Line 1, column 6: the payload ends within a string"),
        ("nul", "Line 1, column 4: the payload ends too early"),
        ('{"a": 1} x', "Line 1, column 10: the payload ends before this; only one value is allowed"),
        ("\ufeff{}", "Line 1, column 1: delete the invisible byte order mark (BOM) here"),
        ("[1e999]", "Line 1, column 2: this number is too large"),
        ("[01]", "Line 1, column 2: a number can't start with 0"),
        ('["😀", 01]', "Line 1, column 7: a number can't start with 0"),
        ('["\ud83d"]', "Line 1, column 3: half of a character (a lone surrogate) can't be sent"),
        ("[" * 1_100 + "]" * 1_100, "Line 1, column 1026: nested too deeply (more than 1,024 levels)"),
        (" \n", "The payload is empty; {} is the smallest event"),
    ],
)
def test_a_mistake_is_named_where_it_is(text: str, shown: str) -> None:
    problem = check_payload(text)
    assert problem is not None
    assert str(problem) == shown
    assert problem.is_error
    if text.strip():
        before = text[: problem.position]
        assert (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1) == (problem.line, problem.column)


@pytest.mark.parametrize(
    ("text", "column"), [('{"a": 1, "b": {"a": 1}, "a": 2}', 25), (r'{"a": 1, "\u0061": {}}', 10)]
)
def test_a_key_given_twice_is_a_warning(text: str, column: int) -> None:
    problem = check_payload(text)
    assert problem is not None
    assert not problem.is_error
    assert problem.column == column
    assert "given twice" in problem.message


@pytest.mark.parametrize(
    "text", ["{}", "null", ' "x" ', '[{"a": 1}, {"a": 1}]', '{"a": ["a", "a"], "b": "a"}']
)
def test_valid_payloads_have_no_problem(text: str) -> None:
    assert check_payload(text) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values, st.sampled_from([None, 1, 4]))
def test_everything_json_writes_is_valid_and_formats_to_itself(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert check_payload(text) is None
    formatted = format_json(text)
    assert orjson.loads(formatted) == orjson.loads(text)
    assert format_json(formatted) == formatted


@given(st.text(alphabet='{}[]",:\\ \n1aé😀'))
def test_no_text_is_too_strange(text: str) -> None:
    problem = check_payload(text)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        assert problem is not None
        assert problem.is_error
        assert 0 <= problem.position <= len(text)
    else:
        assert problem is None or not problem.is_error
    assert "".join(format_json(text).split()) == "".join(text.split())
    assert pretty(text.encode()) or not text


def test_number_literals_stay_as_they_were_typed() -> None:
    text = '{"a":[1.0,1e3,-0,123456789012345678901234567890,1E+2],"b":{},"c":[]}'
    assert format_json(text) == (
        '{\n  "a": [\n    1.0,\n    1e3,\n    -0,\n    123456789012345678901234567890,\n    1E+2\n  ],\n'
        '  "b": {},\n  "c": []\n}'
    )


def test_pretty_shows_what_is_not_json_as_it_is() -> None:
    assert pretty(b'{"a":1.0}') == '{\n  "a": 1.0\n}'
    assert pretty(b"Task timed out") == "Task timed out"
    assert pretty(b"\xff\x00") == "\\xff\x00"
    assert pretty(b"") == ""


def test_a_deep_response_does_not_grow_without_bounds() -> None:
    data = b"[" * 1_000 + b"1," * 10_000 + b"1" + b"]" * 1_000
    assert len(pretty(data)) < 100 * len(data)


def test_bytes_are_exactly_what_was_typed() -> None:
    text = ' {"a" : 1.0,\t"ü": "😀\u00a0"}\n'
    assert payload_bytes(text) == text.encode()
    with pytest.raises(UserError) as caught:
        payload_bytes('"\ud83d"')
    assert caught.value.kind is ErrorKind.INVALID


def test_size_limits_by_kind_of_invocation() -> None:
    assert check_size(SYNC_LIMIT, InvocationType.REQUEST_RESPONSE) is None
    assert check_size(ASYNC_LIMIT, InvocationType.EVENT) is None
    sync, event = (
        check_size(SYNC_LIMIT + 1, InvocationType.REQUEST_RESPONSE),
        check_size(ASYNC_LIMIT + 1, InvocationType.EVENT),
    )
    assert sync is not None
    assert "a synchronous invocation takes 6 MB at most" in sync.message
    assert event is not None
    assert "1,048,577 bytes" in event.message


def test_qt_counts_an_emoji_twice() -> None:
    text = '{"😀": "é", x'
    assert utf16_offset(text, text.index("x")) == len(text[: text.index("x")].encode("utf-16-le")) // 2
    assert utf16_offset(text, 0) == 0


def test_work_grows_with_a_payload_and_no_faster() -> None:
    """Were each key or string looked for from the beginning or up to the end, this would take hours."""
    text = json.dumps({f"key {number}": number for number in range(300_000)})
    assert check_payload(text) is None
    problem = check_payload("[" + '"\\' * 3_000_000)  # 6 MB
    assert problem is not None
    assert problem.message == "the payload ends here, but ']' is missing for '[' of line 1"
