"""Keeps processes alive."""
