"""What Google told becomes events and tasks: moved, cancelled, all day, free, declined, and ugly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from task_priority.exporters.google import read_calendar, read_tasks
from task_priority.model import Answer, Event, EventId, EventKind, TaskId
from task_priority.moments import Day, Floating, Instant
from task_priority.reading import Reading, Window

OSLO = ZoneInfo("Europe/Oslo")
NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), OSLO)
DST = Window(datetime(2026, 10, 19, tzinfo=UTC), datetime(2026, 11, 9, tzinfo=UTC), OSLO)


def at(text: str, zone: str | None = "Europe/Oslo") -> dict[str, str]:
    return {"dateTime": text} | ({"timeZone": zone} if zone else {})


def timed(
    start: str = "2026-11-23T09:00:00+01:00", end: str = "2026-11-23T09:30:00+01:00", **facts: Any
) -> Any:
    return {"status": "confirmed", "summary": "Stand-up", "start": at(start), "end": at(end), **facts}


def all_day(start: str, end: str, **facts: Any) -> Any:
    return {
        "status": "confirmed",
        "summary": "Day off",
        "start": {"date": start},
        "end": {"date": end},
        **facts,
    }


def read(window: Window = NOVEMBER, calendar_zone: str = "Europe/Oslo", **events: Any) -> Reading:
    return read_calendar(
        {
            "calendars": {"work": {"id": "work", "timeZone": calendar_zone}},
            "events": {f"work/{name}": {"id": name, **told} for name, told in events.items()},
        },
        window,
    )


def only(reading: Reading) -> Event:
    assert not reading.unread
    (event,) = reading.events
    return event


def local_starts(reading: Reading) -> list[str]:
    starts = [event.start for event in reading.events]
    return sorted(
        f"{one.date}" if isinstance(one, Day) else f"{one.time.astimezone(OSLO):%Y-%m-%d %H:%M}"
        for one in starts
        if not isinstance(one, Floating)
    )


def test_an_event_is_read_with_its_identity() -> None:
    event = only(read(e=timed()))
    assert event == Event(
        EventId("google-calendar", "work", "e"),
        "Stand-up",
        Instant(datetime(2026, 11, 23, 8, tzinfo=UTC)),
        Instant(datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
    )


def test_a_calendar_id_may_hold_slashes() -> None:
    reading = read_calendar({"calendars": {}, "events": {"a/b/e": {"id": "e", **timed()}}}, NOVEMBER)
    assert only(reading).id == EventId("google-calendar", "a/b", "e")


def test_all_day_is_days_and_the_end_is_the_day_after() -> None:
    event = only(read(e=all_day("2026-11-24", "2026-11-26")))
    assert (event.start, event.end) == (Day(date(2026, 11, 24)), Day(date(2026, 11, 26)))
    event = only(read(e=all_day("2026-11-24", "2026-11-24")))
    assert event.end == Day(date(2026, 11, 25))


def test_what_is_outside_the_window_is_left_out_and_what_reaches_into_it_is_not() -> None:
    reading = read(
        before=timed("2026-10-31T10:00:00+01:00", "2026-10-31T11:00:00+01:00"),
        into=timed("2026-10-31T10:00:00+01:00", "2026-11-02T11:00:00+01:00"),
        after=timed("2026-12-01T02:00:00+01:00", "2026-12-01T03:00:00+01:00"),
        into_each_week=all_day("2026-10-25", "2026-11-08", recurrence=["RRULE:FREQ=MONTHLY;COUNT=1"]),
    )
    assert {event.id.id for event in reading.events} == {"into", "into_each_week"}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"transparency": "transparent"}, {"transparent": True}),
        ({"eventType": "outOfOffice"}, {"kind": EventKind.OUT_OF_OFFICE}),
        ({"eventType": "focusTime"}, {"kind": EventKind.FOCUS_TIME}),
        ({"eventType": "workingLocation"}, {"kind": EventKind.WORKING_LOCATION}),
        ({"eventType": "birthday"}, {"kind": EventKind.BIRTHDAY}),
        ({"eventType": "fromGmail"}, {"kind": EventKind.DEFAULT}),
        ({"eventType": "somethingOf2027"}, {"kind": EventKind.DEFAULT}),
        ({"eventType": ["odd"]}, {"kind": EventKind.DEFAULT}),
        ({"attendees": [{"self": True, "responseStatus": "declined"}]}, {"answer": Answer.DECLINED}),
        ({"attendees": [{"self": True, "responseStatus": "tentative"}]}, {"answer": Answer.TENTATIVE}),
        ({"attendees": [{"self": True, "responseStatus": "needsAction"}]}, {"answer": Answer.OPEN}),
        ({"attendees": [{"self": True, "responseStatus": "accepted"}]}, {"answer": Answer.ACCEPTED}),
        ({"attendees": [{"responseStatus": "declined"}], "attendeesOmitted": True}, {"answer": Answer.NONE}),
        ({"attendees": [None, "odd"]}, {"answer": Answer.NONE}),
        ({"status": "tentative"}, {"answer": Answer.TENTATIVE}),
        ({"summary": None}, {"title": "(no title)"}),
        ({"summary": " "}, {"title": "(no title)"}),
    ],
)
def test_what_rules_of_busy_time_look_at_is_read(facts: dict[str, Any], expected: dict[str, Any]) -> None:
    event = only(read(e=timed(**facts)))
    assert {name: getattr(event, name) for name in expected} == expected


def test_a_series_keeps_its_local_time_when_the_clock_changes() -> None:
    weekly = timed(
        "2026-10-05T09:00:00+02:00", "2026-10-05T09:30:00+02:00", recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO"]
    )
    assert local_starts(read(DST, e=weekly)) == [
        "2026-10-19 09:00", "2026-10-26 09:00", "2026-11-02 09:00"
    ]  # fmt: skip


def test_moved_and_cancelled_repetitions_replace_those_of_the_series() -> None:
    reading = read(
        series=timed(recurrence=["RRULE:FREQ=DAILY;COUNT=5"]),
        series_20261124T080000Z={
            "status": "cancelled", "recurringEventId": "series", "originalStartTime": at("2026-11-24T09:00:00+01:00")
        },
        series_20261125T080000Z=timed(
            "2026-11-28T15:00:00+01:00", "2026-11-28T16:00:00+01:00", summary="Moved",
            recurringEventId="series", originalStartTime=at("2026-11-25T08:00:00Z", None),
        ),
    )  # fmt: skip
    assert not reading.unread
    assert local_starts(reading) == [
        "2026-11-23 09:00", "2026-11-26 09:00", "2026-11-27 09:00", "2026-11-28 15:00"
    ]  # fmt: skip
    moved = next(event for event in reading.events if event.title == "Moved")
    assert moved.id == EventId("google-calendar", "work", "series", "20261125T080000Z")
    assert len({event.id for event in reading.events}) == 4


def test_a_repetition_moved_out_of_the_window_is_gone_and_one_moved_into_it_is_there() -> None:
    def moved(original: str, start: str, end: str) -> Any:
        return timed(start, end, recurringEventId="series", originalStartTime=at(original))

    reading = read(
        series=timed(
            "2026-10-26T09:00:00+01:00",
            "2026-10-26T10:00:00+01:00",
            recurrence=["RRULE:FREQ=MONTHLY;COUNT=2"],
        ),
        series_1=moved("2026-10-26T09:00:00+01:00", "2026-11-05T09:00:00+01:00", "2026-11-05T10:00:00+01:00"),
        series_2=moved("2026-11-26T09:00:00+01:00", "2026-12-05T09:00:00+01:00", "2026-12-05T10:00:00+01:00"),
    )
    assert local_starts(reading) == ["2026-11-05 09:00"]


def test_one_repetition_that_you_were_asked_to_without_its_series_is_there() -> None:
    alone = timed(recurringEventId="elsewhere", originalStartTime=at("2026-11-23T09:00:00+01:00"))
    assert only(read(elsewhere_1=alone)).id.instance == "20261123T080000Z"


def test_an_all_day_series_with_a_cancelled_day() -> None:
    reading = read(
        series=all_day("2026-11-02", "2026-11-03", recurrence=["RRULE:FREQ=WEEKLY;UNTIL=20261123"]),
        series_20261109={
            "status": "cancelled", "recurringEventId": "series", "originalStartTime": {"date": "2026-11-09"}
        },
    )  # fmt: skip
    assert local_starts(reading) == ["2026-11-02", "2026-11-16", "2026-11-23"]


@pytest.mark.parametrize(
    ("lines", "starts"),
    [
        (["EXDATE;TZID=Europe/Oslo:20261124T090000", "RRULE:FREQ=DAILY;COUNT=3"], [23, 25]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261124T080000Z,20261125T080000Z"], [23]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20261124"], [23, 25]),
        (["RRULE:FREQ=DAILY;COUNT=3", 'EXDATE;TZID="Mars/Base":20261124T090000'], [23, 25]),
        (["RDATE;TZID=Europe/Oslo:20261126T090000"], [23, 26]),
        (["RDATE;VALUE=PERIOD:20261126T080000Z/PT1H"], [23, 26]),
        (["RRULE:20261126T090000,20261127T090000"], [23, 26, 27]),
        (["RRULE;X-EVOLUTION-ENDDATE=20261125T080000Z:FREQ=DAILY;COUNT=2"], [23, 24]),
        (["RRULE:FREQ=DAILY;UNTIL=20261125"], [23, 24, 25]),
        (["RRULE:FREQ=DAILY;COUNT=5", "EXRULE:FREQ=DAILY;INTERVAL=2;COUNT=3"], [24, 26]),
    ],
)
def test_lines_of_every_kind_are_followed(lines: list[str], starts: list[int]) -> None:
    reading = read(e=timed(recurrence=lines))
    assert not reading.unread
    assert local_starts(reading) == [f"2026-11-{day} 09:00" for day in starts]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("RRULE:FREQ=SOMETIMES", "FREQ=SOMETIMES"),
        ("EXDATE:2026-11-24", "neither a day nor a time"),
        ("DTSTART:20261123T090000", "neither RRULE, EXRULE, RDATE nor EXDATE"),
        (None, "neither RRULE"),
    ],
)
def test_a_line_that_cannot_be_read_loses_neither_the_event_nor_the_other_lines(
    line: Any, words: str
) -> None:
    reading = read(e=timed(recurrence=[line, "RDATE:20261124T080000Z"]))
    assert local_starts(reading) == ["2026-11-23 09:00", "2026-11-24 09:00"]
    (unread,) = reading.unread
    assert (unread.kind, unread.id) == ("events", "work/e")
    assert words in unread.reason


def test_a_rule_that_would_never_end_leaves_the_first_time_and_says_so() -> None:
    reading = read(e=timed(recurrence=["RRULE:FREQ=SECONDLY"]), other=timed())
    assert {event.id.id for event in reading.events} == {"e", "other"}
    assert reading.unread[0].reason.startswith("only its first time is known: ")


@pytest.mark.parametrize(
    ("zone", "calendar_zone", "hour"),
    [
        ("Europe/Oslo", "America/New_York", 8),
        (None, "America/New_York", 14),
        ("GMT+02:00", "America/New_York", 7),
        ("GMT-7", "America/New_York", 16),
        ("UTC", "America/New_York", 9),
    ],
)
def test_a_time_without_an_offset_is_of_its_zone_else_of_the_calendars(
    zone: str | None, calendar_zone: str, hour: int
) -> None:
    told = {"start": at("2026-11-23T09:00:00", zone), "end": at("2026-11-23T10:00:00", zone)}
    assert only(read(calendar_zone=calendar_zone, e=told)).start == Instant(
        datetime(2026, 11, 23, hour, tzinfo=UTC)
    )


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "America", "GMT+99", "a\0b"])
def test_an_unknown_zone_is_told_and_the_calendars_is_taken(zone: str) -> None:
    reading = read(e=timed() | {"start": at("2026-11-23T09:00:00", zone)})
    assert local_starts(reading) == ["2026-11-23 09:00"]
    assert [one.reason for one in reading.unread] == [
        f"the time zone {zone!r} is unknown; Europe/Oslo was taken instead"
    ]
    weekly = timed(recurrence=["RRULE:FREQ=WEEKLY;COUNT=1"])
    reading = read(e=weekly | {"start": at("2026-11-23T09:00:00+01:00", zone)})
    assert local_starts(reading) == ["2026-11-23 09:00"]
    assert "was taken instead" in reading.unread[0].reason


def test_a_time_of_which_nobody_says_where_floats() -> None:
    told = {"start": at("2026-11-23T09:00:00", None), "end": at("2026-11-23T10:00:00", None)}
    event = only(read_calendar({"events": {"work/e": {"id": "e", **told}}}, NOVEMBER))
    assert event.start == Floating(datetime.fromisoformat("2026-11-23T09:00"))


def test_an_end_that_is_filler_is_none() -> None:
    event = only(read(e=timed(endTimeUnspecified=True)))
    assert event.end == event.start


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"start": None}, "it has no time"),
        ({"start": {}}, "neither a day nor a time"),
        ({"start": {"date": "2026-13-01"}}, "month"),
        ({"start": {"date": 20261101}}, "neither a day nor a time"),
        ({"start": {"dateTime": "noon"}}, "noon"),
        ({"start": {"date": "2026-11-23"}}, "not of one kind"),
        ({"start": {"date": "2026-11-23", "dateTime": "2026-11-23T09:00:00Z"}}, "neither a day nor a time"),
        ({"start": {"date": "0001-01-01"}, "end": {"date": "0001-01-02"}}, "out of range"),
        ({"start": {"date": "9999-12-31"}, "end": {"date": "9999-12-31"}}, "out of range"),
    ],
)
def test_an_event_that_cannot_be_read_is_told_and_stops_nothing(facts: dict[str, Any], words: str) -> None:
    reading = read(bad=timed() | facts, good=timed())
    assert [event.id.id for event in reading.events] == ["good"]
    (unread,) = reading.unread
    assert unread.id == "work/bad"
    assert words in unread.reason


def test_an_exception_whose_first_time_is_lost_is_there_and_told() -> None:
    reading = read(series_x=timed(recurringEventId="series", originalStartTime="odd"))
    assert [event.id.instance for event in reading.events] == ["series_x"]
    assert "when it was meant to start is not known" in reading.unread[0].reason


def test_open_tasks_are_read_with_their_list_and_parent() -> None:
    told: dict[str, Any] = {"title": "Call", "status": "needsAction", "due": "2026-11-27T00:00:00.000Z"}
    reading = read_tasks(
        {
            "lists": {"home": {"id": "home", "title": "Home"}},
            "tasks": {
                "home/a": {**told, "webViewLink": "https://tasks.example/a"},
                "home/b": {"title": "", "parent": "a"},
                "home/done": {**told, "status": "completed"},
                "lost/c": told,
            },
        },
        NOVEMBER,
    )
    first, second, third = reading.tasks
    assert (first.id, first.title, first.project) == (TaskId("google-tasks:home/a"), "Call", "Home")
    assert first.url == "https://tasks.example/a"
    assert (second.title, second.parent, second.due) == ("(no title)", first.id, None)
    assert third.project == ""


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
def test_a_due_date_is_the_same_day_everywhere(zone: str) -> None:
    window = Window(NOVEMBER.start, NOVEMBER.end, ZoneInfo(zone))
    (task,) = read_tasks({"tasks": {"l/t": {"due": "2026-11-27T00:00:00.000Z"}}}, window).tasks
    assert task.due == Day(date(2026, 11, 27))


@pytest.mark.parametrize("due", ["soon", 7, "2026-02-30T00:00:00.000Z"])
def test_a_due_date_that_is_none_is_told_and_the_task_is_there(due: object) -> None:
    reading = read_tasks({"tasks": {"l/t": {"title": "Call", "due": due}}}, NOVEMBER)
    assert [task.due for task in reading.tasks] == [None]
    assert reading.unread[0].reason.startswith("it is shown without a due date: ")
