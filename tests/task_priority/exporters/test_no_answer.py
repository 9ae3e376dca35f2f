"""Whatever happens to a connection is said in words, each in its own, and by the name of who was asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from crossdock import PermanentError, TransientError
from task_priority.exporters.asking import Asking, Service
from task_priority.exporters.no_answer import no_answer_text
from tests.adapters.http.certificates import Authority

Answering = Callable[[socket.socket], None]

SERVICE = Service("Todoist", "api.todoist.com")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n"


@contextlib.contextmanager
def far_side(answering: Answering, *, waits: bool = True) -> Iterator[int]:
    """Take one connection, do that with it, once something came if it waits, and hang up when the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as kept:

        def serve() -> None:
            with contextlib.suppress(OSError):
                taken = kept.enter_context(listening.accept()[0])
                if waits:
                    taken.recv(65536)
                answering(taken)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def says(*parts: bytes) -> Answering:
    """Send that, and hang up."""

    def answering(taken: socket.socket) -> None:
        taken.sendall(b"".join(parts))
        taken.shutdown(socket.SHUT_RDWR)

    return answering


def resets(taken: socket.socket) -> None:
    """Break the connection off."""
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    taken.close()


def why(url: str, **options: float) -> str:
    """Ask, and return what is said instead of an answer."""
    timeout = timedelta(seconds=options.get("timeout", 30))
    with Asking(timeout=timeout) as asking, pytest.raises(TransientError) as caught:
        asking.ask("GET", url, service=SERVICE)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("answering", "words"),
    [
        (says(), "does not answer: the connection was cut before an answer came"),
        (says(HEAD), "does not answer: the connection was cut before an answer came"),
        (resets, "does not answer: the connection was cut before an answer came"),
        (
            says(HEAD, b"\r\nabc"),
            "answers by half: the connection was cut in the middle; nothing of it was taken",
        ),
        (
            says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            "answers by half: the rest is no HTTP; nothing of it was taken",
        ),
        (
            says(b"SSH-2.0-OpenSSH\r\n\r\n"),
            "does not answer: what comes back is no HTTP; is its address right?",
        ),
        (
            says(HEAD, b"Content-Encoding: gzip\r\n\r\n", b"x" * 100),
            "sends an answer that cannot be unpacked: it was damaged on the way",
        ),
    ],
    ids=["at-once", "in-head", "reset", "in-body", "no-chunk", "no-http", "no-gzip"],
)  # fmt: skip
def test_an_answer_that_does_not_come_whole_is_said_in_words(answering: Answering, words: str) -> None:
    with far_side(answering) as port:
        assert why(f"http://127.0.0.1:{port}/?key=secret") == f"Todoist at 127.0.0.1 {words}"


def test_who_says_nothing_is_not_waited_for_for_ever() -> None:
    with far_side(lambda _: None) as port:
        said = why(f"http://127.0.0.1:{port}/", timeout=0.2)
    assert said == "Todoist at 127.0.0.1 does not answer: it said nothing for 0.2 s"


def test_who_stops_in_the_middle_is_not_waited_for_for_ever() -> None:
    error = httpx.ReadTimeout("timed out", request=httpx.Request("GET", "https://api.todoist.com/"))
    assert no_answer_text("Todoist", error, begun=True, timeout=timedelta(seconds=30)) == (
        "Todoist answers by half: nothing more came for 30 s; nothing of it was taken"
    )


def test_where_nobody_listens_the_connection_is_refused() -> None:
    assert why("http://127.0.0.1:9/") == (
        "Todoist at 127.0.0.1 does not answer: the connection was refused; nothing listens at its address, "
        "or a firewall closes it"
    )


def test_a_name_that_nobody_knows_is_told_from_a_service_that_is_away() -> None:
    assert why("http://api.todoist.invalid/") == (
        "Todoist at api.todoist.invalid does not answer: nobody knows the name api.todoist.invalid; "
        "is this machine online?"
    )


def test_no_way_leads_there() -> None:
    """The broadcast address, which TCP never reaches."""
    assert "no way leads there (" in why("http://255.255.255.255/")


def test_a_connection_that_does_not_come_about_in_time_is_said() -> None:
    error = httpx.ConnectTimeout("timed out", request=httpx.Request("GET", "https://api.todoist.com/"))
    assert no_answer_text("Todoist", error, begun=False, timeout=timedelta(seconds=30)) == (
        "Todoist does not answer: no connection came about within 30 s; is this machine online?"
    )


def test_a_certificate_that_is_not_accepted_is_said_with_what_to_do(tmp_path: Path) -> None:
    context = Authority(tmp_path).server("127.0.0.1")

    def shakes_hands(taken: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError, OSError):
            context.wrap_socket(taken, server_side=True)

    with far_side(shakes_hands, waits=False) as port:
        said = why(f"https://127.0.0.1:{port}/")
    assert said == (
        "Todoist at 127.0.0.1 does not answer: its TLS certificate is not accepted (unable to get local issuer "
        "certificate); is the clock of this machine right? If a proxy opens what is sent, name its certificate in "
        "SSL_CERT_FILE"
    )


def test_who_speaks_no_tls_is_told_from_a_bad_certificate() -> None:
    with far_side(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        said = why(f"https://127.0.0.1:{port}/")
    assert "no TLS connection came about (" in said
    assert said.endswith("is its address right, https and not http?")


def test_a_connection_cut_in_the_handshake_is_no_bad_certificate() -> None:
    with far_side(says()) as port:
        assert why(f"https://127.0.0.1:{port}/").endswith("the connection was cut before an answer came")


@pytest.mark.parametrize(
    ("answering", "words"),
    [
        (
            says(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
            "it does not let the question through (407 Proxy Authentication Required)",
        ),
        (says(), "the connection was cut before an answer came"),
    ],
    ids=["refuses", "cuts"],
)
def test_a_proxy_that_the_environment_names_is_named(
    answering: Answering, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with far_side(answering) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://kari:secret@127.0.0.1:{port}")
        assert why("https://api.todoist.com/") == (
            f"Todoist does not answer through the proxy 127.0.0.1: {words}"
        )


@pytest.mark.parametrize("url", ["api.todoist.com/api/v1?secret", "ftp://host/secret", "https:///secret"])
def test_an_address_that_is_none_of_the_web_will_never_be_one(url: str) -> None:
    with Asking() as asking, pytest.raises(PermanentError, match="must begin with https://") as caught:
        asking.ask("GET", url, service=SERVICE)
    assert "secret" not in str(caught.value)
