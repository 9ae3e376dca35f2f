"""Programs: one run for each message, or some that stay and speak frames; and programs whose lines are messages."""

from typing import Final

from crossdock.adapters.process.making import make_inbound, make_outbound
from crossdock.adapters.process.settings import ProcessInbound, ProcessOutbound
from crossdock.config.adapter import AdapterKind, InboundKind, OutboundKind

KIND: Final = AdapterKind(
    meaning="Programs: one run for each message, or some that stay and speak JSON-RPC over their standard streams.",
    inbound=InboundKind(ProcessInbound, make_inbound),
    outbound=OutboundKind(ProcessOutbound, make_outbound),
)
