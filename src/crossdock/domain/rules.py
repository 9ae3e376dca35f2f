"""What holds for one app's queue, whichever process works on it: its fallback and its limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from crossdock.domain.errors import ConfigError, InvalidMessage
from crossdock.domain.message import check_app

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_COUNT: Final = 2**31 - 1
"""Fits the column of every database."""
RATE_PATTERN: Final = r"^[1-9]\d{0,8}/(\d+(\.\d+)?)?(ms|s|m|h|d)$"
_UNITS: Final = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_RATE: Final = re.compile(r"(\d+)/(\d+(?:\.\d+)?)?(ms|s|m|h|d)")
_AT_ONCE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages in a period, spread over it evenly.

    A tenth of a second's worth may come at once, at least one: in any stretch of *t* seconds at most
    ``count / period * (t + 0.1)`` are begun, rounded up.

    Attributes:
        count: At least 1.
        period: More than 0.

    Raises:
        ConfigError: A value is out of range.
    """

    count: int
    period: timedelta

    def __post_init__(self) -> None:
        if type(self.count) is not int or not 1 <= self.count <= LARGEST_COUNT:
            raise ConfigError(f"Rate.count is {self.count!r}; it must be a whole number of 1 or more")
        if not isinstance(self.period, timedelta) or self.period <= timedelta(0):
            raise ConfigError(f"Rate.period is {self.period!r}; it must be a timedelta of more than 0")

    @property
    def interval_s(self) -> float:
        """Between two messages, in seconds."""
        return self.period.total_seconds() / self.count

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read a rate such as ``10/s``, ``1000/15m`` or ``1/500ms``.

        Raises:
            ValueError: Not of that form, or a period that is 0 or no ``timedelta`` holds.
        """
        found = _RATE.fullmatch(text)
        if found is None or not re.fullmatch(RATE_PATTERN, text):
            raise ValueError(text)
        try:
            return cls(int(found[1]), float(found[2] or 1) * _UNITS[found[3]])
        except (ConfigError, OverflowError) as error:
            raise ValueError(text) from error

    def __str__(self) -> str:
        """Return the form that ``parse`` reads."""
        for unit, length in _UNITS.items():
            number, rest = divmod(self.period, length)
            if not rest:
                return f"{self.count}/{'' if number == 1 else number}{unit}"
        milliseconds = f"{self.period / _UNITS['ms']:.3f}".rstrip("0")
        return f"{self.count}/{milliseconds}ms"

    def grant(self, wanted: int, *, now_s: float, next_s: float | None) -> tuple[int, float]:
        """Say how many may be begun now, and when the next one may.

        Args:
            wanted: At most so many.
            now_s: The present, in seconds since any instant.
            next_s: When the next one might be begun, as the last grant told; None: there was none.

        Source: the generic cell rate algorithm, ITU-T I.371, with the tolerance of ``_AT_ONCE_S``.
        """
        interval_s = self.interval_s
        saved = max(1, int(_AT_ONCE_S / interval_s))
        earliest = now_s - (saved - 1) * interval_s
        start = earliest if next_s is None else max(next_s, earliest)
        granted = min(wanted, int((now_s - start) / interval_s + 1e-6) + 1) if start <= now_s + 1e-9 else 0
        return granted, start + granted * interval_s


class Rules(TypedDict, total=False):
    """The rules of one app's queue; None takes one away, what is left out stays as it is.

    Attributes:
        fallback: The app that receives what fails for good.
        max_depth: No message is taken in while so many wait.
        max_processing: So many messages are being worked on at a time, in all processes together.
        rate: So many deliveries are begun in a time, in all processes together.
    """

    fallback: str | None
    max_depth: int | None
    max_processing: int | None
    rate: Rate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """The rules of one app's queue, as they stand in the store.

    Attributes:
        on_dead: What a dead letter does to later messages of its partition key.
        fallback: The app that receives what fails for good.
        max_depth: No message is taken in while so many wait.
        max_processing: So many messages are being worked on at a time, in all processes together.
        rate: So many deliveries are begun in a time, in all processes together.
    """

    on_dead: Literal["release", "block"] = "release"
    fallback: str | None = None
    max_depth: int | None = None
    max_processing: int | None = None
    rate: Rate | None = None

    def differing(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the wanted rules that are not in force."""
        return {name: value for name, value in wanted.items() if getattr(self, name) != value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLimits:
    """How many messages may be claimed from a queue now.

    Attributes:
        max_processing: At most so many in work at a time; None: no limit.
        processing: So many are.
        rate: None: no limit.
        rate_next_at: When the rate allows the next one; aware UTC.
    """

    max_processing: int | None
    processing: int
    rate: Rate | None
    rate_next_at: datetime | None

    def grant(self, wanted: int, now: datetime) -> tuple[int, datetime]:
        """Return how many may be claimed, of so many that are wanted, and when the rate then allows the next."""
        allowed = wanted
        if self.max_processing is not None:
            allowed = max(0, min(allowed, self.max_processing - self.processing))
        if self.rate is None:
            return allowed, now
        next_s = None if self.rate_next_at is None else (self.rate_next_at - now).total_seconds()
        granted, following_s = self.rate.grant(allowed, now_s=0.0, next_s=next_s)
        return granted, now + timedelta(seconds=following_s)


RULE_NAMES: Final = tuple(field.name for field in fields(QueueRules))


def check_rules(app: str, rules: Mapping[str, Any]) -> None:
    """Make sure that rules can hold.

    Raises:
        ConfigError: One of them cannot; the message names it.
        TypeError: There is no such rule.
    """
    for name, value in rules.items():
        if name not in RULE_NAMES:
            raise TypeError(f"unknown rule of a queue: {name!r}; there are: {', '.join(RULE_NAMES)}")
        if value is not None and (issue := _issue(name, value)):
            raise ConfigError(f"{name} of {app!r} is {value!r}; {issue}")
    if rules.get("on_dead", "") is None:
        raise ConfigError(f"on_dead of {app!r} is None; it must be 'release' or 'block'")


def _issue(name: str, value: Any) -> str | None:
    match name:
        case "on_dead":
            return None if value in {"release", "block"} else "it must be 'release' or 'block'"
        case "fallback":
            try:
                check_app(value)
            except InvalidMessage as error:
                return error.details[0][1]
            return None
        case "rate":
            return None if isinstance(value, Rate) else "it must be a Rate, such as Rate.parse('10/s')"
        case _:
            good = type(value) is int and 1 <= value <= LARGEST_COUNT
            return None if good else "it must be a whole number of 1 or more"


def fallback_loop(fallbacks: Mapping[str, str | None], app: str) -> list[str] | None:
    """Return the chain of fallbacks that begins at an app and comes back to one it has passed; None: it ends."""
    chain = [app]
    while (following := fallbacks.get(chain[-1])) is not None:
        if following in chain:
            return [*chain, following]
        chain.append(following)
    return None


def loop_text(chain: list[str]) -> str:
    """Say what is wrong with a chain of fallbacks that never ends."""
    return f"what fails would go round for ever: {' -> '.join(chain)}; leave the fallback of one of them out"
