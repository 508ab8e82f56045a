"""Shareable test events in the text of their schema: what is not changed stays to the character."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.shared_events import (
    LIMIT,
    SharedEvent,
    check_limit,
    check_shared_name,
    put_event,
    read_events,
    remove_event,
    rename_event,
    tell_changes,
)
from lambdadesk.core.types import InvocationType

# As others write it: numbers of every form, keys nobody knows, a key given twice, space where it may be.
CONTENT = """{ "openapi" : "3.0.0", "x-own": [1.0, 1e3, 12345678901234567890123],
  "components": {
    "schemas": {"Event": {"type": "object"}},
    "examples" : { "first": {"value": {"price": 1.10, "n": 1E2}, "x-metadata": {"invocationType": "Event",
        "x-team": "blue"}, "summary": "kept"},
      "second":{"value":[1,2]} , "third": {"summary": "no value"}
    }
  }
}
"""


def test_reads_events_with_their_invocation_types() -> None:
    found = read_events(CONTENT, "7")
    assert found.events == (
        SharedEvent("first", '{\n  "price": 1.10,\n  "n": 1E2\n}', InvocationType.EVENT),
        SharedEvent("second", "[\n  1,\n  2\n]"),
        SharedEvent("third", "", problem="This example of the schema has no value."),
    )
    assert (found.version, found.characters) == ("7", len(CONTENT))
    assert read_events('{"components": {}}', "1").events == ()


@pytest.mark.parametrize("metadata", ['"x"', '{"invocationType": 5}', '{"invocationType": "DryRun"}', "null"])
def test_metadata_that_says_nothing_known_is_none(metadata: str) -> None:
    content = f'{{"components": {{"examples": {{"a": {{"value": 1, "x-metadata": {metadata}}}}}}}}}'
    assert read_events(content, "1").events == (SharedEvent("a", "1"),)


def test_replacing_an_event_leaves_all_else_to_the_character() -> None:
    changed = put_event(CONTENT, "first", '{ "price" : 2.50 }', None)
    assert changed == CONTENT.replace('{"price": 1.10, "n": 1E2}', '{"price":2.50}')
    both = put_event(CONTENT, "first", "1", InvocationType.REQUEST_RESPONSE)
    assert both == CONTENT.replace('{"price": 1.10, "n": 1E2}', "1").replace(
        '"invocationType": "Event"', '"invocationType": "RequestResponse"'
    )


def test_adds_an_event_and_metadata() -> None:
    changed = put_event(CONTENT, "new", '{"a": "b c"}', InvocationType.EVENT)
    assert changed.startswith(CONTENT[: CONTENT.index('"third"')])
    assert json.loads(changed)["components"]["examples"]["new"] == {
        "value": {"a": "b c"},
        "x-metadata": {"invocationType": "Event"},
    }
    assert list(json.loads(changed)["components"]["examples"]) == ["first", "second", "third", "new"]
    typed = put_event(CONTENT, "second", "[1,2]", InvocationType.EVENT)
    assert json.loads(typed)["components"]["examples"]["second"]["x-metadata"] == {"invocationType": "Event"}
    first = put_event('{"components":{"schemas":{}}}', "a", "1", None)
    assert first == '{"components":{"schemas":{},"examples":{"a":{"value":1}}}}'


def test_removes_and_renames() -> None:
    for name, others in (("first", ["second", "third"]), ("second", ["first", "third"])):
        changed = remove_event(CONTENT, name)
        assert changed is not None
        assert list(json.loads(changed)["components"]["examples"]) == others
    last = remove_event(remove_event(CONTENT, "third") or "", "second") or ""
    assert remove_event(last, "first") is None
    renamed = json.loads(rename_event(CONTENT, "first", "better"))["components"]["examples"]
    assert list(renamed) == ["second", "third", "better"]
    assert renamed["better"]["summary"] == "kept"
    twice = '{"components":{"examples":{"a":{"value":1},"b":{"value":2},"a":{"value":3}}}}'
    assert read_events(twice, "1").get("a") == SharedEvent("a", "3")
    assert remove_event(twice, "a") == '{"components":{"examples":{"b":{"value":2}}}}'


@pytest.mark.parametrize(
    "content", ["", "null", "[1]", "{}", '{"components": 1}', '{"components": {}} x', "[" * 100_000]
)
def test_what_holds_no_test_events_is_one_sentence(content: str) -> None:
    with pytest.raises(UserError, match="not one that holds test events") as caught:
        read_events(content, "1")
    assert caught.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "NaN", '"\ud800"'])
def test_only_json_can_be_shared(text: str) -> None:
    with pytest.raises(UserError, match="Only valid JSON"):
        put_event(CONTENT, "a", text, None)


def test_the_limit_is_told_with_the_figure() -> None:
    check_limit("x" * LIMIT)
    with pytest.raises(UserError, match="would have 100,001 characters; EventBridge takes 100,000"):
        check_limit("x" * (LIMIT + 1))


def test_names() -> None:
    assert check_shared_name("my-Event_1.0") is None
    for name in ("", "two words", "a/b", "ä", "x" * 201):
        assert check_shared_name(name)


def test_tells_what_others_did() -> None:
    before = read_events(CONTENT, "1")
    assert tell_changes(before, before) == ""
    changed = put_event(put_event(CONTENT, "first", "9", None), "new", "1", None)
    now = read_events(remove_event(changed, "second") or "", "2")
    assert tell_changes(before, now) == (
        "Meanwhile somebody else added new and changed first and deleted second."
    )


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from(["a", "b", "c"])


@given(st.dictionaries(st.text(), _values, max_size=3), _names, _values, st.sampled_from([None, 2]))
def test_any_document_takes_any_event(
    others: dict[str, object], name: str, value: object, indent: object
) -> None:
    document = others | {"components": {"examples": {"b": {"value": 1, "x": others}}, "schemas": others}}
    content = json.dumps(document, indent=indent)  # type: ignore[arg-type]
    text = json.dumps(value, ensure_ascii=False)
    changed = put_event(content, name, text, None)
    expected = json.loads(content)
    expected["components"]["examples"].setdefault(name, {})["value"] = value
    assert json.loads(changed) == json.loads(json.dumps(expected))
    removed = remove_event(changed, name)
    assert (removed is None) is (name == "b")
    if removed is not None:
        del expected["components"]["examples"][name]
        assert json.loads(removed) == expected
