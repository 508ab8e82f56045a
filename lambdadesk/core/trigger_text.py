"""What is known of a function's triggers, in words."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from lambdadesk.core.triggers import Answer, Destination, ScanStep, Trigger, Verdict

_SIGNS = {
    Answer.OK: "✔",
    Answer.DENIED: "✖",
    Answer.FAILED: "✖",
    Answer.NOT_ASKED: "·",
}
_SHORT = {
    Verdict.SOURCE_ONLY: "source only",
    Verdict.PERMITTED_ONLY: "permitted only",
    Verdict.NOT_CHECKED: "not checked",
    Verdict.CONFIRMED: "confirmed",
}
_FEW, _SOME = 3, 8


def tell_evidence(trigger: Trigger, destinations: Iterable[Destination]) -> str:
    """A trigger in full: each call with its answer and what it said, then its facts."""
    lines = [f"{' '.join(part for part in (trigger.source, trigger.name) if part)}: {trigger.verdict_text}"]
    for each in trigger.evidence:
        lines += [f"{_SIGNS.get(each.answer, '▲')} {each.call}: {each.answer}", f"    {each.text}"]
    if trigger.seen_ms is not None:
        lines.append(f"As of the deep scan at {tell_time(trigger.seen_ms)}; a refresh does not look there.")
    facts = [
        ("ARN", trigger.arn),
        ("Event source mapping", trigger.uuid),
        ("State", trigger.state),
        ("Batch size", trigger.batch),
        ("Last result", trigger.last_result),
        ("Filter", trigger.filter),
    ]
    facts += [
        (
            f"Batches go to the {each.kind}" if each.kind == "dead-letter queue" else f"Batches, {each.kind}",
            each.name,
        )
        for each in destinations
        if each.source == trigger.key
    ]
    return "\n".join([*lines, *(f"{title}: {text}" for title, text in facts if text)])


def tell_verdicts(triggers: Iterable[Trigger]) -> str:
    """ "3 triggers: 1 permitted only, 2 confirmed"."""
    counts = Counter(trigger.verdict for trigger in triggers)
    total = counts.total()
    if not total:
        return "No triggers found"
    parts = ", ".join(f"{counts[verdict]} {text}" for verdict, text in _SHORT.items() if counts[verdict])
    return f"{total} {'trigger' if total == 1 else 'triggers'}: {parts}"


def tell_verdict(trigger: Trigger) -> str:
    """The verdict, and how old it is where the last scan did not look: "confirmed, as of 14:05"."""
    if trigger.seen_ms is None:
        return trigger.verdict_text
    return f"{trigger.verdict_text}, as of {tell_time(trigger.seen_ms)}"


def tell_time(at_ms: int) -> str:
    """A moment (epoch ms) in local time, to the minute; with its date where that is not today."""
    moment = datetime.fromtimestamp(at_ms / 1000).astimezone()
    is_today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M")


def tell_unchecked(steps: Iterable[ScanStep]) -> str:
    """In one line, what was not looked at and why; empty where there is nothing of the kind."""
    steps = list(steps)
    if not steps:
        return ""
    reasons = list(
        dict.fromkeys(
            f"{step.action} denied" if step.action else f"{_name(step)} {step.answer}" for step in steps
        )
    )
    more = f" and {len(reasons) - _FEW} more" if len(reasons) > _FEW else ""
    looks = "1 look" if len(steps) == 1 else f"{len(steps)} looks"
    return f"Not checked: {looks} ({', '.join(reasons[:_FEW])}{more})"


def tell_steps(steps: Iterable[ScanStep]) -> str:
    """One line a step: "S3, buckets: denied. These credentials…"."""
    return "\n".join(f"{step.source}, {step.what}: {step.answer}. {step.text}" for step in steps)


def tell_looked(steps: Iterable[ScanStep]) -> str:
    """What an empty list rests on."""
    steps = list(steps)
    looked = _list(step for step in steps if step.answer is Answer.OK)
    later = _list((step for step in steps if step.answer is Answer.NOT_ASKED), _SOME)
    text = f"Looked at: {looked}." if looked else ""
    return f"{text} A deep scan also looks at: {later}.".strip() if later else text


def _name(step: ScanStep) -> str:
    """Whom a look asks; of the many that Lambda is asked, what for."""
    return step.what if step.source == "Lambda" else step.source


def _list(steps: Iterable[ScanStep], most: int = 99) -> str:
    words = list(dict.fromkeys(_name(step) for step in steps))
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
