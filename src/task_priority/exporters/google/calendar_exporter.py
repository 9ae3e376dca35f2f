"""Exports calendars and events from Google Calendar: each calendar with a sync token of its own.

Source: Google Calendar API v3, guide "Synchronize resources efficiently".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from crossdock import PermanentError, TransientError
from crossdock.exporting import Found, Pull, SetAside
from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google.asking import Google
from task_priority.exporters.google.event_changes import EVENTS, changes_of
from task_priority.exporters.google.grant import CALENDAR_SCOPES
from task_priority.exporters.google.refusals import Expired, Refused
from task_priority.exporters.google.tokens import Tokens

CALENDAR_URL: Final = "https://www.googleapis.com/calendar/v3"
CALENDARS: Final = "calendars"
_SERVICE: Final = "Google Calendar"
_API: Final = "calendar-json.googleapis.com"
_CALENDARS_ASKED: Final[Mapping[str, Any]] = {"maxResults": 250, "showHidden": True}
# Series come as they are, with their exceptions, and are unfolded here: what Google unfolds ends at a horizon that it
# does not tell. With a sync token neither bounds in time nor showDeleted may be given, so they are not given at first.
_EVENTS_ASKED: Final[Mapping[str, Any]] = {"maxResults": 2500, "singleEvents": False}
_FULL_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Position:
    """How far the events of a calendar are exported.

    Attributes:
        token: Google's.
        exceptions: See ``EventChanges``.
    """

    token: str
    exceptions: Mapping[str, str]

    @classmethod
    def of(cls, state: object) -> Position | None:
        """Read a stored state; None: everything must be asked for, as a token is good for the same question only."""
        if not isinstance(state, Mapping) or state.get("asked") != _EVENTS_ASKED:
            return None
        return cls(state["token"], state["exceptions"])

    def to_state(self) -> dict[str, Any]:
        """Return the state to be stored."""
        return {"asked": dict(_EVENTS_ASKED), "token": self.token, "exceptions": dict(self.exceptions)}


class GoogleCalendarExporter:
    """Asks Google Calendar what changed.

    Objects of the kind ``calendars`` have Google's ids, those of the kind ``events`` ``<calendar>/<event>``. The
    events of each calendar have the scope ``events/<calendar>``.

    Args:
        credentials: Hold the grant.
        asking: To ask with.
        calendars: The ids of those whose events are wanted, ``primary`` for the main one; None: those that are shown in
            Google Calendar.
        base_url: Of the service.
    """

    name = "google-calendar"
    kinds: Sequence[str] = (CALENDARS, EVENTS)

    def __init__(
        self,
        credentials: Credentials,
        asking: Asking,
        *,
        calendars: Sequence[str] | None = None,
        base_url: str = CALENDAR_URL,
    ) -> None:
        self._tokens = Tokens(credentials, asking, CALENDAR_SCOPES)
        self._google = Google(asking, self._tokens, base_url, service=_SERVICE, api=_API)
        self._wanted = calendars

    def try_out(self) -> None:
        """Ask for the list of calendars alone, to see whether the sign-in works.

        Raises:
            DeliveryError: It does not, or Google does not answer.
        """
        self._calendars()

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Ask for the list of calendars, then for the events of each; see ``crossdock.exporting.Exporter``."""
        calendars, set_aside = self._calendars()
        chosen = choose(calendars, self._wanted)
        scopes = {_scope(one["id"]) for one in chosen}
        yield Pull(
            scope=CALENDARS,
            state=None,
            found=[Found(CALENDARS, one["id"], one) for one in calendars],
            set_aside=set_aside,
            whole=frozenset({CALENDARS}),
            ended=frozenset(scope for scope in states if scope.startswith(f"{EVENTS}/")) - scopes,
        )
        remark = _joined(self._tokens.warning(), _absent(calendars, self._wanted))
        if remark is not None:
            yield Pull(CALENDARS, None, remark=remark)
        # those that never came to an end first: a limit of Google's must not keep them from it for ever
        for one in sorted(chosen, key=lambda one: (states.get(_scope(one["id"])) is not None, one["id"])):
            yield self._events(one, states.get(_scope(one["id"])))

    def _calendars(self) -> tuple[list[Mapping[str, Any]], list[SetAside]]:
        """Return the whole list: asking for the changes of so short a list would cost as much."""
        calendars, set_aside = [], []
        try:
            pages = self._google.pages(
                "/users/me/calendarList", _CALENDARS_ASKED, kind="calendar#calendarList"
            )
            items = [item for page in pages for item in page.items]
        except Refused as error:
            raise PermanentError(f"{_SERVICE} does not give the list of your calendars ({error})") from error
        except Expired as error:
            raise TransientError(
                f"{_SERVICE} lost its place in the list of your calendars ({error})"
            ) from error
        for item in items:
            if isinstance(item, Mapping) and isinstance(item.get("id"), str) and item["id"]:
                calendars.append(item)
            else:
                set_aside.append(SetAside(CALENDARS, None, "it has no id", item))
        if not calendars:
            raise TransientError(
                f"{_SERVICE} lists no calendars, though each account has one; nothing was changed"
            )
        return calendars, set_aside

    def _events(self, calendar: Mapping[str, Any], state: object) -> Pull:
        position, remark = Position.of(state), None
        try:
            if position is not None:
                try:
                    return self._answer(calendar, position)
                except Expired as error:
                    remark = f"Google no longer tells what changed in {title_of(calendar)} ({error}): all was read anew"
            return self._all(calendar, remark)
        except Refused as error:
            return Pull(
                _scope(calendar["id"]),
                state,
                remark=f"Google does not give the events of {title_of(calendar)} ({error})",
            )

    def _all(self, calendar: Mapping[str, Any], remark: str | None) -> Pull:
        for _ in range(_FULL_TRIES):
            try:
                return self._answer(calendar, None, remark)
            except Expired as error:
                remark = (
                    remark or f"Google lost its place in {title_of(calendar)} ({error}): all was read anew"
                )
        raise TransientError(f"{_SERVICE} loses its place again and again in {title_of(calendar)}")

    def _answer(
        self, calendar: Mapping[str, Any], position: Position | None, remark: str | None = None
    ) -> Pull:
        """Read all pages; the token of the last one counts for all of them."""
        path = f"/calendars/{quote(calendar['id'], safe='')}/events"
        asked = _EVENTS_ASKED if position is None else {**_EVENTS_ASKED, "syncToken": position.token}
        pages = list(self._google.pages(path, asked, kind="calendar#events"))
        known = {} if position is None else position.exceptions
        changes = changes_of(calendar["id"], (item for page in pages for item in page.items), known)
        token = pages[-1].sync_token
        if token is None:
            again = f"Google gave no sync token for {title_of(calendar)}: nothing was removed, all will be read again"
            remark = _joined(remark, again)
        return Pull(
            scope=_scope(calendar["id"]),
            state=None if token is None else Position(token, changes.exceptions).to_state(),
            found=changes.found,
            set_aside=changes.set_aside,
            whole=frozenset({EVENTS} if position is None and token is not None else ()),
            remark=remark,
        )


def choose(calendars: Sequence[Mapping[str, Any]], wanted: Sequence[str] | None) -> list[Mapping[str, Any]]:
    """Return the calendars whose events are wanted.

    Args:
        calendars: As Google lists them.
        wanted: Their ids, ``primary`` for the main one; None: those that are shown in Google Calendar.
    """
    there = [one for one in calendars if not one.get("deleted")]
    if wanted is None:
        return [one for one in there if one.get("selected") and not one.get("hidden")]
    return [one for one in there if one["id"] in wanted or (one.get("primary") and "primary" in wanted)]


def title_of(calendar: Mapping[str, Any]) -> str:
    """Return what a calendar is called by its reader."""
    return str(calendar.get("summaryOverride") or calendar.get("summary") or calendar["id"])


def _absent(calendars: Sequence[Mapping[str, Any]], wanted: Sequence[str] | None) -> str | None:
    there = {"primary"} | {one["id"] for one in choose(calendars, wanted)}
    absent = [one for one in wanted or () if one not in there]
    return f"Google lists no calendar {' or '.join(absent)}" if absent else None


def _scope(calendar: str) -> str:
    return f"{EVENTS}/{calendar}"


def _joined(*remarks: str | None) -> str | None:
    return ". ".join(remark for remark in remarks if remark) or None
