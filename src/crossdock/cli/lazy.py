"""A group whose commands are imported when they are called, or when help lists them."""

# ruff: noqa: ANN401 - Typer's contexts and commands have no public types

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, ClassVar

from typer.main import get_command

from crossdock.cli.help import PlainGroup


class LazyGroup(PlainGroup):
    """A group whose commands are modules of one package, by name; each has an application called ``app``.

    Attributes:
        package: Where the modules are.
        names: Of the commands, in the order of a first acquaintance; a module has ``_`` where a name has ``-``.
    """

    package: ClassVar[str]
    names: ClassVar[Sequence[str]]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: dict[str, Any] = dict.fromkeys(self.names)  # names alone; Typer suggests from them

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Return the names."""
        return list(self.names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """Import the command, if there is one of that name."""
        if cmd_name not in self.names:
            return None
        module = importlib.import_module(f"{self.package}.{cmd_name.replace('-', '_')}")
        found = get_command(module.app)
        found.name = cmd_name
        return found
