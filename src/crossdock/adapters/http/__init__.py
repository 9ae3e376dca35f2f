"""HTTP, outbound: each message is a signed webhook. Inbound, HTTP is the API."""

from typing import Final

from crossdock.adapters.http.making import make_outbound
from crossdock.adapters.http.settings import HttpOutbound
from crossdock.config.adapter import AdapterKind, OutboundKind

KIND: Final = AdapterKind(
    meaning="Webhooks: each message is posted to a URL, signed by Standard Webhooks.",
    outbound=OutboundKind(HttpOutbound, make_outbound),
)
"""The keys of ``outbound = { http = … }``."""
