"""How Google Calendar writes when something is: a day, or a time with an offset and a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.google.errors import bad_request, invalid


def is_day(when: Json) -> bool:
    """Say whether it is a day, not a time."""
    return "date" in when


def checked(when: object, name: str, calendar_zone: str) -> Json:
    """Return a start or an end as Google keeps it.

    Raises:
        GoogleRefusal: It is neither a day nor a time.
    """
    if not isinstance(when, dict) or ("date" in when) == ("dateTime" in when):
        raise bad_request(f"Missing or invalid {name} time.")
    try:
        if "date" in when:
            return {"date": date.fromisoformat(when["date"]).isoformat()}
        moment = datetime.fromisoformat(when["dateTime"])
    except (TypeError, ValueError) as error:
        raise invalid(f"{name}.dateTime") from error
    name_of_zone = when.get("timeZone") or calendar_zone
    zone = zone_named(name_of_zone)
    moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    return {"dateTime": moment.isoformat(), "timeZone": name_of_zone}


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        GoogleRefusal: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise invalid("timeZone", f"Invalid time zone: {name}") from error


def local(when: Json) -> datetime:
    """Return it on its own clock, without a zone; a day is its midnight."""
    if is_day(when):
        return datetime.combine(date.fromisoformat(when["date"]), time())
    return (
        datetime.fromisoformat(when["dateTime"]).astimezone(ZoneInfo(when["timeZone"])).replace(tzinfo=None)
    )


def written(moment: datetime, like: Json) -> Json:
    """Write a local moment in the form of another: as a day, or as a time in the same zone."""
    if is_day(like):
        return {"date": moment.date().isoformat()}
    zone = ZoneInfo(like["timeZone"])
    there = moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return {"dateTime": there.isoformat(), "timeZone": like["timeZone"]}


def instant(when: Json, zone: tzinfo) -> datetime:
    """Return it in UTC; a day begins in the calendar's zone."""
    if is_day(when):
        return local(when).replace(tzinfo=zone).astimezone(UTC)
    return datetime.fromisoformat(when["dateTime"]).astimezone(UTC)


def stamp(when: Json) -> str:
    """Write an original start as it is in the id of an instance: ``20260309T080000Z`` or ``20260309``."""
    if is_day(when):
        return local(when).strftime("%Y%m%d")
    return datetime.fromisoformat(when["dateTime"]).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
