"""Turns events into logs."""
