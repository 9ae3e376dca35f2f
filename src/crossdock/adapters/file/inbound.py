"""The inbound adapter of the file transport: rows of files, and files, as messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from crossdock.adapters.file.arrival import Watch
from crossdock.adapters.file.inbound_settings import FileInbound
from crossdock.adapters.file.intake import Intake
from crossdock.adapters.file.once import Once
from crossdock.adapters.file.reading.csv_rows import Dialect
from crossdock.adapters.file.reading.formats import Reading
from crossdock.adapters.file.reading.rows import Chunk
from crossdock.adapters.file.schemas import Schemas
from crossdock.adapters.file.taking import Rules, partition_key_of, shown_name
from crossdock.adapters.file.tree import tree_of
from crossdock.domain.errors import EndOfInput, NotConnected
from crossdock.domain.ids import new_message_ids
from crossdock.domain.message import DEFAULT_TYPE, Message, MessageId
from crossdock.durable_files import FileSystem
from crossdock.ports.inbound import InboundCapabilities, Position, Refusal
from crossdock.ports.surroundings import Surroundings

T = TypeVar("T")


class FileReceipt:
    """Rows that were read together.

    Args:
        adapter: Read them.
        chunk: The rows.
        items: The messages, or their data.
        options: Of the messages.
        positions: How far this goes.
    """

    def __init__(
        self,
        adapter: FileInboundAdapter,
        chunk: Chunk,
        *,
        items: Sequence[Any],
        options: Mapping[str, Any],
        positions: list[Position],
    ) -> None:
        self._adapter = adapter
        self._chunk = chunk
        self.items = items
        self.options = options
        self.positions = positions

    async def ack(self, refused: Sequence[Refusal] = ()) -> None:
        """Know that the rows are stored, and set those aside that were refused."""
        await self._adapter.stored(self._chunk, self.positions, refused)

    async def nack(self, error: Exception) -> None:
        """Know that nothing was stored; the same rows come again by themselves."""


class FileInboundAdapter:
    """Takes files in from one folder.

    Args:
        intake: Does the work, in a thread.
        settings: Of the folder.
        surroundings: Whose folder it is.
    """

    capabilities: Final = InboundCapabilities(ordered=True, redelivers=True, positions=True)

    def __init__(self, intake: Intake, settings: FileInbound, surroundings: Surroundings) -> None:
        self._intake = intake
        self._every = settings.every.total_seconds()
        self._type = settings.type
        self._partition_key = settings.partition_key
        self._app = surroundings.app
        self._now = surroundings.now
        self._work: asyncio.Future[Any] | None = None

    async def connect(self, positions: Mapping[str, Any]) -> None:
        """Look whether the folders are there, and what was claimed before.

        Raises:
            NotConnected: The root is not there, or the disk does not answer.
            ConfigError: A folder of the tree is a link, or on another file system.
        """
        await self._end_work()
        await self._in_thread(lambda: self._intake.connect(positions))

    async def receive(self) -> FileReceipt:
        """Wait for rows.

        Raises:
            NotConnected: The disk does not answer; what was claimed is found again at the next ``connect``.
            EndOfInput: All that was claimed is sent, and nothing more is to be.
        """
        while (chunk := await self._in_thread(self._intake.next)) is None:
            if self._intake.is_finished:
                raise EndOfInput("every file that was claimed is in the archive or among the errors")
            await asyncio.sleep(self._every)
        receipt = self._receipt(chunk)
        self._begin(self._intake.read_ahead)
        return receipt

    async def stored(self, chunk: Chunk, positions: list[Position], refused: Sequence[Refusal]) -> None:
        """Know that rows are stored, and set those aside that were refused."""
        self._intake.stored(chunk, positions, refused)
        if refused:
            await self._in_thread(self._intake.keep_refused)

    async def finish(self) -> None:
        """Claim nothing more: the rest of what is claimed is given, and ends in the archive."""
        self._intake.finish()

    async def close(self) -> None:
        """Let go of what was claimed."""
        await self._end_work()
        with suppress(NotConnected):
            await self._in_thread(self._intake.close)

    def _receipt(self, chunk: Chunk) -> FileReceipt:
        subject = shown_name(self._intake.file_name)
        options = {"type": self._type, "subject": subject}
        items = (
            chunk.items
            if self._partition_key is None
            else self._messages(chunk, subject, self._partition_key)
        )
        return FileReceipt(self, chunk, items=items, options=options, positions=self._intake.positions(chunk))

    def _messages(self, chunk: Chunk, subject: str, key: str) -> list[Message]:
        """Return messages that differ in their partition keys."""
        now = self._now()
        return [
            Message(
                id=MessageId(message_id),
                source=self._app,
                type=self._type or DEFAULT_TYPE,
                data=item,
                time=now,
                subject=subject,
                partitionkey=partition_key_of(item, key),
            )
            for message_id, item in zip(new_message_ids(len(chunk.items)), chunk.items, strict=True)
        ]

    def _begin(self, work: Callable[[], T]) -> None:
        self._work = asyncio.ensure_future(asyncio.to_thread(work))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Do something after what is being done; if this is cancelled, it comes to its end all the same."""
        await self._settled()
        self._begin(work)
        result: T = await self._settled()
        return result

    async def _settled(self) -> Any:
        """Wait for what is being done."""
        if self._work is None:
            return None
        try:
            result = await asyncio.shield(self._work)
        except asyncio.CancelledError:
            raise  # the thread goes on, and its outcome is kept for whoever asks next
        except OSError as error:
            self._work = None
            raise NotConnected(
                f"{error.filename or 'the disk'}: {error.strerror or error}; it is tried again"
            ) from error
        except BaseException:
            self._work = None
            raise
        self._work = None
        return result

    async def _end_work(self) -> None:
        """Let what is being done come to an end, whatever it is."""
        self._intake.stop()
        if self._work is not None:
            await asyncio.wait({self._work})
            if not self._work.cancelled():
                self._work.exception()  # it is of no interest any more
            self._work = None


def make_inbound(settings: FileInbound, surroundings: Surroundings) -> FileInboundAdapter:
    """Make the adapter; touches nothing yet.

    Raises:
        ConfigError: The settings cannot be right.
    """
    return inbound_adapter(settings, surroundings, files=FileSystem(), elapsed=time.monotonic)


def make_inbound_once(settings: FileInbound, surroundings: Surroundings, *, once: Once) -> FileInboundAdapter:
    """Make an adapter that takes what lies there now, and then has nothing more.

    Raises:
        ConfigError: The settings cannot be right.
    """
    return inbound_adapter(settings, surroundings, files=FileSystem(), elapsed=time.monotonic, once=once)


def inbound_adapter(
    settings: FileInbound,
    surroundings: Surroundings,
    *,
    files: FileSystem,
    elapsed: Callable[[], float],
    once: Once | None = None,
) -> FileInboundAdapter:
    """Make the adapter on a file system and a clock."""
    intake = Intake(
        tree_of(settings.file, above=surroundings.folder),
        rules_of(settings, surroundings.folder),
        surroundings,
        files=files,
        elapsed=elapsed,
        once=once,
    )
    return FileInboundAdapter(intake, settings, surroundings)


def rules_of(settings: FileInbound, folder: Path) -> Rules:
    """Return how files are taken by settings whose relative paths count from a folder.

    Raises:
        ConfigError: The settings cannot be right, or a package is missing.
    """
    columns = None if settings.columns is None else tuple(settings.columns)
    return Rules(
        watch=Watch(
            pattern=settings.pattern, arrival=settings.arrival, marker=settings.marker, settle=settings.settle
        ),
        reading=Reading(
            split=settings.split,
            format=settings.format,
            encoding=settings.encoding,
            dialect=Dialect(settings.delimiter, settings.quote or None, columns),
        ),
        schemas=None if settings.schemas is None else Schemas(folder / settings.schemas),
        partition_key=settings.partition_key,
    )
