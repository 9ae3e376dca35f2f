"""``task-priority weights``: the figures that ranking and plan depend on, and where to change them."""

from __future__ import annotations

from crossdock.command import bundled, described, new_command, say, say_json, tell
from task_priority.cli.options import Form
from task_priority.cli.output import demand_one, show_view
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority weights", "task-priority weights --json"))
@bundled
def weights(*, form: Form) -> None:
    """Show every setting that is in force: points, hours, rules, labels; those that you changed are marked.

    They stand in settings.toml of your home, ~/.task-priority unless TASK_PRIORITY_HOME names another.
    """
    from task_priority.settings_file import read_table
    from task_priority.views.settings import settings_markdown, settings_view

    demand_one(form)
    home = Session().home
    home.make()
    table = read_table(home.settings)
    if form.json:
        say_json(table.model_dump(mode="json"))
    elif form.markdown:
        say(settings_markdown(table))
    else:
        show_view(settings_view(table))
        tell(f"change them in {home.settings}")
