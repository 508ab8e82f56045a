"""How what several looks tell of a function is put together."""

from lambdadesk.core.function_facts import UNRESERVED, Facts, FunctionState, get_scan_facts
from lambdadesk.core.triggers import Answer, Evidence, Mode, Trigger
from lambdadesk.core.types import FunctionInfo


def trigger(source: str, *answers: Answer, uuid: str = "", last_result: str = "", state: str = "") -> Trigger:
    evidence = tuple(Evidence("call", answer, "") for answer in answers or (Answer.OK,))
    mode = Mode.POLLED if uuid else Mode.PUSH_ASYNC
    return Trigger(source, source, "one", mode, evidence, uuid=uuid, last_result=last_result, state=state)


def test_each_field_is_what_was_told_last() -> None:
    facts = Facts().updated(Facts(polled=("sqs",), log_never_expires=True))
    facts = facts.updated(Facts(permitted=("s3",), reserved_concurrency=0))
    assert (facts.polled, facts.permitted) == (("sqs",), ("s3",))
    assert (facts.log_never_expires, facts.reserved_concurrency) == (True, 0)
    facts = facts.updated(Facts(polled=(), log_never_expires=False, reserved_concurrency=UNRESERVED))
    assert (facts.polled, facts.permitted, facts.log_never_expires) == ((), ("s3",), False)
    assert facts.reserved_concurrency == UNRESERVED


def test_triggers_are_known_once_mappings_and_policy_are() -> None:
    assert Facts().triggers is None
    assert Facts(polled=("sqs",)).triggers == ("sqs",)
    assert not Facts(polled=("sqs",)).knows_triggers
    assert not Facts(permitted=("s3",)).knows_triggers
    known = Facts(polled=("sqs",), permitted=("s3", "sqs"))
    assert known.triggers == ("s3", "sqs")
    assert known.knows_triggers


def test_what_a_scan_found_hides_the_policy_also_where_that_comes_later() -> None:
    facts = Facts(polled=(), permitted=("s3", "events")).updated(Facts(found=("s3",)))
    facts = facts.updated(Facts(permitted=("events",)))
    assert facts.triggers == ("s3",)
    assert facts.updated(Facts(polled=("sqs",))).triggers == ("s3", "sqs")  # mappings can be added meanwhile


def test_a_scan_tells_kinds_and_what_can_not_work() -> None:
    facts = get_scan_facts(
        [
            trigger("API Gateway"),
            trigger("S3", Answer.OK, Answer.GONE),
            trigger("SNS", Answer.OK, Answer.REFUSED),
            trigger("EventBridge", Answer.OK, Answer.DENIED),
            trigger("SQS", uuid="u1", last_result="PROBLEM: Function call failed", state="Enabled"),
            trigger("Kinesis", uuid="u2", last_result="PROBLEM: old", state="Disabled"),
        ]
    )
    assert facts.polled == ("kinesis", "sqs")
    assert facts.found == ("api gateway", "eventbridge", "s3")
    assert facts.dead == ("S3 one (permitted only, source gone)", "SNS one (source only, will be denied)")
    assert facts.failing == ("SQS one (PROBLEM: Function call failed)",)
    assert facts.dead_triggers == (*facts.dead, *facts.failing)


def test_a_scan_that_could_not_read_all_leaves_the_kinds() -> None:
    found = [trigger("S3", Answer.OK, Answer.GONE), trigger("SQS", uuid="u1")]
    facts = get_scan_facts(found, knows_policies=False)
    assert (facts.polled, facts.found, len(facts.dead or ())) == (("sqs",), None, 1)
    facts = get_scan_facts(found, knows_mappings=False)
    assert (facts.polled, facts.failing, facts.found) == (None, None, ("s3",))


def test_a_state_is_added_where_the_list_has_none() -> None:
    facts = Facts(state=FunctionState("Inactive", "Idle", "Successful"))
    assert facts.apply_to(FunctionInfo("f")).state == "Inactive"
    assert facts.apply_to(FunctionInfo("f", state="Active")).state == "Active"
    assert Facts().apply_to(FunctionInfo("f")) == FunctionInfo("f")
