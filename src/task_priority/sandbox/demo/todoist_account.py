"""The demo account at Todoist: an architect's work, home and one day's dreams, all of our own making."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from task_priority.sandbox.clock import micros
from task_priority.sandbox.exchange import Json
from task_priority.sandbox.ids import Ids
from task_priority.sandbox.todoist.service import Todoist

_PROJECTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "Library extension": ("blue", ("Design", "Permits", "Site")),
    "Office": ("grape", ("Money", "People")),
    "Home": ("green", ("Garden",)),
    "Errands": ("orange", ()),
    "Half marathon": ("red", ()),
    "One day": ("grey", ()),
}
_LABELS: Final = ("deep", "phone", "computer", "errand", "waiting", "someday", "15m", "important")


@dataclass(frozen=True, slots=True)
class _Sketch:
    """A task as it is written below; days count from today.

    Attributes:
        place: ``Project/Section``; empty: the inbox.
        p: As in the apps: 1 is urgent.
        due: A number of days, or a date in words.
        since: The day on which a repeating task is due now, if that is not the next one.
        at: The time of day, with ``due`` as days; with ``zone`` an instant, without it wherever the owner is.
        age: For how many days it has been there.
        under: The title of the task of which it is a part.
    """

    content: str
    place: str = ""
    labels: tuple[str, ...] = ()
    p: int = 4
    due: int | str | None = None
    since: int | None = None
    at: str | None = None
    zone: str | None = None
    deadline: int | None = None
    minutes: int | None = None
    days: int | None = None
    age: int = 5
    under: str | None = None
    note: str | None = None
    description: str = ""


_SKETCHES: Final = (
    _Sketch(
        "Send the daylight study to the council",
        "Library extension/Permits",
        ("deep", "important"),
        1,
        -2,
        deadline=1,
        minutes=120,
        age=16,
    ),
    _Sketch(
        "Answer the fire inspector's questions",
        "Library extension/Permits",
        ("computer",),
        1,
        0,
        minutes=45,
        age=6,
        note="She asked for the escape routes of the second floor.",
    ),
    _Sketch(
        "Drawings for tender",
        "Library extension/Design",
        ("deep", "important"),
        1,
        deadline=8,
        minutes=600,
        age=21,
        description="Sections **A–D**, stair, roof.",
    ),
    _Sketch(
        "Section through the reading room",
        "Library extension/Design",
        ("deep",),
        2,
        2,
        minutes=180,
        under="Drawings for tender",
        age=21,
    ),
    _Sketch(
        "Detail of the stair",
        "Library extension/Design",
        ("deep",),
        2,
        4,
        minutes=120,
        under="Drawings for tender",
        age=20,
    ),
    _Sketch(
        "List of doors",
        "Library extension/Design",
        ("computer",),
        3,
        5,
        minutes=60,
        under="Drawings for tender",
        age=20,
    ),
    _Sketch("Choose between the two roof lights", "Library extension/Design", (), 2, 1, minutes=30, age=9),
    _Sketch(
        "Wait for the soil report from Berg & Sons", "Library extension/Site", ("waiting",), 2, 3, age=12
    ),
    _Sketch(
        "Walk over the site with the builder",
        "Library extension/Site",
        (),
        2,
        6,
        at="13:00",
        minutes=90,
        age=3,
    ),
    _Sketch("* Before the tender goes out", "Library extension/Design", age=21),
    _Sketch("Photos of the model", "Library extension/Design", ("computer",), 3, minutes=60, age=30),
    _Sketch(
        "Check the bill of quantities",
        "Library extension/Site",
        ("deep",),
        3,
        deadline=12,
        minutes=240,
        age=8,
    ),
    _Sketch(
        "Write the weekly report", "Office", ("computer",), 2, "every friday at 15:00", minutes=30, age=90
    ),
    _Sketch("Hours of last week", "Office/Money", ("15m",), 2, "every monday", minutes=15, age=90),
    _Sketch("Send invoice 1047", "Office/Money", ("15m",), 1, -4, age=11),
    _Sketch("Pay the insurance", "Office/Money", (), 2, "every 3 months", since=20, minutes=10, age=200),
    _Sketch("Ask Jonas for the software licences", "Office/Money", ("waiting", "phone"), 3, -1, age=14),
    _Sketch("Prepare the talk with Maja", "Office/People", (), 2, 1, at="09:30", minutes=30, age=4),
    _Sketch("Read four applications", "Office/People", ("deep",), 3, 3, deadline=6, minutes=90, age=7),
    _Sketch(
        "Call London about the façade",
        "Office",
        ("phone", "15m"),
        2,
        2,
        at="14:00",
        zone="Europe/London",
        minutes=15,
        age=2,
    ),
    _Sketch("Book the train to Trondheim", "Office", ("15m",), 3, deadline=4, age=6),
    _Sketch("Tidy the sample shelves", "Office", (), 4, minutes=90, age=60),
    _Sketch("Water the plants", "Home/Garden", (), 4, "every! 4 days", since=-1, minutes=10, age=120),
    _Sketch("Cut the hedge", "Home/Garden", (), 4, "every 2 weeks", since=5, minutes=60, age=90),
    _Sketch("Fix the kitchen tap", "Home", (), 3, -6, minutes=45, age=25),
    _Sketch("Ring the dentist", "Home", ("phone", "15m"), 2, -3, age=18),
    _Sketch("Tax papers", "Home", ("important", "deep"), 1, deadline=17, minutes=240, age=35),
    _Sketch("Find the receipts of the roof", "Home", (), 2, under="Tax papers", minutes=40, age=35),
    _Sketch(
        "Ask the bank for the interest statement",
        "Home",
        ("phone",),
        2,
        under="Tax papers",
        minutes=15,
        age=34,
    ),
    _Sketch("Plan the holiday", "Home", (), 3, 10, days=1, age=15),
    _Sketch("Take the rubbish out", "Home", (), 4, "every tuesday at 19:00", age=300),
    _Sketch("Pick up the parcel", "Errands", ("errand", "15m"), 2, 0, at="17:00", age=1),
    _Sketch("Buy stamps", "Errands", ("errand",), 4, age=9),
    _Sketch("Return the library books", "Errands", ("errand",), 3, -1, age=21),
    _Sketch("New inner tube for the bicycle", "Errands", ("errand",), 4, 5, age=8),
    _Sketch("Long run", "Half marathon", (), 3, "every sunday at 9:00", minutes=100, age=50),
    _Sketch("Intervals", "Half marathon", (), 3, "every wednesday at 18:30", minutes=50, age=50),
    _Sketch("Sign up before the price goes up", "Half marathon", ("15m",), 2, deadline=2, age=10),
    _Sketch("Learn to sail", "One day", ("someday",), age=240),
    _Sketch("Build a bench for the hall", "One day", ("someday",), minutes=480, age=180),
    _Sketch("Read about timber gridshells", "One day", ("someday", "deep"), age=100),
    _Sketch("Idea: reading niche under the stair?", age=1),
    _Sketch("Thank Ingrid for the flowers", "", ("15m",), 3, 1, age=0),
    _Sketch("See what the neighbour wants about the fence", labels=("phone",), age=4),
    _Sketch("Renew the passport", labels=("visa-matters",), p=2, due="every year", since=45, age=340),
)
_COMPLETED: Final = (
    ("Draw the site plan", "Library extension/Site", 9),
    ("Order the model's base", "Library extension/Design", 6),
    ("Send invoice 1046", "Office/Money", 12),
    ("Sharpen the secateurs", "Home/Garden", 3),
    ("Birthday present for Nils", "Errands", 1),
)


def demo_user(ids: Ids, email: str, timezone: str, token: str) -> Json:
    """Return the user of a Todoist account; like the real one, it has secrets in it."""
    return {
        "id": ids.number(),
        "email": email,
        "full_name": "Kari Nordli",
        "inbox_project_id": ids.todoist(),
        "token": token,
        "websocket_url": f"wss://ws.todoist.com/ws?token={ids.secret()}",
        "tz_info": {"timezone": timezone, "gmt_string": "+01:00", "hours": 1, "minutes": 0, "is_dst": 0},
        "lang": "en",
        "start_day": 1,
        "next_week": 1,
        "time_format": 0,
        "date_format": 0,
        "is_premium": True,
        "premium_status": "current_personal_plan",
        "joined_at": "2021-04-12T18:05:41.000000Z",
        "avatar_small": None,
        "image_id": None,
        "karma": 8120.0,
        "daily_goal": 5,
        "weekly_goal": 25,
        "is_deleted": False,
    }


def fill_todoist(todoist: Todoist, seed: int) -> None:
    """Put the demo's projects, labels and tasks into an account that has only its inbox."""
    places = _add_places(todoist)
    for name in _LABELS:
        todoist.labels.add(name, color="teal" if name == "important" else "charcoal")
    todoist.filters.add("Today, at the computer", "(today | overdue) & @computer")
    chance = random.Random(seed)  # noqa: S311 - the minute at which a make-believe task was written
    added: dict[str, str] = {}
    for sketch in _SKETCHES:
        task = _add_task(todoist, sketch, places, added)
        _make_older(todoist, task, sketch.age, chance)
        added[sketch.content] = task["id"]
    _add_history(todoist, places, chance)


def _add_places(todoist: Todoist) -> dict[str, Json]:
    """Add projects and sections; return where each is, by its name."""
    places: dict[str, Json] = {"": {}}
    for name, (color, sections) in _PROJECTS.items():
        project = todoist.projects.add(name, color=color, is_favorite=name == "Library extension")["id"]
        places[name] = {"project_id": project}
        for section in sections:
            id = todoist.sections.add(section, project)["id"]
            places[f"{name}/{section}"] = {"project_id": project, "section_id": id}
    archived = todoist.projects.add("Kindergarten (built)", color="lavender")["id"]
    todoist.tasks.add("Collect the last drawings", project_id=archived)
    todoist.projects.archive(archived)
    return places


def _add_task(todoist: Todoist, sketch: _Sketch, places: dict[str, Json], added: dict[str, str]) -> Json:
    fields: dict[str, Any] = {
        "labels": list(sketch.labels),
        "priority": 5 - sketch.p,
        "description": sketch.description,
        **places[sketch.place],
        **_due(todoist, sketch),
    }
    if sketch.under is not None:
        fields["parent_id"] = added[sketch.under]
    if sketch.deadline is not None:
        fields["deadline_date"] = _day(todoist, sketch.deadline)
    if sketch.minutes is not None:
        fields |= {"duration": sketch.minutes, "duration_unit": "minute"}
    if sketch.days is not None:
        fields |= {"duration": sketch.days, "duration_unit": "day"}
    task = todoist.tasks.add(sketch.content, **fields)
    if sketch.note is not None:
        todoist.comments.add(sketch.note, task_id=task["id"])
    return task


def _due(todoist: Todoist, sketch: _Sketch) -> dict[str, Any]:
    if sketch.due is None:
        return {}
    if isinstance(sketch.due, str) and sketch.since is not None:
        return {"due": {"date": _day(todoist, sketch.since), "string": sketch.due}}
    if isinstance(sketch.due, str):
        return {"due_string": sketch.due}
    day = _day(todoist, sketch.due)
    if sketch.at is None:
        return {"due_date": day}
    if sketch.zone is None:
        return {"due_datetime": f"{day}T{sketch.at}:00"}
    return {"due": {"string": f"{day} at {sketch.at}", "timezone": sketch.zone}}


def _make_older(todoist: Todoist, task: Json, days: int, chance: random.Random) -> None:
    """Let a task have been there for some days already."""
    moment = _earlier(todoist, days, chance)
    task["added_at"] = task["updated_at"] = micros(moment)


def _add_history(todoist: Todoist, places: dict[str, Json], chance: random.Random) -> None:
    """Add tasks that were completed some days ago."""
    for content, place, days in _COMPLETED:
        task = todoist.tasks.add(content, **places[place])
        _make_older(todoist, task, days + 5, chance)
        todoist.tasks.complete(task["id"])
        moment = micros(_earlier(todoist, days, chance))
        for one in (task, todoist.account.completions[-1]):
            one["completed_at"] = one["updated_at"] = moment


def _earlier(todoist: Todoist, days: int, chance: random.Random) -> datetime:
    now = todoist.account.clock()
    return (now - timedelta(days=days, minutes=chance.randrange(5, 300))).astimezone(UTC)


def _day(todoist: Todoist, offset: int) -> str:
    return (todoist.account.today().date() + timedelta(days=offset)).isoformat()
