"""The options that commands share, and the way from a command line to a session."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from crossdock.cli.bundles import bundled, describe, option
from crossdock.cli.session import Session

P = ParamSpec("P")

StoreOption = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="The store, instead of the configured one.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Instead of crossdock.toml of this folder.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with stable keys.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AppOption = Annotated[
    str | None, typer.Option("--app", metavar="APP", help="Whose queue, if several apps have the message.")
]
SourceAppOption = Annotated[
    str | None,
    typer.Option("--source-app", metavar="APP", help="Who sent it, if several senders chose the same id."),
]


def with_session(function: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
    """Give a command the options ``--store`` and ``--config``, and pass it the session they describe.

    Both may stand before the command's name, too; behind it they win. A parameter whose type is a dataclass
    becomes one option per field.
    """
    inner = bundled(function)
    _, *own = inspect.signature(inner).parameters.values()

    def command(ctx: typer.Context, **given: Any) -> None:
        before = ctx.obj or {}
        common = {name: given.pop(name) or before.get(name) for name in ("store", "config")}
        inner(Session(**common), **given)

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    describe(command, function, [context, *own, option("store", StoreOption), option("config", ConfigOption)])
    return command
