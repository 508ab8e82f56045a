"""How often AWS may be asked: quotas that are shared by all callers of an account and region."""

import asyncio
import time
from collections.abc import Callable

# FilterLogEvents requests per second, account and region; not adjustable (CloudWatch Logs quotas page).
_FILTER_LOG_EVENTS_PER_S = {
    "us-east-1": 25.0,
    "eu-central-1": 5.0,
    "ap-northeast-3": 5.0,
    "ap-southeast-3": 5.0,
    "ca-west-1": 5.0,
    "il-central-1": 5.0,
}
_FILTER_LOG_EVENTS_ELSEWHERE_PER_S = 10.0
_OUR_SHARE = 0.7  # other tools and people use the same quota


def get_logs_rate_per_s(region: str) -> float:
    """FilterLogEvents requests per second that this application allows itself in a region."""
    return _OUR_SHARE * _FILTER_LOG_EVENTS_PER_S.get(region, _FILTER_LOG_EVENTS_ELSEWHERE_PER_S)


class TokenBucket:
    """Lets `rate_per_s` callers through on average, and `burst` of them at once after a pause."""

    def __init__(
        self, rate_per_s: float, burst: int = 2, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval_s = 1 / rate_per_s
        self._slack_s = (burst - 1) * self._interval_s
        self._clock = clock
        self._next_s = clock() - self._slack_s

    def reserve(self) -> float:
        """Take the next place in the queue; returns the seconds to wait for it."""
        now_s = self._clock()
        start_s = max(self._next_s, now_s - self._slack_s)
        self._next_s = start_s + self._interval_s
        return max(0.0, start_s - now_s)

    async def take(self) -> None:
        """Wait for a place. A caller that is cancelled leaves its place unused."""
        if (wait_s := self.reserve()) > 0:
            await asyncio.sleep(wait_s)
