"""build_event, which asks the planner of a trigger's source."""

import re
from dataclasses import dataclass, replace

from lambdadesk.core.arns import get_part
from lambdadesk.core.event_templates import EventContext, render_template
from lambdadesk.core.trigger_events import eventbridge, http, mappings, s3, services
from lambdadesk.core.trigger_events.plan import Plan, Planners
from lambdadesk.core.triggers import Trigger


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """text: formatted JSON; assumed: a sentence for each thing that the trigger did not tell."""

    text: str
    template_key: str
    assumed: tuple[str, ...]


def build_event(trigger: Trigger, context: EventContext) -> TriggerEvent:
    """The event for a trigger; its ARN's account, region and partition go before those of the context."""
    there = _move(context, trigger.arn)
    is_any = not trigger.arn and re.fullmatch("any|any in account .*", trigger.name)
    plan = _PLANNERS.get(trigger.source, _plan_unknown)(replace(trigger, name="") if is_any else trigger)
    if is_any or "*" in trigger.name:
        plan.assumed.insert(0, "The permission is for more than one source; the names are made up.")
    if trigger.source in ("S3", "API Gateway") and ", " in trigger.filter:
        plan.assumed.insert(
            0, f"The function is named more than once there ({trigger.filter}); it is the first."
        )
    text = plan.text or render_template(plan.key, there, plan.values)
    if plan.finish is not None:
        text = plan.finish(text)
    for name, value in eventbridge.get_schedule_words(trigger, there).items():
        text = text.replace(name, value)
    return TriggerEvent(text, plan.key, tuple(dict.fromkeys(plan.assumed)))


def _move(context: EventContext, arn: str) -> EventContext:
    partition, region, account = (get_part(arn, number) for number in (1, 3, 4))
    return replace(
        context,
        partition=partition or context.partition,
        region=region if region and "*" not in region else context.region,
        account=account if re.fullmatch(r"\d{12}", account) else context.account,
    )


def _plan_unknown(trigger: Trigger) -> Plan:
    return Plan("empty", assumed=[f"What {trigger.source} sends is not known here; the event is empty."])


_PLANNERS: Planners = {
    **mappings.PLANNERS,
    **eventbridge.PLANNERS,
    **s3.PLANNERS,
    **http.PLANNERS,
    **services.PLANNERS,
}
