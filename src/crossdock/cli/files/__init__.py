"""The commands of ``crossdock file``, one module each."""
