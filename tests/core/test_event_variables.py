import itertools
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_variables import NAMES, Variable, expand, find_variables

NOW = datetime(2026, 3, 4, 16, 6, 7, 891_999, tzinfo=timezone(timedelta(hours=1)))


def fill(text: str, **environment: str) -> str:
    numbers = itertools.count(1)
    return expand(text, environment, NOW, lambda: f"id-{next(numbers)}")


def test_variables_are_found_with_their_places() -> None:
    text = '{"😀": "{{uuid}}", "at": {{now:ms}}, "s": "{{env:STAGE}}{{word}}{{env:}}{{ now }}"}'
    found = find_variables(text)
    assert [each.text for each in found] == ["{{uuid}}", "{{now:ms}}", "{{env:STAGE}}"]
    assert found[2] == Variable("{{env:STAGE}}", text.index("{{env:STAGE}}"), "STAGE")
    assert all(text[each.position :].startswith(each.text) for each in found)
    assert all(find_variables(name) for name in NAMES)


def test_each_uuid_is_new_and_all_times_are_one_moment() -> None:
    assert fill('["{{uuid}}", "{{uuid}}"]') == '["id-1", "id-2"]'
    assert fill('["{{now}}", {{now:epoch}}, {{now:ms}}]') == (
        '["2026-03-04T15:06:07.891Z", 1772636767, 1772636767891]'
    )


def test_what_is_unknown_stays() -> None:
    text = '{"a": "{{word}} {{env:}} {{Now}} {{ uuid }} {uuid} {{now:days}} {{{uuid}"}'
    assert fill(text) == text


def test_values_are_escaped_within_strings_and_only_there() -> None:
    value = 'say "hi"\n\\ ü'
    assert json.loads(fill('{"a\\"{{env:A}}": "{{env:A}}"}', A=value)) == {f'a"{value}': value}
    assert fill('{"limits": {{env:LIMITS}}}', LIMITS='{"n": "1"}') == '{"limits": {"n": "1"}}'
    assert fill("{{env:A}}", A="{{uuid}}") == "{{uuid}}"


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DB_PASSWORD", "API_KEY"])
def test_no_event_gets_a_secret(name: str) -> None:
    with pytest.raises(UserError, match="may hold a secret"):
        fill(f'"{{{{env:{name}}}}}"', **{name: "x"})
    assert fill('"{{env:AWS_REGION}}"', AWS_REGION="eu-west-1") == '"eu-west-1"'


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UserError, match="no environment variable STAGE") as caught:
        fill('"{{env:STAGE}}"', stage="test")
    assert caught.value.kind is ErrorKind.INVALID


def test_a_text_that_is_not_json_is_filled_in_as_well() -> None:
    assert fill('{"a": "{{uuid}}') == '{"a": "id-1'
    assert fill("{{uuid}} ' \"") == "id-1 ' \""


@given(st.text(), st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=5))
def test_json_stays_json_whatever_the_value_is(value: str, rest: object) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    text = json.dumps({"a": "<{{env:A}}>", "rest": [rest]}, ensure_ascii=False)
    found = json.loads(fill(text, A=value))
    assert found["a"] == f"<{value}>"


@given(st.text(alphabet='{}":ab\\ u', max_size=30))
def test_a_text_without_variables_is_not_changed(text: str) -> None:
    assert fill(text) == text
    assert expand(text, {}, datetime.now(UTC), lambda: "") == text
