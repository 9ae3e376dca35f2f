"""Group commit by leader and followers: writers that arrive together share one transaction and one sync.

A caller that finds no commit running executes its own work at once, alone. Callers that arrive meanwhile wait; the
first of them leads the next commit and takes all the others along. A lone writer pays nothing for it.
Writers of an event loop do not wait in a thread of their own: one thread leads for them all.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from crossdock.domain.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
_INTERRUPTED: Final = StoreUnavailable(
    "the commit was interrupted; ask for the message by its id whether it was stored"
)
"""What a unit ends with unless its commit says otherwise: an exception in the leader must not look like success."""
_CLOSED: Final = StoreError("the queue is closed; open it again to go on")
_inside: ContextVar[tuple[Block, ...]] = ContextVar("crossdock_inside", default=())
"""The blocks of ``alone`` that the running code is in; tasks and threads that it starts and waits for are, too."""
_LARGEST_GROUP: Final = 512
"""Units per commit: bounds how long one transaction keeps other processes waiting."""


class Unit:
    """One piece of work and what came of it."""

    __slots__ = ("error", "future", "leads", "loop", "result", "turn", "work")

    def __init__(self, work: Callable[[Any], Any] | None) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = _INTERRUPTED
        self.leads = False
        self.turn: threading.Lock | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.future: asyncio.Future[Any] | None = None


class Block:
    """One block of ``alone``; ``thread`` began it."""

    __slots__ = ("thread",)

    def __init__(self) -> None:
        self.thread = threading.get_ident()


class GroupCommit:
    """Runs units of work in shared transactions.

    Args:
        commit: Executes units in one transaction and returns when it is durable. It sets ``result`` or ``error``
            of each unit and raises nothing.
        commit_one: Executes the work of one caller in a transaction and returns its result when that is durable,
            or raises.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Unit]], None],
        commit_one: Callable[[Callable[[Any], Any]], Any],
    ) -> None:
        self._commit = commit
        self._commit_one = commit_one
        self._mutex = threading.Lock()
        self._leading = False
        self._waiting: deque[Unit] = deque()
        self._loop_turn = threading.Semaphore(0)
        self._loop_thread: threading.Thread | None = None
        self._closed = False
        self._alone: Block | None = None

    def run(self, work: Callable[[Any], T]) -> T:
        """Execute ``work`` in a transaction; return its result after the commit, or raise what it raised."""
        if self._alone is not None:
            self._refuse_blocking_inside()
        unit = self._join(work)
        if unit is None:
            try:
                alone: T = self._commit_one(work)
            finally:
                self._pass_on()
            return alone
        self._await_turn(unit)
        if unit.leads:
            self._lead(self._take())
        if unit.error is not None:
            raise unit.error
        result: T = unit.result
        return result

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lead without committing: nobody of this process writes until the block ends."""
        self._refuse_blocking_inside()
        unit = self._join(None)
        if unit is not None:
            self._await_turn(unit)
            if not unit.leads:
                raise _CLOSED
            self._take()
        block = self._alone = Block()
        _inside.set((*_inside.get(), block))
        try:
            yield
        finally:
            self._alone = None
            _inside.set(tuple(one for one in _inside.get() if one is not block))
            self._pass_on()

    async def run_async(self, work: Callable[[Any], T]) -> T:
        """Do the same for a caller in an event loop."""
        unit = Unit(work)
        self._refuse_inside()
        unit.loop = asyncio.get_running_loop()
        unit.future = unit.loop.create_future()
        self._start_loop_thread()
        with self._mutex:
            self._refuse_closed()
            self._waiting.append(unit)
            lead = not self._leading
            self._leading = True
        if lead:
            self._loop_turn.release()
        result: T = await unit.future
        return result

    def close(self) -> None:
        """Wait for the commits that were asked for, refuse all that come later; safe to call twice."""
        if self._closed:
            return
        with self.alone():
            with self._mutex:
                self._closed = True
                late = list(self._waiting)
                self._waiting.clear()
            for unit in late:
                unit.error = _CLOSED
            _tell(late)
        if self._loop_thread is not None:
            self._loop_turn.release()
            self._loop_thread.join(timeout=10)

    def _join(self, work: Callable[[Any], Any] | None) -> Unit | None:
        """Become the leader (None), or stand in line with a unit."""
        with self._mutex:
            if self._closed:
                raise _CLOSED
            if not self._leading:
                self._leading = True
                return None
            unit = Unit(work)
            unit.turn = threading.Lock()
            unit.turn.acquire()
            self._waiting.append(unit)
            return unit

    def _await_turn(self, unit: Unit) -> None:
        turn = unit.turn
        assert turn is not None  # noqa: S101 - _join gave it one
        try:
            turn.acquire()
        except BaseException:  # Ctrl-C: the lead must not be lost with us
            with self._mutex:
                if unit in self._waiting:
                    self._waiting.remove(unit)
                leads = unit.leads
            if leads:
                self._pass_on()
            raise

    def _refuse_blocking_inside(self) -> None:
        """Refuse what would keep its thread waiting for a block that this same thread must end."""
        block = self._alone
        if block is not None and block.thread == threading.get_ident():
            self._refuse()
        self._refuse_inside()

    def _refuse_inside(self) -> None:
        if self._alone is not None and self._alone in _inside.get():
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise StoreError(
            "inside transaction() the store cannot be written by other means; "
            "pass its connection: queue.send(..., connection=connection)"
        )

    def _refuse_closed(self) -> None:
        if self._closed:
            raise _CLOSED

    def _take(self) -> list[Unit]:
        """Take along those who wait, up to one who wants to be alone; that one is taken by itself."""
        with self._mutex:
            units = [self._waiting.popleft()]
            if units[0].work is None:
                return units
            while self._waiting and self._waiting[0].work is not None and len(units) < _LARGEST_GROUP:
                units.append(self._waiting.popleft())
            return units

    def _lead(self, units: Sequence[Unit]) -> None:
        try:
            self._commit(units)
        except Exception as error:  # noqa: BLE001 - it is raised to each of them; the thread for loops lives on
            for unit in units:
                unit.error = error
        finally:
            self._pass_on()
            _tell(units)

    def _pass_on(self) -> None:
        """Make the first waiting unit the next leader."""
        with self._mutex:
            if not self._waiting:
                self._leading = False
                return
            first = self._waiting[0]
            first.leads = first.turn is not None
        if first.turn is None:
            self._loop_turn.release()
        else:
            first.turn.release()

    def _start_loop_thread(self) -> None:
        if self._loop_thread is None:
            with self._mutex:
                if self._loop_thread is None:
                    thread = threading.Thread(
                        target=self._lead_for_loops, name="crossdock-commit", daemon=True
                    )
                    thread.start()
                    self._loop_thread = thread

    def _lead_for_loops(self) -> None:
        while True:
            self._loop_turn.acquire()
            if self._closed:
                return
            self._lead(self._take())


def fail_all(units: Sequence[Unit], error: BaseException) -> None:
    """Let all units of a transaction end with the error that ended it."""
    for unit in units:
        unit.result = None
        unit.error = error


def _tell(units: Sequence[Unit]) -> None:
    """Wake everyone whose unit is done; a leader's own unit needs no waking."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Unit]] = {}
    for unit in units:
        if unit.loop is not None:
            by_loop.setdefault(unit.loop, []).append(unit)
        elif unit.turn is not None and not unit.leads:
            unit.turn.release()
    for loop, done in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, done)
        except RuntimeError:  # the loop was closed: nobody is waiting any more
            continue


def _resolve(units: Sequence[Unit]) -> None:
    for unit in units:
        future = unit.future
        if future is None or future.done():
            continue
        if unit.error is not None:
            future.set_exception(unit.error)
        else:
            future.set_result(unit.result)
