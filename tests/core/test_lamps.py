from dataclasses import replace
from datetime import date, timedelta

import pytest

from lambdadesk.core.figures import Figures
from lambdadesk.core.lamps import Lamp, LampKind, LampLevel, MemoryPeak, get_lamps
from lambdadesk.core.runtimes import RuntimeTable
from lambdadesk.core.types import FunctionInfo

TODAY = date(2026, 11, 27)
FINE = FunctionInfo("f", runtime="python3.14", timeout_s=10, state="Active", last_update_status="Successful")
CALM = Figures(end_ms=1, invocations=10, p95_ms=7_999)


def get_one(*lamps: Lamp) -> Lamp:
    (lamp,) = lamps
    return lamp


def test_a_healthy_function_has_none() -> None:
    assert get_lamps(FINE, CALM, today=TODAY) == ()
    assert (
        get_lamps(
            FINE,
            CALM,
            today=TODAY,
            memory_peak=MemoryPeak(115, 128),
            log_never_expires=False,
            reserved_concurrency=1,
        )
        == ()
    )
    assert get_lamps(FunctionInfo("f"), today=TODAY) == ()


@pytest.mark.parametrize(
    ("runtime", "today", "level"),
    [
        ("nodejs22.x", date(2026, 11, 1), LampLevel.NOTE),  # 180 days before 2027-04-30
        ("nodejs22.x", date(2027, 4, 29), LampLevel.NOTE),
        ("nodejs22.x", date(2027, 4, 30), LampLevel.WARNING),
        ("nodejs22.x", date(2027, 6, 30), LampLevel.WARNING),
        ("nodejs22.x", date(2027, 7, 1), LampLevel.ERROR),
        ("python2.7", TODAY, LampLevel.ERROR),
    ],
)
def test_a_runtime_that_ends_is_dated(runtime: str, today: date, level: LampLevel) -> None:
    lamp = get_one(*get_lamps(replace(FINE, runtime=runtime), today=today))
    assert (lamp.kind, lamp.level) == (LampKind.RUNTIME, level)
    assert runtime in lamp.text
    if runtime == "nodejs22.x":
        assert "2027-04-30" in lamp.text
    assert "newer runtime" in lamp.text


@pytest.mark.parametrize(
    ("ends_in", "blocked_in", "level", "said"),
    [
        (181, 241, None, ""),
        (180, 240, LampLevel.NOTE, "will be deprecated on"),
        (1, 61, LampLevel.NOTE, "at the earliest"),
        (0, 60, LampLevel.WARNING, "is deprecated since"),
        (-1, 1, LampLevel.WARNING, "at the earliest"),
        (-60, 0, LampLevel.ERROR, "may be refused since"),
        (-400, -340, LampLevel.ERROR, "updates are refused."),
    ],
)
def test_lamps_around_the_days_of_a_table(
    ends_in: int, blocked_in: int, level: LampLevel | None, said: str
) -> None:
    days = [str(TODAY + timedelta(each)) for each in (ends_in, blocked_in, blocked_in)]
    table = RuntimeTable(
        {"published": f"{TODAY:%Y-%m}", "source": "", "not_scheduled": [], "runtimes": {"new1": days}}
    )
    lamps = get_lamps(replace(FINE, runtime="new1"), today=TODAY, runtimes=table)
    assert [lamp.level for lamp in lamps] == ([] if level is None else [level])
    assert all(said in lamp.text for lamp in lamps)


@pytest.mark.parametrize("runtime", ["perl5", "nodejs26.x", "java17.al2023", "PYTHON3.9", ""])
@pytest.mark.parametrize("today", [TODAY, date(2040, 1, 1)])
def test_a_runtime_that_is_not_known_lights_nothing(runtime: str, today: date) -> None:
    assert get_lamps(replace(FINE, runtime=runtime), today=today) == ()


def test_a_runtime_that_ends_later_is_fine() -> None:
    assert get_lamps(replace(FINE, runtime="nodejs22.x"), today=date(2026, 10, 31)) == ()


@pytest.mark.parametrize(
    ("state", "level"),
    [
        ("Pending", LampLevel.NOTE),
        ("Inactive", LampLevel.NOTE),
        ("Failed", LampLevel.ERROR),
        ("ActiveNonInvocable", LampLevel.WARNING),
        ("SomethingNew", LampLevel.WARNING),
    ],
)
def test_a_state_that_is_not_active_comes_with_its_reason(state: str, level: LampLevel) -> None:
    lamp = get_one(*get_lamps(replace(FINE, state=state, state_reason="No addresses."), today=TODAY))
    assert (lamp.kind, lamp.level) == (LampKind.STATE, level)
    assert lamp.text.endswith("AWS says: No addresses.")


def test_a_failed_update_is_told_and_one_in_progress_is_not() -> None:
    failed = replace(FINE, last_update_status="Failed", last_update_reason="The image is gone.")
    lamp = get_one(*get_lamps(failed, today=TODAY))
    assert (lamp.kind, lamp.level) == (LampKind.UPDATE, LampLevel.ERROR)
    assert "The image is gone." in lamp.text
    assert get_lamps(replace(FINE, last_update_status="InProgress"), today=TODAY) == ()


@pytest.mark.parametrize(
    ("figures", "kind", "words"),
    [
        (replace(CALM, p95_ms=8_000), LampKind.TIMEOUT, "8.0 s or more, of a timeout of 10 s"),
        (replace(CALM, throttles=1234), LampKind.THROTTLED, "1,234"),
        (replace(CALM, recursions_stopped=3), LampKind.RECURSION, "circles"),
    ],
)
def test_figures_light_their_lamps(figures: Figures, kind: LampKind, words: str) -> None:
    lamp = get_one(*get_lamps(FINE, figures, today=TODAY))
    assert lamp.kind is kind
    assert words in lamp.text


def test_other_facts_light_theirs() -> None:
    memory = get_one(*get_lamps(FINE, today=TODAY, memory_peak=MemoryPeak(116, 128)))
    assert memory.kind is LampKind.MEMORY
    assert "116 of 128 MB" in memory.text
    assert get_one(*get_lamps(FINE, today=TODAY, reserved_concurrency=0)).kind is LampKind.CONCURRENCY
    assert get_one(*get_lamps(FINE, today=TODAY, log_never_expires=True)).kind is LampKind.RETENTION
    dead = get_one(*get_lamps(FINE, today=TODAY, dead_triggers=["the bucket pictures"]))
    assert dead.kind is LampKind.TRIGGER
    assert "the bucket pictures" in dead.text


def test_the_gravest_comes_first() -> None:
    lamps = get_lamps(
        replace(FINE, runtime="nodejs22.x", last_update_status="Failed"),
        replace(CALM, throttles=1),
        today=date(2027, 4, 1),
        log_never_expires=True,
    )
    assert [lamp.level for lamp in lamps] == sorted((lamp.level for lamp in lamps), reverse=True)
    assert lamps[0].kind is LampKind.UPDATE
    assert len(lamps) == 4
