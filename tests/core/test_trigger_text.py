from lambdadesk.core.trigger_text import (
    tell_evidence,
    tell_looked,
    tell_steps,
    tell_unchecked,
    tell_verdicts,
)
from lambdadesk.core.triggers import (
    Answer,
    Destination,
    DestinationKind,
    Evidence,
    Mode,
    ScanStep,
    Trigger,
)

POLICY = Evidence("lambda:GetPolicy", Answer.OK, "A statement allows it.")
GONE = Evidence("sqs:GetQueueUrl", Answer.GONE, "The queue does not exist.")
DENIED = ScanStep("S3", "buckets", Answer.DENIED, "Not allowed.", "s3:GetBucketNotification")


def make_trigger(*evidence: Evidence) -> Trigger:
    facts = {"arn": "arn:q", "filter": "a, b", "state": "Disabled"}
    return Trigger("k", "SQS", "orders", Mode.POLLED, evidence, batch_size=25, window_s=5, **facts)  # type: ignore[arg-type]


def test_evidence_names_every_call_and_what_belongs_to_the_trigger() -> None:
    places = [
        Destination(DestinationKind.DEAD_LETTER, "SQS", "dead", "arn:d", source="k"),
        Destination(DestinationKind.ON_FAILURE, "SNS", "alerts", "arn:a", source="k"),
        Destination(DestinationKind.ON_SUCCESS, "SQS", "of others", "arn:o"),
    ]
    assert tell_evidence(make_trigger(POLICY, GONE), places).splitlines() == [
        "SQS orders: permitted only (source gone)",
        "✔ lambda:GetPolicy: ok",
        "    A statement allows it.",
        "▲ sqs:GetQueueUrl: gone",
        "    The queue does not exist.",
        "ARN: arn:q",
        "State: Disabled",
        "Batch size: 25, or after 5 s",
        "Filter: a, b",
        "Batches go to the dead-letter queue: dead",
        "Batches, on failure: alerts",
    ]


def test_verdicts_are_counted_worst_first() -> None:
    assert tell_verdicts([]) == "No triggers found"
    assert tell_verdicts([make_trigger(POLICY)]) == "1 trigger: 1 confirmed"
    found = [make_trigger(POLICY), make_trigger(POLICY, GONE), make_trigger()]
    assert tell_verdicts(found) == "3 triggers: 1 permitted only, 1 not checked, 1 confirmed"


def test_what_was_not_checked_is_one_line() -> None:
    assert tell_unchecked([]) == ""
    assert tell_unchecked([DENIED]) == "Not checked: 1 look (s3:GetBucketNotification denied)"
    failed = [ScanStep(name, "all", Answer.FAILED, "No answer.") for name in ("Pipes", "ALB", "IoT")]
    assert tell_unchecked([DENIED, DENIED, *failed]) == (
        "Not checked: 5 looks (s3:GetBucketNotification denied, Pipes failed, ALB failed and 1 more)"
    )
    mappings = ScanStep("Lambda", "event source mappings", Answer.FAILED, "No answer.")
    assert tell_unchecked([mappings]) == "Not checked: 1 look (event source mappings failed)"
    assert tell_steps([DENIED]) == "S3, buckets: denied. Not allowed."


def test_an_empty_list_says_what_it_rests_on() -> None:
    looked = [
        ScanStep("Lambda", "resource policies", Answer.OK),
        ScanStep("Pipes", "all", Answer.OK),
        DENIED,
    ]
    assert tell_looked(looked) == "Looked at: resource policies, Pipes."
    later = [ScanStep(f"S{n}", "all", Answer.NOT_ASKED, is_deep=True) for n in range(10)]
    assert tell_looked([*looked, *later]) == (
        "Looked at: resource policies, Pipes. "
        "A deep scan also looks at: S0, S1, S2, S3, S4, S5, S6, S7 and 2 more."
    )
