"""A program that stays, and speaks frames over its standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from crossdock._version import __version__
from crossdock.adapters.process.exit_codes import ending
from crossdock.adapters.process.starter import Running, Starter
from crossdock.adapters.process.streams import Lines, ReadEnd, Tail, WriteEnd
from crossdock.domain import frames
from crossdock.domain.errors import ConfigError, CrossdockError, NotConnected, ProcessDied, TransientError
from crossdock.domain.frames import Answer, BadFrame, Frame, Request

MOST_CONCURRENT: Final = 1000
_KILLED_WITHIN_S: Final = 5.0
_END_AFTER_EOF_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How a program is called.

    Attributes:
        program: Its path.
        arguments: Its own name first.
        app: Whose program it is.
        longest_line: It may write so many bytes in a line.
        start_within: It must have answered ``initialize`` by then.
        grace: It may stay so long when it is to end.
        log: Is told each line of its standard error.
        heard: Is called with each request and notification of it.
        notice: Is told what a person should know: the event, and words.
        offers: Our capabilities, as ``initialize`` tells them.
    """

    program: str
    arguments: Sequence[str]
    app: str
    longest_line: int
    start_within: timedelta
    grace: timedelta
    log: Callable[[str], object]
    heard: Callable[[Peer, Frame], object]
    notice: Callable[[str, str], object]
    offers: Mapping[str, Any]


class Peer:
    """One such program, from its start to its end.

    Attributes:
        works: Whether it can be asked.
        concurrent: It may have so many requests at a time.
        over: How it ended; None: it has not.
    """

    def __init__(self, call: Call, ended: Callable[[], object]) -> None:
        self.works = False
        self.concurrent = 1
        self.over: CrossdockError | None = None
        self._call = call
        self._ended = ended
        self._name = call.arguments[0]
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._why: CrossdockError | None = None
        self._running: Running | None = None
        self._life: asyncio.Task[None] | None = None
        self._stdin = WriteEnd()
        self._errors = Tail(call.log)
        self._stderr = ReadEnd(self._errors)
        self._hung_up = asyncio.Event()
        self._stdout = ReadEnd(
            Lines(call.longest_line, line=self._hear, too_long=self._hear_too_much, gone=self._hung_up.set)
        )

    @property
    def code(self) -> int | None:
        """Its exit code; None: it has not ended."""
        return None if self._running is None else self._running.code

    @property
    def is_free(self) -> bool:
        """Whether it can be asked something more now."""
        return self.works and len(self._waiting) < self.concurrent

    async def start(self, starter: Starter) -> None:
        """Start it and greet it.

        Raises:
            NotConnected: It does not start, or does not answer.
            ConfigError: It speaks another version of the protocol.
        """
        streams = [self._stdin.far, self._stdout.far, self._stderr.far]
        try:
            self._running = await starter.run(self._call.program, self._call.arguments, streams)
            self._life = asyncio.create_task(self._live(self._running))
            await self._greet()
        except BaseException:
            await self.kill()
            raise
        if self._why is not None or self._hung_up.is_set():
            await self.kill()
            raise NotConnected(f"right after it answered initialize: {self.over}")
        self.works = True

    async def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """Ask it something, and return its result; one who is cancelled kills it.

        Raises:
            ProcessDied: It died meanwhile.
            TransientError: It wrote what is no frame, and was killed.
            NotConnected: It was killed because another request was cancelled.
            DeliveryError: What its error means.
            InvalidMessage: Likewise.
        """
        try:
            found = await self._answer_to(method, params)
        except asyncio.CancelledError:
            self._why = self._why or NotConnected(
                f"{self._name} was killed since it had not answered in time to another message"
            )
            await self.kill()
            raise
        if found.error is not None:
            raise frames.delivery_error(found.error)
        return found.result

    def tell(self, frame: bytes) -> None:
        """Write a frame."""
        self._stdin.write(frame)

    def listen(self, *, more: bool) -> None:
        """Hear it, or let it wait with what it has to say."""
        self._stdout.listen(more=more)

    async def end(self) -> None:
        """Ask it to end, and kill it if it does not."""
        if self._running is not None and self._running.code is None and self._why is None:
            self.works = False
            self._why = NotConnected(f"{self._name} was told to end")
            self._last_id += 1
            self.tell(frames.request(self._last_id, "shutdown", {}))
            self._stdin.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._call.grace.total_seconds()):
                    await self._running.wait()
        await self.kill()

    async def kill(self) -> None:
        """Kill it with its group, and wait until it is gone."""
        self.works = False
        if self._running is not None:
            self._running.kill()
            with suppress(TimeoutError):  # the kernel itself holds it up
                async with asyncio.timeout(_KILLED_WITHIN_S):
                    await self._running.wait()
        for end in (self._stdin, self._stdout, self._stderr):
            end.close()
        if self._life is not None:
            await self._life

    async def _greet(self) -> None:
        params = {
            "protocol": frames.PROTOCOL,
            "app": self._call.app,
            "software": f"crossdock {__version__}",
            "capabilities": {**self._call.offers, "longest_line": self._call.longest_line},
        }
        limit = self._call.start_within.total_seconds()
        try:
            async with asyncio.timeout(limit):
                found = await self._answer_to("initialize", params)
        except TimeoutError as error:
            raise NotConnected(f"{self._name} has not answered initialize within {limit:g} s") from error
        except (ProcessDied, TransientError) as error:
            raise NotConnected(f"before it answered initialize: {error}") from error
        if found.error is not None:
            raise NotConnected(f"{self._name} refuses initialize: {found.error.get('message')}")
        self._agree(found.result)

    def _agree(self, result: Any) -> None:
        """Take what it says of itself."""
        told = result if isinstance(result, dict) else {}
        if told.get("protocol") != frames.PROTOCOL:
            raise ConfigError(
                f"{self._name} speaks protocol {told.get('protocol')!r}; this Crossdock speaks {frames.PROTOCOL}"
            )
        capabilities = told.get("capabilities")
        wanted = capabilities.get("concurrent", 1) if isinstance(capabilities, dict) else 1
        if type(wanted) is not int or not 1 <= wanted <= MOST_CONCURRENT:
            raise ConfigError(
                f"{self._name}: capabilities.concurrent is {wanted!r}; it must be from 1 to {MOST_CONCURRENT}"
            )
        self.concurrent = wanted

    async def _answer_to(self, method: str, params: Mapping[str, Any]) -> Answer:
        if self.over is not None:
            raise self.over
        self._last_id += 1
        number = self._last_id
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self.tell(frames.request(number, method, params))
            found: Answer = await waiting
        finally:
            self._waiting.pop(number, None)
        return found

    def _hear(self, line: bytes) -> None:
        if self._why is not None:
            return
        try:
            frame = frames.parse(line)
        except BadFrame as error:
            self._replace(str(error))
            return
        if not isinstance(frame, Answer):
            self._call.heard(self, frame)
            return
        waiting = self._waiting.pop(frame.id, None) if isinstance(frame.id, int) else None
        if waiting is None:
            self._replace(f"an answer to nothing: {frames.shown(line)}")
        elif not waiting.done():
            waiting.set_result(frame)

    def _hear_too_much(self, beginning: bytes) -> None:
        self._replace(
            f"a line of more than max_output, {self._call.longest_line} bytes: {frames.shown(beginning)}"
        )

    def _replace(self, words: str) -> None:
        """Kill it for what it wrote."""
        text = f"{self._name} wrote {words}"
        self._why = TransientError(f"{text}; it was killed")
        self.works = False
        self._call.notice(
            "process.rubbish", f"{self._call.app}: {text}; it is killed, and started again when needed"
        )
        if self._running is not None:
            self._running.kill()

    async def _live(self, running: Running) -> None:
        """Wait for its end, and tell those who wait for answers."""
        end = asyncio.create_task(running.wait())
        hung_up = asyncio.create_task(self._hung_up.wait())
        await asyncio.wait({end, hung_up}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({end, hung_up}, timeout=_END_AFTER_EOF_S)
        hung_up.cancel()
        self.works = False
        stayed = not end.done()
        running.kill()
        code = await end
        text = "closed its standard output" if stayed else ending(code)
        words = f": {self._errors.words}" if self._errors.words else ""
        self._fail(self._why or ProcessDied(f"{self._name}: {text}{words}"))

    def _fail(self, error: CrossdockError) -> None:
        self.over = error
        for end in (self._stdin, self._stdout, self._stderr):
            end.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
        self._ended()


def refuse(peer: Peer, frame: Frame) -> None:
    """Answer a request of a program that may ask for nothing; what it only tells is passed over."""
    if isinstance(frame, Request):
        error = BadFrame(f"there is no method {frame.method!r}", code=frames.METHOD_NOT_FOUND)
        peer.tell(frames.refusal(frame.id, error))
