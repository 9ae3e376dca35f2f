"""Todoist's CSV exports and JSON backups, for those who have a file and no account to connect."""

from task_priority.exporters.todoist_backup.exporter import TodoistBackupExporter
from task_priority.exporters.todoist_backup.reading import read

__all__ = ["TodoistBackupExporter", "read"]
