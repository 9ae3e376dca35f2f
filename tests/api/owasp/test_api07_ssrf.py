"""API7:2023, server side request forgery: whatever a request names, the server itself fetches nothing.

What an app's webhooks may reach is the business of the adapter ``http``, and tested there.
"""

from __future__ import annotations

import socket
import threading

from tests.api.served import Served


def test_addresses_in_a_message_are_fetched_by_nobody(api: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        caught: list[object] = []

        def watch() -> None:
            try:
                caught.append(trap.accept())
            except TimeoutError:
                return

        watcher = threading.Thread(target=watch)
        watcher.start()
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/x"
        sent = api.send(
            {"callback": url}, source=url, dataschema=url, dataref=url, subject=url,
        )  # fmt: skip
        headers = {"WebHook-Request-Callback": url, "WebHook-Request-Origin": "evil", "Referer": url}
        api.ask("OPTIONS", "/messages", headers=headers)
        api.ask("GET", "/messages/1", headers={"X-Forwarded-Host": url, "Forwarded": f"host={url}"})
        watcher.join()
    assert sent.status == 202
    assert caught == []
