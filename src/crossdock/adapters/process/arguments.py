"""The arguments of a program, with what they take from a message. No shell ever sees them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any, Final

from crossdock.domain.errors import InvalidMessage, NotConnected
from crossdock.ports.outbound import Handover

LONGEST_VALUE: Final = 32 * 1024
_ATTRIBUTES: Final = ("id", "source", "type", "subject", "partitionkey", "correlationid")
_FIELD: Final = re.compile(r"data(\.[A-Za-z0-9_-]+)+")
NAMES: Final = (*_ATTRIBUTES, "app", "attempt", "data.<field>")
_END_OF_OPTIONS: Final = "--"


def template_issue(text: str) -> str | None:
    """Return why an argument cannot be filled in, or None if it can."""
    try:
        names = [name for _, name, spec, conversion in Formatter().parse(text) if name is not None]
        odd = any(spec or conversion for _, _, spec, conversion in Formatter().parse(text))
    except ValueError as error:
        return f"{error}; write a brace as {{{{ or }}}}"
    known = {*_ATTRIBUTES, "app", "attempt"}
    for name in names:
        if odd or not (name in known or _FIELD.fullmatch(name)):
            return f"there is no {{{name}}}; there are {', '.join(f'{{{one}}}' for one in NAMES)}"
    return "has a NUL character" if "\0" in text else None


class Arguments:
    """What a program is called with.

    Args:
        command: The program, and templates of its arguments.
        app: Fills in ``{app}``.
    """

    def __init__(self, command: Sequence[str], app: str) -> None:
        self._name = command[0]
        self._app = app
        self._templates = [_parsed(text) for text in command[1:]]
        self._plain = command[1:]
        ends = command[1:].index(_END_OF_OPTIONS) if _END_OF_OPTIONS in command[1:] else len(command)
        self._options_end = ends

    def fixed(self) -> list[str]:
        """Return them as they stand in the configuration, for a program that serves many messages."""
        return [self._name, *self._plain]

    def of(self, handover: Handover) -> list[str]:
        """Return them for a message.

        Raises:
            InvalidMessage: The message lacks what they take, or it would be read as an option.
        """
        filled = [
            "".join(part if fixed else self._value(part, handover) for fixed, part in parts)
            for parts in self._templates
        ]
        for place, (parts, text) in enumerate(zip(self._templates, filled, strict=True)):
            if parts and not parts[0][0] and text.startswith("-") and place < self._options_end:
                raise InvalidMessage.of(
                    parts[0][1],
                    f'begins with "-", and {self._name} would read it as an option; put "--" before it in the '
                    f"configuration if the program knows that",
                )
        return [self._name, *filled]

    def _value(self, name: str, handover: Handover) -> str:
        if name == "app":
            return self._app
        if name == "attempt":
            return str(handover.attempt)
        if name in _ATTRIBUTES:
            return _text(name, getattr(handover.message, name))
        return _text(name, _field(handover.message.data, name))


def find_program(name: str, *, folder: Path, environment: Mapping[str, str]) -> str:
    """Return the path of a program: a name is looked for in PATH, a path counts from the folder.

    Raises:
        NotConnected: There is none, or it may not be executed.
    """
    if "/" not in name:
        found = shutil.which(name, path=environment.get("PATH"))
        if found is None:
            raise NotConnected(f"there is no program {name!r} in PATH ({environment.get('PATH', '')})")
        return found
    path = folder / name
    if not path.is_file():
        raise NotConnected(f"there is no program {path}")
    if not os.access(path, os.X_OK):
        raise NotConnected(f"{path} may not be executed: chmod +x it, or call its interpreter")
    return str(path)


def _parsed(text: str) -> list[tuple[bool, str]]:
    """Part a template into what stands (True) and what is filled in (False)."""
    parts: list[tuple[bool, str]] = []
    for fixed, name, _, _ in Formatter().parse(text):
        parts += [(True, fixed)] if fixed else []
        parts += [(False, name)] if name is not None else []
    return parts


def _field(data: Any, name: str) -> Any:
    for part in name.split(".")[1:]:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _text(name: str, value: Any) -> str:
    """Return a value as an argument: text as it is, numbers and truth values as JSON writes them."""
    if value is None or isinstance(value, (dict, list, bytes)):
        raise InvalidMessage.of(
            name, f"is {'missing' if value is None else 'no single value'}; an argument is made of it"
        )
    text = value if isinstance(value, str) else json.dumps(value)
    if not text or "\0" in text or len(text) > LONGEST_VALUE:
        raise InvalidMessage.of(
            name,
            f"must have 1 to {LONGEST_VALUE} characters, none of them NUL, since an argument is made of it",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidMessage.of(name, "is not Unicode text, and an argument is made of it") from error
    return text
