"""Dates in words: read where they are certain, and never guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_priority.exporters.todoist.dates import moment_of
from task_priority.exporters.todoist_backup.written_dates import date_in, repeats

EXPORTED = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-10-05", "2026-10-05"),
        (" 2026-10-05 ", "2026-10-05"),
        ("2026-10-05T18:00:00", "2026-10-05T18:00:00"),
        ("2026-10-05 at 11:00", "2026-10-05T11:00:00"),
        ("2026-10-05 18:30", "2026-10-05T18:30:00"),
        ("5 Oct 2026", "2026-10-05"),
        ("05 October 2026 9am", "2026-10-05T09:00:00"),
        ("1st Oct 2026 at 12:30 pm", "2026-10-01T12:30:00"),
        ("Oct 5 2026", "2026-10-05"),
        ("October 5, 2026 12am", "2026-10-05T00:00:00"),
        ("Sep. 5 2026", "2026-09-05"),
        ("every day starting 2026-12-01", "2026-12-01"),
        ("every! month at 9 starting 1 Dec 2026", "2026-12-01"),
        ("ev 2 weeks from Nov 26 2026 18:00", "2026-11-26T18:00:00"),
    ],
)
def test_a_date_that_is_certain_is_read(text: str, day: str) -> None:
    assert date_in(text, exported=EXPORTED) == day


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "Oct 5",
        "03/04/2026",
        "03.04.2026",
        "31 Feb 2026",
        "5 Brumaire 2026",
        "2026-13-01",
        "2026-10-05 at 7",
        "2026-10-05 at 25:00",
        "2026-10-05 13pm",
        "\u0665 Oct 2026",
        "every friday",
        "every day starting 2026-01-05",  # it has been repeated since, and nobody says when it is next
        "every day starting tomorrow",
        "everyday life",
        "",
    ],
)
def test_what_would_have_to_be_guessed_is_no_date(text: str) -> None:
    assert date_in(text, exported=EXPORTED) is None


def test_names_of_months_are_read_in_english_alone() -> None:
    assert date_in("5 mars 2026", language="fr", exported=EXPORTED) is None
    assert date_in("5 Mar 2026", language="", exported=EXPORTED) == "2026-03-05"
    assert date_in("2026-03-05", language="fr", exported=EXPORTED) == "2026-03-05"


@pytest.mark.parametrize(
    ("text", "answer"), [("every day", True), ("Every! 3 days", True), ("everyday", False)]
)
def test_what_repeats(text: str, *, answer: bool) -> None:
    assert repeats(text) is answer


@given(st.text(st.sampled_from("0123456789-: T,.octaprivymen"), max_size=20) | st.text(max_size=20))
def test_whatever_is_written_there_is_a_date_of_todoist_or_none(text: str) -> None:
    day = date_in(text, exported=EXPORTED)
    if day is not None and day >= "1900":
        moment_of(day)
