"""Makes the reference pages of Task Priority Lite: its command, its settings, and the JSON Schemas of its documents.

``--check`` writes nothing and fails if one is not what would be made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from crossdock import AsyncQueue
from crossdock.api.application import create_application
from crossdock.api.documentation import document
from crossdock.api.settings import ApiSettings
from crossdock.config import Table, load
from crossdock.config.problems import expected
from task_priority.api import operations_of
from task_priority.cli.application import command
from task_priority.home import Home
from task_priority.settings_file import template
from task_priority.settings_table import SettingsTable
from task_priority.views.schemas import DIALECT, PUBLISHED, schema_of

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, it finds its neighbours

from tools.generate_reference import FOLDER, described, put, table
from tools.generate_rest_reference import sections

BANNER: Final = "<!-- Made by tools/generate_task_priority.py. Do not edit. -->"
CLI: Final = """\
# task-priority

`task-priority` ranks the tasks of all connected sources, says why, and fits them into the free time of the calendar.
`task-priority today --help` explains one command. [The tutorial](../tutorial/task-priority.md) begins without an
account.

**Home.** Settings, store, credentials and files are in `~/.task-priority`, or where `TASK_PRIORITY_HOME` says.

**Output** goes to standard output, talk to standard error, as with [`crossdock`](cli.md): coloured in a terminal, plain
in a pipe; `--json` prints a document of [a published form](task-priority-documents.md), `--markdown` a text to paste.
Exit codes are [those of `crossdock`](cli.md#exit-codes). `TASK_PRIORITY_DEBUG=1` adds the traceback to an error.

**Variables.** `TASK_PRIORITY_HOME` names the home, `TODOIST_API_TOKEN` is the token instead of the one that is kept,
and with `TASK_PRIORITY_KEYRING=off` credentials go to files for you alone instead of the key ring of the system.

**Tasks** are named by their id, the beginning of it, their place in the list (`3` or `#3`), or words of their title in
any order. What fits several is refused, and they are named."""
SETTINGS: Final = """\
# Settings of Task Priority Lite

`settings.toml` in the home, `~/.task-priority` unless `TASK_PRIORITY_HOME` names another. Every key is optional, and
`task-priority weights` prints what is in force. Wrong keys and values are told before anything is ranked, all at once.
[How to change them](../how-to/task-priority-settings.md); editors can check the file with
[its JSON Schema](task-priority-settings.schema.json).

Durations are text such as `"30m"`, `"1h30m"` or `"7d"`."""
DOCUMENTS: Final = """\
# Documents of Task Priority Lite

What `--json` prints and what the files hold. Instants are RFC 3339 in UTC, durations are whole minutes, days are ISO
dates. Keys are only ever added.

**Files.** `task-priority export`, and the hub every five minutes if something has changed, write to `files/` in the
home:

| file | latest copy | document |
| --- | --- | --- |
| `<day>/todoist_tasks_<day>_<number>.json` | `todoist_export.json` | todoist-export |
| `<day>/calendar_events_<day>_<number>.json` | `calendar_events.json` | calendar-events |
| `<day>/ranked_tasks_<day>_<number>.json` | `ranked_tasks.json` | ranked-tasks |

Each has [a manifest](files.md) with its checksum and, as `row_count`, how many tasks or events it lists; file and
manifest are written in one step. A latest copy is replaced in one step, its
manifest right after it: a reader whose checksum does not fit has read in between, and reads again."""

REST: Final = """\
# REST API of Task Priority Lite

These operations stand beside [those of the hub](rest.md), whose errors, scopes and limits hold for them, too, while
`task-priority run` is running. [How to use them](../how-to/task-priority-rest.md). What they answer has
[the published forms](task-priority-documents.md), with nothing renamed.

Every answer says how fresh its sources are. It is made at most once a minute, and at once when a source, the settings
or a change is new. An `ETag` stays while the answer says the same but for its instants: send it as `If-None-Match`,
and 304 saves the rest."""


def main() -> int:
    """Make or check the pages and schemas."""
    pages = {
        "task-priority-cli.md": "\n\n".join(cli()),
        "task-priority-settings.md": "\n\n".join(settings()),
        "task-priority-documents.md": "\n\n".join(documents()),
        "task-priority-rest.md": "\n\n".join(rest()),
        "task-priority-settings.schema.json": _json(
            {"$schema": DIALECT, **SettingsTable.model_json_schema()}
        ),
        **{f"{name}.schema.json": _json(schema_of(name)) for name in PUBLISHED},
    }
    check = "--check" in sys.argv[1:]
    stale = [name for name, text in pages.items() if not put(FOLDER / name, f"{text}\n", check=check)]
    for name in stale:
        print(f"docs/reference/{name} is not up to date; run: python tools/generate_task_priority.py")
    return bool(stale)


def cli() -> Iterator[str]:
    """Give the parts of the page on the command."""
    root = command()
    context = root.make_context("task-priority", [], resilient_parsing=True)
    yield BANNER
    yield CLI
    for name in root.list_commands(context):
        yield from described(root.get_command(context, name), context, level=2)


def settings() -> Iterator[str]:
    """Give the parts of the page on the settings."""
    yield BANNER
    yield SETTINGS
    yield "## The file that is written first"
    yield f"```text\n{template()}```"
    for name, field in SettingsTable.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Table):
            yield f"## [{name}]"
            yield str(kind.__doc__)
            yield table(("key", "takes", "default", "meaning"), list(_rows(name, kind)))


def documents() -> Iterator[str]:
    """Give the parts of the page on the documents."""
    yield BANNER
    yield DOCUMENTS
    rows = [
        (f"[{name}]({name}.schema.json)", f"{title}.", _printed_by(name))
        for name, (title, _) in PUBLISHED.items()
    ]
    yield table(("schema", "what it is", "printed by"), rows)


def rest() -> Iterator[str]:
    """Give the parts of the page on the REST API."""
    yield BANNER
    yield REST
    with TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.make()
        made = document(create_application(AsyncQueue.testing(), ApiSettings.of(load(home.configuration))))
        wanted = {one.id for operations in operations_of(home) for one in operations.declared}
    yield from sections(made, wanted)


def _rows(name: str, kind: type[Table]) -> Iterator[tuple[str, ...]]:
    values = kind().model_dump(mode="json")
    for key, field in kind.model_fields.items():
        default = f"`{json.dumps(values[key], ensure_ascii=False)}`"
        yield f"`{key}`", expected((name, key), SettingsTable), default, str(field.description)


def _printed_by(name: str) -> str:
    commands = {
        "ranked-tasks": "`list`",
        "tasks-today": "`today`",
        "task-plan": "`plan`, `week`",
        "task-explanation": "`next`, `explain`, `why-not`",
        "task-change": "`done`, `snooze`, `undo`",
    }
    return commands.get(name, "a file alone")


def _json(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
