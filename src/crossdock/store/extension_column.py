"""The column of extensions: a JSON object, in which null says that the sender has not set what we have all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from crossdock.domain.message import Envelope

_NOTHING: Final = frozenset[str]()


def extensions_text(envelope: Envelope) -> str:
    """Return what an envelope writes there."""
    return json.dumps({**envelope.extensions, **dict.fromkeys(sorted(envelope.unset))})


def extensions_from(text: str | None, loads: Callable[[str], Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the extensions of a row, and the names of what its sender has not set.

    Raises:
        ValueError, TypeError, AttributeError: It is no JSON object; a stranger wrote it.
    """
    if text is None:
        return {}, _NOTHING
    found: dict[str, Any] = loads(text)
    if None not in found.values():
        return found, _NOTHING
    unset = frozenset(name for name, value in found.items() if value is None)
    return {name: found[name] for name in found if name not in unset}, unset
