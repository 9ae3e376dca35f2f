"""``crossdock config``: what is in force and why, and the schema for editors."""

from __future__ import annotations

import json as json_module
from typing import Annotated

import typer

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_group
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session
from crossdock.cli.terminal import say, say_json

app = new_group("Show the configuration, and its schema.")


@app.command(**described("crossdock config show --origin", "CROSSDOCK_QUEUE__LEASE=1m crossdock config show"))
@with_session
def show(
    session: Session,
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Add what set each value.")] = False,
    json: JsonOption = False,
) -> None:
    """Print the settings in force, defaults included, as a crossdock.toml."""
    from crossdock.config.explaining import settings, to_toml

    loaded = session.in_force
    if json:
        say_json(
            [
                {"key": ".".join(key), "value": value, "origin": set_by}
                for key, value, set_by in settings(loaded)
            ]
        )
    else:
        say(to_toml(loaded, origins=origin))


@app.command(**described("crossdock config reset validator"))
@with_session
def reset(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="APP", help="Of which the API has said something.")],
) -> None:
    """Drop what the API has said of an app, so that the configuration alone holds for it."""
    from crossdock.app.overrides import reset_app

    with session.bare_queue() as queue:
        if not reset_app(queue, name):
            raise Refusal(f"the API has said nothing of {name}", ExitCode.NOT_FOUND)
    say(f"reset  {name}")


@app.command(**described("crossdock config schema > crossdock.schema.json"))
def schema() -> None:
    """Print the JSON Schema of crossdock.toml, for editors that check and complete."""
    from crossdock.config.explaining import json_schema

    say(json_module.dumps(json_schema(), indent=2))
