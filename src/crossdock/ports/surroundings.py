"""What an adapter is told of where it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crossdock.domain.message import AppId


def _nothing(_name: str) -> None:
    """Let children do nothing first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where an adapter works.

    Attributes:
        app: Whose adapter it is.
        folder: Relative paths count from here: the folder of the configuration.
        owner: This process, its name and boot id: ``name/boot-id``.
        lives: Tells whether a process with such a name may still be alive on this host.
        now: Returns the present, aware UTC.
        notice: Is told what a person should know: a name for it, such as ``file.duplicate``, and words.
        prepare_child: Given a name, returns what a child process that runs Python code is to do first, which can be
            pickled; None: nothing.
    """

    app: AppId
    folder: Path
    owner: str
    lives: Callable[[str], bool]
    now: Callable[[], datetime]
    notice: Callable[[str, str], object]
    prepare_child: Callable[[str], Callable[[], object] | None] = _nothing

    @property
    def boot_id(self) -> str:
        """The part of ``owner`` that no other process ever has; it can name a folder."""
        return self.owner.rpartition("/")[2]
