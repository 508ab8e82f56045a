"""A role as text to read: what it allows, and what it lacks."""

from collections.abc import Iterable, Sequence

import orjson

from lambdadesk.core.policies import NOTHING_ALLOWS, Decision, RoleReport, explain, trusts_lambda
from lambdadesk.core.role_needs import RoleFinding

_HEADS = (
    (Decision.DENIED, "✖ Denied: a policy forbids it"),
    (Decision.MISSING, "✖ Missing"),
    (Decision.UNKNOWN, "▲ Not known"),
    (Decision.ALLOWED, "✔ Allowed"),
)


def tell_allowed(report: RoleReport) -> str:
    """What a role allows, by service; what limits that, and what of it is not known, comes first."""
    lines = [report.arn]
    if report.description:
        lines.append(report.description)
    lines += ["", *_tell_limits(report)]
    service = ""
    allowances = explain(report)
    for allowance in allowances:
        if allowance.service != service:
            service = allowance.service
            lines += ["", service]
        lines.append(f"  {'✖' if allowance.is_deny else '▲' if allowance.warning else '•'} {allowance.text}")
        if allowance.warning:
            lines.append(f"    {allowance.warning}")
    if not allowances:
        is_known = report.has_all_policies and not report.unread
        lines += ["", "It allows nothing." if is_known else "What it allows is not known."]
    return "\n".join(lines)


def tell_missing(findings: Sequence[RoleFinding], unchecked: Iterable[str] = ()) -> str:
    """What the function visibly needs and its role does not allow, with a policy that adds it."""
    lacking = [each for each in findings if each.decision in (Decision.DENIED, Decision.MISSING)]
    unknown = [each for each in findings if each.decision is Decision.UNKNOWN]
    total = f"{len(findings)} actions that the function visibly needs"
    if lacking:
        lines = [f"{len(lacking)} of {total} {'is' if len(lacking) == 1 else 'are'} not allowed."]
    elif unknown:
        lines = [
            f"Nothing is known to be missing; {len(unknown)} of {total} depend on what is not known here."
        ]
    else:
        lines = [f"Nothing is missing: all {total} are allowed."]
    if any(each.is_estimate for each in findings):
        lines.append(
            "This is an estimate by the text of the role's policies, since IAM's simulation could not be "
            "used: policies of the organization and of the resources themselves are not looked at."
        )
    else:
        lines.append("IAM simulated it. Policies of the resources themselves are not looked at.")
    lines.append("What the code itself calls is not known.")
    lines += [f"▲ Not checked. {text}" for text in unchecked]
    for decision, head in _HEADS:
        found = [each for each in findings if each.decision is decision]
        if found:
            lines += ["", head]
        for reason in dict.fromkeys(each.need.reason for each in found):
            lines.append(f"  For {reason}")
            for each in found:
                if each.need.reason == reason:
                    lines.append(f"    {each.need.action} on {each.need.resource}")
                    if each.reason != NOTHING_ALLOWS:
                        lines.append(f"      {each.reason}")
    missing = [each for each in findings if each.decision is Decision.MISSING]
    if missing:
        lines += ["", "A policy that would add what is missing:", "", build_policy(missing)]
    return "\n".join(lines)


def build_policy(findings: Iterable[RoleFinding]) -> str:
    """The smallest policy, as JSON, that allows what the findings are about."""
    by_resource: dict[str, set[str]] = {}
    for each in findings:
        by_resource.setdefault(each.need.policy_resource, set()).add(each.need.action)
    statements = [
        {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
        for resource, actions in by_resource.items()
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    return orjson.dumps(policy, option=orjson.OPT_INDENT_2).decode()


def _tell_limits(report: RoleReport) -> list[str]:
    lines = []
    if report.trust is None:
        lines.append("▲ Who may use the role is not known.")
    elif trusts_lambda(report.trust):
        lines.append("Lambda may use the role.")
    else:
        lines.append("✖ Lambda may not use the role: its trust policy does not name lambda.amazonaws.com.")
    if report.boundary is not None:
        lines.append(f"▲ The permissions boundary {report.boundary.name} limits all of this.")
    elif not report.knows_boundary:
        lines.append("▲ Whether a permissions boundary limits this is not known.")
    lines += [f"▲ Not read: {error}" for error in report.failures]
    lines += [f"▲ Not read: {policy.name}. {policy.error}" for policy in report.unread]
    return lines
