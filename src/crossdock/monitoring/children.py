"""Lets child processes of a worker log as it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from crossdock.monitoring.settings import LogSettings, in_force


def like_us(name: str) -> Callable[[], None] | None:
    """Return what a child is to do first, to log under a name of its own; None: whoever wrote the program decides."""
    ours = in_force()
    return None if ours is None else partial(_set_up, replace(ours, process=f"{ours.process}/{name}"))


def _set_up(settings: LogSettings) -> None:
    from crossdock.monitoring.logs import set_up  # noqa: PLC0415 - only in children of a worker

    set_up(settings)
