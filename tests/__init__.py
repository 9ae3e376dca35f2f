"""The tests of Crossdock; their folders mirror src."""
