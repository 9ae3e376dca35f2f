"""The tree of commands; the module of one is imported when it is called, or when help lists it."""

# ruff: noqa: ANN401 - Typer's contexts and commands have no public types

from __future__ import annotations

import importlib
import sys
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from crossdock.cli.help import PlainGroup, new_group, show_help_alone
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


class LazyGroup(PlainGroup):
    """A group whose commands are modules of ``crossdock.cli.commands``, by name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: dict[str, Any] = dict.fromkeys(COMMANDS)  # names alone; Typer suggests from them

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Return the names in the order of a first acquaintance."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """Import the command, if there is one of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"crossdock.cli.commands.{cmd_name}")
        found = get_command(module.app)
        found.name = cmd_name
        return found


def command() -> Any:
    """Build the command."""
    app = new_group(_HELP, cls=LazyGroup, epilog=_EXAMPLES, add_completion=True)
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
