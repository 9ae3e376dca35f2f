"""A receiver of webhooks in a process of its own, which notes each that arrives in the folder that its path names.

It prints its port, and ends with its standard input. It outlives the workers, as far sides do.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.crash.history import Kind, Recorder

TAKES_S = 0.02
"""So that a kill often meets a delivery."""
NUMBERS = itertools.count()


@lru_cache
def recorder(folder: Path) -> Recorder:
    return Recorder(folder / "http.history")


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers["content-length"])))
        sighting = {
            "message_id": data["n"],
            "app": "out",
            "key": data["key"],
            "note": f"webhook-{next(NUMBERS)}",
        }
        history = recorder(Path(unquote(self.path)))
        # It has arrived, whatever becomes of who waits for the answer.
        for kind in (Kind.STARTED, Kind.ENDED):
            history.saw(kind, pid=0, **sighting)
        time.sleep(TAKES_S)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that was killed is no error here."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)  # noqa: T201 - whoever started it waits for this
    sys.stdin.read()
