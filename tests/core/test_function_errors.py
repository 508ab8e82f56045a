import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.function_errors import parse_function_error

PYTHON = {
    "errorMessage": "name 'x' is not defined",
    "errorType": "NameError",
    "requestId": "r",
    "stackTrace": [
        '  File "/var/task/app.py", line 12, in handler\n    return total(x)\n',
        '  File "/opt/python/lib/python3.13/site-packages/tool/core.py", line 3, in call\n    go()\n',
    ],
}
NODE = {
    "errorType": "TypeError",
    "errorMessage": "no",
    "trace": [
        "TypeError: no",
        "    at total (/var/task/src/total.js:7:11)",
        "    at Runtime.handler (file:///var/task/index.mjs:3:9)",
        "    at /var/task/node_modules/tool/index.js:1:1",
        "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
        "    at Runtime.handleOnceNonStreaming (file:///var/runtime/index.mjs:1206:29)",
    ],
}
JAVA = {
    "errorMessage": "bad order",
    "errorType": "java.lang.IllegalStateException",
    "stackTrace": [
        "example.Handler.handleRequest(Handler.java:21)",
        "java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(Unknown Source)",
        "java.lang.reflect.Method.invoke(Method.java:580)",
    ],
    "cause": {"errorMessage": "empty", "errorType": "java.lang.RuntimeException", "stackTrace": []},
}
RUBY = {
    "errorMessage": "undefined",
    "errorType": "Function<NoMethodError>",
    "stackTrace": ["/var/task/app.rb:4:in `handler'", "/var/runtime/lib/x.rb:9:in `call'"],
}
DOTNET = {
    "errorType": "InvalidOperationException",
    "errorMessage": "bad",
    "stackTrace": [
        "at Orders.Function.Run(Order o) in /src/Orders/Function.cs:line 30",
        "at System.Threading.X()",
    ],
}


@pytest.mark.parametrize(
    ("payload", "frames"),
    [
        (PYTHON, [("app.py:12", True), ("/opt/python/lib/python3.13/site-packages/tool/core.py:3", False)]),
        (
            NODE,
            [
                ("src/total.js:7", True),
                ("index.mjs:3", True),
                ("node_modules/tool/index.js:1", False),
                ("node:internal/process/task_queues:105", False),
                ("/var/runtime/index.mjs:1206", False),
            ],
        ),
        (JAVA, [("Handler.java:21", True), ("", False), ("Method.java:580", False)]),
        (RUBY, [("app.rb:4", True), ("/var/runtime/lib/x.rb:9", False)]),
        (DOTNET, [("/src/Orders/Function.cs:30", True), ("", False)]),
    ],
)
def test_each_runtime_says_where(payload: dict[str, object], frames: list[tuple[str, bool]]) -> None:
    error = parse_function_error(orjson.dumps(payload))
    assert error is not None
    assert (error.type, error.message) == (payload["errorType"], payload["errorMessage"])
    assert [(frame.place, frame.is_own) for frame in error.frames] == frames


def test_a_cause_is_kept() -> None:
    error = parse_function_error(orjson.dumps(JAVA))
    assert error is not None
    assert error.cause is not None
    assert error.cause.message == "empty"


def test_lambda_itself_says_less() -> None:
    error = parse_function_error(b'{"errorMessage": "2026-11-23T10:00:00Z r Task timed out after 3.00 s"}')
    assert error is not None
    assert (error.type, error.frames) == ("", ())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'"x"', b"not json", b'{"errorType": 1}'])
def test_what_says_nothing_is_none(data: bytes) -> None:
    assert parse_function_error(data) is None


def test_a_chain_of_causes_ends() -> None:
    value: dict[str, object] = {"errorType": "E", "errorMessage": "m"}
    for _ in range(200):
        value = {"errorType": "E", "errorMessage": "m", "cause": value}
    error = parse_function_error(orjson.dumps(value))
    depth = 0
    while error is not None:
        error, depth = error.cause, depth + 1
    assert depth == 11


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=5))
def test_no_stack_breaks_it(lines: list[str]) -> None:
    value = {"errorType": "E", "errorMessage": "m", "stackTrace": lines}
    assert parse_function_error(orjson.dumps(value)) is not None
