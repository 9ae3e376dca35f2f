"""The use cases of the queue: they know ports and domain, and no library that talks to the world."""
