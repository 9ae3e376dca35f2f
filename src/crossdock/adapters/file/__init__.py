"""Messages as files in folders: the channel adapters of the file transport."""

from typing import Final

from crossdock.adapters.file.inbound_settings import FileInbound
from crossdock.config.adapter import AdapterKind, InboundKind
from crossdock.ports.inbound import InboundAdapter
from crossdock.ports.surroundings import Surroundings


def _inbound(settings: FileInbound, surroundings: Surroundings) -> InboundAdapter:
    from crossdock.adapters.file.inbound import make_inbound  # noqa: PLC0415 - only who takes files needs it

    return make_inbound(settings, surroundings)


KIND: Final = AdapterKind(
    meaning="Files in folders, each with a manifest that says when it is whole.",
    inbound=InboundKind(FileInbound, _inbound),
)
