"""Makes ``docs/reference/cli.md`` and ``docs/reference/configuration.md`` from the command and its settings.

``--check`` writes nothing and fails if a page is not what would be made.
"""

# ruff: noqa: ANN401 - Typer's commands have no public types

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import TypeAdapter

from crossdock.cli.application import command
from crossdock.cli.exit_codes import MEANINGS
from crossdock.cli.help import COMMON, meaning, names, option_groups, usage
from crossdock.config import Config, load
from crossdock.config.explaining import settings
from crossdock.config.kinds import DIRECTIONS, kind_names, settings_of
from crossdock.config.problems import Key, expected, show_key
from crossdock.config.template import TEMPLATE

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
BANNER: Final = "<!-- Made by tools/generate_reference.py. Do not edit. -->"
NOT_RUN: Final = "<!-- not run: examples; tests/cli runs every command -->"

CLI: Final = """\
# Command line

`crossdock` shows what it can do; `crossdock send --help` explains one command. Shell completion comes with
`crossdock --install-completion`.

**The store** is that of `crossdock.toml` in the current folder, else `./crossdock.db`; see
[configuration](configuration.md). Only `crossdock init`, `crossdock send` and `crossdock store restore` make a store
that is not there; every other command says so and exits with 4.

**Output.** Data goes to standard output, everything else to standard error: what happened, questions, progress. In a
pipe there is no colour and nothing is shortened. With `--json` a command prints one JSON document; `queue list`,
`claim` and the sending of many messages print JSON Lines. Keys are stable, instants are RFC 3339 in UTC, a message is
a CloudEvent in its JSON format. `NO_COLOR` is honoured.

**Values.** A duration is written `500ms`, `30s`, `5m` or `1h30m`; a bare number is seconds. An instant is written
`2031-05-17T08:30`, in the zone of the machine unless it names one, as in `2031-05-17T08:30:00Z`. A file named `-` is
standard input.

**Errors** are one sentence. `CROSSDOCK_DEBUG=1` adds the traceback."""

APPLICATIONS: Final = """\
With such a table an installed application joins the hub: its apps, its exporters and its REST operations. NAME is what
its package calls it, and the keys are its own; `crossdock check` tells what is wrong with them. What `[apps.NAME]` says
of one of its apps holds over what the application says. [How to write one](../how-to/write-an-exporter.md)."""
CONFIGURATION: Final = """\
# Configuration

The command, and `Queue.from_config()` in your programs, read `crossdock.toml` of the current folder, or the file named
by `--config` or `CROSSDOCK_CONFIG`. Every key is optional. `crossdock init` writes a file with comments;
`crossdock check` tells everything that is wrong with one, all at once; `crossdock config show --origin` prints what is
in force and what set it; `crossdock config schema` prints the JSON Schema for editors.

**Order.** Defaults, then the file, then variables, then `--store`: later ones win, key by key. The variable of a key
is `CROSSDOCK_`, then the parts of its name in capitals with two underscores between them, as in
`CROSSDOCK_QUEUE__LEASE`. In the name of an app or a schedule, everything but letters and digits becomes an underscore.

**Values.** A duration is text such as `"500ms"`, `"30s"` or `"1h30m"` (units `ms`, `s`, `m`, `h`, `d`), a size a number
of bytes or text such as `"64 MiB"` or `"1 GB"`.

[Configure programs and command in one place](../how-to/configuration.md) shows how your programs use it;
`crossdock.config.load()` returns what is in force."""


def main() -> int:
    """Make or check both pages."""
    pages = {"cli.md": "\n\n".join(cli()), "configuration.md": "\n\n".join(configuration())}
    stale = [
        name
        for name, text in pages.items()
        if not put(FOLDER / name, f"{text}\n", check="--check" in sys.argv[1:])
    ]
    for name in stale:
        print(f"docs/reference/{name} is not up to date; run: python tools/generate_reference.py")
    return bool(stale)


def put(path: Path, text: str, *, check: bool) -> bool:
    """Write a page, or tell whether it is what would be written."""
    if check:
        return path.exists() and path.read_text(encoding="utf-8") == text
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def cli() -> Iterator[str]:
    """Give the parts of the page on the command."""
    root = command()
    context = root.make_context("crossdock", [], resilient_parsing=True)
    yield BANNER
    yield CLI
    yield "## Exit codes"
    yield table(("code", "meaning"), [(f"`{code.value}`", text) for code, text in MEANINGS.items()])
    yield "## Options of every command"
    yield "They may stand before the command's name, too; behind it they win."
    yield options([one for one in root.get_params(context) if one.name in COMMON])
    for name in root.list_commands(context):
        yield from described(root.get_command(context, name), context, level=2)


def described(one: Any, parent: Any, *, level: int) -> Iterator[str]:
    """Give the parts about one command, and about those below it."""
    context = one.make_context(one.name, [], parent=parent, resilient_parsing=True)
    yield f"{'#' * level} {context.command_path}"
    yield "\n\n".join(" ".join(part.split()) for part in (one.help or "").split("\n\n"))
    if hasattr(one, "list_commands"):
        for name in one.list_commands(context):
            yield from described(one.get_command(context, name), context, level=level + 1)
        return
    yield f"```text\n{usage(one, context)}\n```"
    for title, found in option_groups(one, context).items():
        if title != "Common options":
            yield from [f"{title}:", options(found)] if title != "Options" else [options(found)]
    yield f"{NOT_RUN}\n```sh\n{one.epilog}\n```"


def options(parameters: list[Any]) -> str:
    """Return a table of arguments or options."""
    rows = []
    for parameter in parameters:
        typed = names(parameter).replace("|", "\\|")
        is_option = typed.startswith("-") and len(typed) > 1
        rows.append((f"`{typed}`" if is_option else f"*{typed}*", meaning(parameter)))
    return table(("", "meaning"), rows)


def configuration() -> Iterator[str]:
    """Give the parts of the page on the configuration."""
    loaded = load("/dev/null", environ={})
    defaults = {key: value for key, value, _ in settings(loaded)}
    yield BANNER
    yield CONFIGURATION
    yield "## The file that `crossdock init` writes"
    yield f"```toml\n{TEMPLATE}```"
    for title, key in (
        ("[store]", ("store",)), ("[queue]", ("queue",)), ("[retention]", ("retention",)), ("[run]", ("run",)),
        ("[log]", ("log",)), ("[api]", ("api",)),
        ("[apps.NAME]", ("apps", "NAME")), ("[schedules.NAME]", ("schedules", "NAME")),
    ):  # fmt: skip
        yield f"## {title}"
        yield from section(key, defaults)
        if key[0] == "apps":
            yield from adapters()
    yield "## [applications.NAME]"
    yield APPLICATIONS


def adapters() -> Iterator[str]:
    """Give the parts about the tables that adapters take."""
    for direction in DIRECTIONS:
        for name in kind_names(direction):
            model = settings_of(name, direction)
            yield f"### {direction}: {name}"
            yield f"`{direction} = {{ {name} = … }}`. {model.__doc__}"
            rows = [
                (f"`{key}`", expected((key,), model), default_of(field), str(field.description))
                for key, field in model.model_fields.items()
            ]
            yield table(("key", "takes", "default", "meaning"), rows)


def default_of(field: Any) -> str:
    """Return the default of a key of an adapter, as TOML writes it; empty: it has none."""
    if field.is_required() or field.get_default(call_default_factory=True) in (None, (), []):
        return ""
    shown = TypeAdapter(Annotated[field.annotation, *field.metadata]).dump_python(
        field.get_default(call_default_factory=True), mode="json"
    )
    return f"`{json.dumps(shown)}`"


def section(key: Key, defaults: dict[Key, Any]) -> Iterator[str]:
    """Give the parts about one table of the file."""
    model = model_at(key)
    yield str(model.__doc__)
    rows = []
    for name, field in model.model_fields.items():
        inner = getattr(table_of(field.annotation), "model_fields", None)
        if inner is None:
            rows.append(row((*key, name), name, field.description, defaults))
        unset = (
            table_of(field.annotation).model_construct().model_dump(mode="json", exclude_none=True)
            if inner and field.default is None
            else {}
        )
        for deeper, below in (inner or {}).items():
            if deeper in unset:
                defaults = {**defaults, (*key, name, deeper): unset[deeper]}
            rows.append(row((*key, name, deeper), f"{name}.{deeper}", below.description, defaults))
    yield table(("key", "takes", "default", "meaning"), rows)


def table_of(annotation: Any) -> Any:
    """Return what a key holds that may be unset."""
    parts = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else ()
    return next((part for part in parts if part is not type(None)), annotation)


def model_at(key: Key) -> Any:
    """Return the model of a table of the file."""
    annotation: Any = Config.model_fields[key[0]].annotation
    if key[0] not in {"apps", "schedules"}:
        return annotation
    model = annotation.__args__[1]
    return getattr(model, "__origin__", model)


def row(key: Key, shown: str, description: str | None, defaults: dict[Key, Any]) -> tuple[str, ...]:
    """Return the line about one key."""
    default = f"`{json.dumps(defaults[key])}`" if key in defaults else ""
    if key == ("schedules", "NAME", "missed"):
        default = '`"latest"`'
    if key[0] == "apps" and "retry" in key:
        default = f"`{show_key(('queue', *key[2:]))}`"
    return f"`{shown}`", expected(key), default, str(description)


def table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table."""
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
