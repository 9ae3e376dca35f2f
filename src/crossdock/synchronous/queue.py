# Made from ../asynchronous/queue.py by tools/generate_sync.py. Do not edit.
"""The queue."""

from __future__ import annotations

from typing import Self

from crossdock.synchronous.calling import Calling
from crossdock.synchronous.scheduling import Scheduling
from crossdock.synchronous.working import Working


class Queue(Calling, Working, Scheduling):
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

    def __enter__(self) -> Self:
        """Return the queue."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the queue."""
        self.close()

    def close(self) -> None:
        """Give back what is claimed and not settled, and release the store; safe to call twice."""
        self._shut_down()
