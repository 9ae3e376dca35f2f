"""Parses JSON text as strictly as a message takes it."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from typing import Any, Final, NoReturn

from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import encode

DEEPEST: Final = 200
_LONG: Final = 8 * 1024 * 1024
_LARGE_NUMBER: Final = re.compile(r"\d[eE]\+?\d{3}|\d{300}")
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]')


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


decoder: Final = json.JSONDecoder(parse_constant=_no_constant)


def parse(text: str) -> Any:
    """Return a value that can be the data of a message.

    Raises:
        ValueError: It says what is wrong.
    """
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(text)
    try:
        value = decoder.decode(text)
    except JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError(f"nested more than {DEEPEST} deep") from error
    check(value, text)
    return value


def check(value: Any, text: str) -> None:
    """Make sure that a value can be stored, where its text makes one doubt it.

    Raises:
        ValueError: It cannot.
    """
    if len(text) > _LONG or _LARGE_NUMBER.search(text):
        try:
            encode(value)
        except InvalidMessage as error:
            raise ValueError(error.details[0][1]) from error


def check_depth(text: str) -> None:
    """Make sure that nothing in a text is nested so deep that only some could read it."""
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(text)


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"nested more than {DEEPEST} deep")
        elif found[0] in "]}":
            depth -= 1
