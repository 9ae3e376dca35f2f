"""For the tests of applications and adapters: a clock they set, and what every adapter must do.

Production code never imports it.
"""

from crossdock.testing.clock import FakeClock
from crossdock.testing.exporter_contract import ExporterContract, ExporterFarSide
from crossdock.testing.far_side import InboundFarSide, OutboundFarSide
from crossdock.testing.inbound_contract import InboundContract
from crossdock.testing.outbound_contract import OutboundContract
from crossdock.testing.scripted_exporter import ScriptedExporter

__all__ = [
    "ExporterContract",
    "ExporterFarSide",
    "FakeClock",
    "InboundContract",
    "InboundFarSide",
    "OutboundContract",
    "OutboundFarSide",
    "ScriptedExporter",
]
