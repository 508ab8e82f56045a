import pytest

from lambdadesk.aws.quota import TokenBucket, get_logs_rate_per_s


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("region", "rate"),
    [("us-east-1", 17.5), ("eu-central-1", 3.5), ("il-central-1", 3.5), ("eu-west-3", 7.0)],
)
def test_takes_70_percent_of_the_quota(region: str, rate: float) -> None:
    assert get_logs_rate_per_s(region) == pytest.approx(rate)


def test_lets_a_burst_through_and_then_the_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(5.0, burst=2, clock=clock)
    assert [bucket.reserve() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.2, 0.4])


def test_never_exceeds_the_rate_over_a_long_run() -> None:
    clock = Clock()
    bucket = TokenBucket(5.0, burst=2, clock=clock)
    granted = 0
    while clock.now_s < 200.0:
        wait_s = bucket.reserve()
        clock.now_s += wait_s + 0.01
        granted += 1
    assert 490 <= granted <= 502


def test_a_pause_saves_up_no_more_than_the_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(5.0, burst=2, clock=clock)
    clock.now_s += 3600
    assert [bucket.reserve() for _ in range(3)] == pytest.approx([0.0, 0.0, 0.2])


async def test_take_waits_for_its_place() -> None:
    bucket = TokenBucket(20.0, burst=1)  # slow enough for a busy machine
    await bucket.take()
    await bucket.take()
    assert bucket.reserve() > 0
