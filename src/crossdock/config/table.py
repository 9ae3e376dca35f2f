"""What every table of the configuration is made of: strict keys, and words for what each key takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    WithJsonSchema,
)

from crossdock.config import values
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import check_app

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Expected:
    """Says in an error message what a key takes; stands in the annotation of its type."""

    text: str


class Explained(ValueError):
    """Says in words of its own what is wrong with a value."""


class Table(BaseModel):
    """A table of the file: only known keys, only the types they name.

    What checks them is built when something is checked, once for all of them: a send waits for it.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


def text_form(parse: Callable[[str], T], given: object) -> T:
    """Read what must be text.

    Raises:
        ValueError: It is none, or ``parse`` refuses it.
    """
    if not isinstance(given, str):
        raise ValueError(given)  # noqa: TRY004 - Pydantic reports a ValueError, and lets a TypeError through
    return parse(given)


def positive(duration: timedelta) -> timedelta:
    """Return a duration that is more than 0.

    Raises:
        ValueError: It is 0.
    """
    if not duration:
        raise ValueError(duration)
    return duration


def distinct(names: list[str]) -> list[str]:
    """Return names of which there is at least one, and none twice.

    Raises:
        ValueError: There is none, or one stands twice.
    """
    if not names:
        raise ValueError(names)
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise Explained(f"expected an array of different names, and {twice!r} stands in it twice")
    return names


def _app_name(name: str) -> str:
    try:
        return check_app(name)
    except InvalidMessage as error:
        raise ValueError(name) from error


def _size(given: object) -> int:
    if type(given) is int and given >= 0:
        return given
    return text_form(values.parse_size, given)


Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(lambda given: text_form(values.parse_duration, given)),
    PlainSerializer(values.format_duration),
    WithJsonSchema({"type": "string", "pattern": values.DURATION_PATTERN}),
    Expected('a duration such as "500ms", "30s" or "1h30m"'),
]
Size: TypeAlias = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(values.format_size),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": values.SIZE_PATTERN}]}
    ),
    Expected('a number of bytes, or a size such as "64 MiB"'),
]
Flag: TypeAlias = Annotated[bool, Expected("true or false")]
AppName: TypeAlias = Annotated[
    str,
    AfterValidator(_app_name),
    Expected("a name of 1 to 128 letters, digits, '.', '_' or '-', a letter or digit first"),
]
