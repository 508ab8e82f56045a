"""Search, what one scan knows and how it asks."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from lambdadesk.aws.actions import get_action
from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.failures import get_plain_text
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.quota import TokenBucket
from lambdadesk.aws.triggers.arns import FunctionArn, get_name, get_service
from lambdadesk.aws.triggers.policy import Grant
from lambdadesk.core.arns import get_part
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.triggers import Answer, Destination, DestinationKind, Evidence, Mode

# What taking an answer of the wrong shape apart raises.
ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)

T = TypeVar("T")
Ask = Callable[["Search", str], Awaitable[None]]  # asks the source of an ARN

# Of the 15 per second that Lambda's control plane allows an account, and of what other services do.
_RATES_PER_S = {"lambda": 8.0}
_RATE_PER_S = 5.0
_BURST = 8
_MOST_PAGES = 200
_AT_ONCE = 4


def get_key(source: str, thing: str, qualifier: str) -> str:
    """The key of a trigger; thing: UUID of the mapping, else ARN, else name."""
    return f"{source}|{thing}|{qualifier}"


def keep(**details: object) -> dict[str, str]:
    """Those of the details that there are, as texts."""
    return {name: str(value) for name, value in details.items() if value}


@dataclass(frozen=True, slots=True)
class Sighting:
    """A source (or an event source mapping) that names the function, before it is known who permits it.

    principal: the service whose calls the function's policy has to allow; empty where it needs no policy,
               and `evidence` holds both sides already.
    caller_arn: what the service gives as aws:SourceArn (see Grant.covers); default: arn.
    filter:    one route, event type, ...; sightings of the same source are joined.
    details:   as Trigger.details; empty texts are left out by `keep`.
    """

    source: str
    name: str
    arn: str
    mode: Mode
    evidence: tuple[Evidence, ...]
    qualifier: str = ""
    principal: str = ""
    caller_arn: str = ""
    state: str = ""
    last_result: str = ""
    batch_size: int | None = None
    window_s: int | None = None
    filter: str = ""
    uuid: str = ""
    details: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def thing(self) -> str:
        return self.uuid or self.arn or self.name

    @property
    def key(self) -> str:
        return get_key(self.source, self.thing, self.qualifier)


class Search:
    """What has been found so far; the lookups write to it, from one event loop.

    qualifiers:  all that were asked about: "" for the function itself, aliases, versions.
    policies:    by qualifier, how asking for its policy went.
    asked:       by source and ARN: a source that a policy names was asked, but does not start the function.
    listed:      by source: how asking for all of them went; only then is a permission without a source known
                 to be left over.
    deep_only:   sightings that a scan of little cost would not have come upon.
    former:      those of an earlier deep scan, with its moment (epoch ms); former_lists: its `listed`;
                 former_destinations: where they send what fails.
    """

    def __init__(self, gateway: Gateway, arn: FunctionArn, *, deep: bool) -> None:
        self.gateway = gateway
        self.arn = arn
        self.deep = deep
        self.configuration: Mapping[str, Any] = {}
        self.qualifiers: list[str] = [""]
        self.knows_all_qualifiers = False
        self.grants: list[Grant] = []
        self.policies: dict[str, Evidence] = {}
        self.sightings: list[Sighting] = []
        self.deep_only: list[Sighting] = []
        self.former: dict[Sighting, int] = {}
        self.former_lists: dict[str, tuple[Evidence, int]] = {}
        self.former_destinations: tuple[Destination, ...] = ()
        self.destinations: list[Destination] = []
        self.asked: dict[tuple[str, str], Evidence] = {}
        self.listed: dict[str, Evidence] = {}
        self.troubles: dict[str, list[UserError]] = defaultdict(list)  # by source
        self.step_troubles: ContextVar[list[UserError]] = ContextVar("step_troubles")  # of the running step
        self.step_is_deep: ContextVar[bool] = ContextVar("step_is_deep", default=False)
        self.tell: Callable[[str], None] = lambda _doing: None
        self.pending: set[str] = set()  # sources that are still to be asked
        self.api_lists: set[str] = set()  # of API Gateway's two, which are through
        self._roles: dict[tuple[str, str], Evidence] = {}
        self._buckets: dict[str, TokenBucket] = {}
        self._is_aws = is_aws(gateway.target)

    async def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """One API call, at a pace that leaves something of the account's quota to others."""
        if self._is_aws:
            rate = _RATES_PER_S.get(service, _RATE_PER_S)
            await self._buckets.setdefault(service, TokenBucket(rate, _BURST)).take()
        return await self.gateway.call(service, operation, **params)

    async def pages(
        self,
        service: str,
        operation: str,
        key: str,
        *,
        mark: str = "NextToken",
        sends: str = "",
        most: int = _MOST_PAGES,
        **params: Any,
    ) -> AsyncIterator[list[Any]]:
        """The lists under `key` ("Outer.Inner" for a nested one), page by page.

        mark: the field that marks the next page; sends: how it is sent, where the name differs. A mark
        that comes again, or more than `most` pages, is a UserError after what was read.
        """
        outer, _, inner = key.rpartition(".")
        seen: set[str] = set()
        asked = dict(params)
        for _ in range(most):
            reply = await self.call(service, operation, **asked)
            body = (reply.get(outer) or {}) if outer else reply
            yield list(body.get(inner) or [])
            found = str(body.get(mark) or "")
            if not found:
                return
            if found in seen:
                break
            seen.add(found)
            asked[sends or mark] = found
        raise UserError(
            f"{operation} gave more pages than are read.",
            "What was read up to there is shown.",
            details=f"{service}:{operation}, {len(seen)} pages",
        )

    async def read_all(self, service: str, operation: str, key: str, **params: Any) -> list[Any]:
        """The entries of all pages; see `pages` for what is given and raised."""
        return [entry async for page in self.pages(service, operation, key, **params) for entry in page]

    async def each(self, items: Iterable[T], ask: Callable[[T], Awaitable[None]], doing: str = "") -> None:
        """Run `ask` on every item, a few at a time. What fails leaves the others and is raised at the end."""
        waiting = list(items)
        total = len(waiting)
        waiting.reverse()
        failures: list[UserError] = []

        async def work() -> None:
            while waiting:
                item = waiting.pop()
                if doing:
                    self.tell(f"{doing}: {total - len(waiting)} of {total}")
                try:
                    await ask(item)
                except UserError as error:
                    failures.append(error)
                except ODD as error:
                    failures.append(to_odd(error))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, total)):
                group.create_task(work(), name=f"look {doing}")
        if failures:
            raise failures[0]

    def see(self, text: object) -> str | None:
        """The qualifier with which `text` names the function; None where it does not."""
        return self.arn.find(text)

    def find(self, sighting: Sighting) -> None:
        is_deep = self.step_is_deep.get() or not self._is_target(sighting.qualifier, deep=False)
        if sighting not in self.sightings:
            self.sightings.append(sighting)
            if is_deep:
                self.deep_only.append(sighting)
        elif not is_deep and sighting in self.deep_only:
            self.deep_only.remove(sighting)

    def get_former(self) -> dict[Sighting, int]:
        """What an earlier deep scan saw, as far as this scan has not looked there itself."""
        seen = {(each.source, each.thing) for each in self.sightings}
        return {
            each: at_ms
            for each, at_ms in self.former.items()
            if (each.source, each.thing) not in seen and (each.source, each.arn) not in self.asked
        }

    def forget_former(self) -> None:
        self.former, self.former_lists, self.former_destinations = {}, {}, ()

    def get_destinations(self) -> tuple[Destination, ...]:
        former = {each.key for each in self.get_former()}
        return (*self.destinations, *(each for each in self.former_destinations if each.source in former))

    def list_all(self, source: str, call: str) -> None:
        """Note that all of a source's own were looked at, so that a permission no sighting uses is left over.

        Where some of them could not be asked, that is what is noted.
        """
        troubles = self.troubles[source]
        if troubles:
            self.listed[source] = to_evidence(troubles[0])
        else:
            text = f"Nothing of {source} names this function."
            self.listed[source] = Evidence(call, Answer.ABSENT, text)

    def list_failed(self, source: str, error: UserError) -> None:
        """Note that not all of a source's own could be looked at."""
        evidence = to_evidence(error)
        if evidence.answer is Answer.GONE:  # of a list: the endpoint has no such thing
            evidence = replace(evidence, answer=Answer.FAILED, text=error.message)
        self.listed.setdefault(source, evidence)

    def answer(self, source: str, arn: str, call: str, answer: Answer, text: str) -> None:
        """What asking the source that a policy names came to, where it was not a sighting."""
        self.asked[(source, arn)] = Evidence(call, answer, text)

    def trouble(self, source: str, error: UserError, arn: str = "", call: str = "") -> None:
        """Note a look that failed; with an ARN it is the evidence about this one source.

        A source that does not exist is an answer, not a trouble.
        """
        evidence = to_evidence(error, call)
        if arn:
            self.asked[(source, arn)] = evidence
        if evidence.answer is not Answer.GONE:
            self.troubles[source].append(error)
            self.step_troubles.get().append(error)

    def get_targets(self) -> dict[str, str]:
        """ARN -> qualifier of what a source can be set to call.

        Versions without a policy of their own are left to the deep scan: what calls them is denied.
        """
        return {
            self.arn.qualify(each): each for each in self.qualifiers if self._is_target(each, deep=self.deep)
        }

    def _is_target(self, qualifier: str, *, deep: bool) -> bool:
        return deep or not qualifier.isdecimal() or any(grant.qualifier == qualifier for grant in self.grants)

    def get_granted(self, source: str, *principals: str) -> Iterator[str]:
        """ARNs of single sources in this account and region that the policies let in.

        Those that are elsewhere are noted as such.
        """
        seen: set[str] = set()
        for grant in self.grants:
            arn = grant.source_arn
            if not grant.is_service or grant.principal not in principals or arn in seen:
                continue
            seen.add(arn)
            place = self.get_elsewhere(arn, grant.accounts)
            if place:
                self.asked[(source, arn)] = Evidence("lambda:GetPolicy", Answer.ELSEWHERE, place)
            elif grant.is_exact and grant.allows:
                yield arn

    def get_elsewhere(self, arn: str, accounts: tuple[str, ...] = ()) -> str:
        """Why the source of this ARN can't be asked from here: another account or region; else empty."""
        account, region = get_part(arn, 4), get_part(arn, 3)
        if not account and accounts and self.arn.account not in accounts:
            account = accounts[0]
        if account.isdecimal() and account != self.arn.account:
            return f"It is in account {account}, which was not asked."
        if region and "*" not in region and region != self.arn.region:
            return f"It is in {region}, which was not asked."
        return ""

    async def ask_granted(self, source: str, principal: str, call: str, ask: Ask) -> None:
        """Ask each source that the policies name; see _ask."""
        await self.each(self.get_granted(source, principal), lambda arn: self._ask(source, call, arn, ask))

    async def ask_all(self, source: str, call: str, arns: Iterable[str], ask: Ask, doing: str) -> None:
        """Ask each source of the account that was not asked before; see _ask."""
        waiting = [arn for arn in dict.fromkeys(arns) if (source, arn) not in self.asked]
        await self.each(waiting, lambda arn: self._ask(source, call, arn, ask), doing)
        self.list_all(source, call)

    async def _ask(self, source: str, call: str, arn: str, ask: Ask) -> None:
        """Let `ask` call `find` where the source names the function; where it fails, this is the evidence."""
        try:
            await ask(self, arn)
        except UserError as error:
            self.trouble(source, error, arn, call)
            return
        self.answer(source, arn, call, Answer.ABSENT, "It does not name this function.")

    async def check_role(self, role: str, qualifier: str) -> Evidence:
        """Whether a role may invoke the function: for sources that need no policy of it.

        An empty role is one that the source does not tell.
        """
        call = "iam:SimulatePrincipalPolicy"
        if not role:
            return Evidence(call, Answer.NOT_ASKED, "The source does not tell which role it uses.")
        place = self.get_elsewhere(role)
        if place:
            return Evidence(call, Answer.ELSEWHERE, place)
        key = (role, qualifier)
        if key not in self._roles:
            try:
                self._roles[key] = await self._simulate(role, qualifier)
            except UserError as error:
                evidence = to_evidence(error, call)
                if evidence.answer is Answer.GONE:
                    evidence = Evidence(call, Answer.REFUSED, f"The role {get_name(role)} does not exist.")
                else:
                    self.step_troubles.get().append(error)
                self._roles[key] = evidence
        return self._roles[key]

    async def _simulate(self, role: str, qualifier: str) -> Evidence:
        call = "iam:SimulatePrincipalPolicy"
        reply = await self.call(
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=role,
            ActionNames=["lambda:InvokeFunction"],
            ResourceArns=[self.arn.qualify(qualifier)],
        )
        decisions = {str(each.get("EvalDecision", "")) for each in reply.get("EvaluationResults") or []}
        if decisions == {"allowed"}:
            return Evidence(call, Answer.OK, f"The role {get_name(role)} may invoke it.")
        decision = ", ".join(sorted(decisions)) or "no answer"
        return Evidence(call, Answer.REFUSED, f"The role {get_name(role)} may not invoke it ({decision}).")

    def see_within(self, value: object, keys: tuple[str, ...] = ()) -> set[str]:
        """The qualifiers with which the function is named in any text of a JSON value.

        keys: only texts under these keys count; none: all.
        """
        found: set[str] = set()
        waiting: list[tuple[str, object]] = [("", value)]
        while waiting:
            key, each = waiting.pop()
            if isinstance(each, Mapping):
                waiting += each.items()
            elif isinstance(each, list | tuple):
                waiting += [(key, item) for item in each]
            elif isinstance(each, str) and (not keys or key in keys):
                qualifier = self.see(each)
                if qualifier is not None:
                    found.add(qualifier)
        return found

    def build_arn(self, service: str, resource: str) -> str:
        """The ARN of something in the function's account and region."""
        return f"arn:{self.arn.partition}:{service}:{self.arn.region}:{self.arn.account}:{resource}"

    def add_destinations(self, config: object, qualifier: str = "", source: str = "") -> None:
        """OnSuccess and OnFailure of a DestinationConfig."""
        for key, kind in (
            ("OnSuccess", DestinationKind.ON_SUCCESS),
            ("OnFailure", DestinationKind.ON_FAILURE),
        ):
            entry = config.get(key) if isinstance(config, Mapping) else None
            arn = str((entry or {}).get("Destination") or "")
            if arn:
                self.add_destination(kind, arn, qualifier, source)

    def add_destination(self, kind: DestinationKind, arn: str, qualifier: str = "", source: str = "") -> None:
        found = Destination(kind, get_service(arn), get_name(arn), arn, qualifier, source)
        if found not in self.destinations:
            self.destinations.append(found)


def to_odd(error: Exception) -> UserError:
    """An answer without what it should have: some endpoint that is not quite AWS."""
    return UserError(
        "An answer can't be understood.",
        "Check that the endpoint is AWS, or compatible with it.",
        kind=ErrorKind.NOT_AWS,
        details=get_plain_text(f"{type(error).__name__}: {error}"),
    )


def to_evidence(error: UserError, call: str = "") -> Evidence:
    """What a call that failed says about the source it asked."""
    call = call or get_plain_text(error.details.partition("\n")[0])
    if error.kind is ErrorKind.NOT_FOUND:
        return Evidence(call, Answer.GONE, "It does not exist.")
    if error.kind is ErrorKind.DENIED:
        service, _, operation = call.partition(":")
        action = error.action or get_action(service, operation)
        return Evidence(call, Answer.DENIED, error.message, action)
    return Evidence(call, Answer.FAILED, error.message)
