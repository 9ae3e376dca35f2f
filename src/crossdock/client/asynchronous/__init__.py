"""The client for asyncio, written by hand; the one for threads is made from it."""
