"""What Task Priority Lite shows after the orders: the ranked list, the plan, and what to try."""

import shlex
from collections.abc import Sequence

from place import TASKS_HOME, api_url, program, shown
from screen import Screen, curl
from tasks import Tasks

SHOWN_TASKS = "8"


def show_agenda(screen: Screen, tasks: Tasks) -> bool:
    """Show what to do next, why, and when it fits; false: it could not be shown, and why has been said."""
    screen.head(f"What to do next. The tasks are {tasks.whose}.")
    if tasks.are_connected:
        tasks.command("sync")  # a service that does not answer is named, and what is known of it is ranked
        screen.say("")
    if tasks.command("today", "--limit", SHOWN_TASKS).returncode:
        return False
    screen.head("The plan, and what has no place in it.")
    return tasks.command("plan").returncode == 0


def agenda_steps(tasks: Tasks) -> Sequence[tuple[str, str]]:
    """Return commands to try, each with what it does; those for the hub work as they stand."""
    command = shlex.quote(shown(program("task-priority")))
    here = (
        command if tasks.are_connected else f"TASK_PRIORITY_HOME={shlex.quote(shown(TASKS_HOME))} {command}"
    )
    return (
        (f"{here} today", "the list, as it is then"),
        (f"{here} explain 1", "why the first task is the first"),
        (f"{here} week", "the days, with what is planned"),
        (f"{curl()} '{api_url()}/tasks/ranked?limit=3&fields=score,task.title'", "the first three over REST"),
        (f"{curl()} -H 'Accept: text/markdown' {api_url()}/plan", "the plan over REST, as Markdown"),
        (f"{command} connect todoist", "your own tasks, with the next make run; likewise google, ics, csv"),
        ("make run ICS=my.ics CSV=my.csv", "files of yours, with nothing connected; one of them is enough"),
    )
