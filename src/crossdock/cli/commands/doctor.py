"""``crossdock doctor``: is everything well, here and with the store?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_command
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.session import Session
from crossdock.cli.terminal import paint, say_hanging, say_json, tell
from crossdock.domain.errors import ConfigError
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock.cli.doctor.finding import Finding

app = new_command()


@app.command(**described("crossdock doctor", "crossdock doctor --json"))
@with_session
def doctor(session: Session, *, json: JsonOption = False) -> None:
    """Look at the machine, the configuration and the store; changes nothing.

    Each finding is ok, warn or fail, with what to do about it. Exits with 1 if one is fail.
    """
    from crossdock.cli.doctor.finding import Level

    findings = list(_findings(session))
    if json:
        say_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _print(finding, width=max(len(one.about) for one in findings))
        warnings = sum(finding.level is Level.WARN for finding in findings)
        failures = sum(finding.level is Level.FAIL for finding in findings)
        tell(
            "all is well"
            if not warnings + failures
            else f"{counted(failures, 'failure')}, {counted(warnings, 'warning')}"
        )
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _findings(session: Session) -> Iterator[Finding]:
    from crossdock.cli.doctor import machine
    from crossdock.cli.doctor.finding import fail, ok, warn
    from crossdock.cli.files.sharing import rivals

    yield from machine.python()
    yield from machine.clock()
    try:
        place = session.store_name
    except ConfigError as error:
        yield from machine.sqlite(outside_writers=False)
        for line in str(error).splitlines():
            yield fail("configuration", line, "correct it, then: crossdock check")
        return
    file = session.loaded.file
    if not session.on_postgresql:
        yield from machine.sqlite(outside_writers=session.loaded.config.store.outside_writers)
    yield ok(
        "configuration", "no crossdock.toml here; the defaults hold" if file is None else f"{file} is valid"
    )
    yield from machine.secrets(session.loaded)
    yield from (warn("folders", both.issue, both.remedy) for both in rivals(session))
    yield ok("store", f"{place} (set by: {session.loaded.origin('store', 'url')})")
    yield from _store_findings(session)


def _store_findings(session: Session) -> Iterator[Finding]:
    from crossdock.cli.doctor import condition, place
    from crossdock.cli.doctor.finding import warn
    from crossdock.store.sqlite.location import StoreLocation

    if session.on_postgresql:
        from crossdock.cli.doctor import database

        yield from database.store(session.loaded.store_url, session.store_settings)
        return
    settings = session.loaded.config.store
    location = StoreLocation(session.store_path)
    yield from place.disk(session.store_path, settings.min_free_bytes)
    if not session.store_path.exists():
        yield warn("store", "there is none yet", "crossdock init")
        return
    yield from place.permissions(location)
    yield from condition.store(location, session.loaded.store_url, session.store_settings)


def _print(finding: Finding, *, width: int) -> None:
    styles = {"ok": "green", "warn": "yellow", "fail": "red"}
    indent = width + 8
    head = f"{paint(f'{finding.level:4}', styles[finding.level])}  {finding.about:{width}}  "
    say_hanging(head, finding.text, indent=indent)
    if finding.remedy:
        say_hanging(
            f"{'':{indent}}{paint('remedy:', 'bold')} ", finding.remedy, indent=indent + len("remedy: ")
        )
