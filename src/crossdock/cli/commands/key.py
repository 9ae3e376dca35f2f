"""``crossdock key``: who may use the API, and what for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_group
from crossdock.cli.human import instant
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session
from crossdock.cli.terminal import Column, say, say_json, say_table, tell
from crossdock.domain.json_form import key_document
from crossdock.domain.key import Scope, check_scopes

if TYPE_CHECKING:
    from crossdock.domain.key import ApiKey
    from crossdock.hub.keys import MadeKey

app = new_group("Say who may use the API, and what for.")

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Of the key, as 'crossdock key list' shows it.")
]
_ALL: Final = "all"


@app.command(
    **described(
        "crossdock key create shop --scope messages:send",
        "crossdock key create validator --app validator --scope queue:work --expires 90d",
        "crossdock key create operator --scope all",
    )
)
@with_session
def create(  # noqa: PLR0913 - a key says much
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called in logs and lists.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE", help=f"What it may do; several times, or {_ALL}."),
    ] = None,
    bound: Annotated[
        str | None,
        typer.Option("--app", metavar="APP", help="It may send as this app and work on its queue alone."),
    ] = None,
    expires: Annotated[
        timedelta | None,
        typer.Option(
            "--expires", metavar="DURATION", help="It ends so long from now.", parser=inputs.duration
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a key and print it: this once, since only its digest is kept."""
    from crossdock.app.keys import create_key
    from crossdock.hub.keys import KeyWish

    named = tuple(scope or ())
    if not named:
        raise Refusal(f"say what it may do with --scope: {_ALL}, or {', '.join(Scope)}", ExitCode.USAGE)
    scopes = frozenset(Scope) if named == (_ALL,) else check_scopes(named)
    until = None if expires is None else datetime.now(UTC) + expires
    wish = KeyWish(name=name, scopes=scopes, app=bound, expires_at=until)
    with session.new_queue() as queue:
        made = create_key(queue, wish)
    _show(made, json=json)


@app.command("list", **described("crossdock key list", "crossdock key list --json"))
@with_session
def list_(session: Session, *, json: JsonOption = False) -> None:
    """List the keys, without their secrets."""
    from crossdock.app.keys import list_keys

    with session.queue() as queue:
        found = list_keys(queue)
    if json:
        say_json([key_document(key) for key, _ in found])
        return
    columns = [Column("ID"), Column("NAME"), Column("APP"), Column("SCOPES", shrinks=True), Column("MADE")]
    columns += [Column("LAST USED"), Column("ENDS"), Column("")]
    say_table(columns, [_row(key, is_valid=is_valid) for key, is_valid in found], empty="there are no keys")


@app.command(**described("crossdock key revoke 5f0c3a9e1b7d"))
@with_session
def revoke(session: Session, key: IdArgument, *, json: JsonOption = False) -> None:
    """Let a key open nothing any more; every process knows within a second."""
    from crossdock.app.keys import revoke_key

    with session.queue() as queue:
        revoked = revoke_key(queue, key)
    if json:
        say_json(key_document(revoked))
    else:
        tell(f"key {revoked.id} ({revoked.name}) is revoked")


@app.command(
    **described("crossdock key rotate 5f0c3a9e1b7d", "crossdock key rotate 5f0c3a9e1b7d --overlap 7d")
)
@with_session
def rotate(
    session: Session,
    key: IdArgument,
    *,
    overlap: Annotated[
        timedelta | None,
        typer.Option(
            "--overlap",
            metavar="DURATION",
            help="The old one ends so long from now. [default: 1d]",
            parser=inputs.duration,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a key like another, which ends after a while, and print the new one: this once."""
    from crossdock.app.keys import rotate_key

    with session.queue() as queue:
        made = rotate_key(queue, key, timedelta(days=1) if overlap is None else overlap)
    _show(made, json=json)


def _show(made: MadeKey, *, json: bool) -> None:
    if json:
        say_json({**key_document(made.key), "key": str(made.text)})
        return
    tell(f"key {made.key.id} ({made.key.name}); it is shown this once:")
    say(str(made.text))


def _row(key: ApiKey, *, is_valid: bool) -> list[Any]:
    state = "" if is_valid else "revoked" if key.revoked_at is not None else "expired"
    scopes = _ALL if key.scopes == frozenset(Scope) else " ".join(sorted(key.scopes))
    moments = [key.created_at, key.last_used_at, key.expires_at]
    made, used, ends = ["" if moment is None else instant(moment) for moment in moments]
    return [key.id, key.name, key.app or "", scopes, made, used, ends, state]
