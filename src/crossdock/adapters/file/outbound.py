"""The outbound adapter: messages, gathered or one by one, as files that are there whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crossdock.adapters.file.attempt import Attempts
from crossdock.adapters.file.content import FileContent, Style, content_of_many, content_of_one
from crossdock.adapters.file.outbound_settings import FileOutbound, folder_mode
from crossdock.adapters.file.tree import tree_of
from crossdock.adapters.file.writing import MOST_NAMES, TAKEN_ALL, Label, Taken, Writer
from crossdock.domain.errors import TransientError
from crossdock.durable_files import FileSystem
from crossdock.ports.outbound import (
    Batch,
    Delivered,
    Gather,
    Handover,
    OutboundCapabilities,
    Reply,
)
from crossdock.ports.surroundings import Surroundings


class FileOutboundAdapter:
    """Writes each batch to a file of its own.

    The name is noted before the file can be seen. A message that comes again with a note is either in a published file,
    and was delivered, or that file will never be published (see ``draft.py``), and the message is written anew.
    """

    def __init__(
        self, settings: FileOutbound, surroundings: Surroundings, files: FileSystem | None = None
    ) -> None:
        self._gathers = settings.rows > 1
        self._style = style_of(settings)
        self._now = surroundings.now
        self._writer = Writer(
            tree_of(settings.file, above=surroundings.folder), label_of(settings, surroundings.app), files
        )
        self._attempts = Attempts(self._writer)
        gather = Gather(count=settings.rows, wait=settings.every, max_bytes=settings.max_size)
        self._capabilities = OutboundCapabilities(
            ordered=True,
            notes=True,
            gather=gather if self._gathers else None,
        )

    @property
    def capabilities(self) -> OutboundCapabilities:
        """What it can do."""
        return self._capabilities

    async def connect(self) -> None:
        """Make sure that the folder is there and can be written."""
        await asyncio.to_thread(self._writer.connect, self._now())

    async def deliver(self, batch: Batch) -> Sequence[Reply]:
        """Write the messages to a file, but for those that an earlier attempt has published."""
        try:
            return await self._deliver(batch)
        finally:
            await asyncio.to_thread(self._attempts.clear)

    async def _deliver(self, batch: Batch) -> Sequence[Reply]:
        replies = await asyncio.to_thread(self._find_published, batch.handovers)
        waiting = [place for place in range(len(batch.handovers)) if place not in replies]
        if waiting:
            content = await asyncio.to_thread(self._content, [batch.handovers[place] for place in waiting])
            replies |= {waiting[index]: error for index, error in content.refused.items()}
            rows = {place: row for place, row in zip(waiting, content.places, strict=True) if row is not None}
            if rows:
                file = await self._put(batch, content, list(rows))
                replies |= {place: self._delivered(file, row) for place, row in rows.items()}
        return [replies[place] for place in range(len(batch.handovers))]

    async def close(self) -> None:
        """Remove what a cancelled delivery left."""
        await asyncio.to_thread(self._attempts.clear)

    def _find_published(self, handovers: Sequence[Handover]) -> dict[int, Reply]:
        """Answer for the messages that are in published files already."""
        found: dict[int, Reply] = {}
        known: dict[str, bool] = {}
        for place, handover in enumerate(handovers):
            if handover.noted is not None:
                ticket = str(handover.noted.get("ticket"))
                if ticket not in known:
                    known[ticket] = self._writer.was_published(handover.noted)
                if known[ticket]:
                    found[place] = Delivered(result={"file": handover.noted["file"]})
        return found

    def _content(self, handovers: Sequence[Handover]) -> FileContent:
        data = [handover.message.data for handover in handovers]
        return content_of_many(data, self._style) if self._gathers else content_of_one(data[0], self._style)

    async def _put(self, batch: Batch, content: FileContent, places: Sequence[int]) -> str:
        """Write and publish a file under the first name that no stranger takes; return its path."""
        # Nothing is noted on messages that are not in it: they would count as delivered with it.
        only = None if len(places) == len(batch.handovers) else places
        for _ in range(MOST_NAMES):
            attempt = self._attempts.begin()
            try:
                written = await asyncio.to_thread(attempt.write, content, self._now())
                await batch.note(written.note(), only)
            except BaseException:
                self._attempts.give_up(attempt)
                raise
            try:
                await asyncio.to_thread(self._writer.publish, written)
            except Taken:
                continue
            return written.file
        raise TransientError(TAKEN_ALL)

    def _delivered(self, file: str, row: int) -> Delivered:
        return Delivered(result={"file": file, "row": row} if self._gathers else {"file": file})


def style_of(settings: FileOutbound) -> Style:
    """Return how rows are written."""
    return Style(
        ext=settings.format,
        columns=settings.columns,
        delimiter=settings.delimiter,
        encoding=settings.encoding,
    )


def label_of(settings: FileOutbound, app: str) -> Label:
    """Return what all files of an app have in common."""
    return Label(
        app=app,
        type=settings.type,
        ext=settings.format,
        mode=settings.file_mode,
        folder_mode=folder_mode(settings.file_mode),
        latest=settings.latest,
        schema_version=settings.schema_version,
        next_app=settings.next_app,
    )
