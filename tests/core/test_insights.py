"""What a query may ask, and what becomes of it."""

import pytest

from lambdadesk.core.insights import QueryProblem, QueryRequest, QueryStatus, get_commands

GROUP = "/aws/lambda/hello"


def ask(
    text: str = "limit 1", groups: tuple[str, ...] = (GROUP,), start_s: int = 10, end_s: int = 20
) -> None:
    QueryRequest(text, groups, start_s, end_s).check()


def test_what_can_be_sent_is_checked_first() -> None:
    ask()
    ask(start_s=20)  # one second, both ends included
    ask("SOURCE logGroups(namePrefix: ['/aws'])\n| limit 1", groups=())
    for wrong in (
        lambda: ask(" \n"),
        lambda: ask("x" * 10_001),
        lambda: ask(groups=()),
        lambda: ask(groups=tuple(f"g{number}" for number in range(51))),
        lambda: ask(start_s=21),
    ):
        with pytest.raises(QueryProblem) as problem:
            wrong()
        assert problem.value.message
        assert problem.value.hint


def test_every_status_has_a_sentence() -> None:
    assert all(status.sentence.endswith(".") for status in QueryStatus)
    assert [status for status in QueryStatus if not status.is_final] == ["Scheduled", "Running", "Unknown"]


def test_commands_in_texts_and_comments_are_none() -> None:
    text = '# | sort x\nfilter @message like "a | stats b"\n| fields a | Stats count(*)'
    assert get_commands(text) == ["filter", "fields", "stats"]
