"""Stack traces that came as an event a line, as Python, Node and Java print them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.logstore import LineKind, LogRow, LogStore
from lambdadesk.core.trace_lines import TraceLines, summarize_trace

PYTHON = """\
Traceback (most recent call last):
  File "/var/task/index.py", line 6, in handler
    return load(event)
           ^^^^^^^^^^^
  File "/var/task/index.py", line 3, in load
    return json.loads(event["body"])["id"]
           ~~~~~~~~~~~~~~~~~~~~~~~~~^^^^^^
KeyError: 'id'"""
CHAINED = """\
Traceback (most recent call last):
  File "/var/task/index.py", line 9, in handler
    load({"body": "{}"})
KeyError: 'id'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/var/task/index.py", line 10, in handler
    raise ValueError("no id") from error
ValueError: no id"""
REPEATED = """\
Traceback (most recent call last):
  File "/var/task/index.py", line 4, in f
    def f(n): return f(n - 1) if n else 1 / 0
                     ^^^^^^^^
  [Previous line repeated 4 more times]
ZeroDivisionError: division by zero"""
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/var/task/index.py", line 16, in <module>
  |     raise ExceptionGroup("both", [ValueError("a"), KeyError("b")])
  | ExceptionGroup: both (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: a
    +---------------- 2 ----------------
    | KeyError: 'b'
    +------------------------------------"""
NODE = """\
2026-11-27T09:00:00.000Z\t0a1b2c3d-0000-4000-8000-000000000001\tERROR\tError: Order failed
    at handler (file:///var/task/index.mjs:2:84)
    at async file:///var/task/index.mjs:4:7 {
  [cause]: Error: ENOENT: no such file or directory, open '/nope/x'
      at async open (node:internal/fs/promises:637:25)
      at async handler (file:///var/task/index.mjs:2:34) {
    errno: -2,
    code: 'ENOENT'
  }
}"""
NODE_PLAIN = """\
TypeError: Cannot read properties of null (reading 'x')
    at /var/task/index.js:6:12
    at Array.map (<anonymous>)
    at <anonymous>
    at process.processTicksAndRejections (node:internal/process/task_queues:103:5)"""
JAVA = """\
Handler$OrderException: order failed
\tat Handler.handle(Handler.java:5)
\tat java.base/java.lang.Iterable.forEach(Iterable.java:75)
\tat com.amazonaws.Runtime.main(Runtime.java:6) ~[runtime.jar:1.2]
\tSuppressed: java.lang.IllegalStateException: closed
\t\t... 11 more
Caused by: java.lang.NullPointerException: id
\tat Handler.load(Handler.java:4)
\t... 11 more"""
DOTNET = """\
System.InvalidOperationException: no id
   at Orders.Function.Load(String id) in /src/Function.cs:line 21
   at Orders.Function.Handle(Order order)
--- End of stack trace from previous location ---
   at Amazon.Lambda.RuntimeSupport.Bootstrap.Main()"""
TRACES = (PYTHON, CHAINED, REPEATED, GROUP, NODE, NODE_PLAIN, JAVA, DOTNET)


def rows(text: str, run: int = 0, stream: str = "s", since_ms: int = 0) -> list[LogRow]:
    return [
        LogRow(since_ms + at, 0, stream, f"{line}\n", invocation=run)
        for at, line in enumerate(text.split("\n"))
    ]


def found(store: LogStore) -> dict[int, list[int]]:
    traces = TraceLines(store)
    traces.scan(store.end)
    return told(traces)


def told(traces: TraceLines) -> dict[int, list[int]]:
    store = traces.store
    heads = [number for number in range(store.first, store.end) if traces.is_head(number)]
    for head in heads:
        assert all(traces.head_of(number) == head for number in traces.followers_of(head))
    return {head: traces.followers_of(head) for head in heads}


@pytest.mark.parametrize("trace", TRACES)
def test_a_trace_is_taken_whole_and_nothing_else(trace: str) -> None:
    store = LogStore()
    count = trace.count("\n") + 1
    store.add(rows(f"before\nDone: 5\n{trace}\nDone: 5\n  indented\nafter"))
    assert found(store) == {2: list(range(3, 2 + count))}


def test_two_traces_in_succession_are_two() -> None:
    store = LogStore()
    store.add(rows(f"{PYTHON}\n{PYTHON}\n{JAVA}\n{NODE_PLAIN}"))
    assert {head: len(rest) + 1 for head, rest in found(store).items()} == {0: 8, 8: 8, 16: 9, 25: 5}


def test_lines_of_others_stand_between_but_own_ones_end_it() -> None:
    store = LogStore()
    python, java = rows(PYTHON, 0), rows(JAVA, 1)
    store.add([row for pair in zip(python, java, strict=False) for row in pair])
    assert found(store) == {0: [2, 4, 6, 8, 10, 12, 14], 1: [3, 5, 7, 9, 11, 13, 15]}
    store = LogStore()
    store.add([*python[:3], LogRow(3, 0, "s", "END", LineKind.END, invocation=0), *rows("  x", since_ms=4)])
    assert found(store) == {0: [1, 2]}
    # Where the invocation is not known, the stream tells.
    store = LogStore()
    first, second = rows(PYTHON, -1, "a"), rows(PYTHON, -1, "b")
    store.add([row for pair in zip(first, second, strict=True) for row in pair])
    assert {head: len(rest) for head, rest in found(store).items()} == {0: 7, 1: 7}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT *\n  from orders\n  where x",
        "meet\n  at 10:30:15\n  at noon",
        "{\n  'a': 1,\n  'b': 2\n}",
        "The end\n  indented\nDone: x",
        "Traceback is a word\n  x",
        "",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    store = LogStore()
    store.add(rows(text))
    assert found(store) == {}


@pytest.mark.parametrize(
    ("trace", "summary"),
    [
        (PYTHON, "Traceback … KeyError: 'id'"),
        (CHAINED, "Traceback … ValueError: no id"),
        (GROUP, "Traceback … ExceptionGroup: both (2 sub-exceptions)"),
        (PYTHON.rpartition("\n")[0], "Traceback"),
        (JAVA, "Handler$OrderException: order failed"),
    ],
)
def test_what_a_trace_says_in_a_line(trace: str, summary: str) -> None:
    assert summarize_trace([f"{line}\n" for line in trace.split("\n")]) == summary


def test_the_rest_of_a_trace_whose_beginning_was_dropped() -> None:
    store = LogStore(cap=64)  # blocks of four
    traces = TraceLines(store)
    store.add(rows(f"x\nx\n{JAVA}\nx"))
    traces.scan(store.end)
    store.add(rows("y\n" * 55, since_ms=100))
    assert store.first == 4
    assert traces.cut(store.end) == [4]
    assert told(traces) == {4: [5, 6, 7, 8, 9, 10]}


def test_an_open_trace_stays_open_when_a_late_line_renumbers_it() -> None:
    store = LogStore()
    traces = TraceLines(store)
    store.add(rows(PYTHON, since_ms=10))
    traces.scan(store.end)
    traces.toggle(0)
    store.add([LogRow(1, 0, "s", "late", invocation=3)])
    traces.cut(0)
    traces.scan(store.end)
    assert traces.is_open(1)
    traces.toggle(1)
    assert not traces.is_open(1)


pieces = st.sampled_from(
    [*PYTHON.split("\n")[:3], "KeyError: 'id'", "", *CHAINED.split("\n")[5:8], *NODE.split("\n"), "x", "}"]
)
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 40), st.integers(-1, 2), pieces), max_size=12), max_size=8
)


@settings(deadline=None, max_examples=50)
@given(batches)
def test_what_came_bit_by_bit_is_what_came_at_once(batches: list[list[tuple[int, int, str]]]) -> None:
    store = LogStore()
    traces = TraceLines(store)
    for batch in batches:
        changed = store.add([LogRow(ms, 0, "s", text, invocation=run) for ms, run, text in batch])
        traces.cut(changed)
        traces.scan(store.end)
        assert told(traces) == found(store)
