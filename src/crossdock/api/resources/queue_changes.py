"""What an operator does to many messages of a queue at once."""

from __future__ import annotations

from datetime import timedelta

from crossdock.api.access import needs
from crossdock.api.operations import Answers, AppName, CallerOf, JsonAnswer, Operations
from crossdock.api.queue_models import Archived, ArchiveWish, Cancelled, CancelWish, Purged, PurgeWish
from crossdock.domain.key import Scope

operations = Operations("queues")


@operations.on(
    "POST",
    "/queues/{app}/cancel",
    id="cancelQueue",
    access=needs(Scope.QUEUE_CONTROL),
    answers=Answers(Cancelled, meaning="So many were withdrawn."),
)
async def cancel_queue(app: AppName, caller: CallerOf, wish: CancelWish | None = None) -> JsonAnswer:
    """Withdraw the waiting messages of a queue: without a body, all of them.

    Those that are being worked on stay. What is withdrawn is among the dead letters, with the code CANCELLED, from
    where it can be sent again.
    """
    wish = wish or CancelWish()
    caller.demand_app(app)
    return JsonAnswer({"cancelled": await caller.queue.cancel_many(app, limit=wish.limit)})


@operations.on(
    "POST",
    "/queues/{app}/archive",
    id="archiveQueue",
    access=needs(Scope.QUEUE_CONTROL),
    answers=Answers(Archived, meaning="So many are in the archive now."),
)
async def archive_queue(app: AppName, caller: CallerOf, wish: ArchiveWish | None = None) -> JsonAnswer:
    """Move completed messages of a queue to the archive, where they are still found, and known as duplicates."""
    wish = wish or ArchiveWish()
    caller.demand_app(app)
    older_than = timedelta(seconds=wish.older_than_s)
    return JsonAnswer({"archived": await caller.queue.archive(app, older_than=older_than, limit=wish.limit)})


@operations.on(
    "POST",
    "/queues/{app}/purge",
    id="purgeQueue",
    access=needs(Scope.QUEUE_CONTROL),
    answers=Answers(Purged, meaning="So many were removed."),
)
async def purge_queue(app: AppName, wish: PurgeWish, caller: CallerOf) -> JsonAnswer:
    """Remove finished messages of a queue and their history for good: sent again under its id, one is a new one.

    It takes a body, though all of it is optional: what cannot be undone is not done by a request that was cut short.
    """
    caller.demand_app(app)
    older_than = timedelta(seconds=wish.older_than_s)
    count = await caller.queue.purge(app, status=wish.status, older_than=older_than, limit=wish.limit)
    return JsonAnswer({"purged": count})
