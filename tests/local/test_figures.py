"""Figures and tags of the Local AWS."""

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.metrics import fetch_figures
from lambdadesk.aws.tags import fetch_tags
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Target
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import ACCOUNT_ID, REGION, Clients


async def test_what_ran_is_counted(url: str, account: SeededAccount) -> None:
    gateway = Gateway(Target(REGION, endpoint_url=url))
    functions = [FunctionInfo(name) for name in ("always-fails", "hello-nobody")]
    for _ in range(2):
        await gateway.invoke(InvokeRequest(functions[0], b"{}"))
    (found,) = [part async for part in fetch_figures(gateway, functions, load_prices())]
    await gateway.close()
    figures = found["always-fails"]
    assert (figures.invocations, figures.errors) == (2, 2)
    assert sum(figures.invocations_per_hour[-2:]) == 2
    assert figures.p95_ms is not None
    assert figures.cost is not None
    assert figures.cost.amount > 0
    assert found["hello-nobody"].invocations == 0


async def test_tags_are_found(url: str, account: SeededAccount, clients: Clients) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:hello"
    clients.get("lambda").tag_resource(Resource=arn, Tags={"team": "core"})
    gateway = Gateway(Target(REGION, endpoint_url=url))
    tags = await fetch_tags(gateway)
    await gateway.close()
    assert tags["hello"] == {"team": "core"}
    assert tags.get("always-fails", {}) == {}
