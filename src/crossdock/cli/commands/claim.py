"""``crossdock claim``: look at the messages that are next, or take them."""

from __future__ import annotations

import json as json_module
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.help import described, new_command
from crossdock.cli.human import ago, instant, listed, printable
from crossdock.cli.known_apps import suggestion
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.session import Session
from crossdock.cli.terminal import flush, paint, say, say_json_lines, tell
from crossdock.domain.json_form import delivery_document
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock import Delivery, Queue

app = new_command()

_BATCH: Final = 500
_LEASE: Final = timedelta(minutes=1)


@app.command(
    **described(
        "crossdock claim validator",
        "crossdock claim validator --count 10 --wait 30s --ack",
        "crossdock claim validator --count 1000 --ack --json > orders.jsonl",
    )
)
@with_session
def claim(  # noqa: PLR0913 - one option for each way to claim
    session: Session,
    app: Annotated[str, typer.Argument(metavar="APP", help="Whose queue.")],
    *,
    count: Annotated[int, typer.Option("--count", "-n", metavar="COUNT", min=1, help="At most so many.")] = 1,
    wait: Annotated[
        timedelta | None,
        typer.Option(
            "--wait", metavar="DURATION", help="Wait so long for the first one.", parser=inputs.duration
        ),
    ] = None,
    ack: Annotated[bool, typer.Option("--ack", help="Complete what was printed.")] = False,
    json: JsonOption = False,
) -> None:
    """Print the messages of an app that are next, highest priority first.

    With --ack they are completed once they are printed. Without it they are given back as they were, no attempt spent:
    the command only looks, since the messages could not be settled after it has ended.
    """
    with session.worker_queue() as queue:
        held: list[Delivery] = []
        taken = 0
        while taken < count and (
            found := _claim(queue, app, min(_BATCH, count - taken), None if taken else wait)
        ):
            taken += len(found)
            _print(found, json=json)
            if ack:
                queue.ack_many(found)
            else:
                held += found
        for delivery in held:
            delivery.hand_back()
        tell(_conclusion(taken, ack=ack) if taken else _why_nothing(session, queue, app))


def _claim(queue: Queue, app: str, limit: int, wait: timedelta | None) -> list[Delivery]:
    return queue.claim(app, limit=limit, lease=_LEASE, wait=wait)


def _print(deliveries: list[Delivery], *, json: bool) -> None:
    if json:
        say_json_lines(delivery_document(delivery) for delivery in deliveries)
    else:
        for delivery in deliveries:
            _print_one(delivery)
    flush()  # what could not be printed must not be acknowledged


def _print_one(delivery: Delivery) -> None:
    message = delivery.message
    facts = [
        message.type,
        f"from {message.source}",
        f"priority {message.priority}",
        f"attempt {delivery.attempt}",
        ago(message.time),
    ]
    say(f"{message.id}  {paint(printable('  '.join(facts)), 'dim')}")
    data = message.data
    shown = (
        f"({counted(len(data), 'byte')})"
        if isinstance(data, bytes)
        else json_module.dumps(data, ensure_ascii=False)
    )
    say(f"  {printable(shown)}")


def _conclusion(taken: int, *, ack: bool) -> str:
    if ack:
        return f"{counted(taken, 'message')} completed"
    return f"{counted(taken, 'message')} shown and given back; add --ack to complete what is shown"


def _why_nothing(session: Session, queue: Queue, app: str) -> str:
    stats = queue.stats(app).get(app)
    if stats is None:
        return f"nothing is ready for {app}{suggestion(session, queue, app)}"
    if stats.paused:
        return f"nothing is ready for {app}: it is paused; go on with: crossdock queue resume {app}"
    if stats.parked_until is not None:
        return f"nothing is ready for {app}: it is parked until {instant(stats.parked_until)}"
    counts = (
        (stats.processing, "processing"), (stats.scheduled, "scheduled"), (stats.blocked, "blocked"),
    )  # fmt: skip
    if others := [f"{number:,} {what}" for number, what in counts if number]:
        return f"nothing is ready for {app}: {listed(others)}"
    return f"nothing is ready for {app}{suggestion(session, queue, app)}"
