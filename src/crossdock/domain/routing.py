"""Routes: which apps receive what an app sends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from crossdock.domain.errors import ConfigError
from crossdock.domain.message import AppId


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What an app wants to receive, whoever sends it.

    A pattern is text in which ``*`` stands for any characters, also none: ``order.*``. What is left out matches
    everything; what is given must match all together.

    Attributes:
        type: Of the message.
        source: Of the message; by default that is the name of the app that sent it.
        subject: Of the message; a message without one matches only where this is left out.

    Raises:
        ConfigError: No pattern is given, or one is no text.
    """

    type: str | None = None
    source: str | None = None
    subject: str | None = None

    def __post_init__(self) -> None:
        given = {name: value for name, value in vars(self).items() if value is not None}
        if not given:
            raise ConfigError(
                'Subscription: give at least one of type, source and subject; "*" matches every one that is set'
            )
        for name, value in given.items():
            if not isinstance(value, str) or not value:
                raise ConfigError(f"Subscription.{name} is {value!r}; it must be text such as 'order.*'")

    def matches(self, *, type: str, source: str, subject: str | None) -> bool:
        """Tell whether a message is wanted."""
        values = {"type": type, "source": source, "subject": subject}
        return all(
            (value := values[name]) is not None and pattern.fullmatch(value) is not None
            for name, pattern in self._patterns
        )

    @cached_property
    def _patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        given = (("type", self.type), ("source", self.source), ("subject", self.subject))
        return tuple((name, _compiled(text)) for name, text in given if text is not None)


class Routes:
    """The recipient list of every app.

    Args:
        following: By app, those that receive everything it sends, in order.
        subscriptions: By app, what it wants of what the others send; one that matches is enough.
    """

    def __init__(
        self,
        following: Mapping[AppId, Sequence[AppId]],
        subscriptions: Mapping[AppId, Sequence[Subscription]],
    ) -> None:
        self._following = {app: tuple(receivers) for app, receivers in following.items()}
        self._subscriptions = {app: tuple(wanted) for app, wanted in subscriptions.items() if wanted}

    def receivers(
        self,
        sender: AppId,
        *,
        type: str,
        source: str,
        subject: str | None,
    ) -> tuple[AppId, ...]:
        """Return who receives a message, each once: those that follow the sender, then the subscribers.

        A subscription never brings an app what it sent itself, which would go on for ever.
        """
        following = self._following.get(sender, ())
        if not self._subscriptions:
            return following
        subscribers = [
            app
            for app, wanted in self._subscriptions.items()
            if app != sender and any(one.matches(type=type, source=source, subject=subject) for one in wanted)
        ]
        return tuple(dict.fromkeys([*following, *subscribers]))

    def following(self, sender: AppId) -> tuple[AppId, ...]:
        """Return the apps that receive everything that one sends, in order."""
        return self._following.get(sender, ())

    def reaches_somebody(self, sender: AppId) -> bool:
        """Tell whether anybody may receive something that an app sends."""
        return bool(self._following.get(sender)) or any(app != sender for app in self._subscriptions)

    def leads(self, sender: AppId, receiver: AppId) -> bool:
        """Tell whether what one app sends may bring something to another, directly or through others."""
        reached: set[AppId] = set()
        todo = [sender]
        while todo:
            app = todo.pop()
            following = {*self._following.get(app, ()), *(one for one in self._subscriptions if one != app)}
            todo += following - reached
            reached |= following
        return receiver in reached


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
