"""What is not known of the functions that are listed, and why."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.desk.function_rows import RowsState


def tell_missing(states: Sequence[RowsState], asked: Container[str]) -> str:
    """A sentence for each reason, with all that is not known for it; empty where nothing is missing.

    states: one for each place. asked: of "tag", "lamp" and "trigger" what the user looks at or filters by.
    """
    facts = [state.fact_errors for state in states]
    notes = {"figures of 24 h": [state.figures_error for state in states]}
    if "tag" in asked:
        notes["tags"] = [state.tags_error for state in states]
    if "lamp" in asked:
        notes["retentions of logs"] = [each.logs for each in facts]
        notes["states of functions"] = [each.states for each in facts]
    if "lamp" in asked or "trigger" in asked:
        notes["event source mappings"] = [each.mappings for each in facts]
    if "trigger" in asked:
        notes["policies of functions"] = [each.policies for each in facts]
    return _join_reasons(notes)


def _join_reasons(notes: Mapping[str, Sequence[UserError | None]]) -> str:
    reasons: dict[tuple[str, str], list[str]] = {}
    for what, errors in notes.items():
        counts = Counter(_tell_reason(error) for error in errors if error is not None)
        for (verb, reason), count in counts.items():
            where = f" in {count} of {len(errors)} places" if len(errors) > 1 else ""
            reasons.setdefault((f"{verb}{where}", reason), []).append(what)
    return " ".join(f"The {_join(whats)} {said}: {reason}" for (said, reason), whats in reasons.items())


def _tell_reason(error: UserError) -> tuple[str, str]:
    if error.kind is ErrorKind.DENIED and error.action:
        return "are not known", f"{error.action} is denied."
    if error.kind is ErrorKind.THROTTLED:  # one sentence for all operations
        return "could not be asked for", "AWS asks for fewer requests. Wait a moment, then refresh."
    return "could not be asked for", str(error)


def _join(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
