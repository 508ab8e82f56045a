"""What is not known of functions is one sentence a reason, and only for what somebody looks at."""

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.desk.function_facts import FactErrors
from lambdadesk.desk.function_rows import RowsState
from lambdadesk.desk.missing_facts import tell_missing

OFFLINE = UserError("Nothing answers.", "Look at the network.", kind=ErrorKind.OFFLINE)
ALL_FAILED = RowsState(
    figures_error=OFFLINE, tags_error=OFFLINE, fact_errors=FactErrors(OFFLINE, OFFLINE, OFFLINE, OFFLINE)
)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ((), "figures of 24 h"),
        (("tag",), "figures of 24 h and tags"),
        (
            ("lamp",),
            "figures of 24 h, retentions of logs, states of functions and event source mappings",
        ),
        (("trigger",), "figures of 24 h, event source mappings and policies of functions"),
    ],
)
def test_only_what_is_asked_for_is_missed(asked: tuple[str, ...], what: str) -> None:
    assert tell_missing([ALL_FAILED], asked) == f"The {what} could not be asked for: {OFFLINE}"
    assert tell_missing([RowsState()], asked) == ""


def test_each_reason_says_in_how_many_places() -> None:
    denied = UserError("Denied.", kind=ErrorKind.DENIED, action="cloudwatch:GetMetricData")
    busy = UserError("Throttled.", kind=ErrorKind.THROTTLED)
    states = [RowsState(figures_error=error) for error in (denied, busy, denied, None)]
    assert tell_missing(states, ()) == (
        "The figures of 24 h are not known in 2 of 4 places: cloudwatch:GetMetricData is denied. "
        "The figures of 24 h could not be asked for in 1 of 4 places: "
        "AWS asks for fewer requests. Wait a moment, then refresh."
    )
