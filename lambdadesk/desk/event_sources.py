"""EventSources, where the payloads of one function come from, as the picker shows them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.event_filters import FilterOutcome, check_filters
from lambdadesk.core.event_templates import EventContext, get_template, get_templates, render_template
from lambdadesk.core.saved_events import SHARED, SavedEvent, propose_copy_name
from lambdadesk.core.shared_events import SharedEvent, SharedEvents
from lambdadesk.core.trigger_events.build import build_event
from lambdadesk.core.trigger_events.plan import get_patterns
from lambdadesk.core.trigger_text import tell_unchecked
from lambdadesk.core.triggers import Trigger
from lambdadesk.core.types import FunctionInfo, InvocationType
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.trigger_scan import TriggerScan
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.store.saved_events import SavedEvents

if TYPE_CHECKING:  # not needed before somebody looks
    from lambdadesk.aws.live_events import LiveEvent, LiveOffer
    from lambdadesk.aws.shared_events import Saved

_MOST_RUNS = 50
_UNKNOWN_ACCOUNT = "123456789012"


class Part(StrEnum):
    TRIGGERS = "From triggers"
    SAVED = "Saved"
    SHARED = "Shared test events"
    TEMPLATES = "Templates"
    RECENT = "Recent runs"


@dataclass(frozen=True, slots=True)
class Choice:
    """One event to choose. key: stable, unique in all parts; problem: why it can't be chosen.

    One of trigger, saved, shared, template_key and entry says what it is; none of them: the log.
    """

    part: Part
    key: str
    title: str
    detail: str = ""
    problem: str = ""
    trigger: Trigger | None = None
    saved: SavedEvent | None = None
    shared: SharedEvent | None = None
    template_key: str = ""
    entry: HistoryEntry | None = None


@dataclass(frozen=True, slots=True)
class PartState:
    """What is known of a part. was_loaded: an answer came; note: what it left out, in a sentence.

    `error` is why the last look failed; the choices of the one before it stay.
    """

    choices: tuple[Choice, ...] = ()
    is_loading: bool = False
    was_loaded: bool = False
    note: str = ""
    error: UserError | None = None


@dataclass(frozen=True, slots=True)
class ChosenEvent:
    """A payload and where it came from, in words. notes: what one has to know about it, a sentence each.

    invocation_type: None where the event does not say how it is to be sent.
    """

    text: str
    origin: str
    template_key: str = ""
    invocation_type: InvocationType | None = None
    notes: tuple[str, ...] = ()


LOG = Choice(Part.TRIGGERS, "log", "Last event in the log", "of the last hour")


@dataclass(slots=True)
class _Read:
    """What was read of saved and shared events, so that a change by others is noticed."""

    versions: dict[tuple[str, str], str] = field(default_factory=dict)
    shared: SharedEvents = field(default_factory=SharedEvents)


class EventSources:
    """Loads each part on its own, so that one that is denied or slow keeps no other from being shown.

    get_saved: the saved events; asked each time, since the user may choose another folder.
    scan: of the function's triggers, where a page has one already.

    What asks AWS is asked on demand alone: triggers, shared events, live data. All other methods raise
    UserError; `refresh` keeps it in the part's state.

    Event changed: the state of this part was replaced.
    """

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        get_saved: Callable[[], SavedEvents],
        scan: TriggerScan | None = None,
    ) -> None:
        self.function = function
        self.scan = scan or TriggerScan(connection.gateway, function)
        self.changed: Event[[Part]] = Event()
        self.states = {part: PartState() for part in Part}
        self._connection = connection
        self._get_saved = get_saved
        self._read = _Read()
        self._disconnects = [
            self.scan.changed.connect(self._show_triggers),
            connection.invoker.recorded.connect(self._on_run),
            connection.invoker.updated.connect(self._on_run),
        ]
        self._show_triggers()
        self._show_templates()

    def close(self) -> None:
        """Listen to nothing any more."""
        for disconnect in self._disconnects:
            disconnect()

    @property
    def context(self) -> EventContext:
        """Where an event of this moment would happen."""
        parts = self.function.arn.split(":")
        is_arn = len(parts) > 5
        account = parts[4] if is_arn else self._connection.account or _UNKNOWN_ACCOUNT
        partition = parts[1] if is_arn else "aws"
        region, name = self._connection.target.region, self.function.name
        arn = self.function.arn or f"arn:{partition}:lambda:{region}:{account}:function:{name}"
        return EventContext(
            account, region, partition, name, arn, datetime.now(UTC), lambda: str(uuid.uuid4())
        )

    async def refresh(self, part: Part) -> None:
        """Look at one part again; why that failed is in its state."""
        if part is Part.TRIGGERS:
            await self.scan.run()
            return
        loads = {Part.SAVED: self._load_saved, Part.SHARED: self._load_shared, Part.RECENT: self._load_recent}
        if part not in loads:
            return
        self._set(part, is_loading=True)
        try:
            choices = await loads[part]()
        except UserError as error:
            self._set(part, is_loading=False, error=error)
        except BaseException:
            self._set(part, is_loading=False)
            raise
        else:
            self._set(part, is_loading=False, was_loaded=True, error=None, choices=choices)

    async def load(self, choice: Choice) -> ChosenEvent:
        """The payload of a choice. UserError: also where it has a problem, or nothing was asked yet."""
        if choice.problem:
            raise UserError(choice.problem, "Choose another one.", kind=ErrorKind.INVALID)
        if choice.trigger is not None:
            found = build_event(choice.trigger, self.context)
            origin = f"trigger {choice.trigger.source} {choice.trigger.name}"
            return ChosenEvent(found.text, origin, found.template_key, notes=found.assumed)
        if choice.saved is not None:
            owner, name = choice.saved.owner, choice.saved.name
            read = await self._get_saved().read(owner, name)
            self._read.versions[owner, name] = read.version
            return ChosenEvent(read.text, f"saved event {name}")
        if choice.shared is not None:
            shared = choice.shared
            return ChosenEvent(
                shared.text,
                f"shareable test event {shared.name}",
                invocation_type=shared.invocation_type or InvocationType.REQUEST_RESPONSE,
            )
        if choice.template_key:
            template = get_template(choice.template_key)
            text = render_template(choice.template_key, self.context)
            notes = (template.note,) if template.note else ()
            return ChosenEvent(text, f"template {template.title}", choice.template_key, notes=notes)
        if choice.entry is not None:
            return await self._load_run(choice.entry)
        raise UserError("The log was not read yet.", "Ask for its live data.", kind=ErrorKind.NOT_FOUND)

    def check_filters(self, choice: Choice, text: str) -> FilterOutcome | None:
        """Whether the event would get through the trigger's filters; None where there are none."""
        if choice.trigger is None:
            return None
        patterns = get_patterns(choice.trigger)
        return check_filters(choice.trigger.source, patterns, text) if patterns else None

    # -- live data

    def get_offer(self, choice: Choice) -> "LiveOffer | None":
        """What asking for the live data of a choice would do; None where there are none."""
        from lambdadesk.aws.live_events import LOG_OFFER, get_offer

        if choice.key == LOG.key:
            return LOG_OFFER
        return get_offer(choice.trigger) if choice.trigger is not None else None

    async def fetch_live(
        self, choice: Choice, *, accepts_receive: bool = False, confirmed: bool = False
    ) -> ChosenEvent:
        """An event from what is in the source now; see aws.live_events for what is raised."""
        from lambdadesk.aws.live_events import fetch_live_event, fetch_logged_event

        gateway, context = self._connection.gateway, self.context
        if choice.trigger is None:
            now = datetime.fromtimestamp(gateway.server_now_ms / 1000, UTC)
            return _to_chosen(await fetch_logged_event(gateway, self.function, now), "the log")
        found = await fetch_live_event(
            gateway, choice.trigger, context, accepts_receive=accepts_receive, confirmed=confirmed
        )
        return _to_chosen(found, f"{choice.trigger.source} {choice.trigger.name}")

    # -- saved events

    async def save(self, owner: str, name: str, text: str, *, overwrite: bool = False) -> None:
        """Keep a payload as a file. owner: the function's name, or SHARED.

        EventConflictError where an event of this name was not loaded here, or changed since.
        """
        version = None if overwrite else self._read.versions.get((owner, name), "")
        saved = await self._get_saved().save(owner, name, text, version=version)
        self._read.versions[owner, name] = saved.version
        await self.refresh(Part.SAVED)

    async def rename(self, choice: Choice, new_name: str, *, confirmed: bool = False) -> str:
        """Give a saved or shared event another name. Returns what others did meanwhile, mostly nothing."""
        if choice.saved is not None:
            owner, name = choice.saved.owner, choice.saved.name
            await self._get_saved().rename(owner, name, new_name)
            self._read.versions.pop((owner, name), None)
            await self.refresh(Part.SAVED)
            return ""
        from lambdadesk.aws.shared_events import rename_shared_event

        return self._take(
            await rename_shared_event(
                self._connection.gateway,
                self.function.name,
                _get_shared(choice).name,
                new_name,
                base=self._read.shared,
                confirmed=confirmed,
            )
        )

    async def duplicate(self, choice: Choice, *, confirmed: bool = False) -> str:
        """Copy a saved or shared event under a name of its own. Returns what others did meanwhile."""
        if choice.saved is not None:
            await self._get_saved().duplicate(choice.saved.owner, choice.saved.name)
            await self.refresh(Part.SAVED)
            return ""
        shared = _get_shared(choice)
        taken = {event.name for event in self._read.shared.events}
        name = propose_copy_name(shared.name, taken, gap="-")
        return await self.share(name, shared.text, shared.invocation_type, confirmed=confirmed)

    async def delete(self, choice: Choice, *, overwrite: bool = False, confirmed: bool = False) -> str:
        """Delete a saved or shared event. Returns what others did meanwhile, mostly nothing."""
        if choice.saved is not None:
            owner, name = choice.saved.owner, choice.saved.name
            await self._get_saved().delete(owner, name)
            self._read.versions.pop((owner, name), None)
            await self.refresh(Part.SAVED)
            return ""
        from lambdadesk.aws.shared_events import delete_shared_event

        return self._take(
            await delete_shared_event(
                self._connection.gateway,
                self.function.name,
                _get_shared(choice).name,
                base=self._read.shared,
                overwrite=overwrite,
                confirmed=confirmed,
            )
        )

    async def share(
        self,
        name: str,
        text: str,
        invocation_type: InvocationType | None = None,
        *,
        replaces: bool = False,
        overwrite: bool = False,
        confirmed: bool = False,
    ) -> str:
        """Keep a payload as a shareable test event. Returns what others did meanwhile, mostly nothing.

        replaces: the event of this name that was loaded here. EventConflictError where it changed since, or
        where the name is taken and nothing is to be replaced. overwrite: in any case.
        """
        from lambdadesk.aws.shared_events import save_shared_event

        self._check_registry()
        return self._take(
            await save_shared_event(
                self._connection.gateway,
                self.function.name,
                name,
                text,
                base=self._read.shared,
                invocation_type=invocation_type,
                is_new=not replaces,
                overwrite=overwrite,
                confirmed=confirmed,
            )
        )

    # -- the parts

    async def _load_saved(self) -> tuple[Choice, ...]:
        saved = self._get_saved()
        own, shared = await saved.list(self.function.name), await saved.list(SHARED)
        return tuple(
            Choice(
                Part.SAVED,
                f"saved|{event.owner}|{event.name}",
                event.name,
                "for all functions" if event.owner == SHARED else "",
                event.problem,
                saved=event,
            )
            for event in (*own, *shared)
        )

    async def _load_shared(self) -> tuple[Choice, ...]:
        from lambdadesk.aws.shared_events import fetch_shared_events

        self._check_registry()
        self._read.shared = await fetch_shared_events(self._connection.gateway, self.function.name)
        return _to_choices(self._read.shared)

    def _check_registry(self) -> None:
        if self._connection.target.is_local:
            raise UserError(
                "The Local AWS has no shareable test events.",
                "Save the event in a file, or open a connection to AWS.",
                kind=ErrorKind.LOCAL,
            )

    async def _load_recent(self) -> tuple[Choice, ...]:
        entries = await self._connection.recent(self.function.name)
        return tuple(self._to_run(entry) for entry in entries[:_MOST_RUNS])

    def _to_run(self, entry: HistoryEntry) -> Choice:
        at = datetime.fromtimestamp(entry.sent_ms / 1000).astimezone()
        is_today = at.date() == datetime.now().astimezone().date()
        words = (str(entry.outcome), entry.note or entry.origin)
        is_kept = self._connection.keeps_payloads or entry.payload
        problem = "" if is_kept else "The history keeps no payloads."
        return Choice(
            Part.RECENT,
            f"recent|{entry.id}|{entry.sent_ms}",
            at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M"),
            " · ".join(word for word in words if word),
            problem,
            entry=entry,
        )

    async def _load_run(self, lean: HistoryEntry) -> ChosenEvent:
        entry = await self._connection.entry(lean.id) if lean.id else None
        payload = entry.payload if entry is not None and entry.payload else lean.payload
        if not payload:
            raise UserError(
                "The payload of this run was not kept.",
                "History and privacy, in the File menu, has the choice.",
                kind=ErrorKind.NOT_FOUND,
            )
        at = datetime.fromtimestamp(lean.sent_ms / 1000).astimezone()
        kind = lean.kind if lean.kind is not InvocationType.DRY_RUN else None
        text = payload.decode("utf-8", "backslashreplace")
        return ChosenEvent(text, f"run of {at:%Y-%m-%d %H:%M:%S}", invocation_type=kind)

    def _on_run(self, entry: HistoryEntry) -> None:
        state = self.states[Part.RECENT]
        if entry.function != self.function.name or not state.was_loaded:
            return
        run = self._to_run(entry)
        is_known = any(each.key == run.key for each in state.choices)
        choices = tuple(run if each.key == run.key else each for each in state.choices)
        self._set(Part.RECENT, choices=choices if is_known else (run, *choices)[:_MOST_RUNS])

    def _show_triggers(self) -> None:
        scan = self.scan
        choices = tuple(
            Choice(
                Part.TRIGGERS,
                f"trigger|{trigger.key}",
                f"{trigger.source} {trigger.name}",
                " · ".join(part for part in (trigger.qualifier, trigger.filter) if part),
                trigger=trigger,
            )
            for trigger in scan.triggers
        )
        self._set(
            Part.TRIGGERS,
            choices=(*choices, LOG),
            is_loading=scan.is_running,
            was_loaded=scan.was_scanned,
            note=tell_unchecked(scan.unchecked),
            error=scan.error,
        )
        if not scan.is_running:
            self._show_templates()

    def _show_templates(self) -> None:
        sources = {trigger.source for trigger in self.scan.triggers}
        templates = sorted(get_templates(), key=lambda each: not sources & set(each.sources))
        choices = tuple(
            Choice(
                Part.TEMPLATES,
                f"template|{each.key}",
                each.title,
                "fits a trigger" if sources & set(each.sources) else "",
                template_key=each.key,
            )
            for each in templates
        )
        if choices != self.states[Part.TEMPLATES].choices:
            self._set(Part.TEMPLATES, choices=choices, was_loaded=True)

    def _take(self, saved: "Saved") -> str:
        self._read.shared = saved.events
        self._set(Part.SHARED, choices=_to_choices(saved.events), was_loaded=True, error=None)
        return saved.note

    def _set(self, part: Part, **changes: object) -> None:
        self.states[part] = replace(self.states[part], **changes)  # type: ignore[arg-type]  # named by callers
        self.changed.emit(part)


def _to_choices(shared: SharedEvents) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            Part.SHARED,
            f"shared|{event.name}",
            event.name,
            "asynchronous" if event.invocation_type is InvocationType.EVENT else "",
            event.problem,
            shared=event,
        )
        for event in shared.events
    )


def _get_shared(choice: Choice) -> SharedEvent:
    if choice.shared is None:
        raise ValueError(f"neither saved nor shared: {choice.key}")
    return choice.shared


def _to_chosen(found: "LiveEvent", where: str) -> ChosenEvent:
    calls = f"Asked {', '.join(found.calls)}."
    return ChosenEvent(found.text, f"live data of {where}", notes=(found.note, calls))
