"""What an inbound adapter has received, on its way to the apps that receive what its app sends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from crossdock.domain.errors import InvalidMessage
from crossdock.domain.json_texts import JsonTexts
from crossdock.domain.message import DEFAULT_TYPE, MAX_DATA_BYTES, Envelope, Message, encode_json
from crossdock.hub.sent import envelope_of
from crossdock.ports.inbound import Refusal

if TYPE_CHECKING:
    from crossdock.domain.message import AppId, Draft
    from crossdock.domain.routing import Routes
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.inbound import Receipt
    from crossdock.ports.store import Transaction


class _Whole(NamedTuple):
    """A message that came as one, with the place among what was received, and who receives it."""

    place: int
    draft: Draft
    message: Message
    receivers: Sequence[AppId]


class Received:
    """A receipt as work for ``Store.write``: all that can be a message is stored, and how far the adapter has come.

    Args:
        gateway: Encodes the items.
        app: Whose adapter has received it.
        receipt: What it has received.
        routes: Say who receives it.

    Attributes:
        refused: The items that can never be messages.
        count: So many items were taken.
        beyond_limits: Store it even in a full queue, since it could never be stored again.
    """

    only_sends = True

    def __init__(self, gateway: Gateway, app: AppId, receipt: Receipt, routes: Routes) -> None:
        self._gateway = gateway
        self._app = app
        self._routes = routes
        self._options = {**receipt.options, "source_app": app}
        self.refused: list[Refusal] = []
        self.beyond_limits = False
        self._new: list[Draft] = []
        self._whole: list[_Whole] = []
        self._sort(receipt.items)
        self._receivers = self._find_receivers()
        self._positions = [(one.key, _text(one.value)) for one in receipt.positions]

    @property
    def count(self) -> int:
        """How many items are stored, or were before."""
        return len(self._new) + len(self._whole)

    def __call__(self, tx: Transaction) -> str | None:
        """Store it; if the queue of a receiver is full, store nothing, and return the name of its app."""
        if not self.beyond_limits:
            full = tx.first_full(
                [*self._receivers, *{one for whole in self._whole for one in whole.receivers}]
            )
            if full is not None:
                return full
        for receiver, envelope in self._receivers.items():
            tx.send_many_admitted(self._new, envelope)
            tx.note_sent(receiver, len(self._new))
        for whole in self._whole:
            self._send_whole(tx, whole)
        for key, value in self._positions:
            tx.put_position(self._app, key, value)
        return None

    def _sort(self, items: Sequence[Any]) -> None:
        """Encode items; the data of new messages together, which is quicker, unless one of them is wrong."""
        if isinstance(items, JsonTexts):
            self._take_texts(items)
            return
        plain = [(place, item) for place, item in enumerate(items) if not isinstance(item, Message)]
        try:
            self._new = self._gateway.drafts([item for _, item in plain])
        except InvalidMessage:
            self._new = [draft for place, item in plain for draft in self._draft(place, item, None)]
        self._whole = [
            _Whole(place, draft, item, self._receivers_of(item))
            for place, item in enumerate(items)
            if isinstance(item, Message)
            for draft in self._draft(place, item.data, item.id)
        ]

    def _take_texts(self, texts: JsonTexts) -> None:
        """Take what is encoded already, but for what is too large."""
        if max(map(len, texts), default=0) <= MAX_DATA_BYTES:
            self._new = self._gateway.drafts_of_texts(texts)
            return
        self._new = [
            draft for place, text in enumerate(texts) for draft in self._draft(place, json.loads(text), None)
        ]

    def _draft(self, place: int, data: Any, message_id: str | None) -> Iterator[Draft]:
        try:
            yield self._gateway.draft(data, message_id)
        except InvalidMessage as error:
            self.refused.append(Refusal(place, error))

    def _find_receivers(self) -> dict[AppId, Envelope]:
        """Return who receives the new messages, each with the envelope for it."""
        if not self._new:
            return {}
        options = self._options
        receivers = self._routes.receivers(
            self._app,
            type=options.get("type", DEFAULT_TYPE),
            source=options.get("source", self._app),
            subject=options.get("subject"),
        )
        if not receivers:
            raise InvalidMessage.of("next", f"no app receives what {self._app!r} sends of this type")
        return {receiver: self._gateway.envelope(receiver, options) for receiver in receivers}

    def _receivers_of(self, message: Message) -> Sequence[AppId]:
        return self._routes.receivers(
            self._app, type=message.type, source=message.source, subject=message.subject
        )

    def _send_whole(self, tx: Transaction, whole: _Whole) -> None:
        message = whole.message
        try:
            if not whole.receivers:
                raise InvalidMessage.of("type", f"no app receives {message.type!r} from {self._app!r}")
            for receiver in whole.receivers:
                tx.send_admitted(
                    whole.draft, envelope_of(message, Envelope(app=receiver, source_app=self._app))
                )
                tx.note_sent(receiver)
        except InvalidMessage as error:
            self.refused.append(Refusal(whole.place, error))


def _text(value: Any) -> str | None:
    return None if value is None else encode_json(value, field="position")
