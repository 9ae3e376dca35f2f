"""``crossdock store``: the store as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_group
from crossdock.cli.human import count, size
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session, shown_path
from crossdock.cli.terminal import Cell, busy, complain, hint, progress, say, say_facts, say_json, tell

app = new_group("Back up, restore, check, migrate, shrink and describe the store.")


@app.command(**described("crossdock store backup backups/monday.db"))
@with_session
def backup(
    session: Session,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The copy; it must not exist.")],
) -> None:
    """Copy the store, as of one instant, while others go on using it."""
    from crossdock.store.sqlite import maintenance

    url = session.demand_store()
    if session.on_postgresql:
        maintenance.backup(url, target)  # says what to do instead
    if target.exists():
        raise Refusal(f"{target} exists already; name another file for the backup")
    with progress("copying pages") as advance:
        done = 0

        def told(pages: int, _: int) -> None:
            nonlocal done
            advance(pages - done)
            done = pages

        maintenance.backup(url, target, progress=told, settings=session.store_settings)
    say(str(target))
    tell(f"backed up, and checked: {size(target.stat().st_size)}")
    hint(f"put it back with: crossdock store restore {target} --force")


@app.command(**described("crossdock store restore backups/monday.db --force"))
@with_session
def restore(
    session: Session,
    backup_file: Annotated[Path, typer.Argument(metavar="BACKUP", help="As 'store backup' wrote it.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the store; its file is kept beside it.")
    ] = False,
) -> None:
    """Put a backup in the place of the store. Stop the programs that use it first.

    What was claimed when the backup was made goes back to its queues.
    """
    from crossdock.store.sqlite import maintenance

    if session.on_postgresql:
        maintenance.restore(session.loaded.store_url, backup_file)  # says what to do instead
    path = session.store_path
    if not backup_file.is_file():
        raise Refusal(f"there is no backup {backup_file}")
    if path.exists() and not force:
        raise Refusal(f"there is a store at {shown_path(path)}; add --force to replace it (its file is kept)")
    with busy("restoring"):
        kept = maintenance.restore(
            session.loaded.store_url, backup_file, force=force, settings=session.store_settings
        )
    tell(f"restored {shown_path(path)} from {backup_file}")
    if kept is not None:
        tell(f"the former store is kept as {shown_path(kept)}")


@app.command(**described("crossdock store check", "crossdock store check --full"))
@with_session
def check(
    session: Session,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Compare every index with its table, too (slow).")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Examine the store's file, or its tables on PostgreSQL; exits with 4 if it is damaged."""
    from crossdock.store.sqlite import maintenance

    url = session.demand_store()
    with busy("checking"):
        problems = maintenance.check(url, full=full, settings=session.store_settings)
    if json:
        say_json({"sound": not problems, "problems": problems})
    elif problems:
        complain("\n".join(problems))
        if not session.on_postgresql:
            hint("put a backup in its place: crossdock store restore BACKUP --force")
    else:
        say(f"{session.store_name} is sound")
    if problems:
        raise typer.Exit(ExitCode.STORE)


@app.command(**described("crossdock store migrate"))
@with_session
def migrate(session: Session) -> None:
    """Bring the store's schema up to date. On SQLite this happens by itself when the store is opened."""
    from crossdock.store.sqlite import maintenance

    with busy("migrating"):
        before, after = maintenance.migrate(session.demand_store(), settings=session.store_settings)
    say(f"schema {after}" if before == after else f"schema {before} -> {after}")
    if before == after:
        tell("it was up to date; nothing was changed")


@app.command(**described("crossdock store vacuum"))
@with_session
def vacuum(session: Session) -> None:
    """Give all unused space of the store's file back, while others go on using it.

    By itself a store keeps a quarter of its file for what comes next.
    """
    from crossdock.store.sqlite import maintenance

    with progress("giving back pages") as advance:
        done = 0

        def told(pages: int, _: int) -> None:
            nonlocal done
            advance(pages - done)
            done = pages

        freed = maintenance.vacuum(session.demand_store(), progress=told, settings=session.store_settings)
    say(f"{size(freed)} given back")


@app.command(**described("crossdock store info", "crossdock store info --json"))
@with_session
def info(session: Session, *, json: JsonOption = False) -> None:
    """Describe the store: place, size, schema, database, messages, processes."""
    from crossdock.store.sqlite import maintenance

    described = maintenance.info(session.demand_store(), settings=session.store_settings)
    if json:
        say_json(described)
    else:
        say_facts((name.replace("_", " "), _shown(name, value)) for name, value in described.items())


def _shown(name: str, value: object) -> Cell | str:
    match value:
        case bool():
            return Cell("yes", "yellow") if value else "no"
        case int() if "bytes" in name:
            return size(value)
        case int():
            return count(value)
        case dict():
            return ", ".join(f"{count(number)} {word}" for word, number in value.items()) or "none"
        case list():
            return ", ".join(str(one) for one in value) or "none"
        case _:
            return str(value)
