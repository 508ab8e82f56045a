"""What a log page follows is kept and read again, and said in a few words."""

import pytest

from lambdadesk.core.log_choice import LogChoice, LogStart, read_choice, to_choice, write_choice

MANY = LogChoice(("a", "b"), ("/x/function:y",), ("/aws/lambda/api-*",))


@pytest.mark.parametrize("start", [LogStart(), LogStart(0), LogStart(3_600_000)])
@pytest.mark.parametrize("choice", [LogChoice(), LogChoice(("a",)), MANY])
def test_a_choice_is_kept(choice: LogChoice, start: LogStart) -> None:
    assert read_choice(write_choice(choice, start)) == (choice, start)


def test_a_moment_is_not_kept() -> None:
    assert read_choice(write_choice(MANY, LogStart(since_ms=5))) == (MANY, LogStart())


def test_what_is_not_understood_is_passed_over() -> None:
    names = ["", "function:", "other:x", "back:", "back:-1", "back:\u00b2", "group:g"]
    assert read_choice(names) == (LogChoice(groups=("g",)), LogStart())


def test_names_are_told_from_patterns() -> None:
    assert to_choice(["a", "a"], ["g", " /x/*", "", "g"]) == LogChoice(("a",), ("g",), ("/x/*",))


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (LogChoice(("a",)), "a"),
        (LogChoice(patterns=("/x/*",)), "/x/*"),
        (MANY, "2 functions, 1 log group, 1 pattern"),
        (LogChoice(), ""),
    ],
)
def test_a_choice_in_words(choice: LogChoice, words: str) -> None:
    assert choice.words == words
    assert choice.is_empty == (not words)
