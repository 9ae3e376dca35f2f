"""Group commit: writers share a transaction, and none of them suffers for, or profits from, another's failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from crossdock import AsyncQueue, InvalidMessage, Queue, RetryPolicy, StoreError, StoreUnavailable
from crossdock.hub.sent import OneSend
from crossdock.store.group_commit import GroupCommit

PATIENCE_S = 30
BAD_UNITS: dict[str, Callable[[Any], Any]] = {
    "our error": lambda tx: raise_(InvalidMessage.of("x", "y")),
    "any exception": lambda tx: {}["no such key"],
    "broken constraint": lambda tx: tx._database.execute("UPDATE data_staging SET type = NULL"),
    "wrong statement": lambda tx: tx._database.execute("SELECT no_such_column FROM data_staging"),
    "number too large": lambda tx: tx._database.execute("SELECT ?", (2**70,)),
}
bad_unit = pytest.mark.parametrize("bad", BAD_UNITS.values(), ids=BAD_UNITS.keys())


def raise_(error: BaseException) -> None:
    raise error


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(f"sqlite:///{tmp_path}/work.db") as opened:
        yield opened


def send_inside(queue: Queue, data: Any) -> Callable[[Any], Any]:
    """Return a unit that sends."""
    gateway = queue._gateway
    return OneSend(gateway.draft(data), gateway.plain_envelope("app"))


def refuse_after_storing(queue: Queue, data: str) -> None:
    """Let the database refuse a message with this data, when its row is written already."""
    trigger = f"""CREATE TRIGGER refuse AFTER INSERT ON data_staging WHEN NEW.data = '{data}'
        BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END"""
    queue._store.write(lambda tx: tx._database.execute(trigger))


class Crowd:
    """Units that meet in one transaction: all wait behind a first one that is held up until they are there."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._group = queue._store.open_store.group
        self._entered, self._leave = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=80)
        self._first = self._pool.submit(self._run, self._hold)

    def _hold(self, _: Any) -> None:
        self._entered.set()
        assert self._leave.wait(PATIENCE_S)

    def _run(self, work: Callable[[Any], Any]) -> Any:
        return self._queue._store.write(work)

    def commit(self, *works: Callable[[Any], Any]) -> list[Any]:
        """Run the units together; return what each returned, or its exception."""
        assert self._entered.wait(PATIENCE_S)
        futures = []
        for place, work in enumerate(works, start=1):
            futures.append(self._pool.submit(self._run, work))
            while (
                len(self._group._waiting) < place
            ):  # a unit more stands in line: their order is that of ``works``
                pass
        self._leave.set()
        self._first.result(PATIENCE_S)
        results = [future.exception(PATIENCE_S) or future.result() for future in futures]
        self._pool.shutdown()
        return results


class TestThreads:
    @bad_unit
    def test_bad_unit_fails_alone(self, queue: Queue, bad: Callable[[Any], Any]) -> None:
        results = Crowd(queue).commit(send_inside(queue, 1), bad, send_inside(queue, 3))
        assert isinstance(results[1], Exception)
        assert [one.data for one in (results[0], results[2])] == [1, 3]
        assert [record.message.data for record in queue.list()] == [1, 3]
        assert queue.list()[0].message.priority == 4

    @bad_unit
    def test_bad_unit_leaves_nothing_of_its_own_behind(self, queue: Queue, bad: Callable[[Any], Any]) -> None:
        def half(tx: Any) -> None:
            send_inside(queue, "half done")(tx)
            bad(tx)

        results = Crowd(queue).commit(half, send_inside(queue, "whole"))
        assert isinstance(results[0], Exception)
        assert [record.message.data for record in queue.list()] == ["whole"]

    @bad_unit
    def test_bad_unit_that_is_alone_leaves_nothing_behind(
        self, queue: Queue, bad: Callable[[Any], Any]
    ) -> None:
        def half(tx: Any) -> None:
            send_inside(queue, "half done")(tx)
            bad(tx)

        with pytest.raises(Exception):  # noqa: B017, PT011 - each raises its own
            queue._store.write(half)
        assert queue.list() == []
        queue.send("app", "next")
        assert len(queue.list()) == 1

    def test_send_that_the_database_refuses_fails_alone_and_leaves_nothing_behind(self, queue: Queue) -> None:
        refuse_after_storing(queue, "2")
        results = Crowd(queue).commit(*(send_inside(queue, n) for n in (1, 2, 3)))
        with pytest.raises(StoreError, match="refused by a trigger"):
            queue.send("app", 2)
        assert isinstance(results[1], StoreError)
        assert [record.message.data for record in queue.list()] == [1, 3]

    def test_interrupt_in_the_leader_acknowledges_nobody(self, queue: Queue) -> None:
        """Ctrl-C between the units of a transaction: what ran before it was never committed."""
        results = Crowd(queue).commit(
            send_inside(queue, 1), lambda tx: raise_(KeyboardInterrupt()), send_inside(queue, 3)
        )
        assert [type(result) for result in results[1:]] == [StoreUnavailable, StoreUnavailable]
        assert isinstance(results[0], KeyboardInterrupt)  # it led, so that it is the one who was interrupted
        assert queue.list() == []
        queue.send("app", "next")
        assert [record.message.data for record in queue.list()] == ["next"]

    def test_interrupt_of_one_who_waits_keeps_nobody_waiting(self) -> None:
        """The lead may be given to a waiting unit at the very moment in which its thread is interrupted."""
        group = GroupCommit(lambda units: None, lambda work: None)
        assert group._join(None) is None
        unit = group._join(lambda tx: None)
        assert unit is not None
        interrupted = InterruptedTurn(unit.turn, group._pass_on)
        unit.turn = interrupted  # type: ignore[assignment]  # a lock whose wait is interrupted
        with pytest.raises(KeyboardInterrupt):
            group._await_turn(unit)
        group.run(lambda tx: None)

    def test_sixty_four_threads_share_commits_and_lose_nothing(self, queue: Queue) -> None:
        begun = threading.Barrier(64)

        def send(n: int) -> list[str]:
            begun.wait()
            return [queue.send("app", [n, m]).id for m in range(5)]

        with ThreadPoolExecutor(64) as pool:
            sent = [message_id for found in pool.map(send, range(64)) for message_id in found]
        assert len(set(sent)) == 320
        records = queue.list(limit=1000)
        assert {record.message.id for record in records} == set(sent)
        for n in range(64):
            assert [r.message.data[1] for r in records if r.message.data[0] == n] == list(range(5))

    def test_writer_that_commits_alone_takes_its_turn(self, queue: Queue) -> None:
        alone = [
            threading.Thread(target=queue._store.open_store.exclusive, args=(lambda db: None,))
            for _ in range(9)
        ]
        with ThreadPoolExecutor(16) as pool:
            for thread in alone:
                thread.start()
            assert len(list(pool.map(lambda n: queue.send("app", n), range(100)))) == 100
        for thread in alone:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def test_close_waits_for_what_was_asked_and_refuses_the_rest(self, queue: Queue) -> None:
        entered, leave = threading.Event(), threading.Event()

        def hold(_: Any) -> str:
            entered.set()
            leave.wait(PATIENCE_S)
            return "done"

        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(queue._store.write, hold)
            assert entered.wait(PATIENCE_S)
            second = pool.submit(queue.send, "app", 2)
            while not queue._store.open_store.group._waiting:
                pass
            closing = pool.submit(queue.close)
            leave.set()
            closing.result(PATIENCE_S)
            assert first.result(PATIENCE_S) == "done"
            assert second.result(PATIENCE_S).data == 2
        with pytest.raises(StoreError, match="closed"):
            queue.send("app", 3)


class InterruptedTurn:
    """A lock that is released, and whose waiting thread is interrupted before it can see that."""

    def __init__(self, lock: Any, release: Callable[[], None]) -> None:
        self._lock = lock
        self._release = release

    def acquire(self) -> None:
        self._release()
        raise KeyboardInterrupt

    def release(self) -> None:
        self._lock.release()


class TestAsyncio:
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/work.db"

    def test_sixty_four_tasks_share_commits_and_lose_nothing(self, url: str) -> None:
        async def main() -> tuple[set[str], set[str]]:
            async with AsyncQueue(url) as queue:
                sent = await asyncio.gather(*(queue.send("app", n) for n in range(64)))
                return {one.id for one in sent}, {one.message.id for one in await queue.list(limit=100)}

        sent, found = asyncio.run(main())
        assert len(sent) == 64
        assert sent == found

    @bad_unit
    def test_bad_unit_fails_alone_and_the_next_is_served(self, url: str, bad: Callable[[Any], Any]) -> None:
        async def main() -> list[Any]:
            async with AsyncQueue(url) as queue:
                works = [queue.send("app", 1), queue._store.write_async(bad), queue.send("app", 3)]
                results = await asyncio.gather(*works, return_exceptions=True)
                await asyncio.wait_for(queue.send("app", 4), PATIENCE_S)
                return [results, [record.message.data for record in await queue.list()]]

        results, stored = asyncio.run(main())
        assert isinstance(results[1], Exception)
        assert stored == [1, 3, 4]

    def test_cancelled_tasks_keep_nobody_waiting(self, url: str) -> None:
        async def main() -> tuple[int, int]:
            async with AsyncQueue(url) as queue:
                tasks = [asyncio.create_task(queue.send("app", n)) for n in range(64)]
                await asyncio.sleep(0)
                for task in tasks[::2]:
                    task.cancel()
                results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE_S)
                stored = {record.message.data for record in await queue.list(limit=100)}
                kept = {n for n, result in enumerate(results) if not isinstance(result, BaseException)}
                assert kept <= stored
                return len(kept), len(stored)

        kept, _ = asyncio.run(main())
        assert kept >= 32

    def test_claim_that_was_cancelled_is_not_lost(self, url: str) -> None:
        """What a cancelled consumer had fetched goes back with nothing spent."""

        async def main() -> list[Any]:
            async with AsyncQueue(url) as queue:
                await queue.send_many("app", range(20), retry=RetryPolicy(max_attempts=1000))

                async def work() -> None:
                    async with aclosing(queue.consume("app")) as deliveries:
                        async for _ in deliveries:
                            await asyncio.Event().wait()

                for turns in range(60):
                    task = asyncio.create_task(work())
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                return [(record.status, record.crashes) for record in await queue.list()]

        assert set(asyncio.run(main())) == {("pending", 0)}

    def test_loops_of_several_threads_share_one_queue(self, url: str) -> None:
        queue = asyncio.run(make(url))

        async def send(n: int) -> None:
            await asyncio.gather(*(queue.send("app", [n, m]) for m in range(20)))

        threads = [threading.Thread(target=asyncio.run, args=(send(n),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert len(asyncio.run(queue.list(limit=100))) == 80
        asyncio.run(queue.close())

    def test_loop_that_ended_meanwhile_troubles_nobody(self, url: str) -> None:
        queue = asyncio.run(make(url))

        async def leave() -> None:
            task = asyncio.create_task(queue.send("app", "left alone"))
            await asyncio.sleep(0)
            task.cancel()

        for _ in range(20):
            asyncio.run(leave())
        assert asyncio.run(queue.send("app", "next")).data == "next"
        asyncio.run(queue.close())


async def make(url: str) -> AsyncQueue:
    return AsyncQueue(url)
