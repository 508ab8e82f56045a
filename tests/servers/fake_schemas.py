"""The registries of EventBridge Schemas in FakeAws, with schemas and their versions as AWS keeps them."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.servers.faults import Reply, error_reply, json_reply

_REGISTRY = r"/v1/registries/name/(?P<registry>[^/]+)"
_SCHEMA = _REGISTRY + r"/schemas/name/(?P<schema>[^/]+)"
ROUTES = (
    ("POST", r"/v1/discover", "GetDiscoveredSchema"),
    *(
        (verb, pattern, operation)
        for pattern, operations in (
            (_REGISTRY, {"POST": "CreateRegistry", "GET": "DescribeRegistry", "DELETE": "DeleteRegistry"}),
            (
                _SCHEMA,
                {
                    "POST": "CreateSchema",
                    "GET": "DescribeSchema",
                    "PUT": "UpdateSchema",
                    "DELETE": "DeleteSchema",
                },
            ),
            (_REGISTRY + "/schemas", {"GET": "ListSchemas"}),
            (_SCHEMA + "/versions", {"GET": "ListSchemaVersions"}),
            (_SCHEMA + r"/version/(?P<version>[^/]+)", {"DELETE": "DeleteSchemaVersion"}),
        )
        for verb, operation in operations.items()
    ),
)
_LIMIT = 100_000  # characters of a schema's content
_MOST_VERSIONS = 5
_PAGE = 2


@dataclass
class FakeSchema:
    """versions: the content of each that is still there; last: the highest number ever given."""

    versions: dict[int, str]
    last: int = 1

    @property
    def content(self) -> str:
        return self.versions[max(self.versions)]


@dataclass
class FakeRegistry:
    schemas: dict[str, FakeSchema] = field(default_factory=dict)


class FakeSchemas:
    """registries: what there is, by name. lists_newest_first: the order of a schema's versions."""

    def __init__(self) -> None:
        super().__init__()
        self.registries: dict[str, FakeRegistry] = {}
        self.lists_newest_first = False

    def answer_schemas(
        self, operation: str, method: str, path: str, body: bytes, params: dict[str, Any]
    ) -> Reply | None:
        """None: not an operation of this module."""
        place = next(
            (
                found.groupdict()
                for verb, pattern, known in ROUTES
                if known == operation and verb == method and (found := re.fullmatch(pattern, path))
            ),
            None,
        )
        if place is None:
            return None
        place = {key: unquote(text) for key, text in place.items()}
        wanted = json.loads(body or b"{}")
        if operation == "GetDiscoveredSchema":
            return json_reply({"Content": json.dumps(_discover(json.loads(wanted["Events"][0])))})
        name = place["registry"]
        registry = self.registries.get(name)
        if operation == "CreateRegistry":
            if registry is not None:
                return error_reply(409, "ConflictException", f"Registry {name} already exists.")
            self.registries[name] = FakeRegistry()
            return json_reply({"RegistryName": name})
        if registry is None:
            return error_reply(404, "NotFoundException", f"Registry with name {name} does not exist.")
        if operation == "DescribeRegistry":
            return json_reply({"RegistryName": name})
        if operation == "DeleteRegistry":
            del self.registries[name]
            return Reply(204, b"")
        if operation == "ListSchemas":
            return json_reply({"Schemas": [{"SchemaName": each} for each in registry.schemas]})
        return self._answer_schema(operation, registry, place, wanted, params)

    def _answer_schema(
        self,
        operation: str,
        registry: FakeRegistry,
        place: dict[str, str],
        wanted: dict[str, Any],
        params: dict[str, Any],
    ) -> Reply:
        name = place["schema"]
        schema = registry.schemas.get(name)
        content = str(wanted.get("Content", ""))
        if operation in ("CreateSchema", "UpdateSchema") and (problem := _check(content, wanted)):
            return error_reply(400, "BadRequestException", problem)
        if operation == "CreateSchema":
            if schema is not None:
                return error_reply(409, "ConflictException", f"Schema {name} already exists.")
            registry.schemas[name] = FakeSchema({1: content})
            return json_reply({"SchemaName": name, "SchemaVersion": "1"})
        if schema is None:
            return error_reply(404, "NotFoundException", f"Schema with name {name} does not exist.")
        match operation:
            case "DescribeSchema":
                version = int(params.get("schemaVersion") or max(schema.versions))
                return json_reply(
                    {"SchemaName": name, "SchemaVersion": str(version), "Content": schema.versions[version]}
                )
            case "UpdateSchema":
                if len(schema.versions) >= _MOST_VERSIONS:
                    return error_reply(400, "BadRequestException", "Too many versions of the schema.")
                schema.last += 1
                schema.versions[schema.last] = content
                return json_reply({"SchemaName": name, "SchemaVersion": str(schema.last)})
            case "DeleteSchema":
                del registry.schemas[name]
                return Reply(204, b"")
            case "DeleteSchemaVersion":
                if int(place["version"]) not in schema.versions:
                    return error_reply(404, "NotFoundException", "No such version.")
                del schema.versions[int(place["version"])]
                return Reply(204, b"")
        versions = sorted(schema.versions, reverse=self.lists_newest_first)
        start = int(params.get("nextToken") or 0)
        page: dict[str, Any] = {
            "SchemaVersions": [{"SchemaVersion": str(each)} for each in versions[start : start + _PAGE]]
        }
        if start + _PAGE < len(versions):
            page["NextToken"] = str(start + _PAGE)
        return json_reply(page)


def _check(content: str, wanted: dict[str, Any]) -> str:
    if wanted.get("Type") != "OpenApi3":
        return "Type has to be OpenApi3."
    if not 1 <= len(content) <= _LIMIT:
        return f"Content must have length less than or equal to {_LIMIT}"
    try:
        json.loads(content)
    except ValueError:
        return "Content is not valid JSON."
    return ""


def _discover(event: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "Event"},
        "paths": {},
        "components": {"schemas": {"Event": _describe(event)}},
    }


def _describe(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            "type": "object",
            "required": list(value),
            "properties": {key: _describe(item) for key, item in value.items()},
        }
    if isinstance(value, list):
        return {"type": "array", "items": _describe(value[0]) if value else {}}
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    return {"type": next((name for kind, name in kinds if isinstance(value, kind)), "object")}
