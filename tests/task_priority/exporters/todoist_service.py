"""A small Todoist on loopback: stateful, faithful where the exporter and the writer look, and faulty on demand."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from task_priority.exporters.asking import Asking
from task_priority.exporters.todoist.changes import EVERYTHING

TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - of nobody


@cache
def _shared_asking() -> Asking:
    return Asking()  # reads the certificates of this machine, which takes long


def asking() -> AbstractContextManager[Asking]:
    """What a run asks with: the same for all tests."""
    return nullcontext(_shared_asking())


@dataclass(frozen=True)
class Fault:
    """An answer in place of the right one; ``cut`` ends it in mid-body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def error(status: int, tag: str, **extra: Any) -> Fault:
    """An error in Todoist's shape."""
    return Fault(
        status,
        {"error": "words", "error_code": 1, "error_tag": tag, "http_code": status, "error_extra": extra},
    )


class TodoistService:
    """The state of one account; changed by the tests, as its owner would in the apps."""

    def __init__(self) -> None:
        self.url = ""
        self.faults: deque[Fault] = deque()
        self.faults_of_lists: deque[Fault] = deque()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.completed: list[dict[str, Any]] = []
        self.oldest_token = 0
        self.stale: dict[str, Any] | None = None
        self.status_lost = False
        self.page_size = 200
        self._clock = 0
        self.objects: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self._commands: dict[str, Any] = {}
        self.put("user", id="1", full_name="Kari", token=TOKEN, websocket_url=f"wss://example/{TOKEN}")
        self.put("projects", id="p1", name="Work")

    def put(self, resource: str, **raw: Any) -> None:
        """Add or change an object, and tell of it."""
        self._clock += 1
        self.objects[resource, str(raw["id"])] = (self._clock, raw)

    def task(self, id: str, **raw: Any) -> None:
        self.put("items", **{"id": id, "project_id": "p1", "content": id, "checked": False, **raw})

    def tombstone(self, resource: str, id: str) -> None:
        self.put(resource, id=id, is_deleted=True)

    def lose(self, resource: str, id: str) -> None:
        """Take an object away and tell nobody, as cascades may."""
        del self.objects[resource, id]

    def raw(self, resource: str, id: str) -> dict[str, Any]:
        return self.objects[resource, id][1]

    def has(self, resource: str, id: str) -> bool:
        """Tell whether an object is there, and neither done, deleted nor archived."""
        _, raw = self.objects.get((resource, id), (0, {"is_deleted": True}))
        return not any(raw.get(flag) for flag in ("checked", "is_deleted", "is_archived"))

    def questions(self) -> list[str]:
        """Which sync tokens were asked with."""
        return [fields["sync_token"] for path, fields in self.asked if "sync_token" in fields]

    def answer(self, path: str, fields: dict[str, str], authorization: str | None) -> Fault:
        self.asked.append((path, fields))
        if self.faults:
            return self.faults.popleft()
        if self.faults_of_lists and path != "/sync":
            return self.faults_of_lists.popleft()
        if authorization != f"Bearer {TOKEN}":
            return error(401, "UNAUTHORIZED", retry_after=7)
        if path == "/sync":
            return self._sync(fields)
        return self._page(fields)

    def _sync(self, fields: dict[str, str]) -> Fault:
        status = {
            command["uuid"]: self._command(command) for command in json.loads(fields.get("commands", "[]"))
        }
        place = fields.get("sync_token")
        if place is None:
            return Fault(body={"sync_status": {} if self.status_lost else status, "temp_id_mapping": {}})
        if place == EVERYTHING and self.stale is not None:
            stale, self.stale = self.stale, None
            return Fault(body=stale)
        if place != EVERYTHING and not place.startswith("token-"):
            return error(400, "INVALID_ARGUMENT_VALUE", argument="sync_token")
        since = 0 if place == EVERYTHING else int(place.removeprefix("token-"))
        types = json.loads(fields["resource_types"])
        return Fault(body=self.snapshot(since if since >= self.oldest_token else 0, types))

    def snapshot(self, since: int, types: list[str]) -> dict[str, Any]:
        answer: dict[str, Any] = {"sync_token": f"token-{self._clock}", "full_sync": since == 0}
        answer |= {type: [] for type in types if type != "user" and since == 0}
        for (resource, _), (changed, raw) in self.objects.items():
            gone = raw.get("is_deleted") or raw.get("checked") or raw.get("is_archived")
            if resource not in types or changed <= since or (since == 0 and gone):
                continue
            if resource == "user":
                answer["user"] = raw
            else:
                answer.setdefault(resource, []).append(raw)
        return answer

    def _page(self, fields: dict[str, str]) -> Fault:
        start = int(fields.get("cursor", "0"))
        items = [one for one in self.completed if fields["since"] <= one["completed_at"] < fields["until"]]
        stop = start + min(self.page_size, int(fields["limit"]))
        return Fault(
            body={"items": items[start:stop], "next_cursor": str(stop) if stop < len(items) else None}
        )

    def _command(self, command: dict[str, Any]) -> Any:
        known = self._commands.get(command["uuid"])
        if known is None:
            known = self._commands[command["uuid"]] = self._execute(command["type"], command["args"])
        return known

    def _execute(self, type: str, args: dict[str, Any]) -> Any:
        if ("items", args["id"]) not in self.objects:
            return {
                "error": "Item not found",
                "error_code": 22,
                "error_tag": "ITEM_NOT_FOUND",
                "http_code": 404,
            }
        raw = dict(self.raw("items", args["id"]))
        match type:
            case "item_close" if (raw.get("due") or {}).get("is_recurring"):
                raw["due"] = {**raw["due"], "date": "2026-12-31"}
            case "item_close":
                raw["checked"] = True
            case "item_uncomplete":
                raw["checked"] = False
            case "item_update":
                raw |= args
        self.put("items", **raw)
        return "ok"


class _Handler(BaseHTTPRequestHandler):
    service: TodoistService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(body)

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, query: str) -> None:
        fields = {name: values[0] for name, values in parse_qs(query).items()}
        path = urlsplit(self.path).path.removeprefix("/api/v1")
        fault = self.service.answer(path, fields, self.headers.get("Authorization"))
        body = fault.encoded()
        self.send_response(fault.status)
        for name, value in {"Content-Length": str(len(body) + 100 * fault.cut), **fault.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


@contextmanager
def serving() -> Iterator[TodoistService]:
    """Serve an account while the block runs."""
    service = TodoistService()
    handler = type("Handler", (_Handler,), {"service": service})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        service.url = f"http://127.0.0.1:{server.server_port}/api/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
