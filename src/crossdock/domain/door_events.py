"""What happens at the door for programs in any language; a part of the catalogue of events."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain.events import Event, Level, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiStarted(Event):
    """A process serves the API."""

    name = "api.started"
    url: str
    duration_s: float

    @property
    def text(self) -> str:
        """Say where."""
        return f"the API is at {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiStopped(Event):
    """A process that served the API ended as it was told to, every request answered that it had taken."""

    name = "api.stopped"
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFailed(Told):
    """A request failed by a defect of Crossdock; the client was told no more than its number."""

    name = "api.failed"
    level = Level.ERROR
    request_id: str
    method: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRefused(Told):
    """Keys that open nothing were shown at the API."""

    name = "api.refused"
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRefused(Told):
    """A webhook that was not to be believed came to the API, or one that could not be checked.

    Attributes:
        untold: So many more were refused since the last that was told, which is done of a few a minute only.
    """

    name = "webhook.refused"
    app: str
    client: str
    untold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfKey(Told):
    """Something that happened to an API key."""

    level = Level.INFO
    key: str


class KeyCreated(OfKey):
    """An API key was made."""

    name = "key.created"


class KeyRevoked(OfKey):
    """An API key opens nothing any more."""

    name = "key.revoked"


class KeyExpires(OfKey):
    """An API key was given an end, since another one takes its place."""

    name = "key.expires"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfApp(Told):
    """Something that happened to what is configured for an app."""

    level = Level.INFO
    app: str


class AppChanged(OfApp):
    """An app was made or changed through the API."""

    name = "app.changed"


class AppReset(OfApp):
    """What was said of an app through the API holds no more."""

    name = "app.reset"


class ApiFirstKey(Told):
    """There was no API key yet, so one was made that may do everything."""

    name = "api.first_key"
    level = Level.INFO
