"""Takes in what a program writes, a message in each line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crossdock.adapters.process.arguments import Arguments, find_program
from crossdock.adapters.process.exit_codes import ending
from crossdock.adapters.process.items import Items, item_of
from crossdock.adapters.process.place import place_of
from crossdock.adapters.process.rejected import Bad, Rejected
from crossdock.adapters.process.said import Said
from crossdock.adapters.process.starter import Running, Starter
from crossdock.adapters.process.streams import PulledEnd, ReadEnd, Tail, input_of
from crossdock.domain.errors import EndOfInput, NotConnected
from crossdock.ports.inbound import InboundCapabilities, Receipt, Refusal

if TYPE_CHECKING:
    from crossdock.adapters.process.settings import ProcessInbound
    from crossdock.ports.surroundings import Surroundings

_LAST_WORDS_S: Final = 0.5


class LinesInbound:
    """Runs a program and takes its lines, a chunk at a time: nothing more is read before that is stored.

    What the program has written and nobody has stored is gone when this process dies: a pipe keeps nothing. So the
    endpoint lets it ``finish`` before it stops.
    """

    capabilities = InboundCapabilities(redelivers=False)

    def __init__(self, settings: ProcessInbound, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self._place = place_of(settings, around)
        self._arguments = Arguments(settings.process, around.app)
        self._starter = Starter(self._place)
        self._rejected = Rejected(rejected_path(settings, around), around)
        self._said = Said(around)
        self._program: _Program | None = None
        self._again_at = 0.0
        self._finishing = False
        self._bad: list[Bad] = []
        self._ready: list[Any] = []

    async def connect(self, positions: Mapping[str, Any]) -> None:
        """Start the program.

        Raises:
            NotConnected: It is not there, or cannot be started.
        """
        await self._starter.start()
        if self._program is None and self._again_at <= time.monotonic():
            await self._start()

    async def receive(self) -> Receipt:
        """Wait for lines.

        Raises:
            NotConnected: The program failed.
            EndOfInput: The program has ended in good order, and is not to be started again.
        """
        while not self._ready or self._bad:
            if self._bad:
                await self._rejected.add(self._bad)
                self._bad = []
            elif self._program is None and self._finishing:
                raise EndOfInput(f"{self._settings.process[0]} was told to end")
            elif self._program is None:
                await asyncio.sleep(max(0.0, self._again_at - time.monotonic()))
                await self._start()
            else:
                await self._read(self._program)
        return Items(self._ready, acked=self._stored, nacked=lambda: None)

    async def finish(self) -> None:
        """Ask the program to end, and give what it has written."""
        self._finishing = True
        if self._program is not None:
            self._program.terminate(self._settings.grace)

    async def close(self) -> None:
        """Kill the program."""
        self._finishing = False
        if self._program is not None:
            self._program.close()
            self._program = None
        await self._starter.close()

    async def _stored(self, refused: Sequence[Refusal]) -> None:
        taken, self._ready = self._ready, []
        if refused:
            bad = [Bad(repr(taken[one.place]).encode(), str(one.error)) for one in refused]
            await self._rejected.add(bad)

    async def _start(self) -> None:
        path = find_program(
            self._settings.process[0], folder=self._place.folder, environment=self._place.environment
        )
        program = _Program(self._said, self._settings.max_output)
        try:
            await program.start(self._starter, path, self._arguments.fixed())
        except BaseException:
            program.close()
            raise
        self._program = program
        if self._settings.every is not None:
            self._again_at = time.monotonic() + self._settings.every.total_seconds()

    async def _read(self, program: _Program) -> None:
        """Take the lines that are there, or wait for some; after the last see how the program ended."""
        lines = await program.lines()
        now = self._around.now()
        for line in lines:
            found = line if isinstance(line, Bad) else item_of(line, now)
            (self._bad if isinstance(found, Bad) else self._ready).append(found)
        if lines or not program.is_over:
            return
        self._program = None
        program.close()
        self._judge(program)

    def _judge(self, program: _Program) -> None:
        if self._finishing:
            return
        name = self._settings.process[0]
        if program.code != 0:
            words = f": {program.errors.words}" if program.errors.words else ""
            raise NotConnected(f"{name}: {ending(program.code)}{words}")
        if self._settings.every is None:
            raise EndOfInput(f"{name} has ended")


class _Program:
    """A program whose lines are read.

    Attributes:
        errors: The end of what it wrote to its standard error.
        code: Its exit code.
        is_over: Whether it has ended, and all of its lines were given.
    """

    def __init__(self, said: Said, longest_line: int) -> None:
        self.errors = Tail(said)
        self.code = 0
        self.is_over = False
        self._longest = longest_line
        self._output = PulledEnd()
        self._stderr = ReadEnd(self.errors)
        self._running: Running | None = None
        self._rest = b""
        self._skipping = False

    async def start(self, starter: Starter, path: str, arguments: Sequence[str]) -> None:
        """Start it."""
        nothing = await input_of(b"")
        self._running = await starter.run(path, arguments, [nothing, self._output.far, self._stderr.far])

    async def lines(self) -> list[bytes | Bad]:
        """Wait for lines, and return those that came together; none: it has written a part of one, or has ended."""
        if self.is_over:
            return []
        chunk = await self._output.read()
        if not chunk:
            return await self._end()
        *whole, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest
        if self._skipping and whole:
            self._skipping = False
            del whole[0]
        elif self._skipping:
            self._rest = b""
        found: list[bytes | Bad] = [line for line in whole if line.strip()]
        if len(self._rest) > self._longest:
            found.append(
                Bad(
                    self._rest[:1000], f"a line of more than max_output, {self._longest} bytes; its beginning"
                )
            )
            self._rest = b""
            self._skipping = True
        return found

    def terminate(self, grace: timedelta) -> None:
        """Ask it to end, and kill it after a while if it does not; what it has written can still be read."""
        if self._running is not None:
            self._running.terminate()
            asyncio.get_running_loop().call_later(grace.total_seconds(), self._running.kill)

    def close(self) -> None:
        """Kill it."""
        if self._running is not None:
            self._running.kill()
        self._output.close()
        self._stderr.close()

    async def _end(self) -> list[bytes | Bad]:
        """See how it ended. A last line without an end counts if the program says that all is well."""
        assert self._running is not None  # noqa: S101 - it was started
        self.code = await self._running.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self.errors.ended.wait()
        self.is_over = True
        rest, self._rest = self._rest, b""
        if not rest.strip() or self._skipping:
            return []
        return [rest if self.code == 0 else Bad(rest, f"broken off: {ending(self.code)}")]


def rejected_path(settings: ProcessInbound, around: Surroundings) -> Path:
    """Return where lines that are no messages are kept."""
    return around.folder / (settings.rejected or f"{around.app}.rejected.jsonl")
