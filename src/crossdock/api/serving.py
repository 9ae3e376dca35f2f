"""A process that serves the API: it listens when all is well, and ends when every request is answered."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.flow_control import CLOSE_HEADER

from crossdock.api.application import create_application
from crossdock.api.connection import Connection
from crossdock.api.exposure import check_exposure
from crossdock.api.listener import accept_the_last, listener_of, url_of
from crossdock.api.settings import ApiSettings
from crossdock.app.signals import at_end_of_input, until_signalled
from crossdock.asynchronous.queue import AsyncQueue
from crossdock.domain.door_events import ApiFirstKey, ApiStarted, ApiStopped
from crossdock.domain.errors import ConfigError
from crossdock.queue_core import overridden

if TYPE_CHECKING:
    from fastapi import FastAPI

    from crossdock.config import Loaded

APP: Final = "api"
_MAX_HEADER_BYTES: Final = 64 * 1024
_KEEP_ALIVE_S: Final = 30


def serve(loaded: Loaded, *, drain: timedelta, until_eof: bool) -> None:
    """Serve the API until a signal says stop.

    Args:
        loaded: The configuration.
        drain: How long the end may take.
        until_eof: Stop at the end of standard input, too.

    Raises:
        ConfigError: It may not listen there, or cannot.
        StoreError: The store cannot be opened.
    """
    asyncio.run(_serve(loaded, drain=drain, until_eof=until_eof))


async def _serve(loaded: Loaded, *, drain: timedelta, until_eof: bool) -> None:
    began = time.monotonic()
    async with AsyncQueue.from_config(loaded, app=APP) as queue:
        written = await check_exposure(queue, loaded)
        if written is not None:
            queue._gateway.notice(
                ApiFirstKey(reason=f"a key that may do everything was made: it is in {written}")
            )
        loaded = overridden(queue._store, loaded)
        listener = listener_of(loaded.config.api)
        server = Server(
            _config(create_application(queue, ApiSettings.of(loaded)), loaded, drain), queue, began
        )
        if until_eof:
            at_end_of_input(server.stop)
        with listener:
            await server.serve([listener])
        queue._gateway.notice(ApiStopped(duration_s=time.monotonic() - began))


class Server(uvicorn.Server):
    """A server that says when it listens, and lets nobody wait when it is to end.

    Args:
        config: Of the server.
        queue: Whose store is served.
        began: When the process began, in monotonic seconds.
    """

    def __init__(self, config: uvicorn.Config, queue: AsyncQueue, began: float) -> None:
        super().__init__(config)
        self._queue = queue
        self._began = began

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT end it in good order, and a second one at once; none is raised again afterwards."""
        with until_signalled(self.stop):
            yield

    def stop(self) -> None:
        """End: when every request is answered; called again, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started and sockets:
            url = url_of(sockets[0], tls=self.config.is_ssl)
            self._queue._gateway.notice(ApiStarted(url=url, duration_s=time.monotonic() - self._began))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection; answer those that are there, each once more, and what waits at once."""
        app: Any = self.config.app
        app.state.crossdock.stopping.set()
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE_HEADER]
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for one in sockets or []:
            await accept_the_last(one)
        await super().shutdown(sockets)


def _config(app: FastAPI, loaded: Loaded, drain: timedelta) -> uvicorn.Config:
    table = loaded.config.api
    try:
        config = configured(
            app,
            drain,
            proxy_headers=table.behind_proxy,
            ssl_certfile=table.tls_cert,
            ssl_keyfile=table.tls_key,
        )
        config.load()
    except OSError as error:
        raise ConfigError(f"api.tls_cert, api.tls_key: {error}") from error
    return config


def configured(app: FastAPI, drain: timedelta, **more: Any) -> uvicorn.Config:
    """Return how the API is served, wherever it listens."""
    return uvicorn.Config(
        app,
        http=Connection,  # made of h11: the other parser has no limit for the size of headers
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, int(drain.total_seconds()) - 1),
        h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
        **{"proxy_headers": False, **more},
    )
