"""What passes data through a function: Firehose, CloudFront, S3 Batch, Object Lambda, labeling jobs."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Answer, Evidence, Mode

_FIREHOSE, _CLOUDFRONT, _BATCH = "Firehose", "CloudFront", "S3 Batch Operations"
_OBJECT_LAMBDA, _LABELING = "S3 Object Lambda", "SageMaker"
_MOST_STREAM_PAGES = 200


async def look_at_firehose(search: Search) -> str:
    """All Firehose streams; the list has no token, but goes on from a name."""
    names: list[str] = []
    for _ in range(_MOST_STREAM_PAGES):
        start = {"ExclusiveStartDeliveryStreamName": names[-1]} if names else {}
        reply = await search.call("firehose", "ListDeliveryStreams", Limit=50, **start)
        page = [str(each) for each in reply.get("DeliveryStreamNames") or []]
        names += page
        if not reply.get("HasMoreDeliveryStreams") or not page:
            break
    await search.each(dict.fromkeys(names), lambda name: _ask_firehose(search, name), "Firehose streams")
    return ""


async def _ask_firehose(search: Search, name: str) -> None:
    reply = await search.call("firehose", "DescribeDeliveryStream", DeliveryStreamName=name)
    stream = reply.get("DeliveryStreamDescription") or {}
    for destination in stream.get("Destinations") or []:
        for entry in destination.values():
            if not isinstance(entry, Mapping) or "ProcessingConfiguration" not in entry:
                continue
            processing = entry["ProcessingConfiguration"] or {}
            for processor in processing.get("Processors") or []:
                values = {each.get("ParameterName"): each.get("ParameterValue") for each in _get(processor)}
                qualifier = search.see(values.get("LambdaArn"))
                if qualifier is None:
                    continue
                role = str(values.get("RoleArn") or entry.get("RoleARN") or "")
                text = "The stream's transformation names this function."
                search.find(
                    Sighting(
                        _FIREHOSE,
                        name,
                        str(stream.get("DeliveryStreamARN", "")),
                        Mode.PUSH_SYNC,
                        (
                            Evidence("firehose:DescribeDeliveryStream", Answer.OK, text),
                            await search.check_role(role, qualifier),
                        ),
                        qualifier=qualifier,
                        state=str(stream.get("DeliveryStreamStatus", "")).capitalize()
                        if processing.get("Enabled")
                        else "processing off",
                    )
                )


def _get(processor: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(processor.get("Parameters") or [])


async def look_at_cloudfront(search: Search) -> str:
    """All distributions: Lambda@Edge runs numbered versions of functions in us-east-1 only."""
    if search.arn.region != "us-east-1":
        search.list_all(_CLOUDFRONT, "cloudfront:ListDistributions")
        return "Lambda@Edge functions are in us-east-1."
    pages = search.pages(
        "cloudfront", "ListDistributions", "DistributionList.Items", mark="NextMarker", sends="Marker"
    )
    async for page in pages:
        for entry in page:
            behaviours = [entry.get("DefaultCacheBehavior") or {}]
            behaviours += (entry.get("CacheBehaviors") or {}).get("Items") or []
            for behaviour in behaviours:
                _find_edge(search, entry, behaviour)
    search.list_all(_CLOUDFRONT, "cloudfront:ListDistributions")
    return ""


def _find_edge(search: Search, entry: Mapping[str, Any], behaviour: Mapping[str, Any]) -> None:
    for each in (behaviour.get("LambdaFunctionAssociations") or {}).get("Items") or []:
        qualifier = search.see(each.get("LambdaFunctionARN"))
        if qualifier is None:
            continue
        # CloudFront replicates the version when it is set; no policy of the function is asked afterwards.
        text = "A behaviour of the distribution names this version."
        search.find(
            Sighting(
                _CLOUDFRONT,
                str(entry.get("DomainName") or entry.get("Id", "")),
                str(entry.get("ARN", "")),
                Mode.PUSH_SYNC,
                (Evidence("cloudfront:ListDistributions", Answer.OK, text),),
                qualifier=qualifier,
                state="Enabled" if entry.get("Enabled") else "Disabled",
                filter=f"{each.get('EventType', '')} {behaviour.get('PathPattern', '*')}",
            )
        )


async def look_at_batch_jobs(search: Search) -> str:
    """S3 Batch jobs that have not ended."""
    jobs: list[str] = []
    statuses = ["Active", "New", "Paused", "Pausing", "Preparing", "Ready", "Suspended"]
    pages = search.pages(
        "s3control", "ListJobs", "Jobs", AccountId=search.arn.account, JobStatuses=statuses, MaxResults=1000
    )
    async for page in pages:
        jobs += [str(each["JobId"]) for each in page if each.get("Operation") == "LambdaInvoke"]
    await search.each(jobs, lambda job: _ask_job(search, job), "Batch jobs")
    return ""


async def _ask_job(search: Search, number: str) -> None:
    reply = await search.call("s3control", "DescribeJob", AccountId=search.arn.account, JobId=number)
    job = reply.get("Job") or {}
    operation = (job.get("Operation") or {}).get("LambdaInvoke") or {}
    qualifier = search.see(operation.get("FunctionArn"))
    if qualifier is None:
        return
    search.find(
        Sighting(
            _BATCH,
            str(job.get("Description") or number),
            str(job.get("JobArn", "")),
            Mode.PUSH_SYNC,
            (
                Evidence("s3:DescribeJob", Answer.OK, "The job's operation names this function."),
                await search.check_role(str(job.get("RoleArn") or ""), qualifier),
            ),
            qualifier=qualifier,
            state=str(job.get("Status", "")),
        )
    )


async def look_at_object_lambda(search: Search) -> str:
    """All Object Lambda access points; who reads through one calls the function."""
    names: dict[str, str] = {}
    pages = search.pages(
        "s3control",
        "ListAccessPointsForObjectLambda",
        "ObjectLambdaAccessPointList",
        AccountId=search.arn.account,
        MaxResults=1000,
    )
    async for page in pages:
        names |= {str(each["Name"]): str(each.get("ObjectLambdaAccessPointArn", "")) for each in page}

    async def ask(name: str) -> None:
        reply = await search.call(
            "s3control",
            "GetAccessPointConfigurationForObjectLambda",
            AccountId=search.arn.account,
            Name=name,
        )
        for entry in (reply.get("Configuration") or {}).get("TransformationConfigurations") or []:
            for qualifier in search.see_within(entry.get("ContentTransformation"), ("FunctionArn",)):
                text = "The access point names this function; readers call it with their own permission."
                call = "s3:GetAccessPointConfigurationForObjectLambda"
                search.find(
                    Sighting(
                        _OBJECT_LAMBDA,
                        name,
                        names[name],
                        Mode.PUSH_SYNC,
                        (Evidence(call, Answer.OK, text),),
                        qualifier=qualifier,
                        filter=", ".join(str(each) for each in entry.get("Actions") or []),
                    )
                )

    await search.each(names, ask, "Access points")
    return ""


async def look_at_labeling_jobs(search: Search) -> str:
    """Labeling jobs that run."""
    async for page in search.pages(
        "sagemaker", "ListLabelingJobs", "LabelingJobSummaryList", StatusEquals="InProgress"
    ):
        for entry in page:
            for key, part in (
                ("PreHumanTaskLambdaArn", "before the task"),
                ("AnnotationConsolidationLambdaArn", "consolidation"),
            ):
                qualifier = search.see(entry.get(key))
                if qualifier is None:
                    continue
                name = str(entry.get("LabelingJobName", ""))
                job = await search.call("sagemaker", "DescribeLabelingJob", LabelingJobName=name)
                search.find(
                    Sighting(
                        _LABELING,
                        name,
                        str(entry.get("LabelingJobArn", "")),
                        Mode.PUSH_SYNC,
                        (
                            Evidence("sagemaker:ListLabelingJobs", Answer.OK, "The job names this function."),
                            await search.check_role(str(job.get("RoleArn") or ""), qualifier),
                        ),
                        qualifier=qualifier,
                        state=str(entry.get("LabelingJobStatus", "")),
                        filter=part,
                    )
                )
    return ""
