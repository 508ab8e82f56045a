"""What the policies say and what the sources say, put together: one Trigger each."""

from collections.abc import Iterable, Iterator, Mapping

from lambdadesk.aws.triggers.arns import get_name, get_service
from lambdadesk.aws.triggers.policy import Grant
from lambdadesk.aws.triggers.search import Search, Sighting, get_key
from lambdadesk.core.arns import get_part
from lambdadesk.core.triggers import Answer, Evidence, Mode, Trigger, judge

POLICY = "lambda:GetPolicy"
URL = "Function URL"

_SYNC, _ASYNC = Mode.PUSH_SYNC, Mode.PUSH_ASYNC

# What a service principal is to people, and how it calls.
PRINCIPALS = {
    "alexa-appkit": ("Alexa", _SYNC),
    "alexa-connectedhome": ("Alexa", _SYNC),
    "apigateway": ("API Gateway", _SYNC),
    "appsync": ("AppSync", _SYNC),
    "bedrock": ("Bedrock", _SYNC),
    "bedrock-agentcore": ("AgentCore", _SYNC),
    "cloudformation": ("CloudFormation", _ASYNC),
    "codecommit": ("CodeCommit", _ASYNC),
    "cognito-idp": ("Cognito", _SYNC),
    "cognito-sync": ("Cognito Sync", _SYNC),
    "config": ("Config", _ASYNC),
    "connect": ("Connect", _SYNC),
    "edgelambda": ("CloudFront", _SYNC),
    "elasticloadbalancing": ("ALB", _SYNC),
    "events": ("EventBridge", _ASYNC),
    "iot": ("IoT", _ASYNC),
    "lambda.alarms.cloudwatch": ("CloudWatch alarm", _ASYNC),
    "lexv2": ("Lex", _SYNC),
    "logs": ("CloudWatch Logs", _ASYNC),
    "replicator.lambda": ("CloudFront", _SYNC),
    "s3": ("S3", _ASYNC),
    "secretsmanager": ("Secrets Manager", _SYNC),
    "ses": ("SES", _ASYNC),
    "sns": ("SNS", _ASYNC),
    "vpc-lattice": ("VPC Lattice", _SYNC),
    "workmail": ("WorkMail", _SYNC),
}

# Nobody can be asked whether these use the function.
_SILENT = ("Alexa", "WorkMail")


def merge(search: Search) -> tuple[Trigger, ...]:
    """Every trigger known so far, by source and name."""
    former = search.get_former()
    sightings = [*search.sightings, *former]
    rows = [(sighting, _add_permission(search, sighting)) for sighting in sightings]
    used = {grant for sighting in sightings for grant in _get_covering(search, sighting)}
    triggers = [*_join(rows, former), *_get_left_over(search, used)]
    return tuple(sorted(triggers, key=lambda each: (each.source, each.name, each.qualifier, each.key)))


def get_source(grant: Grant) -> str:
    """What people call the one that a permission is for."""
    return _name(grant)[0]


def _add_permission(search: Search, sighting: Sighting) -> tuple[Evidence, ...]:
    """The evidence of a sighting with that of the function's own side."""
    qualifier = sighting.qualifier
    if qualifier not in ("$LATEST", *search.qualifiers) and search.knows_all_qualifiers:
        text = f"The function has no version or alias {qualifier}."
        return (*sighting.evidence, Evidence("lambda:ListAliases", Answer.REFUSED, text))
    if not sighting.principal:
        return sighting.evidence
    policy = search.policies.get(_get_policy_of(qualifier))
    covering = _get_covering(search, sighting)
    refusing = [grant for grant in covering if not grant.allows]
    caller = f"{sighting.principal} from {sighting.caller_arn or sighting.arn or 'this source'}"
    if refusing:
        found = Evidence(POLICY, Answer.REFUSED, f"Statement {refusing[0].sid} denies {caller}.")
    elif covering:
        found = Evidence(POLICY, Answer.OK, _describe(covering[0]))
    elif policy is None:
        found = Evidence(
            POLICY, Answer.NOT_ASKED, f"The policy of {qualifier or 'the function'} was not read."
        )
    elif policy.answer is Answer.OK:
        found = Evidence(POLICY, Answer.REFUSED, f"No statement allows {caller}.")
    else:
        found = policy
    return (*sighting.evidence, found)


def _get_covering(search: Search, sighting: Sighting) -> list[Grant]:
    if not sighting.principal:
        return []
    arn = sighting.caller_arn or sighting.arn
    account = get_part(arn, 4) or search.arn.account
    qualifier = _get_policy_of(sighting.qualifier)
    return [
        grant
        for grant in search.grants
        if grant.qualifier == qualifier
        and grant.principal in (sighting.principal, "*")
        and (grant.by_url if sighting.source == URL else grant.by_event)
        and grant.url_auth in ("", "NONE")
        and grant.covers(arn, account)
        and (grant.allows or not grant.limits)
    ]


def _get_policy_of(qualifier: str) -> str:
    return "" if qualifier == "$LATEST" else qualifier


def _describe(grant: Grant) -> str:
    who = grant.principal if grant.is_service or grant.principal != "*" else "anyone"
    source = f" from {grant.source_arn}" if grant.source_arn else ""
    account = f" of account {', '.join(grant.accounts)}" if grant.accounts else ""
    limits = f", if {' and '.join(grant.limits)}" if grant.limits else ""
    verb = "allows" if grant.allows else "denies"
    return f"Statement {grant.sid or 'without a name'} {verb} {who}{source}{account}{limits}."


def _join(
    rows: Iterable[tuple[Sighting, tuple[Evidence, ...]]], former: Mapping[Sighting, int]
) -> Iterator[Trigger]:
    """One trigger for all sightings of a source that have the same verdict."""
    groups: dict[tuple[str, ...], list[tuple[Sighting, tuple[Evidence, ...]]]] = {}
    for sighting, evidence in rows:
        verdict = judge(evidence).name.lower()
        group = (sighting.source, sighting.thing, sighting.qualifier, verdict)
        groups.setdefault(group, []).append((sighting, evidence))
    seen: set[str] = set()
    for (source, _thing, qualifier, verdict), members in groups.items():
        key = members[0][0].key
        if key in seen:
            key += f"|{verdict}"
        seen.add(key)
        first = members[0][0]
        yield Trigger(
            key=key,
            source=source,
            name=first.name,
            mode=first.mode,
            evidence=tuple(dict.fromkeys(each for _, evidence in members for each in evidence)),
            arn=first.arn,
            qualifier=qualifier,
            state=_join_texts(sighting.state for sighting, _ in members),
            last_result=first.last_result,
            batch_size=first.batch_size,
            window_s=first.window_s,
            filter=_join_texts(sighting.filter for sighting, _ in members),
            uuid=first.uuid,
            details=first.details,
            seen_ms=former.get(first),
        )


def _join_texts(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))


def _get_left_over(search: Search, used: set[Grant]) -> Iterator[Trigger]:
    """Permissions that no known source uses."""
    seen: set[str] = set()
    for grant in search.grants:
        if grant in used or not grant.allows:
            continue
        source, name, mode = _name(grant)
        if source in search.pending:
            continue
        key = get_key(source, grant.source_arn or f"{grant.principal}/{name}", grant.qualifier)
        if key in seen:
            continue
        seen.add(key)
        absence, seen_ms = _get_absence(search, grant, source)
        yield Trigger(
            key=key,
            source=source,
            name=name,
            mode=mode,
            evidence=(Evidence(POLICY, Answer.OK, _describe(grant)), absence),
            arn=grant.source_arn,
            qualifier=grant.qualifier,
            seen_ms=seen_ms,
        )


def _name(grant: Grant) -> tuple[str, str, Mode]:
    """Source, name and mode of what a permission is for."""
    if not grant.by_event:
        who = "anyone" if grant.principal == "*" else grant.principal
        return URL, who, _SYNC
    if not grant.is_service:
        if grant.source_arn:
            return get_service(grant.source_arn), get_name(grant.source_arn), _ASYNC
        return ("Anyone", "any AWS account", _SYNC) if grant.principal == "*" else _name_account(grant)
    source, mode = PRINCIPALS.get(grant.principal, (grant.principal, _ASYNC))
    account = f"any in account {', '.join(grant.accounts)}" if grant.accounts else "any"
    return source, get_name(grant.source_arn) if grant.source_arn else account, mode


def _name_account(grant: Grant) -> tuple[str, str, Mode]:
    return "AWS account", get_part(grant.principal, 5) or grant.principal, _SYNC


def _get_absence(search: Search, grant: Grant, source: str) -> tuple[Evidence, int | None]:
    """Why no source was found for a permission; and when (epoch ms), where an earlier deep scan says so."""
    found = _get_new_absence(search, grant, source)
    if found is None and source in search.former_lists:
        return search.former_lists[source]
    return found or Evidence(POLICY, Answer.NOT_ASKED, f"A deep scan asks {source} for all it has."), None


def _get_new_absence(search: Search, grant: Grant, source: str) -> Evidence | None:
    if not grant.is_service and not grant.source_arn and grant.by_event:
        text = "AWS does not tell who uses this permission."
        return Evidence(POLICY, Answer.ELSEWHERE, text)
    if source in _SILENT or (grant.is_service and grant.principal not in PRINCIPALS):
        return Evidence(POLICY, Answer.ELSEWHERE, f"There is no API that tells what {source} calls.")
    asked = search.asked.get((source, grant.source_arn))
    if asked is not None:
        return asked
    place = search.get_elsewhere(grant.source_arn, grant.accounts)
    if place:
        return Evidence(POLICY, Answer.ELSEWHERE, place)
    return search.listed.get(source)
