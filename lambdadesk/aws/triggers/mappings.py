"""Event source mappings: what Lambda reads for the function, and whether it is still there."""

import json
from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.arns import get_name, get_service
from lambdadesk.aws.triggers.search import Search, Sighting, get_key, keep, to_evidence
from lambdadesk.core.arns import get_part
from lambdadesk.core.errors import UserError
from lambdadesk.core.triggers import Answer, DestinationKind, Evidence, Mode

_LIST = "lambda:ListEventSourceMappings"
_FEW = 4  # qualifiers that are asked one by one; for more the whole list of the account is shorter
_MOST_PAGES = 30


async def look_at_mappings(search: Search) -> str:
    """The mappings of the function, its aliases and versions, and the source of each."""
    found: dict[str, Mapping[str, Any]] = {}

    async def read(most: int, **params: Any) -> None:
        pages = search.pages(
            "lambda",
            "ListEventSourceMappings",
            "EventSourceMappings",
            mark="NextMarker",
            sends="Marker",
            most=most,
            **params,
        )
        async for page in pages:
            for entry in page:
                if search.see(entry.get("FunctionArn")) is not None:
                    found[str(entry.get("UUID", ""))] = entry

    try:
        if len(search.qualifiers) > _FEW:
            await read(_MOST_PAGES)
        else:
            for qualifier in search.qualifiers:
                await read(_MOST_PAGES, FunctionName=search.arn.qualify(qualifier))
    except UserError:  # what was read before a page failed is shown
        await search.each(found.values(), lambda entry: _look_at(search, entry))
        raise
    await search.each(found.values(), lambda entry: _look_at(search, entry))
    return ""


async def _look_at(search: Search, entry: Mapping[str, Any]) -> None:
    arn = str(entry.get("EventSourceArn") or "")
    qualifier = search.see(entry.get("FunctionArn")) or ""
    last_result = str(entry.get("LastProcessingResult") or "")
    uuid = str(entry.get("UUID", ""))
    state = str(entry.get("State", ""))
    source, name = (get_service(arn), get_name(arn)) if arn else ("Kafka", _get_servers(entry))
    evidence = await _ask_source(search, source, arn, get_key(source, uuid, qualifier))
    if evidence.answer in (Answer.DENIED, Answer.ELSEWHERE) and last_result.startswith("OK"):
        text = f"Lambda's last read was OK. {evidence.text}"
        evidence = Evidence(_LIST, Answer.OK, text)
    mapped = Evidence(_LIST, Answer.OK, f"Mapping {uuid} connects it to this function.")
    search.find(
        Sighting(
            source,
            name,
            arn,
            Mode.POLLED,
            (mapped, evidence),
            qualifier=qualifier,
            state=state,
            last_result=last_result,
            batch_size=entry.get("BatchSize"),
            window_s=entry.get("MaximumBatchingWindowInSeconds"),
            filter=_get_filter(entry),
            uuid=uuid,
            details=_get_details(entry),
        )
    )
    search.add_destinations(entry.get("DestinationConfig"), qualifier, get_key(source, uuid, qualifier))


def _get_servers(entry: Mapping[str, Any]) -> str:
    endpoints = (entry.get("SelfManagedEventSource") or {}).get("Endpoints") or {}
    servers = endpoints.get("KAFKA_BOOTSTRAP_SERVERS") or ["self-managed"]
    return str(servers[0])


def _get_filter(entry: Mapping[str, Any]) -> str:
    filters = (entry.get("FilterCriteria") or {}).get("Filters") or []
    document = entry.get("DocumentDBEventSourceConfig") or {}
    parts = [*(entry.get("Topics") or []), *(entry.get("Queues") or [])]
    parts += [document[key] for key in ("DatabaseName", "CollectionName") if document.get(key)]
    parts += [each.get("Pattern") for each in filters]
    if (entry.get("FilterCriteriaError") or {}).get("Message"):
        parts.append("a filter that can't be decrypted")
    return ", ".join(str(each) for each in parts if each)


def _get_details(entry: Mapping[str, Any]) -> dict[str, str]:
    patterns = [each.get("Pattern") for each in (entry.get("FilterCriteria") or {}).get("Filters") or []]
    document = entry.get("DocumentDBEventSourceConfig") or {}
    access = {
        each.get("Type"): each.get("URI") for each in entry.get("SourceAccessConfigurations") or [] if each
    }
    return keep(
        topic=next(iter(entry.get("Topics") or []), ""),
        queue=next(iter(entry.get("Queues") or []), ""),
        virtual_host=access.get("VIRTUAL_HOST"),
        database=document.get("DatabaseName"),
        collection=document.get("CollectionName"),
        patterns=json.dumps([each for each in patterns if each]) if any(patterns) else "",
    )


async def _ask_source(search: Search, source: str, arn: str, key: str) -> Evidence:
    """Whether what the mapping reads still exists."""
    if not arn:
        return Evidence(_LIST, Answer.ELSEWHERE, "The brokers are outside AWS and can't be asked.")
    place = search.get_elsewhere(arn)
    if place:
        return Evidence(_LIST, Answer.ELSEWHERE, place)
    asks = {
        "SQS": _ask_sqs,
        "Kinesis": _ask_kinesis,
        "DynamoDB": _ask_dynamodb,
        "MSK": _ask_msk,
        "MQ": _ask_mq,
        "DocumentDB": _ask_documentdb,
    }
    ask = asks.get(source)
    if ask is None:
        return Evidence(_LIST, Answer.NOT_ASKED, f"It is not known how to ask {source}.")
    try:
        return await ask(search, arn, key)
    except UserError as error:
        evidence = to_evidence(error)
        if evidence.answer is not Answer.GONE:
            search.trouble(source, error)
        return evidence


async def _ask_sqs(search: Search, arn: str, key: str) -> Evidence:
    name, account = get_part(arn, 5), get_part(arn, 4)
    queue = await search.call("sqs", "GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account)
    reply = await search.call(
        "sqs", "GetQueueAttributes", QueueUrl=queue["QueueUrl"], AttributeNames=["QueueArn", "RedrivePolicy"]
    )
    attributes = reply.get("Attributes") or {}
    try:
        redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    except ValueError:
        redrive = {}
    dead_letters = str(redrive.get("deadLetterTargetArn") or "")
    if dead_letters:
        search.add_destination(DestinationKind.DEAD_LETTER, dead_letters, source=key)
    return Evidence("sqs:GetQueueAttributes", Answer.OK, "The queue exists.")


async def _ask_kinesis(search: Search, arn: str, key: str) -> Evidence:
    if "/consumer/" in arn:
        await search.call("kinesis", "DescribeStreamConsumer", ConsumerARN=arn)
        return Evidence("kinesis:DescribeStreamConsumer", Answer.OK, "The stream's consumer exists.")
    reply = await search.call("kinesis", "DescribeStreamSummary", StreamName=get_name(arn))
    status = (reply.get("StreamDescriptionSummary") or {}).get("StreamStatus", "")
    return Evidence("kinesis:DescribeStreamSummary", Answer.OK, f"The stream exists ({status}).")


async def _ask_dynamodb(search: Search, arn: str, key: str) -> Evidence:
    call = "dynamodb:DescribeStream"
    reply = await search.call("dynamodbstreams", "DescribeStream", StreamArn=arn, Limit=1)
    status = str((reply.get("StreamDescription") or {}).get("StreamStatus", ""))
    # It can be read for a day after it was switched off or its table was deleted.
    if status in ("DISABLED", "DISABLING"):
        return Evidence(call, Answer.GONE, "The stream is switched off; nothing new comes.")
    return Evidence(call, Answer.OK, f"The stream exists ({status}).")


async def _ask_msk(search: Search, arn: str, key: str) -> Evidence:
    reply = await search.call("kafka", "DescribeClusterV2", ClusterArn=arn)
    state = (reply.get("ClusterInfo") or {}).get("State", "")
    return Evidence("kafka:DescribeClusterV2", Answer.OK, f"The cluster exists ({state}).")


async def _ask_mq(search: Search, arn: str, key: str) -> Evidence:
    reply = await search.call("mq", "DescribeBroker", BrokerId=arn.rpartition(":")[2])
    return Evidence("mq:DescribeBroker", Answer.OK, f"The broker exists ({reply.get('BrokerState', '')}).")


async def _ask_documentdb(search: Search, arn: str, key: str) -> Evidence:
    await search.call("docdb", "DescribeDBClusters", DBClusterIdentifier=get_name(arn))
    return Evidence("rds:DescribeDBClusters", Answer.OK, "The cluster exists.")
