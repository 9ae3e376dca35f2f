"""The tree of commands; the module of one is imported when it is called, or when help lists it."""

# ruff: noqa: ANN401 - Typer's commands have no public type

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from crossdock.cli.help import new_group, show_help_alone
from crossdock.cli.lazy import LazyGroup
from crossdock.cli.options import ConfigOption, StoreOption

COMMANDS: Final = (
    "init",
    "check",
    "doctor",
    "config",
    "run",
    "worker",
    "api",
    "reload",
    "send",
    "call",
    "claim",
    "serve",
    "file",
    "message",
    "app",
    "queue",
    "schedule",
    "key",
    "store",
    "version",
)

_HELP: Final = (
    "Durable messages between applications: a persistent queue in one file, nothing lost on the way."
)
_EXAMPLES: Final = """\
crossdock init
crossdock send validator '{"order": 17}'
crossdock claim validator --ack
crossdock queue stats"""


class CrossdockGroup(LazyGroup):
    """The commands of ``crossdock``."""

    package = "crossdock.cli.commands"
    names = COMMANDS


def command() -> Any:
    """Build the command."""
    app = new_group(_HELP, cls=CrossdockGroup, epilog=_EXAMPLES, add_completion=True)
    app.callback()(root)
    return get_command(app)


def root(
    ctx: typer.Context,
    store: StoreOption = None,
    config: ConfigOption = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,  # noqa: FBT002
) -> None:
    """Remember what was said before the command's name; without a command, show the help."""
    ctx.obj = {"store": store, "config": config}
    if version:
        from crossdock._version import __version__

        sys.stdout.write(f"crossdock {__version__}\n")
        raise typer.Exit
    show_help_alone(ctx)
