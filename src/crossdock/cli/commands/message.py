"""``crossdock message``: one message, by its id."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import inputs
from crossdock.cli.help import described, new_group
from crossdock.cli.human import clock, instant, printable, span
from crossdock.cli.options import AppOption, JsonOption, SourceAppOption, with_session
from crossdock.cli.session import Session
from crossdock.cli.statuses import event_cell, status_cell
from crossdock.cli.terminal import Cell, Column, hint, paint, say, say_facts, say_json, say_table, tell
from crossdock.domain.json_form import record_document, timeline_document
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock import Record, TimelineEntry

app = new_group("Look at one message, or change what becomes of it.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The message's id.")]


@app.command(
    **described("crossdock message show 0199-…", "crossdock message show 0199-… --data > invoice.pdf")
)
@with_session
def show(  # noqa: PLR0913 - one option for each way to name it and to print it
    session: Session,
    message_id: IdArgument,
    *,
    app: AppOption = None,
    source_app: SourceAppOption = None,
    data: Annotated[bool, typer.Option("--data", help="Print the data alone, bytes as they are.")] = False,
    json: JsonOption = False,
) -> None:
    """Print a message and how it stands."""
    with session.queue() as queue:
        record = queue.get(message_id, app=app, source_app=source_app)
    if data:
        _print_data(record.message.data)
    elif json:
        say_json(record_document(record))
    else:
        say_facts((name, cell) for name, cell in _facts(record))
        _print_parts(record)


@app.command(**described("crossdock message timeline 0199-…"))
@with_session
def timeline(
    session: Session,
    message_id: IdArgument,
    *,
    app: AppOption = None,
    source_app: SourceAppOption = None,
    json: JsonOption = False,
) -> None:
    """Print everything that happened to a message, in order."""
    with session.queue() as queue:
        entries = queue.timeline(message_id, app=app, source_app=source_app)
    if json:
        say_json([timeline_document(entry) for entry in entries])
        return
    columns = [
        Column("TIME"),
        Column("AFTER", right=True),
        Column("EVENT"),
        Column("ATTEMPT", right=True),
        Column("WHO"),
        Column("WHAT", shrinks=True),
    ]
    say_table(columns, _timeline_rows(entries), empty="nothing is known of it")


@app.command(
    **described(
        """crossdock message edit 0199-… --data '{"order": 17, "quantity": 2}'""",
        "crossdock message edit 0199-… --priority 9 --available-at 2031-05-17T08:30",
    )
)
@with_session
def edit(  # noqa: PLR0913 - one option for each thing that may be changed
    session: Session,
    message_id: IdArgument,
    *,
    app: AppOption = None,
    source_app: SourceAppOption = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA|@FILE|-", help="New data, JSON.")
    ] = None,
    bytes_from: Annotated[
        str | None, typer.Option("--bytes", metavar="FILE", help="New data, bytes.")
    ] = None,
    priority: Annotated[
        int | None, typer.Option("--priority", "-p", metavar="0-9", min=0, max=9, help="New priority.")
    ] = None,
    available_at: Annotated[
        datetime | None,
        typer.Option("--available-at", metavar="INSTANT", help="New time of delivery.", parser=inputs.moment),
    ] = None,
    expires_at: Annotated[
        datetime | None,
        typer.Option("--expires-at", metavar="INSTANT", help="New end of its use.", parser=inputs.moment),
    ] = None,
    max_attempts: Annotated[
        int | None, typer.Option("--max-attempts", metavar="COUNT", min=1, help="Deliveries in all.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Change a message that waits or failed; the old values stay in its timeline."""
    changes: dict[str, Any] = {
        "priority": priority,
        "available_at": available_at,
        "expires_at": expires_at,
        "max_attempts": max_attempts,
    }
    if data is not None and bytes_from is not None:
        raise typer.BadParameter("give either --data or --bytes")
    if data is not None:
        changes["data"] = inputs.document(data)
    elif bytes_from is not None:
        changes["data"] = inputs.content(bytes_from)
    if all(value is None for value in changes.values()) and "data" not in changes:
        raise typer.BadParameter(
            "say what to change: --data, --bytes, --priority, --available-at, --expires-at or --max-attempts"
        )
    with session.queue() as queue:
        record = queue.edit(message_id, app=app, source_app=source_app, **changes)
    _conclude(record, "changed", json=json)
    if record.error is not None:
        hint(f"it is still a dead letter; send it again: crossdock message replay {message_id}")


@app.command(**described("crossdock message replay 0199-…"))
@with_session
def replay(
    session: Session,
    message_id: IdArgument,
    *,
    app: AppOption = None,
    source_app: SourceAppOption = None,
    json: JsonOption = False,
) -> None:
    """Send a dead letter, or a completed message, again; its counters start at zero, its history is kept."""
    with session.queue() as queue:
        record = queue.replay(message_id, app=app, source_app=source_app)
    _conclude(record, "sent again", json=json)


@app.command(**described("crossdock message cancel 0199-…"))
@with_session
def cancel(
    session: Session,
    message_id: IdArgument,
    *,
    app: AppOption = None,
    source_app: SourceAppOption = None,
    json: JsonOption = False,
) -> None:
    """Withdraw a message that is not finished; it becomes a dead letter, which can be replayed."""
    with session.queue() as queue:
        record = queue.cancel(message_id, app=app, source_app=source_app)
    _conclude(record, "cancelled", json=json)


def _conclude(record: Record, what: str, *, json: bool) -> None:
    if json:
        say_json(record_document(record))
    else:
        tell(f"{what}; it is {record.status.value} in the queue of {record.app}")


def _print_data(data: object) -> None:
    if isinstance(data, bytes):
        sys.stdout.buffer.write(data)
    else:
        say(json_module.dumps(data, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def _facts(record: Record) -> Iterator[tuple[str, Cell | str]]:
    """Give what there is to say, in the order of interest; what has no value is left out."""
    message = record.message
    limit = "" if record.max_attempts is None else f" of {record.max_attempts}"
    yield "id", message.id
    yield "app", record.app
    yield "status", status_cell(record)
    yield "attempts", f"{record.attempts}{limit}"
    found: dict[str, Any] = {
        "crashes": record.crashes or None,
        "priority": message.priority,
        "partition key": message.partitionkey,
        "type": message.type,
        "source": message.source,
        "sent by": record.created_by,
        "subject": message.subject,
        "content type": message.datacontenttype,
        "schema": message.dataschema,
        "correlation id": message.correlationid,
        "traceparent": message.traceparent,
        **{f"extension {name}": str(value) for name, value in message.extensions.items()},
        "time": message.time,
        "stored": record.created_at,
        "due": record.available_at,
        "expires": message.expirytime,
        "claimed": record.claimed_at,
        "claimed by": record.lease_owner,
        "lease until": record.lease_until,
        "finished": record.processed_at,
    }
    for name, value in found.items():
        if value is not None:
            yield name, instant(value) if isinstance(value, datetime) else printable(str(value))


def _print_parts(record: Record) -> None:
    """Print what may take many lines: the error, the result, the data."""
    if record.error is not None:
        say(
            f"\n{paint('error', 'dim')}\n{paint(record.error.code, 'red')}  {printable(record.error.message)}"
        )
        for field, issue in record.error.details:
            say(f"  {printable(field)}: {printable(issue)}")
    if record.result is not None:
        say(f"\n{paint('result', 'dim')}\n{_pretty(record.result)}")
    say(f"\n{paint('data', 'dim')}\n{_pretty(record.message.data)}")


def _pretty(value: object) -> str:
    if isinstance(value, bytes):
        return f"{counted(len(value), 'byte')}; --data writes them"
    text = json_module.dumps(value, ensure_ascii=False, indent=2)
    return "\n".join(printable(line) for line in text.split("\n"))


def _timeline_rows(entries: list[TimelineEntry]) -> list[list[Cell | str]]:
    rows: list[list[Cell | str]] = []
    for before, entry in zip([None, *entries], entries, strict=False):
        after = "" if before is None else f"+{span(entry.at - before.at)}"
        what = " ".join([*([entry.code] if entry.code else []), *_details(entry.details)])
        rows.append(
            [
                clock(entry.at),
                Cell(after, "dim"),
                event_cell(entry.event),
                "" if entry.attempt is None else str(entry.attempt),
                printable(_who(entry.who)),
                printable(what),
            ]
        )
    return rows


def _who(who: str | None) -> str:
    """Return the name of a process with the beginning of its boot id."""
    name, slash, boot_id = (who or "").rpartition("/")
    return f"{name}/{boot_id[:8]}" if slash else boot_id


def _details(details: dict[str, Any]) -> Iterator[str]:
    for name, value in details.items():
        yield f"{name}={json_module.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value}"
