"""Where views go: JSON, Markdown or what Rich makes of them; coloured only where a person looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from crossdock.command import ExitCode, Refusal, say, say_json
from task_priority.views.texts import FIRST_STEPS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from task_priority.cli.options import Form
    from task_priority.overview import Overview

_UNBOUNDED: Final = 10_000
"""So wide is a pipe: nothing is shortened or broken there."""


def show(
    overview: Overview,
    form: Form,
    *,
    document: Callable[[], object],
    markdown: Callable[[], str],
    view: Callable[[], RenderableType],
) -> None:
    """Write one of three forms of the same thing; to a person who has connected nothing, how to do so.

    Raises:
        Refusal: Two were asked for.
    """
    demand_one(form)
    if form.json:
        say_json(document())
    elif form.markdown:
        say(markdown())
    elif overview.sources:
        show_view(view())
    else:
        say(FIRST_STEPS)


def demand_one(form: Form) -> None:
    """Make sure that one form is asked for at most.

    Raises:
        Refusal: Two were.
    """
    if form.json and form.markdown:
        raise Refusal("--json and --markdown exclude each other; give one of them", ExitCode.USAGE)


def show_view(view: RenderableType) -> None:
    """Write what Rich makes of a view: in colour on a terminal, else plain lines."""
    from rich.console import Console

    if sys.stdout.isatty():
        Console(highlight=False, no_color=bool(os.environ.get("NO_COLOR"))).print(view)
        return
    console = Console(width=_UNBOUNDED, color_system=None, highlight=False, force_terminal=False)
    with console.capture() as captured:
        console.print(view)
    say("\n".join(line.rstrip() for line in captured.get().splitlines()))
