"""What ARNs in a text say."""

import re

_ACCOUNT = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}):")


def foreign_accounts(text: str, account: str) -> tuple[str, ...]:
    """The other account ids in the ARNs of a text, each once; none where `account` is not known ("")."""
    if not account:
        return ()
    return tuple(dict.fromkeys(found for found in _ACCOUNT.findall(text) if found != account))
