"""HTTP: outbound each message is a signed webhook, inbound are those of others, which come to the API."""

from typing import Final

from crossdock.adapters.http.inbound_settings import HttpInbound
from crossdock.adapters.http.making import make_inbound, make_outbound
from crossdock.adapters.http.settings import HttpOutbound
from crossdock.config.adapter import AdapterKind, DoorKind, OutboundKind

KIND: Final = AdapterKind(
    meaning="Webhooks: each message is posted to a URL, signed; those of others come to the API, and are believed if "
    "they are signed.",
    inbound=DoorKind(HttpInbound, make_inbound),
    outbound=OutboundKind(HttpOutbound, make_outbound),
)
