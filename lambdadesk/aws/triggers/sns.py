"""SNS subscriptions."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.arns import get_name
from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Answer, Evidence, Mode

_SNS = "SNS"
_BY_TOPIC = "sns:ListSubscriptionsByTopic"


async def look_at_named(search: Search) -> str:
    """The topics that the policies name."""
    await search.ask_granted(_SNS, "sns", _BY_TOPIC, _ask)
    return ""


async def look_at_all(search: Search) -> str:
    """All subscriptions of the account, which are to topics of other accounts, too."""
    known = {sighting.arn for sighting in search.sightings if sighting.source == _SNS}
    async for page in search.pages("sns", "ListSubscriptions", "Subscriptions"):
        for entry in page:
            if entry.get("TopicArn") not in known:
                _find(search, entry, "sns:ListSubscriptions")
    search.list_all(_SNS, "sns:ListSubscriptions")
    return ""


async def _ask(search: Search, arn: str) -> None:
    async for page in search.pages("sns", "ListSubscriptionsByTopic", "Subscriptions", TopicArn=arn):
        for entry in page:
            _find(search, entry, _BY_TOPIC)


def _find(search: Search, entry: Mapping[str, Any], call: str) -> None:
    qualifier = search.see(entry.get("Endpoint")) if entry.get("Protocol") == "lambda" else None
    if qualifier is None:
        return
    arn = str(entry.get("TopicArn", ""))
    is_pending = entry.get("SubscriptionArn") == "PendingConfirmation"
    search.find(
        Sighting(
            _SNS,
            get_name(arn),
            arn,
            Mode.PUSH_ASYNC,
            (Evidence(call, Answer.OK, "A subscription of the topic names this function."),),
            qualifier=qualifier,
            principal="sns",
            state="pending confirmation" if is_pending else "",
        )
    )
