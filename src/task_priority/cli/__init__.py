"""The command ``task-priority``."""
