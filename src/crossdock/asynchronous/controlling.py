"""Changing messages and queues on an operator's word, in the words of asyncio."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal, Unpack

from crossdock.asynchronous.looking import AsyncLooking
from crossdock.domain.archive import AgedPage
from crossdock.domain.control import ChangedStep, Pace
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import (
    check_app,
)
from crossdock.domain.record import Record
from crossdock.domain.retention import before
from crossdock.domain.rules import Rules, check_rules
from crossdock.hub.editing import check_changes
from crossdock.ports.store import Reading, Transaction
from crossdock.queue_core import check_status

_BULK: Final = 500
_STEP: Final = 100
"""So many messages go to the archive at a time, all of which others who write wait for."""
_SLOWEST: Final = 0.001
_FASTEST: Final = 1_000_000
_UNSET: Final[Any] = object()


class AsyncControlling(AsyncLooking):
    """The part of a queue that an operator uses."""

    async def replay(
        self, message_id: str, *, app: str | None = None, source_app: str | None = None
    ) -> Record:
        """Send a dead letter or a completed message again, its counters at zero, its history kept.

        Raises:
            IllegalMove: It is not finished.
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        record = await self.get(message_id, app=app, source_app=source_app)
        await self._store.write_async(lambda tx: tx.replay(record))
        return await self._again(record)

    async def cancel(
        self, message_id: str, *, app: str | None = None, source_app: str | None = None
    ) -> Record:
        """Withdraw a message; a worker that has it loses its lease.

        Raises:
            IllegalMove: It is finished.
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        record = await self.get(message_id, app=app, source_app=source_app)
        await self._store.write_async(lambda tx: tx.cancel(record))
        return await self._again(record)

    async def edit(
        self,
        message_id: str,
        *,
        app: str | None = None,
        source_app: str | None = None,
        data: Any = _UNSET,
        priority: int | None = None,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
        max_attempts: int | None = None,
    ) -> Record:
        """Change a message that waits or failed; the old values stay in its timeline.

        Args:
            message_id: Its id.
            app: Whose queue; needed only if several apps have the message.
            source_app: Who sent it; needed only if several senders chose the same id.
            data: New data.
            priority: New priority, 0 to 9.
            available_at: New time of delivery, aware; a time in the past is now.
            expires_at: New end of its use, aware.
            max_attempts: New number of attempts, 1 or more.

        Raises:
            IllegalMove: It is claimed or completed.
            InvalidMessage: A value is wrong, or none is given.
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        values = {
            "priority": priority,
            "available_at": available_at,
            "expires_at": expires_at,
            "max_attempts": max_attempts,
        }
        given = {name: value for name, value in values.items() if value is not None}
        if data is not _UNSET:
            given["data"] = data
        check_changes(given)
        record = await self.get(message_id, app=app, source_app=source_app)
        await self._store.write_async(lambda tx: tx.edit(record, given))
        return await self._again(record)

    async def delete(self, message_id: str, *, app: str | None = None, source_app: str | None = None) -> None:
        """Hide a finished message; ``purge`` removes it for good.

        Raises:
            IllegalMove: It is not finished; cancel it first.
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        record = await self.get(message_id, app=app, source_app=source_app)
        await self._store.write_async(lambda tx: tx.delete(record))

    async def replay_many(
        self, app: str, *, code: str | None = None, limit: int | None = None, rate: float | None = None
    ) -> int:
        """Send the dead letters of an app again; return how many.

        Args:
            app: Whose queue.
            code: Only those that failed with this code.
            limit: At most so many, the oldest first.
            rate: So many per second, spread over time from now; default: all at once.

        Raises:
            InvalidMessage: ``rate`` is none.
        """
        if rate is not None and not _SLOWEST <= rate <= _FASTEST:
            raise InvalidMessage.of("rate", f"{rate!r} is not a number from {_SLOWEST} to {_FASTEST}")
        pace = None if rate is None else Pace(self._store.now(), rate)
        return await self._in_steps(partial(_replay_step, app=check_app(app), code=code, pace=pace), limit)

    async def cancel_many(self, app: str, *, limit: int | None = None) -> int:
        """Withdraw the waiting messages of an app; return how many."""
        return await self._in_steps(partial(_cancel_step, app=check_app(app)), limit)

    async def purge(
        self,
        app: str,
        *,
        status: Status | str = Status.COMPLETED,
        older_than: timedelta = timedelta(0),
        limit: int | None = None,
    ) -> int:
        """Remove finished messages and their history for good; return how many.

        A removed message is forgotten: sent again under the same id, it is a new one.

        Args:
            app: Whose queue.
            status: ``completed`` or ``failed``.
            older_than: Only those that ended longer ago than this.
            limit: At most so many.
        """
        wanted = check_status(status)
        if wanted not in {Status.COMPLETED, Status.FAILED}:
            raise InvalidMessage.of(
                "status", f"{wanted.value} messages cannot be purged, only completed and failed ones"
            )
        until = before(self._store.now(), older_than)
        removed = 0
        while limit is None or removed < limit:
            step = _BULK if limit is None else min(_BULK, limit - removed)
            found = await self._store.write_async(
                partial(_purge_step, app=check_app(app), status=wanted, before=until, limit=step)
            )
            removed += found
            if found < step:
                break
        return removed

    async def archive(
        self, app: str | None = None, *, older_than: timedelta = timedelta(0), limit: int | None = None
    ) -> int:
        """Move completed messages to the archive; return how many.

        There they are still found by ``get``, ``list(status="archived")`` and ``timeline``, and known as duplicates.

        Args:
            app: Whose queue; default: all.
            older_than: Only those that ended longer ago than this.
            limit: At most so many.
        """
        until = before(self._store.now(), older_than)
        apps = (
            [check_app(app)]
            if app is not None
            else await self._store.read_async(lambda reader: reader.finished_apps())
        )
        moved = 0
        for name in apps:
            after: int | None = 0
            while after is not None and (limit is None or moved < limit):
                page = await self._store.read_async(partial(_aged, app=name, until=until, after=after))
                chosen = page.row_ids if limit is None else page.row_ids[: limit - moved]
                for start in range(0, len(chosen), _STEP):
                    step = partial(_archive_step, row_ids=chosen[start : start + _STEP])
                    moved += await self._store.write_async(step)
                after = page.after
        return moved

    async def pause(self, app: str) -> None:
        """Let nothing more be claimed from an app's queue; what is sent waits."""
        await self._store.write_async(lambda tx: tx.pause(check_app(app)))

    async def resume(self, app: str) -> None:
        """Let a paused or parked queue be claimed from again."""
        await self._store.write_async(lambda tx: tx.resume(check_app(app)))

    async def set_on_dead(self, app: str, on_dead: Literal["release", "block"]) -> None:
        """Say what a dead letter does to later messages of its partition key.

        Args:
            app: Whose queue.
            on_dead: ``release``: they go on without it (the default). ``block``: they wait until it is replayed,
                deleted or purged.
        """
        check_rules(app, {"on_dead": on_dead})
        await self._store.write_async(lambda tx: tx.set_rules(check_app(app), {"on_dead": on_dead}))

    async def set_rules(self, app: str, **rules: Unpack[Rules]) -> None:
        """Put rules of an app's queue into force, for every process that uses the store.

        A configuration that says something else of the app puts its own rules into force when it is next used.

        Args:
            app: Whose queue.
            rules: See ``Rules``; None takes a rule away, what is left out stays as it is.

        Raises:
            ConfigError: A rule cannot hold, or what fails would go round for ever.
            TypeError: There is no such rule.
        """
        check_rules(app, rules)
        known = await self._store.read_async(lambda reader: reader.rules())
        self._gateway.check_fallbacks(known, {check_app(app): rules})
        if rules:
            await self._store.write_async(lambda tx: tx.set_rules(app, rules))

    async def _again(self, record: Record) -> Record:
        found = await self._store.read_async(lambda reader: reader.row(record.row_id))
        return found or record

    async def _in_steps(self, step: Callable[..., ChangedStep], limit: int | None) -> int:
        """Change messages one after the other, in bounded transactions; return how many were changed."""
        changed, after = 0, 0
        while limit is None or changed < limit:
            most = _BULK if limit is None else min(_BULK, limit - changed)
            work = partial(step, done=changed, after=after, limit=most)
            count, more_after = await self._store.write_async(work)
            changed += count
            if more_after is None:
                break
            after = more_after
        return changed


def _aged(reader: Reading, *, app: str, until: datetime, after: int) -> AgedPage:
    return reader.aged(app, until, through=0, after=after, limit=_BULK)


def _archive_step(tx: Transaction, *, row_ids: list[int]) -> int:
    return tx.archive(row_ids)


def _purge_step(tx: Transaction, **step: Any) -> int:
    return tx.purge(step["app"], step["status"], step["before"], step["limit"])


def _cancel_step(tx: Transaction, *, app: str, done: int, after: int, limit: int) -> ChangedStep:
    del done
    return tx.cancel_step(app, after=after, limit=limit)


def _replay_step(tx: Transaction, *, app: str, done: int, pace: Pace | None, **bounds: Any) -> ChangedStep:
    return tx.replay_step(app, pace=pace and pace.behind(done), **bounds)
