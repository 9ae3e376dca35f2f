"""The keys of ``[schedules.NAME]``."""

# ruff: noqa: ANN401 - data is any JSON value

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from crossdock.config.table import AppName, Duration, Expected, Explained, Table
from crossdock.domain import cron, local_time
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import HIGHEST_PRIORITY, encode_json
from crossdock.domain.schedule import LONGEST_INTERVAL, SHORTEST_INTERVAL


def _passes(check: Callable[[Any], object]) -> AfterValidator:
    """Take a value for which ``check`` does not raise InvalidMessage; else say what that says."""

    def checked(given: Any) -> Any:
        try:
            check(given)
        except InvalidMessage as error:
            raise Explained(error.details[0][1]) from error
        return given

    return AfterValidator(checked)


def _long_enough(interval: timedelta) -> timedelta:
    if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
        raise ValueError(interval)
    return interval


def _instant(given: object) -> datetime:
    found = datetime.fromisoformat(given) if isinstance(given, str) else given
    if not isinstance(found, datetime) or found.utcoffset() is None:
        raise ValueError(given)
    return found


CronText: TypeAlias = Annotated[
    str, _passes(cron.parse), Expected('a cron expression such as "0 7 * * 1-5", or "@daily"')
]
ZoneName: TypeAlias = Annotated[
    str, _passes(local_time.zone), Expected('the name of a time zone such as "Europe/Paris"')
]
Every: TypeAlias = Annotated[
    Duration, AfterValidator(_long_enough), Expected('a duration from 1 second to 3653 days, such as "5m"')
]
Instant: TypeAlias = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(lambda moment: moment.isoformat()),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Expected("an instant with its offset, such as 2031-05-17T08:30:00+02:00"),
]
JsonData: TypeAlias = Annotated[
    Any, _passes(partial(encode_json, field="data")), Expected("anything that JSON knows")
]
Text: TypeAlias = Annotated[str, Field(min_length=1), Expected("text")]
Priority: TypeAlias = Annotated[int, Field(ge=0, le=HIGHEST_PRIORITY), Expected("a whole number from 0 to 9")]
MissedRule: TypeAlias = Annotated[Literal["latest", "all", "skip"], Expected('"latest", "all" or "skip"')]


class ScheduleTable(Table):
    """What sends itself: one of cron, every and at says when."""

    cron: CronText | None = Field(
        default=None,
        description="When, as five fields: minute, hour, day of month, month, day of week.",
    )
    every: Every | None = Field(default=None, description="The time between one message and the next.")
    at: Instant | None = Field(default=None, description="When, once.")
    timezone: ZoneName | None = Field(
        default=None, description="Whose clocks the cron expression is read from; UTC unless set."
    )
    start: Instant | None = Field(
        default=None,
        description="Nothing is sent before, and every counts from it; from when it is first declared unless set.",
    )
    missed: MissedRule = Field(
        default="latest",
        description=(
            "What is done with slots that nobody was there to send: latest sends the last of them late, all sends "
            "them all in order, skip sends none that is more than a minute late."
        ),
    )
    app: AppName | None = Field(
        default=None, description="Whose queue gets the messages; the schedule's own name unless set."
    )
    data: JsonData = Field(default=None, description="Of each message.")
    type: Text | None = Field(default=None, description="What kind of message it is.")
    subject: Text | None = Field(default=None, description="What it is about.")
    priority: Priority | None = Field(default=None, description="9 is claimed first; 4 unless set.")
    partition_key: Text | None = Field(
        default=None, description="Messages of one key are handled one after the other, in order."
    )

    @property
    def when(self) -> str | timedelta | datetime:
        """The one of ``cron``, ``every`` and ``at`` that is set."""
        return self.cron or self.every or self.at or ""

    def options(self) -> dict[str, Any]:
        """Return what it says of each send."""
        names = ("type", "subject", "priority", "partition_key")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def _one_timing(table: ScheduleTable) -> ScheduleTable:
    given = [name for name in ("cron", "every", "at") if getattr(table, name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise Explained(f"one of cron, every and at must say when; given {found}")
    if table.timezone is not None and table.cron is None:
        raise Explained("timezone is for cron alone")
    if table.start is not None and table.at is not None:
        raise Explained("start is for cron and every alone")
    return table


Scheduled: TypeAlias = Annotated[ScheduleTable, AfterValidator(_one_timing), Expected("a table")]
