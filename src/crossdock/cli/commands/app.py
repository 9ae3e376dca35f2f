"""``crossdock app``: the apps that are configured or hold messages, and how one of them does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_group
from crossdock.cli.human import ago, count, printable
from crossdock.cli.known_apps import added_apps
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.reloading import await_all
from crossdock.cli.session import Session
from crossdock.cli.statuses import halt_cell
from crossdock.cli.terminal import Cell, Column, say, say_facts, say_json, say_table, tell
from crossdock.domain.cloudevent import instant_text
from crossdock.domain.json_form import stats_document
from crossdock.domain.wording import did_you_mean

if TYPE_CHECKING:
    from crossdock import QueueStats
    from crossdock.app.registration import Registration
    from crossdock.config.model import AppTable
    from crossdock.domain.record import AppSwitch

app = new_group("Look at apps, and direct the work for them: stop, start, restart.")

AppArgument = Annotated[str, typer.Argument(metavar="APP", help="Which app.")]
WaitOption = Annotated[
    timedelta,
    typer.Option("--wait", metavar="DURATION", help="Wait so long for all workers.", parser=inputs.duration),
]


_DONE: Final = {"stop": "stopped", "start": "started", "restart": "restarted"}


@app.command("list", **described("crossdock app list", "crossdock app list --json"))
@with_session
def list_(session: Session, *, json: JsonOption = False) -> None:
    """List the apps that the configuration names, those of its applications, and those whose queues hold messages."""
    tables, added = session.loaded.config.apps, added_apps(session)
    figures = _figures(session)
    names = sorted({*tables, *added, *figures})
    if json:
        say_json(
            [
                {**_document(name, tables.get(name), figures.get(name)), "added": name in added}
                for name in names
            ]
        )
        return
    columns = [Column("APP"), Column("HANDLER", shrinks=True), Column("NEXT")]
    columns += [Column(title, right=True) for title in ("READY", "PROCESSING", "FAILED")]
    columns.append(Column(""))
    rows = [_row(name, tables.get(name), figures.get(name), added.get(name)) for name in names]
    say_table(columns, rows, empty="no app is configured, and no queue holds a message")


@app.command(**described("crossdock app status validator", "crossdock app status validator --json"))
@with_session
def status(
    session: Session,
    app: AppArgument,
    *,
    json: JsonOption = False,
) -> None:
    """Print what is configured for an app, and how its queue stands."""
    table, added = session.loaded.config.apps.get(app), added_apps(session).get(app)
    stats = _figures(session).get(app)
    if table is None and added is None and stats is None:
        raise _unknown(session, app)
    switch = _switch_of(session, app)
    if json:
        say_json({**_document(app, table, stats), **_switch_document(switch)})
        return
    say_facts([*_configured(session, app, table, added), *_work(switch), *_standing(stats)])


@app.command(**described("crossdock app stop validator", "crossdock app stop validator --wait 2m"))
@with_session
def stop(session: Session, app: AppArgument, *, wait: WaitOption = "30s") -> None:  # type: ignore[assignment]  # parsed
    """Let no worker work for an app until it is started again, and wait until all have stopped.

    What is in work may end; what is unfinished when the time to drain is over goes back, nothing spent. What is sent
    waits; other programs may claim it, unless the queue is paused.
    """
    _switch(session, app, "stop", wait)


@app.command(**described("crossdock app start validator"))
@with_session
def start(session: Session, app: AppArgument, *, wait: WaitOption = "30s") -> None:  # type: ignore[assignment]  # parsed
    """Let an app that was stopped be worked for again."""
    _switch(session, app, "start", wait)


@app.command(**described("crossdock app restart validator"))
@with_session
def restart(session: Session, app: AppArgument, *, wait: WaitOption = "30s") -> None:  # type: ignore[assignment]  # parsed
    """Work for an app with new connections and programs: the old ones end as by a stop."""
    _switch(session, app, "restart", wait)


def _switch(session: Session, app: str, verb: str, wait: timedelta) -> None:
    """Say it, and wait until every process has obeyed.

    Raises:
        Refusal: There is no such app.
    """
    from crossdock.app.switching import Switch, switch_app
    from crossdock.app.worker import processes_of

    with session.queue() as queue:
        if app not in {*session.in_force.config.apps, *added_apps(session), *queue.stats()}:
            raise _unknown(session, app)
        generation = switch_app(queue, app, Switch(verb))
        await_all(queue, generation, wait)
        late = [one for one in processes_of(queue) if one.generation < generation]
    for one in late:
        tell(f"process {one.pid} on {one.host} has not done so within {wait.total_seconds():g} s")
    say(f"{_DONE[verb]}  {app}")
    if late:
        raise typer.Exit(ExitCode.FAILED)


def _unknown(session: Session, app: str) -> Refusal:
    hint = did_you_mean(app, {*session.in_force.config.apps, *added_apps(session), *_figures(session)})
    return Refusal(
        f"no app {app}: it is not configured, and its queue is empty{hint}",
        ExitCode.NOT_FOUND,
    )


def _figures(session: Session) -> dict[str, QueueStats]:
    """Return how the queues stand; none, if there is no store yet."""
    if not session.has_store():
        return {}
    with session.queue() as queue:
        return queue.stats()


def _switch_of(session: Session, app: str) -> AppSwitch | None:
    """Return what operators said of the work for an app; None: nothing, or there is no store yet."""
    from crossdock.app.switching import switch_of

    if not session.has_store():
        return None
    with session.queue() as queue:
        return switch_of(queue, app)


def _switch_document(switch: AppSwitch | None) -> dict[str, Any]:
    return {
        "stopped_at": None if switch is None else instant_text(switch.stopped_at),
        "stopped_by": None if switch is None else switch.stopped_by,
    }


def _work(switch: AppSwitch | None) -> list[tuple[str, Cell | str]]:
    """Return that no worker is to work for it, and who said so."""
    if switch is None or switch.stopped_at is None:
        return []
    words = f"stopped {ago(switch.stopped_at, datetime.now(UTC))} by {printable(switch.stopped_by or '')}"
    return [("work", Cell(words, "yellow"))]


def _document(name: str, table: AppTable | None, stats: QueueStats | None) -> dict[str, Any]:
    return {
        "app": name,
        "configured": None if table is None else table.model_dump(mode="json", exclude_unset=True),
        "queue": None if stats is None else stats_document(stats),
    }


def _row(
    name: str, table: AppTable | None, stats: QueueStats | None, added: Registration | None
) -> list[Cell | str]:
    figures = [0, 0, 0] if stats is None else [stats.ready, stats.processing, stats.failed]
    return [
        name,
        _handler(table, added),
        _following(table, added),
        *(Cell(count(figure), "" if figure else "dim") for figure in figures),
        "" if stats is None else halt_cell(stats),
    ]


def _transports(table: AppTable | None) -> str:
    """Return what brings in and hands over the messages of an app, in words."""
    if table is None:
        return ""
    inbound = f"from {table.inbound.words}" if table.inbound is not None else ""
    outbound = "" if table.outbound is None else table.outbound.words
    return ", ".join(filter(None, [inbound, outbound]))


def _handler(table: AppTable | None, added: Registration | None) -> str:
    return _transports(table) or ("" if added is None else "of an application")


def _following(table: AppTable | None, added: Registration | None) -> str:
    """Return the apps that receive what an app sends."""
    return ", ".join(added.following if added is not None else () if table is None else table.next)


def _configured(
    session: Session, name: str, table: AppTable | None, added: Registration | None
) -> list[tuple[str, Cell | str]]:
    config = session.loaded.config
    policies = config.retry_policies()
    policy = (None if added is None else added.retry) or policies.get(name, policies["*"])
    facts: list[tuple[str, Cell | str]] = [
        ("app", name),
        ("handler", _handler(table, added) or Cell("none", "dim")),
    ]
    if following := _following(table, added):
        facts.append(("next", following))
    if table is not None:
        facts.append(("concurrency", str(table.concurrency or 1)))
    if table is not None and table.timeout is not None:
        facts.append(("timeout", f"{table.timeout.total_seconds():g} s"))
    facts.append(("attempts", f"up to {policy.max_attempts}"))
    return facts


def _ruled(stats: QueueStats) -> list[tuple[str, Cell | str]]:
    """Return the rules that are in force, whoever set them."""
    limit = None if stats.max_depth is None else f"{count(stats.depth)} of {count(stats.max_depth)} at most"
    rules = {
        "fallback": stats.fallback,
        "depth": limit,
        "at a time": None
        if stats.max_processing is None
        else f"{count(stats.max_processing)} in all processes",
        "rate": None if stats.rate is None else f"{stats.rate} in all processes",
    }
    return [(name, str(rule)) for name, rule in rules.items() if rule is not None]


def _standing(stats: QueueStats | None) -> list[tuple[str, Cell | str]]:
    if stats is None:
        return [("queue", Cell("empty", "dim"))]
    names = ("ready", "scheduled", "blocked", "processing", "completed", "failed")
    facts: list[tuple[str, Cell | str]] = [(name, count(getattr(stats, name))) for name in names]
    halt = halt_cell(stats)
    return [*_ruled(stats), *facts, ("halted", halt)] if halt else [*_ruled(stats), *facts]
