"""Todoist, by its API v1: exported, read as tasks, written back to, and told by its webhooks."""

from task_priority.exporters.todoist.exporter import NAME, TodoistExporter
from task_priority.exporters.todoist.reading import owner_zone, read
from task_priority.exporters.todoist.requests import completing, reopening, rescheduling, snoozing
from task_priority.exporters.todoist.webhook import Wakeup, check_webhook
from task_priority.exporters.todoist.writing import TodoistWriter

__all__ = [
    "NAME",
    "TodoistExporter",
    "TodoistWriter",
    "Wakeup",
    "check_webhook",
    "completing",
    "owner_zone",
    "read",
    "reopening",
    "rescheduling",
    "snoozing",
]
