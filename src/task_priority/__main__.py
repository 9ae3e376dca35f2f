"""``python -m task_priority``."""

from task_priority.cli.main import main

main()
