"""The queue, in the words of asyncio."""

from __future__ import annotations

from typing import Self

from crossdock.asynchronous.calling import AsyncCalling
from crossdock.asynchronous.scheduling import AsyncScheduling
from crossdock.asynchronous.working import AsyncWorking


class AsyncQueue(AsyncCalling, AsyncWorking, AsyncScheduling):
    """A persistent queue for any number of apps, in one store.

    Any number of processes, threads and tasks may use one store, each with a queue object of its own or shared.

    Args:
        url: ``sqlite:///file.db`` (relative), ``sqlite:////path/file.db`` (absolute) or ``sqlite://`` (in memory).
            The file is made if it is not there. A ``%`` in its path is written ``%25``, a ``?`` ``%3F``; or give a
            ``sqlalchemy.URL``. For PostgreSQL: ``postgresql+psycopg://user@host/database``.
        app: The name of this application: the sender of what it sends.
        lease: How long a claimed message is ours.
        retry: The policy for deliveries that fail; a mapping has one per app, ``"*"`` for all others.
        max_crashes: A message whose worker died so often is a dead letter.
        retention: When completed messages go to the archive, and from there to files.
        settings: How the store is opened.
        clock: Tells the time, for tests.

    Raises:
        ConfigError: A setting is wrong.
        SchemaOutOfDate: A newer version of Crossdock made the store.
        StoreError: The store cannot be opened.
    """

    async def __aenter__(self) -> Self:
        """Return the queue."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the queue."""
        await self.close()

    async def close(self) -> None:
        """Give back what is claimed and not settled, and release the store; safe to call twice."""
        self._shut_down()
