"""The words of the queue over HTTP, for processes that have no access to the store."""
