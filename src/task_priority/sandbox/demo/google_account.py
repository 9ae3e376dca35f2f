"""The demo account at Google: three weeks around today in four calendars, and two task lists; all of our own making."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from task_priority.sandbox.clock import Clock
from task_priority.sandbox.exchange import Json
from task_priority.sandbox.google.calendars import Calendars
from task_priority.sandbox.google.service import Google
from task_priority.sandbox.google.task_lists import TaskLists
from task_priority.sandbox.google.times import zone_named

_HOLIDAYS: Final = "en.norwegian#holiday@group.v.calendar.google.com"
_COLLEAGUE: Final = "jonas@example.com"
_MONDAY, _TUESDAY, _WEDNESDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = range(7)


def fill_google(google: Google, clock: Clock) -> None:
    """Put the demo's events and tasks into an account that has only its primary calendar and its default list."""
    zone = zone_named(google.calendars.timezone)
    today = clock().astimezone(zone).date()
    weeks = _Weeks(google.calendars, today)
    _repeat(weeks)
    _work(weeks)
    _answers(weeks)
    _private_life(weeks)
    _travel(weeks)
    _others(weeks)
    _fill_tasks(google.tasks, today)


class _Weeks:
    """Puts events on days of the last, this and the next week.

    Attributes:
        monday: Of this week.
    """

    def __init__(self, calendars: Calendars, today: date) -> None:
        self.calendars = calendars
        self.monday = today - timedelta(days=today.weekday())

    def day(self, weekday: int, week: int = 0) -> date:
        """Return a day; week -1 is the last, 1 the next."""
        return self.monday + timedelta(days=weekday, weeks=week)

    def at(self, day: date, clock: str, zone: str | None = None) -> Json:
        """Return a time on a day."""
        hour, minute = clock.split(":")
        moment = datetime(day.year, day.month, day.day, int(hour), int(minute))  # noqa: DTZ001 - the zone is beside
        return {"dateTime": moment.isoformat(), "timeZone": zone or self.calendars.timezone}

    def timed(
        self,
        summary: str | None,
        day: date,
        start: str,
        end: str,
        *,
        calendar: str = "primary",
        **fields: Any,
    ) -> Json:
        """Add an event from one time of a day to another."""
        title = {} if summary is None else {"summary": summary}
        times = {"start": self.at(day, start), "end": self.at(day, end)}
        return self.calendars.add_event(calendar, **title, **(times | fields))

    def all_day(
        self, summary: str, day: date, days: int = 1, *, calendar: str = "primary", **fields: Any
    ) -> Json:
        """Add an event of whole days; the end is the day after."""
        end = day + timedelta(days=days)
        times = {"start": {"date": day.isoformat()}, "end": {"date": end.isoformat()}}
        return self.calendars.add_event(calendar, summary=summary, **times, **fields)

    def invited(self, answer: str, organizer: str = _COLLEAGUE) -> Json:
        """Return the fields of an event to which the owner was invited."""
        return {
            "organizer": {"email": organizer},
            "attendees": [
                {"email": organizer, "organizer": True, "responseStatus": "accepted"},
                {"email": self.calendars.email, "self": True, "responseStatus": answer},
            ],
        }


def _repeat(weeks: _Weeks) -> None:
    """Add what repeats: a stand-up that was moved once and cancelled once, and others."""
    calendars, begin = weeks.calendars, weeks.day(_MONDAY, -6)
    standup = weeks.timed(
        "Stand-up",
        begin,
        "9:15",
        "9:30",
        recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
        **weeks.invited("accepted"),
    )
    moved = _instance_on(weeks, standup, weeks.day(_WEDNESDAY))
    calendars.change_event(
        "primary",
        moved,
        start=weeks.at(weeks.day(_WEDNESDAY), "11:00"),
        end=weeks.at(weeks.day(_WEDNESDAY), "11:20"),
    )
    calendars.delete_event("primary", _instance_on(weeks, standup, weeks.day(_MONDAY, 1)))
    weeks.timed("Week plan", begin, "10:00", "11:00", recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO"])
    weeks.timed(
        "Talk with Maja",
        weeks.day(_THURSDAY, -6),
        "13:00",
        "13:45",
        recurrence=["RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"],
        **weeks.invited("accepted", "maja@example.com"),
    )
    weeks.timed(
        "Lunch", begin, "12:00", "12:30", transparency="transparent", recurrence=["RRULE:FREQ=DAILY;COUNT=70"]
    )


def _instance_on(weeks: _Weeks, series: Json, day: date) -> str:
    there = weeks.calendars.calendar("primary")
    first = datetime(day.year, day.month, day.day, tzinfo=there.zone)
    return str(next(weeks.calendars.instances(there, series, first, first + timedelta(days=1)))["id"])


def _work(weeks: _Weeks) -> None:
    """Add single events, focus time, absence and where the owner works."""
    weeks.timed("Library: design review", weeks.day(_TUESDAY), "13:30", "15:00", **weeks.invited("accepted"))
    weeks.timed("Client visit", weeks.day(_THURSDAY), "10:00", "11:30", location="Library, main entrance")
    weeks.timed("Tender: questions", weeks.day(_WEDNESDAY, 1), "14:00", "15:30", **weeks.invited("accepted"))
    weeks.timed("Interview: second round", weeks.day(_MONDAY, 1), "13:00", "14:00", visibility="private")
    weeks.timed("Budget", weeks.day(_TUESDAY, -1), "9:30", "11:00")
    weeks.timed("Site meeting", weeks.day(_WEDNESDAY, -1), "13:00", "15:00")
    weeks.timed("Office lunch", weeks.day(_FRIDAY, -1), "11:30", "13:00")
    for week in (-1, 0, 1):
        weeks.timed(
            "Focus: drawings",
            weeks.day(_TUESDAY, week),
            "9:30",
            "11:30",
            eventType="focusTime",
            focusTimeProperties={"autoDeclineMode": "declineNone", "chatStatus": "doNotDisturb"},
        )
    weeks.timed(
        "Out of office",
        weeks.day(_FRIDAY, 1),
        "12:00",
        "17:00",
        eventType="outOfOffice",
        outOfOfficeProperties={
            "autoDeclineMode": "declineOnlyNewConflictingInvitations",
            "declineMessage": "Away",
        },
    )
    weeks.all_day(
        "Home",
        weeks.day(_FRIDAY, -6),
        recurrence=["RRULE:FREQ=WEEKLY;BYDAY=FR"],
        eventType="workingLocation",
        transparency="transparent",
        visibility="public",
        workingLocationProperties={"type": "homeOffice", "homeOffice": {}},
    )
    deleted = weeks.timed("Cancelled: façade workshop", weeks.day(_THURSDAY), "14:00", "16:00")
    weeks.calendars.delete_event("primary", deleted["id"])


def _answers(weeks: _Weeks) -> None:
    """Add invitations, answered in each way there is."""
    weeks.timed("Concrete suppliers", weeks.day(_THURSDAY), "15:30", "16:30", **weeks.invited("declined"))
    weeks.timed(
        "Timber fair?", weeks.day(_FRIDAY), "10:00", "12:00", status="tentative", **weeks.invited("tentative")
    )
    weeks.timed(
        "New time for the jury", weeks.day(_TUESDAY, 1), "15:00", "16:00", **weeks.invited("needsAction")
    )
    weeks.timed(None, weeks.day(_WEDNESDAY), "15:30", "16:00")


def _private_life(weeks: _Weeks) -> None:
    """Add the evenings, in a calendar that the family shares, and a birthday."""
    family = weeks.calendars.add_calendar("Family", backgroundColor="#f691b2", colorId="2")["id"]
    weeks.timed(
        "Swimming, Nils",
        weeks.day(_TUESDAY, -6),
        "17:30",
        "18:30",
        calendar=family,
        recurrence=["RRULE:FREQ=WEEKLY;BYDAY=TU"],
    )
    weeks.timed("Parents' evening", weeks.day(_THURSDAY), "18:00", "19:30", calendar=family)
    weeks.timed("Dentist", weeks.day(_WEDNESDAY, 1), "8:00", "8:40", calendar=family)
    weeks.timed("Concert", weeks.day(_SATURDAY), "20:00", "22:30", calendar=family, location="Town hall")
    weeks.all_day(
        "Grandparents here", weeks.day(_SATURDAY, 1), 2, calendar=family, transparency="transparent"
    )
    weeks.all_day(
        "Ingrid's birthday",
        weeks.day(_SUNDAY),
        recurrence=["RRULE:FREQ=YEARLY"],
        eventType="birthday",
        transparency="transparent",
        visibility="private",
        birthdayProperties={"type": "birthday"},
    )


def _travel(weeks: _Weeks) -> None:
    """Add two days in London: a journey across zones, a meeting on London's clock, and a late way home."""
    london, home = "Europe/London", weeks.calendars.timezone
    out = weeks.at(weeks.day(_WEDNESDAY, 1), "17:10")
    back = weeks.at(weeks.day(_THURSDAY, 1), "21:00", london)
    workshop = weeks.at(weeks.day(_THURSDAY, 1), "9:30", london)
    for summary, start, minutes, zone in (
        ("Flight to London", out, 145, london),
        ("Façade workshop in London", workshop, 150, london),
        ("Way home", back, 210, home),
    ):
        weeks.calendars.add_event(summary=summary, start=start, end=_later(start, minutes, zone))
    weeks.all_day(
        "Building fair", weeks.day(_THURSDAY, -1), 2, description="<b>Hall 4</b>", transparency="transparent"
    )


def _later(start: Json, minutes: int, zone: str) -> Json:
    """Return a time some minutes later, on the clock of another zone."""
    moment = datetime.fromisoformat(start["dateTime"]).replace(tzinfo=zone_named(start["timeZone"]))
    there = (moment.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(zone_named(zone))
    return {"dateTime": there.isoformat(), "timeZone": zone}


def _others(weeks: _Weeks) -> None:
    """Add calendars that are not the owner's: one with days off, one that only tells busy from free, one hidden."""
    calendars = weeks.calendars
    calendars.add_calendar(
        "Holidays in Norway",
        id=_HOLIDAYS,
        accessRole="reader",
        summaryOverride="Holidays",
        defaultReminders=[],
    )
    weeks.all_day(
        "A day off",
        weeks.day(_FRIDAY, -1),
        calendar=_HOLIDAYS,
        transparency="transparent",
        visibility="public",
    )
    calendars.add_calendar(
        "Jonas", id=_COLLEAGUE, accessRole="freeBusyReader", defaultReminders=[], selected=False
    )
    weeks.timed("Doctor", weeks.day(_WEDNESDAY), "8:00", "9:00", calendar=_COLLEAGUE)
    calendars.add_calendar("Old project", hidden=True, selected=False, accessRole="reader")


def _fill_tasks(tasks: TaskLists, today: date) -> None:
    """Add two lists, with a task under another, one completed and hidden, and one without a title."""
    tasks.add("Gift for the jubilee", due=_due(today, 3), notes="Not another vase.")
    tasks.add("Swap the tyres", due=_due(today, -2))
    done = tasks.add("Return the drill", due=_due(today, -5))
    tasks.complete(done["id"])
    tasks.add("")
    house = tasks.add_list("House")["id"]
    paint = tasks.add("Paint the hall", house, due=_due(today, 12))
    tasks.add("Choose a colour", house, parent=paint["id"])
    tasks.add("Call the chimney sweep", house)
    gone = tasks.add("Sell the old sofa", house)
    tasks.delete(gone["id"], house)


def _due(today: date, offset: int) -> str:
    return f"{(today + timedelta(days=offset)).isoformat()}T00:00:00.000Z"
