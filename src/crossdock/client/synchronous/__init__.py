# Made from ../asynchronous/__init__.py by tools/generate_sync.py. Do not edit.
"""The client for threads, made from the one for asyncio."""
