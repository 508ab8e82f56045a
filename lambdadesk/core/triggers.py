"""What starts a function, where its results go, and the evidence for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """How an event gets to the function."""

    POLLED = "polled"  # Lambda reads the source by an event source mapping
    PUSH_SYNC = "push, sync"  # the source waits for the result
    PUSH_ASYNC = "push, async"  # the source hands the event over; Lambda retries


class Verdict(StrEnum):
    """Whether a trigger works, as far as both of its sides say."""

    CONFIRMED = "confirmed"
    PERMITTED_ONLY = "permitted only (source gone or elsewhere)"
    SOURCE_ONLY = "source only (will be denied)"
    NOT_CHECKED = "not checked"


class Answer(StrEnum):
    """What one look at one side of a trigger came to."""

    OK = "ok"
    REFUSED = "refused"  # this side does not let the source call the function
    GONE = "gone"  # the source does not exist
    ABSENT = "absent"  # the source exists, or may, but does not name the function
    ELSEWHERE = "elsewhere"  # the source is in another account or region, which was not asked
    DENIED = "denied"  # these credentials may not look
    FAILED = "failed"  # throttled, broken, no answer
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look at one side: the call ("lambda:GetPolicy"), and what it said in one sentence.

    action: the IAM action that was denied.
    """

    call: str
    answer: Answer
    text: str
    action: str = ""


def judge(evidence: Iterable[Evidence]) -> Verdict:
    """The verdict that the evidence of both sides amounts to; none at all is not checked."""
    answers = {each.answer for each in evidence}
    if Answer.REFUSED in answers:
        return Verdict.SOURCE_ONLY
    if answers & {Answer.GONE, Answer.ABSENT, Answer.ELSEWHERE}:
        return Verdict.PERMITTED_ONLY
    return Verdict.CONFIRMED if answers == {Answer.OK} else Verdict.NOT_CHECKED


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that starts a function.

    key:        stable over scans, unique within one.
    source:     the service, "S3"; name: of the bucket, queue, rule, ...
    qualifier:  alias or version that it starts; empty: the unqualified function.
    state:      the source's own word, "Enabled"; empty where it has none.
    filter:     routes, event types, prefixes, patterns, schedules: what gets through.
    uuid:       of the event source mapping, where there is one.
    details:    of `filter`, what an event is made of, each by its own name; of several, that of the first.
    """

    key: str
    source: str
    name: str
    mode: Mode
    evidence: tuple[Evidence, ...]
    arn: str = ""
    qualifier: str = ""
    state: str = ""
    last_result: str = ""
    batch_size: int | None = None
    window_s: int | None = None
    filter: str = ""
    uuid: str = ""
    details: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def verdict(self) -> Verdict:
        return judge(self.evidence)

    @property
    def verdict_text(self) -> str:
        """The verdict with its reason: "not checked (denied: s3:GetBucketNotification)"."""
        verdict = self.verdict
        answers = {each.answer: each for each in reversed(self.evidence)}
        if verdict is Verdict.PERMITTED_ONLY:
            if Answer.GONE in answers:
                return "permitted only (source gone)"
            if Answer.ABSENT in answers:
                return "permitted only (no source names it)"
            return "permitted only (source elsewhere)"
        if verdict is Verdict.NOT_CHECKED:
            if Answer.DENIED in answers:
                return f"not checked (denied: {answers[Answer.DENIED].action})"
            if Answer.FAILED in answers:
                return f"not checked (failed: {answers[Answer.FAILED].call})"
            return "not checked (a deep scan looks)"
        return verdict.value

    @property
    def batch(self) -> str:
        """Batch size and window as text: "10, or after 5 s"; empty for what is pushed."""
        if self.batch_size is None:
            return ""
        return f"{self.batch_size}, or after {self.window_s} s" if self.window_s else str(self.batch_size)


class DestinationKind(StrEnum):
    ON_SUCCESS = "on success"
    ON_FAILURE = "on failure"
    DEAD_LETTER = "dead-letter queue"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where results, failed events or failed batches go.

    source: key of the trigger whose batches these are; empty: the function's asynchronous invocations.
    """

    kind: DestinationKind
    service: str
    name: str
    arn: str
    qualifier: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class ScanStep:
    """One thing that was looked at. answer: OK, DENIED, FAILED, or NOT_ASKED while it waits for a deep scan.

    text: why it is not OK, or what it left out; action: the IAM action that was denied.
    """

    source: str
    what: str
    answer: Answer
    text: str = ""
    action: str = ""
    is_deep: bool = False


@dataclass(frozen=True, slots=True)
class TriggerScanState:
    """What a scan has found so far. `done` of `total` steps are through; `doing` is what goes on now."""

    triggers: tuple[Trigger, ...] = ()
    destinations: tuple[Destination, ...] = ()
    steps: tuple[ScanStep, ...] = ()
    done: int = 0
    total: int = 0
    doing: str = ""
