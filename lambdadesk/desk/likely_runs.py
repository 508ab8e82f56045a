"""Which runs in a log may be the one that was sent just now, while its request id is not known."""

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import Invocation
from lambdadesk.desk.tailer import Tailer

# A run begins soon after it was sent: a cold start in between, and clocks that differ.
_BEFORE_MS = 1_000
_AFTER_MS = 15_000


def find_likely_runs(
    gateway: Gateway, tail: Tailer, ledger: InvocationLedger, sent_ms: int, own_id: str = ""
) -> list[Invocation]:
    """Runs that began at about that time and are not known to be another one made here.

    sent_ms: of this machine's clock. own_id: a request id that is known to be its own.
    """
    sent_ms += round(gateway.clock_skew_s * 1000)
    others = {run.request_id for run in ledger.made_here(tail.function.name)} - {own_id}
    return [
        run
        for run in tail.tracker.invocations.started_between(sent_ms - _BEFORE_MS, sent_ms + _AFTER_MS)
        if run.request_id not in others
    ]
