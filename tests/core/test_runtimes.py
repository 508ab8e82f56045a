import json
import re
from datetime import date

from lambdadesk.core.resources import read_text
from lambdadesk.core.runtimes import RuntimeDates, RuntimeTable, load_runtimes

NAMES = json.loads(read_text("runtimes.json"))["runtimes"]


def test_dates_are_those_of_the_page() -> None:
    table = load_runtimes()
    assert re.fullmatch(r"\d{4}-\d\d", table.published)
    assert table.get("python3.12") == RuntimeDates(date(2028, 10, 31), date(2028, 11, 30), date(2029, 1, 10))
    assert table.get("nodejs20.x") == RuntimeDates(date(2026, 4, 30), date(2027, 2, 1), date(2027, 3, 3))
    assert table.get("go1.x") == RuntimeDates(date(2024, 1, 8), date(2024, 2, 8), date(2027, 3, 3))


def test_a_runtime_that_is_not_scheduled_or_not_known_has_no_dates() -> None:
    table = load_runtimes()
    for name in ("", "java17.al2023", "nodejs26.x", "perl5"):
        assert table.get(name) is None


def test_what_is_known_of_a_runtime_is_told() -> None:
    table = load_runtimes()
    assert table.tell("python3.12").endswith("its deprecation on 2028-10-31.")
    assert table.tell("java17.al2023").endswith("its deprecation was not scheduled.")
    assert table.tell("nodejs26.x").endswith("the end of its support is not known.")


def test_only_what_lay_ahead_is_a_forecast() -> None:
    table = RuntimeTable({"published": "2026-09", "source": "", "not_scheduled": [], "runtimes": {}})
    assert not table.is_forecast(date(2026, 8, 31))
    assert table.is_forecast(date(2026, 9, 1))


def test_every_update_is_refused_after_the_creation() -> None:
    assert len(NAMES) > 40
    for name in NAMES:
        dates = load_runtimes().get(name)
        assert dates is not None
        assert dates.block_create <= dates.block_update
