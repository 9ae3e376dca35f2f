"""Takes secrets out of what is about to be logged, wherever they stand: in fields, in words, in tracebacks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

HIDDEN: Final = "***"
_SHORTEST: Final = 3
"""A known secret that is shorter would be found in any word."""
_NAMES: Final = r"pass(?:word|wd|phrase)|pwd|secret|token|authorization|api[-_]?key|credential"
_SECRET_NAME: Final = re.compile(_NAMES, re.IGNORECASE)
_VALUE: Final = r"""(?:(?:bearer|basic|token)\s+)?(?:"[^"]*"|'[^']*'|[^\s,;&"'})\]]+)"""
_PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), rf"\1{HIDDEN}")
    for pattern in (
        r"(\w://[^\s:/@\"'<>]{0,256}:)[^\s\"'<>]{1,256}(?=@)",  # the password of a URL
        rf"""((?:{_NAMES})[\w.-]*\\*["']?(?:\s*[=:]\s*\\*|\s+(?=["']))){_VALUE}""",  # name = value, "name": "value"
        r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}",
    )
)
"""A password that holds a blank ends there for these; the known secrets find all of it."""


def redactor(known: Iterable[str] = ()) -> Callable[[Any], Any]:
    """Return a function that gives a value back without its secrets.

    Args:
        known: Secrets themselves, hidden wherever they stand.
    """
    literals = sorted({one for one in known if len(one) >= _SHORTEST}, key=len, reverse=True)

    def redact(value: Any) -> Any:
        match value:
            case str():
                return _redacted(value, literals)
            case Mapping():
                return {
                    name: HIDDEN if _SECRET_NAME.search(str(name)) else redact(one)
                    for name, one in value.items()
                }
            case list() | tuple() | set() | frozenset():
                return [redact(one) for one in value]
            case bool() | int() | float() | None:
                return value
            case _:
                return _redacted(str(value), literals)

    return redact


def secrets_of(url: str) -> Iterator[str]:
    """Give the password of a store's URL, as it is written there and as it is meant, and that of the environment."""
    parts = urlsplit(url)
    found = [
        parts.password or "",
        *parse_qs(parts.query).get("password", []),
        os.environ.get("PGPASSWORD", ""),
    ]
    for one in found:
        yield from {one, unquote(one)}


def _redacted(text: str, literals: Iterable[str]) -> str:
    for literal in literals:
        text = text.replace(literal, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text
