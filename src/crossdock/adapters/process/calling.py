"""Hands messages to programs that stay: a call costs no process start."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossdock.adapters.process.arguments import Arguments, find_program
from crossdock.adapters.process.peer import Call, Peer, refuse
from crossdock.adapters.process.place import place_of
from crossdock.adapters.process.said import Said
from crossdock.adapters.process.starter import Starter
from crossdock.domain.answered import answer_of
from crossdock.domain.cloudevent import message_document
from crossdock.ports.outbound import Batch, Delivered, Handover, OutboundCapabilities, Reply

if TYPE_CHECKING:
    from crossdock.adapters.process.settings import ProcessOutbound
    from crossdock.ports.surroundings import Surroundings


class RpcOutbound:
    """Keeps a pool of programs, as many as are needed at a time, and asks each what it can take."""

    capabilities = OutboundCapabilities(answers=True)

    def __init__(self, settings: ProcessOutbound, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self._place = place_of(settings, around)
        self._arguments = Arguments(settings.process, around.app)
        self._starter = Starter(self._place)
        self._said = Said(around)
        self._peers: list[Peer] = []
        self._starting = 0
        self._wanting = 0
        self._concurrent = 1
        self._changed = asyncio.Event()
        self._program = ""

    async def connect(self) -> None:
        """Start the first program.

        Raises:
            NotConnected: It cannot be started, or does not answer.
            ConfigError: It speaks another version of the protocol.
        """
        self._program = find_program(
            self._settings.process[0], folder=self._place.folder, environment=self._place.environment
        )
        await self._starter.start()
        if not any(peer.works for peer in self._peers):
            await self._start_one()

    async def deliver(self, batch: Batch) -> Sequence[Reply]:
        """Ask a program to take a message; what it answers is the answer."""
        return [await self._deliver(handover) for handover in batch.handovers]

    async def close(self) -> None:
        """Ask all programs to end, and kill those that do not."""
        await asyncio.gather(*(peer.end() for peer in list(self._peers)))
        self._peers.clear()
        await self._starter.close()

    async def _deliver(self, handover: Handover) -> Delivered:
        peer = await self._free_peer()
        event = message_document(handover.message)
        try:
            result = await peer.ask("deliver", {"event": event, "attempt": handover.attempt})
        finally:
            self._changed.set()
        return Delivered(answer_of(result, app=self._around.app, now=self._around.now()))

    async def _free_peer(self) -> Peer:
        """Return a program that can be asked now; start one if more are wanted and there may be more."""
        self._wanting += 1
        try:
            while True:
                for peer in self._peers:
                    if peer.is_free:
                        return peer
                if self._may_start:
                    return await self._start_one()
                self._changed.clear()
                await self._changed.wait()
        finally:
            self._wanting -= 1

    @property
    def _may_start(self) -> bool:
        most = self._settings.workers
        needed = self._starting * self._concurrent < self._wanting  # those that start will take the rest
        return needed and (most is None or len(self._peers) + self._starting < most)

    async def _start_one(self) -> Peer:
        self._starting += 1
        try:
            peer = Peer(self._call(), lambda: self._forget(peer))
            await peer.start(self._starter)
            self._concurrent = peer.concurrent
            self._peers.append(peer)
        finally:
            self._starting -= 1
            self._changed.set()
        return peer

    def _forget(self, peer: Peer) -> None:
        if peer in self._peers:
            self._peers.remove(peer)
        self._changed.set()

    def _call(self) -> Call:
        settings = self._settings
        return Call(
            program=self._program,
            arguments=self._arguments.fixed(),
            app=self._around.app,
            longest_line=settings.max_output,
            start_within=settings.start,
            grace=settings.grace,
            log=self._said,
            heard=refuse,
            offers={"deliver": True},
            notice=self._around.notice,
        )
