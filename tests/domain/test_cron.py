"""Cron expressions: what is read, what is refused and in which words, and a second opinion on every date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossdock.domain.cron import parse
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.local_time import next_time


def slots(text: str, after: datetime, count: int) -> list[datetime]:
    """Return the next slots in UTC, where no clock is ever changed."""
    found: list[datetime] = []
    expression = parse(text)
    moment: datetime | None = after
    while len(found) < count and (moment := next_time(expression, UTC, moment)) is not None:
        found.append(moment)
    return found


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    """Return entries of a field: ``*``, a number, a range, each with or without a step."""
    number = st.integers(low, high)
    bounds = st.tuples(number, number).map(sorted)
    spans = st.one_of(
        st.just("*"),
        number.map(str),
        bounds.filter(lambda pair: pair[0] < pair[1]).map(lambda pair: f"{pair[0]}-{pair[1]}"),
    )
    return st.one_of(spans, st.tuples(spans, st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}"))


def field(low: int, high: int, *more: str) -> st.SearchStrategy[str]:
    entry = st.one_of(numbers(low, high), st.sampled_from(more)) if more else numbers(low, high)
    return st.lists(entry, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(
    field(0, 59),
    field(0, 23),
    field(1, 28, "L", "29-31"),
    field(1, 12, "FEB", "JAN", "2"),
    field(0, 6, "MON", "7", "5L", "2#5", "SUN#1", "FRI"),
).map(" ".join)
FIRST, LAST = datetime(2000, 1, 1), datetime(2050, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, MOMENTS)
@example("* * */8 * 2#5", FIRST.replace(tzinfo=UTC))
def test_dates_are_those_of_another_reading_of_cron(text: str, after: datetime) -> None:
    expected = list(islice(CronSim(text, after), 12))
    if not expected:  # as the fifth Tuesday of a month that is also its 25th
        with pytest.raises(InvalidMessage, match="a day that no year has"):
            parse(text)
        return
    assert slots(text, after, 12) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 7 * * 1-5", ["2026-01-01 07:00", "2026-01-02 07:00", "2026-01-05 07:00"]),
        ("30 8 1,15 * *", ["2026-01-01 08:30", "2026-01-15 08:30", "2026-02-01 08:30"]),
        ("0 0 13 * fri", ["2026-01-02 00:00", "2026-01-09 00:00", "2026-01-13 00:00"]),  # either is enough
        ("0 0 */10 * fri", ["2026-05-01 00:00", "2026-07-31 00:00", "2026-08-21 00:00"]),  # both must match
        ("0 12 L * *", ["2026-01-31 12:00", "2026-02-28 12:00", "2026-03-31 12:00"]),
        ("0 12 * * 5L", ["2026-01-30 12:00", "2026-02-27 12:00", "2026-03-27 12:00"]),
        ("0 12 * * MON#2", ["2026-01-12 12:00", "2026-02-09 12:00", "2026-03-09 12:00"]),
        ("0 0 * * SAT-SUN", ["2026-01-03 00:00", "2026-01-04 00:00", "2026-01-10 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("5/20 0 1 1 *", ["2026-01-01 00:05", "2026-01-01 00:25", "2026-01-01 00:45"]),
        ("@daily", ["2026-01-01 00:00", "2026-01-02 00:00", "2026-01-03 00:00"]),
        ("@HOURLY", ["2026-01-01 00:00", "2026-01-01 01:00", "2026-01-01 02:00"]),
        ("  0\t7  * *   * ", ["2026-01-01 07:00", "2026-01-02 07:00", "2026-01-03 07:00"]),
    ],
)
def test_slots(text: str, expected: list[str]) -> None:
    found = slots(text, datetime(2025, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 3)
    assert [f"{slot:%Y-%m-%d %H:%M}" for slot in found] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("60 7 * * *", "minute: '60' is not a number from 0 to 59"),
        ("0 24 * * *", "hour: '24' is not a number from 0 to 23"),
        ("0 7 0 * *", "day of month: '0' is not a number from 1 to 31"),
        ("0 7 * JUNE *", "month: 'JUNE' is not a number from 1 to 12, or a name from JAN to DEC"),
        ("0 7 * * 1-8", "day of week: '8' in '1-8' is not a number from 0 to 7, or a name from SUN to SAT"),
        ("0 7 * * 5-1", "day of week: '5-1' ends before it begins; write it as two ranges"),
        ("*/0 * * * *", "minute: in '*/0' a number of 1 or more must follow /"),
        ("0 7 * * 1#6", "day of week: in '1#6' a number from 1 to 5 must follow #"),
        ("1,,2 * * * *", "minute: '' is not a number from 0 to 59"),
        ("0 7 ? * 1", "day of month: '?' is not a number"),
        ("0 0 30 2 *", "day of month: '0 0 30 2 *' names a day that no year has, such as 30 February"),
        ("0 0 7 * * *", "has 6 fields; write five"),
        ("every day", "has 2 fields; write five"),
        ("", "has 0 fields; write five"),
        ("@reboot", "'@reboot' is none of @hourly, @daily"),
    ],
)
def test_wrong_expression_is_told_with_its_field_and_an_example(text: str, words: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(text)
    assert words in str(caught.value)
    assert text.startswith("@") or '"0 7 * * 1-5" is 7:00 from Monday to Friday' in str(caught.value)
    assert [name for name, _ in caught.value.details] == ["cron"]


def test_six_fields_are_led_to_intervals() -> None:
    with pytest.raises(InvalidMessage, match="knows no seconds, an interval does"):
        parse("0 0 7 * * *")


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except InvalidMessage as error:
        assert error.details[0][0] == "cron"  # noqa: PT017 - whether it raises is not the question


def test_there_is_an_end_of_the_calendar() -> None:
    assert next_time(parse("0 0 1 1 *"), UTC, datetime(9999, 12, 31, tzinfo=UTC)) is None
    assert next_time(parse("0 0 29 2 *"), UTC, datetime(9989, 1, 1, tzinfo=UTC)) is None
    assert next_time(parse("0 0 1 1 *"), UTC, datetime(1, 1, 1, tzinfo=UTC)) == datetime(
        1971, 1, 1, tzinfo=UTC
    )


def test_no_slot_is_skipped_within_a_second() -> None:
    after = datetime(2026, 1, 1, 7, 0, tzinfo=UTC)
    assert slots("0 7 * * *", after - timedelta(microseconds=1), 1) == [after]
    assert slots("0 7 * * *", after, 1) == [after + timedelta(days=1)]
