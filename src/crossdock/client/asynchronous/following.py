"""Following what happens in the store, over HTTP."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from crossdock.client.asynchronous.conversation import Broken
from crossdock.client.asynchronous.link import Call, Link
from crossdock.client.event_stream import EventReader, StreamedEvent
from crossdock.domain.errors import StoreError

_SILENCE_S: Final = 45.0
"""The server gives a sign of life every 15 seconds."""
_LONGEST_PAUSE_S: Final = 0.5


class Following:
    """The part of a client that is told what happens."""

    _link: Link

    async def events(
        self, app: str | None = None, *, types: Iterable[str] = (), after: str | None = None
    ) -> AsyncGenerator[StreamedEvent, None]:
        """Give what happens from now on, one event after the other, until the loop is left.

        Every send and every line of the audit log comes once; if the connection breaks, it goes on where it was.
        ``queue.stats`` brings the figures of a queue when they have changed.

        Args:
            app: Only of this queue; default: of all that the key may see.
            types: Only these events, such as ``message.failed``; default: all.
            after: Begin behind this ``place`` of an earlier event; ``0-0``: at the beginning.

        Raises:
            CredentialError: The key is wrong, or may not do this.
            InvalidMessage: The place is none.
            StoreUnavailable: The server could not be reached for as long as the patience lasts.
        """
        reader = EventReader(after)
        wanted = tuple(types)
        while True:
            query = {"app": app, "type": wanted or None, "after": reader.place}
            call = Call("GET", "/events/stream", query, wait_s=_SILENCE_S)
            conversation = await self._link.begin(call)
            try:
                while piece := await conversation.piece():
                    for event in reader.read(piece):
                        yield event
            except Broken:
                pass  # it goes on where it was
            except ValueError as error:
                raise StoreError(f"the API sent what is no event: {error}") from error
            finally:
                self._link.end(conversation)
            reader.renew()
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311 - no secret
