"""What operations do in the one transaction that also keeps their answer: see ``done_once``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crossdock.api.idempotency import Made
from crossdock.domain.lifecycle import Status

if TYPE_CHECKING:
    from crossdock.api.state import Caller
    from crossdock.domain.message import SentMessage
    from crossdock.domain.record import Record
    from crossdock.ports.store import Transaction


def to_send(
    caller: Caller, app: str, data: Any, *, message_id: str | None = None, **options: Any
) -> Callable[[Transaction], SentMessage]:
    """Return the work that sends a message.

    Args:
        caller: Whose doing it is.
        app: Whose queue.
        data: Any JSON value.
        message_id: Chosen, so that it is stored once; None: a new one.
        options: Of the envelope; see ``SendOptions``.

    Raises:
        InvalidMessage: Something about the message is wrong; all of it is listed.
    """
    gateway = caller.queue._gateway
    draft, envelope = gateway.draft(data, message_id), gateway.envelope(app, options)

    def send(tx: Transaction) -> SentMessage:
        return tx.send(draft, envelope)

    return send


def to_drop(record: Record) -> Callable[[Transaction], None]:
    """Return the work that withdraws a message which waits, or hides one that failed for good.

    It raises IllegalMove if the message is worked on meanwhile, or done.
    """

    def drop(tx: Transaction) -> None:
        if record.status is Status.FAILED:
            tx.delete(record)
        else:
            tx.cancel(record, waiting=True)

    return drop


def job_made(sent: SentMessage) -> Made:
    """Return what is answered when a job was made."""
    links = job_links(sent.id)
    return Made(202, {"id": sent.id, "app": sent.app, "status": "pending", "links": links}, links["self"])


def job_links(job_id: str) -> dict[str, str]:
    """Return where a job and its results are found."""
    place = f"/api/v1/jobs/{job_id}"
    return {"self": place, "results": f"{place}/results"}
