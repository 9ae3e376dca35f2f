"""For exporters: apps that poll an outside service and send what changed there."""

from crossdock.domain.exporting import Found, Pull, SetAside
from crossdock.ports.exporter import Exporter

__all__ = ["Exporter", "Found", "Pull", "SetAside"]
