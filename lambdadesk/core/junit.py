"""JUnit XML of a suite's results, as CI systems read it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from lambdadesk.core.expectations import Finding, Verdict

# What XML 1.0 can't hold, not even as an escape.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One case as it came out. error: why it could not be run; seconds: its round trip."""

    name: str
    findings: tuple[Finding, ...] = ()
    error: str = ""
    seconds: float = 0.0
    output: str = ""


def to_junit(suite: str, results: Sequence[SuiteResult]) -> str:
    """The results as one test suite. What is not known is skipped, since it neither holds nor fails."""
    cases = [_to_case(suite, result) for result in results]
    failed = sum(_has(result, Verdict.FAILED) for result in results)
    errors = sum(bool(result.error) for result in results)
    skipped = sum(
        not result.error and _has(result, Verdict.UNKNOWN) and not _has(result, Verdict.FAILED)
        for result in results
    )
    seconds = sum(result.seconds for result in results)
    head = (
        f"<testsuite name={_attribute(suite)} tests='{len(results)}' failures='{failed}' errors='{errors}' "
        f"skipped='{skipped}' time='{seconds:.3f}'>"
    )
    return "\n".join(
        [
            "<?xml version='1.0' encoding='UTF-8'?>",
            "<testsuites>",
            head,
            *cases,
            "</testsuite>",
            "</testsuites>",
            "",
        ]
    )


def _to_case(suite: str, result: SuiteResult) -> str:
    inner = ""
    failed = [each for each in result.findings if each.verdict is Verdict.FAILED]
    unknown = [each for each in result.findings if each.verdict is Verdict.UNKNOWN]
    if result.error:
        inner = f"<error message={_attribute(result.error)}/>"
    elif failed:
        text = _text("\n".join(str(each) for each in result.findings))
        inner = f"<failure message={_attribute('; '.join(str(each) for each in failed))}>{text}</failure>"
    elif unknown:
        inner = f"<skipped message={_attribute('; '.join(str(each) for each in unknown))}/>"
    if result.output:
        inner += f"<system-out>{_text(result.output)}</system-out>"
    name, group = _attribute(result.name), _attribute(suite)
    return f"<testcase name={name} classname={group} time='{result.seconds:.3f}'>{inner}</testcase>"


def _has(result: SuiteResult, verdict: Verdict) -> bool:
    return not result.error and any(finding.verdict is verdict for finding in result.findings)


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", text))
