"""Schedules: messages that send themselves, again and again or once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.conditions import change_if_still, demand_match
from crossdock.api.errors import Refusal
from crossdock.api.finding import instant_of, unless_known
from crossdock.api.idempotency import IdempotencyKey, Made, done_once
from crossdock.api.operations import APP_PATTERN, Answers, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import IfMatch, IfNoneMatch
from crossdock.api.schedule_models import (
    NewSchedule,
    ScheduleChanges,
    ScheduleDocument,
    Schedules,
    ScheduleWish,
)
from crossdock.api.state import Caller
from crossdock.domain.errors import ScheduleNotFound
from crossdock.domain.json_form import schedule_document
from crossdock.domain.key import Scope

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.domain.schedule import Schedule, ScheduleSpec
    from crossdock.ports.store import Transaction

T = TypeVar("T")

operations = Operations("schedules")

_ADMIN: Final = needs(Scope.SCHEDULES_ADMIN)
_SHOWN: Final = 5
_TAG: Final = {"ETag": "Of this state of the schedule."}
ScheduleName = Annotated[str, Path(pattern=APP_PATTERN, description="Of the schedule.", examples=["morning"])]


@operations.on(
    "GET",
    "/schedules",
    id="listSchedules",
    access=_ADMIN,
    answers=Answers(Schedules, meaning="The schedules."),
)
async def list_schedules(caller: CallerOf) -> JsonAnswer:
    """List the schedules, by name.

    A key that is bound to an app sees those that send to that app.
    """
    found = [one for one in await caller.queue.schedules() if caller.key.app in {None, one.app}]
    return JsonAnswer({"schedules": [_document(one) for one in found]})


@operations.on(
    "POST",
    "/schedules",
    id="createSchedule",
    access=_ADMIN,
    answers=Answers(
        ScheduleDocument,
        201,
        "It is there from now on.",
        headers={"Location": "Of the schedule.", "Idempotency-Replayed": "Answered before."},
    ),
    errors=(
        "SCHEDULE_EXISTS", "INVALID_MESSAGE", "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_IN_USE",
        "IDEMPOTENCY_KEY_REUSED",
    ),
)  # fmt: skip
async def create_schedule(
    wish: NewSchedule,
    request: Request,
    caller: CallerOf,
    state: StateOf,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Let messages send themselves; refused if there is a schedule of that name."""
    caller.demand_app(wish.app)
    spec = _spec(caller, wish.name, wish)

    def create(tx: Transaction) -> Schedule:
        made = tx.declare_schedule(spec)
        if made.change != "created":
            raise Refusal("SCHEDULE_EXISTS", f"there is a schedule {wish.name}; replace it with PUT")
        return made

    return await done_once(
        state,
        caller,
        operation="createSchedule",
        name=idempotency_key,
        request=request,
        work=create,
        answer=lambda made: Made(201, _document(made), f"/api/v1/schedules/{made.name}"),
    )


@operations.on(
    "GET",
    "/schedules/{name}",
    id="getSchedule",
    access=_ADMIN,
    answers=Answers(
        ScheduleDocument, meaning="The schedule.", headers=_TAG, more={304: "It is as you have it."}
    ),
    errors=("SCHEDULE_NOT_FOUND",),
)
async def get_schedule(name: ScheduleName, caller: CallerOf, if_none_match: IfNoneMatch = None) -> Response:
    """Return a schedule, with its next slots."""
    schedule = await _found(caller, name)
    return unless_known(_tag(schedule), if_none_match, _document(schedule))


@operations.on(
    "PUT",
    "/schedules/{name}",
    id="replaceSchedule",
    access=_ADMIN,
    answers=Answers(ScheduleDocument, meaning="The schedule as it is now.", headers=_TAG),
    errors=("SCHEDULE_NOT_FOUND", "INVALID_MESSAGE", "PRECONDITION_FAILED", "PRECONDITION_REQUIRED"),
)
async def replace_schedule(
    name: ScheduleName, wish: ScheduleWish, caller: CallerOf, if_match: IfMatch = None
) -> JsonAnswer:
    """Declare a schedule otherwise. What it has sent stays; one of a configuration is put back at its next start."""
    held = await _found(caller, name)
    caller.demand_app(wish.app)
    spec = _spec(caller, name, wish)
    demand_match(_tag(held), if_match, "schedule")
    return _state(await _changed(caller, held, if_match, lambda tx: tx.declare_schedule(spec)))


@operations.on(
    "PATCH",
    "/schedules/{name}",
    id="changeSchedule",
    access=_ADMIN,
    answers=Answers(ScheduleDocument, meaning="The schedule as it is now.", headers=_TAG),
    errors=("SCHEDULE_NOT_FOUND", "INVALID_MESSAGE", "PRECONDITION_FAILED", "PRECONDITION_REQUIRED"),
)
async def change_schedule(
    name: ScheduleName, changes: ScheduleChanges, caller: CallerOf, if_match: IfMatch = None
) -> JsonAnswer:
    """Change what is given of a schedule, and leave the rest as it is.

    What it has sent stays; one of a configuration is put back at its next start.
    """
    held = await _found(caller, name)
    demand_match(_tag(held), if_match, "schedule")
    spec = _merged(caller, held, changes)
    caller.demand_app(spec.app)
    # Whatever it is that may match, the rest is as it was read here.
    return _state(await _changed(caller, held, _tag(held), lambda tx: tx.declare_schedule(spec)))


@operations.on(
    "DELETE",
    "/schedules/{name}",
    id="deleteSchedule",
    access=_ADMIN,
    answers=Answers(None, 204, "It sends nothing any more."),
    errors=("SCHEDULE_NOT_FOUND", "PRECONDITION_FAILED"),
)
async def delete_schedule(name: ScheduleName, caller: CallerOf, if_match: IfMatch = None) -> Response:
    """Remove a schedule; what it has sent stays."""
    held = await _found(caller, name)
    await _changed(caller, held, if_match, lambda tx: tx.delete_schedule(name))
    return Response(status_code=204)


@operations.on(
    "POST",
    "/schedules/{name}/pause",
    id="pauseSchedule",
    access=_ADMIN,
    answers=Answers(ScheduleDocument, meaning="The schedule as it is now.", headers=_TAG),
    errors=("SCHEDULE_NOT_FOUND", "PRECONDITION_FAILED"),
)
async def pause_schedule(name: ScheduleName, caller: CallerOf, if_match: IfMatch = None) -> JsonAnswer:
    """Let a schedule send nothing until it is resumed."""
    held = await _found(caller, name)
    return _state(await _changed(caller, held, if_match, lambda tx: tx.pause_schedule(name)))


@operations.on(
    "POST",
    "/schedules/{name}/resume",
    id="resumeSchedule",
    access=_ADMIN,
    answers=Answers(ScheduleDocument, meaning="The schedule as it is now.", headers=_TAG),
    errors=("SCHEDULE_NOT_FOUND", "PRECONDITION_FAILED"),
)
async def resume_schedule(name: ScheduleName, caller: CallerOf, if_match: IfMatch = None) -> JsonAnswer:
    """Let a paused schedule send again, from its next slot on; the slots of the pause are left out."""
    held = await _found(caller, name)
    return _state(await _changed(caller, held, if_match, lambda tx: tx.resume_schedule(name)))


async def _found(caller: Caller, name: str) -> Schedule:
    """Return a schedule, if the caller may know of it."""
    schedule = await caller.queue.schedule(name)
    if caller.key.app not in {None, schedule.app}:
        raise ScheduleNotFound(f"no schedule {name}")
    return schedule


async def _changed(
    caller: Caller, held: Schedule, if_match: str | None, change: Callable[[Transaction], T]
) -> T:
    """Change a schedule if it is as the caller has read it.

    Raises:
        Refusal: It is not.
    """
    return await change_if_still(
        caller,
        change,
        if_match,
        tag=_tag(held),
        revision=lambda tx: tx.schedule_revision(held.name),
        seen=held.revision,
        what="schedule",
    )


def _spec(caller: Caller, name: str, wish: ScheduleWish) -> ScheduleSpec:
    declarations = caller.queue._declarations
    timing = declarations.timing(_when(wish.model_dump()), timezone=wish.timezone, start=None)
    options = {} if wish.priority is None else {"priority": wish.priority}
    return declarations.spec(
        wish.app, wish.data, timing=timing, name=name, missed=wish.missed, options=options
    )


def _merged(caller: Caller, held: Schedule, wish: ScheduleChanges) -> ScheduleSpec:
    """Return a schedule as it is to be when what is given is changed."""
    named = wish.model_dump(exclude_unset=True)
    given = {name: value for name, value in named.items() if value is not None or name == "data"}
    declarations = caller.queue._declarations
    timings = given.keys() & {"cron", "every_s", "at"}
    when = _when(given) if timings else None
    timing = declarations.changed_timing(held, when, timezone=given.get("timezone"), start=None)
    changes = {one: given[one] for one in ("app", "data", "missed") if one in given}
    options = {one: given[one] for one in ("priority",) if one in given}
    return declarations.merged(held, timing=timing, fixed_start=False, options=options, **changes)


def _when(wish: Mapping[str, Any]) -> str | timedelta | datetime:
    """Return when a schedule is to send.

    Raises:
        Refusal: None or several of the three ways to say it are used.
    """
    given = {name: wish[name] for name in ("cron", "every_s", "at") if wish.get(name) is not None}
    if len(given) != 1:
        issue = "exactly one of cron, every_s and at says when"
        raise Refusal(
            "VALIDATION_ERROR", issue, [(name, issue) for name in (*given, *([] if given else ["cron"]))]
        )
    ((name, value),) = given.items()
    match name:
        case "every_s":
            return timedelta(seconds=value)
        case "at":
            return instant_of("at", value)
        case _:
            return str(value)


def _tag(schedule: Schedule) -> str:
    return f'"{schedule.name}-{schedule.revision}"'


def _document(schedule: Schedule) -> dict[str, Any]:
    document = schedule_document(schedule, schedule.known_slots(_SHOWN))
    del document["change"]
    return document


def _state(schedule: Schedule) -> JsonAnswer:
    return JsonAnswer(_document(schedule), headers={"ETag": _tag(schedule)})
