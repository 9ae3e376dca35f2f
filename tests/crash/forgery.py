"""Forged histories, so that every check of the checker can be shown to say no."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.crash.account import Account, Row, RowEvent
from tests.crash.case import Case, Fault
from tests.crash.checker import explain
from tests.crash.history import Kind, Sighting

SENDER, WORKER, OTHER = 100, 200, 300
MIDNIGHT = 1_000_000.0
"""The wall clock where the monotonic clock says 0."""


class Forgery:
    """A small run that is in order until a test spoils it: one message, sent, run once and completed.

    Times are in seconds from the start of the run, on both clocks.
    """

    def __init__(self) -> None:
        self.sightings: list[Sighting] = []
        self.rows: dict[str, Row] = {}
        self.effects: dict[str, int] = {}
        self.outbox: dict[str, int] = {}
        self.damage = ""
        self.options: dict[str, Any] = {}
        for pid, app in ((SENDER, ""), (WORKER, "bulk"), (OTHER, "bulk")):
            self.saw(Kind.OPENED, 0, pid=pid, message_id="", app=app)

    def saw(self, kind: Kind, at: float, *, pid: int = WORKER, message_id: str = "m", **more: object) -> None:
        """Add one sighting."""
        more.setdefault("app", "bulk")
        if kind in (Kind.SEND_BEGUN, Kind.SENT):
            pid = SENDER
        self.sightings.append(Sighting(kind, pid, at, MIDNIGHT + at, message_id, **more))

    def send(self, at: float = 1.0, *, message_id: str = "m", row_id: int = 1, key: str = "") -> None:
        """Send a message and store its row, completed."""
        self.saw(Kind.SEND_BEGUN, at, message_id=message_id, key=key, note="sum")
        self.saw(Kind.SENT, at + 0.1, message_id=message_id, key=key, row_id=row_id)
        row = Row("bulk", message_id, row_id, "completed", attempts=1, key=key, fingerprint="sum")
        self.rows[message_id] = row

    def run(  # noqa: PLR0913 - one keyword per fact
        self,
        begin: float,
        end: float | None,
        *,
        message_id: str = "m",
        pid: int = WORKER,
        claim: str = "",
        acked: bool = False,
    ) -> None:
        """Run the handler from begin to end (None: its end was not seen)."""
        note = claim or f"claim-{pid}-{begin}"
        row_id = self.rows[message_id].row_id
        self.saw(Kind.STARTED, begin, message_id=message_id, pid=pid, note=note, row_id=row_id)
        if end is not None:
            self.saw(Kind.ENDED, end, message_id=message_id, pid=pid, note=note, row_id=row_id)
        if acked and end is not None:
            self.saw(Kind.ACKED, end + 0.1, message_id=message_id, pid=pid, note=note, row_id=row_id)

    def happened(self, event: str, at: float, *, message_id: str = "m", code: str = "") -> None:
        """Add an event to the timeline, and count it in the row."""
        row = self.rows[message_id]
        events = (*row.events, RowEvent(MIDNIGHT + at, f"message.{event}", code))
        counted = {"nacked": "attempts", "lapsed": "attempts", "crashed": "crashes"}.get(event)
        change = {counted: getattr(row, counted) + 1} if counted else {}
        self.alter(message_id, events=events, **change)

    def alter(self, message_id: str = "m", **change: object) -> None:
        """Change what the store says of a message."""
        self.rows[message_id] = dataclasses.replace(self.rows[message_id], **change)

    def faults(self) -> set[Fault]:
        """What the checker finds."""
        account = Account(list(self.rows.values()), self.effects, self.outbox, self.damage)
        return {each.fault for each in explain(Case(self.sightings, account, **self.options)).violations}
