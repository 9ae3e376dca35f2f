"""The applications that are installed, and those that a configuration wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.wording import did_you_mean

if TYPE_CHECKING:
    from crossdock.config.model import Config
    from crossdock.ports.application import Application

GROUP: Final = "crossdock.apps"
"""The group of entry points that applications are found in."""


@lru_cache
def installed() -> dict[str, EntryPoint]:
    """Return the applications that are installed, by name."""
    return {one.name: one for one in entry_points(group=GROUP)}


@lru_cache
def application_of(name: str) -> Application:
    """Return an application that is installed.

    Raises:
        ImportError: What it needs is not installed.
        KeyError: It is not installed itself.
    """
    found: Application = installed()[name].load()
    return found


def chosen(config: Config) -> Iterator[tuple[Application, Mapping[str, Any]]]:
    """Give the applications that a checked configuration wants, each with its table."""
    for name, table in config.applications.items():
        yield application_of(name), table


def problems(config: Config, named: Callable[[tuple[str, ...]], str]) -> Iterator[str]:
    """Say what is wrong with the tables of applications.

    Args:
        config: What the tables are in.
        named: Says where a key was set, and the key.
    """
    for name, table in config.applications.items():
        key = ("applications", name)
        if name not in installed():
            yield f"{named(key)}: no application of this name is installed{_known(name)}"
            continue
        try:
            application = application_of(name)
        except ImportError as error:
            yield f"{named(key)}: the application cannot be loaded: {error}"
            continue
        for inner, issue in application.check(table):
            yield f"{named((*key, *filter(None, inner.split('.'))))}: {issue}"


def _known(name: str) -> str:
    names = sorted(installed())
    return did_you_mean(name, names) or f"; installed: {', '.join(names) or 'none'}"
