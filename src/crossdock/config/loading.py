"""Loads the configuration: defaults, then the file, then the environment, then the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from crossdock.config import applications
from crossdock.config.layers import Layers, misspelt_variables, read_environment, read_file
from crossdock.config.model import Config
from crossdock.config.problems import Key, describe, named, show_key
from crossdock.domain.errors import ConfigError
from crossdock.domain.retention import Retention
from crossdock.domain.rules import fallback_loop, loop_text

FILE_NAME: Final = "crossdock.toml"
FILE_VARIABLE: Final = "CROSSDOCK_CONFIG"
DEFAULT_ORIGIN: Final = "default"
API_ORIGIN: Final = "api"
_WHOLE: Final = ("inbound", "outbound", "breaker")
"""Tables of an app that are replaced, since what they hold belongs together."""
_RELATIVE_SQLITE: Final = re.compile(r"^(sqlite(?:\+\w+)?:///)(?![/~]|:memory:)(.+)$")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and where it comes from.

    Attributes:
        config: The checked values.
        origins: By key, what set it; a key that is not there has its default.
        file: The file that was read; None: there is none.
        store_url: ``store.url``, its relative path counted from the file's folder if the file set it.
        again: Loads it anew from where it came; ``overrides=`` are what the API says of apps now.
    """

    config: Config
    origins: Mapping[Key, str]
    file: Path | None
    store_url: str
    again: Callable[..., Loaded] = field(compare=False, repr=False)

    @property
    def folder(self) -> Path:
        """The folder that paths of the configuration count from."""
        return Path.cwd() if self.file is None else self.file.resolve().parent

    def retention(self) -> Retention:
        """Return what becomes of completed messages; a relative folder of the file counts from the file's."""
        from_file = self.file is not None and self.origin("retention", "folder") == _name(self.file)
        base = self.file.resolve().parent if self.file is not None and from_file else Path.cwd()
        return self.config.retention_rules(base)

    def is_of_the_api(self, app: str) -> bool:
        """Tell whether an app is there by what the API says alone."""
        set_by = {origin for key, origin in self.origins.items() if key[:2] == ("apps", app)}
        return set_by == {API_ORIGIN}

    def origin(self, *key: str) -> str:
        """Return what set a key: a file, a variable, an option, or ``default``."""
        return self.origins.get(key, DEFAULT_ORIGIN)


def load(
    path: str | Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, tuple[Key, Any]] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Loaded:
    """Load and check the configuration.

    Args:
        path: The file; default: what ``CROSSDOCK_CONFIG`` names, else ``crossdock.toml`` of the current folder, if
            there is one.
        environ: Default: the environment of this process.
        options: Of a command line, by name: the key and the value that each sets.
        overrides: What the API says of apps, by app: tables as in a file, over what the file says.

    Raises:
        ConfigError: Something is wrong; its message has a line for each thing.
    """
    environ = os.environ if environ is None else environ
    file = _find(path, environ)
    name = None if file is None else _name(file)
    layers = Layers()
    if file is not None and name is not None:
        layers.put((), read_file(file, name), name)
    for app, table in (overrides or {}).items():
        _put_over(layers, app, table)
    for key, value, variable in read_environment(environ, layers.tree):
        layers.put(key, value, variable)
    for option, (key, value) in (options or {}).items():
        layers.put(key, value, option)
    config = _check(layers, list(misspelt_variables(environ)), name)
    again = partial(load, None if file is None else file.resolve(), environ=environ, options=options)
    return Loaded(
        config, layers.origins, file, _anchored(config.store.url, layers.origins, file, name), again
    )


def _put_over(layers: Layers, app: str, table: Mapping[str, Any]) -> None:
    for name in _WHOLE:
        if name in table:
            layers.drop(("apps", app, name))
    layers.put(("apps", app), dict(table), API_ORIGIN)


def _find(path: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    asked = path or environ.get(FILE_VARIABLE)
    if asked:
        return Path(asked)
    found = Path(FILE_NAME)
    return found if found.exists() else None


def _name(file: Path) -> str:
    """Return the shortest name of a file that is clear from here."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _check(layers: Layers, problems: list[str], name: str | None) -> Config:
    config = Config()
    try:
        config = Config.model_validate(layers.tree)
    except ValidationError as error:
        problems += describe(error, layers.origins)
    problems += [*_endless_fallbacks(config, layers), *_files_without_folder(config, layers)]
    problems += _written_password(config, layers, name)
    problems += applications.problems(config, lambda key: named(key, layers.origins))
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def _endless_fallbacks(config: Config, layers: Layers) -> Iterator[str]:
    fallbacks = {name: app.fallback for name, app in config.apps.items()}
    for name in fallbacks:
        chain = fallback_loop(fallbacks, name)
        if (
            chain is not None and chain[-1] == name
        ):  # told at each app of the loop, not of those that lead to it
            key = ("apps", name, "fallback")
            yield f"{layers.origins.get(key)}: {show_key(key)}: {loop_text(chain)}"


def _files_without_folder(config: Config, layers: Layers) -> Iterator[str]:
    """Tell if somebody asks for files that have no place; where nobody says anything there are none."""
    key = ("retention", "to_files")
    asked = config.retention.to_files and key in layers.origins
    if asked and config.retention.folder is None and config.store.url.startswith("postgresql"):
        yield (
            f"{layers.origins[key]}: {show_key(key)}: a store on PostgreSQL has no file beside which archived messages "
            f"could go to files; name a folder with retention.folder"
        )


def _written_password(config: Config, layers: Layers, name: str | None) -> Iterator[str]:
    """Tell if the file has the password of the database in it; variables and options are no part of it."""
    key = ("store", "url")
    if layers.origins.get(key) == name and _has_password(config.store.url):
        yield (
            f"{name}: {show_key(key)}: a password does not stand in the configuration; leave it out, and say where it "
            'is: password = { env = "NAME" }, { file = "path" } or { keyring = "name" }'
        )


def _has_password(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.password) or "password" in parse_qs(parts.query)


def _anchored(url: str, origins: Mapping[Key, str], file: Path | None, name: str | None) -> str:
    relative = _RELATIVE_SQLITE.match(url)
    set_by = origins.get(("store", "url"), name)
    if relative is None or file is None or set_by != name or file.resolve().parent == Path.cwd():
        return url
    folder = str(file.resolve().parent).replace("%", "%25").replace("?", "%3F")  # as a URL writes them
    return f"{relative[1]}{folder}/{relative[2]}"
