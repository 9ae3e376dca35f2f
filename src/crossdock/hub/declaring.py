"""Declaring schedules: what programs, configurations and people say, checked and made ready for the store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import InvalidMessage
from crossdock.domain.events import ScheduleReplaced
from crossdock.domain.message import AppId, Envelope, check_app, encode
from crossdock.domain.retry import RetryPolicy
from crossdock.domain.schedule import (
    EXTENSION,
    SCHEDULER,
    Cron,
    Interval,
    Missed,
    Once,
    Schedule,
    ScheduleSpec,
    Timing,
)
from crossdock.domain.wording import did_you_mean
from crossdock.hub.options import given_options

if TYPE_CHECKING:
    from crossdock.hub.gateway import Gateway

_OF_ONE_SEND: Final = ("time", "delay", "available_at", "expires_at", "traceparent")
"""Options that mean one instant or one exchange, and not every slot."""
_UNSET: Final[Any] = object()


class Declarations:
    """What one queue object declares.

    Args:
        gateway: Of the queue.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._unnamed: dict[str, ScheduleSpec] = {}

    def spec(  # noqa: PLR0913 - all but two by keyword
        self,
        app: str,
        data: Any,
        *,
        timing: Timing,
        name: str | None,
        missed: str,
        options: Mapping[str, Any],
        fixed_start: bool = False,
        configured: bool = False,
    ) -> ScheduleSpec:
        """Return what is to be declared.

        Raises:
            InvalidMessage: Something about it is wrong; or it has no name, and neither has another schedule of its app.
            TypeError: There is no such option.
        """
        text, raw = encode(data)
        spec = ScheduleSpec(
            name=_checked_name(default_name(app, timing) if name is None else name),
            app=check_app(app),
            timing=timing,
            missed=_checked_missed(missed),
            text=text,
            raw=raw,
            options=_checked_options(app, options),
            fixed_start=fixed_start,
            configured=configured,
        )
        if name is None:
            self._demand_unique(spec)
        return spec

    def forget(self, name: str) -> None:
        """Let a name that no schedule has any more be taken by another one."""
        self._unnamed.pop(name, None)

    def merged(
        self, held: Schedule, *, timing: Timing | None, fixed_start: bool, **changes: Any
    ) -> ScheduleSpec:
        """Return a schedule with some things changed.

        Args:
            held: As it is.
            timing: When its slots are to be; None: as they are.
            fixed_start: The start is among the changes.
            changes: ``app``, ``data``, ``missed`` and ``options``, as far as they change.
        """
        options = {**_options_of(held), **given_options(changes.get("options", {}))}
        return self.spec(
            changes.get("app", held.app),
            changes.get("data", held.data),
            timing=timing or held.timing,
            name=held.name,
            missed=changes.get("missed", held.missed),
            options=options,
            fixed_start=fixed_start,
            configured=held.configured,
        )

    def timing(
        self, when: str | timedelta | datetime, *, timezone: str | None, start: datetime | None
    ) -> Timing:
        """Return when the slots of a schedule are.

        Args:
            when: A cron expression, the distance between two slots, or the one slot.
            timezone: Of the cron expression; default: UTC.
            start: No slot is before it; default: now.

        Raises:
            InvalidMessage: Something about it is wrong.
        """
        if isinstance(when, str):
            return Cron(when, "UTC" if timezone is None else timezone, start)
        if timezone is not None:
            raise InvalidMessage.of(
                "timezone", "only a cron expression is read from the clocks of a time zone"
            )
        if isinstance(when, timedelta):
            return Interval(
                when, self._gateway.store.now().replace(microsecond=0) if start is None else start
            )
        if isinstance(when, datetime):
            if start is not None:
                raise InvalidMessage.of("start", "a schedule that sends once has no other start")
            return Once(when)
        raise InvalidMessage.of("when", f"{when!r} is neither a cron expression nor a timedelta")

    def changed_timing(
        self,
        held: Schedule,
        when: str | timedelta | datetime | None,
        *,
        timezone: str | None,
        start: datetime | None,
    ) -> Timing | None:
        """Return the timing of a schedule of which something changes; None: nothing does.

        Raises:
            InvalidMessage: Something about it is wrong.
        """
        if when is None and timezone is None and start is None:
            return None
        if when is None:
            when = held.cron or held.interval or held.at or ""
        if isinstance(when, str):
            timezone = timezone or held.timezone
            start = start or (held.start if held.cron else None)
        return self.timing(when, timezone=timezone, start=start)

    def tell(self, schedule: Schedule) -> Schedule:
        """Say that a schedule was replaced, if it was."""
        if schedule.change == "replaced":
            self._gateway.notice(
                ScheduleReplaced(
                    schedule=schedule.name,
                    reason=f"schedule {schedule.name} was declared differently before; now it sends to "
                    f"{schedule.app}: {timing_text(schedule)}",
                )
            )
        return schedule

    def apply(self, specs: list[ScheduleSpec]) -> None:
        """Bring the schedules of a configuration into force; the store is written only where they differ."""
        if not specs:
            return
        store = self._gateway.store
        for spec in store.read(lambda reader: reader.differing(specs)):
            self.tell(store.write(lambda tx, spec=spec: tx.declare_schedule(spec)))  # type: ignore[misc]  # bound now

    def _demand_unique(self, spec: ScheduleSpec) -> None:
        """Refuse a second schedule under a name that neither was given: it would replace the first."""
        known = self._unnamed.setdefault(spec.name, spec)
        if _same(known, spec):
            return
        raise InvalidMessage.of(
            "name",
            f"another schedule of this program is called {spec.name!r}, as this one would be; give both a name",
        )


def default_name(app: str, timing: Timing) -> str:
    """Return the name of a schedule that was given none: its app, so that one that changes replaces what it was."""
    if isinstance(timing, Once):
        return f"{app}-{timing.at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return app


def timing_text(schedule: Schedule) -> str:
    """Return when a schedule sends, in words."""
    if schedule.cron is not None:
        return f"{schedule.cron} ({schedule.timezone})"
    if schedule.interval is not None:
        return f"every {schedule.interval}"
    return f"once at {schedule.at:%Y-%m-%d %H:%M:%S} UTC"


def envelope_of_slot(schedule: Schedule, slot: datetime) -> Envelope:
    """Return the envelope of the message of a slot."""
    options = _options_of(schedule)
    return Envelope(
        app=schedule.app,
        source_app=AppId(options.pop("source_app", SCHEDULER)),
        time=slot,
        extensions={**options.pop("extensions", {}), EXTENSION: schedule.name},
        **options,
    )


def _same(one: ScheduleSpec, other: ScheduleSpec) -> bool:
    """Tell whether two declarations are the same, but for the start of an interval that was not given."""
    if isinstance(one.timing, Interval) and isinstance(other.timing, Interval):
        same_timing = one.timing.every == other.timing.every
    else:
        same_timing = one.timing == other.timing
    names = ("app", "missed", "text", "raw", "options")
    return same_timing and all(getattr(one, name) == getattr(other, name) for name in names)


def _checked_name(name: str) -> str:
    try:
        return check_app(name)
    except InvalidMessage as error:
        raise InvalidMessage.of("name", error.details[0][1]) from error


def _checked_missed(missed: str) -> Missed:
    try:
        return Missed(missed)
    except ValueError as error:
        known = [each.value for each in Missed]
        hint = did_you_mean(str(missed), known)
        raise InvalidMessage.of("missed", f"{missed!r} is none of {', '.join(known)}{hint}") from error


def _checked_options(app: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON has them."""
    given = given_options(options)
    for name in _OF_ONE_SEND:
        if name in given:
            raise InvalidMessage.of(name, "cannot be said of a schedule: it would be the same for each slot")
    if EXTENSION in given.get("extensions", {}):
        raise InvalidMessage.of(f"extensions.{EXTENSION}", "is set by the schedule itself")
    Envelope(app=AppId(app), source_app=AppId(given.get("source_app", SCHEDULER)), **_but_source_app(given))
    retry = given.get("retry")
    return {**given, "retry": retry.to_json()} if isinstance(retry, RetryPolicy) else given


def _but_source_app(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "source_app"}


def _options_of(schedule: Schedule) -> dict[str, Any]:
    """Return options as a send takes them."""
    options = dict(schedule.options)
    if "retry" in options:
        options["retry"] = RetryPolicy.from_json(options["retry"])
    return options
