"""``task-priority connect``: which accounts and files are looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.command import ExitCode, Refusal, described, new_group, say, tell
from task_priority.cli.connecting import connect_beside, connect_sources, keeping, read_secret
from task_priority.cli.session import Session

if TYPE_CHECKING:
    from task_priority.exporters.google import OAuthClient

app = new_group("Connect an account or files, and fetch what is there.")

BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="URL", help="Of the API, instead of the real one; such as of the sandbox."
    ),
]


@app.command(
    "todoist", **described("task-priority connect todoist", "pass todoist | task-priority connect todoist")
)
def todoist(*, base: BaseOption = None) -> None:
    """Connect Todoist with its API token (Settings, Integrations, Developer), and fetch everything.

    The token is asked for without being shown, or read from standard input or from TODOIST_API_TOKEN; it is kept in the
    key ring of this system if there is one, else in a file for you alone.
    """
    from task_priority.sources import TODOIST

    token = read_secret("The API token of Todoist", variable="TODOIST_API_TOKEN")
    options = {} if base is None else {"base_url": base}
    connect_sources({TODOIST: options}, {TODOIST: {"token": token}})


@app.command("todoist-webhook", **described("task-priority connect todoist-webhook"))
def todoist_webhook() -> None:
    """Let Todoist tell of changes at once, by webhooks that it signs with the client secret of your app there.

    The secret is asked for without being shown, or read from standard input or from TODOIST_CLIENT_SECRET.
    """
    from task_priority.api_address import address_of
    from task_priority.sources import TODOIST_WEBHOOK, Sources

    home = Session().home
    home.make()
    secret = read_secret("The client secret of the Todoist app", variable="TODOIST_CLIENT_SECRET")
    with Sources(home) as sources:
        tell(f"kept in {sources.credentials().store(TODOIST_WEBHOOK, {'secret': secret})}")
    path = address_of(home, "/exporters/todoist/webhook")
    tell("in the App Management Console of Todoist, enter the address under which the internet reaches")
    say(path)


@app.command("google", **described("task-priority connect google --client client_secret.json"))
def google(
    *,
    client: Annotated[
        Path | None,
        typer.Option(
            "--client",
            metavar="FILE",
            help="The JSON file of your OAuth client (Google Cloud console, Desktop app). "
            "That of the last sign-in unless given.",
        ),
    ] = None,
    calendar: Annotated[
        list[str] | None,
        typer.Option(
            "--calendar",
            metavar="ID",
            help="Only this calendar, primary for the main one; repeated. "
            "Those that Google Calendar shows unless given.",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option("--port", metavar="PORT", help="For the answer of the browser; 0: any that is free."),
    ] = 0,
    base: BaseOption = None,
) -> None:
    """Connect Google Calendar and Google Tasks: sign in with the browser, and fetch everything.

    Only reading is asked for. How to make the client: docs/how-to/connect-google.md.
    """
    from task_priority.exporters.asking import Asking
    from task_priority.exporters.google import GOOGLE, SignIn, read_client
    from task_priority.sources import GOOGLE_CALENDAR, GOOGLE_TASKS

    with keeping([GOOGLE]), Asking() as asking:
        known = _client_of_last_sign_in() if client is None else read_client(client)
        grant = SignIn(show=_show_address, port=port).run(asking, known)
    calendars = {} if calendar is None else {"calendars": calendar}
    calendar_base = {} if base is None else {"base_url": f"{base.rstrip('/')}/calendar/v3"}
    tasks_base = {} if base is None else {"base_url": f"{base.rstrip('/')}/tasks/v1"}
    connect_sources(
        {GOOGLE_CALENDAR: {**calendars, **calendar_base}, GOOGLE_TASKS: tasks_base},
        {GOOGLE: grant.to_values()},
    )


@app.command(
    "ics",
    **described(
        "task-priority connect ics ~/calendars/club.ics",
        "pass calendar | task-priority connect ics - --name family",
    ),
)
def ics(
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS",
            help="Of a feed (https or webcal), a file or a folder of files; - reads it from standard input.",
        ),
    ],
    *,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="What you call it; the name of the file, or calendar, unless given.",
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="The feed may be on this machine or in its own network.")
    ] = False,
) -> None:
    """Connect an iCalendar feed or file, beside those that are connected, and read it.

    The address of a feed is often a secret: it is kept with the credentials, and never shown.
    """
    from task_priority.exporters.ics import IcsExporter, Source
    from task_priority.sources import ICS, Sources

    given = read_secret("The address of the calendar") if address == "-" else address
    is_feed = "://" in given
    where = given if is_feed else str(Path(given).expanduser().absolute())
    called = name or ("calendar" if is_feed else Path(where).stem.replace(":", " "))
    try:
        source = Source(called, where, private)
    except ValueError as error:
        raise Refusal(str(error), ExitCode.USAGE) from error
    with Sources(Session().home) as sources:
        known = sources.credentials().load(ICS) or {}
    with keeping([ICS] if is_feed and not known else []):
        IcsExporter([source]).try_out()
    connect_beside(ICS, {**known, called: {"address": where, "private": private}})


@app.command(
    "csv",
    **described(
        "task-priority connect csv ~/Downloads/todoist", "task-priority connect csv Work.csv --owner Kari"
    ),
)
def csv(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="A CSV export, a JSON backup or an archive of Todoist, or a folder of them."
        ),
    ],
    *,
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="NAME", help="Who you are in it, so that what is others' is known."),
    ] = None,
) -> None:
    """Connect what Todoist exported to files, and read it; a file that changes is read again with each sync."""
    from crossdock import ConfigError
    from task_priority.sources import BACKUP

    where = path.expanduser().absolute()
    if not where.exists():
        raise ConfigError(f"{where}: there is no such file or folder")
    connect_sources({BACKUP: {"path": str(where), "owner": owner}}, {})


def _client_of_last_sign_in() -> OAuthClient:
    from task_priority.exporters.google import GOOGLE, Grant
    from task_priority.sources import Sources

    with Sources(Session().home) as sources:
        kept = sources.credentials().load(GOOGLE)
    if kept is None:
        raise Refusal(
            "nobody has signed in to Google here yet, so --client is needed: the JSON file of your OAuth client "
            "(docs/how-to/connect-google.md says how to make one)",
            ExitCode.USAGE,
        )
    return Grant.from_values(kept).client


def _show_address(address: str, opened: bool) -> None:  # noqa: FBT001 - as SignIn calls it
    tell(
        "sign in with the browser that has been opened, or open"
        if opened
        else "open this address and sign in:"
    )
    tell(f"  {address}")
