"""In which order tasks are to be done, and why: pure functions of tasks, free time, the present and settings."""
