"""Reads data files, piece by piece: what stands in them, and which of their rows are wrong."""
