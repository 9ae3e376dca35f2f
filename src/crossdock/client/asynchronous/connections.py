"""Connections that are kept for the next request."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from crossdock.client.address import Address
from crossdock.client.answer import Answer
from crossdock.client.asynchronous.conversation import Conversation
from crossdock.client.errors import why_refused
from crossdock.client.http_text import request_of
from crossdock.client.tasks import connect, whereabouts


class Refused(Exception):
    """No connection came about: the server has not seen the request."""


class Connections:
    """Makes requests, any number at a time; each has a connection for itself."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._idle: list[Conversation] = []
        self._busy = set[Conversation]()
        self._closed = False
        self._home: object = None

    async def exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], within_s: float
    ) -> Answer:
        """Make one request and read its answer.

        Raises:
            Refused: The server could not be reached.
            Broken: It could, and did not answer in time, or not to the end.
        """
        conversation = await self._free(within_s)
        try:
            head = await conversation.ask(request_of(self._address, method, target, body, headers))
            answer = Answer(head.status, head.headers, await conversation.body())
        except BaseException:
            self.end(conversation)
            raise
        if head.keeps_open:
            with self._lock:
                self._busy.discard(conversation)
                self._idle.append(conversation)
        else:
            self.end(conversation)
        return answer

    async def begin(
        self, method: str, target: str, headers: Mapping[str, str], within_s: float
    ) -> tuple[Answer, Conversation]:
        """Make one request whose answer goes on; return its head, and where the rest can be read and must be ended.

        Raises:
            Refused: The server could not be reached.
            Broken: It could, and did not answer in time.
        """
        conversation = await self._free(within_s)
        try:
            head = await conversation.ask(request_of(self._address, method, target, None, headers))
            answer = Answer(head.status, head.headers, b"")
            if not answer.is_good:
                answer = answer._replace(body=await conversation.body())
                self.end(conversation)
        except BaseException:
            self.end(conversation)
            raise
        return answer, conversation

    def end(self, conversation: Conversation) -> None:
        """End one; safe to call twice."""
        with self._lock:
            self._busy.discard(conversation)
        conversation.abort()

    def interrupt(self) -> None:
        """Let everybody who waits for an answer know that it does not come."""
        with self._lock:
            if self._home == whereabouts():
                for conversation in self._busy:
                    conversation.interrupt()

    def close(self) -> None:
        """Close what is idle, interrupt what is not, and make no connection any more; safe to call twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for conversation in idle:
            conversation.abort()
        self.interrupt()

    async def _free(self, within_s: float) -> Conversation:
        """Return a connection that nobody else has."""
        conversation = await self._kept()
        if conversation is None:
            try:
                conversation = Conversation(await connect(self._address, within_s))
            except OSError as error:
                raise Refused(why_refused(error)) from error
        conversation.within_s = within_s
        with self._lock:
            closed = self._closed
            self._busy.add(conversation)
        if closed:
            self.end(conversation)
            raise Refused("the client is closed")
        return conversation

    async def _kept(self) -> Conversation | None:
        while (conversation := self._pop()) is not None:
            try:
                if await conversation.is_usable():
                    return conversation
            except BaseException:
                conversation.abort()
                raise
            conversation.abort()  # nothing can have come but the end
        return None

    def _pop(self) -> Conversation | None:
        with self._lock:
            if self._home != whereabouts():
                self._home, self._idle, self._busy = whereabouts(), [], set()
            return self._idle.pop() if self._idle else None
