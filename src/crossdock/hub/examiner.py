"""The examiner: looks whether the file of a store is sound, after somebody died with it open and every night.

It works beside everything else and gives way: to the end of the process at once, to a disk that fills up, and to
another process that is at it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Self

from crossdock.domain.errors import StoreUnavailable
from crossdock.domain.examiner_events import (
    ExaminerFailed,
    ExaminerStarted,
    ExaminerStopped,
    StoreDamageFound,
)
from crossdock.domain.night import last_night
from crossdock.hub.troubles import Troubles

if TYPE_CHECKING:
    from datetime import time as time_of_day

    from crossdock.domain.examiner_events import Outcome
    from crossdock.ports.examination import Examination, Examinations
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Store

_LOOK_EVERY_S: Final = 1.0
_WATCH_EVERY_S: Final = 0.1
_REST_S: Final = 3600.0
"""So long after one examination no other begins: what dies again and again must not keep the disk busy."""
_GIVE_UP_S: Final = 3.0
"""SQLite before 3.41 looks at a whole table before it hears that it is interrupted; its thread is left behind."""


class Examiner:
    """Examines the file of one store when it is time to.

    Args:
        store: Whose file it is.
        examinations: Of that file.
        at: When in the night, on the clocks of this machine.
        notice: Is told what comes of it.
    """

    def __init__(self, store: Store, examinations: Examinations, *, at: time_of_day, notice: Notice) -> None:
        self._store = store
        self._examinations = examinations
        self._at = at
        self._notice = notice
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._rest_until = 0.0
        self._troubles = Troubles()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop, and wait until it has."""
        self.stop()
        if self._thread is not None:
            self._thread.join(2 * _GIVE_UP_S)
            self._thread = None

    def start(self) -> None:
        """Begin to look, in a thread, whether it is time."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="crossdock-examiner", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let what is under way end soon, and begin nothing more; may be called from a signal handler."""
        self._stop.set()

    def run_once(self) -> None:
        """Examine the file if it is time to; trouble is told once, and tried again."""
        if time.monotonic() < self._rest_until or self._cause() is None:
            return
        began = time.monotonic()
        try:
            with self._store.alone("examination") as ours:
                cause = self._cause() if ours else None  # another process may just have done it
                if cause is not None:
                    self._rest_until = began + _REST_S
                    self._examine(cause, began)
            self._troubles.is_over()
        except Exception as error:  # noqa: BLE001 - the rim of a service: it must live on
            self._rest_until = began + _REST_S
            self._tell_trouble(f"{type(error).__name__}: {error}", began)

    def _cause(self) -> str | None:
        """Return why it is time to examine the file; None: it is not."""
        if self._examinations.left_open:
            return "a process died that had it open"
        examined_at, now = self._examinations.examined_at(), self._store.now()
        # A time to come was noted while the clock was wrong.
        is_known = examined_at is not None and last_night(now.astimezone(), self._at) <= examined_at <= now
        return None if is_known else "nightly"

    def _examine(self, cause: str, began: float) -> None:
        at = self._store.now()
        self._notice(ExaminerStarted(cause=cause))
        found = self._look()
        if found is None:
            outcome: Outcome = "interrupted"
        else:
            outcome = "damaged" if found else "sound"
        self._notice(ExaminerStopped(cause=cause, outcome=outcome, duration_s=time.monotonic() - began))
        if found == []:
            self._examinations.note_sound(at)
        elif found:
            self._stop.set()  # there is nothing more to find out
            self._notice(StoreDamageFound(cause=cause, reason=self._examinations.note_damaged(found, at)))

    def _look(self) -> list[str] | None:
        """Return what is damaged, or None if it was told to stop before that was known."""
        looking = _Looking(self._examinations.begin())
        hindrance: str | None = None
        give_up_at = float("inf")
        while not looking.ended.wait(_WATCH_EVERY_S) and time.monotonic() < give_up_at:
            hindrance = hindrance or looking.examination.hindrance()
            if hindrance or self._stop.is_set():
                looking.examination.interrupt()
                give_up_at = min(give_up_at, time.monotonic() + _GIVE_UP_S)
        if hindrance:
            raise StoreUnavailable(hindrance)
        return looking.result()

    def _tell_trouble(self, words: str, began: float) -> None:
        if not self._stop.is_set() and self._troubles.is_news(words):
            self._notice(ExaminerFailed(reason=words, duration_s=time.monotonic() - began))

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            self.run_once()


class _Looking:
    """An examination under way in a thread of its own, which nobody has to wait for."""

    def __init__(self, examination: Examination) -> None:
        self.examination = examination
        self.ended = threading.Event()
        self._found: list[str] | None = None
        self._error: Exception | None = None
        threading.Thread(target=self._run, name="crossdock-examination", daemon=True).start()

    def result(self) -> list[str] | None:
        """Return what it found, or None if it did not come to its end; raises what it failed with."""
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self) -> None:
        try:
            self._found = self.examination.run()
        except Exception as error:  # noqa: BLE001 - raised to who waits for the result
            self._error = error
        finally:
            self.examination.close()
            self.ended.set()
