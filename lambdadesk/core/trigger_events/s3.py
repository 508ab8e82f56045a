"""S3: notifications of a bucket, Batch Operations, Object Lambda."""

from lambdadesk.core.trigger_events.plan import Plan, Planners, get_known, plan_as
from lambdadesk.core.triggers import Trigger

_S3_EVENTS = {"ObjectCreated": "Put", "ObjectRemoved": "Delete", "ObjectRestore": "Completed"}


def _plan_s3(trigger: Trigger) -> Plan:
    details = trigger.details
    events = details.get("events", "").split()
    kind, _, what = (events[0] if events else "s3:ObjectCreated:*").removeprefix("s3:").partition(":")
    key = "s3-delete" if kind in ("ObjectRemoved", "LifecycleExpiration") else "s3-put"
    what = _S3_EVENTS.get(kind, "Put") if what == "*" else what
    prefix, suffix = details.get("prefix", ""), details.get("suffix", "")
    plan = Plan(key, get_known(bucket=trigger.name, configuration=details.get("configuration", "")))
    plan.values["event"] = f"{kind}:{what}" if what else kind
    plan.values["key"] = f"{prefix}example{suffix}"
    if len(events) > 1 or not events or events[0].endswith("*"):
        plan.assumed.append(f"eventName: {plan.values['event']} is one of those that the notification sends.")
    parts = [f"{word} {text}" for word, text in (("prefix", prefix), ("suffix", suffix)) if text]
    if parts:
        verb = "come" if len(parts) > 1 else "comes"
        found = f"{' and '.join(parts)} {verb} from the notification's filter; the name is made up."
        plan.assumed.append(f"key: {found}")
    else:
        plan.assumed.append("key: the notification has no filter; the name is made up.")
    if key == "s3-put":
        plan.assumed.append("size and eTag: they are made up.")
    return plan


def _plan_batch(trigger: Trigger) -> Plan:
    job = trigger.arn.rpartition("/")[2]
    assumed = "The form is version 1.0; version 2.0 gives the bucket's name and the job's arguments."
    return Plan("s3-batch-v1", get_known(job=job), [assumed, "bucket and key: they are made up."])


PLANNERS: Planners = {
    "S3": _plan_s3,
    "S3 Batch Operations": _plan_batch,
    "S3 Object Lambda": plan_as(
        "s3-object-lambda",
        "key, signed URL and token: they are made up.",
        name="access_point",
        arn="access_point_arn",
    ),
}
