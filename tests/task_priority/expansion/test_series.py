"""Series of repetitions: what starts within a window, in local time, and what is left out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from task_priority.expansion.series import Series, TooMany, expand
from task_priority.expansion.written import read_moment
from task_priority.moments import Day, Floating, Instant
from task_priority.reading import Window

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = Window(datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), BERLIN)
AUTUMN = Window(datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC), BERLIN)


def originals(
    start: str, *rules: str, zone: ZoneInfo | None = BERLIN, window: Window = MARCH, **more: str
) -> str:
    """Return the repetitions as they are written, of a series written likewise."""
    dates, exceptions = (
        tuple(map(read_moment, more.get(name, "").split())) for name in ("dates", "exceptions")
    )
    series = Series(read_moment(start), zone, rules, dates, exceptions)
    return " ".join(occurrence.original for occurrence in expand(series, window))


def test_the_clock_changes_and_the_local_time_does_not() -> None:
    found = originals("20260327T090000", "FREQ=DAILY;COUNT=4")
    assert found == "20260327T080000Z 20260328T080000Z 20260329T070000Z 20260330T070000Z"


def test_a_time_that_the_clock_leaves_out_has_the_offset_before_the_change() -> None:
    found = originals("20260328T023000", "FREQ=DAILY;COUNT=3")
    assert found == "20260328T013000Z 20260329T013000Z 20260330T003000Z"


def test_a_start_that_the_clock_leaves_out_repeats_at_its_own_time() -> None:
    assert originals("20260329T023000", "FREQ=DAILY;COUNT=2") == "20260329T013000Z 20260330T003000Z"


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    found = originals("20261024T023000", "FREQ=DAILY;COUNT=3", window=AUTUMN)
    assert found == "20261024T003000Z 20261025T003000Z 20261026T013000Z"


def test_two_local_times_that_are_one_instant_are_one_repetition() -> None:
    found = originals("20260329T013000", "FREQ=HOURLY;COUNT=3")
    assert found == "20260329T003000Z 20260329T013000Z"


def test_an_instant_without_a_zone_repeats_in_utc() -> None:
    assert (
        originals("20260328T013000Z", "FREQ=DAILY;COUNT=2", zone=None) == "20260328T013000Z 20260329T013000Z"
    )


def test_floating_times_and_days_stay_what_they_are() -> None:
    assert originals("20260328T023000", "FREQ=DAILY;COUNT=2", zone=None) == "20260328T023000 20260329T023000"
    assert originals("20260328", "FREQ=DAILY;COUNT=2") == "20260328 20260329"
    series = Series(Day(date(2026, 3, 28)))
    assert [one.start for one in expand(series, MARCH)] == [Day(date(2026, 3, 28))]


def test_the_window_includes_its_start_and_not_its_end() -> None:
    window = Window(datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 4, 8, tzinfo=UTC), BERLIN)
    found = originals("20260101T090000", "FREQ=DAILY", window=window)
    assert found == "20260302T080000Z 20260303T080000Z"


@pytest.mark.parametrize(
    ("start", "until", "count"),
    [
        ("20260301T090000", "20260303", 3),  # a day: all that is on it; dateutil loses the last
        ("20260301T090000", "20260303T080000Z", 3),
        ("20260301T090000", "20260303T075959Z", 2),
        ("20260301T090000", "20260303T090000", 3),  # a local time, against the standard
        ("20260301", "20260303", 3),
        ("20260301", "20260303T000000Z", 3),  # midnight in UTC is how many write a day
        ("20260301", "20260302T230000Z", 3),  # midnight of the third in Berlin
        ("20260301", "20260303T090000", 3),
        ("20260301T090000", "20260228T090000Z", 1),  # before the start, which is there all the same
    ],
)
def test_the_last_repetition_may_be_at_the_end_of_the_rule(start: str, until: str, count: int) -> None:
    assert len(originals(start, f"FREQ=DAILY;UNTIL={until}").split()) == count


def test_a_start_that_does_not_fit_its_rule_is_there_and_counts() -> None:
    assert originals("20260301", "FREQ=WEEKLY;BYDAY=TU;COUNT=3") == "20260301 20260303 20260310"
    assert originals("20260301", "FREQ=WEEKLY;BYDAY=TU;COUNT=1") == "20260301"


def test_single_dates_join_and_exceptions_leave() -> None:
    found = originals(
        "20260302T090000",
        "FREQ=WEEKLY;COUNT=4",
        dates="20260305T100000",
        exceptions="20260309T080000Z 20260302T090000",
    )
    assert found == "20260305T090000Z 20260316T080000Z 20260323T080000Z"


def test_an_exception_that_is_a_day_takes_all_that_starts_on_it() -> None:
    found = originals("20260302T090000", "FREQ=HOURLY;COUNT=48", exceptions="20260302")
    assert len(found.split()) == 48 - 15
    assert (
        originals("20260302", "FREQ=DAILY;COUNT=3", exceptions="20260302T230000Z 20260304T000000")
        == "20260302"
    )


def test_a_rule_of_exceptions_takes_away() -> None:
    found = originals("20260302", "RRULE:FREQ=DAILY;COUNT=14", "EXRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA")
    assert found == "20260308 20260315"


def test_several_rules_are_joined() -> None:
    assert originals("20260302", "FREQ=WEEKLY;COUNT=2", "FREQ=MONTHLY;COUNT=2") == "20260302 20260309"


def test_days_have_no_hours() -> None:
    assert originals("20260302", "FREQ=DAILY;BYHOUR=9;BYMINUTE=30;COUNT=2") == "20260302 20260303"
    with pytest.raises(ValueError, match="lasts all day and its rule repeats within days"):
        originals("20260302", "FREQ=HOURLY")


def test_29_february_is_in_leap_years_only() -> None:
    window = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC), BERLIN)
    assert originals("20200229", "FREQ=YEARLY", window=window) == "20200229 20240229 20280229"


@pytest.mark.parametrize(
    "start", ["00010101T000000", "99991231T235959", "00010101", "99991231", "00010101T000000Z"]
)
def test_the_edges_of_the_calendar_are_no_trap(start: str) -> None:
    for window in (MARCH, Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), BERLIN)):
        for frequency in (
            "YEARLY",
            "WEEKLY;WKST=SU",
            "SECONDLY;INTERVAL=999999999",
            "WEEKLY;INTERVAL=999999999",
        ):
            try:
                originals(start, f"FREQ={frequency}", window=window)
            except ValueError as error:
                assert str(error)  # noqa: PT017 - either answer is good, as long as there is one


def test_too_many_dates_are_refused() -> None:
    many = tuple(Instant(datetime(2026, 3, 1, tzinfo=UTC)) for _ in range(10_001))
    with pytest.raises(TooMany, match="single dates"):
        expand(Series(many[0], exceptions=many), MARCH)
    with pytest.raises(TooMany, match="rules"):
        expand(Series(many[0], rules=("FREQ=DAILY",) * 17), MARCH)


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule of repetition"):
        expand(Series(Floating(datetime(2026, 3, 1)), rules=("RDATE:20260302",)), MARCH)
