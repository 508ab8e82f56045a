"""The ledger of a tail in words: one line that is always in sight, and the whole account behind it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from lambdadesk.core.tail_counts import Gap, GapState, TailCounts
from lambdadesk.desk.tail_source import TailSource
from lambdadesk.desk.tailer import SWEEP_WINDOW_MS, Tailer, TailState

_RECENT_MS = 10 * 60_000  # so long it is told of an interruption that is over
_MOST_GAPS = 100  # told of in the account, the newest ones
_STATES = {
    TailState.STARTING: "being read for the first time",
    TailState.FOLLOWING: "followed",
    TailState.NO_GROUP: "no such log group yet",
    TailState.RETRYING: "can't be read at the moment; it is tried again",
    TailState.DENIED: "may not be read; it is tried again",
    TailState.PAUSED: "paused",
    TailState.LEFT: "no longer followed; what was read of it stays, and is not in the figures of the page",
}
_GAP_WORDS = {
    GapState.OPEN: "still to be read",
    GapState.CLOSED: "read since",
    GapState.LOST: "lost: nothing can read it any more",
}


def ledger_line(tail: Tailer, notes: Sequence[str] = (), *, is_utc: bool = False) -> str:
    """The counts, which programs read, too, and after them what explains them; notes: more to be said."""
    counts = tail.counts
    said = [contract_words(counts, is_utc=is_utc)]
    if counts.late:
        said.append(f"largest delay {counts.largest_delay_ms / 1000:.1f} s")
    if counts.recovered:
        said.append(f"recovered {counts.recovered} after an interruption")
    outage = outage_words(tail, is_utc=is_utc)
    said += [outage] if outage else []
    gaps = [gap for gap in counts.interruptions if gap.state is not GapState.CLOSED]
    if tail.state is not TailState.PAUSED:  # else the outage is what says it
        told = {id(source.counts.open_gap) for source in _failing(tail)}
        gaps = [gap for gap in gaps if id(gap) not in told]
    if gaps:
        gap = gaps[-1]
        said.append(f"gap {_stretch(gap, is_utc)} ({gap.state}): {gap.why}")
    if len(gaps) > 1:
        said.append(f"{len(gaps) - 1} more in the account")
    if tail.state is TailState.PAUSED:
        said.append("paused")
    elif tail.scanned_to_ms is not None and tail.silent_since_ms is None:
        said.append(f"reading, scanned to {_clock(tail.scanned_to_ms, is_utc)}")
    every = [*tail.notes, *notes]
    said += every[:1]
    if len(every) > 1:
        said.append(f"{len(every) - 1} more in the account")
    sources = tail.followed
    said.append(sources[0].name if len(sources) == 1 else f"{len(sources)} log groups")
    return " · ".join(said)


def outage_words(tail: Tailer, *, is_utc: bool = False) -> str:
    """What interrupts the tail now, since when and until when, or did so lately; empty where nothing does.

    It changes from second to second while `is_interrupted`.
    """
    now_ms, failing = tail.now_ms, _failing(tail)
    if tail.state is not TailState.PAUSED and failing:
        since = [gap.from_ms for source in failing if (gap := source.counts.open_gap)]
        retries = [source.retry_ms for source in failing if source.retry_ms is not None]
        asked = [source.asked_ms for source in failing if source.asked_ms is not None]
        if retries:
            retry = f"Retry in {max(0, -(-(min(retries) - now_ms) // 1000))} s"
        else:
            retry = f"Trying again, for {max(0, now_ms - min(asked, default=now_ms)) // 1000} s"
        which = f"{len(failing)} of {len(tail.followed)} log groups " if len(tail.followed) > 1 else ""
        what = f"interrupted since {_clock(min(since), is_utc)}" if since else "could not be read so far"
        return f"{which}{what}: {tail.error.message if tail.error else ''} {retry}"
    if (silent_ms := tail.silent_since_ms) is not None:
        since_words = _clock(silent_ms, is_utc)
        return f"no answer since {since_words}, for {(now_ms - silent_ms) // 1000} s; still waiting"
    closed = [gap for gap in tail.counts.interruptions if gap.state is GapState.CLOSED]
    if closed and now_ms - closed[-1].closed_ms < _RECENT_MS:
        gap = closed[-1]
        began, ended = _clock(gap.from_ms, is_utc), _clock(gap.closed_ms, is_utc)
        return f"recovered at {ended}, was interrupted since {began}"
    return ""


def _failing(tail: Tailer) -> list[TailSource]:
    return [source for source in tail.followed if source.error is not None]


def is_interrupted(tail: Tailer) -> bool:
    """Whether nothing can be read at the moment, or no answer comes."""
    return tail.error is not None or tail.silent_since_ms is not None


def contract_words(counts: TailCounts, *, is_utc: bool = False) -> str:
    """The five figures."""
    moment = counts.complete_to_ms
    complete = f"complete to {_clock(moment, is_utc)}" if moment else "not read yet"
    return (
        f"received {counts.received}, late {counts.late}, duplicates {counts.duplicates}, "
        f"gaps {counts.gaps}, {complete}"
    )


def gap_lines(counts: TailCounts, most: int, *, is_utc: bool = False) -> list[str]:
    """The newest interruptions, one line each, open and closed ones."""
    return [_gap_line(gap, is_utc) for gap in counts.interruptions[-most:]]


def account_text(tail: Tailer, notes: Sequence[str] = (), *, is_utc: bool = False) -> str:
    """All that is known of the tail: each group's figures, interruptions, and what can't be promised."""
    parts = []
    for source in tail.sources:
        counts = source.counts
        function = source.group.function
        whose = f" (streams of {function})" if function and source.name != f"/aws/lambda/{function}" else ""
        parts.append(f"{source.name}{whose}")
        parts.append(f"    {_STATES[source.state]}")
        if source.error is not None:
            parts.append(f"    {source.error}")
        parts.append(f"    {contract_words(counts, is_utc=is_utc)}")
        if counts.received:
            parts.append(f"    the slowest event took {counts.largest_delay_ms / 1000:.1f} s into the log")
        if counts.recovered:
            parts.append(f"    recovered after interruptions: {counts.recovered}")
        left_off = len(counts.interruptions) - _MOST_GAPS
        if left_off > 0:
            parts.append(f"    {left_off} earlier interruptions")
        parts += [f"    {line}" for line in gap_lines(counts, _MOST_GAPS, is_utc=is_utc)]
        parts.append("")
    parts.append("What is not promised")
    promised = [*tail.notes, *notes, *_LIMITS]
    gone = tail.store.dropped if tail.archive is None else tail.archive.lost
    if gone:
        promised.insert(0, f"{gone:,} of the oldest lines were dropped, and are no longer kept here.")
    return "\n".join([*parts, *(f"    {sentence}" for sentence in promised)])


_LIMITS = (
    f"Events that reach CloudWatch more than {SWEEP_WINDOW_MS // 60_000} minutes late are missed.",
    "What is deleted, or expires, before it is read is gone.",
)
EXPLAINED = (
    "late: came after an earlier poll had covered their time, and put in their place. "
    "duplicates: delivered twice, and dropped. gaps: stretches that are not read yet, or lost. "
    "recovered: came while nothing could be read, and were read afterwards. "
    f"Events that come more than {SWEEP_WINDOW_MS // 60_000} minutes late are missed."
)


def _gap_line(gap: Gap, is_utc: bool) -> str:
    found = f", {gap.recovered} found in it" if gap.recovered else ""
    what = _GAP_WORDS[gap.state].capitalize()
    return f"{_stretch(gap, is_utc)}: {gap.why} {what}{found}."


def _stretch(gap: Gap, is_utc: bool) -> str:
    return f"{_clock(gap.from_ms, is_utc)} to {_clock(gap.to_ms, is_utc)}"


def _clock(at_ms: int, is_utc: bool) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return (at if is_utc else at.astimezone()).strftime("%H:%M:%S")
