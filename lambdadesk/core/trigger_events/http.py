"""Requests: API Gateway, function URLs, load balancers, CloudFront, AppSync."""

import json
import re

from lambdadesk.core.arns import get_part
from lambdadesk.core.trigger_events.plan import Plan, Planners, get_first, get_known, plan_as
from lambdadesk.core.triggers import Trigger

_NO_BODY = ("GET", "HEAD", "DELETE", "OPTIONS")
_PARAMETER = re.compile(r"\{([^}+]+)\+?\}")


def _plan_apigateway(trigger: Trigger) -> Plan:
    details = trigger.details
    api, *rest = get_part(trigger.arn, 5).split("/", 3)
    kind, route, stage = (details.get(name, "") for name in ("kind", "route", "stage"))
    plan = Plan("apigateway-rest", get_known(api_id=api))
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


def _fill_route(plan: Plan, kind: str, route: str, payload_version: str) -> None:
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


def _plan_authorizer(trigger: Trigger, plan: Plan) -> Plan:
    details = trigger.details
    if details.get("kind") == "HTTP API" and details.get("payload_version") != "1.0":
        plan.key = "apigateway-http-authorizer"
    else:
        is_token = details.get("authorizer_type") == "TOKEN"
        plan.key = f"apigateway-{'token' if is_token else 'request'}-authorizer"
    plan.assumed.append("stage, method, path and token: an authorizer is asked for many; these are made up.")
    return plan


def _plan_url(trigger: Trigger) -> Plan:
    domain = re.sub(r"^https?://|/.*$", "", trigger.name)
    has_domain = "." in domain
    plan = Plan("function-url-iam" if trigger.state == "IAM" else "function-url")
    if has_domain:
        plan.values |= {"url_id": domain.split(".")[0], "domain": domain}
    plan.assumed.append("method, path, query, headers and body: they are made up.")
    return plan


def _plan_alb(trigger: Trigger) -> Plan:
    values = get_known(
        target_group=trigger.name, target_group_arn=trigger.arn, balancer=get_first(trigger.filter)
    )
    return Plan("alb-request", values, ["method, path, query, headers and body: they are made up."])


def _plan_cloudfront(trigger: Trigger) -> Plan:
    kind, _, pattern = get_first(trigger.filter).partition(" ")
    kinds = ("viewer-request", "origin-request", "origin-response", "viewer-response")
    plan = Plan(f"cloudfront-{kind if kind in kinds else kinds[0]}")
    plan.values |= get_known(domain=trigger.name, distribution=trigger.arn.rpartition("/")[2])
    if pattern and pattern != "*":
        plan.values["uri"] = "/" + pattern.replace("*", "example").lstrip("/")
    plan.assumed.append("The request is made up; its path fits the behaviour.")
    return plan


def _plan_appsync(trigger: Trigger) -> Plan:
    if trigger.filter == "authorizer":
        values = get_known(api_id=trigger.arn.rpartition("/")[2])
        return Plan("appsync-authorizer", values, ["query and token: they are made up."])
    return Plan("appsync-resolver", assumed=["field, arguments and identity: they are made up."])


PLANNERS: Planners = {
    "ALB": _plan_alb,
    "API Gateway": _plan_apigateway,
    "AppSync": _plan_appsync,
    "CloudFront": _plan_cloudfront,
    "Function URL": _plan_url,
    "VPC Lattice": plan_as(
        "lattice-v2",
        "The form is event structure version V2. Method, path, query, headers and body are made up.",
        arn="target_group_arn",
    ),
}
