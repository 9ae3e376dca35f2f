"""What the official client of Todoist needs to speak to the sandbox."""

from __future__ import annotations

import httpx

from task_priority.sandbox import Sandbox


class ToSandbox(httpx.BaseTransport):
    """Takes what is meant for Todoist's host to the sandbox: the client has no option for another address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._base = httpx.URL(sandbox.url)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host in {"api.todoist.com", "todoist.com"}
        path = b"/todoist" + request.url.raw_path
        request.url = request.url.copy_with(
            scheme=self._base.scheme, host=self._base.host, port=self._base.port, raw_path=path
        )
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()
