import ast
import base64
import os
import shlex
import subprocess
from dataclasses import replace
from itertools import pairwise

import pytest

from lambdadesk.core.invoke_commands import INLINE_LIMIT, boto3_code, cli_command, curl_command
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, Target

PLACE = Target("us-east-1")
REQUEST = InvokeRequest(FunctionInfo("orders"), b'{"name": "it\'s $HOME `x`"}', qualifier="live")
URL = "https://abc.lambda-url.us-east-1.on.aws/"


def words_of(command: str) -> list[str]:
    """As a shell reads it, with what it puts before the command."""
    return shlex.split(command)


def test_the_command_says_where_what_and_once() -> None:
    command = cli_command(Target("us-east-1", profile="the team"), replace(REQUEST, payload=b""))
    assert command == (
        "AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name orders --qualifier live --region us-east-1 "
        "--profile 'the team' --cli-read-timeout 930 response.json"
    )


def test_the_payload_comes_through_a_shell_as_it_is() -> None:
    shown = cli_command(PLACE, REQUEST)
    payload = shown.split("--payload ")[1].split(" --region")[0]
    printed = subprocess.run(["/bin/sh", "-c", f"printf %s {payload}"], capture_output=True, check=True)
    assert printed.stdout == REQUEST.payload


@pytest.mark.parametrize("payload", [b"x" * (INLINE_LIMIT + 1), b"\xff\xfe", b'"\x00"'])
def test_what_no_command_line_holds_is_read_from_a_file(payload: bytes) -> None:
    words = words_of(cli_command(PLACE, replace(REQUEST, payload=payload)))
    assert words[words.index("--payload") + 1] == "file://payload.json"
    assert 'Payload=open("payload.json", "rb").read(),' in boto3_code(
        PLACE, replace(REQUEST, payload=payload)
    )


def test_every_option_is_given() -> None:
    request = replace(
        REQUEST,
        kind=InvocationType.EVENT,
        qualifier="$LATEST",
        client_context='{"a": 1}',
        tenant_id="tenant a",
        durable_name="order-1",
    )
    words = words_of(cli_command(PLACE, request))
    given = dict(pairwise(words))
    assert given["--invocation-type"] == "Event"
    assert base64.b64decode(given["--client-context"]) == b'{"a": 1}'
    assert given["--tenant-id"] == "tenant a"
    assert given["--durable-execution-name"] == "order-1"
    assert "--qualifier" not in words
    call = get_call(boto3_code(PLACE, request), "invoke")
    assert call["InvocationType"] == "Event"
    assert base64.b64decode(call["ClientContext"]) == b'{"a": 1}'
    assert (call["TenantId"], call["DurableExecutionName"]) == ("tenant a", "order-1")


def test_an_endpoint_never_gets_the_keys_of_the_shell() -> None:
    target = Target("us-east-1", endpoint_url="http://127.0.0.1:4566")
    command = cli_command(target, REQUEST, is_aws=False)
    assert command.startswith("AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test ")
    assert "--endpoint-url http://127.0.0.1:4566" in command
    assert "AWS_ACCESS_KEY_ID" not in cli_command(target, REQUEST)
    with_profile = replace(target, profile="p")
    assert "AWS_ACCESS_KEY_ID" not in cli_command(with_profile, REQUEST, is_aws=False)
    client = get_call(boto3_code(target, REQUEST, is_aws=False), "client")
    assert client["aws_access_key_id"] == "test"
    assert "aws_access_key_id" not in get_call(boto3_code(target, REQUEST), "client")


def test_words_of_any_kind_stay_one_word() -> None:
    name = "a b;$(touch x)'\"`"
    request = replace(REQUEST, function=FunctionInfo(name))
    assert name in words_of(cli_command(PLACE, request))
    assert get_call(boto3_code(PLACE, request), "invoke")["FunctionName"] == name


def get_call(code: str, name: str) -> dict[str, object]:
    """The literal arguments of a call in a program."""
    found: dict[str, object] = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            given = [each for each in node.keywords if isinstance(each.value, ast.Constant)]
            found |= {str(each.arg): ast.literal_eval(each.value) for each in given}
    return found


def test_a_streaming_program_reads_its_chunks() -> None:
    code = boto3_code(PLACE, replace(REQUEST, is_streaming=True))
    assert get_call(code, "invoke_with_response_stream")["FunctionName"] == "orders"
    assert 'response["EventStream"]' in code


def test_curl_makes_the_request_that_an_event_tells_of() -> None:
    event = (
        b'{"rawPath": "/items/7", "rawQueryString": "a=1&b=2", "requestContext": {"http": {"method": "PUT"}},'
        b'"headers": {"content-type": "text/plain", "host": "x", "x-n": "1"}, "isBase64Encoded": true,'
        b'"body": "aGVsbG8="}'
    )
    words = words_of(curl_command(URL, "us-east-1", replace(REQUEST, payload=event), needs_iam=False))
    assert words == [
        "curl",
        "--request",
        "PUT",
        "--header",
        "content-type: text/plain",
        "--header",
        "x-n: 1",
        "--data-binary",
        "hello",
        "https://abc.lambda-url.us-east-1.on.aws/items/7?a=1&b=2",
    ]


def test_curl_sends_any_other_payload_as_a_body() -> None:
    words = words_of(curl_command(URL, "us-east-1", REQUEST, needs_iam=False))
    assert words[words.index("--data-binary") + 1] == REQUEST.payload.decode()
    assert words[-1] == URL
    # curl would read a file of this name.
    tricky = curl_command(URL, "us-east-1", replace(REQUEST, payload=b"@/etc/hostname"), needs_iam=False)
    assert "@payload.json" in words_of(tricky)


def test_curl_names_credentials_and_gives_none() -> None:
    command = curl_command(URL, "eu-west-1", REQUEST, needs_iam=True)
    assert "--aws-sigv4 aws:amz:eu-west-1:lambda" in command
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "se cret"}
    shown = subprocess.run(
        ["/bin/sh", "-c", command.replace("curl", "printf '%s\\n'", 1)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "id:se cret" in shown.stdout.splitlines()
