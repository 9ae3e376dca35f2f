"""Workers that leave completed messages behind, and archivers that move them to the table and on to files."""

from __future__ import annotations

import json
import signal
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

from crossdock import Keep, Queue, Retention
from crossdock.domain import archive as rules
from crossdock.hub import filing
from tests.crash.history import Kind
from tests.crash.stage import Options, Place, on_stage, open_queue

if TYPE_CHECKING:
    from pathlib import Path

APP = "app"
TOGETHER = 20
LEFT = 2
"""So many of them stay in the queue."""
PAUSE_S = 0.05
ROWS_PER_FILE = 30
GIVEN_UP_AFTER = timedelta(seconds=0.3)
"""Less than a restarted archiver needs at times, so that a host gives up what another is still writing."""
NOW = timedelta(0)


def finish_messages(folder: Path, **options: Unpack[Options]) -> None:
    """Role: send messages and complete nearly all of them, until told to stop."""
    with on_stage(folder, **options) as stage:
        while not stage.stop.is_set():
            for sent in stage.queue.send_many(APP, range(TOGETHER)):
                stage.recorder.saw(Kind.SENT, message_id=sent.id, app=APP, row_id=sent.row_id)
            stage.queue.ack_many(stage.queue.claim(APP, limit=TOGETHER - LEFT))
            stage.stop.wait(PAUSE_S)


def move_messages(folder: Path, *, name: str, files: str, **place: Unpack[Place]) -> None:
    """Role: move what is completed to the archive, and from there to small files, until told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with _archiving(name, files, place) as queue:
        while not stop.is_set():
            queue._archiver.run_once()
            queue._archiver.write_files()


def finish_files(folder: Path, *, name: str, files: str, **place: Unpack[Place]) -> None:
    """Role: finish what archivers of this host left half done."""
    with _archiving(name, files, place) as queue:
        queue._archiver.filing.finish_open()


def tell_places(folder: Path, **place: Unpack[Place]) -> None:
    """Role: write down which rows are in the queue and which in the archive, and which files are not finished."""
    with open_queue("places", **place) as queue:
        told = {
            "queue": [record.row_id for record in queue.list(APP, limit=100_000)],
            "archive": [record.row_id for record in queue.list(status="archived", limit=100_000)],
            "unfinished": [file.name for file in queue._store.read(lambda reader: reader.open_files())],
        }
    (folder / "places.json").write_text(json.dumps(told))


def _archiving(name: str, files: str, place: Place) -> Queue:
    filing._ROWS_PER_FILE = ROWS_PER_FILE  # type: ignore[misc]  # a process of its own, and smaller files
    rules.GIVEN_UP_AFTER = GIVEN_UP_AFTER  # type: ignore[misc]  # likewise, and sooner
    retention = Retention(
        keep=Keep(completed_for=NOW), archived_for=NOW, dedup_for=NOW, to_files=False, folder=files
    )
    return open_queue(name, retention=retention, **place)
