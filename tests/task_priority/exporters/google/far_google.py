"""A small Google on loopback that keeps the rules of the real one: calendars, events, tasks, and tokens."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

Params = Mapping[str, str]
NOT_WITH_SYNC_TOKEN = {
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin",
    "showDeleted",
}  # fmt: skip
START = datetime(2026, 11, 26, 8, tzinfo=UTC)


def error(code: int, /, reason: str | None = None, message: str = "no", **more: Any) -> Answer:
    """Build an error answer as Google does."""
    content: dict[str, Any] = {"code": code, "message": message, **more}
    if reason is not None:
        content["errors"] = [{"domain": "global", "reason": reason, "message": message}]
    return Answer(code, {"error": content})


@dataclass
class Answer:
    """An answer to be sent; bytes as they are, all else as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request for a list."""

    path: str
    params: dict[str, str]


@dataclass
class Fault:
    """An answer that is given instead, to requests whose path holds a text, after some that are let through."""

    path: str
    answer: Answer
    after: int = 0
    times: int = 1


@dataclass
class Calendar:
    """A calendar with the whole past of its events: at which change each was last touched."""

    entry: dict[str, Any]
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)


class FarGoogle:
    """The state of it, to be changed by tests.

    Attributes:
        page_size: How many items a page has, whatever is asked for.
        empty_pages: Every page is followed by an empty one.
        requests: All that came: path and parameters.
        broken_rules: What a client did that Google forbids; must be empty in the end.
        faults: Used up one by one.
        now: The server's clock.
        rotates: Gives a new refresh token at each refresh; the old one is void then.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.calendars: dict[str, Calendar] = {}
        self.lists: dict[str, dict[str, dict[str, Any]]] = {}
        self.page_size = 3
        self.empty_pages = False
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.broken_rules: list[str] = []
        self.faults: list[Fault] = []
        self.now = START
        self.rotates = False
        self.refresh_tokens = {"refresh-0"}
        self.access_tokens: set[str] = set()
        self.codes: dict[str, dict[str, str]] = {}
        self.token_values: dict[str, Any] = {}
        self.refreshed = 0
        self.epochs: dict[str, int] = {}
        self._lock = threading.Lock()
        self._changes = itertools.count(1)
        self._version = 0
        self._pages: dict[str, Any] = {}

    # --- what tests do to it

    def add_calendar(self, name: str, **entry: Any) -> None:
        entry = {
            "kind": "calendar#calendarListEntry",
            "id": name,
            "timeZone": "Europe/Oslo",
            "selected": True,
            **entry,
        }
        self.calendars[name] = Calendar(entry)

    def remove_calendar(self, name: str) -> None:
        """Remove a calendar for good; its tokens are void though its name may be used again."""
        self.expire(name)
        del self.calendars[name]

    def put(self, calendar: str, event: str, **facts: Any) -> None:
        """Make or change an event."""
        self._touch(calendar, event)
        self.calendars[calendar].events[event] = {
            "kind": "calendar#event", "id": event, "status": "confirmed", "summary": event, **facts
        }  # fmt: skip

    def delete(self, calendar: str, event: str) -> None:
        """Delete an event; a series with all its exceptions, of which nothing is told."""
        events = self.calendars[calendar].events
        for name in [name for name, one in events.items() if one.get("recurringEventId") == event]:
            del events[name], self.calendars[calendar].touched[name]
        events[event] = {"id": event, "status": "cancelled"}
        self._touch(calendar, event)

    def except_(self, calendar: str, series: str, start: str, /, **facts: Any) -> None:
        """Make an exception of a series; cancelled if no facts are given."""
        name = f"{series}_{start.replace('-', '').replace(':', '')}"
        told = {
            "recurringEventId": series,
            "originalStartTime": {"dateTime": start, "timeZone": "Europe/Oslo"},
        }
        if facts:
            self.put(calendar, name, **told, **facts)
        else:
            self._touch(calendar, name)
            self.calendars[calendar].events[name] = {"id": name, "status": "cancelled", **told}

    def expire(self, calendar: str) -> None:
        """Make all sync tokens of a calendar void, and the pages that were begun."""
        self.epochs[calendar] = self.epochs.get(calendar, 0) + 1

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the parameters of all requests to a path."""
        return [params for one, params in self.requests if one == path]

    def _touch(self, calendar: str, event: str) -> None:
        self._version = next(self._changes)
        self.calendars[calendar].touched[event] = self._version

    # --- what it answers

    def answer(self, method: str, path: str, params: dict[str, str], headers: Params, form: Params) -> Answer:
        with self._lock:
            self.requests.append((path, params))
            fault = self._fault(path)
            if fault is not None:
                return fault
            if (method, path) == ("POST", "/token"):
                return self._token(dict(form))
            if headers.get("authorization", "").removeprefix("Bearer ") not in self.access_tokens:
                return error(401, "authError", "Invalid Credentials")
            return self._list(Asked(path, params))

    def _list(self, asked: Asked) -> Answer:
        match asked.path.strip("/").split("/"):
            case ["calendar", "v3", "users", "me", "calendarList"]:
                entries = [one.entry for one in self.calendars.values()]
                return self._page(asked, "calendar#calendarList", entries)
            case ["calendar", "v3", "calendars", name, "events"]:
                return self._events(asked, unquote(name))
            case ["tasks", "v1", "users", "@me", "lists"]:
                lists = [
                    {"kind": "tasks#taskList", "id": name, "title": f"List {name}"} for name in self.lists
                ]
                return self._page(asked, "tasks#taskLists", lists)
            case ["tasks", "v1", "lists", name, "tasks"]:
                return self._tasks(asked, unquote(name))
        return error(404, "notFound")

    def _fault(self, path: str) -> Answer | None:
        for fault in self.faults:
            if fault.path in path:
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault.answer
        return None

    def _events(self, asked: Asked, name: str) -> Answer:
        params = asked.params
        calendar = self.calendars.get(name)
        if calendar is None:
            return error(404, "notFound")
        if int(params.get("maxResults", "250")) > 2500:
            self.broken_rules.append("maxResults over 2500")
        epoch = str(self.epochs.get(name, 0))
        since = 0
        if (token := params.get("syncToken")) is not None:
            if forbidden := NOT_WITH_SYNC_TOKEN & params.keys():
                self.broken_rules.append(f"{forbidden} with syncToken")
            given_epoch, given_since, given_params = token.split("|")
            if given_params != _parameters(params):
                self.broken_rules.append(f"other parameters than at first: {params}")
            if given_epoch != epoch:
                return error(
                    410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required."
                )
            since = int(given_since)
        if "pageToken" in params and not params["pageToken"].startswith(f"{epoch}-"):
            return error(410, "fullSyncRequired", "The page token is no longer valid.")
        items = [
            event
            for event_id, event in calendar.events.items()
            if calendar.touched[event_id] > since and (token is not None or _is_listed(event, calendar))
        ]
        sync_token = f"{epoch}|{self._version}|{_parameters(params)}"
        return self._page(asked, "calendar#events", items, sync_token)

    def _tasks(self, asked: Asked, name: str) -> Answer:
        params = asked.params
        if name not in self.lists:
            return error(404, "notFound")
        if int(params.get("maxResults", "20")) > 100:
            self.broken_rules.append("maxResults over 100")
        since = datetime.fromisoformat(params.get("updatedMin", "1970-01-01T00:00:00Z"))
        shown = [
            {"kind": "tasks#task", **task}
            for task in self.lists[name].values()
            if datetime.fromisoformat(task["updated"]) >= since
            and (params.get("showDeleted") == "true" or not task.get("deleted"))
            and (params.get("showHidden") == "true" or not task.get("hidden"))
            and (params.get("showAssigned") == "true" or "assignmentInfo" not in task)
            and (params.get("showCompleted", "true") == "true" or task["status"] != "completed")
        ]
        return self._page(asked, "tasks#tasks", shown)

    def _page(self, asked: Asked, kind: str, items: list[Any], sync_token: str | None = None) -> Answer:
        """Answer with a page of what the list was when its first page was asked for."""
        first = {key: value for key, value in asked.params.items() if key != "pageToken"}
        token = asked.params.get("pageToken")
        if token is None:
            rest = [items[at : at + self.page_size] for at in range(0, len(items), self.page_size)] or [[]]
            if self.empty_pages:
                rest = [page for one in rest for page in (one, [])]
            last = sync_token
        else:
            rest, last, was_first = self._pages[token]
            if was_first != first:
                self.broken_rules.append(f"other parameters with a page token: {asked.params}")
        body: dict[str, Any] = {"kind": kind, "items": json.loads(json.dumps(rest[0]))}
        if len(rest) > 1:
            epoch = (sync_token or "0").partition("|")[0]
            body["nextPageToken"] = f"{epoch}-{len(self.requests)}"
            self._pages[body["nextPageToken"]] = (rest[1:], last, first)
        elif last is not None:
            body["nextSyncToken"] = last
        if kind.startswith("tasks") and not body["items"]:
            del body["items"]
        return Answer(200, body)

    def _token(self, form: dict[str, str]) -> Answer:
        if (form.get("client_id"), form.get("client_secret")) != ("client", "shh-client"):
            return Answer(
                401, {"error": "invalid_client", "error_description": "The OAuth client was not found."}
            )
        values: dict[str, Any] = {"token_type": "Bearer", "expires_in": 3599}
        if form["grant_type"] == "authorization_code":
            known = self.codes.pop(form["code"], None)
            if known is None or not _proves(form, known):
                return Answer(400, {"error": "invalid_grant", "error_description": "Malformed auth code."})
            values |= {"refresh_token": "refresh-0", "scope": known["scope"]}
        elif form["refresh_token"] not in self.refresh_tokens:
            return Answer(
                400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            )
        self.refreshed += 1
        if self.rotates:
            self.refresh_tokens = {f"refresh-{self.refreshed}"}
            values["refresh_token"] = f"refresh-{self.refreshed}"
        values["access_token"] = f"access-{self.refreshed}"
        self.access_tokens.add(values["access_token"])
        return Answer(200, {**values, **self.token_values})

    def consent(self, address: str) -> dict[str, str]:
        """Do what Google's page does when a person consents: return the parameters, and know the code."""
        asked = dict(parse_qsl(urlsplit(address).query))
        self.codes["code-1"] = asked
        return asked


def _is_listed(event: Mapping[str, Any], calendar: Calendar) -> bool:
    if event["status"] != "cancelled":
        return True
    series = calendar.events.get(event.get("recurringEventId", ""))
    return series is not None and series["status"] != "cancelled"


def _parameters(params: Params) -> str:
    return "&".join(
        sorted(f"{key}={value}" for key, value in params.items() if key not in {"syncToken", "pageToken"})
    )


def _proves(form: Params, known: Params) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return challenge == known["code_challenge"] and form["redirect_uri"] == known["redirect_uri"]


def values(far: FarGoogle, **more: Any) -> dict[str, Any]:
    """Return credentials as they are kept, with no access token yet."""
    prefix = "https://www.googleapis.com/auth/"
    return {
        "client_id": "client",
        "client_secret": "shh-client",
        "auth_uri": f"{far.url}/auth",
        "token_uri": f"{far.url}/token",
        "refresh_token": "refresh-0",
        "access_token": "",
        "expires": (START - timedelta(days=1)).isoformat(),
        "scopes": [f"{prefix}calendar.readonly", f"{prefix}tasks.readonly"],
        "granted": datetime.now(UTC).isoformat(),
        "ends": None,
        **more,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves at once and whole: two small packets would wait for each other
    far: FarGoogle

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self._reply({key: value[0] for key, value in parse_qs(body).items()})

    def _reply(self, form: Params) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.far.answer(self.command, parts.path, dict(parse_qsl(parts.query)), headers, form)
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response_only(answer.status)
        usual = {"date": self.date_time_string(self.far.now.timestamp()), "content-length": str(len(body))}
        for name, value in {**usual, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def far_google() -> Iterator[FarGoogle]:
    """Serve a Google without anything in it; in the end it must have been asked by its rules."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    far = handler.far = FarGoogle(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield far
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not far.broken_rules
