"""iCalendar feeds and files: fetched, taken apart, stored as they are, and read as tasks and events."""

from task_priority.exporters.ics.exporter import IcsExporter, calendar_files
from task_priority.exporters.ics.reading import read
from task_priority.exporters.ics.sources import Source

__all__ = ["IcsExporter", "Source", "calendar_files", "read"]
