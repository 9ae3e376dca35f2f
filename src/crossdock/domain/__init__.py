"""What a message is and what may happen to it: plain values and rules, no I/O, no clock."""
