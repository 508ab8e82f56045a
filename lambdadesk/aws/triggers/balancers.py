"""Load balancers: target groups of ALB and of VPC Lattice."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Answer, Evidence, Mode

_ALB, _LATTICE = "ALB", "VPC Lattice"
_HEALTH, _TARGETS = "elbv2:DescribeTargetHealth", "vpc-lattice:ListTargets"


async def look_at_named_albs(search: Search) -> str:
    await search.ask_granted(_ALB, "elasticloadbalancing", _HEALTH, _ask_named_alb)
    return ""


async def look_at_all_albs(search: Search) -> str:
    """All target groups that have a function in them."""
    groups: dict[str, Mapping[str, Any]] = {}
    pages = search.pages(
        "elbv2", "DescribeTargetGroups", "TargetGroups", mark="NextMarker", sends="Marker", PageSize=400
    )
    async for page in pages:
        groups |= {str(each["TargetGroupArn"]): each for each in page if each.get("TargetType") == "lambda"}
    await search.ask_all(
        _ALB, _HEALTH, groups, lambda search, arn: _ask_alb(search, groups[arn]), "Target groups"
    )
    return ""


async def _ask_named_alb(search: Search, arn: str) -> None:
    reply = await search.call("elbv2", "DescribeTargetGroups", TargetGroupArns=[arn])
    for group in reply.get("TargetGroups") or []:
        await _ask_alb(search, group)


async def _ask_alb(search: Search, group: Mapping[str, Any]) -> None:
    arn = str(group["TargetGroupArn"])
    reply = await search.call("elbv2", "DescribeTargetHealth", TargetGroupArn=arn)
    balancers = [str(each).split("/")[-2] for each in group.get("LoadBalancerArns") or [] if "/" in each]
    for entry in reply.get("TargetHealthDescriptions") or []:
        qualifier = search.see((entry.get("Target") or {}).get("Id"))
        if qualifier is None:
            continue
        text = "The target group has this function in it."
        evidence = [Evidence(_HEALTH, Answer.OK, text)]
        if not balancers:
            text = "No load balancer uses the target group."
            evidence.append(Evidence("elbv2:DescribeTargetGroups", Answer.ABSENT, text))
        search.find(
            Sighting(
                _ALB,
                str(group.get("TargetGroupName") or arn),
                arn,
                Mode.PUSH_SYNC,
                tuple(evidence),
                qualifier=qualifier,
                principal="elasticloadbalancing",
                state=str((entry.get("TargetHealth") or {}).get("State", "")),
                filter=", ".join(balancers),
            )
        )


async def look_at_named_lattice(search: Search) -> str:
    await search.ask_granted(_LATTICE, "vpc-lattice", _TARGETS, _ask_lattice)
    return ""


async def look_at_all_lattice(search: Search) -> str:
    found = await search.read_all(
        "vpc-lattice", "ListTargetGroups", "items", mark="nextToken", targetGroupType="LAMBDA"
    )
    arns = [str(each["arn"]) for each in found]
    await search.ask_all(_LATTICE, _TARGETS, arns, _ask_lattice, "Target groups")
    return ""


async def _ask_lattice(search: Search, arn: str) -> None:
    async for page in search.pages(
        "vpc-lattice", "ListTargets", "items", mark="nextToken", targetGroupIdentifier=arn
    ):
        for entry in page:
            qualifier = search.see(entry.get("id"))
            if qualifier is None:
                continue
            text = "The target group has this function in it."
            search.find(
                Sighting(
                    _LATTICE,
                    arn.rpartition("/")[2],
                    arn,
                    Mode.PUSH_SYNC,
                    (Evidence(_TARGETS, Answer.OK, text),),
                    qualifier=qualifier,
                    principal="vpc-lattice",
                    state=str(entry.get("status", "")),
                )
            )
