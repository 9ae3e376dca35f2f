"""Channel adapters, a folder each; and the contract for those that others write.

An adapter is loaded by its entry point, in the group ``crossdock.adapters``, when the configuration names it.
"""

from crossdock.config.adapter import AdapterKind, InboundKind, OutboundKind
from crossdock.config.table import Expected, Table
from crossdock.domain.errors import EndOfInput, InvalidMessage, NotConnected, ProcessDied
from crossdock.domain.message import Message
from crossdock.ports.inbound import InboundAdapter, InboundCapabilities, Position, Receipt, Refusal
from crossdock.ports.outbound import (
    DELIVERED,
    Batch,
    Delivered,
    Gather,
    Handover,
    OutboundAdapter,
    OutboundCapabilities,
    Reply,
)
from crossdock.ports.surroundings import Surroundings

__all__ = [
    "DELIVERED", "AdapterKind", "Batch", "Delivered", "EndOfInput", "Expected", "Gather", "Handover",
    "InboundAdapter", "InboundCapabilities", "InboundKind", "InvalidMessage", "Message", "NotConnected",
    "OutboundAdapter", "OutboundCapabilities", "OutboundKind", "Position", "ProcessDied", "Receipt", "Refusal", "Reply",
    "Surroundings", "Table",
]  # fmt: skip
