"""Crossdock for programs in any language, which spawn it and speak frames with it."""
