"""How help looks: the same on a terminal and in a pipe, but for colour; options in groups, examples at the end."""

# ruff: noqa: ANN401 - Typer's contexts and parameters have no public types

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any, Final

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from crossdock.cli.terminal import paint

_WIDEST: Final = 100
_WIDEST_NAME: Final = 30
_CONTEXT: Final = {"help_option_names": ["--help", "-h"]}
COMMON: Final = ("store", "config", "help")


class PlainCommand(TyperCommand):
    """A command whose help is ours."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        formatter.write(help_text(self, ctx))


class PlainGroup(TyperGroup):
    """A group of commands whose help is ours."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        formatter.write(help_text(self, ctx))


def new_command() -> typer.Typer:
    """Return an application for one command."""
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=dict(_CONTEXT),
    )


def new_group(text: str, **options: Any) -> typer.Typer:
    """Return an application for a group of commands; called without one of them, it shows its help."""
    given = {"cls": PlainGroup, "add_completion": False, **options}
    app = typer.Typer(
        help=text,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=dict(_CONTEXT),
        **given,
    )
    app.callback()(show_help_alone)
    return app


def described(*examples: str) -> dict[str, Any]:
    """Return what makes a command's help ours; the examples stand at its end, one on each line."""
    return {"cls": PlainCommand, "epilog": "\n".join(examples)}


def show_help_alone(ctx: typer.Context) -> None:
    """Show the help if no command was named."""
    if ctx.invoked_subcommand is None:
        sys.stdout.write(f"{ctx.get_help()}\n")


def help_text(command: Any, ctx: Any) -> str:
    """Return the help of a command or a group."""
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    blocks = [f"{paint('Usage:', 'bold')} {usage(command, ctx)}"]
    blocks += [textwrap.fill(" ".join(part.split()), width) for part in (command.help or "").split("\n\n")]
    blocks += [_section(title, rows, width) for title, rows in _sections(command, ctx)]
    if command.epilog:
        blocks.append(
            "\n".join([_heading("Examples"), *(f"  {line}" for line in command.epilog.splitlines())])
        )
    return "\n\n".join(blocks)


def usage(command: Any, ctx: Any) -> str:
    """Return how a command is called: ``crossdock send [OPTIONS] APP [DATA]``."""
    arguments = [one for one in command.get_params(ctx) if isinstance(one, TyperArgument)]
    pieces = [names(one) if one.required else f"[{names(one)}]" for one in arguments]
    rest = ["COMMAND", "[ARGS]..."] if isinstance(command, TyperGroup) else []
    return " ".join([ctx.command_path, "[OPTIONS]", *pieces, *rest])


def option_groups(command: Any, ctx: Any) -> dict[str, list[Any]]:
    """Return arguments and options by their headings, what all commands share at the end."""
    groups: dict[str, list[Any]] = {"Arguments": [], "Options": []}
    shared = []
    for parameter in command.get_params(ctx):
        if parameter.name in COMMON:
            shared.append(parameter)
        elif isinstance(parameter, TyperArgument):
            groups["Arguments"].append(parameter)
        elif not parameter.hidden:
            groups.setdefault(parameter.rich_help_panel or "Options", []).append(parameter)
    groups["Common options"] = shared
    return {title: found for title, found in groups.items() if found}


def names(parameter: Any) -> str:
    """Return an argument or option as it is typed: ``--limit, -n COUNT``."""
    if isinstance(parameter, TyperArgument):
        return str(parameter.metavar or parameter.name)
    typed = ", ".join(sorted(parameter.opts, key=len, reverse=True))
    if parameter.secondary_opts:
        typed = f"{typed} / {parameter.secondary_opts[0]}"
    return typed if parameter.is_flag else f"{typed} {parameter.metavar or _choices(parameter)}"


def meaning(parameter: Any) -> str:
    """Return what an argument or option means, with its default if it has one."""
    default = parameter.default
    if (
        isinstance(parameter, TyperArgument)
        or default is None
        or isinstance(default, bool)
        or callable(default)
    ):
        return str(parameter.help or "")
    return f"{parameter.help} [default: {getattr(default, 'value', default)}]"


def _sections(command: Any, ctx: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    if isinstance(command, TyperGroup):
        found = [(name, command.get_command(ctx, name)) for name in command.list_commands(ctx)]
        yield (
            "Commands",
            [(name, str(one.help or "").split("\n\n")[0]) for name, one in found if one is not None],
        )
    for title, parameters in option_groups(command, ctx).items():
        yield title, [(names(parameter), meaning(parameter)) for parameter in parameters]


def _section(title: str, rows: list[tuple[str, str]], width: int) -> str:
    left = min(_WIDEST_NAME, max(len(name) for name, _ in rows))
    lines = [_heading(title)]
    for name, text in rows:
        first, *rest = textwrap.wrap(" ".join(text.split()), max(20, width - left - 4)) or [""]
        if len(name) > left:
            lines.append(f"  {paint(name, 'cyan')}")
            lines.append(f"{'':{left + 4}}{first}")
        else:
            lines.append(f"  {paint(f'{name:{left}}', 'cyan')}  {first}".rstrip())
        lines += [f"{'':{left + 4}}{line}" for line in rest]
    return "\n".join(lines)


def _heading(title: str) -> str:
    return paint(f"{title}:", "bold")


def _choices(parameter: Any) -> str:
    """Return the values that an option may have."""
    descriptor = getattr(parameter, "type_descriptor", None)
    found = [getattr(choice, "value", choice) for choice in getattr(descriptor, "choices", None) or ()]
    return "|".join(map(str, found)) or "VALUE"
