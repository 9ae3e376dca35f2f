"""Todoist API v1: resource endpoints, synchronisation, commands and webhooks."""
