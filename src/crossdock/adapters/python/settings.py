"""What the configuration says of a function that is called with messages."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from crossdock.config.table import Expected, Flag, Table


def _python_path(text: str) -> str:
    module, colon, function = text.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module.split("."), *function.split("."))):
        raise ValueError(text)
    return text


PythonPath: TypeAlias = Annotated[
    str,
    AfterValidator(_python_path),
    Expected('a module and a function in it, such as "orders.checks:validate"'),
]


class PythonOutbound(Table):
    """A function of a module. Without its name, what is said holds for the handler that a program gives the app."""

    python: PythonPath | None = Field(
        default=None,
        description=(
            "The function that is called with each message. Its module is looked for in the folder of this file, too."
        ),
    )
    cpu: Flag = Field(
        default=False, description="Call it in processes of its own, for what keeps a processor busy."
    )
