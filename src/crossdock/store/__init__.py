"""The Message Store: one table of messages, on SQLAlchemy."""
