"""The ranked list, the plan and changes over REST, beside the operations of the hub."""

from task_priority.api.all_operations import operations_of

__all__ = ["operations_of"]
