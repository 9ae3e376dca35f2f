"""What the exit code of a program says about its message."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Literal, TypeAlias

from crossdock.domain.errors import (
    CredentialError,
    DeliveryError,
    InvalidMessage,
    NotConnected,
    PermanentError,
    ProcessDied,
    RateLimited,
    TransientError,
)

Meaning: TypeAlias = Literal[
    "delivered", "transient", "permanent", "invalid", "rate-limited", "credential", "unavailable"
]

DEFAULTS: Final[Mapping[int, Meaning]] = {
    0: "delivered",
    os.EX_USAGE: "permanent",
    os.EX_DATAERR: "invalid",
    os.EX_NOINPUT: "permanent",
    os.EX_NOUSER: "permanent",
    os.EX_NOHOST: "permanent",
    os.EX_PROTOCOL: "permanent",
    os.EX_NOPERM: "credential",
    os.EX_CONFIG: "credential",
}
"""All others: transient. Source: sysexits.h."""
_CLASSES: Final[Mapping[Meaning, type[DeliveryError | NotConnected]]] = {
    "transient": TransientError,
    "permanent": PermanentError,
    "rate-limited": RateLimited,
    "credential": CredentialError,
    "unavailable": NotConnected,
}


def meaning_of(code: int, given: Mapping[int, Meaning]) -> Meaning:
    """Return what an exit code that is no signal means."""
    return given.get(code) or DEFAULTS.get(code, "transient")


def failure(
    name: str, code: int, words: str, given: Mapping[int, Meaning]
) -> DeliveryError | InvalidMessage | NotConnected | None:
    """Return the error that the end of a program means; None: it has done its work.

    Args:
        name: Of the program.
        code: Its exit code; negative: the signal that killed it.
        words: What it wrote to its standard error, the end of it.
        given: Exit codes whose meaning differs from the defaults.
    """
    text = f"{name}: {ending(code)}" + (f": {words}" if words else "")
    if code < 0:
        return ProcessDied(text)
    meaning = meaning_of(code, given)
    if meaning == "delivered":
        return None
    if meaning == "invalid":
        return InvalidMessage(text, [("data", words.splitlines()[-1] if words else ending(code))])
    return _CLASSES[meaning](text)


def ending(code: int) -> str:
    """Return words for how a program ended."""
    if code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"
    return f"exit code {code}"
