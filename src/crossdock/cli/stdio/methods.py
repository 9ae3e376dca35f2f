"""What a program can ask: the verbs of a queue, with JSON for arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from crossdock._version import __version__
from crossdock.cli.stdio.params import Params
from crossdock.domain import frames
from crossdock.domain.cloudevent import message_document, message_of
from crossdock.domain.errors import InvalidMessage, LeaseLost
from crossdock.domain.frames import BadFrame
from crossdock.domain.json_form import sent_document, stats_document
from crossdock.domain.message import check_app

if TYPE_CHECKING:
    from crossdock import AsyncDelivery, AsyncQueue, Message

Method: TypeAlias = Callable[[Params], Awaitable[Any]]

MOST_CLAIMED: Final = 1000
SENDER: Final = "stdio"
"""Who sends, unless ``initialize`` names an app."""
_TEXTS: Final = (
    "source", "type", "subject", "datacontenttype", "dataschema", "partition_key", "correlation_id", "traceparent",
)  # fmt: skip


class Methods:
    """Does what one program asks.

    Args:
        queue: It is not closed here.
    """

    def __init__(self, queue: AsyncQueue) -> None:
        self._queue = queue
        self._sender: str | None = None
        self._held: dict[str, AsyncDelivery] = {}
        self._last = 0
        self._methods: dict[str, Method] = {
            "send": self._send,
            "send_many": self._send_many,
            "claim": self._claim,
            "ack": self._ack,
            "nack": self._nack,
            "fail": self._fail,
            "hand_back": self._hand_back,
            "extend": self._extend,
            "call": self._call,
            "stats": self._stats,
        }

    async def do(self, method: str, given: Mapping[str, Any]) -> Any:
        """Do one thing, and return its result.

        Raises:
            BadFrame: There is no such method, or the program has not said who it is.
            CrossdockError: It could not be done.
        """
        params = Params(given)
        if method == "initialize":
            return self._initialize(params)
        found = self._methods.get(method)
        if found is None:
            raise BadFrame(f"there is no method {method[:100]!r}", code=frames.METHOD_NOT_FOUND)
        if self._sender is None:
            raise BadFrame("the first request must be initialize")
        return await found(params)

    def _initialize(self, params: Params) -> dict[str, Any]:
        protocol = params.number("protocol")
        sender = params.text("app", SENDER)
        for name in ("software", "capabilities"):
            params.value(name)
        params.end()
        if protocol != frames.PROTOCOL:
            raise InvalidMessage.of(
                "protocol", f"{protocol} is not spoken here; this Crossdock speaks {frames.PROTOCOL}"
            )
        self._sender = check_app(sender)
        return {
            "protocol": frames.PROTOCOL,
            "software": f"crossdock {__version__}",
            "capabilities": {"methods": sorted(self._methods)},
        }

    async def _send(self, params: Params) -> dict[str, Any]:
        app, wait = params.text("app"), params.seconds("wait", None)
        if params.has("event"):
            event = params.table("event")
            params.end()
            [sent] = await self._queue.send_many(
                app, [message_of(event, _now())], wait=wait, source_app=self._sender
            )
            return sent_document(sent)
        options = self._options(params)
        message_id, data = params.text("message_id", None), params.data()
        params.end()
        return sent_document(await self._queue.send(app, data, message_id=message_id, wait=wait, **options))

    async def _send_many(self, params: Params) -> dict[str, Any]:
        app, given = params.text("app"), params.items("items")
        options, wait = self._options(params), params.seconds("wait", None)
        params.end()
        items = [_item(place, item) for place, item in enumerate(given)]
        sent = await self._queue.send_many(app, items, wait=wait, **options)
        return {"sent": [sent_document(one) for one in sent]}

    async def _claim(self, params: Params) -> dict[str, Any]:
        app, limit = params.text("app"), params.number("limit", 1)
        lease, wait = params.seconds("lease", None), params.seconds("wait", None)
        params.end()
        if not 1 <= limit <= MOST_CLAIMED:
            raise InvalidMessage.of("limit", f"{limit} is not from 1 to {MOST_CLAIMED}")
        found = await self._queue.claim(app, limit=limit, lease=lease, wait=wait)
        return {"deliveries": [self._hold(delivery) for delivery in found]}

    async def _ack(self, params: Params) -> None:
        name, delivery = self._delivery(params)
        result = params.value("result")
        params.end()
        await delivery.ack(result)
        self._held.pop(name, None)

    async def _nack(self, params: Params) -> None:
        name, delivery = self._delivery(params)
        error, retry_in = _error(params), params.seconds("retry_in", None)
        params.end()
        await delivery.nack(error, retry_in=retry_in)
        self._held.pop(name, None)

    async def _fail(self, params: Params) -> None:
        name, delivery = self._delivery(params)
        error = _error(params)
        params.end()
        await delivery.fail(error)
        self._held.pop(name, None)

    async def _hand_back(self, params: Params) -> None:
        name, delivery = self._delivery(params)
        params.end()
        await delivery.hand_back()
        self._held.pop(name, None)

    async def _extend(self, params: Params) -> None:
        _, delivery = self._delivery(params)
        lease = params.seconds("lease")
        params.end()
        await delivery.extend(lease)

    async def _call(self, params: Params) -> dict[str, Any]:
        app, timeout = params.text("app"), params.seconds("timeout", timedelta(seconds=30))
        options = self._options(params)
        message_id, data = params.text("message_id", None), params.data()
        params.end()
        answer = await self._queue.call(app, data, timeout=timeout, message_id=message_id, **options)
        return {"answer": answer}

    async def _stats(self, params: Params) -> dict[str, Any]:
        app = params.text("app", None)
        params.end()
        found = await self._queue.stats(app)
        return {"queues": {name: stats_document(one) for name, one in found.items()}}

    def _options(self, params: Params) -> dict[str, Any]:
        options: dict[str, Any] = {name: params.text(name, None) for name in _TEXTS}
        for name in ("time", "available_at", "expires_at"):
            options[name] = params.instant(name)
        return options | {
            "source_app": self._sender,
            "priority": params.number("priority", None),
            "delay": params.seconds("delay", None),
            "extensions": params.table("extensions", None),
        }

    def _hold(self, delivery: AsyncDelivery) -> dict[str, Any]:
        self._last += 1
        name = str(self._last)
        self._held[name] = delivery
        return {
            "delivery": name,
            "app": delivery.app,
            "attempt": delivery.attempt,
            "lease_until": delivery.lease_until.isoformat(),
            "event": message_document(delivery.message),
        }

    def _delivery(self, params: Params) -> tuple[str, AsyncDelivery]:
        name = params.text("delivery")
        delivery = self._held.get(name)
        if delivery is None:
            raise LeaseLost(
                f"there is no delivery {name[:100]!r} here: it was settled, or never claimed here"
            )
        return name, delivery


def _item(place: int, item: Any) -> Message | Any:
    """Return the message or the data that an item of many is."""
    if not isinstance(item, dict):
        raise InvalidMessage.of(f"items[{place}]", "is no object with data, data_base64 or event")
    params = Params(item)
    try:
        found = message_of(params.table("event"), _now()) if params.has("event") else params.data()
        params.end()
    except InvalidMessage as error:
        details = [(f"items[{place}].{name}", issue) for name, issue in error.details]
        raise InvalidMessage(f"items[{place}].{error}", details) from error
    return found


def _error(params: Params) -> Exception:
    """Return the error that a program says: words, or an object as in the answer of a ``deliver``."""
    error = params.value("error")
    if isinstance(error, str) and error:
        error = {"message": error}
    if not isinstance(error, dict):
        raise InvalidMessage.of("error", "takes words, or an object with message and data")
    return frames.delivery_error(error)


def _now() -> datetime:
    return datetime.now(UTC)
