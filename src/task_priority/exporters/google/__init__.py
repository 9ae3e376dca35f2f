"""Google Calendar and Google Tasks: signing in, exporting, and reading what was exported."""

from task_priority.exporters.google.calendar_exporter import CALENDAR_URL, GoogleCalendarExporter
from task_priority.exporters.google.calendar_reading import read as read_calendar
from task_priority.exporters.google.consent import SignIn
from task_priority.exporters.google.grant import CALENDAR_SCOPES, TASKS_SCOPES, Grant, forecast
from task_priority.exporters.google.oauth_client import OAuthClient, read_client
from task_priority.exporters.google.tasks_exporter import TASKS_URL, GoogleTasksExporter
from task_priority.exporters.google.tasks_reading import read as read_tasks
from task_priority.exporters.google.tokens import GOOGLE

__all__ = [
    "CALENDAR_SCOPES",
    "CALENDAR_URL",
    "GOOGLE",
    "TASKS_SCOPES",
    "TASKS_URL",
    "GoogleCalendarExporter",
    "GoogleTasksExporter",
    "Grant",
    "OAuthClient",
    "SignIn",
    "forecast",
    "read_calendar",
    "read_client",
    "read_tasks",
]
