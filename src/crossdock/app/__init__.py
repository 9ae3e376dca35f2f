"""The hub for programs: handlers as plain functions, joined by routes, run until told to stop."""
