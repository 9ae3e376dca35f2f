"""One thing that was looked at, how it is, and what to do if it is not well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found.

    Attributes:
        about: What was looked at.
        text: How it is.
        remedy: What to do; empty where nothing is.
    """

    level: Level
    about: str
    text: str
    remedy: str = ""


def ok(about: str, text: str) -> Finding:
    """Return a finding that needs nobody."""
    return Finding(Level.OK, about, text)


def warn(about: str, text: str, remedy: str) -> Finding:
    """Return a finding that somebody should know."""
    return Finding(Level.WARN, about, text, remedy)


def fail(about: str, text: str, remedy: str) -> Finding:
    """Return a finding that somebody must mend."""
    return Finding(Level.FAIL, about, text, remedy)
