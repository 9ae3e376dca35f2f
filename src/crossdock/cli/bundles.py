"""Options that several commands share: a dataclass whose fields become options of a command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def bundled(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command in which each parameter whose type is a dataclass is one option per field."""
    own = inspect.signature(function, eval_str=True)
    bundles = {name: kind for name, kind in _kinds(own) if is_dataclass(kind)}

    def command(*args: Any, **given: Any) -> None:
        for name, bundle in bundles.items():
            given[name] = bundle(**{field.name: given.pop(field.name) for field in fields(bundle)})
        function(*args, **given)

    describe(command, function, list(_expanded(list(own.parameters.values()), bundles)))
    return command


def describe(
    command: Callable[..., None], function: Callable[..., None], parameters: list[inspect.Parameter]
) -> None:
    """Let Typer see these parameters, and the name and the words of the function behind them."""
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


def option(name: str, annotation: object) -> inspect.Parameter:
    """Return a parameter for an option that may be left out."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _kinds(signature: inspect.Signature) -> Iterator[tuple[str, type[Any]]]:
    return ((name, parameter.annotation) for name, parameter in signature.parameters.items())


def _expanded(
    parameters: list[inspect.Parameter], bundles: Mapping[str, type[Any]]
) -> Iterator[inspect.Parameter]:
    """Give the parameters in order, those of a bundle behind all others."""
    yield from (parameter for parameter in parameters if parameter.name not in bundles)
    for bundle in bundles.values():
        for name, annotation in get_type_hints(bundle, include_extras=True).items():
            yield option(name, annotation)
