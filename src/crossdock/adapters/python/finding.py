"""Finds the function that a path such as ``orders.checks:validate`` names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossdock.adapters.python.handlers import Handler, handler_of
from crossdock.domain.errors import ConfigError
from crossdock.domain.wording import did_you_mean

if TYPE_CHECKING:
    from crossdock.adapters.python.settings import PythonOutbound
    from crossdock.ports.surroundings import Surroundings


def find_handler(settings: PythonOutbound, surroundings: Surroundings) -> Handler:
    """Return the handler that the settings name.

    Raises:
        ConfigError: There is no such function, or it cannot be a handler.
    """
    if settings.python is None:
        raise ConfigError("no function is named")
    _let_modules_be_found(surroundings.folder)
    return handler_of(surroundings.app, _function(settings.python), cpu=settings.cpu)


def _let_modules_be_found(folder: Path) -> None:
    """Put the folder of the configuration before all others, as Python does with that of a script."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


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
            raise ConfigError(f"module {module_name} has no {inside}{did_you_mean(part, dir(found))}")
        found = getattr(found, part)
    function: Callable[..., Any] = found
    return function
