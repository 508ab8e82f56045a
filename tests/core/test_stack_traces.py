from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.stack_traces import fold_frames

PYTHON = "Traceback (most recent call last):\n" + "".join(
    f'  File "/var/task/f{n}.py", line {n}, in f{n}\n    f{n + 1}()\n' for n in range(9)
)


def test_the_middle_of_a_python_trace_is_left_out() -> None:
    text, hidden = fold_frames(f"[ERROR] boom\n{PYTHON}ValueError: boom")
    assert hidden == 5
    assert text.split("\n") == [
        "[ERROR] boom",
        "Traceback (most recent call last):",
        '  File "/var/task/f0.py", line 0, in f0',
        "    f1()",
        '  File "/var/task/f1.py", line 1, in f1',
        "    f2()",
        "  … 5 frames",
        '  File "/var/task/f7.py", line 7, in f7',
        "    f8()",
        '  File "/var/task/f8.py", line 8, in f8',
        "    f9()",
        "ValueError: boom",
    ]


def test_two_traces_of_node_are_folded_each() -> None:
    trace = "Error: x\r" + "\r".join(f"    at f{n} (/var/task/a.js:{n}:1)" for n in range(8))
    text, hidden = fold_frames(f"{trace}\rcaused by\r{trace}")
    assert hidden == 8
    assert text.count("    … 4 frames") == 2
    assert text.count("    at ") == 8


def test_short_traces_and_other_texts_stay() -> None:
    short = "Error\n" + "\n".join(f"    at f{n}" for n in range(6))
    for text in (short, "one line", "a\n  b\n  c\n  d", ""):
        assert fold_frames(text) == (text, 0)


@given(
    st.lists(
        st.sampled_from(["    at x", '  File "a", line 1', "    code", "text", "", "\tat y"]), max_size=30
    )
)
def test_nothing_but_frames_is_left_out(lines: list[str]) -> None:
    text, hidden = fold_frames("\n".join(lines))
    assert text.count("text") == lines.count("text")
    assert (hidden == 0) == ("frames" not in text)
