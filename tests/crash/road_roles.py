"""A worker of an app that messages come in through and of one that they go out through, the API that lets in what is
posted, and the account of both."""

from __future__ import annotations

import dataclasses
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

from crossdock.app.worker import run_worker
from crossdock.config import load
from tests.crash.account import Account
from tests.crash.history import Kind, Recorder
from tests.crash.snapshot import records_of, row_of
from tests.crash.stage import Place, open_queue

if TYPE_CHECKING:
    from pathlib import Path

DRAIN = timedelta(seconds=10)


def work_by_configuration(folder: Path) -> None:
    """Role: run the apps of the configuration in the folder until SIGTERM."""
    recorder = Recorder(folder / f"worker-{os.getpid()}-{time.monotonic_ns()}.history")
    recorder.saw(Kind.OPENED)
    run_worker(load(folder / "crossdock.toml", environ={}), (), drain=DRAIN, until_eof=False)
    recorder.saw(Kind.CLOSED)


def serve_by_configuration(folder: Path) -> None:
    """Role: serve the API of the configuration in the folder until SIGTERM."""
    from crossdock.api.serving import serve

    recorder = Recorder(folder / f"api-{os.getpid()}-{time.monotonic_ns()}.history")
    recorder.saw(Kind.OPENED)
    serve(load(folder / "crossdock.toml", environ={}), drain=DRAIN, until_eof=False)
    recorder.saw(Kind.CLOSED)


def take_by_number(folder: Path, **place: Unpack[Place]) -> None:
    """Role: write the account of the whole store, each message under its number ``n``, which its giver knows."""
    with open_queue("snapshot", **place) as queue:
        rows = [
            dataclasses.replace(row_of(queue, record), message_id=record.message.data["n"])
            for record in records_of(queue)
        ]
    Account(rows).write(folder / "account.json")
