"""A part of the soak: minutes of the mixed load of P9 on each kind of store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.crash.mixed_load import play_mixed_load
from tests.crash.nursery import Nursery
from tests.crash.probe import Play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.mixed_load import Outcome
    from tests.crash.stage import Place

STORES = ("sqlite", "postgresql", "safe-mode")


def play_load(folder: Path, place: Place, seconds: float) -> Outcome:
    """Play one round."""
    with Nursery(folder) as nursery:
        return play_mixed_load(Play(nursery, folder, place), nursery, folder, seconds)
