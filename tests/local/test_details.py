"""The details and the role of the sample functions, as MiniStack tells them."""

from lambdadesk.aws.details import fetch_details
from lambdadesk.aws.functions import fetch_function
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.mappings import fetch_mappings, follow, update_mapping
from lambdadesk.aws.roles import check_needs, fetch_role
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.policies import Decision, explain, trusts_lambda
from lambdadesk.core.role_needs import estimate, needs_of
from lambdadesk.core.types import Target
from lambdadesk.local.account import SeededAccount


async def test_details_of_a_sample_function(url: str, account: SeededAccount) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=url))
    details = await fetch_details(gateway, await fetch_function(gateway, "hello"))
    await gateway.close()
    rows = {(group.title, row.name): str(row.value) for group in details.groups for row in group.rows}
    unanswered = {failure.error.details.split("\n")[0] for failure in details.failures}
    assert {failure.error.kind for failure in details.failures} <= {ErrorKind.NOT_FOUND}
    assert unanswered == {  # MiniStack does not have these
        "lambda:ListProvisionedConcurrencyConfigs",
        "lambda:GetRuntimeManagementConfig",
    }
    assert rows["Versions and aliases", "Alias live"] == "version 1"
    assert rows["General", "Memory"].endswith(" MB")
    assert details.facts.role_arn == "arn:aws:iam::000000000000:role/sample-function"


async def test_the_role_of_a_sample_function(url: str, account: SeededAccount) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=url))
    details = await fetch_details(gateway, await fetch_function(gateway, "order-worker"))
    mappings = await fetch_mappings(gateway, details.arn)
    report = await fetch_role(gateway, details.facts.role_arn)
    needs = needs_of(details.arn, details.facts, mappings)
    findings = await check_needs(gateway, report, needs)
    await gateway.close()
    assert [policy.name for policy in report.policies] == ["AWSLambdaBasicExecutionRole", "pictures"]
    assert report.trust is not None
    assert trusts_lambda(report.trust)
    assert "read objects and write objects in bucket holiday-pictures" in [
        each.text for each in explain(report)
    ]
    assert [mapping.source_name for mapping in mappings] == ["queue orders"]
    # MiniStack enforces nothing: the sample role may write logs and pictures, and no more.
    assert {one.need.action: one.decision for one in findings} == {
        "logs:CreateLogGroup": Decision.ALLOWED,
        "logs:CreateLogStream": Decision.ALLOWED,
        "logs:PutLogEvents": Decision.ALLOWED,
        "sqs:DeleteMessage": Decision.MISSING,
        "sqs:GetQueueAttributes": Decision.MISSING,
        "sqs:ReceiveMessage": Decision.MISSING,
    }
    assert [(one.need, one.decision) for one in estimate(report, needs)] == [
        (one.need, one.decision) for one in findings
    ]


async def test_a_mapping_is_switched_off_and_on_and_followed(url: str, account: SeededAccount) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=url))
    function = await fetch_function(gateway, "order-worker")
    (mapping,) = await fetch_mappings(gateway, function.arn)
    for enabled, state in ((False, "Disabled"), (True, "Enabled")):
        await update_mapping(gateway, mapping.uuid, enabled=enabled)
        states = [each.state async for each in follow(gateway, mapping.uuid, pause_s=0.05)]
        assert states[-1] == state
    await update_mapping(gateway, mapping.uuid, batch_size=5)
    assert [each.batch_size async for each in follow(gateway, mapping.uuid, pause_s=0.05)][-1] == 5
    await update_mapping(gateway, mapping.uuid, batch_size=10)
    await gateway.close()
