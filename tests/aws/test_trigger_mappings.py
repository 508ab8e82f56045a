"""Event source mappings: all pages of them, and what they read."""

from typing import Any

import pytest

from lambdadesk.core.triggers import Answer, Mode, Verdict
from tests.aws.trigger_rig import ACCOUNT, ARN, get_one, get_step, look
from tests.servers import faults
from tests.servers.fake_services import FakeServices, get_xml, xml_error


async def test_mappings_are_read_to_the_last_page_and_what_was_read_stays(services: FakeServices) -> None:
    def give(params: dict[str, str]) -> dict[str, Any]:
        number = int(params.get("Marker") or 0)
        page: dict[str, Any] = {
            "EventSourceMappings": [make_mapping(f"arn:aws:kinesis:eu-west-1:1:stream/{number}", number)]
        }
        return page | ({"NextMarker": str(number + 1)} if number < 3 else {})

    services.answers["ListEventSourceMappings"] = give
    found = await look(services)
    assert [each.uuid for each in found.triggers] == ["u0", "u1", "u2", "u3"]
    services.script(
        "ListEventSourceMappings", lambda exchange: exchange.send(exchange.normal()), faults.throttled()
    )
    found = await look(services)
    assert [each.uuid for each in found.triggers] == ["u0"]
    assert get_step(found, "Lambda", "event source mappings").answer is Answer.FAILED


async def test_marks_that_go_in_circles_end(services: FakeServices) -> None:
    services.answers["ListPipes"] = {"Pipes": [], "NextToken": "again"}
    found = await look(services)
    step = get_step(found, "Pipes", "pipes to it")
    assert (step.answer, step.text) == (Answer.FAILED, "ListPipes gave more pages than are read.")
    assert len(services.requests("ListPipes")) == 2


def make_mapping(arn: str, number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "UUID": f"u{number}",
        "EventSourceArn": arn,
        "FunctionArn": ARN,
        "State": "Enabled",
        "BatchSize": 10,
        **more,
    }


@pytest.mark.parametrize(
    ("arn", "operation", "answer", "source", "name"),
    [
        (
            f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/logs/11111111-2222-4333-8444-555555555555-1",
            "DescribeClusterV2",
            {"clusterInfo": {"state": "ACTIVE"}},
            "MSK",
            "logs",
        ),
        (
            f"arn:aws:mq:us-east-1:{ACCOUNT}:broker:bunny:b-1",
            "DescribeBroker",
            {"brokerState": "RUNNING"},
            "MQ",
            "bunny",
        ),
        (
            f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:docs",
            "DescribeDBClusters",
            get_xml("DescribeDBClusters", ""),
            "DocumentDB",
            "docs",
        ),
        (
            f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/clicks/consumer/fast:1",
            "DescribeStreamConsumer",
            {"ConsumerDescription": {}},
            "Kinesis",
            "clicks",
        ),
    ],
)
async def test_what_a_mapping_reads_is_asked(
    services: FakeServices, arn: str, operation: str, answer: Any, source: str, name: str
) -> None:
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [make_mapping(arn)]}
    services.answers[operation] = answer
    trigger = get_one(await look(services), source)
    assert (trigger.name, trigger.mode, trigger.verdict) == (name, Mode.POLLED, Verdict.CONFIRMED)
    assert services.requests(operation)
    is_xml = isinstance(answer, bytes)
    gone = xml_error(404, "DBClusterNotFoundFault") if is_xml else faults.error(404, "NotFoundException")
    services.always(operation, gone)
    assert get_one(await look(services), source).verdict_text == "permitted only (source gone)"
    services.always(
        operation, xml_error(403, "AccessDenied") if is_xml else faults.error(403, "AccessDenied")
    )
    denied = get_one(await look(services), source)
    assert denied.verdict_text.endswith(f":{operation})")
    assert denied.verdict is Verdict.NOT_CHECKED


async def test_a_source_that_lambda_reads_is_there_though_it_cant_be_asked(services: FakeServices) -> None:
    arn = "arn:aws:sqs:us-east-1:123456789012:far"
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [make_mapping(arn)]}
    trigger = get_one(await look(services), "SQS")
    assert trigger.verdict_text == "permitted only (source elsewhere)"
    assert "account 123456789012" in trigger.evidence[-1].text
    worked = make_mapping(arn, LastProcessingResult="OK")
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [worked]}
    trigger = get_one(await look(services), "SQS")
    assert (trigger.verdict, trigger.last_result) == (Verdict.CONFIRMED, "OK")


async def test_self_managed_kafka_with_its_topics_and_filter(services: FakeServices) -> None:
    mapping = {
        "UUID": "u",
        "FunctionArn": f"{ARN}:live",
        "State": "Disabled",
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["broker.example.com:9092"]}},
        "Topics": ["orders"],
        "Queues": ["unused"],
        "SourceAccessConfigurations": [
            {"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"},
            {"Type": "VIRTUAL_HOST", "URI": "/shop"},
        ],
        "DocumentDBEventSourceConfig": {"DatabaseName": "d", "CollectionName": "c"},
        "FilterCriteria": {"Filters": [{"Pattern": '{"a": [1]}'}]},
        "BatchSize": 5,
        "MaximumBatchingWindowInSeconds": 2,
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failed"}},
    }
    services.aliases["f"] = ["live"]
    services.answers["ListEventSourceMappings"] = {"EventSourceMappings": [mapping]}
    found = await look(services)
    trigger = get_one(found, "Kafka")
    assert (trigger.name, trigger.qualifier) == ("broker.example.com:9092", "live")
    assert (trigger.state, trigger.filter) == ("Disabled", 'orders, unused, d, c, {"a": [1]}')
    assert trigger.details == {
        "topic": "orders",
        "queue": "unused",
        "virtual_host": "/shop",
        "database": "d",
        "collection": "c",
        "patterns": '["{\\"a\\": [1]}"]',
    }
    assert trigger.batch == "5, or after 2 s"
    assert trigger.verdict is Verdict.PERMITTED_ONLY
    (destination,) = found.destinations
    assert (destination.service, destination.name, destination.source) == ("S3", "failed", trigger.key)
