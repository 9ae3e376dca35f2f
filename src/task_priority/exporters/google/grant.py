"""What Google granted: which tokens, for what, since when, and how long it is likely to last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from crossdock import CredentialError
from task_priority.exporters.google.oauth_client import OAuthClient

_PREFIX: Final = "https://www.googleapis.com/auth/"
USUAL: Final = "googleapis.com"
"""The domain of Google's services."""
CALENDAR_SCOPES: Final = (f"{_PREFIX}calendar.events.readonly", f"{_PREFIX}calendar.calendarlist.readonly")
TASKS_SCOPES: Final = (f"{_PREFIX}tasks.readonly",)
CONNECT: Final = "run `task-priority connect google`"
PUBLISH: Final = "publish the app (Google Cloud console, Google Auth Platform, Audience)"

TESTING_LIMIT: Final = timedelta(days=7)
"""How long Google lets a sign-in live of an app whose consent screen is External and in Testing."""
_WARN_BEFORE: Final = timedelta(days=2)
_FRESH: Final = timedelta(minutes=1)

_ALSO_GRANTED_BY: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        CALENDAR_SCOPES[0]: frozenset({"calendar", "calendar.readonly", "calendar.events"}),
        CALENDAR_SCOPES[1]: frozenset({"calendar", "calendar.readonly", "calendar.calendarlist"}),
        TASKS_SCOPES[0]: frozenset({"tasks"}),
    }
)
_IN_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        CALENDAR_SCOPES[0]: "to see the events of your calendars",
        CALENDAR_SCOPES[1]: "to see the list of your calendars",
        TASKS_SCOPES[0]: "to see your tasks",
    }
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One sign-in of one person with one client.

    Attributes:
        expires: When the access token ends; aware UTC.
        scopes: What it may be used for.
        granted: When the person consented; aware UTC.
        ends: When the refresh token ends; None: Google did not say.
    """

    client: OAuthClient
    refresh_token: str = field(repr=False)
    access_token: str = field(repr=False)
    expires: datetime
    scopes: frozenset[str]
    granted: datetime
    ends: datetime | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the access token can still be used for a question."""
        return now + _FRESH < self.expires

    def require(self, wanted: Iterable[str]) -> None:
        """Make sure that everything wanted was granted.

        Raises:
            CredentialError: Not everything was.
        """
        lacking = [_IN_WORDS.get(one, one) for one in lacking_of(self.scopes, wanted)]
        if lacking:
            raise CredentialError(
                f"Google granted less than is needed: the permission {' and '.join(lacking)} is missing. "
                f"{CONNECT[0].upper()}{CONNECT[1:]} again and tick all boxes"
            )

    def to_values(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "client_id": self.client.id,
            "client_secret": self.client.secret,
            "auth_uri": self.client.auth_uri,
            "token_uri": self.client.token_uri,
            "refresh_token": self.refresh_token,
            "access_token": self.access_token,
            "expires": self.expires.isoformat(),
            "scopes": sorted(self.scopes),
            "granted": self.granted.isoformat(),
            "ends": None if self.ends is None else self.ends.isoformat(),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Grant:
        """Return what ``to_values`` was made of.

        Raises:
            CredentialError: It was not made by it.
        """
        try:
            ends = values["ends"]
            return cls(
                OAuthClient(
                    values["client_id"], values["client_secret"], values["auth_uri"], values["token_uri"]
                ),
                values["refresh_token"],
                _token_of(values["access_token"]),
                datetime.fromisoformat(values["expires"]).astimezone(UTC),
                frozenset(values["scopes"]),
                datetime.fromisoformat(values["granted"]).astimezone(UTC),
                None if ends is None else datetime.fromisoformat(ends).astimezone(UTC),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CredentialError(
                f"What is kept of the sign-in with Google is damaged: {CONNECT} again"
            ) from error


def is_token(value: object) -> bool:
    """Tell whether something can be sent as an access token. Source: RFC 6749, appendix A.12."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


def _token_of(value: str) -> str:
    if value and not is_token(value):
        raise ValueError("the access token cannot be sent")
    return value


def lacking_of(granted: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return the wanted scopes that neither were granted nor are part of one that was."""
    have = {one.removeprefix(_PREFIX) for one in granted}
    return [
        one
        for one in wanted
        if one.removeprefix(_PREFIX) not in have and not have & _ALSO_GRANTED_BY.get(one, frozenset())
    ]


def forecast(grant: Grant, now: datetime) -> str | None:
    """Warn, two days before, that a sign-in ends; None: nothing points to it."""
    if grant.ends is not None:
        if grant.ends - now > _WARN_BEFORE:
            return None
        return (
            f"Google ends the sign-in on {_when(grant.ends)}: {CONNECT} before. "
            f"If your app is in Testing, {PUBLISH}, and the next one will last"
        )
    ends = grant.granted + TESTING_LIMIT
    if not ends - _WARN_BEFORE <= now < ends:
        return None
    return (
        f"If your app is in Testing, Google ends the sign-in on {_when(ends)}, seven days after it was made: "
        f"{CONNECT} before, or {PUBLISH} and sign in again"
    )


def ended_text(grant: Grant, now: datetime) -> str:
    """Say why Google no longer accepts a sign-in, as far as that can be known, and what to do."""
    kept = "What was exported stays"
    if grant.ends is not None or grant.granted + TESTING_LIMIT <= now < grant.granted + TESTING_LIMIT * 2:
        return (
            f"Google has ended the sign-in that was made on {_when(grant.granted)}: it does so after seven days while "
            f"an app is in Testing. To stop that, {PUBLISH}; then {CONNECT}. {kept}"
        )
    return (
        f"Google no longer accepts the sign-in that was made on {_when(grant.granted)}: it was withdrawn, not used for "
        f"six months, or displaced by newer ones. {CONNECT[0].upper()}{CONNECT[1:]}. {kept}"
    )


def _when(instant: datetime) -> str:
    return f"{instant:%a} {instant.day} {instant:%b %Y at %H:%M} UTC"
