"""Stores what a caller sends, once for each receiver, and says what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.api.errors import Refusal
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import Draft, Envelope, Message, SentMessage, check_app
from crossdock.hub.sent import envelope_of

if TYPE_CHECKING:
    from crossdock.domain.message import AppId
    from crossdock.domain.routing import Routes
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.store import Transaction


_plain_facts: Final = attrgetter(
    *(one.name for one in fields(Message) if one.name not in {"id", "data", "extensions"})
)


class Parcel(NamedTuple):
    """One message on its way: to each of its receivers under an envelope of its own."""

    draft: Draft
    envelopes: Sequence[Envelope]


class Sender:
    """Addresses messages.

    Args:
        gateway: Encodes them.
        routes: Who receives what an app sends.
        source_app: Who sends.
        to: Receivers that the caller names; none: the routes say.
    """

    def __init__(self, gateway: Gateway, routes: Routes, *, source_app: AppId, to: Sequence[str]) -> None:
        self._gateway = gateway
        self._routes = routes
        self._source_app = source_app
        self._to = tuple(dict.fromkeys(check_app(app) for app in to))
        self._last: tuple[tuple[Any, ...], Sequence[AppId], Sequence[Envelope]] | None = None

    def parcel(self, message: Message) -> Parcel:
        """Make a message ready to be stored.

        Raises:
            InvalidMessage: Something about it is wrong.
            Refusal: Nobody receives it.
        """
        receivers = self._to or self._routes.receivers(
            self._source_app, type=message.type, source=message.source, subject=message.subject
        )
        if not receivers:
            raise Refusal(
                "NO_ROUTE",
                f"nobody receives {message.type} of {self._source_app!r}; set up a route, or name receivers with ?to=",
            )
        return Parcel(self._gateway.draft(message.data, message.id), self._envelopes(message, receivers))

    def _envelopes(self, message: Message, receivers: Sequence[AppId]) -> Sequence[Envelope]:
        """Return an envelope for each receiver: that of the message before, if only id and data differ.

        The store makes its statement once for as many messages as share an envelope.
        """
        # True and 1 are equal, but not alike: extensions are compared by how they are written.
        plain = (*_plain_facts(message), repr(message.extensions))
        if self._last is None or self._last[0] != plain or self._last[1] != receivers:
            shared = [Envelope(app=app, source_app=self._source_app) for app in receivers]
            self._last = plain, receivers, [envelope_of(message, one) for one in shared]
        return self._last[2]


class Dispatch:
    """Parcels on their way into the store, together: work of a transaction."""

    __slots__ = ("_parcels",)
    only_sends = True

    def __init__(self, parcels: Sequence[Parcel | InvalidMessage | Refusal]) -> None:
        self._parcels = parcels

    def __call__(self, tx: Transaction) -> list[list[SentMessage] | InvalidMessage | Refusal]:
        """Store them; in the place of one that cannot be, return why."""
        return [self._store(tx, one) if isinstance(one, Parcel) else one for one in self._parcels]

    def _store(self, tx: Transaction, parcel: Parcel) -> list[SentMessage] | InvalidMessage:
        try:
            return [tx.send(parcel.draft, envelope) for envelope in parcel.envelopes]
        except InvalidMessage as error:  # the queue has another message of that id
            return error
