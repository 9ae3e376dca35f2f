"""Takes in what a program sends in frames; each is answered when it is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.adapters.process.arguments import Arguments, find_program
from crossdock.adapters.process.items import Items
from crossdock.adapters.process.peer import Call, Peer, refuse
from crossdock.adapters.process.place import place_of
from crossdock.adapters.process.said import Said
from crossdock.adapters.process.starter import Starter
from crossdock.domain import frames
from crossdock.domain.cloudevent import message_of
from crossdock.domain.errors import EndOfInput, InvalidMessage, NotConnected
from crossdock.domain.frames import Frame, Request
from crossdock.ports.inbound import InboundCapabilities, Receipt, Refusal

if TYPE_CHECKING:
    from crossdock.adapters.process.settings import ProcessInbound
    from crossdock.ports.surroundings import Surroundings

MOST_WAITING: Final = 1000


class _Sent(NamedTuple):
    """A ``send`` of the program that has no answer yet."""

    number: frames.FrameId
    item: Any


class RpcInbound:
    """Keeps a program and takes what it sends; what has no answer, the program sends again."""

    capabilities = InboundCapabilities()

    def __init__(self, settings: ProcessInbound, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self._place = place_of(settings, around)
        self._arguments = Arguments(settings.process, around.app)
        self._starter = Starter(self._place)
        self._said = Said(around)
        self._peer: Peer | None = None
        self._again_at = 0.0
        self._sent: list[_Sent] = []
        self._finishing = False
        self._changed = asyncio.Event()

    async def connect(self, positions: Mapping[str, Any]) -> None:
        """Start the program.

        Raises:
            NotConnected: It cannot be started, or does not answer.
            ConfigError: It speaks another version of the protocol.
        """
        await self._starter.start()
        if self._peer is None and self._again_at <= time.monotonic():
            await self._start()

    async def receive(self) -> Receipt:
        """Wait until the program sends something.

        Raises:
            NotConnected: The program failed.
            EndOfInput: The program has ended in good order, and is not to be started again.
        """
        while not self._sent:
            if self._finishing:
                raise EndOfInput(f"{self._settings.process[0]} is to end")
            if self._peer is None:
                await asyncio.sleep(max(0.0, self._again_at - time.monotonic()))
                await self._start()
            elif self._peer.over is not None:
                self._judge(self._peer)
            else:
                self._changed.clear()
                await self._changed.wait()
        given = list(self._sent)

        async def stored(refused: Sequence[Refusal]) -> None:
            self._answer(given, refused)

        return Items([one.item for one in given], acked=stored, nacked=lambda: None)

    async def finish(self) -> None:
        """Listen to the program no more; what it has no answer to, it has not sent."""
        self._finishing = True
        if self._peer is not None:
            self._peer.listen(more=False)

    async def close(self) -> None:
        """Ask the program to end, and kill it if it does not."""
        if self._peer is not None:
            peer, self._peer = self._peer, None
            await peer.end()
        self._sent = []
        await self._starter.close()

    async def _start(self) -> None:
        self._sent = []
        path = find_program(
            self._settings.process[0], folder=self._place.folder, environment=self._place.environment
        )
        peer = Peer(self._call(path), self._changed.set)
        await peer.start(self._starter)
        self._peer = peer
        if self._settings.every is not None:
            self._again_at = time.monotonic() + self._settings.every.total_seconds()

    def _judge(self, peer: Peer) -> None:
        """See how the program ended; what it sent and was not stored, it has not been told of."""
        self._peer = None
        if peer.code != 0:
            raise NotConnected(str(peer.over))
        if self._settings.every is None:
            raise EndOfInput(f"{self._settings.process[0]} has ended")

    def _heard(self, peer: Peer, frame: Frame) -> None:
        if not isinstance(frame, Request) or frame.method != "send":
            refuse(peer, frame)
            return
        try:
            item = self._item(frame.params)
        except InvalidMessage as error:
            peer.tell(frames.refusal(frame.id, error))
            return
        self._sent.append(_Sent(frame.id, item))
        if len(self._sent) >= MOST_WAITING:
            peer.listen(more=False)
        self._changed.set()

    def _item(self, params: Mapping[str, Any]) -> Any:
        match params:
            case {"event": dict() as event, **others} if not others:
                return message_of(event, self._around.now())
            case {"data": data, **others} if not others:
                return data
            case _:
                raise InvalidMessage.of(
                    "params", "must have either data, or event: an object, and nothing else"
                )

    def _answer(self, given: Sequence[_Sent], refused: Sequence[Refusal]) -> None:
        """Tell the program what is stored."""
        errors = {one.place: one.error for one in refused}
        peer = self._peer
        self._sent = self._sent[len(given) :]
        if peer is None or peer.over is not None:
            return
        for place, one in enumerate(given):
            error = errors.get(place)
            peer.tell(frames.answer(one.number, None) if error is None else frames.refusal(one.number, error))
        peer.listen(more=True)

    def _call(self, path: str) -> Call:
        settings = self._settings
        return Call(
            program=path,
            arguments=self._arguments.fixed(),
            app=self._around.app,
            longest_line=settings.max_output,
            start_within=settings.start,
            grace=settings.grace,
            log=self._said,
            heard=self._heard,
            notice=self._around.notice,
            offers={"send": True},
        )
