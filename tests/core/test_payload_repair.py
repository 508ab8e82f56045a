import json
import re

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.payload import check_payload, format_json, minify_json
from lambdadesk.core.payload_repair import find_repair

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
containers = st.lists(json_values, min_size=1) | st.dictionaries(st.text(), json_values, min_size=1)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def outside_strings(text: str, pattern: str, replacement: str) -> str:
    parts = []
    end = 0
    for match in STRING.finditer(text):
        parts += [re.sub(pattern, replacement, text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, re.sub(pattern, replacement, text[end:])])


def single_quoted(text: str) -> str:
    return STRING.sub(lambda m: "'" + m[0][1:-1].replace('\\"', '"').replace("'", "\\'") + "'", text)


BREAKS = {
    "trailing commas": lambda text: outside_strings(text, r"(?<![\[{ \n])(\s*[}\]])", r",\1"),
    "line comments": lambda text: outside_strings(text, r"\n", ' // it\'s "so"\n') + " # end",
    "block comments": lambda text: outside_strings(text, r"([,:\[{])", r"\1 /* } \n ] */"),
    "single quotes": single_quoted,
    "python": lambda text: outside_strings(
        outside_strings(outside_strings(text, "true", "True"), "false", "False"), "null", "None"
    ),
    "no commas": lambda text: outside_strings(text, ",\n", "\n"),
    "no last bracket": lambda text: text.rstrip("}]\n "),
    "special spaces": lambda text: "\ufeff" + outside_strings(text, r"(?<=[:,\[{]) ?", "\u00a0"),
}


@pytest.mark.parametrize("way", BREAKS)
@settings(max_examples=40)
@given(containers)
def test_what_was_broken_comes_back_equal(way: str, value: object) -> None:
    text = json.dumps(value, indent=2)
    if way == "no last bracket" and text.endswith(("[]\n]", "{}\n]", "[]\n}", "{}\n}", "[\n]", "{\n}")):
        return  # their own brackets would go, too, and come back elsewhere
    broken = BREAKS[way](text)
    repair = find_repair(broken)
    try:
        orjson.loads(broken)
    except orjson.JSONDecodeError:
        assert repair is not None
        assert orjson.loads(repair.text) == orjson.loads(text)
        assert repair.done.lower().split()[1:] == repair.offer.lower().split()[1:] or "," in repair.offer
    else:
        assert repair is None


@given(st.text(alphabet="{}[]\",:'\\ \n1/*#aé“”Tru"))
def test_whatever_is_offered_is_valid(text: str) -> None:
    repair = find_repair(text)
    if repair is not None:
        problem = check_payload(repair.text)
        assert problem is None or not problem.is_error
        assert check_payload(text) is not None


@given(json_values)
def test_valid_json_needs_no_repair_and_minifies_to_its_tokens(value: object) -> None:
    text = json.dumps(value, indent=1)
    assert find_repair(text) is None
    assert orjson.loads(minify_json(text)) == orjson.loads(text)
    assert minify_json(format_json(text)) == minify_json(text)


@pytest.mark.parametrize(
    ("text", "after", "done"),
    [
        ('{"a": [1, 2,],}', '{"a": [1, 2]}', "Removed 2 commas after last elements"),
        (
            '{\n  "a": 1, // one\n  # two\n}',
            '{\n  "a": 1\n\n}',
            "Removed the comma after the last element and 2 comments",
        ),
        ("{'it\\'s': '\"x\"'}", '{"it\'s": "\\"x\\""}', "Put 2 strings in double quotes"),
        ("{“a”: «b», \u2018c\u2019: 1}", '{"a": "b", "c": 1}', "Put 3 strings in double quotes"),
        ("[True, None, undefined]", "[true, null, null]", "Wrote 3 words as JSON does"),
        ("{a: 1, $b: 2}", '{"a": 1, "$b": 2}', "Put 2 keys in double quotes"),
        ('{"a": [1, {"b": 2}', '{"a": [1, {"b": 2}]}', "Added 2 closing brackets"),
        ('{\n  "a": [\n    1\n', '{\n  "a": [\n    1\n  ]\n}\n', "Added 2 closing brackets"),
        ('{"a": [1, 2}', '{"a": [1, 2]}', "Added 1 closing bracket"),
        ('{"a": 1\n "b": 2}', '{"a": 1,\n "b": 2}', "Added 1 missing comma"),
        ('{"a":\u00a01.0}', '{"a": 1.0}', "Replaced 1 special space"),
        ('{"True": "it\'s, // fine,]"},', '{"True": "it\'s, // fine,]"}', "Removed the comma after the last"),
        (
            "{'a': True,}",
            '{"a": true}',
            "Removed the comma after the last element, put 1 string in double quotes, wrote 1 word as JSON",
        ),
    ],
)
def test_a_repair_says_what_it_does(text: str, after: str, done: str) -> None:
    repair = find_repair(text)
    assert repair is not None
    assert repair.text == after
    assert repair.done.startswith(done)
    assert repair.offer[0].islower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "{}",
        "1",
        '{"a": 1, "a": 2}',
        "[NaN]",
        "[01]",
        "[.5]",
        "[1,,2]",
        '{"a": }',
        '{"a"',
        '["say "hi" to"]',
        '["open',
        "}",
        "[1]]",
        '["\ud83d",]',
        "[" * 10_000 + "1," + "]" * 10_000,
        "[" * 10_000,
        "/* open",
        "'\\x41'",
        '["a\nb"]',
        "(1, 2)",
    ],
)
def test_what_is_not_obvious_is_left_alone(text: str) -> None:
    assert find_repair(text) is None


@pytest.mark.parametrize(
    "text", ["[" * 10_000 + "]" * 10_000, '{"a":' * 10_000, "[NaN]", "1", "", '"\ud83d"']
)
def test_strange_texts_are_laid_out_and_joined_without_a_crash(text: str) -> None:
    assert minify_json(format_json(text)) == text


def test_minify_keeps_apart_what_is_no_json() -> None:
    assert minify_json(' { "a b" : 1.0 ,\n"c":\t[ 1e3, "x" ] }\n') == '{"a b":1.0,"c":[1e3,"x"]}'
    assert minify_json('1 2 "a"  "b"') == '1 2 "a" "b"'


def test_a_long_text_takes_one_pass() -> None:
    """A pass for each fault would take minutes here."""
    text = "[" + "{'id': 1, 'ok': True,}, // x\n" * 40_000 + "]"
    repair = find_repair(text)
    assert repair is not None
    assert len(orjson.loads(repair.text)) == 40_000
