"""Where the programs of an adapter run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crossdock.adapters.process.starter import Place

if TYPE_CHECKING:
    from crossdock.adapters.process.settings import ProcessInbound, ProcessOutbound
    from crossdock.ports.surroundings import Surroundings


def place_of(settings: ProcessOutbound | ProcessInbound, around: Surroundings) -> Place:
    """Return where a program runs, with which environment, and how far it may go."""
    return Place(
        folder=around.folder / (settings.folder or "."),
        environment={**os.environ, **settings.environment},
        limits=settings.limits(),
    )
