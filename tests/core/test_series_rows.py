"""Files of payloads: what is sent is what stands in the file, and what can't be sent is named by its line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.errors import UserError
from lambdadesk.core.series_rows import (
    ColumnType,
    ColumnUse,
    decode_text,
    fill_template,
    map_columns,
    read_csv,
    read_lines,
)
from lambdadesk.core.types import InvocationType

ORDERS = "id,amount,express,items\n7,1.10,yes,[1]\n8,,no,\n"
USES = (
    ColumnUse("id", "order.id"),
    ColumnUse("amount", "order.amount", ColumnType.NUMBER),
    ColumnUse("express", "express", ColumnType.BOOLEAN),
    ColumnUse("items", "items", ColumnType.JSON),
)
# Half of a character can be in no file.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=8))
def test_each_line_is_sent_as_it_stands(values: list[object]) -> None:
    lines = [json.dumps(value) for value in values]
    rows = read_lines("\r\n".join(lines) + "\n\n")
    assert [payload.decode() for payload in rows.payloads] == lines
    assert rows.lines == tuple(range(1, len(lines) + 1))
    assert rows.bad == ()


def test_lines_that_cannot_be_sent_are_named() -> None:
    rows = read_lines('{"a": 1.0}\n\n{"a": }\n  {"b": 2}  \n{\n')
    assert rows.payloads == (b'{"a": 1.0}', b'{"b": 2}')
    assert rows.lines == (1, 4)
    assert [each.line for each in rows.bad] == [3, 5]
    assert str(rows.bad[0]) == "Line 3: column 7: expected a value"


def test_a_line_that_is_too_large_is_named() -> None:
    line = json.dumps("x" * 1024 * 1024)
    assert read_lines(line).bad == ()
    (bad,) = read_lines(line, InvocationType.EVENT).bad
    assert "1 MB at most" in bad.message


def test_columns_go_to_their_keys_as_their_types() -> None:
    rows = map_columns(read_csv(ORDERS), USES)
    assert rows.payloads == (
        b'{"order":{"id":"7","amount":1.10},"express":true,"items":[1]}',  # the number as it was written
        b'{"order":{"id":"8","amount":null},"express":false,"items":null}',
    )
    assert rows.lines == (2, 3)


def test_a_column_without_a_key_is_left_out() -> None:
    rows = map_columns(read_csv(ORDERS), (ColumnUse("id", "id"), ColumnUse("amount", "")))
    assert rows.payloads[0] == b'{"id":"7"}'


@pytest.mark.parametrize(
    ("kind", "cell", "message"),
    [
        (ColumnType.NUMBER, "01", "a is not a number: '01'"),
        (ColumnType.NUMBER, "NaN", "a is not a number: 'NaN'"),
        (ColumnType.BOOLEAN, "maybe", "a is not a boolean: 'maybe'"),
        (ColumnType.JSON, "{", "a is not JSON: '{'"),
    ],
)
def test_a_cell_of_another_type_is_named(kind: ColumnType, cell: str, message: str) -> None:
    rows = map_columns(read_csv(f"a\n{cell}\n"), (ColumnUse("a", "a", kind),))
    assert rows.payloads == ()
    assert [(each.line, each.message) for each in rows.bad] == [(2, message)]


def test_lines_are_those_of_the_file_where_cells_have_line_breaks() -> None:
    table = read_csv('a;b\r\n"one\ntwo";2\r\n3\r\n4;5\r\n')
    assert [line for line, _ in table.rows] == [2, 5]
    assert [(each.line, each.message) for each in table.bad] == [(4, "1 fields, but the header has 2")]
    assert map_columns(table, (ColumnUse("a", "a"),)).bad == table.bad


@given(st.lists(TEXT.filter(bool), min_size=1, max_size=5))
def test_no_cell_breaks_out_of_its_string(cells: list[str]) -> None:
    quoted = "".join('"' + cell.replace('"', '""') + '"\r\n' for cell in cells)
    table = read_csv("name\r\n" + quoted)
    rows = fill_template(table, lambda: '{"a": ["{{name}}", "x {{ name }} y"], "b": 1}')
    assert [json.loads(payload) for payload in rows.payloads] == [
        {"a": [cell, f"x {cell} y"], "b": 1} for cell in cells
    ]


@given(TEXT.filter(lambda text: text.strip(" \t\r\n")))
def test_outside_of_a_string_a_cell_is_one_value_or_refused(cell: str) -> None:
    table = read_csv('n\r\n"' + cell.replace('"', '""') + '"\r\n')
    rows = fill_template(table, lambda: '{"n": {{n}}}')
    if rows.payloads:
        assert json.loads(rows.payloads[0]) == {"n": json.loads(cell.strip())}
    else:
        assert "is not a JSON value" in rows.bad[0].message


def test_a_cell_cannot_add_keys() -> None:
    table = read_csv('n\n"1, ""admin"": true"\n')
    assert fill_template(table, lambda: '{"n": {{n}}}').payloads == ()


def test_a_template_that_is_no_json_is_said_of_each_row() -> None:
    (bad,) = fill_template(read_csv("n\n1\n"), lambda: '{"n": {{n}}').bad
    assert bad.line == 2
    assert "missing" in bad.message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: read_csv(""), "The file is empty."),
        (lambda: read_csv("a,a\n1,2\n"), 'The header has "a" twice.'),
        (lambda: read_csv('a\n"1'), "The file is not CSV from line 2 on"),
        (lambda: map_columns(read_csv("a\n1\n"), (ColumnUse("b", "b"),)), 'The file has no column "b".'),
        (lambda: map_columns(read_csv("a\n1\n"), (ColumnUse("a", "x..y"),)), '"x..y" is not a key.'),
        (
            lambda: map_columns(read_csv("a,b\n1,2\n"), (ColumnUse("a", "x"), ColumnUse("b", "x.y"))),
            'Two columns go to "x".',
        ),
        (lambda: fill_template(read_csv("a\n1\n"), lambda: "{}"), "The template names no column."),
        (lambda: fill_template(read_csv("a\n1\n"), lambda: '"{{b}}"'), 'The file has no column "b".'),
        (lambda: decode_text(b"a\n\xff"), "Line 2 of the file is not UTF-8 text."),
    ],
)
def test_what_is_wrong_with_the_whole_is_said(make: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.message.startswith(message)


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert read_csv(decode_text(b"\xef\xbb\xbfid\n1\n")).header == ("id",)


def test_each_row_gets_a_template_of_its_own() -> None:
    numbers = iter("0123")
    table = read_csv("name\na\nb\n")
    rows = fill_template(table, lambda: f'{{"id": "{next(numbers)}", "name": "{{{{name}}}}"}}')
    assert rows.payloads == (b'{"id": "1", "name": "a"}', b'{"id": "2", "name": "b"}')
