"""The adapter ``python``: a function of this program is called with each message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossdock.adapters.python.settings import PythonOutbound
from crossdock.config.adapter import AdapterKind, OutboundKind

if TYPE_CHECKING:
    from crossdock.ports.outbound import OutboundAdapter
    from crossdock.ports.surroundings import Surroundings


def _outbound(settings: PythonOutbound, surroundings: Surroundings) -> OutboundAdapter:
    from crossdock.adapters.python.adapter import PythonAdapter  # noqa: PLC0415 - only where messages are worked on
    from crossdock.adapters.python.finding import find_handler  # noqa: PLC0415 - likewise

    return PythonAdapter(find_handler(settings, surroundings), surroundings)


KIND: Final = AdapterKind(
    meaning="A Python function is called with each message.",
    outbound=OutboundKind(PythonOutbound, _outbound),
)
