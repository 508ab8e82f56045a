import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_patterns import build_match, dump_json, find_mismatch, load_json, parse_pattern


def mismatch(pattern: Any, event: Any) -> str:
    """Of Python values, by way of their JSON."""
    return find_mismatch(parse_pattern(json.dumps(pattern)), load_json(json.dumps(event)))


@pytest.mark.parametrize(
    ("matchers", "good", "bad"),
    [
        (["a", "b"], ["a", "b", ["x", "b"]], ["c", "A", 1, None, ["c"], {"a": 1}, []]),
        ([""], [""], ["a", None]),
        ([None], [None], ["", 0, False]),
        ([True], [True], [False, "true", 1]),
        ([300], [300], [300.0, "300", 301]),
        ([{"exists": True}], ["", None, 0, ["x"]], [{"a": 1}]),
        ([{"exists": False}], [{"a": 1}], ["", None]),
        ([{"prefix": "us-"}], ["us-east-1", "us-"], ["eu-us-", "US-", 1]),
        ([{"prefix": {"equals-ignore-case": "us-"}}], ["US-east-1"], ["eu-"]),
        ([{"suffix": ".png"}], ["a.png"], ["a.PNG", "png"]),
        ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG"], ["png"]),
        ([{"equals-ignore-case": "Alice"}], ["aLICE"], ["alice "]),
        ([{"anything-but": "a"}], ["b", "", None, 1], ["a", ["a", "a"], {"x": 1}]),
        ([{"anything-but": ["a", 1]}], ["b", 2, ["a", "b"]], ["a", 1]),
        ([{"anything-but": {"prefix": "us-"}}], ["eu-", 1], ["us-east-1"]),
        ([{"anything-but": {"suffix": [".png", ".jpg"]}}], ["a.gif"], ["a.png", "a.jpg"]),
        ([{"anything-but": {"equals-ignore-case": "x"}}], ["y"], ["X"]),
        ([{"anything-but": {"wildcard": "*/lib/*"}}], ["/a/b"], ["/a/lib/b"]),
        ([{"numeric": ["=", 300]}], [300, 300.0, 3e2], [301, "300"]),
        ([{"numeric": [">", 0, "<=", 5]}], [5, 0.1], [0, 5.1, None]),
        ([{"wildcard": "a*c*e"}], ["ace", "abcde", "acce"], ["abc", "ae", "ac", "xace"]),
        ([{"wildcard": "a\\*b"}], ["a*b"], ["axb"]),
        ([{"wildcard": "aa*aa"}], ["aaaa"], ["aaa"]),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.7"], ["10.0.1.7", "here", 1]),
        ([{"prefix": "x"}, "a"], ["a", "xy"], ["b"]),
    ],
)
def test_operators(matchers: list[Any], good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert mismatch({"v": matchers}, {"v": value}) == "", value
    for value in bad:
        assert mismatch({"v": matchers}, {"v": value}) != "", value


def test_what_is_absent_fits_only_a_pattern_that_says_so() -> None:
    assert mismatch({"a": {"b": [{"exists": False}]}}, {}) == ""
    assert mismatch({"a": {"b": [{"exists": False}, "x"]}}, {"a": 1}) == ""
    assert mismatch({"a": {"b": [{"anything-but": "x"}]}}, {"a": {}}) != ""
    assert mismatch({"a": [None]}, {}) != ""


def test_every_key_has_to_fit_and_one_alternative() -> None:
    pattern = {"a": [1], "$or": [{"b": ["x"]}, {"c": {"d": [{"numeric": ["<", 3]}]}}]}
    assert mismatch(pattern, {"a": 1, "b": "x"}) == ""
    assert mismatch(pattern, {"a": 1, "c": {"d": 2}}) == ""
    assert mismatch(pattern, {"a": 2, "b": "x"}) == "a is 2, the pattern wants 1"
    assert mismatch(pattern, {"a": 1}) == (
        'b is absent, the pattern wants "x" and c.d is absent, the pattern wants a number < 3'
    )


def test_one_element_of_an_array_has_to_fit_as_a_whole() -> None:
    pattern = {"items": {"name": ["a"], "size": [1]}}
    assert mismatch(pattern, {"items": [{"name": "b", "size": 1}, {"name": "a", "size": 1}]}) == ""
    assert mismatch(pattern, {"items": [{"name": "b", "size": 1}, {"name": "a", "size": 2}]}) != ""
    assert mismatch(pattern, {"items": []}) != ""


@pytest.mark.parametrize(
    ("matcher", "text"),
    [
        ("paid", '"paid"'),
        ({"anything-but": ["a", "b"]}, 'anything but "a" or "b"'),
        ({"anything-but": {"prefix": "a"}}, 'anything but a text that begins with "a"'),
        ({"exists": False}, "it to be absent"),
        ({"numeric": [">", 0, "<=", 5]}, "a number > 0 and <= 5"),
        ({"suffix": {"equals-ignore-case": ".png"}}, 'a text that ends with ".png" in any case'),
        ({"cidr": "10.0.0.0/8"}, 'an address within "10.0.0.0/8"'),
    ],
)
def test_reasons_are_in_words(matcher: Any, text: str) -> None:
    event = (
        {"body": {"status": "a"}} if matcher != {"numeric": [">", 0, "<=", 5]} else {"body": {"status": 9}}
    )
    shown = json.dumps(event["body"]["status"])
    assert mismatch({"body": {"status": [matcher]}}, event) == (
        f"body.status is {shown}, the pattern wants {text}"
    )


def test_a_long_value_is_cut_in_a_reason() -> None:
    assert len(mismatch({"a": ["b"]}, {"a": "x" * 1_000})) < 120


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "it is not JSON"),
        ('{"a": [NaN]}', "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it is neither an object"),
        ('{"a": "b"}', "a is neither an object nor an array"),
        ('{"a": {"b": []}}', "the array of a.b is empty"),
        ('{"a": [["b"]]}', "the array of a is empty or holds another array"),
        ('{"a": [{}]}', "has not exactly one operator"),
        ('{"a": [{"like": "b"}]}', "a uses the operator like"),
        ('{"a": [{"prefix": 1}]}', "a gives prefix something that it doesn't take"),
        ('{"a": [{"prefix": {"suffix": "x"}}]}', "a gives prefix something"),
        ('{"a": [{"numeric": [">"]}]}', "a gives numeric something"),
        ('{"a": [{"numeric": ["!=", 1]}]}', "a gives numeric something"),
        ('{"a": [{"numeric": [">", "1"]}]}', "a gives numeric something"),
        ('{"a": [{"cidr": "10.0.0.0/99"}]}', "a gives cidr something"),
        ('{"a": [{"anything-but": {"exists": true}}]}', "a gives anything-but something"),
        ('{"a": [{"anything-but": []}]}', "a gives anything-but something"),
        ('{"$or": [{"a": "b"}, {"c": [1]}]}', "a is neither"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_pattern(text)
    assert problem in caught.value.message
    assert caught.value.kind is ErrorKind.INVALID


SCALARS = st.none() | st.booleans() | st.integers(-99, 99) | st.text("abc*\\/.", max_size=4)
MATCHERS = st.one_of(
    SCALARS,
    st.fixed_dictionaries({"exists": st.booleans()}),
    *(
        st.fixed_dictionaries({operator: st.text("abc*/.", max_size=4)})
        for operator in ("prefix", "suffix", "equals-ignore-case", "wildcard")
    ),
    st.fixed_dictionaries({"anything-but": SCALARS | st.lists(SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"anything-but": st.fixed_dictionaries({"prefix": st.text("abc", min_size=1)})}),
    st.integers(-9, 9).map(lambda n: {"numeric": [">", n]}),
    st.integers(-9, 9).map(lambda n: {"numeric": [">", n, "<", n + 1]}),
    st.just({"cidr": "10.0.0.0/24"}),
)
KEYS = st.sampled_from(["a", "b", "c"])
PATTERNS = st.recursive(
    st.dictionaries(KEYS, st.lists(MATCHERS, min_size=1, max_size=3), max_size=3),
    lambda inner: (
        st.dictionaries(KEYS, inner, min_size=1, max_size=3)
        | st.dictionaries(KEYS, st.lists(MATCHERS, min_size=1, max_size=2), max_size=2).flatmap(
            lambda leaves: st.fixed_dictionaries(
                {"$or": st.lists(inner, min_size=1, max_size=2), "d": st.just({**leaves})}
            )
        )
    ),
    max_leaves=6,
)
EVENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner), max_leaves=8
)


def has_either(pattern: Any) -> bool:
    return isinstance(pattern, dict) and ("$or" in pattern or any(map(has_either, pattern.values())))


@given(PATTERNS, EVENTS)
def test_an_event_that_is_made_for_a_pattern_fits_it(pattern: Any, event: Any) -> None:
    loaded, before = parse_pattern(json.dumps(pattern)), load_json(json.dumps(event))
    made, choices = build_match(loaded, before)
    if not has_either(pattern):  # an alternative may contradict the rest
        assert find_mismatch(loaded, load_json(dump_json(made))) == ""
    assert before == load_json(json.dumps(event))
    if find_mismatch(loaded, before) == "" and isinstance(event, dict | list):
        assert (made, choices) == (before, ())


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_wildcards_are_what_fnmatch_says(want: str, value: str) -> None:
    from fnmatch import fnmatchcase

    if "**" not in want:
        assert (mismatch({"a": [{"wildcard": want}]}, {"a": value}) == "") == fnmatchcase(value, want)


def test_a_made_event_keeps_what_fits_and_says_what_it_made_up() -> None:
    pattern = {
        "source": ["aws.s3"],
        "detail": {
            "bucket": {"name": ["photos", "films"]},
            "object": {"key": [{"prefix": "uploads/"}], "size": [{"numeric": [">", 10]}]},
            "reason": [{"exists": False}],
        },
    }
    event = {"source": "x", "id": "1", "detail": {"object": {"key": "a/b.jpg", "size": 11}, "reason": "r"}}
    made, choices = build_match(parse_pattern(json.dumps(pattern)), load_json(json.dumps(event)))
    assert made == {
        "source": "aws.s3",
        "id": "1",
        "detail": {"object": {"key": "uploads/b.jpg", "size": Decimal(11)}, "bucket": {"name": "photos"}},
    }
    assert choices == (
        'detail.bucket.name: "photos" is chosen; the pattern wants "photos" or "films".',
        'detail.object.key: "uploads/b.jpg" is chosen; the pattern wants a text that begins with "uploads/".',
    )


def test_numbers_are_written_as_numbers() -> None:
    assert dump_json(load_json('{"a":[1,1.5,300,3e2,-0.0,12345678901234567890]}')) == (
        '{"a":[1,1.5,300,300,-0.0,12345678901234567890]}'
    )
