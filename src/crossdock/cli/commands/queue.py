"""``crossdock queue``: what waits for an app, and what is done with all of it."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.actions import LogAppArgument, LogLimitOption, say_actions
from crossdock.cli.bulk import STEP, agreed, in_steps, smaller
from crossdock.cli.help import described, new_group
from crossdock.cli.human import ago, printable, span
from crossdock.cli.known_apps import remark_on_strange
from crossdock.cli.options import JsonOption, YesOption, with_session
from crossdock.cli.session import Session
from crossdock.cli.statuses import stats_row, status_cell
from crossdock.cli.terminal import (
    Cell,
    Column,
    busy,
    hint,
    progress,
    say,
    say_json,
    say_json_lines,
    say_table,
    tell,
)
from crossdock.domain.json_form import record_document, stats_document, timeline_document
from crossdock.domain.lazy_message import LazyMessage
from crossdock.domain.lifecycle import Status
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock import Queue, Record

app = new_group("Look at queues, and direct them: pause, resume, replay, cancel, archive, purge.")

AppArgument = Annotated[str, typer.Argument(metavar="APP", help="Whose queue.")]
AnyAppArgument = Annotated[str | None, typer.Argument(metavar="APP", help="Whose queue; all unless given.")]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", "-n", metavar="COUNT", min=1, help="At most so many, the oldest first."),
]
CodeOption = Annotated[
    str | None,
    typer.Option(
        "--code", metavar="CODE", help="Only what failed with this code, such as ATTEMPTS_EXHAUSTED."
    ),
]
OlderThanOption = Annotated[
    timedelta | None,
    typer.Option(
        "--older-than", metavar="DURATION", help="Only what ended longer ago.", parser=inputs.duration
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be.")]

_PAGE: Final = 1000
_PREVIEW: Final = 120


class Finished(StrEnum):
    """What can be purged."""

    COMPLETED = "completed"
    FAILED = "failed"


@app.command(
    "list",
    **described(
        "crossdock queue list validator --status failed",
        "crossdock queue list --newest-first --limit 20",
        "crossdock queue list validator --status failed --limit 100000 --json > dead-letters.jsonl",
    ),
)
@with_session
def list_(  # noqa: PLR0913 - one option for each way to choose
    session: Session,
    app: AnyAppArgument = None,
    *,
    status: Annotated[Status | None, typer.Option("--status", help="Only these.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="COUNT", min=1, help="At most so many.")
    ] = 100,
    after: Annotated[
        int | None, typer.Option("--after", metavar="ROW", help="Go on behind this row.")
    ] = None,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Turn the order round.")] = False,
    json: JsonOption = False,
) -> None:
    """List messages in the order in which they arrived; --json prints JSON Lines with all there is."""
    with session.queue() as queue:
        pages = _pages(queue, app, limit=limit, status=status, after=after, newest_first=newest_first)
        if json:
            for page in pages:
                say_json_lines(record_document(record) for record in page)
            return
        records = [record for page in pages for record in page]
    _print_records(records, app, _describe(app, status))
    if len(records) == limit:
        hint(f"there may be more: --after {records[-1].row_id}")


@app.command(**described("crossdock queue stats", "crossdock queue stats validator --json"))
@with_session
def stats(session: Session, app: AnyAppArgument = None, *, json: JsonOption = False) -> None:
    """Print how each queue stands."""
    with session.queue() as queue:
        found = list(queue.stats(app).values())
    if json:
        say_json([stats_document(one) for one in found])
        return
    columns = [Column("QUEUE", shrinks=True)]
    columns += [
        Column(title, right=True)
        for title in ("READY", "SCHEDULED", "BLOCKED", "PROCESSING", "COMPLETED", "FAILED")
    ]
    columns += [Column("OLDEST DUE"), Column("")]
    say_table(columns, [stats_row(one) for one in found], empty="no queue holds a message")


@app.command(**described("crossdock queue log validator", "crossdock queue log --json"))
@with_session
def log(
    session: Session,
    app: LogAppArgument = None,
    *,
    limit: LogLimitOption = 100,
    json: JsonOption = False,
) -> None:
    """Print what operators did to a queue, the newest first: pauses, purges, replays, other rules."""
    with session.queue() as queue:
        entries = queue.actions(app, limit=limit)
    if json:
        say_json([timeline_document(entry) for entry in entries])
        return
    say_actions(entries)


@app.command(**described("crossdock queue pause validator"))
@with_session
def pause(session: Session, app: AppArgument) -> None:
    """Let nothing more be claimed from a queue; what is sent waits."""
    with session.queue() as queue:
        strange = remark_on_strange(session, queue, app)
        queue.pause(app)
    tell(f"{app} is paused{strange}; go on with: crossdock queue resume {app}")


@app.command(**described("crossdock queue resume validator"))
@with_session
def resume(session: Session, app: AppArgument) -> None:
    """Let a paused or parked queue be claimed from again."""
    with session.queue() as queue:
        strange = remark_on_strange(session, queue, app)
        queue.resume(app)
    tell(f"{app} is not paused{strange}")


@app.command(
    **described(
        "crossdock queue replay warehouse --dry-run",
        "crossdock queue replay warehouse --code ATTEMPTS_EXHAUSTED --rate 10",
    )
)
@with_session
def replay(  # noqa: PLR0913 - one option for each way to choose
    session: Session,
    app: AppArgument,
    *,
    code: CodeOption = None,
    limit: LimitOption = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", metavar="NUMBER", min=0.001, help="So many per second; all at once unless given."
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Send the dead letters of a queue again."""
    with session.queue() as queue:
        total = smaller(limit, _count_dead(queue, app, code))
        if not agreed(
            f"Send {counted(total, 'dead letter')} of {app} again", total, dry_run=dry_run, yes=yes
        ):
            return
        if rate is None:
            done = in_steps("replaying", total, lambda step: queue.replay_many(app, code=code, limit=step))
        else:
            done = queue.replay_many(app, code=code, limit=limit, rate=rate)
    tell(f"{counted(done, 'dead letter')} of {app} sent again" + (f", {rate:g} per second" if rate else ""))


@app.command(
    **described("crossdock queue cancel validator --dry-run", "crossdock queue cancel validator --yes")
)
@with_session
def cancel(
    session: Session,
    app: AppArgument,
    *,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Withdraw the waiting messages of a queue; they become dead letters, which can be replayed."""
    with session.queue() as queue:
        figures = queue.stats(app)[app]
        total = smaller(limit, figures.ready + figures.scheduled + figures.blocked)
        if not agreed(
            f"Cancel {counted(total, 'waiting message')} of {app}", total, dry_run=dry_run, yes=yes
        ):
            return
        done = in_steps("cancelling", total, lambda step: queue.cancel_many(app, limit=step))
    tell(f"{counted(done, 'message')} of {app} cancelled")


@app.command(
    **described(
        "crossdock queue purge validator --older-than 7d",
        "crossdock queue purge validator --status failed --dry-run",
    )
)
@with_session
def purge(  # noqa: PLR0913 - one option for each way to choose
    session: Session,
    app: AppArgument,
    *,
    status: Annotated[Finished, typer.Option("--status", help="Which messages.")] = Finished.COMPLETED,
    older_than: OlderThanOption = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Remove finished messages and their history for good.

    A removed message is forgotten: sent again under the same id, it is a new one.
    """
    age = older_than or timedelta(0)
    with session.queue() as queue:
        total = smaller(limit, _count_finished(queue, app, Status(status), age))
        if not agreed(
            f"Remove {counted(total, f'{status} message')} of {app} for good", total, dry_run=dry_run, yes=yes
        ):
            return
        done = in_steps(
            "purging", total, lambda step: queue.purge(app, status=status, older_than=age, limit=step)
        )
    tell(f"{counted(done, 'message')} of {app} removed")


@app.command(
    **described(
        "crossdock queue archive validator --older-than 7d",
        "crossdock queue archive --older-than 1d --to-files --json",
    )
)
@with_session
def archive(  # noqa: PLR0913 - one option for each way to choose
    session: Session,
    app: AnyAppArgument = None,
    *,
    older_than: OlderThanOption = None,
    limit: LimitOption = None,
    to_files: Annotated[
        bool,
        typer.Option("--to-files", help="Write to files what was archived longer ago than dedup_for, too."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Move completed messages to the archive now; retention does it by itself when they are old enough.

    Archived messages are still found, and known when they are sent again; they cannot be replayed.
    """
    age = older_than or timedelta(0)
    done = 0
    with session.queue() as queue:
        with progress("archiving", limit) as advance:
            while (step := STEP if limit is None else min(STEP, limit - done)) > 0:
                found = queue.archive(app, older_than=age, limit=step)
                done += found
                advance(found)
                if found < step:
                    break
        with busy("writing files"):
            files = queue._archiver.write_files(app) if to_files else []  # noqa: SLF001 - one program with the queue
    paths = [str(Path(file.folder) / file.name) for file in files]
    if json:
        say_json({"archived": done, "files": paths})
        return
    tell(f"{counted(done, 'message')} archived")
    for path in paths:
        say(path)
    if to_files and not paths:
        kept = span(session.loaded.config.retention.dedup_for)
        hint(
            f"nothing went to files: a message stays in the archive until its id may be forgotten, after {kept}"
        )


def _pages(
    queue: Queue, app: str | None, *, limit: int, after: int | None = None, **options: Any
) -> Iterator[list[Record]]:
    """Give records page by page, so that a long listing takes no more room than a short one."""
    while limit > 0:
        page = queue.list(app, limit=min(_PAGE, limit), after=after, **options)
        if not page:
            return
        yield page
        limit -= len(page)
        after = page[-1].row_id


def _print_records(records: list[Record], app: str | None, what: str) -> None:
    columns = [
        Column("ID"),
        *([] if app else [Column("QUEUE")]),
        Column("STATUS"),
        Column("TRIES", right=True),
    ]
    columns += [Column("SENT"), Column("DATA, OR ERROR", shrinks=True)]
    now = datetime.now(UTC)
    rows: list[list[Cell | str]] = [
        [
            record.message.id,
            *([] if app else [record.app]),
            status_cell(record),
            str(record.attempts),
            ago(record.created_at, now),
            _preview(record),
        ]
        for record in records
    ]
    say_table(columns, rows, empty=f"no {what}")


def _preview(record: Record) -> Cell:
    if record.error is not None:
        return Cell(_cut(f"{record.error.code}: {record.error.message}"), "dim")
    if isinstance(record.message, LazyMessage):
        return Cell("large data", "dim")
    data = record.message.data
    return Cell(
        _cut(
            counted(len(data), "byte")
            if isinstance(data, bytes)
            else json_module.dumps(data, ensure_ascii=False)
        )
    )


def _cut(text: str) -> str:
    return printable(text if len(text) <= _PREVIEW else f"{text[: _PREVIEW - 1]}…")


def _describe(app: str | None, status: Status | None) -> str:
    words = f"{status.value} message" if status else "message"
    return f"{words} in the queue of {app}" if app else f"{words} in any queue"


def _count_dead(queue: Queue, app: str, code: str | None) -> int:
    if code is None:
        return queue.stats(app)[app].failed
    pages = _pages(queue, app, limit=2**62, status=Status.FAILED)
    return sum(record.error is not None and record.error.code == code for page in pages for record in page)


def _count_finished(queue: Queue, app: str, status: Status, age: timedelta) -> int:
    if not age:
        figures = queue.stats(app)[app]
        return figures.completed if status is Status.COMPLETED else figures.failed
    before = datetime.now(UTC) - age
    pages = _pages(queue, app, limit=2**62, status=status)
    return sum(
        record.processed_at is not None and record.processed_at < before for page in pages for record in page
    )
