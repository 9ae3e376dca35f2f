"""Whose command it is: its name, and how its tree of commands is built."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Program:
    """A command of the shell.

    Attributes:
        name: As it is typed.
        title: As people call it.
        module: Where its function ``command`` is, which builds the tree; imported when it runs.
        extra: What must be installed beside Crossdock for it, such as ``crossdock[api]``; empty: nothing.
    """

    name: str
    title: str
    module: str
    extra: str = ""

    @property
    def debug_variable(self) -> str:
        """The variable with which errors come with their traceback."""
        return f"{self.name.upper().replace('-', '_')}_DEBUG"

    def command(self) -> Any:  # noqa: ANN401 - Typer's commands have no public type
        """Build the tree of commands."""
        return importlib.import_module(self.module).command()
