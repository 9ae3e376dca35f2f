"""Exporters: one folder for each service that tasks or events come from."""
