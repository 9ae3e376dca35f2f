"""How the settings in force look on a terminal, and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from crossdock.config import Table
from task_priority.settings_table import SettingsTable
from task_priority.views.markdown import escaped


def settings_view(settings: SettingsTable) -> Group:
    """Return every setting with its value and its meaning; those that are not the defaults are marked."""
    parts: list[RenderableType] = []
    for name, table in _tables(settings):
        parts += [Text(f"[{name}] {table.__doc__}", style="bold"), _section(table), Text()]
    parts.append(Text(_rest(settings)))
    return Group(*parts)


def settings_markdown(settings: SettingsTable) -> str:
    """Return every setting with its value and its meaning, a table for each part; changed values are in bold."""
    lines: list[str] = []
    for name, table in _tables(settings):
        lines += [f"## {name}", "", escaped(str(table.__doc__)), "", "| Setting | Value | Meaning |"]
        lines.append("| --- | --- | --- |")
        for key, value, changed, meaning in _rows(table):
            shown = escaped(_shown(value))
            lines.append(f"| {key} | {f'**{shown}**' if changed else shown} | {escaped(meaning)} |")
        lines.append("")
    return "\n".join([*lines, escaped(_rest(settings))])


def _tables(settings: SettingsTable) -> Iterator[tuple[str, Table]]:
    for name in SettingsTable.model_fields:
        table = getattr(settings, name)
        if isinstance(table, Table):
            yield name, table


def _rest(settings: SettingsTable) -> str:
    zone = settings.zone or "that of this machine"
    return f"Time zone: {zone}. Focus blocks: {len(settings.focus)}."


def _section(table: Table) -> Grid:
    grid = Grid.grid(padding=(0, 2, 0, 0))
    for name, value, changed, meaning in _rows(table):
        mark = Text("*" if changed else " ", style="yellow")
        shown = Text(_shown(value), style="bold yellow" if changed else "")
        grid.add_row(mark, name, shown, Text(meaning, style="dim"))
    return grid


def _rows(table: Table) -> Iterator[tuple[str, Any, bool, str]]:
    values, defaults = table.model_dump(mode="json"), type(table)().model_dump(mode="json")
    for name, field in type(table).model_fields.items():
        yield name, values[name], values[name] != defaults[name], str(field.description)


def _shown(value: Any) -> str:  # noqa: ANN401 - any value of the file
    match value:
        case dict():
            return ", ".join(f"{key} {points:+}" for key, points in value.items()) or "none"
        case list():
            return ", ".join(map(str, value)) or "none"
        case bool():
            return json.dumps(value)
        case _:
            return str(value)
