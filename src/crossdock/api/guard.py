"""The outer rim of the API: numbers requests, checks by which name they came, and lets no defect out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from crossdock.api.errors import JSON, ErrorAnswer, Refusal, answer_for, defect_answer, new_request_id
from crossdock.api.operations import ACCESS
from crossdock.domain.door_events import ApiFailed
from crossdock.domain.errors import CrossdockError

if TYPE_CHECKING:
    from crossdock.ports.notice import Notice

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

SECURITY_HEADERS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_STRICT: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""Unless an answer says something else itself."""


class Guard:
    """Stands before everything else, as an ASGI application around the real one.

    HEAD is answered as GET is, without the body. Source: RFC 9110, section 9.3.2.

    Args:
        app: The application.
        allowed_hosts: Returns the names by which it may be called, in lower case.
        notice: Is told of defects.
    """

    def __init__(self, app: App, *, allowed_hosts: Callable[[], frozenset[str]], notice: Notice) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts
        self._notice = notice

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        exchange = Exchange(scope, send, is_head=is_head)
        try:
            exchange.check_framing(scope)
            self._check_host(scope)
            await self._app(scope, receive, exchange.send)
        except (CrossdockError, Refusal) as error:
            await exchange.conclude(answer_for(error, exchange.request_id))
        except Exception as error:  # noqa: BLE001 - this is the rim: the client learns nothing, the log everything
            self._tell(scope, exchange, error)
            await exchange.conclude(defect_answer(exchange.request_id))

    def _check_host(self, scope: Scope) -> None:
        """Refuse a name that is not ours: a page of somebody else may have let it lead here.

        Raises:
            Refusal: It is not.
        """
        given = [value for name, value in scope["headers"] if name == b"host"]
        host = given[0].decode("latin-1") if len(given) == 1 else ""
        if _name_of(host) not in self._allowed_hosts():
            shown = host.encode("ascii", "backslashreplace").decode()[:200]
            raise Refusal(
                "MISDIRECTED_REQUEST", f"this is not {shown!r}; name it in api.allowed_hosts if it is"
            )

    def _tell(self, scope: Scope, exchange: Exchange, error: Exception) -> None:
        words = f"{type(error).__name__}: {error}"
        about = {"request_id": exchange.request_id, "method": scope["method"], "path": _shown_path(scope)}
        self._notice(ApiFailed(reason=words, **about))


class Exchange:
    """One request and its answer.

    Args:
        scope: Of the request.
        send: Takes the answer.
        is_head: The answer ends with its headers.

    Attributes:
        request_id: Names it in the answer and in the log.
    """

    def __init__(self, scope: Scope, send: Send, *, is_head: bool = False) -> None:
        self._send = send
        self._is_head = is_head
        self._began = False
        self.request_id = new_request_id()
        self._extra: list[Header] = []
        scope["state"] = {
            **scope.get("state", {}),
            "request_id": self.request_id,
            "extra_headers": self._extra,
        }

    def check_framing(self, scope: Scope) -> None:
        """Refuse a request whose end others may see elsewhere than we do: what follows it could be a smuggled one.

        Source: RFC 9112, section 6.1.

        Raises:
            Refusal: It has two lengths; its connection ends with the answer.
        """
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
            self._extra.append((b"connection", b"close"))
            raise Refusal(
                "BAD_REQUEST", "the request has Content-Length and Transfer-Encoding; send one of them"
            )

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Pass a part of the answer on, its headers completed."""
        if message["type"] == "http.response.start":
            self._began = True
            given = message.get("headers", [])
            names = {name.lower() for name, _ in given}
            message["headers"] = [*given, *self._own(names)]
            await self._send(message)
            if self._is_head:
                await self._send({"type": "http.response.body"})
        elif not self._is_head:
            await self._send(message)

    async def conclude(self, answer: ErrorAnswer) -> None:
        """Answer with an error; if an answer has begun, end the connection, so that nobody takes it for whole.

        Raises:
            ConnectionError: An answer has begun.
        """
        if self._began:
            raise ConnectionError("the answer ends here, unfinished")
        body = answer.body()
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
        headers += [(b"content-type", JSON), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def _own(self, given: set[bytes]) -> Iterable[Header]:
        yield b"x-request-id", self.request_id.encode()
        yield from SECURITY_HEADERS
        yield from (header for header in _STRICT if header[0] not in given)
        yield from self._extra


def _shown_path(scope: Scope) -> str:
    """Return what may be told of a path: where it is the proof of a caller, only the pattern of it."""
    route = scope.get("route")
    extra = getattr(route, "openapi_extra", None) or {}
    path: str = route.path if route is not None and extra.get(ACCESS) == "proof" else scope["path"]
    return path


def _name_of(host: str) -> str:
    """Return the name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()
