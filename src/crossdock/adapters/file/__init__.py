"""Messages as files in folders: the channel adapters of the file transport."""

from __future__ import annotations

from typing import Final

from crossdock.adapters.file.outbound_settings import FileOutbound
from crossdock.config.adapter import AdapterKind, OutboundKind
from crossdock.ports.outbound import OutboundAdapter
from crossdock.ports.surroundings import Surroundings


def _make_outbound(settings: FileOutbound, surroundings: Surroundings) -> OutboundAdapter:
    from crossdock.adapters.file.outbound import FileOutboundAdapter  # noqa: PLC0415 - only when a file is written

    return FileOutboundAdapter(settings, surroundings)


KIND: Final = AdapterKind(
    meaning="Files in a folder: CSV, JSON or JSON Lines, each with a manifest.",
    outbound=OutboundKind(FileOutbound, _make_outbound),
)
