"""The watch over this machine's own slowness forgives what the machine did, and nothing else."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.stalls import InTime

if TYPE_CHECKING:
    from pathlib import Path


def overstay(watch: InTime) -> None:
    time.sleep(0.2)
    while time.monotonic() < watch.allowed_until:
        time.sleep(0.05)


def test_block_that_takes_too_long_by_itself_fails(tmp_path: Path) -> None:
    watch = InTime(tmp_path, 0.001)
    with pytest.raises(AssertionError, match=r"took .* s; at most 0.001 s"), watch:
        overstay(watch)


def test_what_a_stalled_disk_took_is_forgiven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (time.sleep(0.3), sync(file)))
    with InTime(tmp_path, 0.1):
        time.sleep(0.5)


def test_error_of_the_block_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), InTime(tmp_path, 0.0):
        _ = 1 / 0
