"""Handlers: plain functions that work on the messages of an app, and what is wrong with those that cannot."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from crossdock.domain.errors import ConfigError

_MOST_ARGUMENTS = 2


class Kind(Enum):
    """Where a handler runs."""

    TASK = "a task of the event loop"
    THREAD = "a thread"
    PROCESS = "a process of its own"


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that can be called with messages.

    Attributes:
        wants_delivery: It takes the delivery as its second argument.
    """

    function: Callable[..., Any]
    kind: Kind
    wants_delivery: bool


def handler_of(app: str, function: Callable[..., Any], *, cpu: bool) -> Handler:
    """Look at a function that is to work for ``app``.

    Args:
        app: The app, for messages.
        function: The function.
        cpu: Run it in processes of its own.

    Raises:
        ConfigError: It cannot be a handler; the message says why and what to do.
    """
    name = f"the handler of {app!r}"
    if not callable(function):
        raise ConfigError(f"{name} is {function!r}; it must be a function")
    name = f"{name}, {_shown(function)},"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigError(f"{name} is a generator; return a list to send several messages, instead of yield")
    wants_delivery = _takes_two(name, function)
    if _is_async(function):
        if cpu:
            raise ConfigError(f"{name} is async; cpu=True is for plain functions, which run in processes")
        return Handler(function, Kind.TASK, wants_delivery)
    if not cpu:
        return Handler(function, Kind.THREAD, wants_delivery)
    _check_importable(name, function)
    if wants_delivery:
        raise ConfigError(
            f"{name} takes the delivery, which cannot go to another process; leave the argument or cpu=True out"
        )
    return Handler(function, Kind.PROCESS, wants_delivery)


def _shown(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", None) or repr(function))


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _takes_two(name: str, function: Callable[..., Any]) -> bool:
    """Tell whether a function takes the delivery, too.

    Raises:
        ConfigError: It takes neither (message) nor (message, delivery).
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False  # written in C, without a signature: it gets the message
    named = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty]
    if named:
        raise ConfigError(f"{name} demands {', '.join(named)} by keyword; handlers get (message, delivery)")
    placed = [one for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    demanded = [one.name for one in placed if one.default is one.empty]
    if len(demanded) > _MOST_ARGUMENTS:
        raise ConfigError(
            f"{name} takes ({', '.join(demanded)}); handlers get (message) or (message, delivery)"
        )
    if not placed and not any(one.kind is one.VAR_POSITIONAL for one in parameters):
        raise ConfigError(f"{name} takes nothing; handlers get (message) or (message, delivery)")
    return len(demanded) == _MOST_ARGUMENTS


def _check_importable(name: str, function: Callable[..., Any]) -> None:
    """Make sure that another process finds the function under its name.

    Raises:
        ConfigError: It is local, a lambda or a bound object.
    """
    module, path = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not path or "<" in path:
        raise ConfigError(
            f"{name} runs in processes of its own, which import it: define it with def at the top of a module"
        )
    if module not in sys.modules:
        raise ConfigError(f"{name} is of module {module}, which other processes cannot import")
