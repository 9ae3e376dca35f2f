"""For exporters: apps that poll an outside service and send what changed there."""

from crossdock.domain.exported import (
    Counts,
    Cursor,
    ExportedObject,
    ExporterStatus,
    ObjectPage,
    ObjectSetAside,
    ScopeStatus,
    SyncReport,
)
from crossdock.domain.exporting import Found, Pull, SetAside
from crossdock.exporting.exports import Exports
from crossdock.ports.exporter import Exporter

__all__ = [
    "Counts",
    "Cursor",
    "ExportedObject",
    "Exporter",
    "ExporterStatus",
    "Exports",
    "Found",
    "ObjectPage",
    "ObjectSetAside",
    "Pull",
    "ScopeStatus",
    "SetAside",
    "SyncReport",
]
