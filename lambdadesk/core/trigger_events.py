"""The event that one trigger of a function would send: its real bucket, queue, route, pattern.

What the trigger does not tell is made up, and said so.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from lambdadesk.core.errors import UserError
from lambdadesk.core.event_filters import PAYLOADS, load_patterns
from lambdadesk.core.event_patterns import (
    Json,
    build_match,
    dump_json,
    find_mismatch,
    load_json,
    parse_pattern,
)
from lambdadesk.core.event_templates import EventContext, Value, render_template
from lambdadesk.core.payload import format_json
from lambdadesk.core.triggers import Trigger

_NO_BODY = ("GET", "HEAD", "DELETE", "OPTIONS")
_PARAMETER = re.compile(r"\{([^}+]+)\+?\}")


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """text: formatted JSON; assumed: a sentence for each thing that the trigger did not tell."""

    text: str
    template_key: str
    assumed: tuple[str, ...]


@dataclass(slots=True)
class _Plan:
    """What to render. finish: changes the rendered text; text: instead of a rendered one."""

    key: str
    values: dict[str, Value] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    finish: Callable[[str], str] | None = None
    text: str = ""


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
    for name, value in _get_schedule_words(trigger, there).items():
        text = text.replace(name, value)
    return TriggerEvent(text, plan.key, tuple(dict.fromkeys(plan.assumed)))


def get_patterns(trigger: Trigger) -> tuple[str, ...]:
    """The patterns of which an event has to fit one to get through the trigger; see `check_filters`.

    None where a rule hands over something else than the event that its pattern is for.
    """
    details = trigger.details
    if not details.keys().isdisjoint(("input", "input_path", "input_template")):
        return ()
    return (details["pattern"],) if "pattern" in details else load_patterns(details.get("patterns", ""))


def _get_part(arn: str, number: int) -> str:
    parts = arn.split(":", 5)
    return parts[number] if len(parts) == 6 else ""


def _move(context: EventContext, arn: str) -> EventContext:
    partition, region, account = (_get_part(arn, number) for number in (1, 3, 4))
    return replace(
        context,
        partition=partition or context.partition,
        region=region if region and "*" not in region else context.region,
        account=account if re.fullmatch(r"\d{12}", account) else context.account,
    )


def _get_known(**values: str) -> dict[str, Value]:
    """Those that are there, and of which an ARN says more than a pattern."""
    return {name: value for name, value in values.items() if value and "*" not in value}


def _first(text: str) -> str:
    """The first of a list for display."""
    return text.split(", ")[0]


# ------------------------------------------------------------------ queues, streams, tables

_KEEPS = "holds only what the filter asks for"


def _fill_payload(trigger: Trigger, plan: _Plan, name: str) -> _Plan:
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
        plan.assumed += [*choices, f"{name}: it {_KEEPS}."]
        return plan
    plan.assumed.append(f"{name}: nothing tells what is in it; an order is made up.")
    return plan


def _plan_sqs(trigger: Trigger) -> _Plan:
    key = "sqs-fifo" if trigger.name.endswith(".fifo") else "sqs-message"
    return _fill_payload(trigger, _Plan(key, _get_known(queue=trigger.name, queue_arn=trigger.arn)), "body")


def _plan_kinesis(trigger: Trigger) -> _Plan:
    plan = _Plan("kinesis-record", _get_known(stream=trigger.name, stream_arn=trigger.arn))
    return _fill_payload(trigger, plan, "data")


def _plan_kafka(trigger: Trigger) -> _Plan:
    topic = trigger.details.get("topic", "")
    if trigger.source == "MSK":
        plan = _Plan("msk-record", _get_known(cluster=trigger.name, cluster_arn=trigger.arn, topic=topic))
    else:
        plan = _Plan("kafka-record", _get_known(servers=trigger.name, topic=topic))
    if not topic:
        plan.assumed.append("topic: the name is made up.")
    return _fill_payload(trigger, plan, PAYLOADS[trigger.source])


def _plan_mq(trigger: Trigger) -> _Plan:
    host, queue = trigger.details.get("virtual_host", ""), trigger.details.get("queue", "")
    values = _get_known(broker=trigger.name, broker_arn=trigger.arn, queue=queue, virtual_host=host)
    plan = _Plan("mq-rabbit" if host else "mq-active", values)
    if not host:
        plan.assumed.append("The form is that of ActiveMQ; the mapping names no virtual host of RabbitMQ.")
    return _fill_payload(trigger, plan, "data")


def _plan_dynamodb(trigger: Trigger) -> _Plan:
    plan = _Plan("dynamodb-insert", _get_known(table=trigger.name, stream_arn=trigger.arn))
    for text in get_patterns(trigger)[:1]:
        if '"MODIFY"' in text:
            plan.key = "dynamodb-modify"
        if '"REMOVE"' in text and '"INSERT"' not in text and '"MODIFY"' not in text:
            plan.key = "dynamodb-remove"
        plan.finish = _fit_record(plan, text, "Records", lambda record, _pattern: (record, ()))
    plan.assumed.append("Keys and images: the item is made up; its attributes are not the table's.")
    return plan


def _plan_documentdb(trigger: Trigger) -> _Plan:
    details = trigger.details
    values = _get_known(
        cluster=trigger.name,
        cluster_arn=trigger.arn,
        database=details.get("database", ""),
        collection=details.get("collection", ""),
    )
    plan = _Plan("documentdb-change", values)
    for text in get_patterns(trigger)[:1]:
        # A pattern begins at the change or at what holds it.
        plan.finish = _fit_record(
            plan,
            text,
            "events",
            lambda record, pattern: (record, ()) if "event" in pattern else (record["event"], ("event",)),
        )
    plan.assumed.append("fullDocument: the document is made up.")
    return plan


def _fit_record(
    plan: _Plan,
    pattern_text: str,
    group: str,
    find: Callable[[Json, Json], tuple[Json, tuple[str, ...]]],
) -> Callable[[str], str]:
    """Change the first record of the rendered event so that it fits the pattern."""

    def finish(text: str) -> str:
        try:
            pattern = parse_pattern(pattern_text)
        except UserError as error:
            plan.assumed.append(error.message)
            return text
        event = load_json(text)
        part, path = find(event[group][0], pattern)
        made, choices = build_match(pattern, part)
        plan.assumed += choices
        if path:
            event[group][0][path[0]] = made
        else:
            event[group][0] = made
        return dump_json(event, indent=2)

    return finish


def _plan_sns(trigger: Trigger) -> _Plan:
    values = _get_known(topic=trigger.name, topic_arn=trigger.arn)
    return _Plan("sns-notification", values, ["message: nothing tells what is in it; an order is made up."])


def _plan_firehose(trigger: Trigger) -> _Plan:
    values = _get_known(stream=trigger.name, stream_arn=trigger.arn)
    return _Plan("firehose-transform", values, ["data: nothing tells what is in it; an order is made up."])


# ------------------------------------------------------------------ storage

_S3_EVENTS = {"ObjectCreated": "Put", "ObjectRemoved": "Delete", "ObjectRestore": "Completed"}


def _plan_s3(trigger: Trigger) -> _Plan:
    details = trigger.details
    events = details.get("events", "").split()
    kind, _, what = (events[0] if events else "s3:ObjectCreated:*").removeprefix("s3:").partition(":")
    key = "s3-delete" if kind in ("ObjectRemoved", "LifecycleExpiration") else "s3-put"
    what = _S3_EVENTS.get(kind, "Put") if what == "*" else what
    prefix, suffix = details.get("prefix", ""), details.get("suffix", "")
    plan = _Plan(key, _get_known(bucket=trigger.name, configuration=details.get("configuration", "")))
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


def _plan_batch(trigger: Trigger) -> _Plan:
    job = trigger.arn.rpartition("/")[2]
    assumed = "The form is version 1.0; version 2.0 gives the bucket's name and the job's arguments."
    return _Plan("s3-batch-v1", _get_known(job=job), [assumed, "bucket and key: they are made up."])


def _plan_object_lambda(trigger: Trigger) -> _Plan:
    values = _get_known(access_point=trigger.name, access_point_arn=trigger.arn)
    return _Plan("s3-object-lambda", values, ["key, signed URL and token: they are made up."])


# ------------------------------------------------------------------ events and schedules


def _plan_eventbridge(trigger: Trigger) -> _Plan:
    details = trigger.details
    pattern = details.get("pattern", "")
    if details.get("input"):
        return _Plan("eventbridge-event", text=format_json(details["input"]))
    if not pattern and details.get("schedule"):
        plan = _Plan("eventbridge-scheduled", _get_known(rule=trigger.name, rule_arn=trigger.arn))
    else:
        plan = _plan_rule(pattern)
    if details.get("input_path"):
        plan.finish = _then(plan.finish, lambda text: _take_part(text, details["input_path"], plan))
    if details.get("input_template"):
        plan.assumed.append("The rule's input transformer is not applied: the event is as it was before.")
    return plan


def _plan_rule(pattern_text: str) -> _Plan:
    plan = _Plan("eventbridge-event")
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


def _take_part(text: str, path: str, plan: _Plan) -> str:
    """The part of an event that an InputPath like $.detail.order chooses."""
    part = load_json(text)
    for name in path.removeprefix("$").split(".")[1:]:
        if not isinstance(part, dict) or name not in part:
            plan.assumed.append(f"The rule passes {path} on, which is not in this event; it is shown whole.")
            return text
        part = part[name]
    return dump_json(part, indent=2)


def _plan_scheduler(trigger: Trigger) -> _Plan:
    if trigger.details.get("input"):
        return _Plan("scheduler", text=format_json(trigger.details["input"]))
    return _Plan("scheduler", _get_known(schedule=trigger.name, schedule_arn=trigger.arn))


def _get_schedule_words(trigger: Trigger, context: EventContext) -> dict[str, str]:
    """What EventBridge Scheduler puts instead of the keywords of an input."""
    if trigger.source != "Scheduler":
        return {}
    return {
        "<aws.scheduler.schedule-arn>": trigger.arn,
        "<aws.scheduler.scheduled-time>": f"{context.now:%Y-%m-%dT%H:%M:%S}Z",
        "<aws.scheduler.execution-id>": context.new_id(),
        "<aws.scheduler.attempt-number>": "1",
    }


def _plan_pipes(trigger: Trigger) -> _Plan:
    arn = trigger.details.get("source", "")
    name = re.split(r"[:/]", _get_part(arn, 5))
    service = _get_part(arn, 2)
    if service == "kinesis":
        plan = _Plan("pipes-kinesis", _get_known(pipe=trigger.name, stream=name[-1], stream_arn=arn))
        return _fill_payload(trigger, plan, "data")
    if service == "dynamodb":
        values = _get_known(table=name[1] if len(name) > 1 else "", stream_arn=arn)
        return _Plan("pipes-dynamodb", values, ["The item is made up; its attributes are not the table's."])
    plan = _Plan("pipes-sqs", _get_known(queue=name[-1], queue_arn=arn) if service == "sqs" else {})
    if service != "sqs":
        plan.assumed.append(f"The records are of a queue; the pipe reads {arn or 'what is not known'}.")
    return _fill_payload(trigger, plan, "body")


def _plan_iot(trigger: Trigger) -> _Plan:
    found = re.match(r"\s*SELECT\s+(.+?)\s+FROM\s", trigger.filter, re.IGNORECASE | re.DOTALL)
    columns = re.split(r",(?![^(]*\))", found[1]) if found else ["*"]
    plan = _Plan("iot-message")
    if [each.strip() for each in columns] != ["*"]:
        names = [re.split(r"\s+AS\s+|\.", each.strip(), flags=re.IGNORECASE)[-1] for each in columns]
        plan.values["message"] = json.dumps({name: "example" for name in names if name != "*"})
        plan.assumed.append("The columns are those of the rule's SQL; their values are made up.")
    else:
        plan.assumed.append("The rule passes the device's message on, which is made up.")
    return plan


# ------------------------------------------------------------------ HTTP


def _plan_apigateway(trigger: Trigger) -> _Plan:
    details = trigger.details
    api, *rest = _get_part(trigger.arn, 5).split("/", 3)
    kind, route, stage = (details.get(name, "") for name in ("kind", "route", "stage"))
    plan = _Plan("apigateway-rest", _get_known(api_id=api))
    if not kind:  # known by its permission alone: api/stage/METHOD/path
        plan.assumed.append(
            "Whether it is a REST or an HTTP API is not known; the form is that of a REST API."
        )
        stage, method, path = (each if "*" not in each else "" for each in (*rest, "", "", "")[:3])
        route = f"{method or 'ANY'} /{path}"
    if "authorizer" in details:
        return _plan_authorizer(trigger, plan)
    if stage and stage != "*":
        plan.values["stage"] = stage
    elif kind in ("", "REST API", "WEBSOCKET API"):
        plan.assumed.append("stage: the route is in every stage; prod is made up.")
    if kind == "WEBSOCKET API":
        ends = {"$connect": "connect", "$disconnect": "disconnect"}
        plan.key = f"apigateway-websocket-{ends.get(route, 'message')}"
        if route not in ends:
            plan.values["route_key"] = route
            plan.assumed.append("body: nothing tells what is in it.")
    else:
        _fill_route(plan, kind, route, details.get("payload_version", ""))
    return plan


def _fill_route(plan: _Plan, kind: str, route: str, payload_version: str) -> None:
    method, _, template = route.rpartition(" ")
    if template == "$default" or not template:
        method, template = "ANY", "/"
        plan.assumed.append("path: the route takes what no other takes; / is chosen.")
    if method in ("ANY", ""):
        method = "GET"
        plan.assumed.append("method: the route takes any; GET is chosen.")
    names = _PARAMETER.findall(template)
    plan.values |= {"method": method, "path": _PARAMETER.sub("example", template)}
    plan.values["path_parameters"] = json.dumps(dict.fromkeys(names, "example")) if names else ""
    if names:
        plan.assumed.append(f"{', '.join(names)}: the values of the path's parameters are made up.")
    if kind == "HTTP API" and payload_version != "1.0":
        plan.key = "apigateway-http"
        plan.values["route_key"] = route
        if not payload_version:
            plan.assumed.append("The form is payload format 2.0.")
    else:
        plan.values["resource"] = template
    if method in _NO_BODY:
        plan.values["body"] = ""
    else:
        plan.assumed.append("body: nothing tells what is in it; an order is made up.")
    plan.assumed.append("query and headers: they are made up.")


def _plan_authorizer(trigger: Trigger, plan: _Plan) -> _Plan:
    details = trigger.details
    if details.get("kind") == "HTTP API" and details.get("payload_version") != "1.0":
        plan.key = "apigateway-http-authorizer"
    else:
        is_token = details.get("authorizer_type") == "TOKEN"
        plan.key = f"apigateway-{'token' if is_token else 'request'}-authorizer"
    plan.assumed.append("stage, method, path and token: an authorizer is asked for many; these are made up.")
    return plan


def _plan_url(trigger: Trigger) -> _Plan:
    domain = re.sub(r"^https?://|/.*$", "", trigger.name)
    has_domain = "." in domain
    plan = _Plan("function-url-iam" if trigger.state == "IAM" else "function-url")
    if has_domain:
        plan.values |= {"url_id": domain.split(".")[0], "domain": domain}
    plan.assumed.append("method, path, query, headers and body: they are made up.")
    return plan


def _plan_alb(trigger: Trigger) -> _Plan:
    values = _get_known(
        target_group=trigger.name, target_group_arn=trigger.arn, balancer=_first(trigger.filter)
    )
    return _Plan("alb-request", values, ["method, path, query, headers and body: they are made up."])


def _plan_lattice(trigger: Trigger) -> _Plan:
    assumed = "The form is event structure version V2. Method, path, query, headers and body are made up."
    return _Plan("lattice-v2", _get_known(target_group_arn=trigger.arn), [assumed])


def _plan_cloudfront(trigger: Trigger) -> _Plan:
    kind, _, pattern = _first(trigger.filter).partition(" ")
    kinds = ("viewer-request", "origin-request", "origin-response", "viewer-response")
    plan = _Plan(f"cloudfront-{kind if kind in kinds else kinds[0]}")
    plan.values |= _get_known(domain=trigger.name, distribution=trigger.arn.rpartition("/")[2])
    if pattern and pattern != "*":
        plan.values["uri"] = "/" + pattern.replace("*", "example").lstrip("/")
    plan.assumed.append("The request is made up; its path fits the behaviour.")
    return plan


def _plan_appsync(trigger: Trigger) -> _Plan:
    if trigger.filter == "authorizer":
        values = _get_known(api_id=trigger.arn.rpartition("/")[2])
        return _Plan("appsync-authorizer", values, ["query and token: they are made up."])
    return _Plan("appsync-resolver", assumed=["field, arguments and identity: they are made up."])


# ------------------------------------------------------------------ users and operations

_COGNITO = {
    "PreSignUp": "cognito-pre-sign-up",
    "PostConfirmation": "cognito-post-confirmation",
    "PreAuthentication": "cognito-pre-authentication",
    "PostAuthentication": "cognito-post-authentication",
    "PreTokenGeneration": "cognito-pre-token",
    "PreTokenGenerationConfig": "cognito-pre-token-v2",
    "DefineAuthChallenge": "cognito-define-challenge",
    "CreateAuthChallenge": "cognito-create-challenge",
    "VerifyAuthChallengeResponse": "cognito-verify-challenge",
    "UserMigration": "cognito-migrate-user",
    "CustomMessage": "cognito-custom-message",
    "CustomEmailSender": "cognito-custom-email",
    "CustomSMSSender": "cognito-custom-sms",
    "InboundFederation": "cognito-inbound-federation",
}


def _plan_cognito(trigger: Trigger) -> _Plan:
    hooks = trigger.filter.split(", ")
    # A pool that has both settings for tokens uses the newer one.
    hook = "PreTokenGenerationConfig" if hooks[-1] == "PreTokenGenerationConfig" else hooks[0]
    plan = _Plan(_COGNITO.get(hook, "cognito-pre-sign-up"))
    plan.values |= _get_known(user_pool=trigger.arn.rpartition("/")[2])
    if hook not in _COGNITO:
        plan.assumed.append("Which event of the pool it is for is not known; it is PreSignUp.")
    elif len({*hooks} - {"PreTokenGeneration"}) > 1:
        plan.assumed.append(f"The pool calls it for {trigger.filter}; this is {hook}.")
    plan.assumed.append("user and client: they are made up.")
    return plan


def _plan_logs(trigger: Trigger) -> _Plan:
    plan = _Plan("logs-subscription")
    if trigger.name.startswith("all "):
        plan.assumed.append("logGroup: the filter is of all log groups; the name is made up.")
    else:
        plan.values |= _get_known(log_group=trigger.name)
    if re.fullmatch(r"[\w ]+", trigger.filter) and trigger.filter != "everything":
        plan.values["message"] = f"{trigger.filter} example"
        plan.assumed.append("The first message holds the words of the filter; the rest is made up.")
    else:
        plan.assumed.append("The messages are made up; whether they fit the filter's pattern is not checked.")
    return plan


def _plan_alarm(trigger: Trigger) -> _Plan:
    states = {"OK": ("OK", "ALARM"), "insufficient data": ("INSUFFICIENT_DATA", "OK")}
    state, before = states.get(_first(trigger.filter), ("ALARM", "OK"))
    values = _get_known(alarm=trigger.name, alarm_arn=trigger.arn)
    plan = _Plan("alarm", values | {"state": state, "previous_state": before})
    plan.assumed.append("The form is that of a metric alarm; metric, threshold and values are made up.")
    return plan


def _plan_config(trigger: Trigger) -> _Plan:
    kinds = {
        "ScheduledNotification": "config-scheduled",
        "OversizedConfigurationItemChangeNotification": "config-oversized",
    }
    values = _get_known(rule=trigger.name, rule_arn=trigger.arn)
    plan = _Plan(kinds.get(_first(trigger.filter), "config-change"), values)
    plan.assumed.append("The resource, the parameters and the token are made up.")
    return plan


def _plan_stack(trigger: Trigger) -> _Plan:
    name = _first(trigger.filter)
    values = _get_known(
        stack=trigger.name, stack_arn=trigger.arn, resource="" if name == "custom resource" else name
    )
    assumed = "type, properties and the URL for the answer: they are made up; it is the creation."
    return _Plan("cloudformation-create", values, [assumed])


def _plan_secret(trigger: Trigger) -> _Plan:
    values = _get_known(secret=trigger.name, secret_arn=trigger.arn)
    assumed = "It is the first of the four steps; the token of the version is made up."
    return _Plan("secrets-create", values, [assumed])


# ------------------------------------------------------------------ developer tools, mail, assistants


def _plan_codecommit(trigger: Trigger) -> _Plan:
    words = [each for each in trigger.filter.split(", ")[0].split() if not each.endswith("Reference")]
    branch = next((each for each in words if each != "all"), "")
    values = _get_known(repository=trigger.name, repository_arn=trigger.arn, branch=branch)
    names = "The commit" if branch else "The branch and the commit"
    return _Plan("codecommit-push", values, [f"{names} {'is' if branch else 'are'} made up."])


def _plan_destination(trigger: Trigger) -> _Plan:
    arn = ":".join(trigger.arn.split(":")[:7])
    kind = "failure" if _first(trigger.filter) == "on failure" else "success"
    values = _get_known(source_function=trigger.name.split(":")[0], source_arn=arn)
    return _Plan(f"destination-{kind}", values, ["The other function's event and answer are made up."])


def _plan_ses(trigger: Trigger) -> _Plan:
    recipient = _first(trigger.filter)
    if recipient and "@" not in recipient:
        recipient = f"example@{recipient.lstrip('.')}"
    known = "sender and subject" if recipient else "sender, recipient and subject"
    return _Plan("ses-receipt", _get_known(recipient=recipient), [f"{known}: they are made up."])


def _plan_lex(trigger: Trigger) -> _Plan:
    _, bot, alias = (*_get_part(trigger.arn, 5).split("/"), "", "")[:3]
    values = _get_known(bot_id=bot, alias_id=alias, locale=_first(trigger.filter))
    return _Plan("lex-v2", values, ["intent, slots and what the user says: they are made up."])


def _plan_bedrock(trigger: Trigger) -> _Plan:
    if trigger.filter == "flow":
        return _Plan(
            "bedrock-flow", _get_known(flow_arn=trigger.arn), ["The node and its input are made up."]
        )
    values = _get_known(agent=trigger.arn.rpartition("/")[2], action_group=_first(trigger.filter))
    return _Plan(
        "bedrock-function", values, ["The function, its parameters and the user's text are made up."]
    )


def _plan_sagemaker(trigger: Trigger) -> _Plan:
    key = "sagemaker-post" if trigger.filter == "consolidation" else "sagemaker-pre"
    return _Plan(
        key, _get_known(job=trigger.name, job_arn=trigger.arn), ["bucket and key: they are made up."]
    )


def _plan_unknown(trigger: Trigger) -> _Plan:
    return _Plan("empty", assumed=[f"What {trigger.source} sends is not known here; the event is empty."])


def _plan_as(key: str, assumed: str, *, name: str = "", arn: str = "") -> Callable[[Trigger], _Plan]:
    """A plan that only puts the trigger's name or ARN into one value each."""

    def plan(trigger: Trigger) -> _Plan:
        given: Iterable[tuple[str, str]] = ((name, trigger.name), (arn, trigger.arn))
        return _Plan(key, _get_known(**{value: text for value, text in given if value}), [assumed])

    return plan


def _plan_sync(trigger: Trigger) -> _Plan:
    return _Plan("cognito-sync", _get_known(identity_pool=trigger.name), ["The dataset is made up."])


_PLANNERS: Mapping[str, Callable[[Trigger], _Plan]] = {
    "AgentCore": _plan_as("agentcore-tool", "The tool's arguments are made up."),
    "Alexa": _plan_as("alexa-launch", "The skill and the user are made up."),
    "ALB": _plan_alb,
    "API Gateway": _plan_apigateway,
    "AppSync": _plan_appsync,
    "Bedrock": _plan_bedrock,
    "CloudFormation": _plan_stack,
    "CloudFront": _plan_cloudfront,
    "CloudWatch alarm": _plan_alarm,
    "CloudWatch dashboard": _plan_as("dashboard-widget", "The widget is made up.", name="dashboard"),
    "CloudWatch Logs": _plan_logs,
    "CodeCommit": _plan_codecommit,
    "CodePipeline": _plan_as("codepipeline-job", "The job and its artifacts are made up.", name="pipeline"),
    "Cognito": _plan_cognito,
    "Cognito Sync": _plan_sync,
    "Config": _plan_config,
    "Connect": _plan_as("connect-flow", "The contact is made up.", arn="instance_arn"),
    "DocumentDB": _plan_documentdb,
    "DynamoDB": _plan_dynamodb,
    "EventBridge": _plan_eventbridge,
    "Firehose": _plan_firehose,
    "Function URL": _plan_url,
    "IoT": _plan_iot,
    "Kafka": _plan_kafka,
    "Kinesis": _plan_kinesis,
    "Lambda destination": _plan_destination,
    "Lex": _plan_lex,
    "MQ": _plan_mq,
    "MSK": _plan_kafka,
    "Pipes": _plan_pipes,
    "S3": _plan_s3,
    "S3 Batch Operations": _plan_batch,
    "S3 Object Lambda": _plan_object_lambda,
    "SageMaker": _plan_sagemaker,
    "Scheduler": _plan_scheduler,
    "Secrets Manager": _plan_secret,
    "SES": _plan_ses,
    "SNS": _plan_sns,
    "SQS": _plan_sqs,
    "Step Functions": _plan_as("stepfunctions-task", "The state's input is made up."),
    "VPC Lattice": _plan_lattice,
    "WorkMail": _plan_as("workmail", "The mail is made up."),
}
