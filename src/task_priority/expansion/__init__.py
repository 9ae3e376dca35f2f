"""Repetitions of events and tasks, unfolded within a window, at a bounded cost."""
