"""An expectation holds, fails, or can't be known; and a JUnit file is XML, whatever is in it."""

from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.errors import UserError
from lambdadesk.core.expectations import (
    Check,
    Expectations,
    Finding,
    ResponseRule,
    Verdict,
    describe,
    evaluate,
    parse_money,
    parse_rules,
    verdict_of,
)
from lambdadesk.core.junit import SuiteResult, to_junit
from lambdadesk.core.series_result import SeriesRun
from lambdadesk.core.types import Outcome

RUN = SeriesRun(
    1,
    Outcome.OK,
    1_790_000_000_000,
    duration_ms=Decimal("12.34"),
    has_report=True,
    cost=Decimal("0.00000023"),
)
ERROR = replace(RUN, outcome=Outcome.ERROR, error_type="KeyError")
LOST = SeriesRun(1, Outcome.UNKNOWN, 1_790_000_000_000)
RESPONSE = b'{"order": {"id": 7, "items": ["a", "b"]}, "paid": true, "note": null, "total": 1.0}'
PASSED, FAILED, UNKNOWN = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN


def verdict(expectations: Expectations, run: SeriesRun = RUN, response: bytes = RESPONSE) -> Verdict:
    (finding,) = evaluate(expectations, run, response)
    return finding.verdict


@pytest.mark.parametrize(
    ("expectations", "run", "found"),
    [
        (Expectations("ok"), RUN, PASSED),
        (Expectations("ok"), ERROR, FAILED),
        (Expectations("ok"), replace(RUN, outcome=Outcome.TIMEOUT), FAILED),
        (Expectations("function error"), ERROR, PASSED),
        (Expectations("function error"), RUN, FAILED),
        (Expectations("function error", "KeyError"), ERROR, PASSED),
        (Expectations("", "ValueError"), ERROR, FAILED),
        (Expectations("ok"), LOST, UNKNOWN),
        (Expectations("ok"), replace(RUN, outcome=Outcome.QUEUED), UNKNOWN),
        (Expectations("", max_duration_ms=13), RUN, PASSED),
        (Expectations("", max_duration_ms=12), RUN, FAILED),
        (Expectations("", max_duration_ms=13), LOST, UNKNOWN),
        (Expectations("", max_cost=Decimal("0.00000023")), RUN, PASSED),
        (Expectations("", max_cost=Decimal("0.0000002")), RUN, FAILED),
        (Expectations("", max_cost=Decimal(1)), LOST, UNKNOWN),
    ],
)
def test_of_the_run(expectations: Expectations, run: SeriesRun, found: Verdict) -> None:
    assert verdict(expectations, run) is found


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("order.id == 7", PASSED),
        ("order.id == 8", FAILED),
        ("order.id == `7`", PASSED),  # a literal of JMESPath
        ("paid == true", PASSED),
        ("paid == 1", FAILED),
        ("total == 1", PASSED),
        ('order.items == ["a", "b"]', PASSED),
        ('order.items == ["b", "a"]', FAILED),
        ("length(order.items) == 2", PASSED),
        ("order exists", PASSED),
        ("note exists", FAILED),
        ("nothing.there exists", FAILED),
        ("order.items[0] =~ ^[a-c]$", PASSED),
        ("order.id =~ ^8", FAILED),
        ("length(order.id) == 2", FAILED),  # a number has no length
    ],
)
def test_of_the_response(rule: str, found: Verdict) -> None:
    assert verdict(Expectations("", response=parse_rules(rule))) is found


def test_of_a_response_that_was_cut_or_is_no_json() -> None:
    wanted = Expectations("", response=(ResponseRule("a", Check.EXISTS),))
    assert verdict(wanted, response=b"<html>") is FAILED
    assert verdict(wanted, LOST) is UNKNOWN
    (finding,) = evaluate(wanted, RUN, b'{"a": 1', is_whole=False)
    assert finding.verdict is UNKNOWN


def test_one_that_fails_is_enough() -> None:
    assert verdict_of(()) is PASSED
    assert verdict_of((Finding("a", PASSED), Finding("b", UNKNOWN))) is UNKNOWN
    assert verdict_of((Finding("a", UNKNOWN), Finding("b", FAILED))) is FAILED


def test_what_is_expected_is_told() -> None:
    rules = parse_rules("order.id == 8\nnote exists")
    wanted = Expectations("function error", "KeyError", rules, 1500, Decimal("0.0002"))
    assert describe(wanted) == (
        "function error KeyError; order.id == 8; note exists; duration at most 1,500 ms; cost at most 0.0002"
    )
    assert describe(Expectations("")) == "any outcome"


def test_what_was_found_is_told() -> None:
    (finding,) = evaluate(Expectations("", response=parse_rules("order.id == 8")), RUN, RESPONSE)
    assert str(finding) == "order.id == 8: failed (7)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("order.id = 7", 'Line 1 of the response\'s expectations: "order.id = 7" says neither'),
        (
            "a exists\norder..id exists",
            'Line 2 of the response\'s expectations: "order..id" is not a JMESPath',
        ),
        ("a == x", "Line 1 of the response's expectations: x is not JSON"),
        ("a =~ (", "Line 1 of the response's expectations: ( is not a regular expression"),
        ("a =~ (a+)+", "Line 1 of the response's expectations: (a+)+ repeats a repetition"),
    ],
)
def test_rules_that_cannot_be_read_are_named(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_rules(text)
    assert caught.value.message.startswith(message)


@given(st.text(alphabet="abc.", min_size=1), st.sampled_from(list(Check)))
def test_a_rule_reads_as_it_is_written(path: str, check: Check) -> None:
    rule = ResponseRule(path, check, {"equals": "[1]", "matches": "^x"}.get(check, ""))
    try:
        (read,) = parse_rules(str(rule))
    except UserError:
        return  # not a JMESPath
    assert read == rule


def test_amounts() -> None:
    assert parse_money("") is None
    assert parse_money(" $0.001 ") == Decimal("0.001")
    for text in ("x", "-1", "NaN", "Infinity"):
        with pytest.raises(UserError):
            parse_money(text)


@given(st.text(), st.text(), st.text(), st.sampled_from(list(Verdict)))
def test_junit_is_xml_whatever_is_in_it(name: str, what: str, error: str, found: Verdict) -> None:
    results = [
        SuiteResult(name, (Finding(what, found, error),), output=what),
        SuiteResult(what, error=error, seconds=1.5),
    ]
    suite = ElementTree.fromstring(to_junit(name, results)).find("testsuite")  # noqa: S314  our own
    assert suite is not None
    cases = suite.findall("testcase")
    assert len(cases) == 2
    assert suite.get("tests") == "2"
    assert int(suite.get("failures", "")) == (found is FAILED) == len(cases[0].findall("failure"))
    assert int(suite.get("errors", "")) == bool(error) == len(cases[1].findall("error"))
    assert int(suite.get("skipped", "")) == (found is UNKNOWN) == len(cases[0].findall("skipped"))


def test_what_xml_cannot_hold_is_replaced_and_all_else_is_escaped() -> None:
    text = to_junit("s", [SuiteResult('<&"\x00\ud800', (Finding("]]>", FAILED),))])
    assert "\x00" not in text
    text.encode()
    case = ElementTree.fromstring(text).find("testsuite/testcase")  # noqa: S314
    assert case is not None
    assert case.get("name") == '<&"\ufffd\ufffd'
