"""The parameters of a request: each has a type, and none may be unknown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.domain.errors import InvalidMessage

_UNSET: Final = object()
LONGEST_WAIT: Final = timedelta(days=1)


class Params:
    """Takes parameters one after the other; ``end`` refuses those that nobody took.

    Every method raises InvalidMessage: the parameter is missing, or is something else.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._left = dict(given)

    def text(self, name: str, default: Any = _UNSET) -> Any:
        """Take text."""
        return self._take(name, str, "text", default)

    def number(self, name: str, default: Any = _UNSET) -> Any:
        """Take a whole number."""
        return self._take(name, int, "a whole number", default)

    def items(self, name: str) -> list[Any]:
        """Take an array."""
        found: list[Any] = self._take(name, list, "an array", _UNSET)
        return found

    def table(self, name: str, default: Any = _UNSET) -> Any:
        """Take an object."""
        return self._take(name, dict, "an object", default)

    def value(self, name: str) -> Any:
        """Take any value; null if it is not there."""
        return self._left.pop(name, None)

    def seconds(self, name: str, default: Any = _UNSET) -> Any:
        """Take a duration, in seconds."""
        found = self._take(name, (int, float), "a number of seconds", default)
        if found is default:
            return default
        if not 0 <= found <= LONGEST_WAIT.total_seconds() * 3650:
            raise InvalidMessage.of(name, f"{found!r} is not a number of seconds from 0 to ten years")
        return timedelta(seconds=found)

    def instant(self, name: str) -> datetime | None:
        """Take an instant."""
        found = self.text(name, None)
        try:
            return None if found is None else datetime.fromisoformat(found)
        except ValueError as error:
            raise InvalidMessage.of(
                name, f"{found!r} is not an instant such as 2025-11-24T08:00:00Z"
            ) from error

    def has(self, name: str) -> bool:
        """Tell whether a parameter is there and was not taken."""
        return name in self._left

    def data(self) -> Any:
        """Take data, as JSON or as bytes."""
        if self.has("data") == self.has("data_base64"):
            raise InvalidMessage.of("data", "give either data or data_base64")
        if self.has("data"):
            return self.value("data")
        try:
            return base64.b64decode(self.text("data_base64"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidMessage.of("data_base64", "is not Base64") from error

    def end(self) -> None:
        """Refuse what was not taken."""
        if self._left:
            raise InvalidMessage.of(min(self._left), "unknown parameter")

    def _take(self, name: str, kind: Any, words: str, default: Any) -> Any:
        found = self._left.pop(name, None)
        if found is None:
            if default is _UNSET:
                raise InvalidMessage.of(name, f"is missing; it takes {words}")
            return default
        if not isinstance(found, kind) or isinstance(found, bool):
            raise InvalidMessage.of(name, f"is {type(found).__name__}; it takes {words}")
        return found
