"""Plan, what the event of one trigger is made of, and what the planners of all families share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lambdadesk.core.errors import UserError
from lambdadesk.core.event_filters import load_patterns
from lambdadesk.core.event_patterns import build_match, dump_json, parse_pattern
from lambdadesk.core.event_templates import Value
from lambdadesk.core.triggers import Trigger


@dataclass(slots=True)
class Plan:
    """What to render. finish: changes the rendered text; text: instead of a rendered one."""

    key: str
    values: dict[str, Value] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    finish: Callable[[str], str] | None = None
    text: str = ""


Planner = Callable[[Trigger], Plan]
Planners = Mapping[str, Planner]  # by `Trigger.source`


def get_patterns(trigger: Trigger) -> tuple[str, ...]:
    """The patterns of which an event has to fit one to get through the trigger; see `check_filters`.

    None where a rule hands over something else than the event that its pattern is for.
    """
    details = trigger.details
    if not details.keys().isdisjoint(("input", "input_path", "input_template")):
        return ()
    return (details["pattern"],) if "pattern" in details else load_patterns(details.get("patterns", ""))


def get_known(**values: str) -> dict[str, Value]:
    """Those that are there, and of which an ARN says more than a pattern."""
    return {name: value for name, value in values.items() if value and "*" not in value}


def get_first(text: str) -> str:
    """The first of a list for display."""
    return text.split(", ")[0]


def plan_as(key: str, assumed: str, *, name: str = "", arn: str = "") -> Planner:
    """A planner that only puts the trigger's name or ARN into one value each."""

    def plan(trigger: Trigger) -> Plan:
        given = ((name, trigger.name), (arn, trigger.arn))
        return Plan(key, get_known(**{value: text for value, text in given if value}), [assumed])

    return plan


def fill_payload(trigger: Trigger, plan: Plan, name: str) -> Plan:
    """Make the payload one that gets through the mapping's first filter."""
    for text in get_patterns(trigger)[:1]:
        try:
            pattern = parse_pattern(text)
        except UserError as error:
            plan.assumed.append(error.message)
            break
        if name not in pattern:
            break
        made, choices = build_match({name: pattern[name]}, {})
        value = made.get(name, {})
        plan.values[name] = value if isinstance(value, str) else dump_json(value)
        plan.assumed += [*choices, f"{name}: it holds only what the filter asks for."]
        return plan
    plan.assumed.append(f"{name}: nothing tells what is in it; an order is made up.")
    return plan
