"""What a transport declares of itself: the settings it takes, and what makes its adapters.

An entry point of the group ``crossdock.adapters`` names an ``AdapterKind``. Its name is the key that chooses it:
``outbound = { file = "…" }`` is of the kind ``file``, and its settings have a field of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from crossdock.config.table import Table
from crossdock.ports.inbound import InboundAdapter
from crossdock.ports.outbound import OutboundAdapter
from crossdock.ports.surroundings import Surroundings
from crossdock.ports.webhook import Webhook

S = TypeVar("S", bound=Table)


@dataclass(frozen=True, slots=True)
class InboundKind(Generic[S]):
    """How a transport takes messages in.

    Attributes:
        settings: Declared once; parsing, errors, the reference page and the JSON Schema are made from it.
        make: Makes an adapter. Touches nothing outside; raises ConfigError if the settings cannot be right here.
    """

    settings: type[S]
    make: Callable[[S, Surroundings], InboundAdapter]


@dataclass(frozen=True, slots=True)
class DoorKind(Generic[S]):
    """How a transport takes in what comes to the API; no worker drives it. As ``InboundKind``."""

    settings: type[S]
    make: Callable[[S, Surroundings], Webhook]


@dataclass(frozen=True, slots=True)
class OutboundKind(Generic[S]):
    """How a transport hands messages over; as ``InboundKind``."""

    settings: type[S]
    make: Callable[[S, Surroundings], OutboundAdapter]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterKind:
    """A transport.

    Attributes:
        meaning: One sentence for the reference page.
        inbound: None: it takes nothing in.
        outbound: None: it hands nothing over.
    """

    meaning: str
    inbound: InboundKind[Any] | DoorKind[Any] | None = None
    outbound: OutboundKind[Any] | None = None
