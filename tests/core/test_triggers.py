import pytest

from lambdadesk.core.triggers import Answer, Evidence, Mode, Trigger, Verdict, judge

OK = Evidence("lambda:GetPolicy", Answer.OK, "It allows.")


def say(answer: Answer, action: str = "") -> Evidence:
    return Evidence("s3:GetBucketNotificationConfiguration", answer, "It says so.", action)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer.OK, Verdict.CONFIRMED),
        (Answer.REFUSED, Verdict.SOURCE_ONLY),
        (Answer.GONE, Verdict.PERMITTED_ONLY),
        (Answer.ABSENT, Verdict.PERMITTED_ONLY),
        (Answer.ELSEWHERE, Verdict.PERMITTED_ONLY),
        (Answer.DENIED, Verdict.NOT_CHECKED),
        (Answer.FAILED, Verdict.NOT_CHECKED),
        (Answer.NOT_ASKED, Verdict.NOT_CHECKED),
    ],
)
def test_the_worse_side_decides(answer: Answer, verdict: Verdict) -> None:
    assert judge((OK, say(answer))) is verdict
    assert judge((say(answer), OK)) is verdict


def test_a_refusal_outweighs_what_was_not_checked_and_nothing_proves_nothing() -> None:
    assert judge((say(Answer.DENIED), say(Answer.REFUSED))) is Verdict.SOURCE_ONLY
    assert judge((say(Answer.DENIED), say(Answer.GONE))) is Verdict.PERMITTED_ONLY
    assert judge(()) is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (say(Answer.OK), "confirmed"),
        (say(Answer.REFUSED), "source only (will be denied)"),
        (say(Answer.GONE), "permitted only (source gone)"),
        (say(Answer.ABSENT), "permitted only (no source names it)"),
        (say(Answer.ELSEWHERE), "permitted only (source elsewhere)"),
        (say(Answer.DENIED, "s3:GetBucketNotification"), "not checked (denied: s3:GetBucketNotification)"),
        (say(Answer.FAILED), "not checked (failed: s3:GetBucketNotificationConfiguration)"),
        (say(Answer.NOT_ASKED), "not checked (a deep scan looks)"),
    ],
)
def test_the_verdict_names_its_reason(evidence: Evidence, text: str) -> None:
    assert Trigger("k", "S3", "pictures", Mode.PUSH_ASYNC, (OK, evidence)).verdict_text == text


@pytest.mark.parametrize(
    ("size", "window", "text"),
    [(None, None, ""), (10, None, "10"), (10, 0, "10"), (10, 5, "10, or after 5 s")],
)
def test_batches_are_told_with_their_window(size: int | None, window: int | None, text: str) -> None:
    trigger = Trigger("k", "SQS", "orders", Mode.POLLED, (OK,), batch_size=size, window_s=window)
    assert trigger.batch == text
