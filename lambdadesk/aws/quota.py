"""How often AWS may be asked: quotas that are shared by all callers of an account and region."""

import asyncio
import time
from collections import deque
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

# Requests per second, account and region (quotas pages of Lambda and CloudWatch). Some operations have a
# quota of their own, the others of a service share one: 15 for all of Lambda's control plane together.
_OPERATIONS_PER_S = {
    ("lambda", "GetFunction"): 100.0,
    ("lambda", "GetPolicy"): 15.0,
    ("cloudwatch", "GetMetricData"): 500.0,
    ("cloudwatch", "ListMetrics"): 25.0,
    ("logs", "DescribeLogGroups"): 10.0,
    ("logs", "DescribeLogStreams"): 25.0,
    ("logs", "GetLogEvents"): 10.0,  # in the regions that allow least
    ("logs", "StartQuery"): 10.0,
    ("logs", "GetQueryResults"): 10.0,
}
_SERVICES_PER_S = {"lambda": 15.0}
_ELSEWHERE_PER_S = 15.0  # no published number: a beginning that throttling corrects
_OWN_BUCKET = ("logs", "FilterLogEvents")  # whose callers wait in Gateway.logs_quota
_SLOWEST = 16  # times slower than usual, after halving again and again
_CALM_S = 10.0  # after which a slowed rate grows by a quarter of the usual one
_SAME_S = 1.0  # calls that are throttled together halve the rate once


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


class AdaptiveBucket(TokenBucket):
    """A bucket that halves its rate when AWS throttles, and recovers while it does not."""

    def __init__(
        self, rate_per_s: float, burst: int = 2, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(rate_per_s, burst, clock)
        self._usual_per_s = rate_per_s
        self._slowed_s: float | None = None

    @property
    def rate_per_s(self) -> float:
        return 1 / self._interval_s

    def reserve(self) -> float:
        self._recover()
        return super().reserve()

    def slow_down(self) -> None:
        """AWS asked for fewer requests."""
        now_s = self._clock()
        if self._slowed_s is not None and now_s - self._slowed_s < _SAME_S:
            return
        self._recover()
        self._interval_s = min(self._interval_s * 2, _SLOWEST / self._usual_per_s)
        self._slowed_s = now_s
        self._next_s = max(self._next_s, now_s)  # what was saved up is gone

    def _recover(self) -> None:
        if self._slowed_s is None:
            return
        steps = int((self._clock() - self._slowed_s) // _CALM_S)
        if steps > 0:
            rate_per_s = min(self.rate_per_s + steps * self._usual_per_s / 4, self._usual_per_s)
            self._interval_s = 1 / rate_per_s
            self._slowed_s = None if rate_per_s == self._usual_per_s else self._slowed_s + steps * _CALM_S


class FairBucket(AdaptiveBucket):
    """A bucket in which the parties that wait (tails, say) take turns, whatever each of them wants.

    Only `take` is for use; a place goes to the party whose turn it is when the place comes.
    """

    def __init__(
        self, rate_per_s: float, burst: int = 2, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(rate_per_s, burst, clock)
        self._turns: dict[object, deque[asyncio.Future[None]]] = {}  # in the order of their turns
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, party: object = None) -> None:
        """Wait for a place. A caller that is cancelled leaves its place to the next."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.setdefault(party, deque()).append(place)
        self._serve()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._next_s -= self._interval_s
            raise

    def _serve(self) -> None:
        """Give away the places that there are, and come back for the next one."""
        while self._timer is None and self._turns:
            if (wait_s := self.reserve()) > 0:
                self._timer = asyncio.get_running_loop().call_later(wait_s, self._on_place)
            else:
                self._give()

    def _on_place(self) -> None:
        self._timer = None
        self._give()
        self._serve()

    def _give(self) -> None:
        while self._turns:
            party, places = next(iter(self._turns.items()))
            del self._turns[party]
            place = places.popleft()
            if places:
                self._turns[party] = places  # its next turn comes after all others'
            if not place.done():
                place.set_result(None)
                return
        self._next_s -= self._interval_s  # all have gone


class RateLimits:
    """How fast the calls of one account may follow each other, service by service and region by region.

    One for each source of credentials, so that all its connections and regions keep to it together.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], AdaptiveBucket] = {}

    def get(self, region: str, service: str, operation: str) -> AdaptiveBucket | None:
        """What to wait for before a call, of which a second's worth may burst; None: its callers do it."""
        own = (service, operation)
        if own == _OWN_BUCKET:
            return None
        if own not in _OPERATIONS_PER_S:
            operation = ""  # shares the bucket of its service
        key = (region, service, operation)
        bucket = self._buckets.get(key)
        if bucket is None:
            quota = _OPERATIONS_PER_S.get(own, _SERVICES_PER_S.get(service, _ELSEWHERE_PER_S))
            rate_per_s = _OUR_SHARE * quota
            bucket = self._buckets[key] = AdaptiveBucket(rate_per_s, max(1, int(rate_per_s)), self._clock)
        return bucket
