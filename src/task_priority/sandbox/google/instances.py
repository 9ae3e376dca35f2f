"""Unfolds a series of events into its instances, by dateutil."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil import rrule

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.google.errors import invalid
from task_priority.sandbox.google.times import is_day, local, stamp, written

_SERIES_ONLY = ("recurrence", "id", "etag", "start", "end")


def instance_id(series: str, original: Json) -> str:
    """Return the id of an instance: the series and when the instance was meant to start."""
    return f"{series}_{stamp(original)}"


def starts(series: Json, first: datetime, last: datetime) -> Iterator[Json]:
    """Yield when the instances of a series are meant to start, in order.

    Args:
        series: One that repeats.
        first: Instances from here on, in UTC.
        last: And up to here.
    """
    start = series["start"]
    rules = recurrences(series["recurrence"], start)
    for moment in rules.between(_on_clock(first, start), _on_clock(last, start), inc=True):
        yield written(moment, start)


def instance(series: Json, original: Json) -> Json:
    """Return the instance of a series that starts as it was meant to."""
    length = local(series["end"]) - local(series["start"])
    copied = {name: copy.deepcopy(value) for name, value in series.items() if name not in _SERIES_ONLY}
    return {
        **copied,
        "id": instance_id(series["id"], original),
        "etag": series["etag"],
        "recurringEventId": series["id"],
        "originalStartTime": original,
        "start": original,
        "end": written(local(original) + length, series["end"]),
    }


def is_frequent(series: Json) -> bool:
    """Say whether a series repeats more often than daily, so that nobody should unfold it in passing."""
    lines = " ".join(series.get("recurrence", ())).upper()
    return any(f"FREQ={often}" in lines for often in ("SECONDLY", "MINUTELY", "HOURLY"))


def length_of(event: Json) -> timedelta:
    """Return how long an event lasts on its clock."""
    return local(event["end"]) - local(event["start"])


def recurrences(lines: list[str], start: Json) -> rrule.rruleset:
    """Read the lines of a series; everything is on the clock of its start, without zones.

    Raises:
        GoogleRefusal: They cannot be read.
    """
    rules = rrule.rruleset()
    anchor = local(start)
    try:
        for line in lines:
            _add(rules, line, anchor, start)
    except (ValueError, KeyError) as error:
        raise invalid("recurrence", f"Invalid recurrence rule: {error}") from error
    if not any(line.upper().startswith("RRULE") for line in lines):
        rules.rdate(anchor)
    return rules


def _add(rules: rrule.rruleset, line: str, anchor: datetime, start: Json) -> None:
    head, colon, value = line.partition(":")
    name, _, parameters = head.partition(";")
    if not colon:
        raise ValueError(line)
    match name.upper():
        case "RRULE":
            rules.rrule(_rule(value, anchor, start))
        case "EXRULE":
            rules.exrule(_rule(value, anchor, start))
        case "EXDATE":
            for moment in _moments(value, parameters, start):
                rules.exdate(moment)
        case "RDATE":
            for moment in _moments(value, parameters, start):
                rules.rdate(moment)
        case _:
            raise ValueError(line)


def _rule(value: str, anchor: datetime, start: Json) -> rrule.rrule:
    parts = dict(part.split("=", 1) for part in value.upper().split(";"))
    if "UNTIL" in parts:
        until = _moment(parts["UNTIL"], "", start)
        if len(parts["UNTIL"]) == len("20260302") and not is_day(start):
            until += timedelta(days=1, seconds=-1)
        parts["UNTIL"] = until.strftime("%Y%m%dT%H%M%S")
    rule = rrule.rrulestr(";".join(f"{name}={part}" for name, part in parts.items()), dtstart=anchor)
    if not isinstance(rule, rrule.rrule):
        raise ValueError(value)  # noqa: TRY004 - a rule that cannot be read, for the caller
    return rule


def _moments(value: str, parameters: str, start: Json) -> list[datetime]:
    return [_moment(one, parameters, start) for one in value.split(",")]


def _moment(text: str, parameters: str, start: Json) -> datetime:
    """Read a basic date or time, and put it on the clock of the series."""
    if len(text) == len("20260302"):
        return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - stays without a zone
    moment = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - likewise
    zone = dict(part.split("=", 1) for part in parameters.split(";") if "=" in part).get("TZID")
    if is_day(start):
        return moment.replace(hour=0, minute=0, second=0)
    if text.endswith("Z"):
        return _on_clock(moment.replace(tzinfo=UTC), start)
    return moment if zone is None else _on_clock(moment.replace(tzinfo=ZoneInfo(zone)), start)


def _on_clock(moment: datetime, start: Json) -> datetime:
    """Return a moment on the clock of a series, without a zone."""
    if is_day(start):
        return moment.replace(tzinfo=None)
    return moment.astimezone(ZoneInfo(start["timeZone"])).replace(tzinfo=None)
