"""What the configuration says of apps: their handlers, found by name, and whatever else it sets."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crossdock.app.registration import HUB_RULES, Registration, register
from crossdock.domain.errors import ConfigError
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes

if TYPE_CHECKING:
    from crossdock.config import Loaded
    from crossdock.config.model import AppTable

PLAIN: Final[Mapping[str, Any]] = {
    "retry": None, "concurrency": 1, "next": (), "subscribe": None, "timeout": None, "cpu": False, "fallback": None,
    "max_depth": None, "max_processing": None, "rate": None, "breaker": None,
}  # fmt: skip
"""The options of an app of which nothing is said."""


def options_over(options: Mapping[str, Any], table: AppTable | None) -> dict[str, Any]:
    """Return the options of an app, those that the configuration sets in place of those of the program."""
    found = dict(options)
    if table is None:
        return found
    given = table.model_fields_set
    for name in given & {"concurrency", "timeout", *HUB_RULES}:
        found[name] = getattr(table, name)
    if "next" in given:
        found["next"] = table.next
    if "subscribe" in given:
        found["subscribe"] = [wanted.to_subscription() for wanted in table.subscribe]
    if table.retry.model_fields_set and found["retry"] is not None:
        found["retry"] = table.retry.over(found["retry"])
    if table.breaker is not None:
        found["breaker"] = table.breaker.to_breaker()
    if table.outbound.cpu:
        found["cpu"] = True
    return found


def rules_of(known: Mapping[AppId, Registration], loaded: Loaded | None) -> dict[str, Mapping[str, Any]]:
    """Return the rules of every queue that a hub knows; what nobody says any more is taken away."""
    tables = {} if loaded is None else loaded.config.apps
    configured = {name: {rule: getattr(table, rule) for rule in HUB_RULES} for name, table in tables.items()}
    return {**configured, **{name: one.rules for name, one in known.items()}}


def routes_of(known: Mapping[AppId, Registration], loaded: Loaded | None) -> Routes:
    """Return the routes of all apps, those too that only the configuration knows."""
    tables = {} if loaded is None else loaded.config.apps
    following = {AppId(name): [AppId(app) for app in table.next] for name, table in tables.items()}
    wanted = {
        AppId(name): [one.to_subscription() for one in table.subscribe] for name, table in tables.items()
    }
    return Routes(
        {**following, **{name: one.following for name, one in known.items()}},
        {**wanted, **{name: one.subscriptions for name, one in known.items()}},
    )


def waits_for_a_start(before: Loaded, now: Loaded) -> str:
    """Say what has changed that takes effect only when the process is started anew; empty: nothing."""
    changed = [
        name
        for name, old, new in (
            ("store", (before.config.store, before.store_url), (now.config.store, now.store_url)),
            ("queue.lease", before.config.queue.lease, now.config.queue.lease),
            ("queue.max_crashes", before.config.queue.max_crashes, now.config.queue.max_crashes),
            ("run", before.config.run, now.config.run),
            ("log", before.config.log, now.config.log),
        )
        if old != new
    ]
    return f"{', '.join(changed)} changed, which takes effect at its next start" if changed else ""


def registrations(loaded: Loaded) -> dict[AppId, Registration]:
    """Return the apps to which the configuration gives a handler.

    Raises:
        ConfigError: Handlers cannot be found, or cannot be handlers; there is a line for each.
    """
    _let_modules_be_found(loaded)
    found: dict[AppId, Registration] = {}
    problems: list[str] = []
    for name, table in loaded.config.apps.items():
        if table.outbound.python is None:
            continue
        try:
            function = _function(table.outbound.python)
            found[AppId(name)] = register(name, function, options_over(PLAIN, table))
        except ConfigError as error:
            origin = loaded.origin("apps", name, "outbound", "python")
            problems.append(f"{origin}: apps.{name}.outbound.python: {error}")
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def _let_modules_be_found(loaded: Loaded) -> None:
    """Put the folder of the configuration before all others, as Python does with that of a script."""
    folder = str((loaded.file.resolve().parent) if loaded.file is not None else Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _function(path: str) -> Callable[..., Any]:
    """Return what a path such as ``orders.checks:validate`` names.

    Raises:
        ConfigError: There is no such thing.
    """
    module_name, _, inside = path.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise ConfigError(f"module {module_name} cannot be imported: {error}") from error
        raise ConfigError(f"there is no module {error.name}; it is looked for in {sys.path[0]}") from error
    except Exception as error:
        raise ConfigError(
            f"module {module_name} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    for part in inside.split("."):
        if not hasattr(found, part):
            near = get_close_matches(part, dir(found), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"module {module_name} has no {inside}{hint}")
        found = getattr(found, part)
    function: Callable[..., Any] = found
    return function
