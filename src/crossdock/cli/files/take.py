"""``crossdock file take``: takes in what lies in an app's folder now."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.files.apps import Importer, importer_named
from crossdock.cli.files.group import app
from crossdock.cli.help import described
from crossdock.cli.human import count, printable
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session
from crossdock.cli.terminal import flush, paint, progress, say, say_json_lines, tell, warn
from crossdock.domain.errors import CrossdockError
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock import Queue
    from crossdock.adapters.file.fates import Fate
    from crossdock.adapters.file.once import Once
    from crossdock.app.once import Watching

_LOOK_EVERY_S: Final = 0.5
_STYLES: Final = {"taken": "green", "duplicate": "dim", "set aside": "red"}


@app.command(
    **described(
        "crossdock file take file-importer",
        "crossdock file take file-importer ~/sales_001.csv",
        "crossdock file take file-importer --json | jq 'select(.state == \"set aside\")'",
    )
)
@with_session
def take(
    session: Session,
    app: Annotated[str, typer.Argument(metavar="APP", help="The app whose inbound is the folder.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Only these of its folder; one that lies elsewhere is copied there first, its manifest, too.",
        ),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Take in what lies in an app's folder now, as a running hub does, and say what became of each file.

    While a process takes in for the app, that one does it, and this waits for it. The exit code is 1 if a file was set
    aside as a whole, or a named one was not taken. --json prints a line for each file.
    """
    from crossdock.app.once import Watching

    importer = importer_named(session, app)
    began = datetime.now(UTC)
    report = Report(importer, json=json)
    chosen, missing = _all_in_stage(importer, files or [])
    with session.new_queue() as queue, progress("taking rows") as took:
        once = _once(importer, chosen, report)
        others = ByOthers(importer, chosen)
        watching = Watching(is_done_by_others=others.is_done, took=took, waits=warn, said=_tell_said)
        _take_in(session, queue, importer, once, watching)
    report.add_all(others.fates(began, known=report.fates))
    if not json:
        report.say_all()
    for path, wants in once.left.items():
        tell(f"{printable(str(path))} was left there: it waits for {wants}")
    report.summarize()
    if missing or any(fate.state == "set aside" for fate in report.fates) or chosen & once.left.keys():
        raise typer.Exit(ExitCode.FAILED)


class Report:
    """What became of the files.

    Args:
        importer: Whose they were.
        json: Each is written out as soon as it is known.
    """

    def __init__(self, importer: Importer, *, json: bool) -> None:
        self.fates: list[Fate] = []
        self._root = importer.tree.root
        self._json = json

    def add(self, fate: Fate) -> None:
        """Add one."""
        self.fates.append(fate)
        if self._json:
            say_json_lines([_document(self._root, fate)])
            flush()

    def add_all(self, fates: Iterable[Fate]) -> None:
        """Add several."""
        for fate in fates:
            self.add(fate)

    def say_all(self) -> None:
        """Write them for a person."""
        for fate in self.fates:
            say(f"{paint(f'{fate.state:9}', _STYLES[fate.state])}  {printable(_words(fate))}")

    def summarize(self) -> None:
        """Say it in a sentence."""
        sent = sum(fate.sent for fate in self.fates)
        rows = sum(fate.set_aside for fate in self.fates)
        whole = sum(fate.state == "set aside" for fate in self.fates)
        parts = [counted(number, noun) for number, noun in ((rows, "row"), (whole, "file")) if number]
        aside = f"; set aside: {', '.join(parts)}" if parts else ""
        tell(f"{counted(sent, 'row')} sent from {counted(len(self.fates), 'file')}{aside}")


class ByOthers:
    """Looks on while another process takes the files.

    Args:
        importer: Whose they are.
        chosen: Only these; empty: all that are whole now.
    """

    def __init__(self, importer: Importer, chosen: frozenset[Path]) -> None:
        self._tree = importer.tree
        self._watch = importer.rules.watch
        self._look_at = 0.0
        self._names = {path.name for path in chosen} or self._there()
        self._said = self._done = False

    def is_done(self) -> bool:
        """Tell whether nothing is left of what lay there; asked only while another process has the turn."""
        if self._done or time.monotonic() < self._look_at:
            return self._done
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        if not self._said:
            self._said = True
            tell("another process takes in for this app; waiting for it")
        self._done = not self._names & (self._there() | self._claimed())
        return self._done

    def fates(self, since: datetime, *, known: list[Fate]) -> list[Fate]:
        """Return what others have done."""
        from crossdock.adapters.file.listing import fates

        places = {fate.place for fate in known}
        return [one for one in fates(self._tree, self._names, since) if one.place not in places]

    def _there(self) -> set[str]:
        from crossdock.adapters.file.listing import list_stage

        listed = list_stage(self._tree, [self._watch])
        ready = {"ready", "waiting"} if self._watch.arrival == "stable" else {"ready"}
        return {Path(one.file).name for one in listed if one.state in ready}

    def _claimed(self) -> set[str]:
        from crossdock.adapters.file.listing import list_claimed

        return {Path(one.file).name for one in list_claimed(self._tree)}


def _all_in_stage(importer: Importer, files: list[Path]) -> tuple[frozenset[Path], int]:
    """Put files into the app's folder; return where they are, and how many of them could not be put there.

    Raises:
        Refusal: None could.
        CrossdockError: Likewise.
    """
    chosen: set[Path] = set()
    errors: dict[Path, Exception] = {}
    for file in files:
        try:
            chosen.add(_in_stage(importer, file))
        except (CrossdockError, Refusal) as error:
            errors[file] = error
    if errors and not chosen:
        raise next(iter(errors.values()))
    for file, why in errors.items():
        tell(printable(f"{file} is not taken: {why}"))
    return frozenset(chosen), len(errors)


def _in_stage(importer: Importer, file: Path) -> Path:
    """Return where a file lies in the app's folder; put there if it lies elsewhere."""
    from crossdock.adapters.file.placing import place_copy

    tree = importer.tree
    place = file.parent.resolve() / file.name
    if place.is_relative_to(tree.stage_folder):
        return place
    try:
        total = file.stat().st_size
    except OSError as error:
        raise inputs.unreadable(file, error) from error
    with progress(f"copying {file.name}", total) as copied:
        return place_copy(file, tree, importer.rules.watch, copied=copied)


def _once(importer: Importer, chosen: frozenset[Path], report: Report) -> Once:
    from crossdock.adapters.file.once import Once

    return Once(tree=importer.tree, settle=importer.settings.settle, only=chosen, ended=report.add)


def _take_in(session: Session, queue: Queue, importer: Importer, once: Once, watching: Watching) -> None:
    from crossdock.adapters.file.inbound import make_inbound_once
    from crossdock.app.configured import routes_of, transport_of
    from crossdock.app.once import take_in_once

    transport = transport_of(session.loaded, importer.app, "inbound")
    transport = replace(transport, _make=partial(make_inbound_once, once=once))
    take_in_once(queue, importer.app, transport, routes_of({}, session.loaded), watching)


def _tell_said(what: str, words: str) -> None:
    """Tell what the adapter says and the report does not."""
    if what == "file.replayed":
        tell(words)


def _document(root: Path, fate: Fate) -> dict[str, Any]:
    return {**asdict(fate), "root": str(root), "at": None if fate.at is None else fate.at.isoformat()}


def _words(fate: Fate) -> str:
    if fate.state == "duplicate":
        return f"{fate.name}: {fate.reason}; nothing of it was sent"
    if fate.state == "set aside":
        before = f" ({counted(fate.sent, 'row')} of it sent before)" if fate.sent else ""
        return f"{fate.name}: {fate.reason}{before}; see {fate.place}"
    aside = ""
    if fate.set_aside:
        aside = f", {count(fate.set_aside)} set aside, see {fate.rejected}: {fate.reason}"
    return f"{fate.name}: {counted(fate.sent, 'row')} sent{aside}"
