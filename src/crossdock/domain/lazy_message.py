"""A message whose data is fetched when somebody looks at it: a list of many large ones fits into memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crossdock.domain.message import Message


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LazyMessage(Message):
    """A message like any other, and equal to one with the same attributes.

    ``data`` is fetched anew at each look and not kept, so that going through a long list takes no more room than the
    largest of its messages.
    """

    _fetch: Callable[[], Any] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, message: Message, fetch: Callable[[], Any]) -> LazyMessage:
        """Return ``message`` with the data that ``fetch`` returns; what ``fetch`` raises, looking at it raises."""
        made = object.__new__(cls)
        for name in Message.__slots__:
            if name != "data":
                object.__setattr__(made, name, getattr(message, name))
        object.__setattr__(made, "_fetch", fetch)
        return made

    def __getattr__(self, name: str) -> Any:
        """Fetch the data; everything else is there."""
        fetch = None if name != "data" else self._fetch
        if fetch is None:
            raise AttributeError(name)
        return fetch()

    def __eq__(self, other: object) -> bool:
        """Compare as messages do."""
        return _fields(self) == _fields(other) if isinstance(other, Message) else NotImplemented

    __hash__ = Message.__hash__

    def __reduce__(self) -> tuple[type[Message], tuple[Any, ...]]:
        """Copy and pickle it as the message that it is."""
        return Message, _fields(self)


def _fields(message: Message) -> tuple[Any, ...]:
    return tuple(getattr(message, name) for name in Message.__slots__)
