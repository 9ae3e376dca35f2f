"""What ends when a client is closed, and what an error says of a server that is not where the URL leads."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from crossdock import StoreError, StoreUnavailable
from tests.adapters.http.certificates import Authority
from tests.api.served import Served
from tests.cli.test_api import free_port
from tests.client.conftest import Connect

KEY: Final = "cdk_0123456789ab_planted-secret"
SOON_S: Final = 5.0
WAITING: Final[dict[str, Callable[[Any], object]]] = {
    "events": lambda client: list(client.events()),
    "claim": lambda client: client.claim("app", wait=timedelta(minutes=5)),
    "consume": lambda client: list(client.consume("app")),
}


def ended(act: Callable[[], object], close: Callable[[], object]) -> BaseException | None:
    """Close while another thread acts; return what ended that."""
    found = list[BaseException | None]()

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - it is looked at
            found.append(error)
        else:
            found.append(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    time.sleep(0.5)
    assert thread.is_alive()
    close()
    thread.join(SOON_S)
    assert not thread.is_alive(), "it goes on"
    return found[0]


@pytest.mark.parametrize("waiting", WAITING)
def test_what_waits_for_an_answer_ends_when_the_client_is_closed(
    waiting: str, connect: Connect, api: Served
) -> None:
    with connect(f"http://127.0.0.1:{api.port}", key=api.key()) as client:
        error = ended(lambda: WAITING[waiting](client), client.close)
    assert type(error) is StoreError
    assert "closed" in str(error)


def test_so_does_what_waits_to_try_again(connect: Connect) -> None:
    patience = timedelta(minutes=5)
    with connect(f"http://127.0.0.1:{free_port()}", key=KEY, patience=patience) as client:
        error = ended(client.stats, client.close)
    assert "closed" in str(error)


def test_a_client_that_is_closed_refuses(connect: Connect, api: Served) -> None:
    with connect(f"http://127.0.0.1:{api.port}", key=api.key()) as client:
        client.send("app", 1)
        client.close()
        client.close()
        for act in (lambda: client.send("app", 2), client.stats, lambda: next(client.events())):
            with pytest.raises(StoreError, match="the client is closed"):
                act()
    assert api.queue.stats("app")["app"].ready == 1


def test_what_is_held_goes_back_though_another_thread_waits(connect: Connect, api: Served) -> None:
    sent = api.queue.send("app", 1)
    with connect(f"http://127.0.0.1:{api.port}", key=api.key()) as client:
        assert len(client.claim("app", lease=timedelta(hours=1))) == 1
        ended(lambda: list(client.events()), client.close)
    assert api.queue.get(sent.id).attempts == 0


@contextmanager
def answering(answer: bytes, tls: ssl.SSLContext | None = None, *, stays: bool = False) -> Iterator[int]:
    """Serve connections that are all answered with these bytes, and then closed unless it stays; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                with (
                    one,
                    suppress(OSError),
                    tls.wrap_socket(one, server_side=True) if tls else nullcontext(one) as far,
                ):
                    far.recv(65536)
                    far.sendall(answer)
                    while stays and far.recv(65536):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(SOON_S)


def words_of(connect: Connect, url: str, **options: Any) -> str:
    with (
        connect(url, key=KEY, patience=timedelta(0), **options) as client,
        pytest.raises(StoreUnavailable) as caught,
    ):
        client.stats()
    assert "planted" not in str(caught.value)
    assert f"the API at {url}/api/v1 " in str(caught.value)
    return str(caught.value)


def test_a_server_that_is_not_there_is_named(connect: Connect) -> None:
    assert "crossdock api runs there" in words_of(connect, f"http://127.0.0.1:{free_port()}")


def test_a_server_that_does_not_answer_is_named(connect: Connect) -> None:
    with answering(b"") as port:
        assert "did not answer" in words_of(connect, f"http://127.0.0.1:{port}")


def test_tls_to_a_port_without_it_is_told_as_such(connect: Connect) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "begins with http://" in words_of(connect, f"https://127.0.0.1:{port}")


def test_plain_http_to_a_port_with_tls_is_told_as_such(connect: Connect, tmp_path: Path) -> None:
    with answering(b"", Authority(tmp_path).server("127.0.0.1")) as port:
        assert "begins with https://" in words_of(connect, f"http://127.0.0.1:{port}")


def test_a_certificate_that_is_not_trusted_is_told_as_such(connect: Connect, tmp_path: Path) -> None:
    with answering(b"", Authority(tmp_path).server("127.0.0.1")) as port:
        assert "tls=" in words_of(connect, f"https://127.0.0.1:{port}")


def test_what_waits_over_tls_ends_too(connect: Connect, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority.file))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    with (
        answering(head, authority.server("127.0.0.1"), stays=True) as port,
        connect(f"https://127.0.0.1:{port}", key=KEY, tls=trusted) as client,
    ):
        assert "closed" in str(ended(lambda: list(client.events()), client.close))
