"""Ugly calendars, each named by what is ugly in it, and what comes of them."""

from __future__ import annotations

import pytest

from tests.task_priority.exporters.ics.seen import CORPUS, seen_in

NAMES = sorted(path.stem for path in CORPUS.glob("*.ics"))


@pytest.mark.parametrize("name", NAMES)
def test_ugly_calendars_come_out_right(name: str) -> None:
    expected = (CORPUS / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")
    assert seen_in((CORPUS / f"{name}.ics").read_bytes()) == expected


def test_each_calendar_has_its_expectation() -> None:
    assert sorted(path.stem for path in CORPUS.glob("*.txt")) == NAMES
    assert len(NAMES) > 50
