"""Request and reply, in the words of asyncio."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Unpack

from crossdock.asynchronous.controlling import AsyncControlling
from crossdock.asynchronous.sending import AsyncSending
from crossdock.domain.call import Calls, checked_timeout
from crossdock.domain.errors import IllegalMove, MessageNotFound
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import REPLY_WANTED
from crossdock.hub.options import SendOptions

if TYPE_CHECKING:
    from crossdock.domain.message import SentMessage
    from crossdock.domain.record import Record
    from crossdock.ports.store import Reading, Transaction

_CALLS: Final = Calls(0.001, 0.25, "; what becomes of it: crossdock message timeline {id}")


class AsyncCalling(AsyncSending, AsyncControlling):
    """The part of a queue that sends and waits for what comes of it."""

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

        The answer comes back over whatever the app is reached by, and goes to its ``next`` apps besides. At the
        deadline a message that still waits is withdrawn, so that nobody works on it when nobody waits any more.

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
            StoreUnavailable: The store could not be written or read; ask ``get`` with the id what became of it.
        """
        deadline = time.monotonic() + checked_timeout(timeout).total_seconds()
        expires_at = self._store.now() + timeout
        options["expires_at"] = min(options.get("expires_at") or expires_at, expires_at)
        options["extensions"] = {**(options.get("extensions") or {}), REPLY_WANTED: True}
        sent = await self.send(app, data, message_id=message_id, **options)
        record = await self._outcome_of(sent, deadline) or await self._give_up(sent)
        return _CALLS.answer_of(record, sent)

    async def _outcome_of(self, sent: SentMessage, deadline: float) -> Record | None:
        """Wait until a message is finished; None: the time is over."""
        began = time.monotonic()
        while True:
            status = await self._store.read_async(partial(_status_of, row_id=sent.row_id))
            if status is None or status not in {Status.PENDING, Status.PROCESSING}:
                return await self._record_of(sent)
            now = time.monotonic()
            if now >= deadline:
                return None
            await asyncio.sleep(min(_CALLS.pause_s(now - began), deadline - now))

    async def _give_up(self, sent: SentMessage) -> Record:
        """Withdraw a message that nobody works on; return it if it was finished in the last moment.

        Raises:
            CallTimedOut: It is worked on.
        """
        record = await self._record_of(sent)
        if record.status is Status.PENDING:
            try:
                await self._store.write_async(partial(_withdraw, record=record))
            except IllegalMove:
                record = await self._record_of(sent)
            else:
                raise _CALLS.timed_out(sent, "and was withdrawn")
        if record.status in {Status.PENDING, Status.PROCESSING}:
            raise _CALLS.timed_out(sent, "and is being worked on")
        return record

    async def _record_of(self, sent: SentMessage) -> Record:
        record = await self._store.read_async(lambda reader: reader.row(sent.row_id))
        if record is None:
            raise MessageNotFound(
                f"message {sent.id} for {sent.app} was removed while its outcome was awaited"
            )
        return record


def _status_of(reader: Reading, row_id: int) -> Status | None:
    return reader.status(row_id)


def _withdraw(tx: Transaction, record: Record) -> None:
    tx.cancel(record, waiting=True)
