"""Makes tasks of Todoist's own exports."""

from __future__ import annotations

from datetime import timedelta

from task_priority.exporters.todoist.reading import WORKING_DAY
from task_priority.exporters.todoist.reading import read as read_todoist
from task_priority.exporters.todoist_backup.exporter import NAME
from task_priority.reading import Objects, Reading, Window


def read(objects: Objects, window: Window, *, working_day: timedelta = WORKING_DAY) -> Reading:
    """Make tasks of what is open, as of Todoist's objects."""
    return read_todoist(objects, window, source=NAME, working_day=working_day)
