"""Hands each message to a run of a program of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from crossdock.adapters.process.arguments import Arguments, find_program
from crossdock.adapters.process.exit_codes import failure
from crossdock.adapters.process.place import place_of
from crossdock.adapters.process.starter import Running, Starter
from crossdock.adapters.process.streams import Collector, ReadEnd, Tail, input_of
from crossdock.domain.answered import answer_of
from crossdock.domain.cloudevent import message_document
from crossdock.domain.errors import PermanentError
from crossdock.domain.frames import shown
from crossdock.domain.message import Message, encode_json
from crossdock.ports.outbound import DELIVERED, Batch, Delivered, Handover, OutboundCapabilities, Reply

if TYPE_CHECKING:
    from crossdock.adapters.process.settings import ProcessOutbound
    from crossdock.ports.surroundings import Surroundings

_KILLED_WITHIN_S: Final = 5.0
_LAST_WORDS_S: Final = 0.5
"""So long what a program has left behind may keep its streams open after its end."""


class RunOutbound:
    """Runs a program for each message: its exit code says what became of the message, its output is the answer.

    A run is over when ``deliver`` is, however that ends: its program and the group of it are gone.
    """

    def __init__(self, settings: ProcessOutbound, around: Surroundings) -> None:
        self._settings = settings
        self._place = place_of(settings, around)
        self._arguments = Arguments(settings.process, around.app)
        self._starter = Starter(self._place)
        self._around = around
        self._program = ""

    @property
    def capabilities(self) -> OutboundCapabilities:
        """It answers, unless its output is ignored."""
        return OutboundCapabilities(answers=self._settings.output != "ignore")

    async def connect(self) -> None:
        """Find the program.

        Raises:
            NotConnected: It is not there, or may not be executed.
        """
        self._program = find_program(
            self._settings.process[0], folder=self._place.folder, environment=self._place.environment
        )
        await self._starter.start()

    async def deliver(self, batch: Batch) -> Sequence[Reply]:
        """Run the program for one message."""
        return [await self._run(handover) for handover in batch.handovers]

    async def close(self) -> None:
        """Kill what runs."""
        await self._starter.close()

    async def _run(self, handover: Handover) -> Delivered:
        arguments = self._arguments.of(handover)
        given = await input_of(_input(handover.message, self._settings.input))
        run = _Run(self._settings.max_output)
        try:
            code = await run.to_end(self._starter, self._program, arguments, given)
        finally:
            await run.clear_away()
        if run.output.is_over:
            raise PermanentError(
                f"{arguments[0]} wrote more than max_output, {self._settings.max_output} bytes, and was killed"
            )
        error = failure(arguments[0], code, run.errors.words, self._settings.exit_codes)
        if error is not None:
            raise error
        return self._answer(run.output.kept)

    def _answer(self, output: bytes) -> Delivered:
        if self._settings.output == "ignore" or not output.strip():
            return DELIVERED
        return Delivered(answer_of(self._value(output), app=self._around.app, now=self._around.now()))

    def _value(self, output: bytes) -> Any:
        kind = self._settings.output
        if kind == "text":
            return output.decode(errors="replace")
        try:
            if kind == "jsonl":
                return [json.loads(line) for line in output.splitlines() if line.strip()]
            return json.loads(output)
        except (ValueError, RecursionError) as error:
            raise PermanentError(
                f"what {self._settings.process[0]} wrote is no {kind}: {error}: {shown(output)}"
            ) from error


class _Run:
    """One run of a program.

    Attributes:
        output: What it wrote.
        errors: The end of what it wrote to its standard error.
    """

    def __init__(self, max_output: int) -> None:
        self.output = Collector(max_output, self._kill)
        self.errors = Tail()
        self._ends = (ReadEnd(self.output), ReadEnd(self.errors))
        self._running: Running | None = None

    async def to_end(self, starter: Starter, program: str, arguments: list[str], given: int) -> int:
        """Run a program, and return its exit code when it has ended and all that it wrote is read."""
        self._running = await starter.run(program, arguments, [given, *(end.far for end in self._ends)])
        if self.output.is_over:
            self._kill()
        code = await self._running.wait()
        with suppress(TimeoutError):  # something that has left the group keeps them open
            async with asyncio.timeout(_LAST_WORDS_S):
                await self.output.ended.wait()
                await self.errors.ended.wait()
        return code

    async def clear_away(self) -> None:
        """See to it that nothing is left of it."""
        for end in self._ends:
            end.close()
        if self._running is not None and self._running.code is None:
            self._running.kill()
            with suppress(TimeoutError):  # the kernel itself holds it up
                async with asyncio.timeout(_KILLED_WITHIN_S):
                    await self._running.wait()

    def _kill(self) -> None:
        if self._running is not None:
            self._running.kill()


def _input(message: Message, kind: str) -> bytes:
    match kind:
        case "none":
            return b""
        case "event":
            return encode_json(message_document(message), field="data").encode() + b"\n"
        case _:
            if isinstance(message.data, bytes):
                return message.data
            return encode_json(message.data, field="data").encode() + b"\n"
