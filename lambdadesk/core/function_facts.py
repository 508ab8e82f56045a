"""Facts, what looks at one function have told beyond what the list says of it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from lambdadesk.core.mappings import is_failing
from lambdadesk.core.triggers import Answer, Trigger, Verdict
from lambdadesk.core.types import FunctionInfo

UNRESERVED = -1  # no concurrency is reserved


@dataclass(frozen=True, slots=True)
class FunctionState:
    """State and LastUpdateStatus with their reasons, in AWS's own words."""

    state: str = ""
    state_reason: str = ""
    last_update_status: str = ""
    last_update_reason: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a function; None: nobody has told yet.

    polled:    kinds of sources ("sqs") of its event source mappings.
    permitted: kinds of those that the function's own policy lets call it.
    found:     kinds that a scan has found besides mappings: better evidence than `permitted`, which it hides,
               whichever came later.
    failing:   mappings whose last read was a problem, in words.
    dead:      triggers of which a scan says that they can't work, in words.
    log_never_expires: of its log group; one that does not exist keeps nothing.
    reserved_concurrency: UNRESERVED where it shares the account's.
    """

    polled: tuple[str, ...] | None = None
    permitted: tuple[str, ...] | None = None
    found: tuple[str, ...] | None = None
    failing: tuple[str, ...] | None = None
    dead: tuple[str, ...] | None = None
    log_never_expires: bool | None = None
    reserved_concurrency: int | None = None
    state: FunctionState | None = None

    def updated(self, newer: "Facts") -> "Facts":
        """With what `newer` tells: each field is what was told of it last."""
        told = {
            each.name: value for each in fields(newer) if (value := getattr(newer, each.name)) is not None
        }
        return replace(self, **told)

    @property
    def triggers(self) -> tuple[str, ...] | None:
        """The kinds known so far, each once and in order; None where nobody has looked."""
        pushed = self.permitted if self.found is None else self.found
        if self.polled is None and pushed is None:
            return None
        return tuple(sorted({*(self.polled or ()), *(pushed or ())}))

    @property
    def knows_triggers(self) -> bool:
        """Whether `triggers` are all, as far as mappings and policy tell."""
        return self.polled is not None and (self.permitted is not None or self.found is not None)

    @property
    def dead_triggers(self) -> tuple[str, ...]:
        return (*(self.dead or ()), *(self.failing or ()))

    def apply_to(self, function: FunctionInfo) -> FunctionInfo:
        """The function with its state, where the list did not tell it."""
        state = self.state
        if state is None or function.state:
            return function
        return replace(
            function,
            state=state.state,
            state_reason=state.state_reason,
            last_update_status=state.last_update_status,
            last_update_reason=state.last_update_reason,
        )


def get_kind(source: str) -> str:
    """What the filter calls a source: "API Gateway" -> "api gateway"."""
    return source.casefold()


def name_trigger(source: str, name: str, why: str) -> str:
    """A trigger that does not work, as the lamp says it: "S3 pictures (permitted only, source gone)"."""
    return f"{' '.join(part for part in (source, name) if part)} ({why})"


def get_scan_facts(
    triggers: Iterable[Trigger], *, knows_mappings: bool = True, knows_policies: bool = True
) -> Facts:
    """What a scan that came to its end tells. Where it could not read all, its kinds are no answer."""
    triggers = list(triggers)
    dead = [name_trigger(each.source, each.name, why) for each in triggers if (why := _get_death(each))]
    failing = [
        name_trigger(each.source, each.name, each.last_result)
        for each in triggers
        if each.uuid and not _get_death(each) and is_failing(each.state, each.last_result)
    ]
    live = [each for each in triggers if each.verdict is not Verdict.SOURCE_ONLY]
    return Facts(
        polled=_get_kinds(each for each in live if each.uuid) if knows_mappings else None,
        found=_get_kinds(each for each in live if not each.uuid) if knows_policies else None,
        dead=tuple(dead),
        failing=tuple(failing) if knows_mappings else None,
    )


def _get_kinds(triggers: Iterable[Trigger]) -> tuple[str, ...]:
    return tuple(sorted({get_kind(each.source) for each in triggers}))


def _get_death(trigger: Trigger) -> str:
    """Why a trigger can't work; empty where it may."""
    if trigger.verdict is Verdict.SOURCE_ONLY:
        return "source only, will be denied"
    is_gone = any(each.answer is Answer.GONE for each in trigger.evidence)
    return "permitted only, source gone" if is_gone else ""
