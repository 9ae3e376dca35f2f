"""``crossdock config``: what is in force and why, and the schema for editors."""

from __future__ import annotations

import json as json_module
from typing import Annotated

import typer

from crossdock.cli.help import described, new_group
from crossdock.cli.options import JsonOption, with_session
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

    if json:
        say_json(
            [
                {"key": ".".join(key), "value": value, "origin": set_by}
                for key, value, set_by in settings(session.loaded)
            ]
        )
    else:
        say(to_toml(session.loaded, origins=origin))


@app.command(**described("crossdock config schema > crossdock.schema.json"))
def schema() -> None:
    """Print the JSON Schema of crossdock.toml, for editors that check and complete."""
    from crossdock.config.explaining import json_schema

    say(json_module.dumps(json_schema(), indent=2))
