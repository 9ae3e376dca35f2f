"""The tree of commands; the module of one is imported when it is called, or when help lists it."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from crossdock.command import LazyGroup, new_group, show_help_alone

COMMANDS: Final = (
    "demo",
    "today",
    "next",
    "week",
    "list",
    "plan",
    "busy",
    "explain",
    "why-not",
    "weights",
    "connect",
    "disconnect",
    "sources",
    "history",
    "sync",
    "done",
    "snooze",
    "undo",
    "export",
    "feed",
    "run",
    "sandbox",
)
_HELP: Final = (
    "What to do next, why, and when it fits: one ranked, explained list of your tasks and your calendar."
)
_EXAMPLES: Final = """\
task-priority demo
task-priority today --ics my.ics --csv my.csv
task-priority connect todoist
task-priority today"""


class TaskPriorityGroup(LazyGroup):
    """The commands of ``task-priority``."""

    package = "task_priority.cli.commands"
    names = COMMANDS


def command() -> Any:  # noqa: ANN401 - Typer's commands have no public type
    """Build the command."""
    app = new_group(_HELP, cls=TaskPriorityGroup, epilog=_EXAMPLES, add_completion=True)
    app.callback()(root)
    return get_command(app)


def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,  # noqa: FBT002
) -> None:
    """Without a command, show the help."""
    if version:
        from crossdock import __version__

        sys.stdout.write(f"task-priority {__version__}\n")
        raise typer.Exit
    show_help_alone(ctx)
