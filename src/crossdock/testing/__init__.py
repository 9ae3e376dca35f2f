"""For the tests of applications and adapters: a clock they set, and what every adapter must do.

Production code never imports it.
"""

from crossdock.testing.clock import FakeClock
from crossdock.testing.far_side import InboundFarSide, OutboundFarSide
from crossdock.testing.inbound_contract import InboundContract
from crossdock.testing.outbound_contract import OutboundContract

__all__ = ["FakeClock", "InboundContract", "InboundFarSide", "OutboundContract", "OutboundFarSide"]
