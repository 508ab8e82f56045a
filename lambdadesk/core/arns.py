"""What ARNs in a text say."""

import re

_ACCOUNT = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}):")


def foreign_accounts(text: str, account: str) -> tuple[str, ...]:
    """The other account ids in the ARNs of a text, each once; none where `account` is not known ("")."""
    if not account:
        return ()
    return tuple(dict.fromkeys(found for found in _ACCOUNT.findall(text) if found != account))


def get_part(arn: str, number: int) -> str:
    """A part of an ARN: 1 partition, 2 service, 3 region, 4 account, 5 resource (with all its colons)."""
    parts = arn.split(":", 5)
    return parts[number] if len(parts) > number else ""
