"""Workers for the scenes about a server that goes away: they ask again where they were told nothing certain."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Unpack

from crossdock import StoreUnavailable
from tests.crash.history import Kind
from tests.crash.stage import Options, data_for, fingerprint, on_stage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.stage import Stage


def send_stubbornly(
    folder: Path, *, app: str, name: str, pause_s: float = 0.005, **options: Unpack[Options]
) -> None:
    """Role: send one by one; what is not acknowledged is sent again under the same id."""
    with on_stage(folder, name=name, **options) as stage:
        while not stage.stop.is_set():
            message_id, key = (
                str(uuid.uuid4()),
                f"key-{stage.rng.randrange(8)}" if stage.rng.random() < 0.3 else None,
            )
            note = fingerprint(data_for(message_id), key)
            stage.recorder.saw(Kind.SEND_BEGUN, message_id=message_id, app=app, key=key, note=note)
            while not _is_sent(stage, app, message_id, key):
                pass
            stage.stop.wait(pause_s)


def _is_sent(stage: Stage, app: str, message_id: str, key: str | None) -> bool:
    try:
        sent = stage.queue.send(app, data_for(message_id), message_id=message_id, partition_key=key)
    except StoreUnavailable:
        return False
    stage.recorder.saw(
        Kind.SENT, message_id=message_id, app=app, key=key, row_id=sent.row_id, flag=sent.duplicate
    )
    return True
