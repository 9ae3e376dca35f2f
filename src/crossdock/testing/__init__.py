"""For the tests of applications: a clock they set. Production code never imports it."""

from crossdock.testing.clock import FakeClock

__all__ = ["FakeClock"]
