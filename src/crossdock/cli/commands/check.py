"""``crossdock check``: is the configuration right? Starts nothing."""

from __future__ import annotations

import typer

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_command
from crossdock.cli.human import listed
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.session import Session
from crossdock.cli.terminal import say, say_json, tell
from crossdock.domain.errors import ConfigError
from crossdock.domain.wording import counted

app = new_command()


@app.command(**described("crossdock check", "crossdock check --config deploy/crossdock.toml"))
@with_session
def check(session: Session, *, json: JsonOption = False) -> None:
    """Check the configuration: file, environment and options; opens no store and starts nothing.

    Everything that is wrong is reported at once. What is valid and hardly meant so is remarked upon.
    """
    from crossdock.cli.files.sharing import rivals

    try:
        store = session.store_name if session.on_postgresql else session.store_path
    except ConfigError as error:
        if not json:
            raise
        say_json({"valid": False, "problems": str(error).splitlines(), "remarks": []})
        raise typer.Exit(ExitCode.CONFIG) from error
    loaded = session.loaded
    remarks = [f"{both.issue}; {both.remedy}" for both in rivals(session)]
    if json:
        say_json({"valid": True, "problems": [], "remarks": remarks})
        return
    apps = counted(len(loaded.config.apps), "app")
    where = "no crossdock.toml here; the defaults are" if loaded.file is None else f"{loaded.file} is"
    schedules, applications = loaded.config.schedules, loaded.config.applications
    parts = [apps]
    parts += [counted(len(schedules), "schedule")] if schedules else []
    parts += [counted(len(applications), "application")] if applications else []
    say(f"{where} valid: store {store}, {listed(parts)} configured")
    for remark in remarks:
        tell(f"remark: {remark}")
