"""What is said of a tail in place of its lines, and beside the names of its logs."""

from lambdadesk.core.errors import UserError
from lambdadesk.desk.tailer import Tailer, TailState

ASIDES = {
    TailState.NO_GROUP: "no log yet",
    TailState.RETRYING: "can't be read",
    TailState.DENIED: "denied",
    TailState.LEFT: "no longer followed",
}
_CLEARED = "Cleared. New lines appear here as they come."
_EMPTY = {
    TailState.STARTING: "Reading the log {of}…",
    TailState.FOLLOWING: "No line {since}. New lines appear here as they come.",
    TailState.NO_GROUP: "No log group yet: the function's first invocation creates it.",
    TailState.RETRYING: "The log can't be read at the moment.",
    TailState.DENIED: "The log may not be read.",
    TailState.PAUSED: "Paused. What comes meanwhile is read when it goes on.",
}


def empty_words(tail: Tailer, since: str, waiting: str) -> str:
    """Why there is no line; since: from when on it is followed; waiting: for which log groups it waits."""
    if tail.state is TailState.FOLLOWING and tail.counts.received > 0:
        return _CLEARED
    if tail.state is TailState.NO_GROUP and waiting:
        return waiting
    return _EMPTY.get(tail.state, "").format(since=since, of=since.replace("in the", "of the"))


def problem_words(tail: Tailer, choosing: UserError | None) -> str:
    """Why nothing comes, or not what was chosen (choosing: why that failed); empty where all is well."""
    if choosing is not None:
        return f"{choosing} What was followed before is still shown."
    failing = next((source for source in tail.followed if source.error is not None), None)
    if failing is None:
        return ""
    retry = "" if tail.state is TailState.DENIED else " Lines already here stay; it is tried again."
    whose = f"{failing.name}: " if len(tail.followed) > 1 else ""
    return f"{whose}{failing.error}{retry}"
