"""The details and the role of the sample functions, as MiniStack tells them."""

from lambdadesk.aws.details import fetch_details
from lambdadesk.aws.functions import fetch_function
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.types import Target
from lambdadesk.local.account import SeededAccount


async def test_details_of_a_sample_function(local_url: str, account: SeededAccount) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=local_url))
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
