"""The options that commands share, and the way from a command line to a session."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer

from crossdock.cli.session import Session

P = ParamSpec("P")

StoreOption = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="The store, instead of the configured one.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Instead of crossdock.toml of this folder.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with stable keys.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AppOption = Annotated[
    str | None, typer.Option("--app", metavar="APP", help="Whose queue, if several apps have the message.")
]
SourceAppOption = Annotated[
    str | None,
    typer.Option("--source-app", metavar="APP", help="Who sent it, if several senders chose the same id."),
]


def with_session(function: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
    """Give a command the options ``--store`` and ``--config``, and pass it the session they describe.

    Both may stand before the command's name, too; behind it they win. A parameter whose type is a dataclass
    becomes one option per field.
    """
    own = inspect.signature(function, eval_str=True)
    bundles = {name: kind for name, kind in _kinds(own) if is_dataclass(kind)}

    def command(ctx: typer.Context, **given: Any) -> None:
        before = ctx.obj or {}
        common = {name: given.pop(name) or before.get(name) for name in ("store", "config")}
        for name, bundle in bundles.items():
            given[name] = bundle(**{field.name: given.pop(field.name) for field in fields(bundle)})
        function(Session(**common), **given)  # type: ignore[call-arg]  # Typer calls by keyword

    parameters = [
        inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *_expanded(list(own.parameters.values())[1:], bundles),
        _option("store", StoreOption),
        _option("config", ConfigOption),
    ]
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # Typer reads it
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _kinds(signature: inspect.Signature) -> Iterator[tuple[str, type[Any]]]:
    return ((name, parameter.annotation) for name, parameter in signature.parameters.items())


def _expanded(
    parameters: list[inspect.Parameter], bundles: Mapping[str, type[Any]]
) -> Iterator[inspect.Parameter]:
    """Give the parameters in order, those of a bundle behind all others."""
    yield from (parameter for parameter in parameters if parameter.name not in bundles)
    for bundle in bundles.values():
        for name, annotation in get_type_hints(bundle, include_extras=True).items():
            yield _option(name, annotation)


def _option(name: str, annotation: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
