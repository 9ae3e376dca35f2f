"""The layers of a configuration: the file, the environment, the command line; later ones win, key by key."""

# ruff: noqa: ANN401 - settings are any TOML value

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from crossdock.config.model import Config
from crossdock.config.problems import Key
from crossdock.domain.errors import ConfigError

PREFIX: Final = "CROSSDOCK_"
_DIVIDER: Final = "__"
_NAMED: Final = frozenset({"applications", "apps", "schedules"})
"""Tables whose keys are names that people choose."""
_POSITION: Final = re.compile(r"^(.*) \(at (line \d+, column \d+|end of document)\)$")


class Layers:
    """A tree of values, and where each was set.

    Attributes:
        tree: Nested tables, as TOML gives them.
        origins: By key, the name of the file, variable or option that set it.
    """

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}
        self.origins: dict[Key, str] = {}

    def put(self, key: Key, value: Any, origin: str) -> None:
        """Set a key. A table is merged into the one that is there; nothing is put under what is no table.

        None lets it be as if nothing had been said of it.
        """
        if isinstance(value, dict) and (value or not key):
            for name, inner in value.items():
                self.put((*key, name), inner, origin)
            return
        table = self.tree
        for part in key[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                return
        if value == {} and isinstance(table.get(key[-1]), dict):
            return
        if value is None:
            self.drop(key)
            return
        table[key[-1]] = value
        self.origins[key] = origin

    def drop(self, key: Key) -> None:
        """Let a key, or a whole table, be as if nothing had been said of it."""
        table: Any = self.tree
        for part in key[:-1]:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict):
            table.pop(key[-1], None)
        for other in [one for one in self.origins if one[: len(key)] == key]:
            del self.origins[other]


def read_file(path: Path, name: str) -> dict[str, Any]:
    """Read a TOML file.

    Args:
        path: The file.
        name: What to call it in messages.

    Raises:
        ConfigError: It cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not UTF-8 (byte {error.start + 1})") from error
    except tomllib.TOMLDecodeError as error:
        found = _POSITION.match(str(error))
        what, where = (found[1], f"{found[2]}: ") if found else (str(error), "")
        raise ConfigError(f"{name}: {where}not TOML: {what[:1].lower()}{what[1:]}") from error


def read_environment(environ: Mapping[str, str], file: Mapping[str, Any]) -> Iterator[tuple[Key, Any, str]]:
    """Give the keys that variables set, as (key, value, variable).

    Args:
        environ: The environment.
        file: Its apps, schedules and applications, whose names a variable can only spell in capitals.
    """
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and _DIVIDER in variable.removeprefix(PREFIX):
            key = tuple(variable.removeprefix(PREFIX).lower().split(_DIVIDER))
            if key[0] in _NAMED and len(key) > 1:
                key = (key[0], _name(key[1], file.get(key[0])), *key[2:])
            yield key, _value(environ[variable]), variable


def misspelt_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Give a line for each variable that was surely meant to set a key and does not."""
    meant = {
        f"{PREFIX}{'_'.join(key).upper()}": f"{PREFIX}{_DIVIDER.join(key).upper()}" for key in _fixed_keys()
    }
    for variable in sorted(environ):
        if variable in meant:
            yield f"{variable}: unknown variable; did you mean {meant[variable]}?"


def _fixed_keys() -> Iterator[Key]:
    """Give every key that is not under a name that people choose."""
    for section in Config.model_fields.keys() - _NAMED:
        table: Any = Config.model_fields[section].annotation
        for name, field in table.model_fields.items():
            inner = getattr(field.annotation, "model_fields", None)
            yield from [(section, name, deeper) for deeper in inner] if inner else [(section, name)]


def _name(spelt: str, named: Any) -> str:
    """Return the name in the file that a variable spells, else the name as it is spelt."""
    names = named if isinstance(named, dict) else {}
    return next((name for name in names if re.sub(r"[^a-z0-9]", "_", name.lower()) == spelt), spelt)


def _value(text: str) -> Any:
    """Read a variable: truth values, whole numbers and tables as TOML writes them, anything else as text."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, (bool, int, dict)) else text
