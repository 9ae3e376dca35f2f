"""Between rows and schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crossdock.domain.message import AppId
from crossdock.domain.schedule import (
    Cron,
    Interval,
    Missed,
    Once,
    Schedule,
    ScheduleSpec,
    Timing,
)
from crossdock.store.codec import maybe_moment, value_or_text
from crossdock.store.types import to_text

_NAME: Final = 0
_DATA: Final = 2
_RAW: Final = 3
_OPTIONS: Final = 4
_TIMING: Final = slice(5, 10)
_MISSED: Final = 10
_DECIDED: Final = 12
_NEXT: Final = 13
_SENT: Final = 15
_PAUSED: Final = 16
_REVISION: Final = 20
_UNKNOWN: Final = datetime.min.replace(tzinfo=UTC)


class ScheduleRow:
    """A row of ``SCHEDULE_COLUMNS``, read as far as it is needed."""

    def __init__(self, row: Sequence[Any]) -> None:
        self._row = row
        self.name: str = row[_NAME]
        self.text: str = row[_DATA]
        self.raw: bytes | None = row[_RAW]
        self.is_paused = row[_PAUSED] is not None
        self.sent: int = row[_SENT]
        self.revision: int = row[_REVISION]

    @property
    def decided_until(self) -> datetime:
        """Slots up to here were sent or left out."""
        return maybe_moment(self._row[_DECIDED]) or _UNKNOWN

    @property
    def next_at(self) -> datetime | None:
        """The next slot; None: there is none."""
        return maybe_moment(self._row[_NEXT])

    def schedule(self, change: Any = None) -> Schedule:
        """Return what people see of it."""
        row = self._row
        cron, timezone, interval_s, at, start_at = row[_TIMING]
        (last_slot, sent, paused_at, created_at, declared_by, updated_at, revision) = row[_NEXT + 1 :]
        return Schedule(
            name=self.name,
            app=AppId(row[1]),
            data=value_or_text(self.text) if self.raw is None else self.raw,
            cron=cron,
            timezone=timezone,
            interval=None if interval_s is None else timedelta(seconds=interval_s),
            at=maybe_moment(at),
            start=maybe_moment(start_at),
            missed=Missed(row[_MISSED]),
            options=self.options(),
            configured=bool(row[_MISSED + 1]),
            next_at=self.next_at,
            last_slot=maybe_moment(last_slot),
            sent=sent,
            paused_at=maybe_moment(paused_at),
            created_at=maybe_moment(created_at) or _UNKNOWN,
            declared_by=declared_by,
            updated_at=maybe_moment(updated_at) or _UNKNOWN,
            revision=revision,
            change=change,
        )

    def options(self) -> Mapping[str, Any]:
        """Return the options of a send."""
        found = value_or_text(self._row[_OPTIONS])
        return found if isinstance(found, Mapping) else {}

    def differs(self, columns: Mapping[str, Any]) -> set[str]:
        """Return which columns of a declaration are not as they stand in the row."""
        stands = dict(zip(_DECLARED, [*self._row[1:10], self._row[_MISSED]], strict=True))
        return {name for name, value in columns.items() if name in stands and stands[name] != value}


_DECLARED: Final = (
    "target_app", "data", "data_bytes", "options", "cron", "timezone", "interval_s", "at", "start_at", "missed",
)  # fmt: skip
TIMING_COLUMNS: Final = frozenset({"cron", "timezone", "interval_s", "at", "start_at"})


def declared_columns(spec: ScheduleSpec) -> dict[str, Any]:
    """Return what a declaration sets; an interval's start is left out where it was not given."""
    columns = {
        "target_app": spec.app,
        "data": "null" if spec.text is None else spec.text,
        "data_bytes": spec.raw,
        "options": json.dumps(dict(spec.options), sort_keys=True),
        "missed": spec.missed.value,
        "configured": int(spec.configured),
        **_timing_columns(spec.timing),
    }
    if isinstance(spec.timing, Interval) and not spec.fixed_start:
        del columns["start_at"]
    return columns


def start_column(timing: Timing) -> dict[str, Any]:
    """Return the column of the start."""
    return {"start_at": _timing_columns(timing)["start_at"]}


def _timing_columns(timing: Timing) -> dict[str, Any]:
    columns: dict[str, Any] = dict.fromkeys(("cron", "timezone", "interval_s", "at", "start_at"))
    match timing:
        case Cron(expression, timezone, start):
            columns.update(cron=expression, timezone=timezone, start_at=maybe_text(start))
        case Interval(every, start):
            columns.update(interval_s=every.total_seconds(), start_at=maybe_text(start))
        case Once(at):
            columns.update(at=maybe_text(at))
    return columns


def maybe_text(moment: datetime | None) -> str | None:
    """Return an aware instant as the store holds it."""
    return None if moment is None else to_text(moment.astimezone(UTC))
