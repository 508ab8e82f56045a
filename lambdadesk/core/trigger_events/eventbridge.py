"""EventBridge: rules of its buses, schedules, pipes."""

import re
from collections.abc import Callable

from lambdadesk.core.arns import get_part
from lambdadesk.core.errors import UserError
from lambdadesk.core.event_patterns import (
    Json,
    build_match,
    dump_json,
    find_mismatch,
    load_json,
    parse_pattern,
)
from lambdadesk.core.event_templates import EventContext
from lambdadesk.core.payload import format_json
from lambdadesk.core.trigger_events.plan import Plan, Planners, fill_payload, get_known
from lambdadesk.core.triggers import Trigger


def _plan_eventbridge(trigger: Trigger) -> Plan:
    details = trigger.details
    pattern = details.get("pattern", "")
    if details.get("input"):
        return Plan("eventbridge-event", text=format_json(details["input"]))
    if not pattern and details.get("schedule"):
        plan = Plan("eventbridge-scheduled", get_known(rule=trigger.name, rule_arn=trigger.arn))
    else:
        plan = _plan_rule(pattern)
    if details.get("input_path"):
        plan.finish = _then(plan.finish, lambda text: _take_part(text, details["input_path"], plan))
    if details.get("input_template"):
        plan.assumed.append("The rule's input transformer is not applied: the event is as it was before.")
    return plan


def _plan_rule(pattern_text: str) -> Plan:
    plan = Plan("eventbridge-event")
    if not pattern_text:
        plan.assumed.append("The rule's pattern is not known; the event is made up.")
        return plan
    try:
        pattern = parse_pattern(pattern_text)
    except UserError as error:
        plan.assumed.append(error.message)
        return plan
    is_s3 = "aws.s3" in pattern.get("source", ())
    if is_s3:
        plan.key = "s3-eventbridge"
        if list(pattern.get("detail-type", ())) == ["Object Deleted"]:
            plan.key = "s3-eventbridge-delete"
    else:
        plan.values["detail"] = "{}"

    def finish(text: str) -> str:
        made, choices = build_match(pattern, load_json(text))
        plan.assumed += choices
        if is_s3:
            if not {"resources", "$or"} & pattern.keys():
                _name_bucket(made)
            plan.assumed.append("detail: what the pattern does not ask for is made up.")
        else:
            words = "it holds only what the pattern asks for" if made.get("detail") else "it is left empty"
            plan.assumed.append(f"detail: {words}.")
            for name in ("source", "detail-type"):
                if not {name, "$or"} & pattern.keys():
                    plan.assumed.append(f"{name}: the pattern takes any; this one is made up.")
        problem = find_mismatch(pattern, made)
        if problem:
            plan.assumed.append(f"No event was found that fits the rule's pattern: {problem}.")
        return dump_json(made, indent=2)

    plan.finish = finish
    return plan


def _name_bucket(event: dict[str, Json]) -> None:
    """Let the resources of an S3 event be the bucket that the pattern chose."""
    bucket: Json = event
    for key in ("detail", "bucket", "name"):
        bucket = bucket.get(key) if isinstance(bucket, dict) else None
    if isinstance(bucket, str):
        event["resources"] = [f"{event['resources'][0].partition(':::')[0]}:::{bucket}"]


def _then(first: Callable[[str], str] | None, second: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: second(first(text) if first is not None else text)


def _take_part(text: str, path: str, plan: Plan) -> str:
    """The part of an event that an InputPath like $.detail.order chooses."""
    part = load_json(text)
    for name in path.removeprefix("$").split(".")[1:]:
        if not isinstance(part, dict) or name not in part:
            plan.assumed.append(f"The rule passes {path} on, which is not in this event; it is shown whole.")
            return text
        part = part[name]
    return dump_json(part, indent=2)


def _plan_scheduler(trigger: Trigger) -> Plan:
    if trigger.details.get("input"):
        return Plan("scheduler", text=format_json(trigger.details["input"]))
    return Plan("scheduler", get_known(schedule=trigger.name, schedule_arn=trigger.arn))


def _plan_pipes(trigger: Trigger) -> Plan:
    arn = trigger.details.get("source", "")
    name = re.split(r"[:/]", get_part(arn, 5))
    service = get_part(arn, 2)
    if service == "kinesis":
        plan = Plan("pipes-kinesis", get_known(pipe=trigger.name, stream=name[-1], stream_arn=arn))
        return fill_payload(trigger, plan, "data")
    if service == "dynamodb":
        values = get_known(table=name[1] if len(name) > 1 else "", stream_arn=arn)
        return Plan("pipes-dynamodb", values, ["The item is made up; its attributes are not the table's."])
    plan = Plan("pipes-sqs", get_known(queue=name[-1], queue_arn=arn) if service == "sqs" else {})
    if service != "sqs":
        plan.assumed.append(f"The records are of a queue; the pipe reads {arn or 'what is not known'}.")
    return fill_payload(trigger, plan, "body")


def get_schedule_words(trigger: Trigger, context: EventContext) -> dict[str, str]:
    """What EventBridge Scheduler puts instead of the keywords of an input."""
    if trigger.source != "Scheduler":
        return {}
    return {
        "<aws.scheduler.schedule-arn>": trigger.arn,
        "<aws.scheduler.scheduled-time>": f"{context.now:%Y-%m-%dT%H:%M:%S}Z",
        "<aws.scheduler.execution-id>": context.new_id(),
        "<aws.scheduler.attempt-number>": "1",
    }


PLANNERS: Planners = {
    "EventBridge": _plan_eventbridge,
    "Pipes": _plan_pipes,
    "Scheduler": _plan_scheduler,
}
