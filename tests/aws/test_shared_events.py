"""Shareable test events, in a registry that keeps them as AWS does, with SAM's way on the other side."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.shared_events import (
    ACTIONS,
    REGISTRY,
    delete_shared_event,
    fetch_shared_events,
    rename_shared_event,
    save_shared_event,
)
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.saved_events import EventConflictError
from lambdadesk.core.shared_events import SharedEvent, SharedEvents
from lambdadesk.core.types import InvocationType, Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_schemas import FakeSchema

FORBIDDEN = faults.error(403, "ForbiddenException", "User is not authorized to access this resource")


class Sam:
    """The other side: how SAM reads and writes shareable events, written anew from its description."""

    def __init__(self, url: str) -> None:
        self.client: Any = boto3.client(
            "schemas",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def _describe(self, schema: str) -> dict[str, Any] | None:
        try:
            self.client.describe_registry(RegistryName=REGISTRY)
            reply = self.client.describe_schema(RegistryName=REGISTRY, SchemaName=schema)
        except self.client.exceptions.NotFoundException:
            return None
        return json.loads(reply["Content"])

    def names(self, function: str) -> list[str]:
        found = self._describe(f"_{function}-schema")
        return list(found["components"]["examples"]) if found else []

    def get(self, function: str, name: str) -> tuple[Any, str]:
        found = self._describe(f"_{function}-schema")
        assert found is not None
        example = found["components"]["examples"][name]
        return example["value"], example.get("x-metadata", {}).get("invocationType", "RequestResponse")

    def put(self, function: str, name: str, event: Any, invocation_type: str = "") -> None:
        schema = f"_{function}-schema"
        example: dict[str, Any] = {"value": event}
        if invocation_type:
            example["x-metadata"] = {"invocationType": invocation_type}
        found = self._describe(schema)
        if found is None:
            try:
                self.client.describe_registry(RegistryName=REGISTRY)
            except ClientError:
                self.client.create_registry(RegistryName=REGISTRY)
            reply = self.client.get_discovered_schema(Events=[json.dumps(event)], Type="OpenApi3")
            found = json.loads(reply["Content"])
            found["components"]["examples"] = {name: example}
            self.client.create_schema(
                RegistryName=REGISTRY, SchemaName=schema, Type="OpenApi3", Content=json.dumps(found)
            )
            return
        found["components"].setdefault("examples", {})[name] = example
        self._update(schema, found)

    def delete(self, function: str, name: str) -> None:
        schema = f"_{function}-schema"
        found = self._describe(schema)
        assert found is not None
        if len(found["components"]["examples"]) == 1:
            self.client.delete_schema(RegistryName=REGISTRY, SchemaName=schema)
            return
        del found["components"]["examples"][name]
        self._update(schema, found)

    def _update(self, schema: str, document: dict[str, Any]) -> None:
        pages = self.client.get_paginator("list_schema_versions").paginate(
            RegistryName=REGISTRY, SchemaName=schema
        )
        versions = [each["SchemaVersion"] for page in pages for each in page["SchemaVersions"]]
        if len(versions) >= 5:
            self.client.delete_schema_version(
                RegistryName=REGISTRY, SchemaName=schema, SchemaVersion=versions[0]
            )
        self.client.update_schema(
            RegistryName=REGISTRY, SchemaName=schema, Type="OpenApi3", Content=json.dumps(document)
        )


@pytest.fixture
def sam(aws: FakeAws) -> Iterator[Sam]:
    sam = Sam(aws.url)
    yield sam
    sam.client.close()


@asynccontextmanager
async def open_gateway(aws: FakeAws, guard: Guard = Guard.NORMAL) -> AsyncIterator[Gateway]:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), guard=guard)
    try:
        yield gateway
    finally:
        await gateway.close()


def get_schema(aws: FakeAws, function: str = "orders") -> FakeSchema:
    return aws.registries[REGISTRY].schemas[f"_{function}-schema"]


def list_writes(aws: FakeAws) -> list[str]:
    reads = ("Describe", "List", "Get")
    return [each.operation for each in aws.requests() if not each.operation.startswith(reads)]


async def test_there_is_nothing_before_the_first_event(aws: FakeAws) -> None:
    async with open_gateway(aws, Guard.READ_ONLY) as gateway:
        assert await fetch_shared_events(gateway, "orders") == SharedEvents()
    assert [each.operation for each in aws.requests()] == ["DescribeSchema"]


async def test_sam_reads_what_is_shared_here(aws: FakeAws, sam: Sam) -> None:
    async with open_gateway(aws) as gateway:
        none = SharedEvents()
        first = await save_shared_event(gateway, "orders", "one", '{"id": 1}', base=none)
        assert list_writes(aws) == ["CreateRegistry", "CreateSchema"]
        assert "schemas" in json.loads(get_schema(aws).content)["components"]
        second = await save_shared_event(
            gateway, "orders", "two", "[true]", base=first.events, invocation_type=InvocationType.EVENT
        )
        assert second.note == ""
        assert second.events.version == "2"
    assert sam.names("orders") == ["one", "two"]
    assert sam.get("orders", "one") == ({"id": 1}, "RequestResponse")
    assert sam.get("orders", "two") == ([True], "Event")
    assert sam.names("other") == []


async def test_what_sam_shares_is_read_here(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", {"id": 1})
    sam.put("orders", "two", [1.5], "Event")
    async with open_gateway(aws) as gateway:
        found = await fetch_shared_events(gateway, "orders")
        assert found.events == (
            SharedEvent("one", '{\n  "id": 1\n}'),
            SharedEvent("two", "[\n  1.5\n]", InvocationType.EVENT),
        )
        # Either goes on with what the other wrote.
        saved = await save_shared_event(gateway, "orders", "two", "[2]", base=found)
        sam.put("orders", "three", "x", "Event")
        assert sam.get("orders", "two") == ([2], "Event")
        left = await delete_shared_event(gateway, "orders", "one", base=saved.events)
        assert left.note == "Meanwhile somebody else added three."
    assert sam.names("orders") == ["two", "three"]
    sam.delete("orders", "two")
    sam.delete("orders", "three")
    async with open_gateway(aws) as gateway:
        assert (await fetch_shared_events(gateway, "orders")).events == ()


async def test_the_last_event_takes_the_schema_along_and_leaves_the_registry(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1)
    sam.put("other", "one", 1)
    async with open_gateway(aws) as gateway:
        base = await fetch_shared_events(gateway, "orders")
        assert await delete_shared_event(gateway, "orders", "one", base=base) is not None
        gone = await delete_shared_event(gateway, "orders", "one", base=base)
        assert gone.events == SharedEvents()
    assert list(aws.registries[REGISTRY].schemas) == ["_other-schema"]
    assert list_writes(aws).count("DeleteSchema") == 1


async def test_a_sixth_version_makes_the_oldest_go(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 0)
    async with open_gateway(aws) as gateway:
        for order in (False, True):  # in which the versions are listed
            aws.lists_newest_first = order
            for count in range(5):
                base = await fetch_shared_events(gateway, "orders")
                await save_shared_event(gateway, "orders", "one", f"[{count}, {int(order)}]", base=base)
    assert sorted(get_schema(aws).versions) == [7, 8, 9, 10, 11]
    assert sam.get("orders", "one")[0] == [4, 1]


async def test_an_event_that_is_as_it_is_is_not_written(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1)
    async with open_gateway(aws) as gateway:
        base = await fetch_shared_events(gateway, "orders")
        saved = await save_shared_event(gateway, "orders", "one", " 1 ", base=base)
    assert saved.events == base
    assert sorted(get_schema(aws).versions) == [1]


async def test_a_change_of_the_same_event_is_asked_about_and_others_are_kept(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1)
    sam.put("orders", "two", 2)
    async with open_gateway(aws) as gateway:
        base = await fetch_shared_events(gateway, "orders")
        sam.put("orders", "one", 11, "Event")
        with pytest.raises(EventConflictError) as caught:
            await save_shared_event(gateway, "orders", "one", "12", base=base)
        assert caught.value.message == (
            "Somebody else changed the payload and the invocation type of one "
            "(version 2 was read, 3 is there)."
        )
        assert caught.value.current == "11"
        with pytest.raises(EventConflictError):
            await delete_shared_event(gateway, "orders", "one", base=base)
        assert sam.get("orders", "one") == (11, "Event")
        saved = await save_shared_event(gateway, "orders", "two", "22", base=base)
        assert saved.note == "Meanwhile somebody else changed one."
        assert sam.get("orders", "one") == (11, "Event")
        await save_shared_event(gateway, "orders", "one", "12", base=base, overwrite=True)
        assert sam.get("orders", "one") == (12, "Event")
        now = await fetch_shared_events(gateway, "orders")
        sam.delete("orders", "one")
        with pytest.raises(EventConflictError, match="deleted the shareable event one"):
            await save_shared_event(gateway, "orders", "one", "13", base=now)
        with pytest.raises(EventConflictError, match="There is a shareable event two already"):
            await save_shared_event(gateway, "orders", "two", "3", base=now, is_new=True)


async def test_two_writers_in_the_same_second_are_told(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1)

    def write_in_between(exchange: faults.Exchange) -> None:
        schema = get_schema(aws)
        schema.last += 1
        schema.versions[schema.last] = schema.content
        exchange.send(exchange.normal())

    async with open_gateway(aws) as gateway:
        base = await fetch_shared_events(gateway, "orders")
        aws.script("UpdateSchema", write_in_between)
        saved = await save_shared_event(gateway, "orders", "one", "2", base=base)
    assert saved.note == (
        "Somebody else saved at the same moment (version 1 was read, 3 was written); "
        "their change may be lost."
    )


async def test_unknown_keys_stay(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1)
    schema = get_schema(aws)
    schema.versions[1] = (
        '{"x-own":1.0,"components":{"examples":{"one":{"value":1,"summary":"s","x-metadata":{"k":[1e2]}}}}}'
    )
    async with open_gateway(aws) as gateway:
        base = await fetch_shared_events(gateway, "orders")
        await save_shared_event(
            gateway, "orders", "one", "2", base=base, invocation_type=InvocationType.EVENT
        )
    assert schema.content == (
        '{"x-own":1.0,"components":{"examples":{"one":{"value":2,"summary":"s",'
        '"x-metadata":{"k":[1e2],"invocationType":"Event"}}}}}'
    )


async def test_renames(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1, "Event")
    sam.put("orders", "two", 2)
    async with open_gateway(aws) as gateway:
        base = await fetch_shared_events(gateway, "orders")
        await rename_shared_event(gateway, "orders", "one", "uno", base=base)
        assert sam.names("orders") == ["two", "uno"]
        assert sam.get("orders", "uno") == (1, "Event")
        with pytest.raises(EventConflictError):
            await rename_shared_event(gateway, "orders", "uno", "two", base=base)
        with pytest.raises(UserError) as caught:
            await rename_shared_event(gateway, "orders", "one", "x", base=base)
        assert caught.value.kind is ErrorKind.NOT_FOUND
        with pytest.raises(UserError, match="letters, digits"):
            await rename_shared_event(gateway, "orders", "uno", "two words", base=base)


async def test_what_does_not_fit_is_not_sent(aws: FakeAws, sam: Sam) -> None:
    async with open_gateway(aws) as gateway:
        none = SharedEvents()
        with pytest.raises(UserError, match="The event alone would have 100,004 characters"):
            await save_shared_event(gateway, "orders", "big", json.dumps("x" * 100_002), base=none)
        with pytest.raises(UserError, match=r"together would have 99,\d{3}|together would have 100,\d{3}"):
            await save_shared_event(gateway, "orders", "big", json.dumps("x" * 99_990), base=none)
        assert list_writes(aws) == []
        sam.put("orders", "one", "x" * 60_000)
        base = await fetch_shared_events(gateway, "orders")
        written = list_writes(aws)
        with pytest.raises(UserError, match="together would have 120,") as caught:
            await save_shared_event(gateway, "orders", "two", json.dumps("x" * 60_000), base=base)
        assert caught.value.kind is ErrorKind.INVALID
        with pytest.raises(UserError, match="Only valid JSON"):
            await save_shared_event(gateway, "orders", "two", "{", base=base)
    assert list_writes(aws) == written


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_denied_call_names_its_action(aws: FakeAws, sam: Sam, action: str) -> None:
    operation = action.partition(":")[2]
    if operation not in ("DescribeRegistry", "CreateRegistry", "CreateSchema", "GetDiscoveredSchema"):
        for count in range(5):
            sam.put("orders", "one", count)
    aws.always(operation, FORBIDDEN)

    async def use(gateway: Gateway) -> None:
        base = await fetch_shared_events(gateway, "orders")
        if operation == "DeleteSchema":
            await delete_shared_event(gateway, "orders", "one", base=base)
        else:
            await save_shared_event(gateway, "orders", "one", "99", base=base)

    async with open_gateway(aws) as gateway:
        with pytest.raises(UserError) as caught:
            await use(gateway)
    assert (caught.value.kind, caught.value.action) == (ErrorKind.DENIED, action)


async def test_a_refusal_is_told_in_its_words(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1)
    aws.always("UpdateSchema", faults.error(400, "BadRequestException", "The schema is odd."))
    async with open_gateway(aws) as gateway:
        base = await fetch_shared_events(gateway, "orders")
        with pytest.raises(UserError) as caught:
            await save_shared_event(gateway, "orders", "one", "2", base=base)
    assert str(caught.value) == "EventBridge refused the shareable events. It says: The schema is odd."
    assert caught.value.kind is ErrorKind.INVALID


async def test_a_registry_that_another_makes_at_the_same_moment_will_do(aws: FakeAws, sam: Sam) -> None:
    aws.script("CreateRegistry", lambda exchange: (exchange.normal(), exchange.send(exchange.normal())))
    async with open_gateway(aws) as gateway:
        await save_shared_event(gateway, "orders", "one", "1", base=SharedEvents())
        base = SharedEvents()
        aws.script("DescribeSchema", faults.error(404, "NotFoundException"))
        with pytest.raises(EventConflictError, match="at the same moment"):
            await save_shared_event(gateway, "orders", "two", "2", base=base)
    assert sam.names("orders") == ["one"]


async def test_the_guard_decides_before_anything_is_written(aws: FakeAws, sam: Sam) -> None:
    sam.put("orders", "one", 1)
    before = list_writes(aws)
    for guard, confirmed in ((Guard.READ_ONLY, True), (Guard.PRODUCTION, False)):
        async with open_gateway(aws, guard) as gateway:
            base = await fetch_shared_events(gateway, "orders")
            for call in (
                save_shared_event(gateway, "orders", "one", "2", base=base, confirmed=confirmed),
                save_shared_event(gateway, "other", "one", "2", base=SharedEvents(), confirmed=confirmed),
                delete_shared_event(gateway, "orders", "one", base=base, confirmed=confirmed),
                rename_shared_event(gateway, "orders", "one", "two", base=base, confirmed=confirmed),
            ):
                with pytest.raises(UserError) as caught:
                    await call
                assert caught.value.kind is ErrorKind.DENIED
    assert list_writes(aws) == before
    async with open_gateway(aws, Guard.PRODUCTION) as gateway:
        await save_shared_event(gateway, "orders", "one", "2", base=base, confirmed=True)
        await save_shared_event(gateway, "other", "one", "2", base=SharedEvents(), confirmed=True)
    assert sam.get("orders", "one")[0] == 2


@pytest.mark.parametrize(
    "reply", [{"SchemaVersion": "1"}, {"Content": "not json", "SchemaVersion": "1"}, {"Content": "{}"}]
)
async def test_an_answer_of_another_shape_is_no_empty_list(aws: FakeAws, reply: dict[str, str]) -> None:
    aws.always("DescribeSchema", faults.reply(200, reply))
    async with open_gateway(aws) as gateway:
        with pytest.raises(UserError):
            await fetch_shared_events(gateway, "orders")
