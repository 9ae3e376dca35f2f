"""``settings.toml``: read, checked, and written once with every key explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

from crossdock.config import Table, read_settings
from task_priority.settings import Settings
from task_priority.settings_table import SettingsTable

_HEAD: Final = """\
# What the ranking of your tasks and the plan of your time depend on. Every key is optional; the values below are the
# defaults. "task-priority weights" prints what is in force; a wrong key or value is named before anything is ranked.
# Durations are written "30m", "1h30m" or "7d".
"""
_FOCUS: Final = """\
# [[focus]]                       # time kept for tasks with one of these labels; as many tables as you like
# days = ["monday", "wednesday"]
# hours = "08:00-10:00"
# labels = ["deep"]
"""
_VALUE_COLUMN: Final = 34


def read(file: Path, zone: tzinfo | None = None) -> Settings:
    """Read settings; a file that is not there says nothing.

    Args:
        file: ``settings.toml``.
        zone: Where the owner is if the file does not say it; default: the zone of this machine.

    Raises:
        ConfigError: Something in it is wrong; all of it, a line for each.
    """
    return read_table(file).to_settings(zone or system_zone())


def read_table(file: Path) -> SettingsTable:
    """Read settings as they are written; a file that is not there says nothing.

    Raises:
        ConfigError: Something in it is wrong; all of it, a line for each.
    """
    return read_settings(file, SettingsTable) if file.exists() else SettingsTable()


def system_zone() -> tzinfo:
    """Return the time zone of this machine."""
    from tzlocal import get_localzone  # noqa: PLC0415 - only if nobody says the zone

    return get_localzone()


def template() -> str:
    """Return the file that is written first: every key with its default and its meaning, commented out."""
    parts = [_HEAD, '# zone = "Europe/Oslo"            # where you are; unset: the zone of this machine\n']
    for name, field in SettingsTable.model_fields.items():
        if name == "focus":
            parts.append(_FOCUS)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Table):
            parts.append("\n".join(_section(name, field.annotation)) + "\n")
    return "\n".join(parts)


def _section(name: str, model: type[Table]) -> Iterator[str]:
    yield f"{f'[{name}]':{_VALUE_COLUMN}}# {str(model.__doc__).removesuffix('.')}"
    values = model().model_dump(mode="json")
    for key, field in model.model_fields.items():
        yield f"{f'# {key} = {_toml(values[key])}':{_VALUE_COLUMN - 2}}  # {field.description}"


def _toml(value: Any) -> str:  # noqa: ANN401 - any value of the file
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_toml(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value, ensure_ascii=False)
