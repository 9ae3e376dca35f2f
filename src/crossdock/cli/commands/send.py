"""``crossdock send``: one message from the command line, or many from a file or a stream."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode, code_of
from crossdock.cli.help import described, new_command
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.send_options import EnvelopeOptions, FileOptions, RetryOptions
from crossdock.cli.session import Session
from crossdock.cli.terminal import flush, hint, progress, say, say_json, say_json_lines, tell
from crossdock.domain.errors import CrossdockError
from crossdock.domain.json_form import sent_document
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock import Queue

app = new_command()

_BATCH: Final = 1000
_LINES: Final = (".jsonl", ".ndjson")


@app.command(
    **described(
        """crossdock send validator '{"order": 17}' --priority 7 --delay 5m""",
        "crossdock send validator @order.json --message-id order-17",
        "generate-orders | crossdock send validator -",
        "crossdock send validator --csv orders.csv --partition-key customer-3",
        "crossdock send archive --bytes invoice.pdf --content-type application/pdf",
    )
)
@with_session
def send(  # noqa: PLR0913 - a send says much
    session: Session,
    app: Annotated[str, typer.Argument(metavar="APP", help="Whose queue.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA|@FILE|-",
            help="JSON; @FILE: JSON, or JSON Lines if it ends in .jsonl; -: JSON Lines from standard input.",
        ),
    ] = None,
    *,
    files: FileOptions,
    envelope: EnvelopeOptions,
    retries: RetryOptions,
    wait: Annotated[
        timedelta | None,
        typer.Option(
            "--wait",
            metavar="DURATION",
            help="Wait so long for room in a full queue.",
            parser=inputs.duration,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Put a message into an app's queue; returns when it is on the disk.

    Prints the message's id. The store is made if there is none.

    Many messages (from standard input, --csv or a .jsonl file) are sent in batches. A file is checked as a whole
    before anything is sent; from standard input, what comes before a wrong line is sent.

    A duration is written 30s, 5m or 1h30m; an instant 2031-05-17T08:30, in the zone of this machine unless it names
    one. FILE may be - for standard input.
    """
    options = envelope.given() | ({} if wait is None else {"wait": wait})
    policies = session.loaded.config.retry_policies()
    retry = retries.over(policies.get(app, policies["*"]))
    if retry is not None:
        options["retry"] = retry
    _demand_one_input(data, files.csv, files.bytes_from)
    batches = _batches(data, files.csv)
    if batches is None:
        value = inputs.document(data) if data is not None else inputs.content(str(files.bytes_from))
        _send_one(session, app, value, options, json=json)
    elif "message_id" in options:
        raise Refusal("--message-id names one message, and these are many", ExitCode.USAGE)
    else:
        _send_many(session, app, batches, options, json=json)


def _demand_one_input(*given: str | None) -> None:
    if sum(one is not None for one in given) != 1:
        raise Refusal(
            "give one of DATA, @FILE, - (standard input), --csv FILE and --bytes FILE", ExitCode.USAGE
        )


def _send_one(session: Session, app: str, value: object, options: dict[str, Any], *, json: bool) -> None:
    with session.new_queue() as queue:
        sent = queue.send(app, value, **options)
    if json:
        say_json(sent_document(sent))
        return
    say(sent.id)
    if sent.duplicate:
        tell(f"{app} has this message already; nothing was stored")
    hint(f"what becomes of it: crossdock message timeline {sent.id}")


def _batches(data: str | None, csv: str | None) -> Iterator[list[Any]] | None:
    """Give the values of many messages in batches; None: it is one message."""
    if csv is not None:
        return _batched(_csv(csv))
    if data == inputs.STDIN:
        if sys.stdin.isatty():
            hint("reading JSON Lines; end with Ctrl-D")
        return inputs.arriving_json_lines(sys.stdin.buffer, "standard input")
    if data is not None and data.startswith("@") and data.endswith(_LINES):
        return _batched(_json_lines(data[1:]))
    return None


def _csv(path: str) -> Iterator[Any]:
    name = "standard input" if path == inputs.STDIN else path
    if path != inputs.STDIN:
        with inputs.open_text(path) as file:
            _exhaust(inputs.csv_rows(file, name))
    with inputs.open_text(path) as file:
        yield from inputs.csv_rows(file, name)


def _json_lines(path: str) -> Iterator[Any]:
    with inputs.open_file(path) as file:
        _exhaust(inputs.json_lines(file, path))
        file.seek(0)
        yield from inputs.json_lines(file, path)


def _exhaust(values: Iterable[Any]) -> None:
    """Read everything once, so that what is wrong is known before anything is sent."""
    for _ in values:
        pass


def _batched(values: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(values, _BATCH)):
        yield batch


def _send_many(
    session: Session, app: str, batches: Iterator[list[Any]], options: dict[str, Any], *, json: bool
) -> None:
    with session.new_queue() as queue, progress("sending") as advance:
        total = 0
        try:
            for batch in filter(None, batches):
                total += _send_batch(queue, app, batch, options, json=json)
                advance(len(batch))
        except CrossdockError as error:
            sent = f"the {counted(total, 'message')} before it went out" if total else "nothing was sent"
            raise Refusal(f"{error}; {sent}", code_of(error)) from error
    if not json:
        say(f"{counted(total, 'message')} sent to {app}")


def _send_batch(queue: Queue, app: str, batch: list[Any], options: dict[str, Any], *, json: bool) -> int:
    sent = queue.send_many(app, batch, **options)
    if json:
        say_json_lines(sent_document(one) for one in sent)
        flush()
    return len(sent)
