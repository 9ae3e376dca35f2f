"""Request and reply over HTTP."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Unpack

from crossdock.client.asynchronous.looking import Looking
from crossdock.client.asynchronous.sending import Sending
from crossdock.domain.call import Calls, checked_timeout
from crossdock.domain.errors import CrossdockError
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import REPLY_WANTED
from crossdock.hub.options import SendOptions

if TYPE_CHECKING:
    from crossdock.domain.message import SentMessage
    from crossdock.domain.record import Record

_CALLS: Final = Calls(0.02, 1.0)
_OPEN: Final = frozenset({Status.PENDING, Status.PROCESSING})


class Calling(Sending, Looking):
    """The part of a client that sends and waits for what comes of it."""

    async def call(
        self,
        app: str,
        data: Any,
        *,
        timeout: timedelta,
        message_id: str | None = None,
        **options: Unpack[SendOptions],
    ) -> Any:
        """Send a message to an app, wait until it is completed, and return what the app answered.

        The answer goes to the app's ``next`` apps besides. At the deadline a message that still waits is withdrawn,
        so that nobody works on it when nobody waits any more; that takes a key with the scope ``messages:control``.

        Args:
            app: Whose queue.
            data: Any JSON value, or bytes.
            timeout: Wait so long.
            message_id: As in ``send``: called again with it, the message is not sent twice, and its outcome returned.
            options: As in ``send``.

        Returns:
            The data that the app answered, a list if it answered a list; None if it answered nothing.

        Raises:
            CallFailed: The message is a dead letter.
            CallTimedOut: It was not completed in time.
            InvalidMessage: Something about the message is wrong; all of it is listed.
            QueueFull: The app's queue is as deep as it may be; nothing was stored.
            StoreUnavailable: The server did not answer; ask ``get`` with the id what became of it.
        """
        deadline = time.monotonic() + checked_timeout(timeout).total_seconds()
        options["extensions"] = {**(options.get("extensions") or {}), REPLY_WANTED: True}
        sender = options.get("source_app") or self._app
        sent = await self.send(app, data, message_id=message_id, **options)
        record = await self._outcome_of(sent, sender, deadline)
        return _CALLS.answer_of(record, sent)

    async def _outcome_of(self, sent: SentMessage, sender: str, deadline: float) -> Record:
        """Wait until a message is finished.

        Raises:
            CallTimedOut: It is not; if it still waited, it is withdrawn.
        """
        began = time.monotonic()
        while True:
            record = await self.get(sent.id, app=sent.app, source_app=sender)
            if record.status not in _OPEN:
                return record
            now = time.monotonic()
            if now >= deadline:
                break
            await asyncio.sleep(min(_CALLS.pause_s(now - began), deadline - now))
        if record.status is Status.PENDING:
            try:
                await self.cancel(sent.id, app=sent.app, source_app=sender)
            except CrossdockError as error:  # it has just been finished, or the key may not
                raise _CALLS.timed_out(sent, "and could not be withdrawn") from error
            raise _CALLS.timed_out(sent, "and was withdrawn")
        raise _CALLS.timed_out(sent, "and is being worked on")
