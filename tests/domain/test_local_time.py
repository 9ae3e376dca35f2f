"""Schedules and clocks: every change of every time zone, beside clocks that are played minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.domain.cron import parse
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.local_time import Change, first_change, next_time, zone
from tests.domain.clocks import EXPRESSIONS, at, changes, expected, given_slots, played, zones

READ = [parse(text) for text in EXPRESSIONS]
FIRST, LAST = datetime(2000, 1, 1), datetime(2050, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
HOUR = timedelta(hours=1)
ASKED_EVERY = timedelta(minutes=35)
ODD = [
    ("Australia/Lord_Howe", "2026-04-04", "half an hour back"),
    ("Australia/Lord_Howe", "2026-10-03", "half an hour on"),
    ("Pacific/Apia", "2011-12-30", "a whole day left out"),
    ("America/Santiago", "2026-09-05", "midnight left out"),
    ("America/Santiago", "2026-04-04", "back over midnight"),
    ("America/St_Johns", "2006-04-01", "one minute after midnight, on"),
    ("America/St_Johns", "2006-10-28", "one minute after midnight, back over it"),
    ("Asia/Pyongyang", "2015-08-14", "half an hour back for good"),
    ("Asia/Pyongyang", "2018-05-04", "half an hour on for good"),
    ("America/Caracas", "2007-12-09", "half an hour back for good"),
    ("Antarctica/Troll", "2026-03-28", "two hours on"),
    ("Antarctica/Casey", "2010-03-04", "three hours back"),
    ("Africa/Casablanca", "2026-02-14", "back for Ramadan"),
    ("Africa/Cairo", "2026-04-23", "midnight left out"),
    ("Asia/Gaza", "2026-03-27", "two in the morning"),
    ("Europe/Paris", "2026-03-28", "an hour on"),
    ("Europe/Paris", "2026-10-24", "an hour back"),
]


def around(change: Change) -> tuple[datetime, datetime]:
    """Return whole minutes before and after a change between which everything it touches lies."""
    shift = abs(change.after - change.before)
    begin = (change.at - shift - 3 * HOUR).replace(second=0)
    return begin, (change.at + shift + 4 * HOUR).replace(second=0)


def compare(name: str, change: Change) -> None:
    where = zone(name)
    begin, end = around(change)
    clocks = played(where, begin, end)
    for text, expression in zip(EXPRESSIONS, READ, strict=True):
        found, right = given_slots(expression, where, begin, end), expected(expression, clocks)
        assert found == right, f"{name}, {change.at}: {text}"
        for n in range((end - begin) // ASKED_EVERY):  # whoever asks in between is told the same
            moment = begin + n * ASKED_EVERY
            slot = next_time(expression, where, moment)
            assert slot is not None
            following = next((one for one in right if one > moment), None)
            assert slot == following or (following is None and slot > end), f"{name}, {moment}: {text}"


@pytest.mark.parametrize(("name", "day", "what"), ODD)
def test_odd_changes(name: str, day: str, what: str) -> None:
    change = first_change(zone(name), at(day), at(day) + timedelta(days=2))
    assert change is not None, what
    compare(name, change)


def test_next_change_of_many_zones() -> None:
    """One change of every third; ``test_every_change_of_fifty_years`` does the rest."""
    seen = 0
    begin = at("2026-01-01")
    for name in zones()[::3]:
        change = first_change(zone(name), begin, begin + timedelta(days=366))
        if change is not None:
            compare(name, change)
            seen += 1
    assert seen > 20


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(8))
def test_every_change_of_fifty_years(part: int) -> None:
    seen = 0
    for name in zones()[part::8]:
        for change in changes(zone(name), at("2000-01-01"), at("2050-01-01")):
            compare(name, change)
            seen += 1
    assert seen > 1000


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(zones()),
    st.sampled_from(READ),
    st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
)
def test_slots_rise_and_do_not_depend_on_when_they_are_asked_for(
    name: str, expression: object, after: datetime
) -> None:
    where = zone(name)
    first = next_time(expression, where, after)  # type: ignore[arg-type]  # of READ
    assert first is not None
    assert first > after
    again = next_time(expression, where, after + (first - after) / 3)  # type: ignore[arg-type]
    assert again == first == next_time(expression, where, first - timedelta(microseconds=1))  # type: ignore[arg-type]


class TestRules:
    """What the documents promise, in their words."""

    def test_fixed_time_that_is_left_out_comes_at_the_end_of_the_gap(self) -> None:
        assert self.of("30 2 * * *", "2026-03-28T12:00", "2026-03-30T12:00") == [
            "2026-03-29 03:00+0200",
            "2026-03-30 02:30+0200",
        ]

    def test_two_fixed_times_in_one_gap_are_one_slot(self) -> None:
        assert self.of("0,15,30 2 * * *", "2026-03-28T12:00", "2026-03-29T12:00") == ["2026-03-29 03:00+0200"]

    def test_fixed_time_that_comes_twice_is_sent_at_the_first(self) -> None:
        assert self.of("30 2 * * *", "2026-10-24T12:00", "2026-10-26T12:00") == [
            "2026-10-25 02:30+0200",
            "2026-10-26 02:30+0100",
        ]

    def test_what_follows_the_clock_is_sent_both_times_and_not_in_the_gap(self) -> None:
        assert self.of("30 * * * *", "2026-10-24T23:00", "2026-10-25T02:00") == [
            "2026-10-25 01:30+0200",
            "2026-10-25 02:30+0200",
            "2026-10-25 02:30+0100",
        ]
        assert self.of("30 * * * *", "2026-03-29T00:00", "2026-03-29T02:00") == [
            "2026-03-29 01:30+0100",
            "2026-03-29 03:30+0200",
        ]

    def of(self, text: str, begin: str, end: str) -> list[str]:
        where = zone("Europe/Paris")
        return [
            f"{slot.astimezone(where):%Y-%m-%d %H:%M%z}"
            for slot in given_slots(parse(text), where, at(begin), at(end))
        ]


def test_an_instant_may_be_in_any_zone() -> None:
    after = datetime(2026, 1, 1, 12, 0, tzinfo=timezone(timedelta(hours=9)))
    assert next_time(parse("0 4 * * *"), UTC, after) == at("2026-01-01T04:00")


class TestZones:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("Europe/Pris", "did you mean Europe/Paris?"),
            ("europe/paris", "did you mean Europe/Paris?"),
            ("", 'for example "Europe/Paris"'),
            ("Europe", "is not a time zone that is known here"),
            ("../etc/passwd", "is not a time zone that is known here"),
            ("/etc/localtime", "is not a time zone that is known here"),
        ],
    )
    def test_unknown_zone_is_told_with_the_nearest_name(self, name: str, words: str) -> None:
        with pytest.raises(InvalidMessage, match="timezone") as caught:
            zone(name)
        assert words in str(caught.value)

    def test_machine_without_zones_is_told_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("crossdock.domain.local_time.available_timezones", set)
        with pytest.raises(InvalidMessage, match=r"pip install 'crossdock\[tzdata\]'"):
            zone("Europe/Nowhere")

    def test_utc_needs_no_database(self) -> None:
        assert zone("UTC") is UTC
