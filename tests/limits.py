"""Limits for tests in which no answer ever comes, or none that ends."""

from dataclasses import replace

from lambdadesk.aws.clients import Limits


def impatient(limits: Limits) -> Limits:
    """The same with short waits: whatever is waited for in vain is told soon.

    For nothing else, as any answer may take longer than this where all processors are busy.
    """
    return replace(limits, connect_s=1, read_s=0.3, invoke_margin_s=0.5, invoke_body_s=0.5)
