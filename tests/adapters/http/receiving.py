"""A receiver of webhooks that knows nothing of Crossdock: the HTTP server of the standard library, in threads."""

from __future__ import annotations

import base64
import json
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


class Receiver:
    """Takes what is posted to it, on loopback.

    Attributes:
        port: Stays the same when it goes away and comes back.
        arrived: What arrived, by path, as CloudEvents in their JSON form.
        says: What is answered next: status, headers, body. 204 when there is nothing more; None: it hangs up.
    """

    def __init__(self) -> None:
        self.arrived: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self.says: deque[tuple[int, Mapping[str, str], bytes] | None] = deque()
        self.port = 0
        self._open()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def open_again(self) -> None:
        self._open()

    def _open(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.arrived, self._server.says = self.arrived, self.says
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    arrived: dict[str, list[Mapping[str, Any]]]
    says: deque[tuple[int, Mapping[str, str], bytes] | None]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that was killed is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.arrived[self.path].append(_event(dict(self.headers.items()), body))
        said = self.server.says.popleft() if self.server.says else (204, {}, b"")
        if said is None:
            self.close_connection = True
            return
        status, headers, answer = said
        self.send_response(status)
        for name, value in {
            **headers,
            **({} if status == HTTPStatus.NO_CONTENT else {"Content-Length": str(len(answer))}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def _event(given: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    headers = {name.lower(): value for name, value in given.items()}
    kind = headers["content-type"]
    if kind.startswith("application/cloudevents"):
        return dict(json.loads(body))
    if "ce-specversion" in headers:
        event: dict[str, Any] = {
            name.removeprefix("ce-"): unquote(value)
            for name, value in headers.items()
            if name.startswith("ce-")
        }
        data = (
            {"data": json.loads(body)} if "json" in kind else {"data_base64": base64.b64encode(body).decode()}
        )
        return event | {"datacontenttype": kind} | data
    return {"id": headers["webhook-id"], **json.loads(body)}


def data_of(event: Mapping[str, Any]) -> Any:
    return base64.b64decode(event["data_base64"]) if "data_base64" in event else event["data"]
