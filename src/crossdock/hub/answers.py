"""What a handler returns, turned into messages for the apps that receive what its app sends."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from crossdock.domain.delivery import Completed
from crossdock.domain.errors import PermanentError
from crossdock.domain.message import DEFAULT_TYPE, Draft, Envelope, Message, MessageId
from crossdock.domain.routing import Routes
from crossdock.hub.sent import envelope_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crossdock.domain.message import AppId
    from crossdock.hub.gateway import Gateway


class Trail(Protocol):
    """What of a message its answers carry on."""

    @property
    def id(self) -> str:
        """Of the message."""

    @property
    def correlationid(self) -> str | None:
        """The exchange that it belongs to."""

    @property
    def traceparent(self) -> str | None:
        """The trace that it belongs to."""


class Answerable(Protocol):
    """A delivery that is answered: a message that was claimed here, or one that somebody elsewhere holds."""

    @property
    def app(self) -> AppId:
        """Whose queue it comes from."""

    @property
    def message(self) -> Trail:
        """What is answered."""

    @property
    def wants_reply(self) -> bool:
        """Whether its sender waits for what comes of it."""


class Answers:
    """Addresses what the handlers of a hub return.

    Args:
        gateway: Encodes it.
        routes: Say who receives it.
    """

    def __init__(self, gateway: Gateway, routes: Routes) -> None:
        self._gateway = gateway
        self._routes = routes
        self._receivers: dict[AppId, dict[AppId, bool]] = {}

    def use(self, routes: Routes) -> None:
        """Address what is returned from now on by other routes."""
        self._routes = routes
        self._receivers.clear()

    def receivers_of(self, app: AppId) -> list[AppId]:
        """Return the apps whose full queue is to hold an app up: its ``next``, and who received something of it.

        Those are left out from which it may receive something itself: full queues in a circle would wait for each
        other for ever.
        """
        if app not in self._receivers:
            self._note(app, self._routes.following(app))
        return [receiver for receiver, holds_up in self._receivers[app].items() if holds_up]

    def to(self, claimed: Answerable, returned: Any, result: Any = None) -> Completed:
        """Return the outcome of a delivery whose handler has returned.

        Where nobody receives what the handler returned, it is kept as the result of the message; also if the sender of
        the message waits for it.

        Args:
            claimed: The delivery.
            returned: By the handler: None, a dict, a ``Message``, or a list of these.
            result: What the handler set as the result; it stays with the message.

        Raises:
            InvalidMessage: Data is no JSON value or too large, or the envelope of a ``Message`` is wrong.
            PermanentError: The handler returned something else.
        """
        if returned is None:
            return self._gateway.completed(result)
        answers: list[tuple[Draft, Envelope]] = []
        homeless: list[Any] = []
        values = list(_with_own_ids(_listed(claimed.app, returned)))
        for value in values:
            sent = list(self._addressed(claimed, value))
            answers += sent
            if not sent:
                homeless.append(value.data if isinstance(value, Message) else value)
        if claimed.wants_reply:
            homeless = [value.data if isinstance(value, Message) else value for value in values]
        if homeless and result is None:
            result = homeless if isinstance(returned, list) else homeless[0]
        return Completed(self._gateway.completed(result).result, tuple(answers))

    def _note(self, app: AppId, receivers: Iterable[AppId]) -> None:
        known = self._receivers.setdefault(app, {})
        for receiver in receivers:
            if receiver not in known:
                known[receiver] = not self._routes.leads(receiver, app)

    def _addressed(self, claimed: Answerable, value: Any) -> Iterator[tuple[Draft, Envelope]]:
        """Give an answer once for each receiver, under the same id."""
        own = value if isinstance(value, Message) else None
        sender = claimed.app
        kind = (
            {"type": DEFAULT_TYPE, "source": str(sender), "subject": None}
            if own is None
            else {"type": own.type, "source": own.source, "subject": own.subject}
        )
        receivers = self._routes.receivers(sender, **kind)  # type: ignore[arg-type]  # one dict of both kinds
        if not receivers:
            return
        self._note(sender, receivers)
        draft = self._gateway.draft(value if own is None else own.data, None if own is None else own.id)
        for receiver in receivers:
            yield draft, _envelope(receiver, sender, claimed.message, own)


def _listed(app: AppId, returned: Any) -> list[Any]:
    values = returned if isinstance(returned, list) else [returned]
    for value in values:
        if not isinstance(value, (dict, Message)):
            raise PermanentError(
                f"the handler of {app!r} returned {_kind(returned, value)}; it may return a dict, a Message, "
                f"a list of these, or None"
            )
    return values


def _with_own_ids(values: Sequence[Any]) -> Iterator[Any]:
    """Give later messages with the id of an earlier one another: copies made by ``replace`` have that of the first.

    It follows from their places in the list, so that a handler that runs again sends the same ids.
    """
    taken = {value.id for value in values if isinstance(value, Message)}
    seen: set[str] = set()
    for value in values:
        if not isinstance(value, Message):
            yield value
        elif value.id not in seen:
            seen.add(value.id)
            yield value
        else:
            own = next(own for number in count(2) if (own := MessageId(f"{value.id}-{number}")) not in taken)
            taken.add(own)
            yield replace(value, id=own)


def _kind(returned: Any, value: Any) -> str:
    name = type(value).__name__
    return f"a list with a value of type {name}" if isinstance(returned, list) else f"a value of type {name}"


def _envelope(receiver: AppId, sender: AppId, incoming: Trail, own: Message | None) -> Envelope:
    """Return the envelope of an answer; correlation and trace carry on unless it brings its own."""
    correlation_id = incoming.correlationid or incoming.id
    if own is None:
        return Envelope(
            app=receiver,
            source_app=sender,
            correlation_id=correlation_id,
            traceparent=incoming.traceparent,
        )
    carried = replace(
        own,
        correlationid=own.correlationid or correlation_id,
        traceparent=own.traceparent or incoming.traceparent,
    )
    return envelope_of(carried, Envelope(app=receiver, source_app=sender))
