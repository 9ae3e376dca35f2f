"""``task-priority history``: how the runs of the sources went."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from crossdock.command import ExitCode, Refusal, bundled, described, new_command, say, say_json
from task_priority.cli.options import Form
from task_priority.cli.output import demand_one, show_view
from task_priority.cli.session import Session

if TYPE_CHECKING:
    from crossdock.exporting import Exports, SyncReport

app = new_command()
_SHOWN: Final = 20
_MOST: Final = 200


@app.command(
    **described(
        "task-priority history", "task-priority history todoist --limit 3", "task-priority history --json"
    )
)
@bundled
def history(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", help="Only of this one, by the name that sources shows."),
    ] = None,
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="COUNT", min=1, max=_MOST, help="At most so many runs.")
    ] = _SHOWN,
    form: Form,
) -> None:
    """Show the newest runs of the sources: when, with which outcome, how much was fetched, what went wrong.

    Also of those of a hub that runs. A run that fetched everything anew says why.
    """
    from crossdock.exporting import Exports
    from task_priority.sources import Sources
    from task_priority.views.history import history_markdown, history_view, run_form

    demand_one(form)
    session = Session()
    session.demand_connected()
    zone, now = session.settings().zone, datetime.now(UTC)
    with session.queue() as queue, Sources(session.home) as sources:
        runs = _runs(Exports(queue), _chosen(source, sources.names()), limit)
    if form.json:
        say_json([run_form(run) for run in runs])
    elif form.markdown:
        say(history_markdown(runs, now, zone))
    else:
        show_view(history_view(runs, now, zone))


def _chosen(source: str | None, names: list[str]) -> list[str]:
    if source is None:
        return names
    if source not in names:
        raise Refusal(
            f"no source is called {source!r}; connected: {', '.join(sorted(names))}", ExitCode.NOT_FOUND
        )
    return [source]


def _runs(exports: Exports, names: list[str], limit: int) -> list[SyncReport]:
    """Return the newest runs of all of them, the newest first."""
    found = [run for name in names for run in exports.history(name, limit)]
    return sorted(found, key=lambda run: (run.started_at, run.id), reverse=True)[:limit]
