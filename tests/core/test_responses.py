import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.responses import BodyKind, recognise

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (b"", BodyKind.EMPTY, ""),
        (b'{"a": 1}', BodyKind.JSON, ""),
        (b"null", BodyKind.JSON, ""),
        (b"plain words", BodyKind.TEXT, ""),
        (b"  <!DOCTYPE html><p>x", BodyKind.HTML, ""),
        (b"<HTML >", BodyKind.HTML, ""),
        (b"<htmlx>", BodyKind.TEXT, ""),
        (PNG, BodyKind.IMAGE, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"x" * 20, BodyKind.IMAGE, "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", BodyKind.IMAGE, "image/webp"),
        (b"%PDF-1.7", BodyKind.BINARY, "application/pdf"),
        (b"BMW is a car", BodyKind.TEXT, ""),
        (b"\x00\x01", BodyKind.BINARY, ""),
        (b"\xff\xfe", BodyKind.BINARY, ""),
    ],
)
def test_what_bytes_are(data: bytes, kind: BodyKind, media_type: str) -> None:
    body = recognise(data).body
    assert (body.kind, body.media_type, body.data) == (kind, media_type, data)


def test_an_envelope_is_unwrapped() -> None:
    returned = {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json; charset=utf-8", "x-one": 1},
        "multiValueHeaders": {"x-two": ["a", "b"]},
        "cookies": ["k=v"],
        "body": '{"id": 7}',
    }
    envelope = recognise(orjson.dumps(returned)).envelope
    assert envelope is not None
    assert envelope.status == 201
    assert envelope.headers == (
        ("Content-Type", "application/json; charset=utf-8"),
        ("x-one", "1"),
        ("x-two", "a"),
        ("x-two", "b"),
        ("set-cookie", "k=v"),
    )
    assert (envelope.body.kind, envelope.body.data) == (BodyKind.JSON, b'{"id": 7}')
    assert envelope.body.media_type == "application/json"
    assert not envelope.problem


def test_a_body_of_base64_is_decoded() -> None:
    returned = {"statusCode": "200", "isBase64Encoded": True, "body": base64.b64encode(PNG).decode()}
    envelope = recognise(orjson.dumps(returned)).envelope
    assert envelope is not None
    assert (envelope.body.kind, envelope.body.data, envelope.body.was_base64) == (BodyKind.IMAGE, PNG, True)


def test_what_a_caller_would_not_get_is_said() -> None:
    wrong = recognise(b'{"statusCode": 200, "isBase64Encoded": true, "body": "not base64!"}').envelope
    assert wrong is not None
    assert "not" in wrong.problem
    assert wrong.body.data == b"not base64!"
    structure = recognise(b'{"statusCode": 200, "body": {"a": 1}}').envelope
    assert structure is not None
    assert "502" in structure.problem


@pytest.mark.parametrize(
    "data",
    [
        b'{"statusCode": 200, "name": "x"}',
        b'{"statusCode": 7, "body": ""}',
        b'{"statusCode": true, "body": ""}',
        b'{"body": ""}',
        b"[1]",
    ],
)
def test_what_only_looks_like_an_envelope_is_none(data: bytes) -> None:
    assert recognise(data).envelope is None


def test_a_streamed_head_is_an_envelope() -> None:
    data = b'{"statusCode": 404, "headers": {"content-type": "text/html"}}' + b"\0" * 8 + b"<html>no</html>"
    envelope = recognise(data).envelope
    assert envelope is not None
    assert (envelope.status, envelope.body.kind, envelope.body.data) == (
        404,
        BodyKind.HTML,
        b"<html>no</html>",
    )


def test_a_file_within_a_string_is_found() -> None:
    found = recognise(orjson.dumps(base64.b64encode(PNG).decode())).inner
    assert found is not None
    assert (found.kind, found.data) == (BodyKind.IMAGE, PNG)
    assert recognise(orjson.dumps("A" * 100)).inner is None


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    assert recognise(data).body.data == data
