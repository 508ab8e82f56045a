"""Requests of API Gateway and of function URLs are those of their routes."""

from collections.abc import Mapping

import pytest

from tests.core.trigger_event_rig import HERE, build, load, tell

API = f"arn:aws:execute-api:{HERE}:abc123"


def test_routes_of_an_http_api() -> None:
    event = build("API Gateway", "shop", API, kind="HTTP API", route="PUT /orders/{id}/{rest+}", stage="*")
    found = load(event)
    assert event.template_key == "apigateway-http"
    assert found["routeKey"] == "PUT /orders/{id}/{rest+}"
    assert found["rawPath"] == "/orders/example/example"
    assert found["pathParameters"] == {"id": "example", "rest": "example"}
    assert found["requestContext"]["http"]["method"] == "PUT"
    assert found["requestContext"]["apiId"] == "abc123"
    assert found["requestContext"]["stage"] == "$default"
    catch_all = build(
        "API Gateway", "shop", API, kind="HTTP API", route="$default", stage="*", payload_version="2.0"
    )
    found = load(catch_all)
    assert (found["routeKey"], found["rawPath"]) == ("$default", "/")
    assert "body" not in found
    assert "method: the route takes any; GET is chosen." in catch_all.assumed
    old = build("API Gateway", "s", API, kind="HTTP API", route="GET /a", stage="*", payload_version="1.0")
    assert old.template_key == "apigateway-rest"


def test_routes_of_a_rest_api_and_of_a_permission() -> None:
    event = build("API Gateway", "shop", API, kind="REST API", route="ANY /{proxy+}", stage="live")
    found = load(event)
    assert (found["resource"], found["path"], found["httpMethod"]) == ("/{proxy+}", "/example", "GET")
    assert found["requestContext"]["stage"] == "live"
    assert found["body"] is None
    granted = load(build("API Gateway", "x", f"{API}/live/POST/orders/new"))
    assert (granted["path"], granted["httpMethod"]) == ("/orders/new", "POST")
    assert granted["requestContext"]["apiId"] == "abc123"
    several = build(
        "API Gateway", "s", API, filter="GET /a, GET /b", kind="REST API", route="GET /a", stage="*"
    )
    assert "named more than once there (GET /a, GET /b)" in tell(several)


@pytest.mark.parametrize(
    ("details", "key"),
    [
        ({"kind": "WEBSOCKET API", "route": "$connect"}, "apigateway-websocket-connect"),
        ({"kind": "WEBSOCKET API", "route": "$disconnect"}, "apigateway-websocket-disconnect"),
        ({"kind": "WEBSOCKET API", "route": "say"}, "apigateway-websocket-message"),
        ({"kind": "REST API", "authorizer": "a", "authorizer_type": "TOKEN"}, "apigateway-token-authorizer"),
        (
            {"kind": "REST API", "authorizer": "a", "authorizer_type": "REQUEST"},
            "apigateway-request-authorizer",
        ),
        ({"kind": "HTTP API", "authorizer": "a", "payload_version": "2.0"}, "apigateway-http-authorizer"),
        ({"kind": "HTTP API", "authorizer": "a", "payload_version": "1.0"}, "apigateway-request-authorizer"),
    ],
)
def test_websockets_and_authorizers(details: Mapping[str, str], key: str) -> None:
    event = build("API Gateway", "shop", API, **details)
    assert event.template_key == key
    assert "abc123" in event.text
    if details.get("route") == "say":
        assert load(event)["requestContext"]["routeKey"] == "say"


def test_function_urls() -> None:
    url = "https://abc.lambda-url.eu-west-1.on.aws/"
    public = build("Function URL", url, state="public")
    assert public.template_key == "function-url"
    assert load(public)["requestContext"]["domainName"] == "abc.lambda-url.eu-west-1.on.aws"
    assert load(public)["requestContext"]["apiId"] == "abc"
    assert build("Function URL", url, state="IAM").template_key == "function-url-iam"
    assert load(build("Function URL", "anyone"))["requestContext"]["domainName"].endswith(".on.aws")
