"""Event source mappings: records of queues, streams and tables that Lambda reads for the function."""

from collections.abc import Callable

from lambdadesk.core.errors import UserError
from lambdadesk.core.event_filters import PAYLOADS
from lambdadesk.core.event_patterns import build_match, dump_json, load_json, parse_pattern
from lambdadesk.core.trigger_events.plan import Plan, Planners, fill_payload, get_known, get_patterns
from lambdadesk.core.triggers import Trigger


def _plan_sqs(trigger: Trigger) -> Plan:
    key = "sqs-fifo" if trigger.name.endswith(".fifo") else "sqs-message"
    return fill_payload(trigger, Plan(key, get_known(queue=trigger.name, queue_arn=trigger.arn)), "body")


def _plan_kinesis(trigger: Trigger) -> Plan:
    plan = Plan("kinesis-record", get_known(stream=trigger.name, stream_arn=trigger.arn))
    return fill_payload(trigger, plan, "data")


def _plan_kafka(trigger: Trigger) -> Plan:
    topic = trigger.details.get("topic", "")
    if trigger.source == "MSK":
        plan = Plan("msk-record", get_known(cluster=trigger.name, cluster_arn=trigger.arn, topic=topic))
    else:
        plan = Plan("kafka-record", get_known(servers=trigger.name, topic=topic))
    if not topic:
        plan.assumed.append("topic: the name is made up.")
    return fill_payload(trigger, plan, PAYLOADS[trigger.source])


def _plan_mq(trigger: Trigger) -> Plan:
    host, queue = trigger.details.get("virtual_host", ""), trigger.details.get("queue", "")
    values = get_known(broker=trigger.name, broker_arn=trigger.arn, queue=queue, virtual_host=host)
    plan = Plan("mq-rabbit" if host else "mq-active", values)
    if not host:
        plan.assumed.append("The form is that of ActiveMQ; the mapping names no virtual host of RabbitMQ.")
    return fill_payload(trigger, plan, "data")


def _plan_dynamodb(trigger: Trigger) -> Plan:
    plan = Plan("dynamodb-insert", get_known(table=trigger.name, stream_arn=trigger.arn))
    for text in get_patterns(trigger)[:1]:
        if '"MODIFY"' in text:
            plan.key = "dynamodb-modify"
        if '"REMOVE"' in text and '"INSERT"' not in text and '"MODIFY"' not in text:
            plan.key = "dynamodb-remove"
        plan.finish = _fit_record(plan, text, "Records")
    plan.assumed.append("Keys and images: the item is made up; its attributes are not the table's.")
    return plan


def _plan_documentdb(trigger: Trigger) -> Plan:
    details = trigger.details
    values = get_known(
        cluster=trigger.name,
        cluster_arn=trigger.arn,
        database=details.get("database", ""),
        collection=details.get("collection", ""),
    )
    plan = Plan("documentdb-change", values)
    for text in get_patterns(trigger)[:1]:
        plan.finish = _fit_record(plan, text, "events", inner="event")
    plan.assumed.append("fullDocument: the document is made up.")
    return plan


def _fit_record(plan: Plan, pattern_text: str, group: str, *, inner: str = "") -> Callable[[str], str]:
    """Change the first record of the rendered event so that it fits the pattern.

    inner: the part of a record at which a pattern may begin, too.
    """

    def finish(text: str) -> str:
        try:
            pattern = parse_pattern(pattern_text)
        except UserError as error:
            plan.assumed.append(error.message)
            return text
        event = load_json(text)
        records = event[group]
        if inner and inner not in pattern:
            records[0][inner], choices = build_match(pattern, records[0][inner])
        else:
            records[0], choices = build_match(pattern, records[0])
        plan.assumed += choices
        return dump_json(event, indent=2)

    return finish


PLANNERS: Planners = {
    "DocumentDB": _plan_documentdb,
    "DynamoDB": _plan_dynamodb,
    "Kafka": _plan_kafka,
    "Kinesis": _plan_kinesis,
    "MQ": _plan_mq,
    "MSK": _plan_kafka,
    "SQS": _plan_sqs,
}
