"""``crossdock schedule``: what sends itself, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_group
from crossdock.cli.human import ago, count, instant, printable
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.schedule_options import EachOptions, TimingOptions
from crossdock.cli.session import Session
from crossdock.cli.terminal import Cell, Column, paint, say, say_facts, say_json, say_table, tell
from crossdock.domain.errors import InvalidMessage, ScheduleNotFound
from crossdock.domain.json_form import schedule_document
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock import Queue, Schedule

app = new_group("Let messages send themselves: by cron expression, at intervals, or once.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Which schedule.")]
DataArgument = Annotated[
    str | None, typer.Argument(metavar="DATA|@FILE|-", help="JSON; null unless given. -: standard input.")
]

_SHOWN: Final = 5


@app.command("list", **described("crossdock schedule list", "crossdock schedule list --json"))
@with_session
def list_(session: Session, *, json: JsonOption = False) -> None:
    """List all schedules, with the next slot in the schedule's own time zone and in that of this machine."""
    with session.queue() as queue:
        found = queue.schedules()
    if json:
        say_json([_document(one) for one in found])
        return
    columns = [
        Column("SCHEDULE"),
        Column("QUEUE"),
        Column("WHEN", shrinks=True),
        Column("NEXT"),
        Column("HERE"),
    ]
    columns += [Column(""), Column("SENT", right=True), Column("")]
    say_table(columns, [_row(one) for one in found], empty="there are no schedules")


@app.command(**described("crossdock schedule show report", "crossdock schedule show report --json"))
@with_session
def show(session: Session, name: NameArgument, *, json: JsonOption = False) -> None:
    """Print a schedule and its next slots."""
    with session.queue() as queue:
        schedule = queue.schedule(name)
    _print(schedule, json=json)


@app.command(
    **described(
        """crossdock schedule add report reporter '{"kind": "daily"}' --cron '0 7 * * 1-5' --timezone Europe/Paris""",
        "crossdock schedule add poll importer --every 5m --missed skip",
        "crossdock schedule add reminder mailer @reminder.json --at 2031-05-17T08:30",
    )
)
@with_session
def add(  # noqa: PLR0913 - a schedule says much
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    app: Annotated[str, typer.Argument(metavar="APP", help="Whose queue gets the messages.")],
    data: DataArgument = None,
    *,
    timing: TimingOptions,
    each: EachOptions,
    json: JsonOption = False,
) -> None:
    """Let messages send themselves from now on. The store is made if there is none.

    Whatever has the store open sends them: workers, 'crossdock run', your programs.
    """
    when = timing.when()
    if when is None:
        raise Refusal("say when: give one of --cron, --every and --at", ExitCode.USAGE)
    value = None if data is None else inputs.document(data)
    options = {**timing.rest(), **each.given()}
    with session.new_queue() as queue:
        _demand_new(queue, name)
        if isinstance(when, datetime):
            _refuse_of_once(options)
            schedule = queue.at(when, app, value, name=name, **options)
        else:
            schedule = queue.every(when, app, value, name=name, **options)
    _conclude(schedule, "made", json=json)


@app.command(
    "set",
    **described(
        "crossdock schedule set report --cron '0 8 * * 1-5'", "crossdock schedule set poll --every 10m"
    ),
)
@with_session
def set_(  # noqa: PLR0913 - a schedule says much
    session: Session,
    name: NameArgument,
    data: DataArgument = None,
    *,
    timing: TimingOptions,
    each: EachOptions,
    queue_of: Annotated[
        str | None, typer.Option("--app", metavar="APP", help="Whose queue gets the messages.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Change what is given of a schedule; the rest stays as it is."""
    _refuse_configured(session, name, "change")
    changes: dict[str, Any] = {**timing.rest(), **each.given()}
    if data is not None:
        changes["data"] = inputs.document(data)
    if queue_of is not None:
        changes["app"] = queue_of
    when = timing.when()
    if when is None and not changes:
        raise Refusal("say what is to change", ExitCode.USAGE)
    with session.queue() as queue:
        schedule = queue.edit_schedule(name, when=when, **changes)
    _conclude(schedule, "as it was" if schedule.change == "unchanged" else "changed", json=json)


@app.command(**described("crossdock schedule pause report"))
@with_session
def pause(session: Session, name: NameArgument, *, json: JsonOption = False) -> None:
    """Let a schedule send nothing until it is resumed; what declares it again does not change that."""
    with session.queue() as queue:
        schedule = queue.pause_schedule(name)
    _conclude(schedule, f"paused; go on with: crossdock schedule resume {name}", json=json)


@app.command(**described("crossdock schedule resume report"))
@with_session
def resume(session: Session, name: NameArgument, *, json: JsonOption = False) -> None:
    """Let a paused schedule send again, from its next slot on."""
    with session.queue() as queue:
        schedule = queue.resume_schedule(name)
    _conclude(schedule, "not paused", json=json)


@app.command(**described("crossdock schedule remove report"))
@with_session
def remove(session: Session, name: NameArgument) -> None:
    """Remove a schedule; what it has sent stays."""
    _refuse_configured(session, name, "remove")
    with session.queue() as queue:
        queue.delete_schedule(name)
    tell(f"schedule {name} is removed")


def _demand_new(queue: Queue, name: str) -> None:
    try:
        queue.schedule(name)
    except ScheduleNotFound:
        return
    raise Refusal(f"there is a schedule {name} already; change it with: crossdock schedule set {name}")


def _refuse_of_once(options: dict[str, Any]) -> None:
    for name in ("timezone", "start"):
        if name in options:
            raise Refusal(f"--{name} is not for --at", ExitCode.USAGE)


def _refuse_configured(session: Session, name: str, verb: str) -> None:
    """Leave alone what the configuration would put back at once."""
    if name in session.loaded.config.schedules:
        raise Refusal(f"schedule {name} is declared in {session.loaded.file}; {verb} it there")


def _conclude(schedule: Schedule, what: str, *, json: bool) -> None:
    if json:
        say_json(_document(schedule))
        return
    following = "" if schedule.next_at is None else f"; next: {_zoned(schedule, schedule.next_at)}"
    tell(f"schedule {schedule.name} is {what}{'' if schedule.paused_at else following}")


def _document(schedule: Schedule) -> dict[str, Any]:
    return schedule_document(schedule, schedule.known_slots(_SHOWN))


def _row(schedule: Schedule) -> list[Cell | str]:
    slot = schedule.next_at if schedule.paused_at is None else None
    return [
        schedule.name,
        schedule.app,
        _when(schedule),
        "" if slot is None else _zoned(schedule, slot),
        "" if slot is None else f"{slot.astimezone():%Y-%m-%d %H:%M:%S}",
        "" if slot is None else ago(slot),
        count(schedule.sent),
        _state(schedule),
    ]


def _state(schedule: Schedule) -> Cell | str:
    if schedule.paused_at is not None:
        return Cell("paused", "yellow")
    return Cell("done", "dim") if schedule.next_at is None else ""


def _when(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return schedule.cron
    if schedule.interval is not None:
        return f"every {_duration(schedule.interval)}"
    return "once"


def _duration(interval: timedelta) -> str:
    from crossdock.config.values import format_duration

    return format_duration(interval)


def _zoned(schedule: Schedule, slot: datetime) -> str:
    """Write a slot in the schedule's own time zone, with its name."""
    return f"{_in_zone(schedule, slot):%Y-%m-%d %H:%M:%S} {schedule.timezone or 'UTC'}"


def _in_zone(schedule: Schedule, slot: datetime) -> datetime:
    """Return a slot on the clocks of its schedule; in UTC, if this machine does not know them."""
    from crossdock.domain.local_time import zone

    try:
        return slot.astimezone(zone(schedule.timezone or "UTC"))
    except InvalidMessage:
        return slot.astimezone(UTC)


def _print(schedule: Schedule, *, json: bool) -> None:
    if json:
        say_json(_document(schedule))
        return
    say_facts(_facts(schedule))
    slots = schedule.known_slots(_SHOWN)
    if slots and schedule.paused_at is None:
        say(f"\n{paint('next', 'dim')}")
        for slot in slots:
            say(f"{_zoned(schedule, slot)}  {instant(slot)}")
    say(f"\n{paint('data', 'dim')}\n{_data(schedule.data)}")


def _facts(schedule: Schedule) -> Iterator[tuple[str, Cell | str]]:
    yield "schedule", schedule.name
    yield "queue", schedule.app
    yield "when", _when(schedule)
    found: dict[str, Any] = {
        "time zone": schedule.timezone,
        "once at": schedule.at,
        "start": schedule.start,
        "missed": schedule.missed.value,
        **{name.replace("_", " "): value for name, value in schedule.options.items()},
        "sent": count(schedule.sent),
        "last slot": schedule.last_slot,
        "paused": schedule.paused_at,
        "declared by": f"{schedule.declared_by}{' (configuration)' if schedule.configured else ''}",
        "declared": schedule.created_at,
        "changed": schedule.updated_at,
    }
    for name, value in found.items():
        if value is not None:
            yield name, instant(value) if isinstance(value, datetime) else printable(str(value))


def _data(data: object) -> str:
    import json

    if isinstance(data, bytes):
        return counted(len(data), "byte")
    return "\n".join(printable(line) for line in json.dumps(data, ensure_ascii=False, indent=2).split("\n"))
