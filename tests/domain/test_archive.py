"""What becomes of a file that was begun and not finished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.domain.archive import GIVEN_UP_AFTER, BegunFile, FileFacts, NextStep, next_step

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FACTS = FileFacts(5, 100, "sha256:00")


def begun(
    *, ago: timedelta = timedelta(0), ours: bool, noted: bool = False, given_up: bool = False
) -> BegunFile:
    return BegunFile(
        "name", "/folder", "app", NOW - ago, "tests/1", ours, FACTS if noted else None, given_up=given_up
    )


@pytest.mark.parametrize(
    ("file", "step"),
    [
        (begun(ours=True), NextStep.LOOK),
        (begun(ours=True, given_up=True), NextStep.DISCARD),
    ],
)
def test_on_one_host_the_manifest_decides(file: BegunFile, step: NextStep) -> None:
    assert next_step(file, NOW, many_hosts=False) is step


@pytest.mark.parametrize(
    ("file", "step"),
    [
        (begun(ours=True), NextStep.DISCARD),
        (begun(ours=True, given_up=True), NextStep.DISCARD),
        (begun(ours=True, noted=True), NextStep.CONFIRM),
        (begun(ours=False), NextStep.LEAVE),
        (begun(ours=False, noted=True), NextStep.LEAVE),
        (begun(ours=False, ago=GIVEN_UP_AFTER), NextStep.GIVE_UP),
        (begun(ours=False, ago=GIVEN_UP_AFTER, given_up=True), NextStep.LEAVE),
        (begun(ours=False, ago=GIVEN_UP_AFTER, noted=True), NextStep.CONFIRM),
    ],
)
def test_of_many_hosts_the_store_decides(file: BegunFile, step: NextStep) -> None:
    assert next_step(file, NOW, many_hosts=True) is step
