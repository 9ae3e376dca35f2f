"""The door for people at a terminal, and for their scripts: it translates and calls, and decides nothing."""
