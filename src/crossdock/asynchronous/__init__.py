"""The queue for asyncio, written by hand; ``crossdock.synchronous`` is made from it."""
