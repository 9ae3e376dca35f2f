"""Where tasks fit: the time that events take up, the time that is left, and the plan made of it."""
