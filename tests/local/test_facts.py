"""What the function table is told of the Local AWS beyond its list."""

from lambdadesk.aws.facts import fetch_log_facts, fetch_mapping_facts, fetch_policy_facts, fetch_state_facts
from lambdadesk.aws.functions import fetch_functions
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.function_facts import UNRESERVED
from lambdadesk.core.types import Target
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import REGION, Clients


async def test_triggers_logs_and_states(url: str, account: SeededAccount, clients: Clients) -> None:
    logs, functions = clients.get("logs"), clients.get("lambda")
    for name in ("hello", "always-fails"):
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    logs.put_retention_policy(logGroupName="/aws/lambda/hello", retentionInDays=7)
    functions.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=0)
    gateway = Gateway(Target(REGION, endpoint_url=url))
    try:
        mappings = await fetch_mapping_facts(gateway)
        kinds = {kind for facts in mappings.values() for kind in facts.polled or ()}
        assert kinds == {"sqs", "kinesis", "dynamodb"}
        assert all(facts.failing == () for facts in mappings.values())
        listed = [function async for page in fetch_functions(gateway) for function in page]
        found = await fetch_log_facts(gateway, listed)
        assert found["hello"].log_never_expires is False
        assert found["always-fails"].log_never_expires is True
        states = [await fetch_state_facts(gateway, name) for name in ("hello", "always-fails")]
        assert [facts.reserved_concurrency for facts in states] == [0, UNRESERVED]
        assert states[0].state is not None
        assert states[0].state.state == "Active"
        policies = {each.name: (await fetch_policy_facts(gateway, each.name)).permitted for each in listed}
        assert policies["always-fails"] == ()
        allowed = {kind for kinds in policies.values() for kind in kinds or ()}
        assert {"s3", "sns", "eventbridge"} <= allowed
    finally:
        await gateway.close()
