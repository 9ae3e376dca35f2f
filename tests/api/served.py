"""The API on a socket of loopback, and a client that speaks plain HTTP to it."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from crossdock import AsyncQueue, Queue
from crossdock.api.application import create_application
from crossdock.api.listener import listening
from crossdock.api.serving import Server, configured
from crossdock.api.settings import ApiSettings
from crossdock.domain.key import ApiKey, Scope
from crossdock.hub.keys import KeyWish, creation

EVERYTHING = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of an error."""
        found: str = self.json["error"]["code"]
        return found

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


@dataclass
class Served:
    """One server on a store.

    Attributes:
        queue: Another queue on the same store, for looking behind the door.
    """

    port: int
    url: str
    queue: Queue
    server: Server
    application: Any
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, name: str = "operator", scopes: frozenset[Scope] = EVERYTHING, **wish: Any) -> str:
        """Make a key, and return its text."""
        return self.made_key(name, scopes, **wish)[1]

    def made_key(
        self, name: str = "operator", scopes: frozenset[Scope] = EVERYTHING, **wish: Any
    ) -> tuple[ApiKey, str]:
        """Make a key, and return what is known of it, and its text."""
        made = self.queue._store.write(creation(KeyWish(name=name, scopes=scopes, **wish)))
        return made.key, str(made.text)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one request; ``key`` None: without, empty: one that may do everything."""
        given = dict(headers or {})
        if key == "":
            key = self.keys.setdefault("operator", "") or self.keys.setdefault("made", self.key())
        if key is not None:
            given.setdefault("Authorization", f"Bearer {key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, f"/api/v1{path}", body, given)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def follow(self, path: str, **options: Any) -> Iterator[Reply]:
        """Yield a page and those behind it, found as a client finds them that knows nothing but the Link header."""
        wanted: str | None = path
        while wanted is not None:
            reply = self.ask("GET", wanted, **options)
            assert reply.status == 200, reply.body
            yield reply
            link = reply.header("Link")
            found = None if link is None else re.fullmatch(r'<([^<>"\s]*)>; rel="next"', link)
            assert (link is None) == (found is None), link
            wanted = None if found is None else urljoin(wanted, found[1])

    def send(self, data: Any, *, to: str = "validator", **attributes: str) -> Reply:
        """Send one message in binary mode."""
        given = {"id": "1", "source": "shop", "type": "order.placed", "specversion": "1.0", **attributes}
        return self.ask(
            "POST", f"/messages?to={to}", data, headers={f"ce-{name}": one for name, one in given.items()}
        )


@contextmanager
def served(folder: Path, settings: ApiSettings | None = None) -> Iterator[Served]:
    """Serve a new store in a folder."""
    url = f"sqlite:///{folder}/work.db"
    with Queue(url, app="tests") as queue, listening("127.0.0.1", 0) as listener:
        ready, found = threading.Event(), list[Any]()
        thread = threading.Thread(target=_run, args=(url, settings or ApiSettings(), listener, found, ready))
        thread.start()
        try:
            assert ready.wait(30)
            server, application = found
            yield Served(listener.getsockname()[1], url, queue, server, application)
        finally:
            if found:
                found[0].stop()
            thread.join(30)
    assert not thread.is_alive()


def _run(
    url: str, settings: ApiSettings, listener: socket.socket, found: list[Any], ready: threading.Event
) -> None:
    async def run() -> None:
        async with AsyncQueue(url, app="api") as queue:
            application = create_application(queue, settings)
            config = configured(application, timedelta(seconds=6))
            server = Server(config, queue, 0.0)
            found.extend([server, application])
            serving = asyncio.create_task(server.serve([listener]))
            while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
            ready.set()
            await serving

    asyncio.run(run())
