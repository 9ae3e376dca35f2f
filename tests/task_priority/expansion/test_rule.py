"""How a rule is read: what real calendars write is taken, what cannot be followed is refused in words."""

from __future__ import annotations

import pytest

from task_priority.expansion.rule import Frequency, Rule, parse_rule


def test_case_spaces_and_parts_of_programs_do_not_matter() -> None:
    rule = parse_rule("freq=weekly;BYDAY=MO, FR,;X-EVOLUTION-ENDDATE=1;WKST=su;")
    assert rule == Rule(Frequency.WEEKLY, weekdays=((0, 0), (4, 0)), week_start=6)


def test_a_leap_second_is_the_one_before() -> None:
    assert parse_rule("FREQ=MINUTELY;BYSECOND=59,60").seconds == (59,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no FREQ"),
        ("FREQ=FORTNIGHTLY", "there are YEARLY"),
        ("FREQ=DAILY;INTERVAL=0", "above 0"),
        ("FREQ=DAILY;COUNT=-1", "above 0"),
        ("FREQ=DAILY;COUNT=9999999999", "above 0"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "twice"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR has '24'"),
        ("FREQ=DAILY;BYSETPOS=0", "BYSETPOS has '0'"),
        ("FREQ=DAILY;BYDAY=XX", "'XX' is no weekday"),
        ("FREQ=DAILY;BYDAY=0MO", "'0MO' is no weekday"),
        ("FREQ=DAILY;UNTIL=20260230", "does not exist"),
        ("FREQ=DAILY;UNTIL=soon", "neither a day nor a time"),
        ("FREQ=DAILY;BYEASTER=1", "no part of a rule"),
        ("FREQ=YEARLY;RSCALE=HEBREW", "another calendar"),
        ("FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=FORWARD", "SKIP"),
        ("FREQ=DAILY;BYHOUR=" + "1," * 3000, "more than 4000 characters"),
        ("٣", "no part"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_rule(text)
