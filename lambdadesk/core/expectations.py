"""Saved cases: a payload, and what is expected of the run; an expectation holds, fails or can't be known."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import orjson

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.money import format_money
from lambdadesk.core.series_result import SeriesRun
from lambdadesk.core.types import Outcome

_LONGEST_SEARCHED = 1_000  # characters of a text that a regular expression is tried on
_NESTED_REPEAT = re.compile(r"[+*}]\)[+*{]")  # (a+)+ can take forever, and re can't be stopped
_SHOWN = 80


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "not known"  # it may be either: what it takes to tell is missing


class Check(StrEnum):
    """What is asked of the value at a path of the response."""

    EQUALS = "equals"
    EXISTS = "exists"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class ResponseRule:
    """path: JMESPath. value: JSON for EQUALS, a regular expression for MATCHES."""

    path: str
    check: Check
    value: str = ""

    def __str__(self) -> str:
        match self.check:
            case Check.EQUALS:
                return f"{self.path} == {self.value}"
            case Check.MATCHES:
                return f"{self.path} =~ {self.value}"
        return f"{self.path} exists"


@dataclass(frozen=True, slots=True)
class Expectations:
    """outcome: "ok" or "function error", empty: either. error_type: of the function's error."""

    outcome: str = "ok"
    error_type: str = ""
    response: tuple[ResponseRule, ...] = ()
    max_duration_ms: int | None = None
    max_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, and what is expected. event: names a saved event that is sent in place of `payload`."""

    name: str
    payload: str = "{}"
    event: str = ""
    qualifier: str = "$LATEST"
    expectations: Expectations = Expectations()


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation, whether it held, and what was found."""

    what: str
    verdict: Verdict
    found: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.verdict}{f' ({self.found})' if self.found else ''}"


def parse_rules(text: str) -> tuple[ResponseRule, ...]:
    """Rules as typed, one a line: "a.b == 1", "a.b exists", "a.b =~ ^x". Raises UserError (INVALID)."""
    rules = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rules.append(_parse_rule(line.strip()))
        except ValueError as error:
            raise UserError(
                f"Line {number} of the response's expectations: {error}.",
                "Write path == JSON, path exists, or path =~ expression.",
                kind=ErrorKind.INVALID,
            ) from error
    return tuple(rules)


def describe(expectations: Expectations) -> str:
    """What is expected, in one line."""
    parts = [expectations.outcome or "any outcome"]
    if expectations.error_type:
        parts[0] += f" {expectations.error_type}"
    parts += map(str, expectations.response)
    if expectations.max_duration_ms is not None:
        parts.append(f"duration at most {expectations.max_duration_ms:,} ms")
    if expectations.max_cost is not None:
        parts.append(f"cost at most {expectations.max_cost:f}")
    return "; ".join(parts)


def check_rule(rule: ResponseRule) -> None:
    """Raise ValueError, in words, where the rule can't be evaluated."""
    import jmespath  # only cases need it
    from jmespath.exceptions import JMESPathError

    try:
        jmespath.compile(rule.path)
    except (JMESPathError, ValueError) as error:
        raise ValueError(f'"{_cut(rule.path)}" is not a JMESPath') from error
    if rule.check is Check.EQUALS:
        try:
            orjson.loads(rule.value)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{_cut(rule.value)} is not JSON; a text takes double quotes") from error
    if rule.check is Check.MATCHES:
        if _NESTED_REPEAT.search(rule.value):
            raise ValueError(f"{_cut(rule.value)} repeats a repetition, which can take for ever")
        try:
            re.compile(rule.value)
        except (re.error, RecursionError) as error:
            raise ValueError(f"{_cut(rule.value)} is not a regular expression ({error})") from error


def parse_money(text: str) -> Decimal | None:
    """An amount as it is typed, None where nothing is. Raises UserError (INVALID)."""
    if not text.strip():
        return None
    try:
        amount = Decimal(text.strip().lstrip("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise UserError(f'"{_cut(text)}" is not an amount.', "Write 0.00001, say.", kind=ErrorKind.INVALID)
    return amount


def evaluate(
    expectations: Expectations, run: SeriesRun, response: bytes, *, is_whole: bool = True
) -> tuple[Finding, ...]:
    """What became of each expectation. is_whole: False where the response was cut."""
    findings = []
    if expectations.outcome or expectations.error_type:
        findings.append(_check_outcome(expectations, run))
    document = _load(response) if is_whole else _NOTHING
    findings += [_check_response(rule, run, document, is_whole) for rule in expectations.response]
    if expectations.max_duration_ms is not None:
        what = f"duration at most {expectations.max_duration_ms:,} ms"
        if run.duration_ms is None:
            findings.append(Finding(what, Verdict.UNKNOWN, "no REPORT line was seen"))
        else:
            holds = run.duration_ms <= expectations.max_duration_ms
            findings.append(Finding(what, _verdict(holds), f"{run.duration_ms:,} ms"))
    if expectations.max_cost is not None:
        what = f"cost at most {format_money(expectations.max_cost, run.currency)}"
        if run.cost is None:
            findings.append(Finding(what, Verdict.UNKNOWN, "no REPORT line was seen"))
        else:
            about = "" if run.cost_exact else "≈ "
            found = f"{about}{format_money(run.cost, run.currency)}"
            findings.append(Finding(what, _verdict(run.cost <= expectations.max_cost), found))
    return tuple(findings)


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """Of all together: one that fails is enough to fail, one that is not known to be not known."""
    verdicts = {finding.verdict for finding in findings}
    return next((each for each in (Verdict.FAILED, Verdict.UNKNOWN) if each in verdicts), Verdict.PASSED)


_NOTHING = object()  # no JSON


def _check_outcome(expectations: Expectations, run: SeriesRun) -> Finding:
    what = f"outcome {expectations.outcome or 'function error'}"
    if expectations.error_type:
        what += f" {expectations.error_type}"
    found = f"{run.outcome} {run.error_type}".strip()
    if run.outcome in (Outcome.UNKNOWN, Outcome.RUNNING, Outcome.QUEUED):
        return Finding(what, Verdict.UNKNOWN, found)
    if expectations.outcome == "ok":
        return Finding(what, _verdict(run.outcome is Outcome.OK), found)
    is_right = run.did_run and run.outcome is not Outcome.OK
    if expectations.error_type:
        is_right = is_right and run.error_type == expectations.error_type
    return Finding(what, _verdict(is_right), found)


def _check_response(rule: ResponseRule, run: SeriesRun, document: object, is_whole: bool) -> Finding:
    what = str(rule)
    if run.outcome in (Outcome.UNKNOWN, Outcome.RUNNING, Outcome.QUEUED):
        return Finding(what, Verdict.UNKNOWN, "there is no answer")
    if not is_whole:
        return Finding(what, Verdict.UNKNOWN, "the response was cut")
    if document is _NOTHING:
        return Finding(what, Verdict.FAILED, "the response is not JSON")
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        check_rule(rule)
        value = jmespath.search(rule.path, document)
    except (JMESPathError, ValueError) as error:
        return Finding(what, Verdict.FAILED, _cut(str(error)))
    match rule.check:
        case Check.EXISTS:
            holds = value is not None  # what is null and what is not there are the same to JMESPath
        case Check.EQUALS:
            holds = _is_same(value, orjson.loads(rule.value))
        case Check.MATCHES:
            text = value if isinstance(value, str) else _dump(value)
            holds = value is not None and re.search(rule.value, text[:_LONGEST_SEARCHED]) is not None
    return Finding(what, _verdict(holds), "" if holds else _cut(_dump(value)))


def _parse_rule(line: str) -> ResponseRule:
    if line.endswith(" exists"):
        rule = ResponseRule(line.removesuffix(" exists").strip(), Check.EXISTS)
    else:
        # The first one ends the path: a path that holds " == " itself can't be written.
        found = re.match(r"(.*?)\s(==|=~)\s(.*)", line)
        if found is None:
            raise ValueError(f'"{_cut(line)}" says neither ==, =~ nor exists')
        check = Check.EQUALS if found[2] == "==" else Check.MATCHES
        value = found[3].strip()
        if check is Check.EQUALS and len(value) > 2 and value[0] == value[-1] == "`":
            value = value[1:-1]  # JSON as JMESPath itself has it
        rule = ResponseRule(found[1].strip(), check, value)
    check_rule(rule)
    return rule


def _load(response: bytes) -> Any:
    try:
        return orjson.loads(response)
    except orjson.JSONDecodeError:
        return _NOTHING


def _is_same(one: Any, other: Any) -> bool:
    """Equal as JSON is: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _dump(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # JMESPath may yield an expression of its own
        return repr(value)


def _verdict(holds: bool) -> Verdict:
    return Verdict.PASSED if holds else Verdict.FAILED


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
